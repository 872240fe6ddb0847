//! What happens on the Verify screen. Pure.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::{Effect, Model, Msg, Row, Standing, exception};
use crate::domain::trust::Verified;
use crate::report::Report;
use crate::tui::effect::Effect as Outer;
use crate::tui::keymap::{Action, Key, Motion, Scope};
use crate::tui::screens::{Around, Compare, Place, Screen, Subject, Wish};
use crate::tui::theme::Look;
use crate::tui::widgets::{Divider, Split, Table, Toast};

/// The list's part of a wide body, in percent.
const SHARE: u16 = 52;
/// The list's columns at most.
const WIDEST: u16 = 100;

fn wish(effect: Effect) -> Wish {
    Wish::Do(Outer::Verify(effect))
}

impl Model {
    /// Verifies an image; what was found of the same image shows until the answer is there.
    pub fn verify(&mut self, image: String) -> Vec<Wish> {
        if self.asked.as_ref() != Some(&image) {
            *self = Self { run: self.run, ..Self::default() };
        }
        if matches!(self.standing, Standing::Failed(_)) {
            self.verified = None;
        }
        self.run += 1;
        self.standing = Standing::Going;
        self.asked = Some(image.clone());
        vec![wish(Effect::Verify { image, run: self.run })]
    }

    /// What was under way was given up.
    pub fn give_up(&mut self) -> Vec<Wish> {
        if self.standing == Standing::Going {
            self.standing = Standing::Stopped;
        }
        Vec::new()
    }

    /// Takes one message in.
    pub fn receive(&mut self, msg: Msg, around: &Around) -> Vec<Wish> {
        let Msg::Verified { run, verified } = msg;
        // What was given up, or asked for before something else, is late.
        if run == self.run && self.standing == Standing::Going {
            self.found(verified);
            self.settle(around);
        }
        Vec::new()
    }

    fn found(&mut self, verified: Result<Arc<Verified>, Report>) {
        match verified {
            Ok(verified) => self.take(verified),
            Err(report) => {
                // What was found before no longer counts.
                (self.verified, self.detail) = (None, None);
                self.rows.clear();
                self.standing = Standing::Failed(report);
            }
        }
    }

    /// The two panes.
    pub(super) fn panes(&self, around: &Around) -> Split {
        around.sizes(Screen::Verify).split(around.body, (SHARE, WIDEST), self.detail.is_some())
    }

    fn height(&self, around: &Around) -> usize {
        let list = self.panes(around).list(self.detail.is_some());
        Table::height(list.unwrap_or(around.body), false)
    }

    /// Keeps what is selected in sight, after anything changed.
    fn settle(&mut self, around: &Around) {
        let (len, height) = (self.rows.len(), self.height(around));
        self.cursor.follow(len, height);
        if let Some(top) = self.detail {
            self.detail = Some(top.min(self.detail_end(around)));
        }
    }

    /// The last first line of the right pane.
    fn detail_end(&self, around: &Around) -> usize {
        let area = self.panes(around).detail(true).unwrap_or(around.body);
        let lines = self.detail_lines(&Look::of_roles(false), usize::from(area.width)).len();
        lines.saturating_sub(usize::from(area.height))
    }

    fn step(&mut self, motion: Motion, around: &Around) {
        if let Some(top) = self.detail {
            let area = self.panes(around).detail(true).unwrap_or(around.body);
            self.detail = match motion {
                Motion::Left => None,
                _ => Some(motion.leads(top, usize::from(area.height).max(2)).min(self.detail_end(around))),
            };
            return;
        }
        match (motion, self.selected()) {
            (Motion::Right, Some(Row::Level(level))) if !self.is_open(level) => self.set_open(level, true),
            (Motion::Right, Some(Row::Check(..))) => self.detail = Some(0),
            (Motion::Right, _) => self.cursor.step(Motion::Down, self.rows.len(), self.height(around)),
            (Motion::Left, Some(Row::Level(level))) => self.set_open(level, false),
            (Motion::Left, Some(Row::Check(level, _))) => {
                if let Some(at) = self.row_of(Row::Level(level)) {
                    self.cursor.selected = at;
                }
            }
            _ => self.cursor.step(motion, self.rows.len(), self.height(around)),
        }
    }

    fn set_open(&mut self, level: usize, open: bool) {
        if open {
            self.open.insert(level);
        } else {
            self.open.remove(&level);
        }
        self.remake();
    }

    fn open_selected(&mut self) {
        match self.selected() {
            Some(Row::Level(level)) if !self.filter.is_active() => self.set_open(level, !self.open.contains(&level)),
            Some(_) => self.detail = self.detail.or(Some(0)),
            None => {}
        }
    }

    fn back(&mut self) -> Vec<Wish> {
        if self.detail.take().is_none() && !self.drop_filter() && self.standing == Standing::Going {
            return self.stop();
        }
        Vec::new()
    }

    fn drop_filter(&mut self) -> bool {
        let anchor = self.selected();
        let dropped = self.filter.drop_it();
        if dropped {
            // What was found stays in sight.
            self.open.extend(anchor.map(Row::level));
            self.remake();
        }
        dropped
    }

    fn stop(&mut self) -> Vec<Wish> {
        self.standing = Standing::Stopped;
        vec![wish(Effect::Stop)]
    }

    fn next(&mut self, forward: bool, around: &Around) -> Vec<Wish> {
        if self.filter.is_active() && self.detail.is_none() {
            let motion = if forward { Motion::Down } else { Motion::Up };
            self.cursor.step(motion, self.rows.len(), self.height(around));
            return Vec::new();
        }
        if self.next_blocking(forward) {
            self.detail = self.detail.map(|_| 0);
            return Vec::new();
        }
        vec![Wish::Tell(Toast::done("no check stands in the way"))]
    }

