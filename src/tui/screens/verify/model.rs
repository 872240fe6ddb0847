//! What the Verify screen knows: the chain that was verified, which of it is open, what is selected. Rows are made when
//! something changed, never at a key that only moves.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::trust::{Check, CheckVerdict, Level, Verified};
use crate::report::Report;
use crate::tui::widgets::{Counts, Cursor, Filter};

/// How far what was asked for is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Standing {
    /// Nobody asked yet.
    #[default]
    Nothing,
    /// It is being verified; what was found before still shows.
    Going,
    /// It is there.
    There,
    /// It was given up; what was found before still shows.
    Stopped,
    /// It cannot be verified at all.
    Failed(Report),
}

/// A row of the list. Levels and checks by their numbers in the chain, which has the image first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// An image of the chain.
    Level(usize),
    /// One of its checks.
    Check(usize, usize),
}

impl Row {
    /// The level it belongs to.
    pub fn level(self) -> usize {
        match self {
            Self::Level(level) | Self::Check(level, _) => level,
        }
    }
}

/// What is selected, by name.
#[derive(Debug)]
struct Anchor {
    reference: String,
    check: Option<String>,
}

/// The screen's state.
#[derive(Debug, Default)]
pub struct Model {
    /// The image asked for.
    pub asked: Option<String>,
    /// How often something was asked for: answers to what was asked before are late.
    pub run: u64,
    /// How far it is.
    pub standing: Standing,
    /// What was found.
    pub verified: Option<Arc<Verified>>,
    /// Levels that show their checks.
    pub(super) open: BTreeSet<usize>,
    /// The rows, the root first.
    pub(super) rows: Vec<Row>,
    /// What is selected among them.
    pub cursor: Cursor,
    /// What is looked for.
    pub filter: Filter,
    /// Whether the right pane has the keys, and its first line shown.
    pub detail: Option<usize>,
}

impl Model {
    /// The rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The selected row.
    pub fn selected(&self) -> Option<Row> {
        self.rows.get(self.cursor.selected).copied()
    }

    /// A level of the chain.
    pub fn level(&self, number: usize) -> Option<&Level> {
        self.verified.as_ref()?.chain.get(number)
    }

    /// A check with its level.
    pub fn check(&self, row: Row) -> Option<(&Level, &Check)> {
        let Row::Check(level, check) = row else { return None };
        let level = self.level(level)?;
        Some((level, level.checks.get(check)?))
    }

    /// The selected check with its level.
    pub fn selected_check(&self) -> Option<(&Level, &Check)> {
        self.check(self.selected()?)
    }

    /// The level that is selected, or whose check is.
    pub fn selected_level(&self) -> Option<&Level> {
        self.level(self.selected()?.level())
    }

    /// Whether a level shows its checks.
    pub fn is_open(&self, level: usize) -> bool {
        self.filter.is_active() || self.open.contains(&level)
    }

    /// The verdicts of the whole chain.
    pub fn counts(&self) -> Counts {
        let levels = self.verified.iter().flat_map(|verified| &verified.chain);
        Counts::of(levels.flat_map(|level| &level.checks).map(|check| check.finding.verdict))
    }

    /// Takes in what was found. What is open and selected stays so where the chain is still the same; else the image's own
    /// checks and those of every level that is not trusted are open, and the first check that says no is selected.
    pub(super) fn take(&mut self, verified: Arc<Verified>) {
        let names =
            |verified: &Verified| verified.chain.iter().map(|level| level.reference.clone()).collect::<Vec<_>>();
        let same = self.verified.as_ref().is_some_and(|before| names(before) == names(&verified));
        let anchor = if same { self.anchor() } else { None };
        self.verified = Some(verified);
        self.standing = Standing::There;
        if !same {
            self.detail = None;
            self.open = self.first_open();
            self.filter.drop_it();
        }
        self.make_rows();
        self.cursor = Cursor::default();
        let found = anchor.and_then(|anchor| self.find(&anchor));
        if let Some(at) = found.or_else(|| self.first_blocking()).or_else(|| self.row_of(Row::Level(0))) {
            self.cursor.selected = at;
        }
    }

    fn first_open(&self) -> BTreeSet<usize> {
        let chain = self.verified.as_ref().map(|verified| verified.chain.as_slice()).unwrap_or_default();
        let blocks = chain.iter().enumerate().filter(|(_, level)| level.verdict().blocks());
        blocks.map(|(number, _)| number).chain([0]).collect()
    }

