//! What is done for no screen in particular: publishing, freeing, several bakes or verifications at once, a key unlocked.
//! Data, and what to say of what came of it; pure.

mod batch;
mod hidden;
mod receive;
mod words;

pub use batch::Tally;
pub use hidden::Hidden;
pub use receive::receive;
pub use words::gc_lines;

use std::path::PathBuf;

use super::effect::Effect as Outer;

use crate::domain::trust::CheckVerdict;
use crate::flows::prune::Pruned;
use crate::flows::publish::{PublishPlan, Published};
use crate::report::Report;

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Finds out what publishing these images would do.
    PlanPublish(Vec<String>),
    /// Publishes these images, one after the other.
    Publish(Vec<String>),
    /// Counts what nothing refers to.
    CountUnused,
    /// Frees it.
    FreeUnused,
    /// Verifies these images, one after the other.
    VerifyAll(Vec<String>),
    /// Bakes these recipes, bases before what is built on them.
    BakeAll(Vec<PathBuf>),
    /// Asks all that were to be baked so to stop, and begins no further one.
    StopBatch,
    /// Opens the local store's key with this passphrase, and does what needed it.
    Unlock {
        /// As it was typed.
        passphrase: Hidden,
        /// What needed it.
        then: Vec<Outer>,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// What publishing would do, by image.
    Planned(Vec<Result<PublishPlan, Report>>),
    /// An image was published, or not.
    Published {
        /// As asked for.
        image: String,
        /// What came of it.
        outcome: Result<Published, Report>,
    },
    /// What would be freed.
    Counted(Result<Pruned, Report>),
    /// What was freed.
    Freed(Result<Pruned, Report>),
    /// What verifying each came to.
    VerifiedAll(Vec<(String, Result<CheckVerdict, Report>)>),
    /// Several bakes are about to begin, so many; or none of them can.
    BatchBegun(Result<usize, Report>),
    /// A bake ended because its builder is at fault; it is begun again on another.
    BakedElsewhere {
        /// What it makes.
        reference: String,
        /// The builder.
        builder: String,
        /// What was wrong.
        why: String,
    },
    /// A builder is at fault before anything was given to it.
    BuilderOut {
        /// The builder.
        builder: String,
        /// What is wrong.
        why: String,
    },
    /// All of several bakes are over.
    BatchOver(Tally),
    /// A passphrase is needed.
    PassphraseWanted {
        /// The key's file, for people.
        key: String,
        /// Why it is asked for again.
        problem: Option<String>,
        /// What needs it.
        then: Vec<Outer>,
    },
    /// The passphrase is right: what needed it can be done.
    Unlocked(Vec<Outer>),
}
