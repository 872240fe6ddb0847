//! Layers: tar entries, merged trees, changesets, deterministic packing. Abstract `Read` and `Write` only.
//!
//! Reading order: `entry` (what a layer holds), `scan` (the one tar parser), `tree` (layers merged), `stage` (what a step
//! changes), `pack` (the bytes of a new layer), `compare` (what differs), `divergence` (where two bakes of one thing differ),
//! `ownership` (whose bytes), `budget` (how many of
//! them are too many), `packages` (what package managers say is installed), `accounts` (who `/etc/passwd` says there is).

mod accounts;
mod budget;
mod compare;
mod divergence;
mod entry;
mod field;
mod member;
mod ownership;
mod pack;
pub mod packages;
mod pax;
mod scan;
mod stage;
mod tree;

pub use accounts::{Group, User, groups, users};
pub use budget::{Figures, Rule, RuleError};
pub use compare::{Branch, ChangeKind, Changed, CompareOptions, Comparison, Forest, Side, Totals};
pub use divergence::{Cause, Divergence, first_byte, first_divergence, likely_cause};
pub use entry::{
    ContentDigest, ContentDigester, Entry, EntryError, Kind, MAX_PART, MAX_PATH, Marker, Node, Xattrs, normalise, split,
};
pub use member::ScanError;
pub use ownership::{LayerShare, Ownership, Waste, ratio};
pub use pack::{PackError, Packer};
pub use scan::{Limits, Scanner};
pub use stage::{Change, Changeset, Op, Stage, StageError};
pub use tree::{Differences, LayerContents, Layering, PathId, Placed, Seen, Tree, TreeError, Walk};
