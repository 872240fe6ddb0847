//! How the editor looks: numbers and problems in the margin, the text, what is wrong below it. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::Model;
use super::model::{STRIP, State};
use crate::domain::recipe::{Problem, Severity};
use crate::domain::text::is_hazardous;
use crate::tui::format;
use crate::tui::screens::Subject;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{cut, rule};

impl Model {
    /// Line 2.
    pub fn subject(&self, look: &Look) -> Subject {
        let what = vec![look.span(Role::Strong, self.shown.clone())];
        let mut verdict = Vec::new();
        let kinds = [(Severity::Error, Glyph::Fail), (Severity::Warning, Glyph::Warn), (Severity::Hint, Glyph::Warn)];
        for (severity, glyph) in kinds {
            let count = self.count(severity);
            if count > 0 {
                let gap = if verdict.is_empty() { "" } else { "  " };
                let words = crate::domain::units::count(count as u64, severity.as_str());
                verdict.extend([look.span(glyph.role(), format!("{gap}{words} ")), look.glyph(glyph)]);
            }
        }
        if self.problems.is_empty() && self.text().is_some() {
            verdict.extend([look.span(Role::Dim, "no problems "), look.glyph(Glyph::Pass)]);
        }
        if self.is_modified() {
            verdict.extend([look.span(Role::Accent, "  modified "), look.glyph(Glyph::Done)]);
        }
        Subject { what, verdict }
    }

    /// Draws it into `area`.
    pub fn draw(&self, look: &Look, area: Rect, buffer: &mut Buffer) {
        let said = match &self.state {
            State::Open(_) => return self.draw_open(look, area, buffer),
            State::Reading => vec!["reading".to_owned()],
            State::Refused(report) => {
                std::iter::once(&report.message).chain(&report.causes).chain(&report.help).cloned().collect()
            }
        };
        for (y, text) in (area.y + 1..area.bottom()).zip(said) {
            buffer.set_span(area.x + 2, y, &look.span(Role::Dim, text), area.width.saturating_sub(3));
        }
    }

    fn draw_open(&self, look: &Look, area: Rect, buffer: &mut Buffer) {
        let Some(text) = self.text() else { return };
        let place = self.text_area(area);
        let (top, left) = self.offset_in(area);
        let cursor = text.cursor().0;
        let rows = text.lines().iter().enumerate().skip(top).take(usize::from(place.height));
        for (y, (index, line)) in (place.y..).zip(rows) {
            if index == cursor {
                buffer.set_style(Rect { y, height: 1, ..area }, look.style(Role::SelectionIdle));
            }
            self.margin(look, index, Rect { y, height: 1, width: place.x - area.x, ..area }, buffer);
            let wrong: Vec<&Problem> = self.problems.iter().filter(|problem| on_line(problem, index)).collect();
            draw_line(look, line, &wrong, (Rect { y, height: 1, ..place }, left), buffer);
        }
        let strip = Rect { y: area.bottom().saturating_sub(STRIP), height: STRIP.min(area.height), ..area };
        self.strip(look, strip, buffer);
    }

    fn margin(&self, look: &Look, index: usize, area: Rect, buffer: &mut Buffer) {
        let worst = self
            .problems
            .iter()
            .filter(|problem| on_line(problem, index))
            .map(|problem| problem.severity)
            .min_by_key(|s| *s != Severity::Error);
        if let Some(severity) = worst {
            let glyph = if severity == Severity::Error { Glyph::Fail } else { Glyph::Warn };
            buffer.set_span(area.x, area.y, &look.glyph(glyph), 1);
        }
        let number = format::right(&(index + 1).to_string(), usize::from(area.width.saturating_sub(3)), "");
        buffer.set_span(area.x + 1, area.y, &look.span(Role::Dim, number), area.width.saturating_sub(1));
    }

    /// Two lines that are always there: nothing moves when a problem comes or goes.
    fn strip(&self, look: &Look, area: Rect, buffer: &mut Buffer) {
        let (row, column) = self.text().map_or((0, 0), super::Text::cursor);
        let place = [look.span(Role::Dim, format!("line {}, column {}", row + 1, column + 1))];
        rule(look, area, &[], &place, buffer);
        let Some(problem) = self.told() else { return };
        let glyph = if problem.severity == Severity::Error { Glyph::Fail } else { Glyph::Warn };
        let at = format!(" {}:{}  ", problem.line, problem.column);
        let room = usize::from(area.width.saturating_sub(2));
        let message = |text: String| look.span(Role::Text, text);
        // Without help there is room for a second line of the message.
        let (said, below) = match &problem.help {
            Some(help) => (problem.message.clone(), look.span(Role::Dim, format!("  {help}"))),
            None => {
                let taken = usize::from(look.glyph_width()) + at.len();
                let lines = format::wrap(&problem.message, room.saturating_sub(taken));
                let mut lines = lines.into_iter();
                let first = lines.next().unwrap_or_default();
                (first, message(format!("  {}", lines.collect::<Vec<_>>().join(" "))))
            }
        };
        let said = Line::from(vec![look.glyph(glyph), look.span(Role::Dim, at), message(said)]);
        for (y, line) in (area.y + 1..area.bottom()).zip([said, Line::from(below)]) {
            buffer.set_line(area.x + 1, y, &cut(look, &line, room), area.width.saturating_sub(2));
        }
    }

