//! What the Bake screen knows: one bake folded, its steps' output and changes, and what of it has the keys.

use std::collections::HashMap;

use super::changes::Changed;
use super::checks::CheckList;
use super::log::{LogText, Viewport};
use crate::domain::journal::{BakeStatus, CheckVerdict};
use crate::domain::plan::StepId;
use crate::domain::projection::{BakeView, CheckRow, StepRow, StepState};
use crate::report::Report;
use crate::tui::widgets::{Cursor, Filter};

/// What has the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    /// The steps.
    #[default]
    Steps,
    /// The files the selected step changes.
    Changes,
    /// The checks.
    Checks,
    /// The selected check in full.
    Evidence,
    /// The log.
    Log,
}

/// What shows below or beside the steps where there is room for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// The selected step: its changes, its layer, its failure.
    #[default]
    Step,
    /// The checks.
    Checks,
    /// The selected check in full.
    Evidence,
    /// The selected step's output.
    Log,
}

/// How a watched bake stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Standing {
    /// Its journal is being read.
    #[default]
    Going,
    /// Its journal is over.
    Over,
    /// Its worker is gone and left no end.
    Lost,
    /// Its journal cannot be read.
    Unreadable(Report),
}

/// The screen's state.
#[derive(Default)]
pub struct Model {
    /// The bake on show.
    pub bake: Option<String>,
    /// It is played again.
    pub replay: bool,
    /// The bake, folded.
    pub view: BakeView,
    /// How it stands.
    pub standing: Standing,
    /// Each step's output.
    pub logs: HashMap<StepId, LogText>,
    /// What the steps change.
    pub changed: Changed,
    /// The selected step; follows the running one until it is moved.
    pub steps: Cursor,
    /// Whether the selection was moved by the user.
    pub held: bool,
    /// The selected check.
    pub checks: CheckList,
    /// What has the keys, and what shows where there is room for one.
    pub focus: (Focus, Pane),
    /// Which part of the log shows.
    pub log: Viewport,
    /// What is searched in the log.
    pub search: Filter,
    /// Whether anybody looked for a bake to show.
    pub(super) asked: bool,
}

impl Model {
    /// The steps in order.
    pub fn rows(&self) -> &[StepRow] {
        self.view.steps.rows()
    }

    /// The selected step.
    pub fn selected(&self) -> Option<&StepRow> {
        self.rows().get(self.steps.selected)
    }

    /// The selected step's output.
    pub fn log_text(&self) -> Option<&LogText> {
        self.logs.get(&self.selected()?.id)
    }

    /// Whether the bake is under way, as far as is known.
    pub fn is_running(&self) -> bool {
        self.bake.is_some() && !self.replay && self.view.outcome.is_none() && self.standing == Standing::Going
    }

    /// What a shell can be opened on, as `bakery shell` names it: the state before the step that failed, or the image a
    /// test does not hold for.
    pub(super) fn shell_target(&self) -> Option<String> {
        let recipe = &self.view.started.as_ref()?.recipe;
        if let Some(failed) = self.view.steps.failed() {
            let runs = matches!(failed.action.as_str(), "run" | "packages");
            // With several platforms a step is called `arm64-2`: in its recipe it is the second.
            let number = failed.id.0.rsplit('-').next().unwrap_or_default();
            return runs.then(|| format!("{recipe}@{number}"));
        }
        let is_test = |check: &CheckRow| check.id.starts_with("test.") && check.verdict == Some(CheckVerdict::Fail);
        self.view.checks.rows().iter().any(is_test).then(|| recipe.clone())
    }

    /// Where a step stands: nothing goes on without a worker.
    pub(super) fn state_of<'a>(&self, row: &'a StepRow) -> &'a StepState {
        match &row.state {
            StepState::Running if self.standing == Standing::Lost => &StepState::Stopped,
            state => state,
        }
    }

    /// How it ended.
    pub fn status(&self) -> Option<BakeStatus> {
        self.view.outcome.as_ref().map(|outcome| outcome.status)
    }

    /// Which step to look at when the user looks at none: the running one, else the failed one, else the last that began.
    pub(super) fn liveliest(&self) -> usize {
        let rows = self.rows();
        let last = |wanted: fn(&StepState) -> bool| rows.iter().rposition(|row| wanted(&row.state));
        last(|state| matches!(state, StepState::Failed { .. }))
            .or_else(|| last(|state| matches!(state, StepState::Running | StepState::Stopped)))
            .or_else(|| last(|state| matches!(state, StepState::Done { .. } | StepState::Cached)))
            .unwrap_or(0)
    }
}
