//! Demo: a small userland collected from this host, so that the demo's images are real without any network.

mod collect;
pub mod elf;
mod resolve;
mod tree;

pub use collect::Userland;
pub use resolve::{Closure, Loader};
pub use tree::{Tree, TreeError};
