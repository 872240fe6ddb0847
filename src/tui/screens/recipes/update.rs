//! What happens on the Recipes screen. Pure.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::model::Planned;
use super::{Effect, Model, Msg, editor, wizard};
use crate::flows::standing::{Prospect, RecipeCard, Standing};
use crate::report::Report;
use crate::tui::effect::Effect as Outer;
use crate::tui::keymap::{Action, Key, Motion, Scope};
use crate::tui::screens::{Around, Place, Screen, Subject, Wish};
use crate::tui::theme::Look;
use crate::tui::widgets::{Confirm, Divider, Split, Table, Toast};

/// The list's part of a wide body, in percent.
pub(super) const SHARE: u16 = 58;

fn wish(effect: Effect) -> Wish {
    Wish::Do(Outer::Recipes(effect))
}

impl Model {
    /// Takes one message in.
    pub fn receive(&mut self, msg: Msg, around: &Around) -> Vec<Wish> {
        match msg {
            Msg::Listed(Ok(cards)) => self.listed(cards, around),
            Msg::Listed(Err(report)) => {
                let told = self.owed.take().map(|_| Wish::Tell(Toast::failure(&report)));
                self.failure = Some(report);
                told.into_iter().collect()
            }
            Msg::BaseNow { asks, now } => {
                self.bases.insert(asks, now);
                Vec::new()
            }
            Msg::Planned { file, plan } => {
                self.take_plan(&file, plan);
                Vec::new()
            }
            Msg::Begun(begun) => {
                self.starting = None;
                vec![match begun {
                    Ok(bake) => Wish::Watch { bake, replay: false },
                    Err(report) => Wish::Tell(Toast::failure(&report)),
                }]
            }
            Msg::BaseSet { file, image, change: Ok(change) } => {
                let name = self.cards.iter().find(|card| card.file == file).and_then(|card| card.reference.clone());
                let told = format!("{} is now based on {image}", name.unwrap_or_else(|| change.shown.clone()));
                // What is told is of this recipe, and so is the next key: the list may take a moment.
                self.select(&file, around);
                self.awaited = Some(file.clone());
                self.done.push((file, change));
                vec![Wish::Tell(Toast::done(told).next("b bakes it, z takes it back")), wish(Effect::List)]
            }
            Msg::TakenBack(Ok(shown)) => {
                let file = self.done.pop().map(|(file, _)| file);
                self.awaited = file;
                vec![Wish::Tell(Toast::done(format!("{shown} is as it was"))), wish(Effect::List)]
            }
            Msg::TakenBack(Err(report)) => {
                // What cannot be taken back now never can: the next one may.
                self.done.pop();
                vec![Wish::Tell(Toast::failure(&report))]
            }
            Msg::BaseSet { change: Err(report), .. } => vec![Wish::Tell(Toast::failure(&report))],
            Msg::Editor(msg) => match &mut self.editor {
                Some(editor) => {
                    let wishes = editor.receive(msg, around);
                    self.after_editing(wishes)
                }
                None => Vec::new(),
            },
            Msg::Wizard(wizard::Msg::Begin(base)) => self.begin_new(base, around),
            Msg::Wizard(msg) => {
                if let Some(wizard) = &mut self.wizard {
                    wizard.receive(msg, around);
                }
                self.after_wizard(around)
            }
        }
    }

    fn listed(&mut self, cards: Vec<RecipeCard>, around: &Around) -> Vec<Wish> {
        let awaited = self.awaited.take_if(|file| cards.iter().any(|card| card.file == *file));
        let selected = awaited.or_else(|| self.selected().map(|card| card.file.clone()));
        (self.cards, self.read, self.failure) = (cards, true, None);
        self.forget_gone();
        self.narrow();
        if !selected.is_some_and(|file| self.select(&file, around)) {
            self.cursor.go(self.cursor.selected, self.len(), self.height(around));
        }
        // What was planned may have changed with its recipe, and so may the text that is edited.
        let mut wishes = self.plan_anew(false);
        wishes.extend(self.editor.as_mut().map(editor::Model::look_again).unwrap_or_default());
        wishes.extend(self.owed.take().map(|owed| *owed));
        wishes
    }

