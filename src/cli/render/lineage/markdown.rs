//! A table for merge requests: what is stale, on what, since when; and what it asks for, where that was asked.

use super::assessment::{best, package};
use super::{Shown, rfc3339};
use crate::domain::lineage::Standing;
use crate::domain::text::escape;

/// Most packages named in a cell.
const PACKAGES: usize = 5;

/// The lines.
pub fn markdown(shown: &Shown<'_>) -> Vec<String> {
    let mut lines = vec![format!("**{}**", shown.totals()), String::new()];
    let graph = shown.graph();
    let stale = shown.stale_ones();
    // What could not be read may be stale: nobody is to take this for all there is.
    let unread = shown.lineage.unread.iter();
    lines.extend(
        unread.map(|(what, _)| format!("{} cannot be read: what is stale there is not known.", cell(&escape(what)))),
    );
    if stale.is_empty() {
        if shown.lineage.unread.is_empty() {
            lines.push("Every image is on what its base is now.".into());
        }
        return lines;
    }
    if !shown.lineage.unread.is_empty() {
        lines.push(String::new());
    }
    let is_assessed = !shown.assessed.is_empty();
    let (more, rule) = if is_assessed { (" best | packages |", " --- | --- |") } else { ("", "") };
    lines.push(format!("| image | base | behind | since |{more}"));
    lines.push(format!("| --- | --- | ---: | --- |{rule}"));
    for number in stale {
        let name = cell(&shown.name(number));
        let mut line = match graph.standing(number) {
            Standing::Stale { follows, behind, since, .. } => {
                let since = since.and_then(rfc3339).unwrap_or_default();
                format!("| {name} | {} | {behind} | {since} |", cell(&escape(follows)))
            }
            Standing::Through { stale } => format!("| {name} | {}, stale itself | | |", cell(&shown.name(*stale))),
            _ => format!("| {name} | {} | | |", cell(&shown.words(number))),
        };
        if is_assessed {
            let told = shown.assessed.get(&number);
            let action = told.map(|told| best(&told.best)).unwrap_or_default();
            let packages = told.map(|told| packages(&told.packages)).unwrap_or_default();
            line.push_str(&format!(" {} | {} |", cell(&action), cell(&packages)));
        }
        lines.push(line);
    }
    lines
}

/// The first of them, and how many more.
fn packages(changes: &[crate::domain::layer::packages::PackageChange]) -> String {
    let mut named: Vec<String> = changes.iter().take(PACKAGES).map(package).collect();
    if changes.len() > PACKAGES {
        named.push(format!("{} more", changes.len() - PACKAGES));
    }
    named.join(", ")
}

/// In a table and as it stands: neither a bar nor anything else Markdown would take for its own.
pub(super) fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\' | '#' | '!' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
