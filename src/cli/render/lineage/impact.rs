//! What a base's move would come to: a line, a table, a document. Text from outside is escaped already.

use serde_json::{Value, json};

use super::markdown::cell;
use crate::cli::render::rebase::json as of_rebase;
use crate::domain::units::count as counted;
use crate::flows::impact::{Hit, HitCount, Outcome, Reach};

/// What is to be said of an image beside its rebase.
pub fn line(hit: &Hit) -> Option<String> {
    let note = hit.note.as_deref().unwrap_or_default();
    match (&hit.rebase, hit.outcome) {
        (None, Outcome::Refused | Outcome::Stuck) => Some(format!("✖ {}  {note}", hit.reference)),
        (None, _) => Some(format!("· {}  {note}", hit.reference)),
        (Some(_), Outcome::Unverified) => Some(format!("  safe {note}")),
        (Some(_), _) => None,
    }
}

/// `3 safe, 1 to be baked again, 0 refused, 4 others`.
pub fn totals(hits: &[Hit]) -> String {
    let HitCount { safe, rebake, refused, others } = HitCount::of(hits);
    let Reach { direct, further, stuck } = Reach::of(hits);
    let stuck = if stuck == 0 { String::new() } else { format!(" ({stuck} of them stuck)") };
    let (direct, further) = (counted(direct as u64, "image"), counted(further as u64, "image"));
    format!(
        "{safe} safe, {rebake} to be baked again, {refused} refused, {others} others{stuck}; {direct} on it, {further} on those"
    )
}

/// A table for merge requests.
pub fn markdown(hits: &[Hit]) -> Vec<String> {
    let mut lines = vec![format!("**{}**", totals(hits)), String::new()];
    if hits.is_empty() {
        lines.push("Nothing is built on it.".into());
        return lines;
    }
    lines.push("| image | outcome | why |".into());
    lines.push("| --- | --- | --- |".into());
    lines.extend(hits.iter().map(|hit| {
        let why = hit.note.as_deref().unwrap_or_default();
        format!("| {} | {} | {} |", cell(&hit.reference), hit.outcome.as_str(), cell(why))
    }));
    lines
}

/// As one document.
pub fn json(hits: &[Hit]) -> Value {
    let images = hits.iter().map(|hit| {
        let rebase = hit.rebase.as_ref().map(|rebase| of_rebase(rebase));
        json!({
            "image": hit.reference,
            "outcome": hit.outcome,
            "through": hit.through,
            "rebase": rebase,
            "note": hit.note,
        })
    });
    json!({"images": images.collect::<Vec<_>>(), "count": HitCount::of(hits), "reach": Reach::of(hits)})
}
