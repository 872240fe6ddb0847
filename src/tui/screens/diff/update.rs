//! What happens on the Diff screen: what it is asked to open, what it is told. Pure.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::files::Files;
use super::{Effect, Held, Matter, Model, Msg, Part, Reading, Saved, Sources, Standing, Tab, Wanted};
use crate::domain::units;
use crate::report::Report;
use crate::tui::effect::Effect as Outer;
use crate::tui::keymap::{Action, Key, Scope};
use crate::tui::screens::{Around, Compare, Place, Subject, Wish};
use crate::tui::theme::Look;
use crate::tui::widgets::{Confirm, Divider, Filter, Toast};

pub(super) fn wish(effect: Effect) -> Wish {
    Wish::Do(Outer::Diff(effect))
}

impl Model {
    /// Opens images.
    pub fn open(&mut self, asked: Compare) -> Vec<Wish> {
        let files = Files::instead_of(&self.files, Part::All);
        *self = Self { asked: Some(asked.clone()), standing: Standing::Reading, files, ..Self::default() };
        vec![wish(Effect::Open(asked))]
    }

    /// Takes one message in.
    pub fn receive(&mut self, msg: Msg, around: &Around) -> Vec<Wish> {
        match msg {
            Msg::Opened { asked, matter } if self.asked.as_ref() == Some(&asked) => self.opened(matter),
            // Another was asked for meanwhile.
            Msg::Opened { .. } => Vec::new(),
            Msg::Listed(listed) => {
                let height = self.files_height(around);
                self.files.take(*listed, height);
                self.follow_reading()
            }
            Msg::Content { sources, shown } => {
                if let Some(reading) = self.reading.as_mut().filter(|reading| reading.sources == sources) {
                    reading.shown = Some(shown);
                }
                Vec::new()
            }
            Msg::Trusted { before, after } => {
                self.trusted(before, after);
                self.settle(around);
                Vec::new()
            }
            Msg::Saved { effect, outcome } => saved(*effect, outcome),
        }
    }

    fn opened(&mut self, matter: Result<Held<Matter>, Report>) -> Vec<Wish> {
        match matter {
            Ok(matter) => {
                self.matter = Some(matter);
                self.standing = Standing::There;
                self.list()
            }
            Err(report) => {
                self.standing = Standing::Failed(report);
                Vec::new()
            }
        }
    }

    /// Asks for the list as it is wanted now.
    pub(super) fn list(&mut self) -> Vec<Wish> {
        let Some(matter) = &self.matter else { return Vec::new() };
        vec![wish(Effect::List(Box::new(self.files.ask(matter))))]
    }

    /// Rows of the files, whichever part shows.
    pub(super) fn files_height(&self, around: &Around) -> usize {
        match self.tab {
            Tab::Files => self.height(around),
            _ => usize::from(around.body.height),
        }
    }

    /// Keeps what is selected in sight, after anything changed.
    fn settle(&mut self, around: &Around) {
        let height = self.height(around);
        let facts = self.facts().len();
        match self.tab {
            Tab::Files => self.files.follow(height),
            Tab::Packages => self.packages.follow(facts, height),
            Tab::Config => self.config.follow(facts, height),
            Tab::Trust => self.follow_trust(height),
            Tab::Layers => {
                let rows = self.layer_count();
                self.layers.follow(rows, height);
            }
        }
        let lines = self.content_length(around);
        let page = self.content_height(around);
        if let Some(reading) = &mut self.reading {
            reading.top = reading.top.min(lines.saturating_sub(page));
        }
    }

    /// What a key or a click leaves to be asked for.
    fn follow_up(&mut self) -> Vec<Wish> {
        let mut wishes = if self.files.wants_rows() { self.list() } else { Vec::new() };
        wishes.extend(self.follow_reading());
        wishes.extend(self.ask_trust());
        wishes
    }

