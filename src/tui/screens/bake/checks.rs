//! The checks of a bake as a list: in the order of the contract, or the worst first where there is not room for all, so
//! that none that says no is ever cut off. Judges nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Model;
use super::model::{Focus, Pane};
use crate::domain::journal::{BakeStatus, CheckVerdict};
use crate::domain::projection::CheckRow;
use crate::domain::trust::policy::CHECKS;
use crate::tui::format;
use crate::tui::keymap::Motion;
use crate::tui::screens::{Around, Wish};
use crate::tui::theme::{Look, Role};
use crate::tui::widgets::{CheckText, Cursor, Table, Toast, badge, cut, glyph_of_verdict};

/// What is selected among the checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckList {
    /// Where the selection is.
    pub cursor: Cursor,
    /// The selected check: it stays selected wherever it goes in the list.
    pub id: Option<String>,
    /// The first line shown of its evidence.
    pub top: usize,
}

/// Where the contract has a check.
fn place(id: &str) -> usize {
    let last = CHECKS.len();
    match CHECKS.iter().position(|(known, _)| *known == id) {
        Some(at) => at,
        None if id.starts_with("test.") => last,
        None if id.starts_with("policy.") => last + 1,
        None => last + 2,
    }
}

fn badness(row: &CheckRow) -> u8 {
    match row.verdict {
        Some(CheckVerdict::Fail) => 0,
        Some(CheckVerdict::Unknown) => 1,
        None => 2,
        Some(CheckVerdict::Warn) => 3,
        Some(CheckVerdict::Pass) => 4,
        Some(CheckVerdict::Skip) => 5,
    }
}

impl Model {
    /// The checks in the order they show in so many rows.
    pub(super) fn ordered_checks(&self, height: usize) -> Vec<&CheckRow> {
        let mut rows: Vec<&CheckRow> = self.view.checks.rows().iter().collect();
        rows.sort_by_key(|row| place(&row.id));
        if rows.len() > height {
            rows.sort_by_key(|row| badness(row));
        }
        rows
    }

    /// The check the bake is rejected for: the first that failed, else the first that is not known.
    pub(super) fn first_refusal(&self) -> Option<&CheckRow> {
        let rows = self.ordered_checks(usize::MAX);
        let with = |wanted| rows.iter().copied().find(|row| row.verdict == Some(wanted));
        with(CheckVerdict::Fail).or_else(|| with(CheckVerdict::Unknown))
    }

    /// The selected check.
    pub fn selected_check(&self) -> Option<&CheckRow> {
        let id = self.checks.id.as_ref()?;
        self.view.checks.rows().iter().find(|row| row.id == *id)
    }

    /// Keeps the selected check selected, in a list of so many rows; the worst where none is.
    pub(super) fn settle_checks(&mut self, height: usize) {
        let worst = self.first_refusal().map(|row| row.id.clone());
        let rows: Vec<String> = self.ordered_checks(height).into_iter().map(|row| row.id.clone()).collect();
        let wanted = self.checks.id.clone().or(worst);
        let at = wanted.and_then(|id| rows.iter().position(|row| *row == id)).unwrap_or(0);
        self.checks.cursor.go(at, rows.len(), height);
        if matches!(self.focus.0, Focus::Checks | Focus::Evidence) {
            self.checks.id = rows.get(at).cloned();
        }
    }

    pub(super) fn step_checks(&mut self, motion: Motion, height: usize) {
        let len = self.view.checks.rows().len();
        self.checks.cursor.step(motion, len, height);
        self.select_check(height);
    }

    /// The next check that stands in the way, round the end; whether there is one.
    pub(super) fn next_refusal(&mut self, forward: bool, height: usize) -> bool {
        let rows = self.ordered_checks(height);
        let at = self.checks.cursor.selected.min(rows.len());
        let blocks = |number: &usize| rows[*number].verdict.is_some_and(CheckVerdict::blocks);
        let found = match forward {
            true => (at + 1..rows.len()).chain(0..(at + 1).min(rows.len())).find(blocks),
            false => (0..at).rev().chain((at..rows.len()).rev()).find(blocks),
        };
        let Some(found) = found else { return false };
        let len = rows.len();
        self.checks.cursor.go(found, len, height);
        self.select_check(height);
        true
    }

    pub(super) fn select_check(&mut self, height: usize) {
        let at = self.checks.cursor.selected;
        self.checks.id = self.ordered_checks(height).get(at).map(|row| row.id.clone());
        self.checks.top = 0;
    }

    /// The selected check in full, for a pane of so many columns.
    pub(super) fn evidence_lines(&self, look: &Look, columns: usize) -> Vec<Line<'static>> {
        let Some(row) = self.selected_check() else {
            return vec![Line::from(look.span(Role::Dim, format!("  {}", self.no_checks())))];
        };
        let text = CheckText { id: &row.id, verdict: row.verdict, reason: &row.reason, evidence: &row.evidence };
        text.lines(look, columns, None)
    }

    fn no_checks(&self) -> &'static str {
        match self.status() {
            Some(BakeStatus::Ok) => "no check was asked for",
            Some(_) => "no check ran",
            None => "after the last step",
        }
    }
}