    /// Selects a recipe; `false` where it does not show.
    pub(super) fn select(&mut self, file: &Path, around: &Around) -> bool {
        let place = (0..self.len()).find(|at| self.card(*at).is_some_and(|card| card.file == file));
        if let Some(at) = place {
            self.cursor.go(at, self.len(), self.height(around));
        }
        place.is_some()
    }

    /// Takes a plan in, and what was heard of the base's tag with it.
    fn take_plan(&mut self, file: &Path, plan: Result<Arc<Prospect>, Report>) {
        let card = self.cards.iter().find(|card| card.file == file);
        let heard = plan.as_ref().ok().and_then(|prospect| prospect.tag_now.clone());
        if let (Some(asks), Some(now)) = (card.and_then(|card| card.asks.clone()), heard) {
            self.bases.insert(asks, Some(now));
        }
        if let Some(planned) = self.planned.as_mut().filter(|planned| planned.file == file) {
            (planned.plan, planned.is_going) = (Some(plan), false);
        }
    }

    pub(super) fn narrow(&mut self) {
        let lets = |card: &RecipeCard| self.filter.lets(&Self::words(card));
        self.shown = self.cards.iter().enumerate().filter(|(_, card)| lets(card)).map(|(number, _)| number).collect();
    }

    /// Asks for the plan of the selected recipe, unless it is the one that shows.
    pub(super) fn ask_plan(&mut self) -> Vec<Wish> {
        let Some(card) = self.selected() else { return Vec::new() };
        if self.planned.as_ref().is_some_and(|planned| planned.file == card.file) {
            return Vec::new();
        }
        self.plan_anew(false)
    }

    /// Asks for the plan of the selected recipe; what shows of it stays until the answer is there.
    fn plan_anew(&mut self, ask: bool) -> Vec<Wish> {
        let Some((file, standing)) = self.selected().map(|card| (card.file.clone(), card.standing.clone())) else {
            self.planned = None;
            return Vec::new();
        };
        let shown = self.planned.take().filter(|planned| planned.file == file);
        if shown.is_none() {
            self.detail = self.detail.map(|_| 0);
        }
        if standing == Standing::Broken {
            return Vec::new();
        }
        let plan = shown.and_then(|planned| planned.plan);
        self.planned = Some(Planned { file: file.clone(), plan, is_going: true });
        vec![wish(Effect::Plan { file, ask })]
    }

    pub(super) fn panes(&self, around: &Around) -> Split {
        around.sizes(Screen::Recipes).split(around.body, (SHARE, u16::MAX), self.detail.is_some())
    }

    pub(super) fn height(&self, around: &Around) -> usize {
        Table::height(self.panes(around).list(self.detail.is_some()).unwrap_or(around.body), true)
    }

    fn step(&mut self, motion: Motion, around: &Around) -> Vec<Wish> {
        if let Some(first) = self.detail {
            let area = self.panes(around).detail(true).unwrap_or(around.body);
            let page = usize::from(area.height).max(2);
            let lines = self.detail_lines(&Look::of_roles(false), around, usize::from(area.width)).len();
            let to = match motion {
                Motion::Up => first.saturating_sub(1),
                Motion::Down => first + 1,
                Motion::HalfUp | Motion::PageUp => first.saturating_sub(page / 2),
                Motion::HalfDown | Motion::PageDown => first + page / 2,
                Motion::Top => 0,
                Motion::Bottom => lines,
                Motion::Right => first,
                Motion::Left => {
                    self.detail = None;
                    return Vec::new();
                }
            };
            self.detail = Some(to.min(lines.saturating_sub(page)));
            return Vec::new();
        }
        if motion == Motion::Right {
            self.detail = Some(0);
            return Vec::new();
        }
        let (len, height) = (self.len(), self.height(around));
        self.cursor.step(motion, len, height);
        self.ask_plan()
    }

    pub(super) fn edit(&mut self, around: &Around) -> Vec<Wish> {
        let Some(card) = self.selected() else { return Vec::new() };
        let (editor, wishes) = editor::Model::open(card.file.clone(), card.shown.clone(), around);
        self.editor = Some(editor);
        wishes
    }

    /// A new recipe, answer by answer.
    fn begin_new(&mut self, base: Option<String>, around: &Around) -> Vec<Wish> {
        if let Some(editor) = &self.editor {
            let text = format!("{} is still open in the editor", editor.shown);
            return vec![Wish::Tell(Toast::warning(text).next("finish it first: Esc"))];
        }
        let taken = self.cards.iter().filter_map(|card| card.reference.clone()).collect();
        self.wizard = Some(wizard::Model::new(base, taken, around));
        wizard::Model::begin()
    }

