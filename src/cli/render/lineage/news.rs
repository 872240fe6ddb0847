//! What has changed since the last look, one line or one document each. Text from outside is escaped.

use serde_json::{Value, json};

use super::Shown;
use crate::domain::lineage::News;
use crate::domain::text::escape;

/// The line.
pub fn line(news: &News, shown: &Shown<'_>, at: &str) -> String {
    let name = escape(&news.place().to_string());
    let digest = |number: usize| shown.graph().images()[number].digest.short();
    let words = |number: usize| match shown.words(number) {
        words if words.is_empty() => words,
        words => format!("  {} {words}", shown.sign_of(number)),
    };
    let what = match news {
        News::Appeared { number, .. } => format!("+ {name}{}", words(*number)),
        News::Gone { .. } => format!("- {name}"),
        News::Moved { before, number, .. } => {
            format!("→ {name}  {} → {}{}", before.short(), digest(*number), words(*number))
        }
        News::Stands { number, .. } => format!("{} {name}  {}", shown.sign_of(*number), shown.words(*number)),
    };
    format!("{at}  {what}")
}

/// The document.
pub fn json(news: &News, shown: &Shown<'_>, at: &str) -> Value {
    let before = match news {
        News::Moved { before, .. } | News::Gone { before, .. } => Some(before),
        News::Appeared { .. } | News::Stands { .. } => None,
    };
    let stood = match news {
        News::Stands { before, .. } => Some(before),
        _ => None,
    };
    json!({
        "at": at,
        "change": news.as_str(),
        "image": news.place().to_string(),
        "before": before,
        "stood": stood,
        "node": news.number().map(|number| shown.node(number)),
    })
}
