//! A table for merge requests: what is stale, on what, since when.

use super::{Shown, rfc3339};
use crate::domain::lineage::Standing;

/// The lines.
pub fn markdown(shown: &Shown<'_>) -> Vec<String> {
    let mut lines = vec![format!("**{}**", shown.totals()), String::new()];
    let graph = shown.graph();
    let stale: Vec<usize> = shown.tagged().filter(|number| graph.standing(*number).is_stale()).collect();
    if stale.is_empty() {
        lines.push("Every image is on what its base is now.".into());
        return lines;
    }
    lines.push("| image | base | behind | since |".into());
    lines.push("| --- | --- | ---: | --- |".into());
    for number in stale {
        let name = cell(&shown.name(number));
        lines.push(match graph.standing(number) {
            Standing::Stale { follows, behind, since, .. } => {
                let since = since.and_then(rfc3339).unwrap_or_default();
                format!("| {name} | {} | {behind} | {since} |", cell(&crate::domain::text::escape(follows)))
            }
            _ => format!("| {name} | {} | | |", cell(&shown.words(number))),
        });
    }
    lines
}

/// In a table and as it stands: neither a bar nor anything else Markdown would take for its own.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\' | '#' | '!' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
