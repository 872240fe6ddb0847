//! Trust as lines: a verified chain (`chain`), and one image's signature in a column (`signatures`). Judges nothing.

mod chain;
mod signatures;

pub use chain::{document, lines};
pub use signatures::signature;