/// What keys and clicks do there.
impl Model {
    pub(super) fn step_in_checks(&mut self, motion: Motion, around: &Around) {
        let height = self.checks_height(around);
        match (self.focus.0, motion) {
            (Focus::Checks, Motion::Left) => self.focus = (Focus::Steps, Pane::Step),
            (Focus::Checks, Motion::Right) => self.open_evidence(),
            (Focus::Checks, _) => self.step_checks(motion, height),
            (_, Motion::Left) => self.focus = (Focus::Checks, Pane::Checks),
            _ => {
                let area = self.places(around).evidence.unwrap_or(around.body);
                let lines = self.evidence_lines(&Look::of_roles(false), usize::from(area.width)).len();
                let page = usize::from(area.height);
                self.checks.top = motion.leads(self.checks.top, page.max(2)).min(lines.saturating_sub(page));
            }
        }
    }

    /// The checks get the keys, the first that says no selected.
    /// The checks get the keys.
    pub fn open_checks(&mut self, around: &Around) {
        self.leave_changes();
        self.focus = (Focus::Checks, Pane::Checks);
        self.checks = CheckList::default();
        self.settle_checks(self.checks_height(around));
    }

    pub(super) fn open_evidence(&mut self) {
        if self.selected_check().is_some() {
            self.focus = (Focus::Evidence, Pane::Evidence);
        }
    }

    pub(super) fn next_check(&mut self, forward: bool, around: &Around) -> Vec<Wish> {
        if self.next_refusal(forward, self.checks_height(around)) {
            return Vec::new();
        }
        vec![Wish::Tell(Toast::done("no check stands in the way"))]
    }

    /// The image it made; of a bake that made none, its checks.
    pub(super) fn verify(&mut self, around: &Around) -> Vec<Wish> {
        if let Some(committed) = &self.view.committed {
            return vec![Wish::Verify(format!("local/{}", committed.reference))];
        }
        if self.view.checks.rows().is_empty() {
            return vec![Wish::Tell(Toast::warning("there is no image to verify yet"))];
        }
        self.open_checks(around);
        Vec::new()
    }

    /// A click on a check selects it.
    pub(super) fn click_check(&mut self, row: usize, around: &Around) {
        if !matches!(self.focus.0, Focus::Checks | Focus::Evidence) {
            self.open_checks(around);
            self.checks.cursor.offset = 0;
        }
        let (len, height) = (self.view.checks.rows().len(), self.checks_height(around));
        if self.checks.cursor.offset + row < len {
            self.focus = (Focus::Checks, Pane::Checks);
            self.checks.cursor.go(self.checks.cursor.offset + row, len, height);
            self.select_check(height);
        }
    }
}

/// Draws the list.
pub(super) fn draw(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer) {
    let height = usize::from(area.height);
    let rows = model.ordered_checks(height);
    let width = usize::from(Table::row_width(area));
    if rows.is_empty() {
        buffer.set_span(area.x, area.y, &look.span(Role::Dim, format!("  {}", model.no_checks())), area.width);
        return;
    }
    let widest = rows.iter().map(|check| format::width(&check.id)).max().unwrap_or(0);
    let names = widest.min(width * 3 / 5);
    let line = |check: &CheckRow| {
        let said = check.evidence.first().cloned().unwrap_or_else(|| check.reason.clone());
        let mut spans = badge(look, glyph_of_verdict(check.verdict)).to_vec();
        spans.push(look.span(Role::Text, format::left(&check.id, names, look.ellipsis())));
        spans.push(look.span(Role::Dim, format!(" {said}")));
        cut(look, &Line::from(spans), width)
    };
    let focused = model.focus.0 == Focus::Checks;
    if focused || model.focus.0 == Focus::Evidence {
        let table = Table { look, columns: &[], len: rows.len(), cursor: model.checks.cursor, focused, headed: false };
        return table.draw(area, buffer, |index| vec![line(rows[index])]);
    }
    // Nobody moves in it: the last row says what there is no room for.
    let shown = if rows.len() > height { height.saturating_sub(1) } else { rows.len() };
    for (y, row) in (area.y..).zip(&rows[..shown]) {
        buffer.set_line(area.x + 2, y, &line(row), area.width.saturating_sub(2));
    }
    if rows.len() > shown {
        let bad = rows[shown..].iter().filter(|row| row.verdict.is_some_and(CheckVerdict::blocks)).count();
        let also = if bad > 0 { format!(", {bad} of them failing") } else { String::new() };
        let more = vec![
            look.span(
                if bad > 0 { Role::Fail } else { Role::Dim },
                format!("{} {} more{also}", look.ellipsis(), rows.len() - shown),
            ),
            Span::raw(" "),
            look.span(Role::Key, "o"),
        ];
        let y = area.y + u16::try_from(shown).unwrap_or(u16::MAX);
        buffer.set_line(area.x + 2, y, &cut(look, &Line::from(more), width), area.width.saturating_sub(2));
    }
}
