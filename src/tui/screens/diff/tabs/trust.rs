//! Who vouches for two images, and what their checks say, side by side: level by level, the images themselves first. Verifies
//! nothing; both are verified once this part is opened.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::update::wish;
use super::super::{Effect, Model, Tab};
use crate::domain::trust::{Check, CheckVerdict, Finding, Level, Verified};
use crate::report::Report;
use crate::tui::format;
use crate::tui::keymap::Motion;
use crate::tui::screens::{Compare, Wish};
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{
    Align, CheckText, Column, Cursor, Table, Width, badge, cut, glyph_of_verdict, marked_cells, signer_words,
};

/// How far both images are verified, and what came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trust {
    /// Whether it was asked for.
    pub asked: bool,
    /// What came of it: before and after.
    pub sides: Option<[Result<Arc<Verified>, Report>; 2]>,
    /// The rows.
    pub rows: Vec<TrustRow>,
    /// What is selected.
    pub cursor: Cursor,
}

/// A row: the same of both images.
#[derive(Clone, Debug, PartialEq)]
pub enum TrustRow {
    /// An image that could not be verified at all.
    Unverified(String, Report),
    /// An image and the one it is compared with.
    Level([Option<String>; 2]),
    /// Who signed them.
    Signers([String; 2]),
    /// A check of both.
    Check(String, [Option<Finding>; 2]),
}

impl Trust {
    /// How many rows are not the same on both sides; `None` until it is known.
    pub fn changed(&self) -> Option<usize> {
        self.sides.as_ref().map(|_| self.rows.iter().filter(|row| row.differs()).count())
    }
}

impl TrustRow {
    /// Whether both sides are not the same.
    pub fn differs(&self) -> bool {
        match self {
            Self::Unverified(..) => true,
            Self::Level(_) => false,
            Self::Signers([before, after]) => before != after,
            Self::Check(_, [before, after]) => {
                // What nobody asks for and what nobody looks at are the same.
                let asked = |finding: &&Finding| finding.verdict != CheckVerdict::Skip;
                let said = |finding: &Option<Finding>| {
                    finding.as_ref().filter(asked).map(|found| (found.verdict, found.reason.clone()))
                };
                said(before) != said(after)
            }
        }
    }

    /// What is copied of it.
    pub(in crate::tui::screens::diff) fn copied(&self) -> String {
        match self {
            Self::Unverified(image, _) => image.clone(),
            Self::Level(names) => names.iter().flatten().next_back().cloned().unwrap_or_default(),
            Self::Signers([_, after]) => after.clone(),
            Self::Check(id, [before, after]) => {
                let evidence = after.as_ref().or(before.as_ref()).map(|finding| finding.evidence.join("\n"));
                evidence.filter(|text| !text.is_empty()).unwrap_or_else(|| id.clone())
            }
        }
    }

    fn words(&self) -> Vec<&str> {
        match self {
            Self::Unverified(image, report) => vec![image, &report.message],
            Self::Level(names) => names.iter().flatten().map(String::as_str).collect(),
            Self::Signers(names) => names.iter().map(String::as_str).collect(),
            Self::Check(id, sides) => {
                let found = sides.iter().flatten();
                std::iter::once(id.as_str()).chain(found.flat_map(|f| [&*f.reason, f.verdict.as_str()])).collect()
            }
        }
    }
}

fn rows(sides: &[Result<Arc<Verified>, Report>; 2], names: [&str; 2]) -> Vec<TrustRow> {
    let mut rows = Vec::new();
    for (side, name) in sides.iter().zip(names) {
        if let Err(report) = side {
            rows.push(TrustRow::Unverified(name.to_owned(), report.clone()));
        }
    }
    let chains = sides.each_ref().map(|side| side.as_ref().map(|v| v.chain.as_slice()).unwrap_or_default());
    for number in 0..chains[0].len().max(chains[1].len()) {
        let levels = chains.map(|chain| chain.get(number));
        rows.push(TrustRow::Level(levels.map(|level| level.map(|level| level.reference.clone()))));
        let signers = levels.map(|level| level.map(signers).unwrap_or_default());
        rows.push(TrustRow::Signers(signers));
        let checks = levels.map(|level| level.map(|level| level.checks.as_slice()).unwrap_or_default());
        // In the order of the image after; what only the one before has goes last.
        let gone = checks[0].iter().filter(|check| find(checks[1], &check.id).is_none());
        for check in checks[1].iter().chain(gone) {
            rows.push(TrustRow::Check(check.id.clone(), checks.map(|checks| find(checks, &check.id))));
        }
    }
    rows
}

