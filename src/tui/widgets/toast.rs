//! Results and errors that come up for a while, each with what to do next. Knows no clock but the times it is given.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Clear, Widget};
use time::{Duration, OffsetDateTime};

use crate::report::Report;
use crate::tui::format;
use crate::tui::theme::{Glyph, Look, Role};

/// What sort of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    Done,
    /// Something needs a look.
    Warning,
    /// Something failed; stays longer.
    Failure,
}

/// One piece of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// What sort.
    pub tone: Tone,
    /// What happened.
    pub text: String,
    /// What to do next.
    pub next: Option<String>,
}

impl Toast {
    /// Something was done.
    pub fn done(text: impl Into<String>) -> Self {
        Self { tone: Tone::Done, text: text.into(), next: None }
    }

    /// Something needs a look.
    pub fn warning(text: impl Into<String>) -> Self {
        Self { tone: Tone::Warning, text: text.into(), next: None }
    }

    /// What a report says.
    pub fn failure(report: &Report) -> Self {
        let causes = report.causes.iter().take(2).map(|cause| format!(": {cause}")).collect::<String>();
        Self { tone: Tone::Failure, text: format!("{}{causes}", report.message), next: report.help.clone() }
    }

    /// With what to do next.
    #[must_use]
    pub fn next(self, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..self }
    }

    fn lasts(&self) -> Duration {
        match self.tone {
            Tone::Done => Duration::seconds(6),
            Tone::Warning => Duration::seconds(10),
            Tone::Failure => Duration::seconds(30),
        }
    }
}

/// The news on show, newest last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Toasts(Vec<(OffsetDateTime, Toast)>);

/// Shown at once.
const SHOWN: usize = 3;

impl Toasts {
    /// Adds news that came at `now`. The same news twice is shown once.
    pub fn add(&mut self, toast: Toast, now: OffsetDateTime) {
        self.0.retain(|(_, old)| *old != toast);
        self.0.push((now, toast));
        let over = self.0.len().saturating_sub(SHOWN);
        self.0.drain(..over);
    }

    /// Takes one away that is no news any more.
    pub fn take_back(&mut self, toast: &Toast) {
        self.0.retain(|(_, old)| old != toast);
    }

    /// Takes away what has been shown long enough.
    pub fn expire(&mut self, now: OffsetDateTime) {
        self.0.retain(|(since, toast)| now - *since < toast.lasts());
    }

    /// Takes a failure away, which would stay long. Whether there was one; other news goes by itself.
    pub fn dismiss(&mut self) -> bool {
        let before = self.0.len();
        self.0.retain(|(_, toast)| toast.tone != Tone::Failure);
        self.0.len() < before
    }

    /// Whether any shows.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The news on show.
    pub fn iter(&self) -> impl Iterator<Item = &Toast> {
        self.0.iter().map(|(_, toast)| toast)
    }

    /// Takes away the one that stands at a place of `body`; whether one did.
    pub fn dismiss_at(&mut self, body: Rect, at: Position) -> bool {
        let found = self.places(&Look::of_roles(false), body).into_iter().find(|(_, place, _)| place.contains(at));
        found.map(|(number, ..)| self.0.remove(number)).is_some()
    }

    /// Draws them over the bottom of `body`.
    pub fn draw(&self, look: &Look, body: Rect, buffer: &mut Buffer) {
        for (_, place, lines) in self.places(look, body) {
            Clear.render(place, buffer);
            buffer.set_style(place, look.style(Role::SelectionIdle));
            for (row, line) in (place.y..place.bottom()).zip(&lines) {
                buffer.set_line(place.x + 1, row, line, place.width.saturating_sub(2));
            }
        }
    }

    /// Those there is room for with where they stand, the newest first, at the bottom.
    fn places(&self, look: &Look, body: Rect) -> Vec<(usize, Rect, Vec<Line<'static>>)> {
        let columns = usize::from(body.width).saturating_sub(4);
        let mut bottom = body.bottom();
        let mut places = Vec::new();
        for (number, (_, toast)) in self.0.iter().enumerate().rev() {
            let lines = toast.lines(look, columns);
            // The newest always shows, older ones where a part of the body stays in sight.
            let room = bottom.saturating_sub(body.y + 1);
            let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
            let is_newest = bottom == body.bottom();
            if height > room && !is_newest {
                break;
            }
            let height = height.min(room);
            bottom -= height;
            places.push((number, Rect { x: body.x, y: bottom, width: body.width, height }, lines));
        }
        places
    }
}

impl Toast {
    fn lines(&self, look: &Look, columns: usize) -> Vec<Line<'static>> {
        let glyph = match self.tone {
            Tone::Done => Glyph::Pass,
            Tone::Warning => Glyph::Warn,
            Tone::Failure => Glyph::Fail,
        };
        let room = columns.saturating_sub(3);
        let mut lines: Vec<Line<'static>> = Vec::new();
        for (number, text) in short(&self.text, room, look).into_iter().enumerate() {
            let start = if number == 0 { look.glyph(glyph) } else { look.span(Role::Text, " ") };
            let pad = " ".repeat(3usize.saturating_sub(start.width()));
            lines.push(Line::from(vec![start, look.span(Role::Text, pad), look.span(Role::Text, text)]));
        }
        let next = self.next.iter().flat_map(|next| short(next, room, look));
        lines.extend(next.map(|text| Line::from(vec![look.span(Role::Dim, "   "), look.span(Role::Dim, text)])));
        lines
    }
}

/// Lines of one text at most.
const LINES: usize = 4;

/// `text` in a few lines; a longer one ends in an ellipsis.
fn short(text: &str, columns: usize, look: &Look) -> Vec<String> {
    let mut lines = format::wrap(text, columns);
    if lines.len() > LINES {
        lines.truncate(LINES);
        if let Some(last) = lines.last_mut() {
            let room = columns.saturating_sub(format::width(look.ellipsis()));
            *last = format::fit(last, room, "") + look.ellipsis();
        }
    }
    lines
}
