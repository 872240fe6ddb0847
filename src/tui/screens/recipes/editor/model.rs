//! What the editor knows.

use std::path::PathBuf;

use super::super::paint::Syntax;
use super::complete::Assistance;
use super::disk::Disk;
use super::find::Prompt;
use super::plan::LivePlan;
use super::{Effect, Text};
use crate::domain::recipe::{Problem, Severity};
use crate::report::Report;
use crate::tui::effect::Effect as Outer;
use crate::tui::keymap::Scope;
use crate::tui::screens::recipes;
use crate::tui::screens::{Around, Wish};

/// How the text stands.
#[derive(Debug)]
pub(super) enum State {
    /// It is being read.
    Reading,
    /// It cannot be edited here.
    Refused(Report),
    /// It is here.
    Open(Box<Text>),
}

/// A recipe being edited. The Recipes screen holds one while its text has the keys.
#[derive(Debug)]
pub struct Model {
    /// The recipe's file.
    pub file: PathBuf,
    /// The file as people name it.
    pub shown: String,
    pub(super) state: State,
    /// Counts changes: what is said of an older text is not believed.
    pub(super) version: u64,
    /// What is wrong with the text.
    pub problems: Vec<Problem>,
    /// The state of the text that is being judged.
    pub(super) judging: Option<u64>,
    /// First line and first column shown.
    pub(super) offset: (usize, usize),
    pub(super) syntax: Syntax,
    /// The text and its file, and its draft.
    pub(super) disk: Disk,
    /// What may stand at the cursor, and what stands there means.
    pub(super) assistance: Assistance,
    /// What a bake of the text would do.
    pub(super) plan: LivePlan,
    /// What is looked for.
    pub(super) prompt: Prompt,
    pub(super) over: bool,
    /// Stores whose images are made here.
    pub(super) local: Vec<String>,
}

impl Model {
    /// Opens a recipe: its file, and its name as shown. The text is asked for by the wishes.
    pub fn open(file: PathBuf, shown: String, around: &Around) -> (Self, Vec<Wish>) {
        let wishes = vec![super::update::wish(Effect::Read(file.clone()))];
        let local = around.stores.iter().filter(|store| store.is_local).map(|store| store.name.clone()).collect();
        let model = Self {
            file,
            shown,
            state: State::Reading,
            version: 0,
            problems: Vec::new(),
            judging: None,
            offset: (0, 0),
            syntax: Syntax::default(),
            disk: Disk::default(),
            assistance: Assistance::default(),
            plan: LivePlan::default(),
            prompt: Prompt::default(),
            over: false,
            local,
        };
        (model, wishes)
    }

    /// The text, once it is here.
    pub fn text(&self) -> Option<&Text> {
        match &self.state {
            State::Open(text) => Some(text),
            State::Reading | State::Refused(_) => None,
        }
    }

    pub(super) fn text_mut(&mut self) -> Option<&mut Text> {
        match &mut self.state {
            State::Open(text) => Some(text),
            State::Reading | State::Refused(_) => None,
        }
    }

    /// Whether the text differs from its file.
    pub fn is_modified(&self) -> bool {
        self.disk.modified
    }

    /// Whether the user is done with it: the Recipes screen takes the keys back and drops this model.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Where keys are looked up, innermost first.
    pub fn scopes(&self) -> Vec<Scope> {
        if self.prompt.is_typed() {
            vec![Scope::EditorSearch]
        } else if self.assistance.popup.is_some() {
            vec![Scope::Completion, Scope::Editor]
        } else {
            vec![Scope::Editor]
        }
    }

    /// How many problems of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.problems.iter().filter(|problem| problem.severity == severity).count()
    }

    /// The first error.
    pub(super) fn first_error(&self) -> Option<&Problem> {
        self.problems.iter().find(|problem| problem.severity == Severity::Error)
    }

    /// The problems of a line, by its number from 0.
    pub(super) fn problems_of(&self, line: usize) -> Vec<&Problem> {
        self.problems.iter().filter(|problem| on_line(problem, line)).collect()
    }

    /// The problem the strip shows: of the cursor's line, else the first.
    pub(super) fn told(&self) -> Option<&Problem> {
        let line = self.text().map_or(0, |text| text.cursor().0);
        self.problems.iter().find(|problem| on_line(problem, line)).or_else(|| self.problems.first())
    }
}

/// Whether a problem is on a line, by its number from 0.
pub(super) fn on_line(problem: &Problem, line: usize) -> bool {
    usize::try_from(problem.line).is_ok_and(|number| number == line + 1)
}

/// The Recipes screen's effect of one of the editor's.
pub(super) fn outer(effect: Effect) -> Outer {
    Outer::Recipes(recipes::Effect::Editor(effect))
}
