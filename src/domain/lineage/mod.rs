//! Who inherits from whom, from content: an image's base is the image whose layers its own begin with. What annotations
//! say only chooses among those. Fetches nothing.

mod best;
mod copies;
mod follow;
mod graph;
mod image;
mod news;
mod pace;
mod standing;
mod told;

pub use best::Best;
pub use copies::{copied_from, own_layers};
pub use graph::{Edge, Graph};
pub use image::{FurtherHints, Hint, Holder, Image, Part, Place, Pointed};
pub use news::{News, news};
pub use pace::{jittered, left_alone};
pub use standing::Standing;

#[cfg(test)]
mod tests;
