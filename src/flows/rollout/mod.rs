//! Roll-outs: every stale image built on a base, moved in dependency order by a process of its own, which keeps a journal.
//!
//! `draft` finds the images, `foresee` says what would become of each, `begin` starts and stops, `work` is the process, `item`
//! moves one image, `follow` tells.
//!
//! **Killed at any moment, going on finishes it.** The journal says what was to be done; what is done is seen in the world: an
//! image that is on its new base is done, a place that has it has it. A tag is moved by a rebase or a bake alone, which both
//! verify first. **A recipe's lock** is moved once its image is on the new base, and never before: a bake is given the new pin
//! without the file being touched, so a recipe whose bake fails pins what its image is on. Killed between tag and lock, the lock
//! is behind until the roll-out goes on: that finds the image done and moves the lock then.

mod begin;
mod draft;
mod follow;
mod foresee;
mod item;
mod rebake;
mod verdict;
mod work;

pub use begin::RolloutRow;
pub use follow::{Following, News};
pub use foresee::Foreseen;
pub use work::work;

/// How to roll out.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RolloutOptions {
    /// Images moved at once.
    pub parallel: usize,
    /// How many may fail before the rest is left.
    pub budget: usize,
    /// Only these, as `local/NAME:TAG`; all where empty.
    pub only: Vec<String>,
    /// Hand what was published before on to where it was.
    pub publish: bool,
    /// Let a base pass that is older than the one last seen under its tag.
    pub allow_downgrade: bool,
}

impl Default for RolloutOptions {
    fn default() -> Self {
        Self { parallel: 2, budget: 0, only: Vec::new(), publish: true, allow_downgrade: false }
    }
}