fn find(checks: &[Check], id: &str) -> Option<Finding> {
    checks.iter().find(|check| check.id == id).map(|check| check.finding.clone())
}

fn signers(level: &Level) -> String {
    let look = Look::of_roles(false);
    level.signed_by.iter().map(|signer| signer_words(&look, signer)).collect::<Vec<_>>().join(", ")
}

impl Model {
    /// Asks for both to be verified, once this part shows.
    pub(in crate::tui::screens::diff) fn ask_trust(&mut self) -> Vec<Wish> {
        let Some(Compare::Images { before, after }) = self.asked.clone().filter(|_| self.tab == Tab::Trust) else {
            return Vec::new();
        };
        if std::mem::replace(&mut self.trust.asked, true) {
            return Vec::new();
        }
        vec![wish(Effect::Trust { before, after })]
    }

    /// Takes in what came of it, where it is still of what is looked into.
    pub(in crate::tui::screens::diff) fn trusted(
        &mut self,
        before: (String, Result<Arc<Verified>, Report>),
        after: (String, Result<Arc<Verified>, Report>),
    ) {
        let asked = Some(Compare::Images { before: before.0.clone(), after: after.0.clone() });
        if self.asked != asked || !self.trust.asked {
            return;
        }
        let sides = [before.1, after.1];
        self.trust.rows = rows(&sides, [&before.0, &after.0]);
        self.trust.sides = Some(sides);
        let first = self.trust_rows().iter().position(|row| row.differs());
        self.trust.cursor.selected = first.unwrap_or(0);
    }

    /// The rows the filter lets through.
    pub(in crate::tui::screens::diff) fn trust_rows(&self) -> Vec<&TrustRow> {
        let inverse = self.words.text.starts_with('!');
        let lets = |row: &&TrustRow| match inverse {
            true => row.words().iter().all(|text| self.words.lets(text)),
            false => row.words().iter().any(|text| self.words.lets(text)),
        };
        self.trust.rows.iter().filter(lets).collect()
    }

    pub(in crate::tui::screens::diff) fn trust_count(&self) -> usize {
        self.trust_rows().len()
    }

    pub(in crate::tui::screens::diff) fn selected_trust(&self) -> Option<&TrustRow> {
        self.trust_rows().get(self.trust.cursor.selected).copied()
    }

    pub(in crate::tui::screens::diff) fn follow_trust(&mut self, height: usize) {
        let len = self.trust_count();
        self.trust.cursor.follow(len, height);
    }

    pub(in crate::tui::screens::diff) fn step_trust(&mut self, motion: Motion, height: usize) {
        let len = self.trust_count();
        self.trust.cursor.step(motion, len, height);
    }

    /// The selected row in full.
    pub(in crate::tui::screens::diff) fn trust_lines(&self, look: &Look, columns: usize) -> Vec<Line<'static>> {
        let names = match &self.asked {
            Some(Compare::Images { before, after }) => [before.as_str(), after.as_str()],
            _ => [""; 2],
        };
        let text = |role, text: &str| {
            let parts = format::wrap(text, columns.saturating_sub(2)).into_iter();
            parts.map(move |part| Line::from(look.span(role, format!("  {part}")))).collect::<Vec<_>>()
        };
        let mut lines = Vec::new();
        match self.selected_trust() {
            None => {}
            Some(TrustRow::Unverified(image, report)) => {
                let sign = badge(look, Glyph::Unknown);
                let name = look.span(Role::Strong, format!("{image} cannot be verified"));
                lines.push(Line::from(sign.into_iter().chain([name]).collect::<Vec<_>>()));
                lines.extend(text(Role::Text, &report.message));
                lines.extend(report.causes.iter().chain(&report.help).flat_map(|more| text(Role::Dim, more)));
            }
            Some(TrustRow::Level(levels)) => {
                for (when, name) in ["before", "after"].into_iter().zip(levels) {
                    lines.extend(text(Role::Dim, when));
                    lines.extend(text(Role::Strong, name.as_deref().unwrap_or("none")));
                }
            }
            Some(TrustRow::Signers(signers)) => {
                for (when, name) in ["before: signed by", "after: signed by"].into_iter().zip(signers) {
                    lines.extend(text(Role::Dim, when));
                    lines.extend(text(Role::Text, if name.is_empty() { "nobody whose word counts" } else { name }));
                }
            }
            Some(TrustRow::Check(id, sides)) => {
                let same = sides[0] == sides[1];
                for ((when, name), finding) in ["before", "after"].into_iter().zip(names).zip(sides) {
                    if when == "before" && same {
                        continue;
                    }
                    let which = if same { "both".to_owned() } else { format!("{when}: {name}") };
                    if !lines.is_empty() {
                        lines.push(Line::default());
                    }
                    lines.extend(check(look, (id, finding.as_ref()), &which, columns));
                }
            }
        }
        lines
    }
}

