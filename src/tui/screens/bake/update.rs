//! What happens on the Bake screen. Pure.

use std::path::PathBuf;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::log::Viewport;
use super::model::{Focus, Pane, Standing};
use super::places::Places;
use super::{Effect, Model, Msg, Told};
use crate::domain::journal::{BakeStatus, EventKind};
use crate::domain::plan::StepId;
use crate::tui::effect::Effect as Outer;
use crate::tui::errands;
use crate::tui::keymap::{Action, Key, Motion, Scope};
use crate::tui::screens::{Around, Compare, Place, Screen, Subject, Wish};
use crate::tui::theme::Look;
use crate::tui::widgets::{Confirm, Divider, Filter, Table, Toast};

impl Model {
    /// Watches a bake from its beginning, or plays it again.
    pub fn watch(&mut self, bake: String, replay: bool, _around: &Around) -> Vec<Wish> {
        let effect = Effect::Watch { bake: bake.clone(), replay };
        *self = Self {
            bake: Some(bake),
            replay,
            asked: true,
            log: Viewport { wrap: self.log.wrap, ..Viewport::default() },
            ..Self::default()
        };
        vec![Wish::Do(Outer::Bake(effect))]
    }

    /// Takes one message in.
    pub fn receive(&mut self, msg: Msg, around: &Around) -> Vec<Wish> {
        match msg {
            Msg::Records { bake, records } if self.bake.as_ref() == Some(&bake) => {
                let (before, running) = (self.view.committed.is_some(), self.status().is_none());
                records.iter().for_each(|told| self.fold(told));
                let refused = running && self.status() == Some(BakeStatus::Rejected);
                if refused && self.focus == (Focus::Steps, Pane::Step) && self.places(around).step.is_some() {
                    self.focus.1 = Pane::Checks;
                }
                self.settle(around);
                let made = !before && self.view.committed.is_some() && !self.replay;
                let again = made.then_some(Wish::ReadAgain);
                again.into_iter().chain(self.exact_changes()).collect()
            }
            Msg::Ended { bake, lost } if self.bake.as_ref() == Some(&bake) => {
                self.standing = if lost { Standing::Lost } else { Standing::Over };
                self.settle(around);
                Vec::new()
            }
            Msg::Unreadable { bake, report } if self.bake.as_ref() == Some(&bake) => {
                self.standing = Standing::Unreadable(report);
                Vec::new()
            }
            Msg::Changes { bake, step, read } if self.bake.as_ref() == Some(&bake) => {
                self.changed.put(step, read);
                self.show_changes(around);
                Vec::new()
            }
            // Of a bake that is no longer on show.
            Msg::Records { .. } | Msg::Ended { .. } | Msg::Unreadable { .. } | Msg::Changes { .. } => Vec::new(),
            Msg::Newest(Some(bake)) if self.bake.is_none() => self.watch(bake, false, around),
            Msg::Newest(_) => {
                self.asked = false;
                Vec::new()
            }
            Msg::Cancelled(Ok(bake)) => {
                let short: String = bake.chars().take(10).collect();
                vec![Wish::Tell(Toast::done(format!("asked bake {short} to stop")))]
            }
            Msg::Cancelled(Err(report)) => vec![Wish::Tell(Toast::failure(&report))],
        }
    }

    fn fold(&mut self, told: &Told) {
        if let EventKind::StepOutput { step, length, .. } = &told.event.kind {
            self.write(step, *length, &told.output);
        }
        self.changed.apply(&told.event);
        self.view.apply(&told.event);
    }

    /// Takes a step's output in; a reader who does not follow keeps the lines in sight.
    fn write(&mut self, step: &StepId, length: u64, output: &[u8]) {
        let log = self.logs.entry(step.clone()).or_default();
        let dropped = log.dropped;
        log.push(output);
        let left_out = length.saturating_sub(output.len() as u64);
        if left_out > 0 {
            log.leave_out(left_out);
        }
        let gone = usize::try_from(log.dropped - dropped).unwrap_or(usize::MAX);
        if gone > 0 && self.selected().is_some_and(|row| row.id == *step) {
            self.log.top = self.log.top.saturating_sub(gone);
            self.log.found = self.log.found.and_then(|at| at.checked_sub(gone));
        }
    }

