//! Looking into images: one opened with its layers merged and told apart by who made them, or two compared. Reads manifests,
//! configs and layer indexes; a layer's blob only where nobody has read it yet, or where a file's content is wanted.

mod bakes;
mod content;
mod found;
mod images;
mod opened;
mod origin;

pub(in crate::flows) use found::{Found, created_by};
pub(in crate::flows) use images::{Merged, one_line};
pub(in crate::flows) use origin::told_base;

pub use content::{Content, MAX_SHOWN};
pub use images::{Compared, Trees};
pub use opened::{Opened, OpenedLayer};
pub use origin::Owner;
