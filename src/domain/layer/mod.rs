//! Layers: tar entries, merged trees, changesets, deterministic packing. Abstract `Read` and `Write` only.
//!
//! Reading order: `entry` (what a layer holds), `scan` (the one tar parser), `tree` (layers merged), `stage` (what a step
//! changes), `told` (what a layer that is there changes), `pack` (the bytes of a new layer), `packages` (what package managers
//! say is installed).

mod entry;
mod field;
mod member;
mod pack;
pub mod packages;
mod pax;
mod scan;
mod stage;
mod told;
mod tree;

pub use entry::{ContentDigest, Entry, EntryError, Kind, MAX_PART, MAX_PATH, Marker, Node, Xattrs, normalise, split};
pub use member::ScanError;
pub use pack::{PackError, Packer};
pub use scan::{Limits, Scanner};
pub use stage::{Change, Changeset, Op, Stage, StageError};
pub use told::{LayerChange, changes_on};
pub use tree::{LayerContents, Placed, Tree, TreeError, children_of};