    /// Keeps the selection on the liveliest step until the user holds it.
    fn settle(&mut self, around: &Around) {
        let len = self.rows().len();
        let height = self.steps_height(around);
        if self.held {
            self.steps.follow(len, height);
        } else {
            let to = self.liveliest();
            if to != self.steps.selected {
                self.log = Viewport { wrap: self.log.wrap, ..Viewport::default() };
            }
            self.steps.go(to, len, height);
        }
        self.show_changes(around);
        self.settle_checks(self.checks_height(around));
    }

    /// Lays out the selected step's changes.
    fn show_changes(&mut self, around: &Around) {
        let step = self.selected().map(|row| row.id.clone());
        let height = self.changes_height(around);
        self.changed.show(step.as_ref(), height);
        if self.focus.0 == Focus::Changes && self.changed.fold.is_empty() {
            self.focus = (Focus::Steps, Pane::Step);
        }
    }

    /// Asks for what exactly the selected step's layer changes, once.
    fn exact_changes(&mut self) -> Option<Wish> {
        let step = self.selected()?.id.clone();
        let (bake, stack) = (self.bake.clone()?, Box::new(self.view.stack_of(&step)?));
        let wanted = self.changed.wants(&step);
        wanted.then_some(Wish::Do(Outer::Bake(Effect::Changes { bake, step, stack })))
    }

    pub(super) fn places(&self, around: &Around) -> Places {
        Places::of(around.body, self.focus, around.sizes(Screen::Bake))
    }

    pub(super) fn steps_height(&self, around: &Around) -> usize {
        let area = super::view::list_area(self, self.places(around).steps.unwrap_or(around.body));
        Table::height(area, false)
    }

    pub(super) fn changes_height(&self, around: &Around) -> usize {
        let area = self.places(around).step.unwrap_or(around.body);
        usize::from(super::step::tree_area(self, area).height)
    }

    pub(super) fn checks_height(&self, around: &Around) -> usize {
        usize::from(self.places(around).checks.unwrap_or(around.body).height)
    }

    fn log_height(&self, around: &Around) -> usize {
        usize::from(self.places(around).log.unwrap_or(around.body).height)
    }

    fn step(&mut self, motion: Motion, around: &Around) {
        if self.focus.0 == Focus::Log {
            if motion == Motion::Left {
                self.focus.0 = Focus::Steps;
                return;
            }
            let (len, height) = (self.log_text().map_or(0, super::LogText::len), self.log_height(around));
            self.log.step(motion, len, height);
            return;
        }
        if matches!(self.focus.0, Focus::Checks | Focus::Evidence) {
            return self.step_in_checks(motion, around);
        }
        if self.focus.0 == Focus::Changes {
            let height = self.changes_height(around);
            if self.changed.with_tree(|fold, tree| fold.step(tree, motion, height)) == Some(false) {
                self.back();
            }
            return;
        }
        if motion == Motion::Right {
            return self.open_log();
        }
        let (len, height) = (self.rows().len(), self.steps_height(around));
        let before = self.steps.selected;
        self.steps.step(motion, len, height);
        self.held = true;
        if self.steps.selected != before {
            self.log = Viewport { wrap: self.log.wrap, ..Viewport::default() };
        }
    }

    /// The other panes, one after the other.
    fn other_pane(&mut self, around: &Around) -> Vec<Wish> {
        match self.focus {
            (Focus::Steps, Pane::Step) if !self.changed.fold.is_empty() => return self.open_changes(),
            (Focus::Steps, Pane::Step | Pane::Checks) | (Focus::Changes, _) => self.open_checks(around),
            (Focus::Checks | Focus::Evidence, _) => self.open_log(),
            _ => self.focus = (Focus::Steps, Pane::Step),
        }
        Vec::new()
    }

    pub(super) fn open_log(&mut self) {
        self.focus = (Focus::Log, Pane::Log);
    }

    /// The files the selected step changes get the keys.
    pub fn open_changes(&mut self) -> Vec<Wish> {
        if self.changed.fold.is_empty() {
            return vec![Wish::Tell(Toast::warning("nothing is known to change here"))];
        }
        // The next step does not take the reader away.
        self.held = true;
        self.focus = (Focus::Changes, Pane::Step);
        self.changed.fold.start_over();
        Vec::new()
    }

    /// Whoever read the files does not any more.
    pub(super) fn leave_changes(&mut self) {
        if self.focus.0 == Focus::Changes {
            self.changed.fold.release();
        }
    }