    /// Makes the rows anew, after the chain, what is open or the filter changed; the selection stays on what it was on.
    pub(super) fn make_rows(&mut self) {
        let chain = self.verified.as_ref().map(|verified| verified.chain.as_slice()).unwrap_or_default();
        let mut rows = Vec::new();
        for (number, level) in chain.iter().enumerate().rev() {
            let all = (0..level.checks.len()).map(|check| Row::Check(number, check));
            if !self.filter.is_active() {
                rows.push(Row::Level(number));
                if self.open.contains(&number) {
                    rows.extend(all);
                }
                continue;
            }
            let hits: Vec<Row> =
                all.zip(&level.checks).filter(|(_, check)| self.lets(check)).map(|(row, _)| row).collect();
            let named = !self.is_inverse() && self.filter.lets(&level.reference);
            if named || !hits.is_empty() {
                rows.push(Row::Level(number));
                rows.extend(hits);
            }
        }
        self.rows = rows;
    }

    /// The same, the selection on what it was on, or on its level.
    pub(super) fn remake(&mut self) {
        let anchor = self.anchor();
        self.make_rows();
        if let Some(at) = anchor.and_then(|anchor| self.find(&anchor)) {
            self.cursor.selected = at;
        }
    }

    fn is_inverse(&self) -> bool {
        self.filter.text.starts_with('!')
    }

    /// Whether the filter lets a check through: one of its words does, or of a turned filter all of them.
    fn lets(&self, check: &Check) -> bool {
        let finding = &check.finding;
        let first = [check.id.as_str(), &finding.reason, finding.verdict.as_str()].into_iter();
        let mut texts = first.chain(finding.evidence.iter().map(String::as_str));
        match self.is_inverse() {
            true => texts.all(|text| self.filter.lets(text)),
            false => texts.any(|text| self.filter.lets(text)),
        }
    }

    fn anchor(&self) -> Option<Anchor> {
        let level = self.selected_level()?;
        let check = self.selected_check().map(|(_, check)| check.id.clone());
        Some(Anchor { reference: level.reference.clone(), check })
    }

    fn find(&self, anchor: &Anchor) -> Option<usize> {
        let is_level = |row: &Row| self.level(row.level()).is_some_and(|level| level.reference == anchor.reference);
        let is_it = |row: &Row| is_level(row) && self.check(*row).map(|(_, check)| &check.id) == anchor.check.as_ref();
        self.rows.iter().position(is_it).or_else(|| self.rows.iter().position(is_level))
    }

    pub(super) fn row_of(&self, row: Row) -> Option<usize> {
        self.rows.iter().position(|other| *other == row)
    }

    /// The first row that failed; else the first whose outcome is not known.
    fn first_blocking(&self) -> Option<usize> {
        let with = |wanted: CheckVerdict| {
            self.rows.iter().position(|row| self.check(*row).is_some_and(|(_, check)| check.finding.verdict == wanted))
        };
        with(CheckVerdict::Fail).or_else(|| with(CheckVerdict::Unknown))
    }

    /// The next check that stands in the way, round the end, its level opened; whether there is one.
    pub(super) fn next_blocking(&mut self, forward: bool) -> bool {
        let Some(verified) = self.verified.clone() else { return false };
        let blocks = |row: &Row| match row {
            Row::Check(level, check) => verified.chain[*level].checks[*check].finding.verdict.blocks(),
            Row::Level(_) => false,
        };
        // As the rows stand when everything is open.
        let every: Vec<Row> = (0..verified.chain.len())
            .rev()
            .flat_map(|level| {
                let checks = (0..verified.chain[level].checks.len()).map(move |check| Row::Check(level, check));
                std::iter::once(Row::Level(level)).chain(checks)
            })
            .collect();
        let at = self.selected().and_then(|row| every.iter().position(|other| *other == row)).unwrap_or(0);
        let found = match forward {
            true => every[at..].iter().skip(1).chain(&every[..=at]).find(|row| blocks(row)),
            false => every[..at].iter().rev().chain(every[at..].iter().rev()).find(|row| blocks(row)),
        };
        let Some(found) = found.copied() else { return false };
        if self.open.insert(found.level()) {
            self.make_rows();
        }
        if let Some(at) = self.row_of(found) {
            self.cursor.selected = at;
        }
        true
    }
}
