//! Inputs: the files beside a recipe, opened beneath its folder and never through a link out of it (Y-04).

mod error;
mod open;
mod root;

pub use error::InputsError;
pub use open::open_input;
pub use root::InputRoot;
