//! Reading `steps`: one mapping an entry, one action a mapping.

use super::forms::{self, glob};
use super::keys::Table;
use super::schema::{Action, Copy, ImagePath, Mode, Network, Owner, Packages, Remove, Run, Step, Unpack, Write};
use crate::domain::yaml::{
    Entry, Fields, Node, NodeKind, Problems, Reading, nearest, parse_scalar, quote, quoted_only, text_list,
};

/// Kinds of steps.
const KINDS: &[&str] = Table::Step.keys();
/// Most steps of one recipe.
const MAX_STEPS: usize = 200;

pub(super) fn read(node: &Node, problems: &mut Problems) -> Vec<Step> {
    let Some(items) = node.list("steps", problems) else { return Vec::new() };
    if items.len() > MAX_STEPS {
        problems.error(node.span, format!("{} steps, at most {MAX_STEPS} are baked", items.len()));
    }
    items.iter().filter_map(|item| read_step(item, problems)).collect()
}

fn read_step(node: &Node, problems: &mut Problems) -> Option<Step> {
    let NodeKind::Mapping(entries) = &node.kind else {
        problems
            .error(node.span, format!("a step must say what it does, found {}", node.describe()))
            .help(format!("write `- KIND: …`; kinds are {}", KINDS.join(", ")));
        return None;
    };
    let mut known = Vec::new();
    for entry in entries {
        if KINDS.contains(&entry.key.as_str()) {
            known.push(entry);
        } else {
            let mean = nearest(&entry.key, KINDS.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
            problems
                .error(entry.span, format!("unknown step {}{}", quote(&entry.key), mean.unwrap_or_default()))
                .help(format!("kinds are {}", KINDS.join(", ")));
        }
    }
    let [entry] = known.as_slice() else {
        if let Some(second) = known.get(1) {
            let first = &known[0].key;
            problems
                .error(second.span, format!("a step does one thing: `{first}` stands here already"))
                .help(format!("begin another step: `- {}: …`", second.key));
        } else if entries.is_empty() {
            problems.error(node.span, "a step that does nothing").help(format!("kinds are {}", KINDS.join(", ")));
        }
        return None;
    };
    if entry.value.is_null() {
        problems.error(entry.span, format!("{} has no value", quote(&entry.key)));
        return None;
    }
    let action = read_action(entry, problems)?;
    Some(Step { action, line: entry.span.start.line })
}

fn read_action(entry: &Entry, problems: &mut Problems) -> Option<Action> {
    let node = &entry.value;
    match entry.key.as_str() {
        "packages" => packages(node, problems).map(Action::Packages),
        "copy" => copy(node, problems).map(Action::Copy),
        "write" => write(node, problems).map(Action::Write),
        "run" => run(node, problems).map(Action::Run),
        "remove" => remove(node, problems).map(Action::Remove),
        _ => unpack(node, problems).map(Action::Unpack),
    }
}

fn packages(node: &Node, problems: &mut Problems) -> Option<Packages> {
    let items = text_list(node, "packages", problems)?;
    if matches!(&node.kind, NodeKind::Sequence(all) if all.is_empty()) {
        problems.error(node.span, "`packages` is empty");
    }
    let mut names: Vec<String> = Vec::new();
    for (text, span) in items {
        if !forms::is_package(text) {
            problems.error(span, format!("Y-07: {} is no package name", quote(text))).help(
                "letters, digits and + . _ : ~ ^ = < > @ / -, beginning with a letter or digit, or @ for a group",
            );
        } else if names.iter().any(|name| name == text) {
            problems.warning(span, format!("package {} stands twice", quote(text)));
        } else {
            names.push(text.to_owned());
        }
    }
    Some(Packages { names })
}

fn copy(node: &Node, problems: &mut Problems) -> Option<Copy> {
    let fields = Fields::open(node, "`copy`", Table::Copy.keys(), problems)?;
    let from = fields.require("from", problems).and_then(|node| source(node, problems));
    let to = fields.require("to", problems).and_then(|node| parse_scalar(node, "to", problems));
    let owner = owner(&fields, problems);
    let mode = mode(&fields, problems);
    let mut exclude = Vec::new();
    for (text, span) in fields.texts("exclude", problems).unwrap_or_default() {
        match glob(text) {
            Ok(_) => exclude.push(text.to_owned()),
            Err(error) => {
                problems.error(span, format!("`exclude`: {} is no glob: {error}", quote(text)));
            }
        }
    }
    Some(Copy { from: from?, to: to?, owner, mode, exclude })
}

fn write(node: &Node, problems: &mut Problems) -> Option<Write> {
    let fields = Fields::open(node, "`write`", Table::Write.keys(), problems)?;
    let to = fields.require("to", problems).and_then(|node| {
        let path: ImagePath = parse_scalar(node, "to", problems)?;
        if path.names_folder() || path.parts().next().is_none() {
            problems
                .error(node.span, format!("{} names a folder", quote(path.as_str())))
                .help("name the file to write");
            return None;
        }
        Some(path)
    });
    let content = fields.require("content", problems).and_then(|node| node.text("content", problems));
    let (owner, mode) = (owner(&fields, problems), mode(&fields, problems));
    Some(Write { to: to?, content: content?.to_owned(), owner, mode })
}

fn run(node: &Node, problems: &mut Problems) -> Option<Run> {
    let mut run = Run {
        script: String::new(),
        shell: vec!["/bin/sh".into(), "-eu".into()],
        network: Network::Host,
        env: std::collections::BTreeMap::new(),
        secrets: Vec::new(),
        cache: Vec::new(),
        user: None,
    };
    if let NodeKind::Scalar(_) = node.kind {
        run.script = script(node, problems)?;
        return Some(run);
    }
    let fields = Fields::open(node, "`run`", Table::Run.keys(), problems)?;
    let text = fields.require("script", problems).and_then(|node| script(node, problems));
    if let Some(shell) = fields.value("shell", problems).and_then(|node| shell(node, problems)) {
        run.shell = shell;
    }
    if let Some(node) = fields.value("network", problems) {
        run.network = forms::network(node, problems).unwrap_or_default();
    }
    run.env = fields.value("env", problems).map(|node| forms::env(node, problems)).unwrap_or_default();
    for (text, span) in fields.texts("secrets", problems).unwrap_or_default() {
        if forms::is_word(text) {
            run.secrets.push(text.to_owned());
        } else {
            problems.error(span, format!("{} is no name for a secret", quote(text))).help("letters, digits, _ . -");
        }
    }
    if let Some(items) = fields.value("cache", problems).and_then(|node| node.list("cache", problems)) {
        run.cache = items.iter().filter_map(|item| parse_scalar(item, "cache", problems)).collect();
    }
    run.user = fields.value("user", problems).and_then(|node| forms::user(node, problems));
    run.script = text?;
    Some(run)
}

fn script(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = node.text("run", problems)?;
    if text.trim().is_empty() {
        problems.error(node.span, "an empty script");
        return None;
    }
    Some(text.to_owned())
}

/// A list of words, or one text with spaces between them.
fn shell(node: &Node, problems: &mut Problems) -> Option<Vec<String>> {
    let words: Vec<String> = match &node.kind {
        NodeKind::Scalar(_) => node.text("shell", problems)?.split_whitespace().map(str::to_owned).collect(),
        NodeKind::Sequence(_) | NodeKind::Mapping(_) => {
            text_list(node, "shell", problems)?.into_iter().map(|(text, _)| text.to_owned()).collect()
        }
    };
    if !words.first().is_some_and(|first| first.starts_with('/')) {
        problems
            .error(node.span, "`shell` must begin with an absolute path")
            .help("write [/bin/bash, -eu, -o, pipefail]");
        return None;
    }
    Some(words)
}

fn remove(node: &Node, problems: &mut Problems) -> Option<Remove> {
    let items = node.list("remove", problems)?;
    if items.is_empty() {
        problems.error(node.span, "`remove` is empty");
    }
    let mut paths: Vec<ImagePath> = Vec::new();
    for item in items {
        let Some(path) = parse_scalar::<ImagePath>(item, "remove", problems) else { continue };
        if path.parts().next().is_none() {
            problems.error(item.span, "the whole image cannot be removed");
        } else {
            paths.push(path);
        }
    }
    Some(Remove { paths })
}

fn unpack(node: &Node, problems: &mut Problems) -> Option<Unpack> {
    let fields = Fields::open(node, "`unpack`", Table::Unpack.keys(), problems)?;
    let from = fields.require("from", problems).and_then(|node| source(node, problems));
    let to = fields.require("to", problems).and_then(|node| parse_scalar(node, "to", problems));
    let owner = owner(&fields, problems);
    Some(Unpack { from: from?, to: to?, owner })
}

fn owner(fields: &Fields<'_>, problems: &mut Problems) -> Option<Owner> {
    fields.parse("owner", problems)
}

fn mode(fields: &Fields<'_>, problems: &mut Problems) -> Option<Mode> {
    const QUOTE: &str =
        "write mode: \"0644\"; bare, 0644 is the number 420 to readers of YAML 1.1 and 644 to those of 1.2";
    let node = fields.value("mode", problems)?;
    quoted_only(node, "mode", QUOTE, problems)?;
    parse_scalar(node, "mode", problems)
}

/// A path beside the recipe: relative, without `..`. Links are judged where they are opened.
fn source(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = node.text("from", problems)?;
    let refusal = if text.is_empty() {
        "Y-04: `from` is empty"
    } else if text.starts_with('/') {
        "Y-04: `from` is absolute"
    } else if text.split('/').any(|part| part == "..") {
        "Y-04: `from` leaves the recipe's folder"
    } else if text.len() > 4096 || text.split('/').any(|part| part.len() > 255) {
        "Y-04: `from` is too long"
    } else {
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        return Some(if parts.is_empty() { ".".to_owned() } else { parts.join("/") });
    };
    problems.error(node.span, refusal).help("name a file or folder beside the recipe; move it there if it is not");
    None
}
