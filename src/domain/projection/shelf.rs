//! One bake as one row of the shelf. Whether its worker lives is told from outside: no journal knows that.

use std::fmt;
use std::path::{Path, PathBuf};

use super::bake::BakeView;
use super::steps::{StepRow, StepState};
use crate::domain::journal::{BakeStatus, CheckVerdict, Failure, SeatTaken};
use crate::domain::oci::Digest;

/// What the kernel says of a bake's worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It holds its lock.
    Alive,
    /// It does not.
    Gone,
}

/// Where a bake stands, seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShelfStatus {
    /// Its worker is at it.
    Running,
    /// It ended.
    Finished(BakeStatus),
    /// Its worker is gone, and the journal has no end.
    Lost,
}

impl ShelfStatus {
    /// From what the journal says and whether the worker lives.
    pub fn of(outcome: Option<BakeStatus>, liveness: Liveness) -> Self {
        match (outcome, liveness) {
            (Some(status), _) => Self::Finished(status),
            (None, Liveness::Alive) => Self::Running,
            (None, Liveness::Gone) => Self::Lost,
        }
    }

    /// The word in lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished(status) => status.as_str(),
            Self::Lost => "lost",
        }
    }
}

impl fmt::Display for ShelfStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One bake on the shelf.
#[derive(Clone, Debug, PartialEq)]
pub struct ShelfRow {
    /// The bake's ULID.
    pub bake: String,
    /// `NAME:TAG`.
    pub reference: String,
    /// Where it stands.
    pub status: ShelfStatus,
    /// When it started (RFC 3339).
    pub started: String,
    /// When it ended (RFC 3339).
    pub finished: Option<String>,
    /// How long it took, or has taken up to its newest event.
    pub millis: u64,
    /// Engine.
    pub engine: String,
    /// The workspace's builders it sits on, each once; none where `engine` alone bakes.
    pub builders: Vec<String>,
    /// User name, host and worker process, as `bake.started` has them.
    pub place: (String, String, u32),
    /// The recipe's steps that are over, and all of them. Fetching the base is none of them; without a plan, every step
    /// that was heard of counts.
    pub steps: (usize, usize),
    /// Each step, those no plan lists among them.
    pub step_rows: Vec<StepRow>,
    /// The recipe's steps that were found in the cache.
    pub cached: usize,
    /// Bytes of the layers this bake made.
    pub new_bytes: u64,
    /// The first check that said no.
    pub rejected_by: Option<String>,
    /// The folder of the workspace it was asked for in, links followed; `None` where nobody knows any more.
    pub workspace: Option<PathBuf>,
    /// Recipe file as the user named it.
    pub recipe: String,
    /// Of the text that was baked.
    pub recipe_digest: Digest,
    /// Base as the recipe names it.
    pub base: String,
    /// What it was pinned to; `None` for scratch.
    pub base_digest: Option<Digest>,
    /// What came out.
    pub digest: Option<Digest>,
    /// Fingerprint of the key that signed it.
    pub signed_by: Option<String>,
    /// Why it ended badly.
    pub failure: Option<Failure>,
}

impl ShelfRow {
    /// The row of `view`; `None` before its first event.
    pub fn of(view: &BakeView, liveness: Liveness) -> Option<Self> {
        let started = view.started.as_ref()?;
        let counted = || view.steps.rows().iter().filter(|row| view.plan.is_none() || !row.action.is_empty());
        let over = |row: &&StepRow| !matches!(row.state, StepState::Waiting | StepState::Running);
        let no = view.checks.rows().iter().find(|check| check.verdict == Some(CheckVerdict::Fail));
        let image = view.committed.as_ref().map(|committed| &committed.image.digest);
        let signed = view.signed.iter().find(|(digest, _)| Some(digest) == image);
        Some(Self {
            bake: started.bake.clone(),
            reference: started.reference.clone(),
            status: ShelfStatus::of(view.outcome.as_ref().map(|outcome| outcome.status), liveness),
            started: view.started_at.clone(),
            finished: view.outcome.as_ref().map(|outcome| outcome.at.clone()),
            millis: view.millis(),
            engine: started.engine.clone(),
            builders: builders(&started.seats),
            place: (started.user.clone(), started.host.clone(), started.pid),
            steps: (counted().filter(over).count(), counted().count()),
            step_rows: view.steps.rows().to_vec(),
            cached: counted().filter(|row| row.state == StepState::Cached).count(),
            new_bytes: view.layers.made_size(),
            rejected_by: no.map(|check| check.id.clone()),
            // No journal knows that.
            workspace: None,
            recipe: started.recipe.clone(),
            recipe_digest: started.recipe_digest.clone(),
            base: started.base.clone(),
            base_digest: started.base_digest.clone(),
            digest: image.cloned(),
            signed_by: signed.map(|(_, key)| key.clone()),
            failure: view.outcome.as_ref().and_then(|outcome| outcome.failure.clone()),
        })
    }

    /// Whether it may have been asked for in this workspace, by its folder, links followed.
    pub fn is_of(&self, workspace: &Path) -> bool {
        self.workspace.as_deref().is_none_or(|own| own == workspace)
    }

    /// What people call where it is baked: the names of builders, else the engine's.
    pub fn baked_on(&self) -> String {
        if self.builders.is_empty() { self.engine.clone() } else { self.builders.join(" + ") }
    }
}

/// The names of those who sit there, each once.
pub fn builders(seats: &[SeatTaken]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for seat in seats {
        if !names.contains(&seat.builder) {
            names.push(seat.builder.clone());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::samples::every_kind;

    #[test]
    fn a_bake_without_end_is_running_or_lost() {
        let mut view = BakeView::default();
        assert!(ShelfRow::of(&view, Liveness::Alive).is_none());
        let events = every_kind();
        view.apply(&events[0]);
        assert_eq!(ShelfRow::of(&view, Liveness::Alive).unwrap().status, ShelfStatus::Running);
        assert_eq!(ShelfRow::of(&view, Liveness::Gone).unwrap().status, ShelfStatus::Lost);
        events.iter().skip(1).for_each(|event| view.apply(event));
        let row = ShelfRow::of(&view, Liveness::Gone).unwrap();
        assert_eq!((row.status.as_str(), row.steps, row.digest), ("failed", (2, 2), Some(Digest::of(b"image"))));
        assert_eq!(
            (row.step_rows.len(), row.cached, row.new_bytes),
            (4, 1, 1_200_000),
            "a step no plan lists is no step"
        );
        assert_eq!(
            (row.recipe.as_str(), row.base.as_str(), row.rejected_by),
            ("recipes/pay/pay.yaml", "global/python:3.12", None)
        );
    }
}
