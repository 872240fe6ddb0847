//! Lint: what a recipe says against what is around it: files, secrets. The facts are asked of the caller.

use super::parse::Parsed;
use super::schema::{Action, Recipe};
use crate::domain::text::escape;
use crate::domain::yaml::{Node, NodeKind, Problems, Span, quote};

/// What stands where a `from` points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputFact {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// Nothing; the name beside it that is nearest.
    Missing {
        /// A sibling of nearly that name.
        nearest: Option<String>,
    },
    /// The way there leaves the recipe's folder.
    Leaves,
    /// A socket, FIFO or device.
    Special(&'static str),
    /// It cannot be looked at.
    Unreadable(String),
}

/// What is known of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretFact {
    /// It has a source.
    Configured,
    /// It has none; the configured name that is nearest.
    Unknown {
        /// A name like it.
        nearest: Option<String>,
    },
}

/// What lint may ask about the world around a recipe.
pub trait SurroundingFacts {
    /// What stands at a path relative to the recipe's folder.
    fn input(&self, from: &str) -> InputFact;

    /// Whether anybody said where the secret of this name is.
    fn secret(&self, name: &str) -> SecretFact;
}

/// Notes everything that does not fit what is around the recipe, and what is likely not meant.
pub fn lint(parsed: &mut Parsed, facts: &dyn SurroundingFacts) {
    let Parsed { recipe, steps, tree: Some(tree), problems } = parsed else { return };
    for step in &*steps {
        let place = |keys: &[&str]| place_of(tree, step.line, keys);
        match &step.action {
            Action::Copy(copy) => input(&copy.from, place(&["copy", "from"]), facts, problems),
            Action::Unpack(unpack) => {
                let span = place(&["unpack", "from"]);
                if facts.input(&unpack.from) == InputFact::Folder {
                    problems.error(span, format!("{} is a folder, not an archive", quote(&unpack.from)));
                } else {
                    input(&unpack.from, span, facts, problems);
                }
            }
            Action::Run(run) => {
                for name in &run.secrets {
                    let SecretFact::Unknown { nearest } = facts.secret(name) else { continue };
                    let mean = nearest.map(|near| format!("; did you mean {}?", quote(&near))).unwrap_or_default();
                    problems
                        .error(secret_place(tree, step.line, name), format!("no secret named {}{mean}", quote(name)))
                        .help("say where it is, under `secrets` in bakery.yaml or config.yaml, or with --secret");
                }
            }
            Action::Packages(_) | Action::Write(_) | Action::Remove(_) => {}
        }
    }
    if let Some(recipe) = recipe {
        habits(recipe, tree, problems);
    }
}

/// The place of a value within the step whose kind stands in `line`; the whole text's where it has none.
fn place_of(tree: &Node, line: u32, keys: &[&str]) -> Span {
    let Some(NodeKind::Sequence(steps)) = tree.value("steps").map(|node| &node.kind) else { return tree.span };
    let begins = |step: &&Node| match &step.kind {
        NodeKind::Mapping(entries) => {
            entries.iter().any(|entry| entry.span.start.line == line && keys.first() == Some(&entry.key.as_str()))
        }
        NodeKind::Scalar(_) | NodeKind::Sequence(_) => false,
    };
    let Some(step) = steps.iter().find(begins) else { return tree.span };
    keys.iter().try_fold(step, |node, key| node.value(key)).map_or(step.span, |node| node.span)
}

/// Where a step names a secret.
fn secret_place(tree: &Node, line: u32, name: &str) -> Span {
    let whole = place_of(tree, line, &["run", "secrets"]);
    let Some(NodeKind::Sequence(steps)) = tree.value("steps").map(|node| &node.kind) else { return whole };
    let lists = steps.iter().filter_map(|step| step.value("run")?.value("secrets"));
    let Some(NodeKind::Sequence(items)) =
        lists.map(|list| (list.span, &list.kind)).find(|(span, _)| *span == whole).map(|(_, kind)| kind)
    else {
        return whole;
    };
    let named = |item: &&Node| matches!(&item.kind, NodeKind::Scalar(scalar) if scalar.text == name);
    items.iter().find(named).map_or(whole, |item| item.span)
}

fn input(from: &str, span: Span, facts: &dyn SurroundingFacts, problems: &mut Problems) {
    match facts.input(from) {
        InputFact::File | InputFact::Folder => {}
        InputFact::Missing { nearest } => {
            let mean = nearest.map(|near| format!("; did you mean {}?", quote(&near))).unwrap_or_default();
            problems
                .error(span, format!("no file or folder {} beside the recipe{mean}", quote(from)))
                .help("paths in `from` begin in the recipe's folder");
        }
        InputFact::Leaves => {
            problems
                .error(span, format!("Y-04: {} leads out of the recipe's folder through a link", quote(from)))
                .help("copy the files to beside the recipe");
        }
        InputFact::Special(kind) => {
            problems.error(span, format!("Y-04: {} is {kind}, which has no content", quote(from)));
        }
        InputFact::Unreadable(why) => {
            problems.error(span, format!("{} cannot be read: {}", quote(from), escape(&why)));
        }
    }
}

/// What can be baked and is seldom meant.
fn habits(recipe: &Recipe, tree: &Node, problems: &mut Problems) {
    if let NodeKind::Mapping(entries) = &tree.kind
        && entries.first().is_some_and(|entry| entry.key != "recipe")
        && let Some(entry) = entries.iter().find(|entry| entry.key == "recipe")
    {
        problems
            .warning(entry.span, "`recipe` is not the first key, so this file is not found among the recipes")
            .help("move the line to the top");
    }
    if recipe.tag.as_str() == "latest"
        && let Some(node) = tree.value("tag")
    {
        problems.hint(node.span, "the tag `latest` says nothing about what it holds").help("name a version");
    }
    let empty = |key: &str| match tree.value(key).map(|node| &node.kind) {
        Some(NodeKind::Sequence(items)) => items.is_empty(),
        Some(NodeKind::Mapping(entries)) => entries.is_empty(),
        Some(NodeKind::Scalar(_)) => false,
        None => true,
    };
    if empty("steps") && empty("config") && !problems.has_errors() {
        problems.warning(tree.span, "this recipe changes nothing: it has no steps and no config");
    }
    let Some(env) = tree.value("config").and_then(|config| config.value("env")) else { return };
    let NodeKind::Mapping(entries) = &env.kind else { return };
    for entry in entries {
        let name = entry.key.to_uppercase();
        let secret = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "PRIVATE_KEY", "ACCESS_KEY"];
        if secret.iter().any(|word| name.ends_with(word))
            && recipe.config.env.get(&entry.key).is_some_and(|v| !v.is_empty())
        {
            problems
                .warning(
                    entry.span,
                    format!("{} looks like a secret, and the image shows it to everyone", quote(&entry.key)),
                )
                .help("give it when the container starts, or use `secrets` in a run step");
        }
    }
}
