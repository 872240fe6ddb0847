//! How far a roll-out is: one item an image, in the order they are moved.

use crate::domain::oci::Digest;

/// How an image is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Its base is swapped, proven safe; no step runs.
    Rebase,
    /// Its recipe is baked again.
    Rebake,
    /// Not known: nothing was proven yet, or nothing had to be moved.
    Open,
}

/// What an image waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing.
    Nothing,
    /// An image of the roll-out, which it is built on.
    Base,
    /// An image of the roll-out, which it is another name of.
    FirstName,
}

/// How an image stands in a roll-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemState {
    /// Its turn has not come.
    Waiting,
    /// Under way since then: seconds since 1970; what is done at the moment, escaped.
    Running {
        /// Since when.
        since: i64,
        /// What: `proving`, `baking`, `publishing`.
        doing: String,
        /// The bake, where it is baked again.
        bake: Option<String>,
    },
    /// It is on the new base, verified.
    Done {
        /// What its tag points to now.
        digest: Digest,
        /// How long it took, in milliseconds.
        millis: u64,
        /// Where else it was handed on to.
        published: Vec<String>,
    },
    /// It could not be moved; its tag is where it was. Lines, escaped.
    Failed {
        /// Why.
        why: Vec<String>,
    },
    /// It was not tried: what it is built on failed, the budget is used up, or it may not be moved. Escaped.
    Skipped {
        /// Why.
        why: String,
    },
}

/// One image of a roll-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// `local/NAME:TAG`; escaped.
    pub reference: String,
    /// What it is built on, as references name it; escaped.
    pub base: String,
    /// How far from the base the roll-out is of: 1 for its children.
    pub depth: usize,
    /// What it waits for.
    pub after: After,
    /// How it is moved.
    pub way: Way,
    /// How it stands.
    pub state: ItemState,
}

/// How a roll-out stands as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutStatus {
    /// At work.
    Running,
    /// Everything was moved.
    Done,
    /// Over, and something failed or was left.
    Incomplete,
    /// Stopped: more failed than its budget allows.
    OverBudget,
    /// Stopped by somebody.
    Cancelled,
    /// Its process is gone before its end; it can be resumed.
    Lost,
}

/// How far a roll-out is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Its ULID.
    pub id: String,
    /// The base's tag it is of; escaped.
    pub base: String,
    /// What that tag pointed to when it began.
    pub onto: Digest,
    /// When it began: seconds since 1970.
    pub began: i64,
    /// How it stands.
    pub status: RolloutStatus,
    /// How many may fail before it stops.
    pub budget: usize,
    /// How many are moved at once.
    pub parallel: usize,
    /// All images, in dependency order.
    pub items: Vec<Item>,
}

impl Progress {
    /// How many have been moved, failed, were left out, are still to come or under way.
    pub fn counts(&self) -> (usize, usize, usize, usize) {
        let of = |is: fn(&ItemState) -> bool| self.items.iter().filter(|item| is(&item.state)).count();
        (
            of(|state| matches!(state, ItemState::Done { .. })),
            of(|state| matches!(state, ItemState::Failed { .. })),
            of(|state| matches!(state, ItemState::Skipped { .. })),
            of(|state| matches!(state, ItemState::Waiting | ItemState::Running { .. })),
        )
    }
}
