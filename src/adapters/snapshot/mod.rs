//! Snapshots: layers of images as folders that overlayfs stacks, and a step's upper folder as a layer. Functions on folder
//! descriptors, run inside the sandbox's namespaces; knows no namespaces, no engine, no journal.

mod changes;
mod discard;
mod pack;
mod place;
mod remove;
mod shelf;
mod unpack;
mod upper;
mod watch;
mod watched;

pub use discard::discard;
pub use pack::{Packed, pack};
pub use remove::remove_tree;
pub use shelf::{Scratch, Shelf};
pub use unpack::{Marks, Options, Owners, UnpackError, Unpacked, unpack};
pub use upper::{Upper, UpperError};
pub use watch::{Seen, SeenOp, Watch};