    /// The contents on show follow the selection.
    pub(super) fn follow_reading(&mut self) -> Vec<Wish> {
        let Some(matter) = &self.matter else { return Vec::new() };
        let Some(reading) = self.reading.as_ref().filter(|reading| reading.content) else { return Vec::new() };
        let sources = self.sources(matter);
        if reading.sources == sources {
            return Vec::new();
        }
        let wanted = Wanted { matter: matter.clone(), sources: sources.clone() };
        let focused = reading.focused;
        let is_empty = sources.is_empty();
        self.reading = Some(Reading { content: true, sources, focused, ..Reading::default() });
        if is_empty { Vec::new() } else { vec![wish(Effect::Content(Box::new(wanted)))] }
    }

    /// The files whose contents tell what happened to the selected path.
    pub(super) fn sources(&self, matter: &Matter) -> Sources {
        let part = self.files.query.sieve.part;
        let listing = self.files.listing.as_ref();
        let change = listing.zip(self.files.selected_change());
        change.map(|(listing, changed)| Sources::of(matter, part, &listing.changes, &changed)).unwrap_or_default()
    }
}

/// What is to be said of a file that was to be written; what is there is replaced only after a yes.
fn saved(effect: Effect, outcome: Result<Saved, Report>) -> Vec<Wish> {
    let Effect::Save { matter, source, to, .. } = effect else { return Vec::new() };
    match outcome {
        Ok(Saved::Written(bytes)) => vec![Wish::Tell(Toast::done(format!("{} written to {to}", units::bytes(bytes))))],
        Ok(Saved::Exists) => {
            let text = format!("{to} is there already. What it holds would be gone.");
            let again = wish(Effect::Save { matter, source, to, replace: true });
            vec![Wish::Ask(Confirm::no_or("replace it?", text, "replace it", vec![again]))]
        }
        Err(report) => vec![Wish::Tell(Toast::failure(&report))],
    }
}

impl Place for Model {
    fn scopes(&self) -> Vec<Scope> {
        if self.saving.is_some() {
            return vec![Scope::Name];
        }
        match (&self.matter, self.tab) {
            _ if self.filter().editing => vec![Scope::Line],
            (None, _) if self.asked.is_some() => vec![Scope::DiffUnread],
            (None, _) => vec![Scope::List],
            (Some(_), _) if self.reads() => {
                let content = self.reading.as_ref().is_some_and(|reading| reading.content);
                content.then_some(Scope::DiffContent).into_iter().chain([Scope::Diff, Scope::List]).collect()
            }
            (Some(_), Tab::Files) => vec![Scope::DiffFiles, Scope::Diff, Scope::List],
            (Some(_), Tab::Layers) => vec![Scope::DiffLayers, Scope::Diff, Scope::List],
            (Some(_), Tab::Packages | Tab::Config | Tab::Trust) => vec![Scope::Diff, Scope::List],
        }
    }

    fn takes_back(&self) -> bool {
        let is_typed = self.filter().editing || !self.filter().text.is_empty();
        is_typed || self.saving.is_some() || self.aside.is_some() || self.reading.is_some()
    }

    fn enter(&mut self, around: &Around) -> Vec<Wish> {
        self.settle(around);
        Vec::new()
    }

    fn act(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        let mut wishes = self.obey(action, around);
        wishes.extend(self.follow_up());
        self.settle(around);
        wishes
    }

    fn typed(&mut self, key: Key, around: &Around) -> Vec<Wish> {
        if let Some(name) = &mut self.saving {
            name.typed(key);
            return Vec::new();
        }
        if self.tab != Tab::Files {
            self.words.typed(key);
            self.settle(around);
            return Vec::new();
        }
        if self.files.filter.typed(key) { self.retyped() } else { Vec::new() }
    }

    fn pasted(&mut self, text: &str, around: &Around) -> Vec<Wish> {
        if let Some(name) = &mut self.saving {
            name.pasted(text);
            return Vec::new();
        }
        if self.tab != Tab::Files {
            self.words.pasted(text);
            self.settle(around);
            return Vec::new();
        }
        self.files.filter.pasted(text);
        self.retyped()
    }

