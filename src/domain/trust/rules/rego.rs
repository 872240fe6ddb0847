//! `policy.NAME`: rules of the workspace's own, in Rego, over the evidence as JSON. Fails closed: what cannot be read or
//! evaluated, or looks at what is not known, lets nothing pass. Time is bounded; nothing reaches the network or the clock.
//!
//! A file is of `package bakery` and says `deny` or `warn`, or both: sets of texts, or of objects `{msg, path}`.

use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value as Rego};
use serde_json::Value;

use super::super::finding::CheckVerdict;
use super::super::policy::{Demand, RegoFile, is_name};
use super::super::shown::MEMBERS;
use super::super::{Finding, Gap, reason};
use super::calls;
use super::judged::{Judged, Offence};
use crate::domain::text::escape;
use crate::domain::yaml::nearest;

/// How long one rule may take.
const MAX_TIME: Duration = Duration::from_secs(3);
/// Most rules of one file of tests.
const MAX_TESTS: usize = 1000;
/// Why a file's rules cannot be evaluated: a line, with the place where it is known.
pub(super) type Wrong = String;

/// What a file says of an image.
pub fn judge(file: &RegoFile, input: &Value) -> Judged {
    match evaluate(file, input) {
        // Not to be excepted: nobody knows what it would have said.
        Err(why) => Judged::Settled(Finding::new(CheckVerdict::Fail, reason::REGO_ERROR, vec![why])),
        Ok((denied, warned)) if !denied.is_empty() => Judged::Offends(Demand::Forbid, [denied, warned].concat()),
        Ok((_, warned)) => match blind(&file.text, input) {
            Some(why) => {
                let why = format!("nothing is denied, but the rule looks at what is not known: {why}");
                Judged::unknown(&Gap { reason: reason::REGO_BLIND, why })
            }
            None => Judged::of(Demand::Warn, warned, || {
                Judged::pass(reason::REGO_CLEAN, vec!["nothing is denied".to_owned()])
            }),
        },
    }
}

/// What is wrong with a file before anything is evaluated.
pub fn check(file: &RegoFile) -> Result<(), Wrong> {
    let nothing = MEMBERS.iter().map(|member| ((*member).to_owned(), Value::Null)).collect();
    refuse(&file.text, &shown_name(file))?;
    let mut engine = engine(&Value::Object(nothing));
    let package = add(&mut engine, file)?;
    calls::refuse_endless(&mut engine)?;
    has_rules(&package, file)
}

fn evaluate(file: &RegoFile, input: &Value) -> Result<(Vec<Offence>, Vec<Offence>), Wrong> {
    refuse(&file.text, &shown_name(file))?;
    let mut engine = engine(input);
    let package = add(&mut engine, file)?;
    calls::refuse_endless(&mut engine)?;
    has_rules(&package, file)?;
    let mut said = |rule: &str, code| match declares(&file.text, rule) {
        false => Ok(Vec::new()),
        true => {
            let value = engine.eval_rule(format!("data.bakery.{rule}")).map_err(|error| told(&error.to_string()))?;
            offences(rule, &value, code)
        }
    };
    Ok((said("deny", reason::REGO_DENIED)?, said("warn", reason::REGO_WARNED)?))
}

fn shown_name(file: &RegoFile) -> String {
    format!("{}.rego", file.name)
}

fn engine(input: &Value) -> Engine {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.set_gather_prints(true);
    let check_interval = NonZeroU32::new(64).unwrap_or(NonZeroU32::MIN);
    engine.set_execution_timer_config(ExecutionTimerConfig { limit: MAX_TIME, check_interval });
    engine.set_input(Rego::from(without_gaps(input.clone())));
    engine
}

/// What is not known is undefined to rules: they go on with the rest, and [`blind`] says that they may have missed something.
fn without_gaps(mut input: Value) -> Value {
    let Value::Object(members) = &mut input else { return input };
    let gaps: Vec<String> = match members.get("gaps") {
        Some(Value::Object(gaps)) => gaps.keys().cloned().collect(),
        _ => Vec::new(),
    };
    members.retain(|member, value| !value.is_null() || !gaps.contains(member));
    if let Some(base) = members.get_mut("base") {
        *base = without_gaps(base.take());
    }
    input
}

fn add(engine: &mut Engine, file: &RegoFile) -> Result<String, Wrong> {
    engine.add_policy(shown_name(file), file.text.clone()).map_err(|error| told(&error.to_string()))
}