    fn back(&mut self) {
        if self.search.drop_it() {
            return;
        }
        match self.focus {
            (Focus::Changes, _) => {
                self.leave_changes();
                self.focus = (Focus::Steps, Pane::Step);
            }
            (Focus::Evidence, _) => self.focus = (Focus::Checks, Pane::Checks),
            (Focus::Log | Focus::Checks, _) => self.focus = (Focus::Steps, Pane::Step),
            (Focus::Steps, Pane::Step) => self.held = false,
            (Focus::Steps, _) => self.focus.1 = Pane::Step,
        }
    }

    fn ask_to_cancel(&self) -> Vec<Wish> {
        let Some(bake) = self.bake.clone().filter(|_| self.is_running()) else {
            return vec![Wish::Tell(Toast::warning("no bake runs here").next("7 lists them all"))];
        };
        let then = vec![Wish::Do(Outer::Bake(Effect::Cancel(bake)))];
        let text = format!(
            "{} stops where it is. Nothing is put into the local store; finished steps stay in the cache.",
            self.view.reference()
        );
        vec![Wish::Ask(Confirm::no_or("cancel this bake?", text, "cancel the bake", then))]
    }

    fn again(&self) -> Vec<Wish> {
        match &self.view.started {
            Some(started) => vec![Wish::Bake(PathBuf::from(&started.recipe))],
            None => Vec::new(),
        }
    }

    /// The next line the search finds, round the log's end; the first time the newest of what is followed.
    fn jump(&mut self, forward: bool, around: &Around) -> Vec<Wish> {
        let Some(log) = self.log_text().filter(|_| self.search.is_active()) else { return Vec::new() };
        let (len, height) = (log.len(), self.log_height(around));
        let first = self.log.first(len, height);
        let hit = |index: &usize| log.line(*index).is_some_and(|line| self.search.lets(&line));
        let found = match (self.log.found.filter(|at| *at < len), forward) {
            (None, _) if self.log.follow => (0..len).rev().find(hit),
            (None, _) => (first..len).chain(0..first).find(hit),
            (Some(at), true) => (at + 1..len).chain(0..=at).find(hit),
            (Some(at), false) => (0..at).rev().chain((at..len).rev()).find(hit),
        };
        let Some(to) = found else {
            return vec![Wish::Tell(
                Toast::warning("no line of this log has that").next("/ searches for something else"),
            )];
        };
        // What is in sight does not move.
        let in_sight = (first..first + height).contains(&to);
        let top = if in_sight { first } else { to.saturating_sub(height / 2) };
        self.log = Viewport { top, follow: false, found: Some(to), ..self.log };
        Vec::new()
    }
}

impl Place for Model {
    fn scopes(&self) -> Vec<Scope> {
        let bake = if self.is_running() { Scope::Bake } else { Scope::BakeOver };
        let failed = self.shell_target().map(|_| Scope::BakeFailed);
        match (self.search.editing, self.focus.0) {
            (true, _) => vec![Scope::Line],
            (false, Focus::Log) => [Scope::Log].into_iter().chain(failed).chain([Scope::List]).collect(),
            (false, Focus::Changes) => [Scope::Changes].into_iter().chain(failed).chain([Scope::List]).collect(),
            (false, Focus::Checks) => vec![Scope::BakeChecks, Scope::List],
            (false, Focus::Evidence) => vec![Scope::BakeEvidence, Scope::List],
            (false, Focus::Steps) if self.bake.is_none() => vec![Scope::List],
            (false, Focus::Steps) => failed.into_iter().chain([bake, Scope::List]).collect(),
        }
    }

    fn takes_back(&self) -> bool {
        let is_held = self.held && self.is_running();
        is_held || self.search.editing || self.search.is_active() || self.focus != (Focus::Steps, Pane::Step)
    }

    fn enter(&mut self, around: &Around) -> Vec<Wish> {
        self.settle(around);
        if self.bake.is_some() { self.exact_changes().into_iter().collect() } else { self.look_for_one() }
    }

    fn act(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        let mut wishes = self.obey(action, around);
        self.show_changes(around);
        self.settle_checks(self.checks_height(around));
        wishes.extend(self.exact_changes());
        wishes
    }

    fn typed(&mut self, key: Key, _around: &Around) -> Vec<Wish> {
        self.search.typed(key);
        Vec::new()
    }

    fn pasted(&mut self, text: &str, _around: &Around) -> Vec<Wish> {
        self.search.pasted(text);
        Vec::new()
    }

