//! Snapshots: layers of images as folders that overlayfs stacks, and a step's upper folder as a layer. Functions on folder
//! descriptors, run inside the sandbox's namespaces; knows no namespaces, no engine, no journal.

mod placeholder;
mod shelf;

pub use placeholder::*;
pub use shelf::{Scratch, Shelf};
