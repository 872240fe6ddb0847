//! Reading `keys` of `config.yaml`: by scope and action, keys as text. Knows neither keys nor actions.

use super::KeySetting;
use crate::domain::yaml::{Node, NodeKind, Problems, text_list};

/// `{SCOPE: {ACTION: [KEY, …]}}`.
pub(super) fn keys(node: &Node, problems: &mut Problems) -> Vec<KeySetting> {
    let mut settings = Vec::new();
    for (scope, actions) in entries(node, "`keys`", problems) {
        for (action, keys) in entries(actions, &format!("`keys.{scope}`"), problems) {
            let Some(listed) = text_list(keys, action, problems) else { continue };
            settings.push(KeySetting {
                scope: scope.to_owned(),
                action: action.to_owned(),
                keys: listed.into_iter().map(|(key, _)| key.to_owned()).collect(),
                line: keys.span.start.line,
                column: keys.span.start.column,
            });
        }
    }
    settings
}

fn entries<'a>(node: &'a Node, what: &str, problems: &mut Problems) -> Vec<(&'a str, &'a Node)> {
    match &node.kind {
        NodeKind::Mapping(entries) => entries.iter().map(|entry| (entry.key.as_str(), &entry.value)).collect(),
        _ => {
            problems
                .error(node.span, format!("{what} must be a mapping, found {}", node.describe()))
                .help("write SCOPE: {ACTION: [KEY, …]}; `bakery config show` names them");
            Vec::new()
        }
    }
}