    fn clicked(&mut self, at: Position, around: &Around) -> Vec<Wish> {
        let mut wishes = self.click(at, around);
        wishes.extend(self.follow_up());
        self.settle(around);
        wishes
    }

    fn opens(&self, at: Position, around: &Around) -> bool {
        self.is_selected_at(at, around)
    }

    fn point_at(&mut self, at: Position, around: &Around) -> usize {
        self.point(at, around)
    }

    fn dividers(&self, around: &Around) -> Vec<Divider> {
        self.rules(around)
    }

    fn resized(&mut self, around: &Around) -> Vec<Wish> {
        self.settle(around);
        Vec::new()
    }

    fn subject(&self, look: &Look, around: &Around) -> Subject {
        super::view::subject(self, look, around)
    }

    fn draw(&self, look: &Look, around: &Around, buffer: &mut Buffer) {
        super::view::draw(self, look, around, buffer);
    }

    fn cursor(&self, around: &Around) -> Option<Position> {
        super::view::cursor(self, around)
    }
}

impl Model {
    /// What is looked for changed.
    pub(super) fn retyped(&mut self) -> Vec<Wish> {
        self.files.retype();
        self.list()
    }

    /// Paths of files that changed, the first so many.
    pub fn file_paths(&self, most: usize) -> Vec<Vec<u8>> {
        let changes = self.files.listing.iter().flat_map(|listing| listing.changes.iter());
        changes.filter(|changed| !changed.is_folder()).take(most).map(|changed| changed.path()).collect()
    }

    /// Looks for a file by its path.
    pub fn reveal(&mut self, path: String) -> Vec<Wish> {
        self.tab = Tab::Files;
        (self.reading, self.saving) = (None, None);
        self.files.filter = Filter { text: path, editing: false };
        self.retyped()
    }

    /// Asks where the selected file is to be written; its name is proposed.
    pub(super) fn ask_name(&mut self) -> Vec<Wish> {
        let sources = self.matter.as_ref().map(|matter| self.sources(matter)).unwrap_or_default();
        let Some(source) = sources.after.or(sources.before) else {
            return vec![Wish::Tell(
                Toast::warning("no file is selected").next("S writes a file of the image to disk"),
            )];
        };
        let name = source.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        self.saving = Some(Filter { text: crate::domain::text::escape_bytes(name), editing: true });
        Vec::new()
    }

    /// Writes it there.
    pub(super) fn save(&mut self) -> Vec<Wish> {
        let Some((name, matter)) = self.saving.take().zip(self.matter.clone()) else { return Vec::new() };
        let sources = self.sources(&matter);
        let source = sources.after.or(sources.before).filter(|_| !name.text.trim().is_empty());
        let save = |source| Effect::Save { matter, source: Box::new(source), to: name.text, replace: false };
        source.map(save).map(wish).into_iter().collect()
    }

    /// One layer's changes among the files, or all there is.
    pub(super) fn show_part(&mut self, part: Part) -> Vec<Wish> {
        self.tab = Tab::Files;
        self.reading = None;
        if self.files.query.sieve.part == part {
            return Vec::new();
        }
        if part == Part::All {
            return self.whole();
        }
        let files = Files::instead_of(&self.files, part);
        let before = std::mem::replace(&mut self.files, files);
        if self.aside.is_none() {
            self.aside = Some(Box::new(before));
        }
        self.list()
    }

    /// All files again, as they were.
    pub(super) fn whole(&mut self) -> Vec<Wish> {
        let Some(files) = self.aside.take() else { return Vec::new() };
        let layer = std::mem::replace(&mut self.files, *files);
        // An answer that was on its way when they were put aside was not taken in.
        let wanted = self.files.is_pending();
        self.files.late(&layer);
        if wanted { self.list() } else { Vec::new() }
    }
}