    fn fold_all(&mut self, open: bool) {
        let all = self.verified.as_ref().map_or(0, |verified| verified.chain.len());
        self.open = if open { (0..all).collect() } else { Default::default() };
        self.remake();
    }

    /// The evidence of a check; of a level its digest.
    fn copy(&self) -> Vec<Wish> {
        let text = match self.selected_check() {
            Some((_, check)) if check.finding.evidence.is_empty() => {
                Some(format!("{}: {}", check.id, check.finding.reason))
            }
            Some((_, check)) => Some(check.finding.evidence.join("\n")),
            None => self.selected_level().map(|level| level.digest.to_string()),
        };
        text.map(|text| Wish::Do(Outer::Copy(text))).into_iter().collect()
    }

    fn except(&self) -> Vec<Wish> {
        match (self.selected_check(), self.selected()) {
            (Some((level, check)), _) => vec![exception::question(level, check)],
            (None, Some(_)) => {
                let toast = Toast::warning("exceptions are to checks, not to images").next("n goes to one that fails");
                vec![Wish::Tell(toast)]
            }
            (None, None) => Vec::new(),
        }
    }

    fn obey(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        match action {
            Action::Refresh => return self.asked.clone().map(|image| self.verify(image)).unwrap_or_default(),
            Action::Cancel if self.standing == Standing::Going => return self.stop(),
            Action::Back => return self.back(),
            // There is nothing yet to move in or to sift.
            _ if self.verified.is_none() => {}
            Action::Move(motion) => self.step(motion, around),
            Action::Open if self.filter.editing => self.filter.keep(),
            Action::Open => self.open_selected(),
            Action::OtherPane => self.detail = if self.detail.is_some() { None } else { Some(0) },
            Action::Filter => {
                self.detail = None;
                self.filter.begin();
            }
            Action::NextMatch => return self.next(true, around),
            Action::PreviousMatch => return self.next(false, around),
            Action::OpenAll => self.fold_all(true),
            Action::CloseAll => self.fold_all(false),
            Action::Copy => return self.copy(),
            Action::Exception => return self.except(),
            Action::Compare => {
                let image = self.selected_level().map(|level| level.reference.clone());
                return image.map(|image| Wish::Compare(Compare::Image(image))).into_iter().collect();
            }
            Action::Edit => {
                let image = self.selected_level().map(|level| level.reference.clone());
                return image.map(Wish::EditMaker).into_iter().collect();
            }
            _ => {}
        }
        Vec::new()
    }

    fn retyped(&mut self, around: &Around) -> Vec<Wish> {
        self.remake();
        self.settle(around);
        Vec::new()
    }

    fn click(&mut self, at: Position, around: &Around) {
        let panes = self.panes(around);
        if panes.detail(self.detail.is_some()).is_some_and(|area| area.contains(at)) {
            self.detail = self.detail.or(Some(0));
            return;
        }
        let list = panes.list(self.detail.is_some());
        let Some(area) = list.filter(|area| area.contains(at)) else { return };
        let row = self.cursor.offset + usize::from(at.y - area.y);
        if row >= self.rows.len() {
            return;
        }
        self.detail = None;
        let (len, height) = (self.rows.len(), Table::height(area, false));
        self.cursor.go(row, len, height);
    }
}

impl Place for Model {
    fn scopes(&self) -> Vec<Scope> {
        match &self.verified {
            _ if self.filter.editing => vec![Scope::Line],
            None if self.asked.is_some() => vec![Scope::VerifyUnread],
            None => vec![Scope::List],
            Some(_) if self.detail.is_some() => vec![Scope::VerifyDetail, Scope::List],
            Some(_) => vec![Scope::Verify, Scope::List],
        }
    }

    fn takes_back(&self) -> bool {
        let is_going = self.standing == Standing::Going;
        is_going || self.detail.is_some() || self.filter.editing || self.filter.is_active()
    }

    fn enter(&mut self, around: &Around) -> Vec<Wish> {
        self.settle(around);
        Vec::new()
    }

    fn act(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        let wishes = self.obey(action, around);
        self.settle(around);
        wishes
    }

    fn typed(&mut self, key: Key, around: &Around) -> Vec<Wish> {
        if self.filter.typed(key) { self.retyped(around) } else { Vec::new() }
    }

    fn pasted(&mut self, text: &str, around: &Around) -> Vec<Wish> {
        self.filter.pasted(text);
        self.retyped(around)
    }

    fn clicked(&mut self, at: Position, around: &Around) -> Vec<Wish> {
        if self.verified.is_some() {
            self.click(at, around);
            self.settle(around);
        }
        Vec::new()
    }

    fn opens(&self, at: Position, around: &Around) -> bool {
        let list = self.panes(around).list(self.detail.is_some()).filter(|area| area.contains(at));
        list.is_some_and(|area| self.cursor.offset + usize::from(at.y - area.y) == self.cursor.selected)
    }

    fn point_at(&mut self, at: Position, around: &Around) -> usize {
        let is_detail = self.panes(around).is_detail(self.detail.is_some(), at) == Some(true);
        self.detail = (is_detail && self.verified.is_some()).then_some(self.detail.unwrap_or(0));
        if is_detail { 3 } else { 1 }
    }

    fn dividers(&self, around: &Around) -> Vec<Divider> {
        if self.verified.is_some() { self.panes(around).dividers() } else { Vec::new() }
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