fn check(look: &Look, (id, found): (&str, Option<&Finding>), which: &str, columns: usize) -> Vec<Line<'static>> {
    let subject = Line::from(look.span(Role::Dim, format!("  {}", format::fit(which, columns, look.ellipsis()))));
    let Some(found) = found else {
        return vec![subject, Line::from(look.span(Role::Dim, "  nobody looks at this there"))];
    };
    let text = CheckText { id, verdict: Some(found.verdict), reason: &found.reason, evidence: &found.evidence };
    text.lines(look, columns, Some(subject))
}

const COLUMNS: [Column; 4] = [
    Column { title: "", width: Width::Fixed(1), align: Align::Left, from: 0 },
    Column { title: "check", width: Width::Fill(2), align: Align::Left, from: 0 },
    Column { title: "before", width: Width::Fill(2), align: Align::Left, from: 0 },
    Column { title: "after", width: Width::Fill(2), align: Align::Left, from: 0 },
];

/// Draws the list.
pub(in crate::tui::screens::diff) fn draw(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer) {
    let rows = model.trust_rows();
    if rows.is_empty() {
        let text = match (&model.trust.sides, model.words.is_active()) {
            (None, _) => "verifying both, down to their roots",
            (Some(_), true) => "nothing of that; Esc shows all",
            (Some(_), false) => "nothing is known of either",
        };
        buffer.set_span(area.x + 2, area.y + 1, &look.span(Role::Dim, text), area.width.saturating_sub(3));
        return;
    }
    let cursor = model.trust.cursor;
    let table = Table { look, columns: &COLUMNS, len: rows.len(), cursor, focused: true, headed: true };
    let width = usize::from(Table::row_width(area));
    table.draw(area, buffer, |index| marked_cells(look, &model.words, cells(look, rows[index], width)));
}

fn cells(look: &Look, row: &TrustRow, width: usize) -> Vec<Line<'static>> {
    let sign = if row.differs() { Line::from(look.glyph(Glyph::Modified)) } else { Line::default() };
    match row {
        TrustRow::Unverified(image, _) => {
            let said = look.span(Role::Unknown, format!("{image} cannot be verified"));
            let spans: Vec<Span<'static>> = badge(look, Glyph::Unknown).into_iter().chain([said]).collect();
            vec![cut(look, &Line::from(spans), width)]
        }
        TrustRow::Level([before, after]) => {
            let names = match (before, after) {
                (Some(before), Some(after)) if before == after => before.clone(),
                (Some(before), Some(after)) => format!("{before} → {after}"),
                (Some(one), None) => format!("{one} → none"),
                (None, after) => format!("none → {}", after.as_deref().unwrap_or("none")),
            };
            vec![Line::from(look.span(Role::Strong, names))]
        }
        TrustRow::Signers([before, after]) => {
            let name = |who: &String| {
                let (role, text) = if who.is_empty() { (Role::Dim, "nobody") } else { (Role::Text, who.as_str()) };
                Line::from(look.span(role, text))
            };
            vec![sign, Line::from(look.span(Role::Dim, "signed by")), name(before), name(after)]
        }
        TrustRow::Check(id, [before, after]) => {
            vec![sign, Line::from(look.span(Role::Text, id.clone())), verdict(look, before), verdict(look, after)]
        }
    }
}

/// A verdict with its reason: the badge has the first cells of its column.
fn verdict(look: &Look, found: &Option<Finding>) -> Line<'static> {
    let Some(found) = found else { return Line::from(look.span(Role::Dim, "-")) };
    let glyph = glyph_of_verdict(Some(found.verdict));
    let reason = look.span(Role::Dim, found.reason.to_string());
    Line::from(badge(look, glyph).into_iter().chain([reason]).collect::<Vec<_>>())
}
