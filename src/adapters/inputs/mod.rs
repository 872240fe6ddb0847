//! Inputs: the files beside a recipe, opened beneath its folder and never through a link out of it (Y-04).
//!
//! `from` itself may be a link as long as it stays within the recipe's folder; below `from` links are kept as links and
//! never followed. Files' own permission bits count, less write for group and others: `0664` and `0644` are one, so a
//! umask does not change an image. Times and owners never count.

mod beside;
mod digests;
mod error;
mod facts;
mod gather;
mod open;
mod root;
mod stat_cache;
mod walk;

pub use beside::{Beside, list_beside};
pub use digests::{ReadInputs, read_inputs};
pub use error::InputsError;
pub use facts::FolderFacts;
pub use gather::gather;
pub use open::open_input;
pub use root::InputRoot;
