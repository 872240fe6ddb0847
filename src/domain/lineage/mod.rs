//! Who inherits from whom, from content: an image's base is the image whose layers its own begin with. What annotations
//! say only chooses among those. Fetches nothing.

mod best;
mod follow;
mod graph;
mod image;
mod standing;

pub use best::Best;
pub use graph::{Edge, Graph};
pub use image::{Hint, Holder, Image, Part, Place, Pointed};
pub use standing::Standing;

#[cfg(test)]
mod tests;
