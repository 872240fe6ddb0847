//! `keyless:` of a store: the trusted root, and whose signatures without a key count. Opens no file.

use std::path::Path;

use super::forms::below;
use super::{KeylessSettings, SubjectSetting};
use crate::domain::document::{IDENTITY, KEYLESS, keys as known};
use crate::domain::yaml::{Fields, Node, Problems, Reading};

const EXAMPLE: &str = "write {issuer: https://…, subject: …} or {issuer: https://…, subject-regex: …}";

/// Reads the mapping. One that lacks the root or names nobody is a mistake, never "nobody counts".
pub(super) fn keyless(node: &Node, root: &Path, problems: &mut Problems) -> Option<KeylessSettings> {
    let fields = Fields::open(node, "`keyless`", &known(KEYLESS), problems)?;
    let trusted_root = fields
        .require("trusted-root", problems)
        .and_then(|node| node.text("trusted-root", problems))
        .map(|text| below(root, text));
    let listed = fields.require("identities", problems).and_then(|node| node.list("identities", problems))?;
    if listed.is_empty() {
        problems.error(fields.span, "`identities` names nobody").help(EXAMPLE);
    }
    let identities = listed.iter().filter_map(|node| identity(node, problems)).collect();
    Some(KeylessSettings { trusted_root: trusted_root?, identities })
}

fn identity(node: &Node, problems: &mut Problems) -> Option<(String, SubjectSetting)> {
    let fields = Fields::open(node, "an identity", &known(IDENTITY), problems)?;
    let issuer = fields.require("issuer", problems).and_then(|node| node.text("issuer", problems));
    if issuer.is_some_and(str::is_empty) {
        problems.error(fields.span, "`issuer` is empty").help(EXAMPLE);
    }
    let exact = fields.text("subject", problems);
    let pattern = fields.value("subject-regex", problems);
    let subject = match (exact, pattern) {
        (Some(text), None) if !text.is_empty() => SubjectSetting::Exact(text.to_owned()),
        (None, Some(node)) => {
            let text = node.text("subject-regex", problems)?;
            if let Err(error) = crate::adapters::signing::SubjectPattern::matching(text) {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim();
                problems.error(node.span, format!("`subject-regex` is no expression: {reason}"));
                return None;
            }
            SubjectSetting::Regex(text.to_owned())
        }
        _ => {
            problems.error(fields.span, "an identity needs `subject` or `subject-regex`, one of them").help(EXAMPLE);
            return None;
        }
    };
    Some((issuer?.to_owned(), subject))
}
