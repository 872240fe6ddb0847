//! Unpacking: a layer's tar extracted into a folder, by descriptors, and folders removed the same way.

mod attributes;
mod error;
mod layer;
mod place;
mod remove;

pub use attributes::Owners;
pub use error::UnpackError;
pub use layer::{Marks, Options, Unpacked, unpack};
pub use remove::remove_tree;
