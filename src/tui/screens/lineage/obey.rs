//! Moving, folding, sifting and sorting on the Lineage screen. Pure.

use ratatui::layout::{Position, Rect};

use super::asks::wish;
use super::update::news_of;
use super::{Answer, Circle, Effect, Model, Onto, Reading, Row, table};
use crate::domain::lineage::Image;
use crate::tui::keymap::{Action, Motion};
use crate::tui::screens::{Around, Screen, Wish};
use crate::tui::theme::Look;
use crate::tui::widgets::{Split, Table, Toast};

/// The list's part of a wide body, in percent, and its columns at most.
const SHARE: (u16, u16) = (56, 132);

impl Model {
    /// The two panes.
    pub(super) fn panes(&self, around: &Around) -> Split {
        around.sizes(Screen::Lineage).split(around.body, SHARE, self.is_right())
    }

    /// Whether the right pane has the keys.
    pub(super) fn is_right(&self) -> bool {
        self.detail.is_some() || self.answer.is_some() || self.onto.is_some()
    }

    /// The rows' own place.
    pub(super) fn list_area(&self, around: &Around) -> Option<Rect> {
        let area = self.panes(around).list(self.is_right())?;
        Some(if self.is_table { table::places(area).0 } else { area })
    }

    fn height(&self, around: &Around) -> usize {
        Table::height(self.list_area(around).unwrap_or(around.body), true)
    }

    /// The right pane's columns and rows.
    pub(super) fn right_size(&self, around: &Around) -> (usize, usize) {
        let area = self.panes(around).detail(true).unwrap_or(around.body);
        (usize::from(area.width), usize::from(area.height))
    }

    /// Keeps what is selected in sight, after anything changed.
    pub(super) fn settle(&mut self, around: &Around) {
        let (len, height) = (self.rows.len(), self.height(around));
        self.cursor.follow(len, height);
        if let Some(top) = self.detail {
            self.detail = Some(top.min(self.detail_end(around)));
        }
        let size = self.right_size(around);
        if let Some(answer) = &mut self.answer {
            answer.from = answer.from.min(answer.end(&Look::of_roles(false), size));
        }
        self.live.settle(around);
    }

    fn detail_end(&self, around: &Around) -> usize {
        let (columns, rows) = self.right_size(around);
        self.detail_lines(&Look::of_roles(false), around, columns).len().saturating_sub(rows)
    }

    pub(super) fn step(&mut self, motion: Motion, around: &Around) {
        let (_, page) = self.right_size(around);
        let page = page.max(2);
        if let Some(onto) = &mut self.onto {
            onto.moved = true;
            let len = onto.shown().count();
            return onto.cursor.step(motion, len, page.saturating_sub(4));
        }
        if let Some(answer) = &mut self.answer {
            if motion == Motion::Left {
                self.answer = None;
                return;
            }
            answer.from = motion.leads(answer.from, page);
            return;
        }
        if let Some(top) = self.detail {
            self.detail = match motion {
                Motion::Left => None,
                _ => Some(motion.leads(top, page).min(self.detail_end(around))),
            };
            return;
        }
        let row = self.rows.get(self.cursor.selected).copied();
        match (motion, row) {
            (Motion::Right, Some(Row { number, open: Some(false), .. })) => self.set_open(number, true),
            (Motion::Right, Some(Row { open: Some(true), .. })) => {
                self.cursor.step(Motion::Down, self.rows.len(), self.height(around));
            }
            (Motion::Right, Some(_)) => self.detail = Some(0),
            (Motion::Left, Some(Row { number, open: Some(true), .. })) if !self.filter.is_active() => {
                self.set_open(number, false);
            }
            (Motion::Left, Some(Row { number, .. })) => {
                let base = self.graph().and_then(|graph| graph.base(number)).map(|edge| edge.base);
                if let Some(at) = base.filter(|_| !self.is_table).and_then(|base| self.row_of(base)) {
                    self.cursor.selected = at;
                }
            }
            _ => self.cursor.step(motion, self.rows.len(), self.height(around)),
        }
    }

    pub(super) fn set_open(&mut self, number: usize, open: bool) {
        let Some(name) = self.graph().map(|graph| graph.images()[number].name()) else { return };
        if open {
            self.folded.remove(&name);
        } else {
            self.folded.insert(name);
        }
        self.remake();
    }

