//! What happens on the Bakes screen. Pure.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::{Effect, Model, Msg};
use crate::domain::projection::{ShelfRow, ShelfStatus};
use crate::tui::effect::Effect as Outer;
use crate::tui::keymap::{Action, Key, Motion, Scope};
use crate::tui::screens::{Around, Place, Subject, Wish};
use crate::tui::theme::Look;
use crate::tui::widgets::{Confirm, Split, Table, Toast, split};

/// The list's part of a wide body, in percent.
pub(super) const SHARE: u16 = 64;

impl Model {
    /// Takes one message in.
    pub fn receive(&mut self, msg: Msg, around: &Around) -> Vec<Wish> {
        match msg {
            Msg::Listed(Ok(rows)) => {
                self.take(rows, around);
                Vec::new()
            }
            Msg::Listed(Err(report)) => {
                self.failure = Some(report);
                Vec::new()
            }
            Msg::Cancelled(Ok(bake)) => {
                let short: String = bake.chars().take(10).collect();
                vec![Wish::Tell(Toast::done(format!("asked bake {short} to stop")))]
            }
            Msg::Cancelled(Err(report)) => vec![Wish::Tell(Toast::failure(&report))],
        }
    }

    fn take(&mut self, mut rows: Vec<ShelfRow>, around: &Around) {
        let selected = self.selected().map(|row| row.bake.clone());
        // Stable: what runs comes first, the rest stays newest first.
        rows.sort_by_key(|row| row.status != ShelfStatus::Running);
        (self.rows, self.read, self.failure) = (rows, true, None);
        self.narrow(around);
        let again =
            selected.and_then(|bake| (0..self.len()).find(|at| self.row(*at).is_some_and(|row| row.bake == bake)));
        // A selection at the top stays at the top: there the newest comes up.
        if let Some(at) = again.filter(|_| self.cursor.selected > 0) {
            self.cursor.go(at, self.len(), self.height(around));
        }
    }

    fn narrow(&mut self, around: &Around) {
        let lets = |row: &ShelfRow| self.filter.lets(&Self::words(row));
        self.shown = self.rows.iter().enumerate().filter(|(_, row)| lets(row)).map(|(number, _)| number).collect();
        self.cursor.follow(self.shown.len(), self.height(around));
    }

    pub(super) fn panes(&self, around: &Around) -> Split {
        split(around.body, SHARE)
    }

    fn height(&self, around: &Around) -> usize {
        Table::height(self.panes(around).list(self.detail).unwrap_or(around.body), true)
    }

    fn watch(&self, replay: bool) -> Vec<Wish> {
        let bake = self.selected().map(|row| row.bake.clone());
        bake.map(|bake| Wish::Watch { bake, replay }).into_iter().collect()
    }

    fn ask_to_cancel(&self) -> Vec<Wish> {
        let Some(row) = self.selected() else { return Vec::new() };
        if row.status != ShelfStatus::Running {
            let text = format!("{} is over: {}", row.reference, row.status);
            return vec![Wish::Tell(Toast::warning(text).next("Enter shows how it ended"))];
        }
        let then = vec![Wish::Do(Outer::Bakes(Effect::Cancel(row.bake.clone())))];
        let text = format!(
            "{} stops where it is. Nothing is put into the local store; finished steps stay in the cache.",
            row.reference
        );
        vec![Wish::Ask(Confirm::no_or("cancel this bake?", text, "cancel the bake", then))]
    }
}

impl Place for Model {
    fn scopes(&self) -> Vec<Scope> {
        if self.filter.editing { vec![Scope::Line] } else { vec![Scope::Bakes, Scope::List] }
    }

    fn enter(&mut self, _around: &Around) -> Vec<Wish> {
        if std::mem::replace(&mut self.asked, true) { Vec::new() } else { vec![Wish::Do(Outer::Bakes(Effect::List))] }
    }

    fn act(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        match action {
            Action::Move(Motion::Right) => self.detail = true,
            Action::Move(Motion::Left) => self.detail = false,
            Action::Move(motion) => self.cursor.step(motion, self.len(), self.height(around)),
            Action::NextMatch => self.cursor.step(Motion::Down, self.len(), self.height(around)),
            Action::PreviousMatch => self.cursor.step(Motion::Up, self.len(), self.height(around)),
            Action::Open if self.filter.editing => self.filter.keep(),
            Action::Open | Action::Log => return self.watch(false),
            Action::Replay => return self.watch(true),
            Action::CancelBake => return self.ask_to_cancel(),
            Action::Cancel if self.selected().is_some_and(|row| row.status == ShelfStatus::Running) => {
                return self.ask_to_cancel();
            }
            Action::Filter => self.filter.begin(),
            Action::OtherPane => self.detail = !self.detail,
            Action::Back if std::mem::take(&mut self.detail) => {}
            Action::Back => {
                if self.filter.drop_it() {
                    self.narrow(around);
                }
            }
            Action::Refresh => return vec![Wish::Do(Outer::Bakes(Effect::List))],
            Action::Copy => {
                return self.selected().map(|row| Wish::Do(Outer::Copy(row.bake.clone()))).into_iter().collect();
            }
            _ => {}
        }
        Vec::new()
    }

    fn typed(&mut self, key: Key, around: &Around) -> Vec<Wish> {
        if self.filter.typed(key) {
            self.narrow(around);
        }
        Vec::new()
    }

    fn pasted(&mut self, text: &str, around: &Around) -> Vec<Wish> {
        self.filter.pasted(text);
        self.narrow(around);
        Vec::new()
    }

    fn clicked(&mut self, at: Position, around: &Around) -> Vec<Wish> {
        let Some(area) = self.panes(around).list(self.detail).filter(|area| area.contains(at) && at.y > area.y) else {
            return Vec::new();
        };
        let row = self.cursor.offset + usize::from(at.y - area.y - 1);
        if row == self.cursor.selected {
            return self.watch(false);
        }
        if row < self.len() {
            self.cursor.go(row, self.len(), self.height(around));
        }
        Vec::new()
    }

    fn resized(&mut self, around: &Around) -> Vec<Wish> {
        self.cursor.follow(self.len(), self.height(around));
        Vec::new()
    }

    fn wants_clock(&self) -> bool {
        self.rows.iter().any(|row| row.status == ShelfStatus::Running)
    }

    fn subject(&self, look: &Look, around: &Around) -> Subject {
        super::view::subject(self, look, around)
    }

    fn draw(&self, look: &Look, around: &Around, buffer: &mut Buffer) {
        super::view::draw(self, look, around, buffer);
    }

    fn cursor(&self, _around: &Around) -> Option<Position> {
        let typed = "bakes".len() + 2 + 3 + crate::tui::format::width(&self.filter.text);
        self.filter.editing.then_some(Position { x: u16::try_from(typed).ok()?, y: 1 })
    }
}