fn has_rules(package: &str, file: &RegoFile) -> Result<(), Wrong> {
    let name = shown_name(file);
    if package != "data.bakery" {
        let package = escape(package.strip_prefix("data.").unwrap_or(package));
        return Err(format!("{name}:1:1: it is of package {package}; write `package bakery`"));
    }
    if !declares(&file.text, "deny") && !declares(&file.text, "warn") {
        return Err(format!("{name}:1:1: it has neither `deny` nor `warn`, so it would never say anything"));
    }
    Ok(())
}

/// Whether a rule of this name begins on some line.
fn declares(text: &str, rule: &str) -> bool {
    code(text).lines().any(|line| {
        let line = line.trim_start().strip_prefix("default ").unwrap_or(line.trim_start()).trim_start();
        line.strip_prefix(rule).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

fn offences(rule: &str, value: &Rego, code: &'static str) -> Result<Vec<Offence>, Wrong> {
    let wrong = || format!("`{rule}` must be a set of texts, or of objects with msg and path");
    let items: Vec<&Rego> = match value {
        Rego::Undefined | Rego::Bool(false) => Vec::new(),
        Rego::Bool(true) => return Ok(vec![Offence::new(code, format!("`{rule}` holds"))]),
        Rego::Set(items) => items.iter().collect(),
        Rego::Array(items) => items.iter().collect(),
        _ => return Err(wrong()),
    };
    let offence = |item: &Rego| match item {
        Rego::String(text) => Ok(Offence::new(code, escape(text))),
        Rego::Object(members) => {
            let text = |key: &str| match members.get(&Rego::from(key)) {
                None => Ok(None),
                Some(Rego::String(text)) => Ok(Some(text.to_string())),
                Some(_) => Err(wrong()),
            };
            let message = text("msg")?.ok_or_else(wrong)?;
            match text("path")? {
                None => Ok(Offence::new(code, escape(&message))),
                Some(path) => {
                    let subject = path.trim_start_matches('/').as_bytes();
                    Ok(Offence::about(code, subject, format!("{}: {}", escape(&path), escape(&message))))
                }
            }
        }
        _ => Err(wrong()),
    };
    items.into_iter().map(offence).collect()
}

/// Comments and the insides of texts as blanks, byte for byte, so that places stay what they are.
pub(super) fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut within, mut escaped) = (None, false);
    for c in text.chars() {
        let blank = match (within, c) {
            (None, '#' | '"' | '`') => {
                within = Some(c);
                true
            }
            (None, _) => false,
            (Some('#'), '\n') => {
                within = None;
                false
            }
            (Some('"'), _) if escaped => {
                escaped = false;
                true
            }
            (Some('"'), '\\') => {
                escaped = true;
                true
            }
            (Some(end), c) if end == c && end != '#' => {
                within = None;
                true
            }
            (Some(_), c) => c != '\n',
        };
        if blank { out.extend(std::iter::repeat_n(' ', c.len_utf8())) } else { out.push(c) }
    }
    out
}

#[allow(clippy::unwrap_used, reason = "constant expressions, tried by every test")]
static MEMBER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\binput\s*\.\s*(?:base\s*\.\s*)?([A-Za-z_]\w*)").unwrap());
#[allow(clippy::unwrap_used, reason = "constant expressions, tried by every test")]
static INPUT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\binput\b\s*(\.\s*base\b)?\s*(\.)?").unwrap());
#[allow(clippy::unwrap_used, reason = "constant expressions, tried by every test")]
static TEST: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^(test_\w+)").unwrap());

/// Functions that take what they like of memory, or give another answer each time.
#[allow(clippy::unwrap_used, reason = "constant expressions, tried by every test")]
static REFUSED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:numbers\s*\.\s*range|rand\s*\.\s*intn|bits\s*\.\s*lsh|http\s*\.\s*send|opa\s*\.\s*runtime)")
        .unwrap()
});

/// A member that evidence never has would make a rule silent; so would a function that is not there.
fn refuse(text: &str, name: &str) -> Result<(), Wrong> {
    let code = code(text);
    calls::refuse_nesting(&code, name)?;
    let place = |at: usize| {
        let before = &text[..at];
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{name}:{}:{column}", before.matches('\n').count() + 1)
    };
    for found in MEMBER.captures_iter(&code) {
        let Some(member) = found.get(1) else { continue };
        if !MEMBERS.contains(&member.as_str()) {
            let mean = nearest(member.as_str(), MEMBERS.iter().copied());
            let mean = mean.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(format!("{}: evidence has no `{}`{mean}", place(member.start()), member.as_str()));
        }
    }
    match REFUSED.find(&code) {
        Some(found) => Err(format!("{}: `{}` is not to be had", place(found.start()), found.as_str())),
        None => Ok(()),
    }
}

