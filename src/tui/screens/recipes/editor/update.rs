//! What the editor is told, and what it asks for when its text changes. Pure.

use ratatui::layout::Position;

use super::super::paint::Syntax;
use super::model::{State, outer};
use super::{Asked, Effect, Model, Msg, Text};
use crate::domain::recipe::{Problem, Severity};
use crate::report::Report;
use crate::tui::screens::{Around, Wish};
use crate::tui::widgets::Toast;

/// A wish for one of the editor's effects.
pub(super) fn wish(effect: Effect) -> Wish {
    Wish::Do(outer(effect))
}

impl Model {
    /// Takes one message in.
    pub fn receive(&mut self, msg: Msg, around: &Around) -> Vec<Wish> {
        match msg {
            Msg::Text { file, read } if file == self.file => self.opened(read, around),
            Msg::Draft { file, draft } if file == self.file => self.draft_found(draft),
            Msg::Judged { file, version, problems } if file == self.file => self.judged(version, problems, around),
            Msg::Completed { file, version, at, completions } if file == self.file => {
                self.completed(version, at, completions, around)
            }
            Msg::Explained { file, version, at, hover } if file == self.file => self.explained(version, at, hover),
            Msg::Foreseen { file, version, foresight } if file == self.file => {
                self.plan.take(version, foresight);
                Vec::new()
            }
            Msg::Kept { file, version, outcome } if file == self.file => self.kept(version, outcome),
            Msg::OnDisk { file, now } if file == self.file => self.on_disk(now),
            Msg::Saved { file, text, outcome } if file == self.file => self.was_saved(text, outcome),
            Msg::Answer(answer) => self.answered(answer, around),
            // Of another recipe.
            Msg::Text { .. }
            | Msg::Draft { .. }
            | Msg::Judged { .. }
            | Msg::Completed { .. }
            | Msg::Explained { .. }
            | Msg::Foreseen { .. }
            | Msg::Kept { .. }
            | Msg::OnDisk { .. }
            | Msg::Saved { .. } => Vec::new(),
        }
    }

    fn opened(&mut self, read: Result<(String, Vec<Problem>), Report>, around: &Around) -> Vec<Wish> {
        match read {
            Ok((content, problems)) => {
                let mut text = Text::new(&content);
                let error = problems.iter().find(|problem| problem.severity == Severity::Error);
                if let Some(first) = error.or_else(|| problems.first()) {
                    let at = |number: u32| usize::try_from(number.saturating_sub(1)).unwrap_or(0);
                    text.go(at(first.line), at(first.column));
                }
                let was_open = self.text().is_some();
                self.show(text, problems, around);
                self.disk.read(content);
                let mut wishes = self.foresee();
                // What was typed before was given up for it.
                wishes.extend(was_open.then(|| wish(Effect::DropDraft(self.file.clone()))));
                wishes
            }
            // What was typed is not given up for a text that cannot be had.
            Err(report) if self.text().is_some() => vec![Wish::Tell(Toast::failure(&report))],
            Err(report) => {
                self.state = State::Refused(report);
                Vec::new()
            }
        }
    }

    /// Another text takes the place of the one that shows.
    pub(super) fn show(&mut self, text: Text, problems: Vec<Problem>, around: &Around) {
        self.syntax = Syntax::of(text.lines());
        (self.state, self.problems) = (State::Open(Box::new(text)), problems);
        self.version += 1;
        self.assistance.forget();
        self.plan.wanted = self.shows_plan(around.body);
        self.follow(around);
    }

    /// The text as it is now, for something to be asked of it.
    pub(super) fn asked(&self) -> Option<Asked> {
        let text = self.text()?;
        Some(Asked { file: self.file.clone(), text: text.content(), version: self.version, at: text.cursor() })
    }

