//! What keys and clicks do on the Diff screen. Pure.

use super::{Model, Part, Reading, Tab, Trust, TrustRow};
use crate::domain::text::escape_bytes;
use crate::tui::effect::Effect as Outer;
use crate::tui::keymap::{Action, Motion};
use crate::tui::screens::{Around, Wish};
use crate::tui::widgets::Toast;

impl Model {
    pub(super) fn obey(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        if self.saving.is_some() {
            return match action {
                Action::Open => self.save(),
                Action::Back => {
                    self.saving = None;
                    Vec::new()
                }
                _ => Vec::new(),
            };
        }
        if self.matter.is_none() && action != Action::Refresh {
            // There is nothing yet to move in or to sift.
            return Vec::new();
        }
        match action {
            Action::Move(motion) => return self.step(motion, around),
            Action::Open if self.filter().editing => match self.tab {
                Tab::Files => self.files.filter.keep(),
                _ => self.words.keep(),
            },
            Action::Filter if self.tab != Tab::Files => self.words.begin(),
            Action::Open => return self.enter_selected(around),
            Action::Back => return self.back(around),
            Action::NextTab => self.turn(true),
            Action::PreviousTab => self.turn(false),
            Action::NextMatch => return self.next(true, around),
            Action::PreviousMatch => return self.next(false, around),
            Action::Copy => return self.copy(),
            Action::Refresh if self.tab == Tab::Trust => self.trust = Trust::default(),
            Action::Refresh => {
                let asked = self.asked.clone();
                return asked.map(|asked| self.open(asked)).unwrap_or_default();
            }
            Action::OtherPane => {
                self.reading = match self.reading.take() {
                    Some(reading) if reading.focused => None,
                    Some(reading) => Some(Reading { focused: true, ..reading }),
                    None => Some(Reading { focused: true, ..Reading::default() }),
                };
            }
            _ if self.tab == Tab::Files => return self.obey_files(action),
            _ => {}
        }
        Vec::new()
    }

    fn obey_files(&mut self, action: Action) -> Vec<Wish> {
        let query = &mut self.files.query;
        match action {
            Action::Filter => {
                if let Some(reading) = &mut self.reading {
                    reading.focused = false;
                }
                self.files.filter.begin();
                return Vec::new();
            }
            Action::SaveAs => return self.ask_name(),
            Action::Sort => query.sort = query.sort.next(),
            Action::Flat => query.flat = !query.flat,
            Action::Owner => query.sieve.next_owner(),
            Action::Kinds => query.sieve.next_kind(),
            Action::OpenAll => self.files.fold_all(true),
            Action::CloseAll => self.files.fold_all(false),
            _ => return Vec::new(),
        }
        self.list()
    }

    fn turn(&mut self, forward: bool) {
        let tabs: Vec<Tab> = self.tabs().collect();
        let at = tabs.iter().position(|tab| *tab == self.tab).unwrap_or(0);
        let by = if forward { 1 } else { tabs.len() - 1 };
        self.tab = tabs[(at + by) % tabs.len()];
        self.words.drop_it();
        // Contents stay open; what was read in full does not.
        if self.reading.as_ref().is_some_and(|reading| !reading.content) {
            self.reading = None;
        }
    }

    /// Rows of the list of layers: all of them, then each.
    pub(super) fn layer_count(&self) -> usize {
        self.matter.as_ref().map_or(0, |_| self.layer_rows().len() + 1)
    }

    fn step(&mut self, motion: Motion, around: &Around) -> Vec<Wish> {
        if self.reads() {
            self.scroll(motion, around);
            return Vec::new();
        }
        let height = self.height(around);
        let (facts, layers) = (self.facts().len(), self.layer_count());
        match self.tab {
            Tab::Files if motion == Motion::Right && !self.files.selected_folds() => {
                return self.enter_selected(around);
            }
            Tab::Files => {
                if !self.files.step(motion, height) {
                    return self.back_from_part();
                }
            }
            Tab::Packages => self.packages.step(motion, facts, height),
            Tab::Config => self.config.step(motion, facts, height),
            Tab::Trust => self.step_trust(motion, height),
            Tab::Layers if motion == Motion::Right => return self.enter_selected(around),
            Tab::Layers => self.layers.step(motion, layers, height),
        }
        Vec::new()
    }