    /// First line and first column shown in `area`: as near to where they were as the cursor allows.
    pub(super) fn offset_in(&self, area: Rect) -> (usize, usize) {
        let area = self.text_area(area);
        let Some(text) = self.text() else { return self.offset };
        let (row, column) = text.cursor();
        let x: usize = text.lines().get(row).map_or(0, |line| line.chars().take(column).map(columns_of).sum());
        let (height, width) = (usize::from(area.height).max(1), usize::from(area.width).max(8));
        let (top, left) = self.offset;
        let top = top.clamp((row + 1).saturating_sub(height), row);
        // The first and the last column may be an ellipsis: the cursor stays off them.
        let left = if x < left + usize::from(left > 0) {
            x.saturating_sub(width / 4)
        } else if x + 2 > left + width {
            (x + width / 4).saturating_sub(width)
        } else {
            left
        };
        (top, left)
    }

    /// Where the terminal's cursor stands in `area`.
    pub fn cursor(&self, area: Rect) -> Option<Position> {
        let text = self.text()?;
        let place = self.text_area(area);
        let (row, column) = text.cursor();
        let x: usize = text.lines().get(row)?.chars().take(column).map(columns_of).sum();
        let (top, left) = self.offset_in(area);
        let at = Position {
            x: place.x + u16::try_from(x.checked_sub(left)?).ok()?,
            y: place.y + u16::try_from(row.checked_sub(top)?).ok()?,
        };
        place.contains(at).then_some(at)
    }
}

/// Columns a character takes; what cannot be shown as it is takes one.
fn columns_of(c: char) -> usize {
    match c {
        '\t' => 2,
        c if is_hazardous(c) => 1,
        c => format::width(c.encode_utf8(&mut [0; 4])),
    }
}

fn on_line(problem: &Problem, index: usize) -> bool {
    usize::try_from(problem.line).is_ok_and(|line| line == index + 1)
}

/// A line from column `left` on: comments dim, what is wrong underlined in its role, ends that are cut marked.
fn draw_line(look: &Look, line: &str, wrong: &[&Problem], (area, left): (Rect, usize), buffer: &mut Buffer) {
    let comment = comment_at(line);
    let mut x = 0;
    for (index, c) in line.chars().enumerate() {
        let wide = columns_of(c);
        let from = x;
        x += wide;
        if from < left {
            continue;
        }
        let Ok(column) = u16::try_from(from - left) else { break };
        if usize::from(column) + wide > usize::from(area.width) {
            let at = area.right() - 1;
            buffer.set_span(at, area.y, &look.span(Role::Dim, if look.ascii { ">" } else { "…" }), 1);
            break;
        }
        let role = if comment.is_some_and(|at| index >= at) { Role::Dim } else { Role::Text };
        let shown = match c {
            '\t' => "  ".to_owned(),
            c if is_hazardous(c) => "?".to_owned(),
            // One `?` a column: what stands behind it stays where the cursor expects it.
            c if look.ascii && !c.is_ascii() => "?".repeat(wide),
            c => c.to_string(),
        };
        let mut span = look.span(role, shown);
        if let Some(problem) = wrong.iter().find(|problem| covers(problem, index)) {
            let severity = if problem.severity == Severity::Error { Role::Fail } else { Role::Warn };
            span.style = look.style(severity).add_modifier(ratatui::style::Modifier::UNDERLINED);
        } else if c != '\t' && is_hazardous(c) {
            span.style = look.style(Role::Fail);
        }
        buffer.set_span(area.x + column, area.y, &span, area.width - column);
    }
    if left > 0 && x > 0 {
        buffer.set_span(area.x, area.y, &look.span(Role::Dim, if look.ascii { "<" } else { "…" }), 1);
    }
}

/// Whether a problem's span holds this character of its line.
fn covers(problem: &Problem, index: usize) -> bool {
    let column = u32::try_from(index + 1).unwrap_or(u32::MAX);
    let end = match problem.end {
        Some((line, column)) if line == problem.line => column,
        Some(_) => u32::MAX,
        None => problem.column + 1,
    };
    (problem.column..end.max(problem.column + 1)).contains(&column)
}

/// Where a comment begins: `#` at the beginning or after a blank, outside quotes.
fn comment_at(line: &str) -> Option<usize> {
    let (mut quote, mut before) = (None, ' ');
    for (index, c) in line.chars().enumerate() {
        match (quote, c) {
            (None, '#') if before == ' ' || before == '\t' => return Some(index),
            (None, '"' | '\'') if matches!(before, ' ' | ':' | '[' | '{' | ',' | '-') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        before = c;
    }
    None
}