    /// After the wizard had its turn: what it made is opened.
    fn after_wizard(&mut self, around: &Around) -> Vec<Wish> {
        let Some(mut wizard) = self.wizard.take_if(|wizard| wizard.is_over()) else { return Vec::new() };
        let Some((file, shown)) = wizard.made() else { return Vec::new() };
        self.awaited = Some(file.clone());
        let told = Toast::done(format!("{shown} is a new recipe")).next("Alt-b saves and bakes it");
        let (editor, wishes) = editor::Model::open(file, shown, around);
        self.editor = Some(editor);
        [Wish::Tell(told), wish(Effect::List)].into_iter().chain(wishes).collect()
    }

    fn act_on_selected(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        let file = |card: &RecipeCard| -> PathBuf { card.file.clone() };
        match action {
            Action::Edit | Action::Open => self.edit(around),
            Action::EditOutside => {
                self.selected().map(|card| Wish::Do(Outer::EditOutside(file(card)))).into_iter().collect()
            }
            Action::Bake => self.bake(),
            Action::Plan => self.plan_anew(true),
            Action::Log => match self.selected().map(|card| card.bake.clone()) {
                Some(Some(bake)) => vec![Wish::Watch { bake, replay: false }],
                Some(None) => vec![Wish::Tell(Toast::warning("it was never baked here").next("b bakes it"))],
                None => Vec::new(),
            },
            Action::Verify => self.verify(),
            Action::Publish => self.publish(),
            Action::Copy => {
                let name = self.selected().and_then(|card| card.reference.clone());
                name.map(|name| Wish::Do(Outer::Copy(name))).into_iter().collect()
            }
            Action::Undo => match self.done.last().cloned() {
                Some((file, change)) => vec![wish(Effect::TakeBack { file, change })],
                None => vec![Wish::Tell(Toast::warning("no base was set that could be taken back"))],
            },
            _ => Vec::new(),
        }
    }

    /// After the editor had its turn: once it is over, the list is read again.
    fn after_editing(&mut self, mut wishes: Vec<Wish>) -> Vec<Wish> {
        if let Some(editor) = self.editor.take_if(|editor| editor.is_over()) {
            self.awaited = Some(editor.file);
            wishes.push(wish(Effect::List));
        }
        wishes
    }
}

impl Place for Model {
    fn scopes(&self) -> Vec<Scope> {
        if let Some(editor) = &self.editor {
            editor.scopes()
        } else if self.wizard.is_some() {
            vec![Scope::Wizard]
        } else if self.filter.editing {
            vec![Scope::Line]
        } else if self.detail.is_some() {
            vec![Scope::RecipeDetail, Scope::List]
        } else {
            vec![Scope::Recipes, Scope::List]
        }
    }

    fn takes_back(&self) -> bool {
        let is_deep = self.editor.is_some() || self.detail.is_some();
        is_deep || self.filter.editing || self.filter.is_active() || !self.marked.is_empty()
    }

    fn enter(&mut self, _around: &Around) -> Vec<Wish> {
        // The list follows the bakes, not the files: what was changed outside is seen when the screen comes up.
        vec![wish(Effect::List)]
    }

    fn act(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        if let Some(editor) = &mut self.editor {
            let wishes = editor.act(action, around);
            return self.after_editing(wishes);
        }
        if let Some(wizard) = &mut self.wizard {
            let mut wishes = wizard.act(action, around);
            wishes.extend(self.after_wizard(around));
            return wishes;
        }
        match action {
            Action::Open if self.filter.editing => self.filter.keep(),
            Action::Move(motion) => return self.step(motion, around),
            Action::NextMatch => return self.step(Motion::Down, around),
            Action::PreviousMatch => return self.step(Motion::Up, around),
            Action::Filter => self.filter.begin(),
            Action::OtherPane => self.detail = if self.detail.is_some() { None } else { Some(0) },
            Action::Mark => self.mark(),
            Action::Unmark => self.marked.clear(),
            Action::Back if self.detail.take().is_some() => {}
            Action::Back => {
                if !self.filter.is_active() && !self.filter.editing {
                    self.marked.clear();
                }
                if self.filter.drop_it() {
                    self.narrow();
                    self.cursor.follow(self.len(), self.height(around));
                    return self.ask_plan();
                }
            }
            Action::Refresh => return vec![wish(Effect::List)],
            Action::New => return self.begin_new(None, around),
            other => return self.act_on_selected(other, around),
        }
        Vec::new()
    }