    fn clicked(&mut self, at: Position, around: &Around) -> Vec<Wish> {
        self.click(at, around);
        self.show_changes(around);
        self.exact_changes().into_iter().collect()
    }

    fn opens(&self, at: Position, around: &Around) -> bool {
        self.is_selected_at(at, around)
    }

    fn point_at(&mut self, at: Position, around: &Around) -> usize {
        self.point(at, around)
    }

    fn dividers(&self, around: &Around) -> Vec<Divider> {
        if self.bake.is_some() { self.places(around).dividers(around.body) } else { Vec::new() }
    }

    fn resized(&mut self, around: &Around) -> Vec<Wish> {
        // There is other room: what is open is chosen anew.
        self.changed.fold.start_over();
        self.settle(around);
        Vec::new()
    }

    fn wants_clock(&self) -> bool {
        self.is_running()
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
    /// Asks for the newest bake, once.
    fn look_for_one(&mut self) -> Vec<Wish> {
        if std::mem::replace(&mut self.asked, true) {
            return Vec::new();
        }
        vec![Wish::Do(Outer::Bake(Effect::Newest))]
    }
}

impl Model {
    fn obey(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        match action {
            Action::Move(motion) => self.step(motion, around),
            Action::Open if self.search.editing => {
                self.search.keep();
                return self.jump(true, around);
            }
            Action::Open if self.focus.0 == Focus::Changes => {
                let height = self.changes_height(around);
                self.changed.with_tree(|fold, tree| fold.toggle(tree, height));
            }
            Action::Sort if self.focus.0 == Focus::Changes => {
                let height = self.changes_height(around);
                self.changed.with_tree(|fold, tree| fold.reorder(tree, height));
            }
            Action::Changes => return self.open_changes(),
            Action::Shell => {
                return self.shell_target().map(|target| Wish::Do(Outer::Shell(target))).into_iter().collect();
            }
            Action::Back => self.back(),
            Action::Open if self.focus.0 == Focus::Checks => self.open_evidence(),
            Action::Open if self.focus.0 == Focus::Evidence => {}
            Action::Verify => return self.verify(around),
            Action::Publish => {
                let image = format!("local/{}", self.view.reference());
                return match self.view.committed {
                    Some(_) => vec![Wish::Do(Outer::Errand(errands::Effect::PlanPublish(vec![image])))],
                    None => {
                        vec![Wish::Tell(Toast::warning("that bake made no image").next("b bakes the recipe again"))]
                    }
                };
            }
            Action::NextMatch if self.focus.0 == Focus::Checks => return self.next_check(true, around),
            Action::PreviousMatch if self.focus.0 == Focus::Checks => return self.next_check(false, around),
            Action::Copy if matches!(self.focus.0, Focus::Checks | Focus::Evidence) => {
                let text = self.selected_check().map(|row| row.evidence.join("\n")).filter(|text| !text.is_empty());
                return text.map(|text| Wish::Do(Outer::Copy(text))).into_iter().collect();
            }
            Action::OtherPane => return self.other_pane(around),
            Action::Open | Action::Log => self.open_log(),
            Action::Follow => self.log.follow = !self.log.follow,
            Action::Wrap => self.log.wrap = !self.log.wrap,
            Action::Filter => {
                self.open_log();
                (self.search, self.log.found) = (Filter::default(), None);
                self.search.begin();
            }
            Action::NextMatch => return self.jump(true, around),
            Action::PreviousMatch => return self.jump(false, around),
            Action::CancelBake => return self.ask_to_cancel(),
            Action::Cancel if self.is_running() => return self.ask_to_cancel(),
            Action::Bake => return self.again(),
            Action::Replay => {
                return match self.bake.clone() {
                    Some(bake) if !self.is_running() => vec![Wish::Watch { bake, replay: true }],
                    _ => Vec::new(),
                };
            }
            Action::Compare => {
                let reference = self.view.reference().to_owned();
                let asked = self.bake.clone().map(|bake| Compare::Bake { bake, reference });
                return asked.map(Wish::Compare).into_iter().collect();
            }
            Action::Copy => {
                let digest = self.view.committed.as_ref().map(|committed| committed.image.digest.to_string());
                return digest.map(|digest| Wish::Do(Outer::Copy(digest))).into_iter().collect();
            }
            _ => {}
        }
        Vec::new()
    }
}
