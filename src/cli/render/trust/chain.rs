//! A verified chain as a tree, its foot first: each image with its checks, each check with its evidence, and what to do about
//! those that stand in the way. Text from outside is escaped; no meaning is carried by a sign or a colour alone.

use serde_json::Value;

use super::signatures::signer_name;
use crate::domain::text::escape;
use crate::domain::trust::rules::explain;
use crate::domain::trust::{Check, CheckVerdict, Level, Signer, Verified};
use crate::domain::units::count;

/// Most lines of evidence of one check.
const LINES: usize = 12;
/// Longest line of evidence.
const WIDTH: usize = 400;
/// Deepest a document is unfolded, and most items of one list.
const DEEPEST: usize = 8;
const ITEMS: usize = 20;
/// Width of a check's name.
const NAME: usize = 21;

/// The lines.
pub fn lines(verified: &Verified, color: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for (depth, level) in verified.chain.iter().rev().enumerate() {
        lines.push(title(level, depth, color));
        let indent = "  ".repeat(depth + 1);
        for check in &level.checks {
            lines.extend(of_check(check, &indent, color));
        }
    }
    lines.push(format!("{}  {}", painted(verified.verdict, color), sentence(verified)));
    lines
}

/// A document as indented lines: what people read where programs read JSON.
pub fn document(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    spread(value, "", 0, &mut lines);
    lines
}

fn spread(value: &Value, name: &str, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let name = escape(name);
    let head = if name.is_empty() { "-".to_owned() } else { name };
    match value {
        Value::Object(fields) if !fields.is_empty() && depth < DEEPEST => {
            let inner = if depth == 0 && head == "-" { 0 } else { depth + 1 };
            if inner > 0 {
                lines.push(format!("{indent}{head}"));
            }
            fields.iter().for_each(|(name, value)| spread(value, name, inner, lines));
        }
        Value::Array(items) if !items.is_empty() && depth < DEEPEST => {
            lines.push(format!("{indent}{head}  ({})", items.len()));
            items.iter().take(ITEMS).for_each(|item| spread(item, "", depth + 1, lines));
            if items.len() > ITEMS {
                lines.push(format!("{indent}  … and {} more; --json has them all", items.len() - ITEMS));
            }
        }
        Value::String(text) => lines.push(format!("{indent}{head}  {}", cut(&escape(text)))),
        other => lines.push(format!("{indent}{head}  {}", cut(&escape(&other.to_string())))),
    }
}

/// `└─◆ global/python:3.12  sha256:3f9a…  signed by global  ✔ 4 checks`.
fn title(level: &Level, depth: usize, color: bool) -> String {
    let branch = if depth == 0 { String::new() } else { format!("{}└─", "  ".repeat(depth - 1)) };
    let origin = if level.is_local { '◇' } else { '◆' };
    let (name, digest) = (escape(&level.reference), level.digest.short());
    let mut parts = vec![format!("{branch}{origin} {name}"), digest];
    if !level.signed_by.is_empty() {
        let signers: Vec<String> = level.signed_by.iter().map(signer).collect();
        parts.push(format!("signed by {}", signers.join(", ")));
    }
    if let (inherited @ 1.., all) = level.layers {
        parts.push(format!("{inherited} of {all} layers inherited"));
    }
    parts.push(format!("{} {}", painted(level.verdict(), color), tally(&level.checks)));
    parts.join("  ")
}

fn signer(signer: &Signer) -> String {
    match signer {
        Signer::Key { fingerprint, .. } => {
            let short: String = fingerprint.chars().take(8).collect();
            format!("{} ({}…)", signer_name(signer), escape(&short))
        }
        Signer::Identity { issuer, .. } => format!("{} ({})", signer_name(signer), escape(issuer)),
    }
}

/// `1 of 14 checks failed`, `4 checks`.
fn tally(checks: &[Check]) -> String {
    let of = |wanted: CheckVerdict| checks.iter().filter(|check| check.finding.verdict == wanted).count();
    let asked = checks.len() - of(CheckVerdict::Skip);
    let all = count(asked as u64, "check");
    match (of(CheckVerdict::Fail), of(CheckVerdict::Unknown), of(CheckVerdict::Warn)) {
        (0, 0, 0) => all,
        (0, 0, warned) => format!("{warned} of {all} warned"),
        (0, unknown, _) => format!("{unknown} of {all} unknown"),
        (failed, 0, _) => format!("{failed} of {all} failed"),
        (failed, unknown, _) => format!("{failed} of {all} failed, {unknown} unknown"),
    }
}