    pub(super) fn fold_all(&mut self, open: bool) {
        self.folded.clear();
        if !open && let Some(graph) = self.graph() {
            let has = |number: &usize| !graph.children(*number).is_empty();
            let images = graph.images();
            self.folded = (0..images.len()).filter(has).map(|number| images[number].name()).collect();
        }
        self.remake();
    }

    /// Enter: folds, or goes to the image; in the table it goes to the image.
    pub(super) fn open(&mut self) -> Vec<Wish> {
        if self.filter.editing {
            self.filter.keep();
            return Vec::new();
        }
        if self.onto.is_some() {
            return self.onto_chosen();
        }
        if self.answer.is_some() {
            return self.go_on();
        }
        if self.detail.is_some() {
            return self.to_store();
        }
        match self.rows.get(self.cursor.selected).copied() {
            Some(Row { number, open: Some(open), .. }) if !self.filter.is_active() => {
                self.set_open(number, !open);
                Vec::new()
            }
            Some(_) => {
                self.detail = Some(0);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    pub(super) fn back(&mut self) -> Vec<Wish> {
        if self.live.is_open {
            if self.live.detail.take().is_none() {
                self.live.is_open = false;
            }
        } else if self.onto.take().is_some() || self.answer.take().is_some() || self.detail.take().is_some() {
            // One thing at a time.
        } else if self.filter.drop_it() || self.circle.take().is_some() {
            self.remake();
        } else if !self.marked.is_empty() {
            self.marked.clear();
        } else if self.reading == Reading::Going {
            return self.give_up();
        }
        Vec::new()
    }

    /// Whether going back has something to close here.
    pub(super) fn is_deep(&self) -> bool {
        self.live.is_open
            || self.is_right()
            || self.filter.editing
            || self.filter.is_active()
            || self.circle.is_some()
            || !self.marked.is_empty()
    }

    /// Only what is built on the selected image, or what it is built on; once more shows all again.
    pub(super) fn draw_circle(&mut self, circle: fn(String) -> Circle) -> Vec<Wish> {
        let Some(name) = self.selected_image().map(Image::name) else { return Vec::new() };
        let circle = circle(name);
        self.circle = if self.circle.as_ref() == Some(&circle) { None } else { Some(circle) };
        self.remake();
        Vec::new()
    }

    pub(super) fn mark(&mut self) {
        let Some(image) = self.selected_image().filter(|image| !image.places.is_empty()) else { return };
        let name = image.name();
        let count = self.marked.len();
        self.marked.retain(|marked| *marked != name);
        if self.marked.len() == count {
            self.marked.push(name);
        }
    }

    /// The next match; without a filter the next stale image, round the end.
    pub(super) fn next(&mut self, forward: bool, around: &Around) -> Vec<Wish> {
        let Some(graph) = self.graph() else { return Vec::new() };
        let is_active = self.filter.is_active();
        let is_stale =
            |row: &Row| graph.standing(row.number).is_stale() && !graph.images()[row.number].places.is_empty();
        let is_it = |row: &Row| if is_active { row.is_hit } else { is_stale(row) };
        let (at, len) = (self.cursor.selected, self.rows.len());
        let mut steps = (1..=len).map(|by| if forward { (at + by) % len } else { (at + len - by) % len });
        match steps.find(|at| is_it(&self.rows[*at])) {
            Some(found) => {
                self.cursor.go(found, len, self.height(around));
                self.detail = self.detail.map(|_| 0);
                Vec::new()
            }
            None if is_active => Vec::new(),
            None => vec![Wish::Tell(Toast::done("nothing that shows is stale").next("* unfolds everything"))],
        }
    }

    pub(super) fn obey(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        match action {
            Action::Move(motion) => self.step(motion, around),
            Action::Open => return self.open(),
            Action::Back => return self.back(),
            Action::Cancel if self.reading == Reading::Going => return self.give_up(),
            Action::Refresh if self.answer.is_some() => return self.ask_again(),
            Action::Refresh => return self.read(),
            Action::OtherPane => match self.answer.is_some() {
                true => self.answer = None,
                false => self.detail = if self.detail.is_some() || self.rows.is_empty() { None } else { Some(0) },
            },
            Action::Filter => {
                (self.detail, self.answer) = (None, None);
                self.filter.begin();
            }
            Action::NextMatch => return self.next(true, around),
            Action::PreviousMatch => return self.next(false, around),
            Action::OpenAll => self.fold_all(true),
            Action::CloseAll => self.fold_all(false),
            Action::Sort => {
                self.by_urgency = !self.by_urgency;
                self.remake();
            }
            Action::Flat => {
                self.is_table = !self.is_table;
                self.remake();
            }
            Action::Heirs => return self.draw_circle(Circle::Heirs),
            Action::Roots => return self.draw_circle(Circle::Roots),
            Action::Mark => self.mark(),
            Action::Unmark => self.marked.clear(),
            Action::Copy => return self.copy(),
            Action::Rebase => return self.ask_rebase(),
            Action::Bake => return self.ask_rebake(),
            Action::Impact => return self.ask_impact(),
            Action::RollOut => return self.ask_rollout(),
            Action::Compare => return self.compare(),
            Action::Verify => return self.verify(),
            Action::Publish => return self.publish(),
            Action::Log => return self.show_rollout(),
            _ => {}
        }
        Vec::new()
    }

    fn obey_live(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        match action {
            Action::Move(motion) => self.live.step(motion, around),
            Action::Open => return self.live.open(),
            Action::Back | Action::Log => return self.back(),
            Action::OtherPane => self.live.detail = if self.live.detail.is_some() { None } else { Some(0) },
            Action::NextMatch => self.live.next(true, around),
            Action::PreviousMatch => self.live.next(false, around),
            Action::CancelBake => return self.live.cancel(),
            Action::Resume => return self.live.resume(),
            Action::Verify => {
                let item = self.live.selected().map(|item| item.reference.clone());
                return item.map(Wish::Verify).into_iter().collect();
            }
            Action::Copy => {
                let item = self.live.selected().map(|item| item.reference.clone());
                return item.map(|text| Wish::Do(crate::tui::effect::Effect::Copy(text))).into_iter().collect();
            }
            Action::Refresh => return vec![wish(Effect::Newest)],
            _ => {}
        }
        Vec::new()
    }

    /// A key's action, wherever the keys are.
    pub(super) fn obeyed(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        if self.live.is_open { self.obey_live(action, around) } else { self.obey(action, around) }
    }

    /// The newest roll-out; one that others began meanwhile is looked for.
    fn show_rollout(&mut self) -> Vec<Wish> {
        (self.live.is_open, self.live.is_wanted) = (self.live.progress.is_some(), true);
        let news = self.live.progress.as_ref().and_then(|progress| news_of(progress.status, &progress.base));
        news.map(Wish::Untell).into_iter().chain([wish(Effect::Newest)]).collect()
    }

    pub(super) fn click(&mut self, at: Position, around: &Around) {
        if self.live.is_open {
            return self.click_live(at, around);
        }
        let panes = self.panes(around);
        if panes.detail(self.is_right()).is_some_and(|area| area.contains(at)) {
            if !self.is_right() && !self.rows.is_empty() {
                self.detail = Some(0);
            }
            return;
        }
        let Some(area) = self.list_area(around).filter(|area| area.contains(at) && at.y > area.y) else { return };
        let row = self.cursor.offset + usize::from(at.y - area.y - 1);
        if row < self.rows.len() {
            (self.detail, self.answer, self.onto) = (None, None::<Answer>, None::<Onto>);
            let (len, height) = (self.rows.len(), Table::height(area, true));
            self.cursor.go(row, len, height);
        }
    }

    fn click_live(&mut self, at: Position, around: &Around) {
        let (panes, detail) = (self.live.panes(around), self.live.detail.is_some());
        if panes.detail(detail).is_some_and(|area| area.contains(at)) {
            self.live.detail = self.live.detail.or(Some(0));
            return;
        }
        let Some(area) = panes.list(detail).filter(|area| area.contains(at) && at.y > area.y) else { return };
        let len = self.live.progress.as_ref().map_or(0, |progress| progress.items.len());
        let row = self.live.cursor.offset + usize::from(at.y - area.y - 1);
        if row < len {
            (self.live.detail, self.live.moved) = (None, true);
            self.live.cursor.go(row, len, Table::height(area, true));
        }
    }
}
