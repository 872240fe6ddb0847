//! Checks as screens show them: a verdict's glyph in cells of its own, counts, one check with what it found, what it asks
//! and what to do. Knows no screen and no bake.
//!
//! A badge stands in the first cells of its row or pane, and whatever an image supplies begins behind them.

use ratatui::text::{Line, Span};

use crate::domain::trust::rules::explain;
use crate::domain::trust::{CheckVerdict, Signer};
use crate::tui::format;
use crate::tui::theme::{Glyph, Look, Role};

/// The glyph of a verdict; `None`: it is being found.
pub fn glyph_of_verdict(verdict: Option<CheckVerdict>) -> Glyph {
    match verdict {
        None => Glyph::Running,
        Some(CheckVerdict::Pass) => Glyph::Pass,
        Some(CheckVerdict::Warn) => Glyph::Warn,
        Some(CheckVerdict::Fail) => Glyph::Fail,
        Some(CheckVerdict::Skip) => Glyph::Unasked,
        Some(CheckVerdict::Unknown) => Glyph::Unknown,
    }
}

/// A glyph with what is left of its cells, so that what follows begins in the same column whatever it is.
pub fn badge(look: &Look, glyph: Glyph) -> [Span<'static>; 2] {
    let sign = look.glyph(glyph);
    let rest = usize::from(look.glyph_width() + 1).saturating_sub(sign.width());
    [sign, Span::raw(" ".repeat(rest))]
}

/// How many of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Counts {
    pub pass: usize,
    pub warn: usize,
    pub fail: usize,
    pub unknown: usize,
    pub skip: usize,
}

impl Counts {
    /// Counts them.
    pub fn of(verdicts: impl IntoIterator<Item = CheckVerdict>) -> Self {
        let mut counts = Self::default();
        for verdict in verdicts {
            *match verdict {
                CheckVerdict::Pass => &mut counts.pass,
                CheckVerdict::Warn => &mut counts.warn,
                CheckVerdict::Fail => &mut counts.fail,
                CheckVerdict::Unknown => &mut counts.unknown,
                CheckVerdict::Skip => &mut counts.skip,
            } += 1;
        }
        counts
    }

    /// How many were asked for.
    pub fn asked(&self) -> usize {
        self.pass + self.warn + self.fail + self.unknown
    }

    /// `✖ 1  ? 2  ▲ 1  ✔ 12`: the worst first; `all`: also those behind the worst.
    pub fn spans(&self, look: &Look, all: bool) -> Vec<Span<'static>> {
        let sorts = [
            (Glyph::Fail, self.fail),
            (Glyph::Unknown, self.unknown),
            (Glyph::Warn, self.warn),
            (Glyph::Pass, self.pass),
        ];
        let there = sorts.into_iter().filter(|(_, count)| *count > 0);
        let mut spans = Vec::new();
        for (glyph, count) in there.take(if all { sorts.len() } else { 1 }) {
            if !spans.is_empty() {
                spans.push(Span::raw("  "));
            }
            spans.extend([look.glyph(glyph), look.span(Role::Dim, format!(" {count}"))]);
        }
        spans
    }
}

/// Who signed, in words: `baker (key 77aa02f31b…)`.
pub fn signer_words(look: &Look, signer: &Signer) -> String {
    match signer {
        Signer::Key { name, fingerprint } => {
            let short: String = fingerprint.chars().take(12).collect();
            format!("{name} (key {short}{})", look.ellipsis())
        }
        Signer::Identity { issuer, subject } => format!("{subject}, as {issuer} says"),
    }
}

/// One check in full.
#[derive(Clone, Copy, Debug)]
pub struct CheckText<'a> {
    /// Its identifier.
    pub id: &'a str,
    /// Its outcome; `None` while it runs.
    pub verdict: Option<CheckVerdict>,
    /// Reason code.
    pub reason: &'a str,
    /// What was found.
    pub evidence: &'a [String],
}

/// Columns of `rule` and `mend`.
const NAME: usize = 6;