    fn typed(&mut self, key: Key, around: &Around) -> Vec<Wish> {
        if let Some(editor) = &mut self.editor {
            let wishes = editor.typed(key, around);
            return self.after_editing(wishes);
        }
        if let Some(wizard) = &mut self.wizard {
            wizard.typed(key, around);
            return Vec::new();
        }
        if !self.filter.typed(key) {
            return Vec::new();
        }
        self.narrow();
        self.cursor.go(0, self.len(), self.height(around));
        self.ask_plan()
    }

    fn pasted(&mut self, text: &str, around: &Around) -> Vec<Wish> {
        if let Some(editor) = &mut self.editor {
            return editor.pasted(text, around);
        }
        if let Some(wizard) = &mut self.wizard {
            wizard.pasted(text, around);
            return Vec::new();
        }
        self.filter.pasted(text);
        self.narrow();
        self.cursor.go(0, self.len(), self.height(around));
        self.ask_plan()
    }

    fn clicked(&mut self, at: Position, around: &Around) -> Vec<Wish> {
        if let Some(editor) = &mut self.editor {
            return editor.clicked(at, around);
        }
        let Some(area) =
            self.panes(around).list(self.detail.is_some()).filter(|area| area.contains(at) && at.y > area.y)
        else {
            return Vec::new();
        };
        let row = self.cursor.offset + usize::from(at.y - area.y - 1);
        if self.wizard.is_some() || row >= self.len() {
            return Vec::new();
        }
        self.detail = None;
        self.cursor.go(row, self.len(), self.height(around));
        self.ask_plan()
    }

    fn opens(&self, at: Position, around: &Around) -> bool {
        let list = self.panes(around).list(self.detail.is_some()).filter(|area| area.contains(at) && at.y > area.y);
        let row = list.map(|area| self.cursor.offset + usize::from(at.y - area.y - 1));
        self.editor.is_none() && row == Some(self.cursor.selected)
    }

    fn point_at(&mut self, at: Position, around: &Around) -> usize {
        let pane = self.panes(around).is_detail(self.detail.is_some(), at);
        if self.editor.is_none() {
            self.detail = pane.filter(|is_detail| *is_detail).map(|_| self.detail.unwrap_or(0));
        }
        if self.editor.is_some() || self.detail.is_some() { 3 } else { 1 }
    }

    fn dividers(&self, around: &Around) -> Vec<Divider> {
        if self.editor.is_none() { self.panes(around).dividers() } else { Vec::new() }
    }

    fn resized(&mut self, around: &Around) -> Vec<Wish> {
        self.cursor.follow(self.len(), self.height(around));
        self.editor.as_mut().map(|editor| editor.resized(around)).unwrap_or_default()
    }

    fn before_leaving(&self) -> Option<Confirm> {
        self.editor.as_ref().and_then(editor::Model::before_leaving)
    }

    fn wants_clock(&self) -> bool {
        false
    }

    fn subject(&self, look: &Look, around: &Around) -> Subject {
        match (&self.editor, &self.wizard) {
            (Some(editor), _) => editor.subject(look),
            (None, Some(wizard)) => wizard.subject(look),
            (None, None) => super::view::subject(self, look, around),
        }
    }

    fn draw(&self, look: &Look, around: &Around, buffer: &mut Buffer) {
        match (&self.editor, &self.wizard) {
            (Some(editor), _) => editor.draw(look, around.body, buffer),
            (None, Some(wizard)) => wizard.draw(look, around.body, buffer),
            (None, None) => super::view::draw(self, look, around, buffer),
        }
    }

    fn cursor(&self, around: &Around) -> Option<Position> {
        match (&self.editor, &self.wizard) {
            (Some(editor), _) => editor.cursor(around.body),
            (None, Some(wizard)) => wizard.cursor(around.body),
            (None, None) if self.filter.editing => {
                super::view::subject(self, &Look::of_roles(false), around).end(around.body.width)
            }
            (None, None) => None,
        }
    }
}
