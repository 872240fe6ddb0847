//! A roll-out: every stale image built on a base, moved in dependency order. What it is made of and how far it is; nothing of
//! how images are moved.
//!
//! `plan` says which images and what waits for what, `copies` which teams have an older version of what has moved already, `names`
//! which names an earlier roll-out left behind, `event` what happened, `fold` how far that is, `agenda` what comes next.

mod agenda;
mod copies;
mod event;
mod fold;
mod names;
mod plan;
mod progress;

pub use agenda::{Next, next};
pub use copies::Owed;
pub use event::{Event, EventKind, FORMAT, Left, Planned, Started, decode, encode};
pub use fold::State;
pub use names::Named;
pub use plan::{Wanted, plan};
pub use progress::{After, Item, ItemState, Progress, RolloutStatus, Way};
