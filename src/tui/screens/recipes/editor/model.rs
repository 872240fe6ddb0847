//! What the editor knows.

use std::path::PathBuf;

use ratatui::layout::Rect;

use super::{Effect, Text};
use crate::domain::recipe::{Problem, Severity};
use crate::report::Report;
use crate::tui::effect::Effect as Outer;
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

/// What follows a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing.
    Stay,
    /// The editor is over.
    Close,
    /// The recipe is baked.
    Bake,
    /// Bakery is left.
    Leave,
}

/// A recipe being edited. The Recipes screen holds one while its text has the keys.
#[derive(Debug)]
pub struct Model {
    /// The recipe's file.
    pub file: PathBuf,
    /// The file as people name it.
    pub shown: String,
    pub(super) state: State,
    /// What was read, or last saved.
    pub(super) saved: String,
    /// Whether the text differs from that.
    pub(super) modified: bool,
    /// Counts changes: what is said of an older text is not believed.
    pub(super) version: u64,
    /// What is wrong with the text.
    pub problems: Vec<Problem>,
    /// First line and first column shown.
    pub(super) offset: (usize, usize),
    /// What follows the save that is under way.
    pub(super) saving: Option<Then>,
    /// What somebody else made of the file, and what was to follow our save.
    pub(super) theirs: Option<(Option<Vec<u8>>, Then)>,
    pub(super) over: bool,
}

/// Rows below the text: a rule, and what is wrong in two lines.
pub(super) const STRIP: u16 = 3;

impl Model {
    /// Opens a recipe: its file, and its name as shown. The text is asked for by the wishes.
    pub fn open(file: PathBuf, shown: String, _around: &Around) -> (Self, Vec<Wish>) {
        let wish = super::update::wish(Effect::Read(file.clone()));
        let model = Self {
            file,
            shown,
            state: State::Reading,
            saved: String::new(),
            modified: false,
            version: 0,
            problems: Vec::new(),
            offset: (0, 0),
            saving: None,
            theirs: None,
            over: false,
        };
        (model, vec![wish])
    }

    /// The text, once it is here.
    pub fn text(&self) -> Option<&Text> {
        match &self.state {
            State::Open(text) => Some(text),
            State::Reading | State::Refused(_) => None,
        }
    }

    /// Whether the text differs from its file.
    pub fn is_modified(&self) -> bool {
        self.modified
    }

    /// Whether the user is done with it: the Recipes screen takes the keys back and drops this model.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// How many problems of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.problems.iter().filter(|problem| problem.severity == severity).count()
    }

    /// The first error.
    pub(super) fn first_error(&self) -> Option<&Problem> {
        self.problems.iter().find(|problem| problem.severity == Severity::Error)
    }

    /// The problem the strip shows: of the cursor's line, else the first.
    pub(super) fn told(&self) -> Option<&Problem> {
        let line = self.text().map_or(0, |text| text.cursor().0 + 1);
        let here = self.problems.iter().find(|problem| usize::try_from(problem.line).is_ok_and(|at| at == line));
        here.or_else(|| self.problems.first())
    }

    /// Columns before the text: the line's number and the margin's glyph.
    pub(super) fn gutter(&self) -> u16 {
        let lines = self.text().map_or(1, |text| text.lines().len());
        u16::try_from(lines.to_string().len()).unwrap_or(4).max(3) + 4
    }

    /// Where the text shows.
    pub(super) fn text_area(&self, area: Rect) -> Rect {
        let gutter = self.gutter().min(area.width);
        Rect { x: area.x + gutter, width: area.width - gutter, height: area.height.saturating_sub(STRIP), ..area }
    }
}

/// The Recipes screen's effect of one of the editor's.
pub(super) fn outer(effect: Effect) -> Outer {
    Outer::Recipes(recipes::Effect::Editor(effect))
}
