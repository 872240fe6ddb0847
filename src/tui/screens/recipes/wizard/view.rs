//! How the wizard looks: the four answers, and below them what may be chosen for the one that is asked. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::Model;
use super::model::Step;
use crate::tui::format;
use crate::tui::screens::Subject;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{badge, cut, marked, rule};

/// Where answers begin.
const ANSWERS: u16 = 8;

impl Model {
    /// Line 2.
    pub fn subject(&self, look: &Look) -> Subject {
        let what = vec![look.span(Role::Strong, "a new recipe")];
        let verdict = if self.is_making {
            vec![look.span(Role::Dim, "making it "), look.glyph(Glyph::Running)]
        } else {
            vec![look.span(Role::Dim, format!("answer {} of {}", self.step as usize + 1, Step::ALL.len()))]
        };
        Subject { what, verdict }
    }

    /// Draws it into `area`.
    pub fn draw(&self, look: &Look, area: Rect, buffer: &mut Buffer) {
        let room = usize::from(area.width.saturating_sub(ANSWERS + 2));
        for (y, step) in (area.y..area.bottom()).zip(Step::ALL) {
            let here = step == self.step;
            let row = Rect { y, height: 1, ..area };
            if here {
                buffer.set_style(row, look.style(Role::SelectionIdle));
                buffer.set_span(area.x, y, &look.span(Role::Accent, look.mark()), 1);
            }
            let role = if here { Role::Key } else { Role::Dim };
            buffer.set_span(area.x + 2, y, &look.span(role, step.title()), ANSWERS - 2);
            let answer = cut(look, &Line::from(look.span(self.role(step), self.text(step).to_owned())), room);
            buffer.set_line(area.x + ANSWERS, y, &answer, area.width.saturating_sub(ANSWERS));
        }
        let options = self.options();
        let y = area.y + 5;
        if y >= area.bottom() {
            return;
        }
        let counted = if self.step == Step::Base && !self.is_read {
            vec![look.span(Role::Dim, "reading the stores")]
        } else {
            Vec::new()
        };
        let title = [look.span(Role::Strong, self.step.title())];
        rule(look, Rect { y, height: 1, ..area }, &title, &counted, buffer);
        let columns = usize::from(area.width.saturating_sub(4));
        let (said, glyph) = match &self.wrong {
            Some(wrong) => (wrong.clone(), Some(Glyph::Fail)),
            None => (self.step.asks().to_owned(), None),
        };
        let mut spans = glyph.map(|glyph| badge(look, glyph).to_vec()).unwrap_or_default();
        spans.push(look.span(if glyph.is_some() { Role::Text } else { Role::Dim }, said));
        buffer.set_line(area.x + 2, y + 1, &cut(look, &Line::from(spans), columns), area.width.saturating_sub(2));
        let place = Rect { y: y + 3, height: area.bottom().saturating_sub(y + 3), ..area };
        self.draw_options(look, &options, place, buffer);
    }

    fn draw_options(&self, look: &Look, options: &[(String, String)], place: Rect, buffer: &mut Buffer) {
        if options.is_empty() && self.step == Step::Base {
            let typed = "no image of that name is known: Enter takes it as it is typed";
            buffer.set_span(place.x + 2, place.y, &look.span(Role::Dim, typed), place.width.saturating_sub(3));
        }
        let rows = usize::from(place.height);
        for (y, index) in (place.y..place.bottom()).zip(self.cursor.window(options.len(), rows)) {
            let (name, about) = &options[index];
            let row = Rect { y, height: 1, ..place };
            if index == self.cursor.selected {
                buffer.set_style(row, look.style(Role::Selection));
                buffer.set_span(row.x, y, &look.span(Role::Accent, look.mark()), 1);
            }
            let mut x = row.x + 2;
            if self.step == Step::Base {
                if let Some(glyph) = self.origin(name) {
                    buffer.set_span(x, y, &look.glyph(glyph), 1);
                }
                x += 2;
            }
            let filter = &self.typed[self.step as usize];
            let mark = if matches!(self.step, Step::Base | Step::Kind) { filter.mark(name) } else { None };
            let shown = marked(look, Role::Text, name, mark);
            let room = usize::from(row.right().saturating_sub(x + 1));
            let shown = cut(look, &shown, room);
            buffer.set_line(x, y, &shown, row.right() - x);
            let after = x + u16::try_from(shown.width()).unwrap_or(0) + 2;
            if !about.is_empty() && after < row.right() {
                let left = usize::from(row.right() - after).saturating_sub(1);
                let about = cut(look, &Line::from(look.span(Role::Dim, about.clone())), left);
                buffer.set_line(after, y, &about, row.right() - after);
            }
        }
    }

    fn role(&self, step: Step) -> Role {
        match step {
            Step::Base => self.origin(self.text(step)).map_or(Role::Text, Glyph::role),
            Step::Name | Step::Tag => Role::Local,
            Step::Kind => Role::Text,
        }
    }

    fn origin(&self, image: &str) -> Option<Glyph> {
        let store = image.split('/').next().unwrap_or("");
        let known = self.stores.iter().find(|known| known.name == store)?;
        Some(if known.is_local { Glyph::Local } else { Glyph::Global })
    }

    /// Where the terminal's cursor stands in `area`.
    pub fn cursor(&self, area: Rect) -> Option<Position> {
        let x = u16::try_from(format::width(self.text(self.step))).ok()?.saturating_add(ANSWERS);
        let at = Position { x: area.x + x, y: area.y + self.step as u16 };
        area.contains(at).then_some(at)
    }
}
