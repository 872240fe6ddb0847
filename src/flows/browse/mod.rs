//! Looking at stores: what is there (`list`), and one image in full (`inspect`). Reads no layer, judges nothing.

mod inspect;
mod list;
mod survey;

pub use inspect::{Inspection, LayerRow, PlatformImage, Referrer, inspect};
pub(in crate::flows) use inspect::{choose, refuse_other};
pub use list::{Listed, Source, Unlisted};
pub(in crate::flows) use list::{is_attestation, parse, told_time};
pub use survey::Found;
