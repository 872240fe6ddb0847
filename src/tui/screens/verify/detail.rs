//! What is selected, in full: a level, or one of its checks. Lines only; the first cells of each are for badges, and what an
//! image supplies begins behind them.

use ratatui::text::{Line, Span};

use super::{Model, Row};
use crate::domain::trust::{Check, CheckVerdict, Level};
use crate::domain::units;
use crate::tui::format;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{CheckText, Counts, badge, glyph_of_verdict, signer_words};

/// Columns of a value's name.
const NAME: usize = 9;

/// An image's origin sign and the role of its name.
pub(super) fn origin(level: &Level) -> (Glyph, Role) {
    if level.is_local { (Glyph::Local, Role::Local) } else { (Glyph::Global, Role::Global) }
}

impl Model {
    /// The lines of the right pane, for a pane of so many columns.
    pub(super) fn detail_lines(&self, look: &Look, columns: usize) -> Vec<Line<'static>> {
        match self.selected() {
            Some(row @ Row::Check(..)) => {
                self.check(row).map(|(level, check)| check_lines(look, (level, check), columns)).unwrap_or_default()
            }
            Some(Row::Level(number)) => self.level_lines(look, number, columns),
            None => Vec::new(),
        }
    }

    fn level_lines(&self, look: &Look, number: usize, columns: usize) -> Vec<Line<'static>> {
        let Some(level) = self.level(number) else { return Vec::new() };
        let base = self.level(number + 1);
        let mut lines = vec![title(look, level, columns), verdict(look, level)];
        lines.push(Line::default());
        if level.signed_by.is_empty() {
            let said = "nobody whose word counts here";
            lines.extend(rows(look, "signed by", &[(Role::Dim, said.to_owned())], columns));
        }
        let signers: Vec<_> = level.signed_by.iter().map(|signer| (Role::Text, signer_words(look, signer))).collect();
        lines.extend(rows(look, "signed by", &signers, columns));
        lines.extend(rows(look, "layers", &[(Role::Text, layers(level, base))], columns));
        let made = if level.is_local { "made here" } else { "inherited" };
        lines.extend(rows(look, "origin", &[(Role::Text, made.to_owned())], columns));
        lines.extend(rows(look, "digest", &[(Role::Text, level.digest.to_string())], columns));
        let worst = |verdict| level.checks.iter().find(|check| check.finding.verdict == verdict);
        let worst = [CheckVerdict::Fail, CheckVerdict::Unknown, CheckVerdict::Warn].into_iter().find_map(worst);
        if let Some(blocking) = worst {
            lines.push(Line::default());
            lines.extend(check_lines(look, (level, blocking), columns));
        }
        lines
    }
}

fn check_lines(look: &Look, (level, check): (&Level, &Check), columns: usize) -> Vec<Line<'static>> {
    let (glyph, role) = origin(level);
    let room = columns.saturating_sub(7);
    let name = format::fit(&level.reference, room, look.ellipsis());
    let subject =
        Line::from(vec![look.span(Role::Dim, "  of "), look.glyph(glyph), look.span(role, format!(" {name}"))]);
    let finding = &check.finding;
    let text = CheckText {
        id: &check.id,
        verdict: Some(finding.verdict),
        reason: &finding.reason,
        evidence: &finding.evidence,
    };
    text.lines(look, columns, Some(subject))
}

/// `◇ local/team-a/payments-api:1.4.0        3f9a…c1`.
fn title(look: &Look, level: &Level, columns: usize) -> Line<'static> {
    let (glyph, role) = origin(level);
    let start = badge(look, glyph);
    let digest = look.span(Role::Dim, level.digest.short());
    let used: usize = start.iter().map(Span::width).sum();
    let room = columns.saturating_sub(used + 1 + digest.width());
    let name = format::left(&level.reference, room, look.ellipsis());
    Line::from(start.into_iter().chain([look.span(role, name), Span::raw(" "), digest]).collect::<Vec<_>>())
}

/// What its checks come to, in words.
fn verdict(look: &Look, level: &Level) -> Line<'static> {
    let glyph = glyph_of_verdict(Some(level.verdict()));
    let counts = Counts::of(level.checks.iter().map(|check| check.finding.verdict));
    let words = [
        (counts.fail, "failed"),
        (counts.unknown, "unknown"),
        (counts.warn, "warned"),
        (counts.pass, "passed"),
        (counts.skip, "not asked for"),
    ];
    let words = words.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    let words = words.collect::<Vec<_>>().join(look.dot());
    let said = if words.is_empty() { "nothing was checked".to_owned() } else { words };
    Line::from(badge(look, glyph).into_iter().chain([look.span(glyph.role(), said)]).collect::<Vec<_>>())
}

/// Which layers are whose.
fn layers(level: &Level, base: Option<&Level>) -> String {
    let (inherited, all) = level.layers;
    let own = u64::from(all.saturating_sub(inherited));
    let from = base.map(|base| format!(" from {}", base.reference)).unwrap_or_default();
    match inherited {
        0 => format!("{}, none inherited", units::count(own, "layer")),
        _ => format!("{} of its own on {inherited} inherited{from}", units::count(own, "layer")),
    }
}

/// Values below each other, their name beside the first.
fn rows(look: &Look, name: &str, values: &[(Role, String)], columns: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (role, value) in values {
        for part in format::wrap(value, columns.saturating_sub(NAME + 4).max(8)) {
            let name = format::left(if lines.is_empty() { name } else { "" }, NAME, look.ellipsis());
            lines.push(Line::from(vec![look.span(Role::Dim, format!("  {name}  ")), look.span(*role, part)]));
        }
    }
    lines
}