/// What of the unknown a text may look at, in a few words.
fn blind(text: &str, input: &Value) -> Option<String> {
    let code = code(text);
    // `input` on its own, or `input[name]`: it may look at anything.
    let anything = INPUT.captures_iter(&code).any(|found| found.get(2).is_none());
    let looked: Vec<&str> = MEMBER.captures_iter(&code).filter_map(|found| Some(found.get(1)?.as_str())).collect();
    let looks_at =
        |member: &str| anything || looked.contains(&member) || (member == "index" && looked.contains(&"signatures"));
    let gaps = |evidence: &Value| match evidence.get("gaps") {
        Some(Value::Object(gaps)) => gaps.clone(),
        _ => serde_json::Map::new(),
    };
    let all = gaps(input).into_iter().chain(input.get("base").map(gaps).into_iter().flatten());
    let told = all.filter(|(member, _)| looks_at(member)).map(|(member, gap)| {
        let why = gap.get("why").and_then(Value::as_str).unwrap_or_default();
        format!("{member} ({})", escape(why))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// An error of many lines as one: `name.rego:3:5: what`.
fn told(error: &str) -> Wrong {
    let place = error.lines().find_map(|line| line.trim().strip_prefix("--> "));
    let what = error.lines().find_map(|line| line.trim().strip_prefix("error: ")).unwrap_or(error).trim();
    match place {
        Some(place) => escape(&format!("{}: {what}", place.trim())),
        None => escape(what),
    }
}

/// How one test of the workspace's rules ended.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RegoTest {
    /// The file, without its ending.
    pub file: String,
    /// The rule; empty where the whole file cannot be read.
    pub name: String,
    /// Whether it holds.
    pub passed: bool,
    /// Why it does not, where that is told.
    pub why: Option<String>,
}

/// Runs the rules `test_…` of one file. Beside them stand the rules of the file it is named after, `NAME_test` after `NAME`;
/// where there is none, all of them.
pub fn run_tests(test: &RegoFile, rules: &[RegoFile]) -> Vec<RegoTest> {
    let ended = |name: &str, outcome: Result<bool, Wrong>| {
        let (passed, why) = match outcome {
            Ok(passed) => (passed, None),
            Err(why) => (false, Some(why)),
        };
        RegoTest { file: test.name.clone(), name: name.to_owned(), passed, why }
    };
    let base = test.name.rsplit('/').next().unwrap_or(&test.name);
    let subject = rules.iter().filter(|file| base.strip_suffix("_test") == Some(file.name.as_str()));
    let mut beside: Vec<&RegoFile> = subject.collect();
    if beside.is_empty() {
        beside = rules.iter().collect();
    }
    let code = code(&test.text);
    let mut names: Vec<&str> = TEST.captures_iter(&code).filter_map(|found| Some(found.get(1)?.as_str())).collect();
    names.dedup();
    if names.is_empty() {
        return vec![ended("", Err(format!("{}: it has no rule that begins with test_", shown_name(test))))];
    }
    let loaded = || {
        let mut engine = engine(&Value::Object(serde_json::Map::new()));
        for file in beside.iter().copied() {
            refuse(&file.text, &shown_name(file))?;
            add(&mut engine, file)?;
        }
        calls::refuse_nesting(&code, &shown_name(test))?;
        let package = add(&mut engine, test)?;
        calls::refuse_endless(&mut engine)?;
        Ok((engine, package))
    };
    let (mut engine, package) = match loaded() {
        Ok(loaded) => loaded,
        Err(why) => return vec![ended("", Err(why))],
    };
    let run = |name: &&str| {
        let value = engine.eval_rule(format!("{package}.{name}")).map_err(|error| told(&error.to_string()));
        ended(name, value.map(|value| value == Rego::Bool(true)))
    };
    names.iter().take(MAX_TESTS).map(run).collect()
}

/// Whether a file's name may become a check's.
pub fn is_rule_name(name: &str) -> bool {
    is_name(name)
}
