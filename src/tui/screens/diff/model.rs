//! What the Diff screen knows: what is looked into, which part of it shows, what of that has the keys.

use ratatui::layout::Rect;

use super::files::Files;
use super::{FactRow, Held, LayerRow, Matter, Shown, Sources, Trust};
use crate::report::Report;
use crate::tui::screens::Compare;
use crate::tui::screens::{Around, Screen};
use crate::tui::widgets::{Cursor, Filter, Split};

/// A part of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Tab {
    #[default]
    Files,
    Packages,
    Config,
    Trust,
    Layers,
}

impl Tab {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Files, Self::Packages, Self::Config, Self::Trust, Self::Layers];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Files => "Files",
            Self::Packages => "Packages",
            Self::Config => "Config",
            Self::Trust => "Trust",
            Self::Layers => "Layers",
        }
    }
}

/// How far what was asked for is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Standing {
    /// Nobody asked yet.
    #[default]
    Nothing,
    /// It is being read.
    Reading,
    /// It is there.
    There,
    /// It cannot be read.
    Failed(Report),
}

/// The right pane, opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Whether what is in the file is wanted, not only what is known of it.
    pub content: bool,
    /// The files it is of.
    pub sources: Sources,
    /// It, once it is there.
    pub shown: Option<Result<Held<Shown>, Report>>,
    /// The first line shown.
    pub top: usize,
    /// Whether it has the keys.
    pub focused: bool,
}

/// The screen's state.
#[derive(Debug, Default)]
pub struct Model {
    /// What was asked for.
    pub asked: Option<Compare>,
    /// How far it is.
    pub standing: Standing,
    /// It.
    pub matter: Option<Held<Matter>>,
    /// Which part shows.
    pub tab: Tab,
    /// The files.
    pub files: Files,
    /// All files, while those of one layer show.
    pub(super) aside: Option<Box<Files>>,
    /// What is selected among packages.
    pub packages: Cursor,
    /// Among settings.
    pub config: Cursor,
    /// How far both are verified, and what differs.
    pub trust: Trust,
    /// Among layers; the first row is all of them.
    pub layers: Cursor,
    /// What is looked for among packages, settings, layers.
    pub words: Filter,
    /// The right pane, where it is opened.
    pub reading: Option<Reading>,
    /// Where the selected file is to be written, while it is typed.
    pub saving: Option<Filter>,
}

/// Where everything is; `None` for what there is no room for.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// The names of the parts.
    pub tabs: Option<Rect>,
    /// The list.
    pub list: Option<Rect>,
    /// What is selected.
    pub detail: Option<Rect>,
    /// Who owns the bytes.
    pub footer: Option<Rect>,
    /// The rule between list and detail.
    pub split: Split,
}

/// The list's part of a wide body, in percent; and while contents are read.
const SHARE: (u16, u16) = (54, 34);
/// The list's columns at most.
const WIDEST: u16 = 100;
/// From this width on, list and detail stand beside each other.
const BESIDE: u16 = 96;
/// From this width on, contents stand beside each other.
const SIDES: u16 = 84;

impl Model {
    /// The parts there are: trust is compared of two images that have names.
    pub fn tabs(&self) -> impl Iterator<Item = Tab> {
        let two = matches!(self.asked, Some(Compare::Images { .. }));
        Tab::ALL.into_iter().filter(move |tab| two || *tab != Tab::Trust)
    }

    /// Facts of the part that shows, those the filter lets through.
    pub fn facts(&self) -> Vec<&FactRow> {
        let all: &[FactRow] = match (&self.matter, self.tab) {
            (Some(matter), Tab::Packages) => &matter.packages,
            (Some(matter), Tab::Config) => &matter.config,
            _ => &[],
        };
        let lets = |row: &&FactRow| self.lets([Some(&row.name), row.before.as_ref(), row.after.as_ref()]);
        all.iter().filter(lets).collect()
    }

    /// Layers the filter lets through.
    pub fn layer_rows(&self) -> Vec<&LayerRow> {
        let all = self.matter.as_ref().map(|matter| matter.layers.as_slice()).unwrap_or_default();
        let lets = |row: &&LayerRow| self.lets([Some(&row.layer.owner.image), row.layer.created_by.as_ref(), None]);
        all.iter().filter(lets).collect()
    }

    /// Whether the filter lets something through that says all this.
    fn lets(&self, texts: [Option<&String>; 3]) -> bool {
        let mut texts = texts.into_iter().flatten();
        match self.words.text.starts_with('!') {
            true => texts.all(|text| self.words.lets(text)),
            false => texts.any(|text| self.words.lets(text)),
        }
    }

    /// The filter of the part that shows.
    pub fn filter(&self) -> &Filter {
        if self.tab == Tab::Files { &self.files.filter } else { &self.words }
    }

    /// The selected fact.
    pub fn selected_fact(&self) -> Option<&FactRow> {
        let cursor = if self.tab == Tab::Packages { self.packages } else { self.config };
        self.facts().get(cursor.selected).copied()
    }

    /// The selected layer; `None` where all of them are.
    pub fn selected_layer(&self) -> Option<&LayerRow> {
        let at = self.layers.selected.checked_sub(1)?;
        self.layer_rows().get(at).copied()
    }

    /// Whether the right pane has the keys.
    pub fn reads(&self) -> bool {
        self.reading.as_ref().is_some_and(|reading| reading.focused && (self.tab == Tab::Files || !reading.content))
    }

    /// Where everything is.
    pub fn places(&self, around: &Around) -> Places {
        let (body, sizes) = (around.body, around.sizes(Screen::Diff));
        let below = match (self.tab, body.width) {
            (Tab::Layers, _) if body.height < 10 => 0,
            (Tab::Layers, BESIDE..) => 1,
            (Tab::Layers, _) => 2,
            _ => 0,
        };
        let upper = Rect { height: body.height - below, ..body };
        let content = self.tab == Tab::Files && self.reading.as_ref().is_some_and(|reading| reading.content);
        let split = match (body.width >= BESIDE, self.reads()) {
            (true, reads) => sizes.split(upper, (if content { SHARE.1 } else { SHARE.0 }, WIDEST), reads),
            (false, true) => Split::One(upper),
            (false, false) => sizes.split(upper, (SHARE.0, u16::MAX), false),
        };
        let whole = split.list(self.reads());
        let tabs = whole.map(|area| Rect { height: 1.min(area.height), ..area });
        let list = whole.map(|area| Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area });
        let footer = (below > 0).then_some(Rect { y: upper.bottom(), height: below, ..body });
        Places { tabs, list, detail: split.detail(self.reads()), footer, split }
    }

    /// Rows of the list.
    pub(super) fn height(&self, around: &Around) -> usize {
        let area = self.places(around).list.unwrap_or(around.body);
        let heading = usize::from(self.tab != Tab::Files);
        usize::from(area.height).saturating_sub(heading + self.problem_lines(area)).max(1)
    }

    /// Lines below the files that say what could not be read.
    pub(super) fn problem_lines(&self, area: Rect) -> usize {
        let problems = self.matter.as_ref().map_or(0, |matter| matter.problems().count());
        if self.tab == Tab::Files && area.height > 6 { problems.min(2) } else { 0 }
    }

    /// Whether before and after stand beside each other in a pane of that width.
    pub(super) fn beside(width: u16, shown: &Shown) -> bool {
        width >= SIDES && shown.has_sides()
    }
}