impl CheckText<'_> {
    /// Its lines in a pane of so many columns; `subject` says what it is about.
    pub fn lines(&self, look: &Look, columns: usize, subject: Option<Line<'static>>) -> Vec<Line<'static>> {
        let mut lines = vec![self.title(look, columns)];
        lines.extend(subject);
        for text in self.evidence {
            for (number, part) in format::wrap(text, columns.saturating_sub(4)).into_iter().enumerate() {
                let indent = if number == 0 { "  " } else { "    " };
                lines.push(Line::from(vec![Span::raw(indent), look.span(Role::Text, part)]));
            }
        }
        if self.evidence.is_empty() {
            let said = match self.verdict {
                None => "it is being looked at",
                Some(CheckVerdict::Skip) => "nobody asks for this",
                Some(_) => "nothing more is known",
            };
            lines.push(Line::from(look.span(Role::Dim, format!("  {said}"))));
        }
        let told = explain(self.id, self.reason);
        for (name, role, text) in [("rule", Role::Dim, told.rule), ("mend", Role::Text, told.mend)] {
            if !text.is_empty() {
                lines.push(Line::default());
                lines.extend(named(look, name, role, text, columns));
            }
        }
        lines
    }

    /// `✖ lineage.contract          contract.modified`.
    fn title(&self, look: &Look, columns: usize) -> Line<'static> {
        let mut spans = badge(look, glyph_of_verdict(self.verdict)).to_vec();
        let start: usize = spans.iter().map(Span::width).sum();
        let room = columns.saturating_sub(start);
        let id = format::fit(self.id, room, look.ellipsis());
        let used = format::width(&id);
        spans.push(look.span(Role::Strong, id));
        let reason = format::width(self.reason);
        if used + 2 + reason <= room {
            spans.push(Span::raw(" ".repeat(room - used - reason)));
            spans.push(look.span(glyph_of_verdict(self.verdict).role(), self.reason.to_owned()));
        }
        Line::from(spans)
    }
}

/// Text with its name beside the first line.
fn named(look: &Look, name: &str, role: Role, text: &str, columns: usize) -> Vec<Line<'static>> {
    let parts = format::wrap(text, columns.saturating_sub(NAME + 2).max(8));
    let row = |(number, part): (usize, String)| {
        let name = format::left(if number == 0 { name } else { "" }, NAME, look.ellipsis());
        Line::from(vec![look.span(Role::Key, format!("  {name}")), look.span(role, part)])
    };
    parts.into_iter().enumerate().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_say_the_worst_first() {
        use CheckVerdict::{Fail, Pass, Skip, Unknown, Warn};
        let counts = Counts::of([Pass, Warn, Pass, Fail, Skip, Unknown]);
        let look = Look::of_roles(false);
        let shown = |all| Line::from(counts.spans(&look, all)).to_string();
        assert_eq!((shown(true), shown(false)), ("✖ 1  ? 1  ▲ 1  ✔ 2".into(), "✖ 1".into()));
        assert_eq!((counts.asked(), Counts::default().spans(&look, true).len()), (5, 0));
    }

    #[test]
    fn what_follows_a_badge_begins_in_one_column_also_in_plain_characters() {
        for ascii in [false, true] {
            let look = Look::of_roles(ascii);
            let width = |glyph| Line::from(badge(&look, glyph).to_vec()).width();
            assert_eq!(width(Glyph::Pass), width(Glyph::Unknown), "ascii: {ascii}");
        }
    }

    #[test]
    fn a_check_in_full_says_reason_evidence_rule_and_mend_and_nothing_else_at_the_badge() {
        let evidence = vec!["✔ verified: a path that is long enough to need another line".to_owned()];
        let check = CheckText {
            id: "lineage.contract",
            verdict: Some(CheckVerdict::Fail),
            reason: "contract.modified",
            evidence: &evidence,
        };
        let lines: Vec<String> =
            check.lines(&Look::of_roles(false), 44, None).iter().map(ToString::to_string).collect();
        assert_eq!(lines[0], "✖ lineage.contract         contract.modified");
        assert!(lines.iter().skip(1).all(|line| line.is_empty() || line.starts_with("  ")), "{lines:#?}");
        assert!(lines.iter().any(|line| line.starts_with("  mend  ")), "{lines:#?}");
    }
}
