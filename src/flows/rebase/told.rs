//! How a rebase is asked for and what came of it, as values. Decides nothing.

use serde::Serialize;

use super::find::Refusal;
use crate::domain::oci::{Digest, Platform};
use crate::domain::rebase::{ConfigConflict, PathConflict};
use crate::domain::trust::Check;

/// How to rebase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RebaseOptions {
    /// The base to go to; where none is named, what the tag of its base points to now.
    pub onto: Option<String>,
    /// The base it is on, where neither annotations nor layers tell.
    pub base: Option<String>,
    /// Only say what would come of it: no layer of the new base is brought, nothing is signed, no tag moves.
    pub dry_run: bool,
    /// Let a base pass that is older than the one last seen under its tag.
    pub allow_downgrade: bool,
    /// Leave out the recipe's tests.
    pub no_tests: bool,
}

/// What it comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It is on what its base is now.
    Current,
    /// Proven: nothing of its own meets what the base changed.
    Safe,
    /// Its own layers or its config stand in the way: it has to be baked again.
    NeedsRebake,
    /// It may not be done at all.
    Refused,
}

impl Answer {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Safe => "safe",
            Self::NeedsRebake => "needs-rebake",
            Self::Refused => "refused",
        }
    }
}

/// What stands in the way on one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InTheWay {
    /// Which.
    pub platform: Platform,
    /// Paths.
    pub paths: Vec<PathConflict>,
    /// Fields of the config.
    pub fields: Vec<ConfigConflict>,
}

/// What became of the recipe's tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestState {
    /// It did not come to that.
    #[default]
    NotReached,
    /// No recipe of the workspace makes the image.
    NoRecipe,
    /// Its recipe has none.
    NoTests,
    /// Left out, as was asked for.
    Skipped,
    /// They would be run.
    WouldRun,
    /// None rejects the image.
    Passed,
    /// One rejects it.
    Failed,
}

impl TestState {
    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotReached => "not-reached",
            Self::NoRecipe => "no-recipe",
            Self::NoTests => "no-tests",
            Self::Skipped => "skipped",
            Self::WouldRun => "would-run",
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }
}

/// The recipe's tests, put to the image on its new base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tested {
    /// The recipe, as people name it; escaped.
    pub recipe: Option<String>,
    /// How many tests it has.
    pub count: usize,
    /// What became of them.
    pub state: TestState,
    /// What each found, where they were run.
    pub checks: Vec<Check>,
}

/// What became of the recipe's lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockMove {
    /// The recipe, as people name it; escaped.
    pub recipe: String,
    /// What it pinned.
    pub before: Digest,
    /// What the image is on.
    pub after: Digest,
    /// Whether it pins that now.
    pub is_written: bool,
    /// Why it stays as it is: a bake goes back to what it pins; escaped.
    pub why: Option<String>,
}

/// What was sent and read for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Carried {
    /// Layers of the new base that were taken over where they lie: linked or mounted.
    pub mounted: u64,
    /// Layers of the new base that had to be copied.
    pub copied: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Layers that were there already.
    pub there: u64,
    /// Bytes of the image's own layers read to learn what is in them: nobody had looked into them on this machine.
    pub read: u64,
}

/// What came of a rebase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebase {
    /// The image; escaped.
    pub reference: String,
    /// What its tag pointed to.
    pub before: Digest,
    /// The base; escaped. Empty where none was found.
    pub base: String,
    /// The base it is on, where it goes to one of another name; escaped.
    pub was: Option<String>,
    /// What it is on, and what it goes to.
    pub bases: Option<(Digest, Digest)>,
    /// What it comes to.
    pub answer: Answer,
    /// Whether programs had a hand in its own layers: they are not run again, and what they read of its base is not known.
    pub ran: bool,
    /// What stands in the way, by platform.
    pub in_the_way: Vec<InTheWay>,
    /// Why it may not be done.
    pub refusal: Option<Refusal>,
    /// Checks of the new base, of what was made and of its tests that say no.
    pub checks: Vec<Check>,
    /// The image on its new base; without a name where it was not to be done.
    pub after: Option<Digest>,
    /// Whether the tag was moved.
    pub is_done: bool,
    /// Its recipe's tests.
    pub tests: Tested,
    /// Its recipe's lock, where that has to do with it.
    pub lock: Option<LockMove>,
    /// What was sent and read.
    pub carried: Carried,
}

impl Rebase {
    /// Nothing is known yet: refused.
    pub(super) fn begun(reference: String, before: Digest) -> Self {
        Self {
            reference,
            before,
            base: String::new(),
            was: None,
            bases: None,
            answer: Answer::Refused,
            ran: false,
            in_the_way: Vec::new(),
            refusal: None,
            checks: Vec::new(),
            after: None,
            is_done: false,
            tests: Tested::default(),
            lock: None,
            carried: Carried::default(),
        }
    }
}