fn of_check(check: &Check, indent: &str, color: bool) -> Vec<String> {
    let finding = &check.finding;
    let (id, reason) = (escape(&check.id), escape(&finding.reason));
    let short = |line: &String| cut(&escape(line));
    let (glyph, word) = (painted(finding.verdict, color), finding.verdict.as_str());
    let head = format!("{indent}{glyph} {id:<NAME$} {word:<7}  {reason}");
    let says_why = finding.verdict.blocks() || finding.verdict == CheckVerdict::Warn;
    if !says_why {
        let first = finding.evidence.first().map(short).unwrap_or_default();
        return vec![format!("{head}  {first}").trim_end().to_owned()];
    }
    let mut lines = vec![head];
    lines.extend(finding.evidence.iter().take(LINES).map(|line| format!("{indent}    {}", short(line))));
    if finding.evidence.len() > LINES {
        lines.push(format!("{indent}    … and {} more", finding.evidence.len() - LINES));
    }
    let explained = explain(&check.id, &finding.reason);
    for (what, text) in [("rule", explained.rule), ("mend", explained.mend)] {
        if !text.is_empty() {
            lines.push(format!("{indent}    {what}: {text}"));
        }
    }
    lines
}

/// What it all comes to.
fn sentence(verified: &Verified) -> String {
    let name = escape(&verified.image);
    let blocking = verified.blocking().count() as u64;
    match verified.verdict {
        CheckVerdict::Fail => format!("{name} is rejected: {} in the way", stands(blocking)),
        CheckVerdict::Unknown if blocking == 0 => format!("{name} is not verified: nothing could be established"),
        CheckVerdict::Unknown => {
            format!("{name} is not verified: {} could not be established", count(blocking, "check"))
        }
        CheckVerdict::Warn => format!("{name} is verified, with warnings"),
        CheckVerdict::Pass | CheckVerdict::Skip => format!("{name} is verified"),
    }
}

fn stands(number: u64) -> String {
    format!("{} {}", count(number, "check"), if number == 1 { "stands" } else { "stand" })
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn painted(verdict: CheckVerdict, color: bool) -> String {
    let (glyph, code) = match verdict {
        CheckVerdict::Pass => ('✔', "32"),
        CheckVerdict::Warn => ('▲', "33"),
        CheckVerdict::Fail => ('✖', "31"),
        CheckVerdict::Skip => ('·', "2"),
        CheckVerdict::Unknown => ('?', "35"),
    };
    if color { format!("\x1b[{code}m{glyph}\x1b[0m") } else { glyph.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::oci::Digest;
    use crate::domain::trust::Finding;

    fn level(reference: &str, is_local: bool, checks: Vec<Check>) -> Level {
        Level {
            reference: reference.into(),
            digest: Digest::of(reference.as_bytes()),
            is_local,
            signed_by: vec![],
            layers: (0, 1),
            checks,
        }
    }

    #[test]
    fn the_tree_begins_at_its_foot_and_says_what_stands_in_the_way() {
        let check = |id: &str, verdict, reason: &'static str, line: &str| {
            Check::new(id, Finding::new(verdict, reason, vec![line.into()]))
        };
        let chain = vec![
            level(
                "team-a/app:1\u{1b}[2J",
                true,
                vec![check("lineage.contract", CheckVerdict::Fail, "contract.modified", "/etc/x\u{202e} was modified")],
            ),
            level("global/os:1", false, vec![check("base.signature", CheckVerdict::Pass, "signature.good", "global")]),
        ];
        let verified = Verified::new("team-a/app:1".into(), Digest::of(b"x"), chain);
        let lines = lines(&verified, false);
        assert!(lines[0].starts_with("◆ global/os:1  "), "{lines:#?}");
        assert_eq!(lines[1], "  ✔ base.signature        pass     signature.good  global");
        assert!(lines[2].starts_with("└─◇ team-a/app:1\\x1b[2J  "), "{lines:#?}");
        assert!(lines[2].ends_with("✖ 1 of 1 check failed"), "{lines:#?}");
        assert_eq!(lines[3], "    ✖ lineage.contract      fail     contract.modified");
        assert_eq!(lines[4], "        /etc/x\\u{202e} was modified");
        assert_eq!(lines.last().unwrap(), "✖  team-a/app:1 is rejected: 1 check stands in the way");
    }
}
