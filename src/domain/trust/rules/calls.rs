//! Rules in Rego that would never come to an end of calling each other: told before anything is evaluated, since the stack is
//! not what the time limit watches. Knows names only: one that merely looks like a call of itself is refused, too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use regorus::Engine;

use super::rego::{Wrong, code};
use crate::domain::text::escape;

/// Most rules by name evaluated together.
const MAX_RULES: usize = 500;
/// How deep rules may rest on each other.
const MAX_DEPTH: usize = 32;
/// How deep brackets may stand in each other: reading them takes twice the time for each.
const MAX_NESTING: usize = 10;

/// Names, and which names each of them uses.
type Names = BTreeMap<String, BTreeSet<String>>;

#[allow(clippy::unwrap_used, reason = "constant expressions, tried by every test")]
static HEAD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*(?:default\s+)?(?:[A-Za-z_]\w*\s*\.\s*)*([A-Za-z_]\w*)").unwrap());
#[allow(clippy::unwrap_used, reason = "constant expressions, tried by every test")]
static CALL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"([A-Za-z_]\w*)\s*\(").unwrap());
#[allow(clippy::unwrap_used, reason = "constant expressions, tried by every test")]
static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[A-Za-z_]\w*").unwrap());
#[allow(clippy::unwrap_used, reason = "constant expressions, tried by every test")]
static ALIAS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\b(?:import|with)\s+(?:[A-Za-z_]\w*\s*\.\s*)*([A-Za-z_]\w*)\s+as\s+(?:[A-Za-z_]\w*\s*\.\s*)*([A-Za-z_]\w*)",
    )
    .unwrap()
});

/// Refuses brackets within brackets without end, before anything is read; `text` is without comments and texts.
pub fn refuse_nesting(text: &str, name: &str) -> Result<(), Wrong> {
    let mut depth = 0_usize;
    for (at, line) in text.lines().enumerate() {
        for c in line.chars() {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > MAX_NESTING {
                return Err(format!("{name}:{}:1: more than {MAX_NESTING} brackets within each other", at + 1));
            }
        }
    }
    Ok(())
}

/// Refuses functions that call themselves, by whatever way, and more rules than can be evaluated within each other.
pub fn refuse_endless(engine: &mut Engine) -> Result<(), Wrong> {
    let mut calls = Names::new();
    let mut rests = Names::new();
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for module in engine.get_modules() {
        let source = &module.package.span.source;
        let text = code(source.get_contents());
        // Another name for the same, both ways: a replacement may call what it replaces.
        for found in ALIAS.captures_iter(&text) {
            let names = [1, 2].map(|at| found.get(at).map(|name| name.as_str().to_owned()).unwrap_or_default());
            let import = found.get(0).is_some_and(|all| all.as_str().starts_with("import"));
            let [from, to] = if import { [names[1].clone(), names[0].clone()] } else { names };
            rests.entry(from.clone()).or_default().insert(to.clone());
            calls.entry(from).or_default().insert(to);
        }
        for rule in &module.policy {
            let span = rule.span();
            let Some(text) = text_of(&text, span.start, span.end) else { continue };
            let Some((all, name)) = HEAD.captures(text).and_then(|found| Some((found.get(0)?, found.get(1)?))) else {
                continue;
            };
            // The head's own parameters are no call.
            let body = &text[all.end()..];
            let body = body.trim_start().strip_prefix('(').unwrap_or(body);
            let named = NAME.find_iter(body).map(|found| found.as_str().to_owned());
            rests.entry(name.as_str().to_owned()).or_default().extend(named);
            let called = CALL.captures_iter(body).filter_map(|found| Some(found.get(1)?.as_str().to_owned()));
            calls.entry(name.as_str().to_owned()).or_default().extend(called);
            let place = || format!("{}:{}:{}", escape(source.get_path()), span.line, span.col);
            places.entry(name.as_str().to_owned()).or_insert_with(place);
        }
    }
    if places.len() > MAX_RULES {
        return Err(format!("there are more than {MAX_RULES} rules"));
    }
    if let Some((name, place)) = places.iter().find(|(name, _)| reaches_itself(name, &calls)) {
        return Err(format!("{place}: `{}` calls itself", escape(name)));
    }
    let mut known = BTreeMap::new();
    match places.iter().find(|(name, _)| depth(name, &rests, &mut known) > MAX_DEPTH) {
        Some((name, place)) => {
            Err(format!("{place}: `{}` rests on more than {MAX_DEPTH} rules, one upon the other", escape(name)))
        }
        None => Ok(()),
    }
}

/// How many rules rest on each other below one. A name on the way to itself is a variable of that name, or the evaluation's
/// to refuse.
fn depth<'n>(name: &'n str, rests: &'n Names, known: &mut BTreeMap<&'n str, usize>) -> usize {
    if let Some(depth) = known.get(name) {
        return *depth;
    }
    let Some(below) = rests.get(name) else { return 0 };
    known.insert(name, 0);
    let deepest = below.iter().map(|next| depth(next, rests, known)).max().unwrap_or(0) + 1;
    known.insert(name, deepest);
    deepest
}

fn text_of(text: &str, start: u32, end: u32) -> Option<&str> {
    text.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

fn reaches_itself(name: &str, calls: &Names) -> bool {
    let mut seen = BTreeSet::new();
    let mut ahead: Vec<&str> = calls.get(name).into_iter().flatten().map(String::as_str).collect();
    while let Some(next) = ahead.pop() {
        if next == name {
            return true;
        }
        if seen.insert(next) {
            ahead.extend(calls.get(next).into_iter().flatten().map(String::as_str));
        }
    }
    false
}
