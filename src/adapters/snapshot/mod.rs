//! Snapshots: layers of images as folders that overlayfs stacks, and a step's upper folder as a layer. Functions on folder
//! descriptors, run inside the sandbox's namespaces; knows no namespaces, no engine, no journal.

mod attributes;
mod error;
mod place;
mod remove;
mod unpack;

pub use attributes::Owners;
pub use error::UnpackError;
pub use remove::remove_tree;
pub use unpack::{Marks, Options, Unpacked, unpack};