    /// Moves in the right pane; the left leads back.
    fn scroll(&mut self, motion: Motion, around: &Around) {
        let (lines, page) = (self.content_length(around), self.content_height(around));
        let Some(reading) = &mut self.reading else { return };
        match motion {
            Motion::Left => reading.focused = false,
            _ => reading.top = motion.leads(reading.top, page.max(2)).min(lines.saturating_sub(page)),
        }
        self.close_unseen(around);
    }

    /// What there is no room to read beside the list is closed when it is left.
    fn close_unseen(&mut self, around: &Around) {
        let is_left = self.reading.as_ref().is_some_and(|reading| !reading.focused);
        let is_beside = matches!(self.places(around).split, crate::tui::widgets::Split::Beside { .. });
        let is_content = self.reading.as_ref().is_some_and(|reading| reading.content);
        if is_left && !(is_beside && is_content) {
            self.reading = None;
        }
    }

    /// Opens what is selected: a folder, what is in a file, a layer's changes.
    fn enter_selected(&mut self, around: &Around) -> Vec<Wish> {
        let height = self.height(around);
        match self.tab {
            Tab::Files if self.files.selected_folds() => self.files.toggle(height),
            Tab::Files => {
                let Some(matter) = self.matter.as_ref().filter(|_| self.files.selected().is_some()) else {
                    return Vec::new();
                };
                let has_content = !self.sources(matter).is_empty();
                match self.reading.as_mut().filter(|reading| reading.content && has_content) {
                    Some(reading) => reading.focused = true,
                    None => {
                        let blank = Reading { content: has_content, focused: true, ..Reading::default() };
                        self.reading = Some(blank);
                    }
                }
            }
            Tab::Layers => {
                let part = self.selected_layer().map_or(Part::All, |row| Part::Layer(row.which, row.number));
                return self.show_part(part);
            }
            Tab::Packages | Tab::Config | Tab::Trust => {
                self.reading = Some(Reading { focused: true, ..Reading::default() });
            }
        }
        Vec::new()
    }

    fn back(&mut self, around: &Around) -> Vec<Wish> {
        let content = self.reading.as_ref().is_some_and(|reading| reading.content);
        if self.filter().editing || self.reading.is_none() || (content && self.tab != Tab::Files) {
            if self.tab != Tab::Files {
                self.words.drop_it();
                return Vec::new();
            }
            if self.files.filter.drop_it() {
                return self.retyped();
            }
            return self.back_from_part();
        }
        match &mut self.reading {
            Some(reading) if reading.focused => {
                reading.focused = false;
                self.close_unseen(around);
            }
            _ => self.reading = None,
        }
        Vec::new()
    }

    /// From one layer's changes back to the layers.
    fn back_from_part(&mut self) -> Vec<Wish> {
        if self.aside.is_none() {
            return Vec::new();
        }
        self.tab = Tab::Layers;
        self.reading = None;
        self.whole()
    }

    /// The next change of a content, the next row of what is sifted.
    fn next(&mut self, forward: bool, around: &Around) -> Vec<Wish> {
        if self.reads() {
            let (lines, page) = (self.content_length(around), self.content_height(around));
            let beside = self.is_beside(around);
            let Some(reading) = &mut self.reading else { return Vec::new() };
            let Some(Ok(shown)) = &reading.shown else { return Vec::new() };
            let last = lines.saturating_sub(page);
            let found = shown.next_change(reading.top, forward, beside).map(|at| at.min(last));
            return match found.filter(|at| *at != reading.top) {
                Some(at) => {
                    reading.top = at;
                    Vec::new()
                }
                None => {
                    vec![Wish::Tell(Toast::warning(if forward { "no further change" } else { "no change before" }))]
                }
            };
        }
        if self.filter().is_active() {
            return self.step(if forward { Motion::Down } else { Motion::Up }, around);
        }
        Vec::new()
    }

    fn copy(&self) -> Vec<Wish> {
        let text = match self.tab {
            Tab::Files => self.files.selected_path().map(|path| format!("/{}", escape_bytes(&path))),
            Tab::Packages | Tab::Config => self.selected_fact().map(|fact| fact.name.clone()),
            Tab::Trust => self.selected_trust().map(TrustRow::copied),
            Tab::Layers => self.selected_layer().map(|row| row.layer.digest.to_string()),
        };
        text.map(|text| Wish::Do(Outer::Copy(text))).into_iter().collect()
    }
}
