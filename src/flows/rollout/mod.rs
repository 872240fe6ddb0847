//! Roll-outs: every stale image built on a base, moved in dependency order by a process of its own, which keeps a journal.

use super::Context;
use crate::domain::rollout::Progress;
use crate::report::{Kind, Report};

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

/// A roll-out being followed.
#[derive(Debug)]
pub struct Following {
    id: String,
}

impl Context {
    /// What a roll-out of this base's tag would do: every item waiting, or left out with the reason. Moves nothing.
    pub async fn plan_rollout(&self, base: &str, options: &RolloutOptions) -> Result<Progress, Report> {
        let _ = options;
        Err(Report::message(Kind::Usage, format!("{base} cannot be rolled out")))
    }

    /// Begins one in a process of its own, which outlives this one; gives its ID.
    pub async fn begin_rollout(&self, base: &str, options: &RolloutOptions) -> Result<String, Report> {
        self.plan_rollout(base, options).await.map(|plan| plan.id)
    }

    /// Goes on with one whose process is gone, or that was stopped.
    pub async fn resume_rollout(&self, id: &str) -> Result<(), Report> {
        Err(Report::message(Kind::Usage, format!("no roll-out {id}")))
    }

    /// Asks one to stop: what is under way ends, nothing further begins.
    pub fn cancel_rollout(&self, id: &str) -> Result<(), Report> {
        Err(Report::message(Kind::Usage, format!("no roll-out {id}")))
    }

    /// The newest roll-out of this workspace, if there is one.
    pub fn newest_rollout(&self) -> Result<Option<Progress>, Report> {
        Ok(None)
    }

    /// Follows one from where it is, until it ends.
    pub fn follow_rollout(&self, id: &str) -> Result<Following, Report> {
        Ok(Following { id: id.to_owned() })
    }
}

impl Following {
    /// How far it is, each time that changes; `None` when it has ended and all was told. May be dropped at any await.
    pub async fn next(&mut self) -> Result<Option<Progress>, Report> {
        Err(Report::message(Kind::Usage, format!("no roll-out {}", self.id)))
    }
}
