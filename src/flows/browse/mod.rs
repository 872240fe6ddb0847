//! Looking at stores: what is there (`list`), and one image in full (`inspect`). Reads no layer, judges nothing.

mod inspect;
mod list;
mod survey;

pub use inspect::{Inspection, LayerRow, PlatformImage, Referrer, inspect};
pub use list::{Listed, Source, Unlisted};
pub use survey::Found;
