//! Snapshots: layers of images as folders that overlayfs stacks, and a step's upper folder as a layer. Functions on folder
//! descriptors, run inside the sandbox's namespaces; knows no namespaces, no engine, no journal.

mod changes;
mod discard;
mod pack;
mod peek;
mod shelf;
mod unpack;
mod upkeep;
mod upper;
mod verbatim;
mod watch;
mod watched;

pub use discard::discard;
pub use pack::{Packed, pack};
pub use shelf::{Scratch, Shelf, step_cache};
pub use unpack::{Marks, Options, Owners, UnpackError, Unpacked, remove_tree, unpack};
pub use upkeep::{Closed, Kept, kinds, surplus};
pub use upper::{Upper, UpperError, open_folder};
pub use verbatim::copy_out;
pub use watch::{Seen, SeenOp, Watch};
