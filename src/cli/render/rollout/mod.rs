//! Roll-outs for people and as JSON: one as it goes, what one would do, one in a list. Texts of items are escaped already.

mod story;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::domain::rollout::{Item, ItemState, RolloutStatus};
use crate::flows::rollout::{Foreseen, RolloutRow};

pub use story::Story;

fn sign_of(sign: char, code: &str, color: bool) -> String {
    if color { format!("\x1b[{code}m{sign}\x1b[0m") } else { sign.to_string() }
}

/// One roll-out in a line.
pub fn row(row: &RolloutRow) -> String {
    let RolloutRow { rollout, base, status, began, done, failed, skipped, open } = row;
    // Month, day, hour, minute in UTC: the whole stamp is in the JSON.
    let began = OffsetDateTime::from_unix_timestamp(*began).ok().and_then(|began| began.format(&Rfc3339).ok());
    let began = began.as_deref().and_then(|began| began.get(5..16)).unwrap_or_default().replace('T', " ");
    let counts = counted((*done, *failed, *skipped, *open));
    format!("{rollout}  {:<11}  {began}  {base}  {counts}", word(*status))
}

/// How many were moved, failed, were left, are still to come: what there is of them.
fn counted((done, failed, skipped, open): (usize, usize, usize, usize)) -> String {
    let rest = [(failed, "failed"), (skipped, "left"), (open, "to come")];
    let rest = rest.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!(", {number} {what}"));
    std::iter::once(format!("{done} moved")).chain(rest).collect()
}

fn word(status: RolloutStatus) -> &'static str {
    match status {
        RolloutStatus::Running => "running",
        RolloutStatus::Done => "done",
        RolloutStatus::Incomplete => "incomplete",
        RolloutStatus::OverBudget => "over-budget",
        RolloutStatus::Cancelled => "cancelled",
        RolloutStatus::Lost => "lost",
    }
}

/// What one would do: a line an image with its reasons below, and the totals.
pub fn foreseen(told: &Foreseen, color: bool) -> (Vec<String>, String) {
    let mut lines = Vec::new();
    for (number, item) in told.progress.items.iter().enumerate() {
        let answer = told.answers[number];
        let sign = match answer {
            "rebase" | "rebake" | "base-first" | "alias" | "publish" | "there" => sign_of('✔', "32", color),
            "left" => sign_of('▲', "33", color),
            _ => sign_of('✖', "31", color),
        };
        let indent = "  ".repeat(item.depth.saturating_sub(1));
        lines.push(format!("{sign} {indent}{}  {answer}  (on {})", item.reference, item.base));
        lines.extend(why(told, number, item).into_iter().map(|line| format!("    {indent}{line}")));
    }
    let numbers = counts(told);
    let totals = numbers.iter().filter(|(_, number)| *number > 0);
    let totals = totals.map(|(answer, number)| format!("{number} {}", in_words(answer, *number)));
    let totals = totals.collect::<Vec<_>>().join(", ");
    let totals = if totals.is_empty() { "nothing is stale".to_owned() } else { totals };
    (lines, format!("{}@{}: {totals}", told.progress.base, told.progress.onto.short()))
}

fn why(told: &Foreseen, number: usize, item: &Item) -> Vec<String> {
    let left = match &item.state {
        ItemState::Skipped { why } => Some(why.clone()),
        _ => None,
    };
    let then = if told.answers[number] == "publish" { "to" } else { "then to" };
    let places = told.places[number].iter().filter(|_| left.is_none()).map(|place| format!("{then} {place}"));
    // What it waits for stands in its line already; of what is left only that counts.
    let after = format!("after {}", item.base);
    let reasons = told.reasons[number].iter().filter(|reason| left.is_none() && **reason != after);
    reasons.cloned().chain(left.clone()).chain(places).collect()
}

/// An answer after a number.
fn in_words(answer: &'static str, number: usize) -> &'static str {
    match answer {
        "rebase" => "to rebase",
        "rebake" => "to rebake",
        "base-first" if number == 1 => "after its base",
        "base-first" => "after their base",
        "alias" => "to name anew",
        "publish" => "to publish",
        "there" => "there already",
        "cannot" => "cannot be moved",
        _ => answer,
    }
}

/// How many of each.
fn counts(told: &Foreseen) -> Vec<(&'static str, usize)> {
    let of = |answer: &'static str| (answer, told.answers.iter().filter(|one| **one == answer).count());
    ["rebase", "rebake", "base-first", "alias", "publish", "there", "refused", "cannot", "left"].map(of).to_vec()
}

/// The same as one document.
pub fn document(told: &Foreseen) -> Value {
    let images = told.progress.items.iter().enumerate().map(|(number, item)| {
        let why = match &item.state {
            ItemState::Skipped { why } => Some(why),
            _ => None,
        };
        json!({
            "image": item.reference,
            "base": item.base,
            "depth": item.depth,
            "answer": told.answers[number],
            "reasons": told.reasons[number],
            "left": why,
            "publish": told.places[number],
        })
    });
    let images: Vec<Value> = images.collect();
    let count: serde_json::Map<String, Value> =
        counts(told).into_iter().map(|(answer, number)| (answer.to_owned(), number.into())).collect();
    json!({"base": told.progress.base, "onto": told.progress.onto, "images": images, "count": count})
}