    /// The text is another: it is judged anew, and kept against a crash.
    pub(super) fn changed(&mut self) -> Vec<Wish> {
        let State::Open(text) = &mut self.state else { return Vec::new() };
        let changed = text.take_changed();
        self.syntax.follow(text.lines(), &changed);
        for change in changed {
            shift(&mut self.problems, change.line, change.before, change.after);
        }
        self.version += 1;
        let Some(asked) = self.asked() else { return Vec::new() };
        let was_modified = std::mem::replace(&mut self.disk.modified, asked.text != self.disk.saved);
        let mut wishes = Vec::new();
        if self.disk.modified {
            wishes.extend(self.keep(&asked));
        } else if was_modified {
            wishes.push(wish(Effect::DropDraft(self.file.clone())));
        }
        // One at a time, at once where none is under way: its answer asks for the next.
        if self.judging.is_none() {
            self.judging = Some(asked.version);
            wishes.insert(0, wish(Effect::Judge(asked)));
        }
        wishes
    }

    fn judged(&mut self, version: u64, problems: Result<Vec<Problem>, Report>, around: &Around) -> Vec<Wish> {
        let is_awaited = self.judging == Some(version);
        self.judging = self.judging.filter(|_| !is_awaited);
        if version != self.version {
            if !is_awaited {
                return Vec::new();
            }
            let Some(asked) = self.asked() else { return Vec::new() };
            self.judging = Some(asked.version);
            return vec![wish(Effect::Judge(asked))];
        }
        match problems {
            Ok(problems) => {
                self.take_problems(problems, around);
                self.foresee()
            }
            Err(report) => vec![Wish::Tell(Toast::failure(&report))],
        }
    }

    /// Rows come and go with problems: the cursor's line stays where it is.
    fn take_problems(&mut self, problems: Vec<Problem>, around: &Around) {
        let before = self.cursor(around.body).map(|at| at.y);
        self.problems = problems;
        for _ in 0..around.body.height {
            let Some((was, is)) = before.zip(self.cursor(around.body).map(|at| at.y)) else { break };
            match is.cmp(&was) {
                std::cmp::Ordering::Greater => self.offset.0 += 1,
                std::cmp::Ordering::Less if self.offset.0 > 0 => self.offset.0 -= 1,
                _ => break,
            }
        }
        self.follow(around);
    }

    /// The body has another size.
    pub fn resized(&mut self, around: &Around) -> Vec<Wish> {
        self.plan.wanted = self.shows_plan(around.body);
        self.follow(around);
        self.foresee()
    }

    /// Something changed around it: what stands in the file now, and what a bake would do, may be otherwise.
    pub fn look_again(&mut self) -> Vec<Wish> {
        if self.text().is_none() {
            return Vec::new();
        }
        self.plan.forget();
        let mut wishes = self.foresee();
        wishes.push(wish(Effect::Look(self.file.clone())));
        wishes
    }

    /// A click: the cursor goes there.
    pub fn clicked(&mut self, at: Position, around: &Around) -> Vec<Wish> {
        let Some((line, column)) = self.place_at(at, around.body) else { return Vec::new() };
        self.assistance.forget();
        let Some(text) = self.text_mut() else { return Vec::new() };
        text.drop_mark();
        text.go(line, column);
        self.follow(around);
        self.explain(false)
    }

    /// Keeps the cursor in sight.
    pub(super) fn follow(&mut self, around: &Around) {
        self.offset = self.offset_in(around.body);
    }
}

/// Until the changed text is judged, what was wrong below the change goes with its line.
fn shift(problems: &mut Vec<Problem>, line: usize, before: usize, after: usize) {
    if before == after {
        return;
    }
    problems.retain_mut(|problem| {
        let at = usize::try_from(problem.line).unwrap_or(usize::MAX).saturating_sub(1);
        let moved = |number: u32| {
            let number = usize::try_from(number).unwrap_or(usize::MAX);
            u32::try_from((number + after).saturating_sub(before)).unwrap_or(u32::MAX)
        };
        if at <= line {
            return true;
        }
        if at < line + before {
            // Its line is gone.
            return false;
        }
        problem.line = moved(problem.line);
        problem.end = problem.end.map(|(line, column)| (moved(line), column));
        true
    });
}
