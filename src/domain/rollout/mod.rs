//! A roll-out: every stale image built on a base, moved in dependency order. What it is made of and how far it is; nothing of
//! how images are moved.

mod progress;

pub use progress::{Item, ItemState, Progress, RolloutStatus, Way};
