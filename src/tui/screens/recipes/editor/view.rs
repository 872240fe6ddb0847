//! How the editor looks: numbers and problems in the margin, the text, what is wrong below it, the plan beside it. Only
//! reads.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line as Words;

use super::super::paint::{Line, Row, columns_of, marker, rows};
use super::super::text::places;
use super::model::State;
use super::{Model, Text};
use crate::domain::recipe::{Problem, Severity};
use crate::tui::format;
use crate::tui::screens::{Around, Subject};
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{cut, rule};

/// Rows below the text: a rule, and what is wrong in two lines.
const STRIP: u16 = 3;
/// The text's part of a wide body, in percent.
const SHARE: u16 = 58;

/// Where the parts are.
struct Areas {
    /// Numbers and text.
    text: Rect,
    /// Below them.
    strip: Rect,
    /// The plan, where it shows.
    plan: Option<Rect>,
}

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
            State::Open(text) => return self.draw_open(look, text, area, buffer),
            State::Reading => vec!["reading".to_owned()],
            State::Refused(report) => {
                std::iter::once(&report.message).chain(&report.causes).chain(&report.help).cloned().collect()
            }
        };
        for (y, text) in (area.y + 1..area.bottom()).zip(said) {
            buffer.set_span(area.x + 2, y, &look.span(Role::Dim, text), area.width.saturating_sub(3));
        }
    }

    fn draw_open(&self, look: &Look, text: &Text, area: Rect, buffer: &mut Buffer) {
        let areas = self.areas(area);
        let place = self.text_area(area);
        let (top, left) = self.offset_in(area);
        let base = self.base_role(text);
        let shown = self.rows(text, top, usize::from(areas.text.height));
        for (y, row) in (areas.text.y..).zip(shown) {
            let margin = Rect { y, height: 1, width: place.x - areas.text.x, ..areas.text };
            match row {
                Row::Line(number) => {
                    if number == text.cursor().0 {
                        buffer.set_style(Rect { y, height: 1, ..areas.text }, look.style(Role::SelectionIdle));
                    }
                    let digits = usize::from(margin.width.saturating_sub(3));
                    let digits = format::right(&(number + 1).to_string(), digits, "");
                    buffer.set_span(margin.x + 1, y, &look.span(Role::Dim, digits), margin.width.saturating_sub(1));
                    let line = self.line(text, number, base);
                    line.draw(look, Rect { y, height: 1, ..place }, left, buffer);
                }
                Row::Problem(number) => {
                    let wrong = self.problems_of(number);
                    let is_error = wrong.iter().any(|problem| problem.severity == Severity::Error);
                    let glyph = if is_error { Glyph::Fail } else { Glyph::Warn };
                    buffer.set_span(margin.x, y, &look.glyph(glyph), 1);
                    let said = marker(look, &text.lines()[number], &wrong, left, usize::from(place.width));
                    buffer.set_line(place.x, y, &said, place.width);
                }
            }
        }
        self.strip(look, areas.strip, buffer);
        if let Some(plan) = areas.plan {
            if plan.x > areas.text.x {
                for y in area.top()..area.bottom() {
                    buffer.set_span(plan.x - 2, y, &look.span(Role::Rule, look.vertical()), 1);
                }
            }
            self.draw_plan(look, plan, buffer);
        }
        if let Some(at) = self.cursor_in_text(area) {
            let all = Rect { height: areas.text.height + areas.strip.height, ..areas.text };
            self.draw_assistance(look, all, at, buffer);
        }
    }

    /// A line with all that is said of its characters.
    fn line<'a>(&'a self, text: &'a Text, number: usize, base: Role) -> Line<'a> {
        let content = &text.lines()[number];
        let selected = text.selection().filter(|(from, to)| (from.0..=to.0).contains(&number));
        let selected = selected.map(|(from, to)| {
            let begin = if from.0 == number { from.1 } else { 0 };
            (begin, if to.0 == number { to.1 } else { usize::MAX })
        });
        Line {
            text: content,
            kinds: self.syntax.kinds(number, content),
            wrong: self.problems_of(number),
            found: places(content, self.prompt.word()),
            selected,
            base,
        }
    }

    /// How the base is drawn: as what it is.
    fn base_role(&self, text: &Text) -> Role {
        let base = text.lines().iter().find_map(|line| line.strip_prefix("base:")).unwrap_or("").trim();
        match base.split('/').next() {
            Some("scratch") => Role::Text,
            Some(store) if self.local.iter().any(|local| local == store) => Role::Local,
            _ => Role::Global,
        }
    }

    fn rows(&self, text: &Text, top: usize, height: usize) -> Vec<Row> {
        rows(top, text.lines().len(), height, |line| {
            self.problems.iter().any(|problem| super::model::on_line(problem, line))
        })
    }

    /// Two lines that are always there.
    fn strip(&self, look: &Look, area: Rect, buffer: &mut Buffer) {
        let (row, column) = self.text().map_or((0, 0), Text::cursor);
        let selecting = if self.text().is_some_and(Text::is_selecting) { "selecting, " } else { "" };
        let place = [look.span(Role::Dim, format!("{selecting}line {}, column {}", row + 1, column + 1))];
        rule(look, area, &[], &place, buffer);
        let room = usize::from(area.width.saturating_sub(2));
        let lines = match self.prompt.shown() {
            Some((what, typed)) => self.asked_lines(look, what, typed),
            None => self.said(look, room),
        };
        for (y, line) in (area.y + 1..area.bottom()).zip(lines) {
            buffer.set_line(area.x + 1, y, &cut(look, &line, room), area.width.saturating_sub(2));
        }
    }

    /// What is typed below the text, and what came of it.
    fn asked_lines(&self, look: &Look, what: &str, typed: &str) -> Vec<Words<'static>> {
        let first =
            Words::from(vec![look.span(Role::Key, format!("{what} ")), look.span(Role::Text, typed.to_owned())]);
        let Some(text) = self.text().filter(|_| what == "find" && !typed.is_empty()) else { return vec![first] };
        let told = match text.count(typed, text.cursor()) {
            (0, _) => "nowhere in this recipe".to_owned(),
            (all, None) => crate::domain::units::count(all as u64, "place"),
            (all, Some(here)) => format!("{here} of {all}"),
        };
        let round = if self.prompt.has_wrapped() { ", round the end" } else { "" };
        vec![first, Words::from(look.span(Role::Dim, format!("{told}{round}")))]
    }

    /// What is wrong at the cursor; else what stands there means; else what is wrong elsewhere.
    fn said(&self, look: &Look, room: usize) -> Vec<Words<'static>> {
        let here = self.text().map_or(0, |text| text.cursor().0);
        let is_here = |problem: &&Problem| super::model::on_line(problem, here);
        match (self.told(), self.meaning()) {
            (problem, Some(hover)) if problem.filter(is_here).is_none() => {
                let more = hover.lines.first().cloned().unwrap_or_default();
                vec![Words::from(look.span(Role::Strong, hover.title.clone())), Words::from(look.span(Role::Dim, more))]
            }
            (Some(problem), _) => problem_lines(look, problem, room),
            (None, _) => Vec::new(),
        }
    }

    fn areas(&self, area: Rect) -> Areas {
        let strip = STRIP.min(area.height);
        let below = |text: Rect| {
            let strip = Rect { y: text.bottom().saturating_sub(strip), height: strip, ..text };
            (Rect { height: text.height.saturating_sub(strip.height), ..text }, strip)
        };
        if !self.shows_plan(area) {
            let (text, strip) = below(area);
            return Areas { text, strip, plan: None };
        }
        if area.width >= 90 {
            let width = u16::try_from(u32::from(area.width) * u32::from(SHARE) / 100).unwrap_or(area.width);
            let (text, strip) = below(Rect { width, ..area });
            let plan = Rect { x: area.x + width + 2, width: area.width - width - 2, ..area };
            return Areas { text, strip, plan: Some(plan) };
        }
        // One above the other: the plan gets what it needs, at most half.
        let height = area.height / 2;
        let (text, strip) = below(Rect { height: area.height - height, ..area });
        Areas { text, strip, plan: Some(Rect { y: area.bottom() - height, height, ..area }) }
    }

    /// Columns before the text: the line's number and the margin's glyph.
    fn gutter(&self) -> u16 {
        let lines = self.text().map_or(1, |text| text.lines().len());
        u16::try_from(lines.to_string().len()).unwrap_or(4).max(3) + 4
    }

    /// Where the text shows.
    pub(super) fn text_area(&self, area: Rect) -> Rect {
        let area = self.areas(area).text;
        let gutter = self.gutter().min(area.width);
        Rect { x: area.x + gutter, width: area.width - gutter, ..area }
    }

    /// Lines to a page.
    pub(super) fn page(&self, around: &Around) -> usize {
        usize::from(self.text_area(around.body).height)
    }

    /// First line and first column shown in `area`: as near to where they were as the cursor allows.
    pub(super) fn offset_in(&self, area: Rect) -> (usize, usize) {
        let area = self.text_area(area);
        let Some(text) = self.text() else { return self.offset };
        let (row, _) = text.cursor();
        let x = column_of(text);
        let (height, width) = (usize::from(area.height).max(1), usize::from(area.width).max(8));
        let (top, left) = self.offset;
        let mut top = top.clamp((row + 1).saturating_sub(height), row);
        // What is wrong with the line belongs to it, and so do the rows of those above.
        let rows_to = |top: usize| {
            let wrong =
                (top..=row).filter(|line| self.problems.iter().any(|p| super::model::on_line(p, *line))).count();
            row + 1 - top + wrong
        };
        while top < row && rows_to(top) > height {
            top += 1;
        }
        // The first and the last column may be an ellipsis: the cursor stays off them.
        let left = if x + 2 <= width {
            0
        } else if x < left + usize::from(left > 0) {
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
        let Some((what, typed)) = self.prompt.shown() else { return self.cursor_in_text(area) };
        let strip = self.areas(area).strip;
        let x = u16::try_from(what.len() + 2 + format::width(typed)).ok()?;
        let at = Position { x: strip.x.saturating_add(x), y: strip.y + 1 };
        strip.contains(at).then_some(at)
    }

    /// The place of the text that shows there.
    pub(super) fn place_at(&self, at: Position, area: Rect) -> Option<(usize, usize)> {
        let text = self.text()?;
        let place = self.text_area(area);
        let (top, left) = self.offset_in(area);
        let shown = self.rows(text, top, usize::from(place.height));
        let row = usize::from(at.y.checked_sub(place.y)?);
        let (Row::Line(line) | Row::Problem(line)) = *shown.get(row)?;
        if at.x >= place.right() {
            return None;
        }
        let wanted = usize::from(at.x.saturating_sub(place.x)) + left;
        let mut x = 0;
        let before = text.lines()[line].chars().take_while(|c| {
            x += columns_of(*c);
            x <= wanted
        });
        Some((line, before.count()))
    }

    fn cursor_in_text(&self, area: Rect) -> Option<Position> {
        let text = self.text()?;
        let place = self.text_area(area);
        let (row, _) = text.cursor();
        let (top, left) = self.offset_in(area);
        let rows = self.rows(text, top, usize::from(place.height));
        let y = rows.iter().position(|shown| *shown == Row::Line(row))?;
        let at = Position {
            x: place.x + u16::try_from(column_of(text).checked_sub(left)?).ok()?,
            y: place.y + u16::try_from(y).ok()?,
        };
        place.contains(at).then_some(at)
    }
}

/// The cursor's column on the screen, where nothing is out of sight.
fn column_of(text: &Text) -> usize {
    text.before_cursor().chars().map(columns_of).sum()
}

fn problem_lines(look: &Look, problem: &Problem, room: usize) -> Vec<Words<'static>> {
    let glyph = if problem.severity == Severity::Error { Glyph::Fail } else { Glyph::Warn };
    let at = format!(" {}:{}  ", problem.line, problem.column);
    let message = |text: String| look.span(Role::Text, text);
    // Without help there is room for a second line of the message.
    let (said, below) = match &problem.help {
        Some(help) => (problem.message.clone(), look.span(Role::Dim, format!("  {help}"))),
        None => {
            let taken = usize::from(look.glyph_width()) + at.len();
            let mut lines = format::wrap(&problem.message, room.saturating_sub(taken)).into_iter();
            let first = lines.next().unwrap_or_default();
            (first, message(format!("  {}", lines.collect::<Vec<_>>().join(" "))))
        }
    };
    let said = Words::from(vec![look.glyph(glyph), look.span(Role::Dim, at), message(said)]);
    vec![said, Words::from(below)]
}
