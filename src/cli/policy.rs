//! `bakery policy`: shows the policy in force and tries it. Judges no image; that is `bakery verify`.

use serde_json::Value;

use super::render::problems;
use super::run::Session;
use crate::domain::text::escape;
use crate::domain::units::count;
use crate::flows::policy::PolicyTested;
use crate::report::{Kind, Report};

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Check policy.yaml and run the tests of the workspace's own rules
    ///
    /// Rules are policy/*.rego; their tests are the rules named test_… in policy/**/*_test.rego.
    Test,
    /// Show the policy in force
    Show,
}

pub(super) async fn run(command: Command, session: &Session) -> Result<(), Report> {
    match command {
        Command::Test => test(session),
        Command::Show => show(session),
    }
}

fn test(session: &Session) -> Result<(), Report> {
    let tested = session.context()?.test_policy()?;
    let output = &session.output;
    if output.json {
        output.json(&serde_json::json!({"passed": tested.passed(), "policy": tested}))?;
    } else {
        for line in lines(&tested, output.color) {
            output.line(line)?;
        }
        output.note(summary(&tested));
    }
    // Everything has been said.
    if tested.passed() { Ok(()) } else { Err(Report::message(Kind::Rejected, "")) }
}

fn lines(tested: &PolicyTested, color: bool) -> Vec<String> {
    let file = tested.file.as_deref().unwrap_or_default();
    let problems = tested.problems.iter().map(|problem| problems::lines(file, &tested.bytes, problem, color));
    let broken = tested.broken.iter().map(|line| format!("✖ {line}"));
    let tests = tested.tests.iter().map(|test| {
        let mark = if test.passed { '✔' } else { '✖' };
        let name = if test.name.is_empty() { String::new() } else { format!("  {}", escape(&test.name)) };
        let why = test.why.as_ref().map(|why| format!("  {}", escape(why))).unwrap_or_default();
        format!("{mark} {}.rego{name}{why}", escape(&test.file))
    });
    problems.chain(broken).chain(tests).collect()
}

fn summary(tested: &PolicyTested) -> String {
    let file = tested.file.as_deref().map_or_else(|| "the built-in policy".to_owned(), escape);
    let failed = tested.tests.iter().filter(|test| !test.passed).count();
    match tested.problems.len() + tested.broken.len() {
        0 if tested.tests.is_empty() => format!("{file}: no problems, no tests"),
        0 => format!("{file}: no problems, {} of {} failed", failed, count(tested.tests.len() as u64, "test")),
        wrong => format!("{file}: {}", count(wrong as u64, "problem")),
    }
}

fn show(session: &Session) -> Result<(), Report> {
    let policy = session.context()?.policy()?.to_json();
    let output = &session.output;
    if output.json {
        return output.json(&policy);
    }
    let file = policy["file"].as_str().map_or_else(|| "built in".to_owned(), escape);
    output.line(format!("# {file}  {}", policy["digest"].as_str().unwrap_or_default()))?;
    for section in ["base", "image"] {
        output.line(format!("{section}:"))?;
        for (key, value) in policy[section].as_object().into_iter().flatten() {
            output.line(match value {
                Value::Null => format!("  # {key}: not asked"),
                value => format!("  {key}: {}", shown(value)),
            })?;
        }
    }
    if let Some(exceptions) = policy["exceptions"].as_array().filter(|all| !all.is_empty()) {
        output.line("exceptions:")?;
        for exception in exceptions {
            output.line(format!("  - {}", exception_line(exception)))?;
        }
    }
    for name in policy["rego"].as_array().into_iter().flatten() {
        output.line(format!("# policy.{}", shown(name)))?;
    }
    Ok(())
}

/// A text bare, everything else as JSON, which is YAML too.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) => text.clone(),
        value => escape(&value.to_string()),
    }
}

fn exception_line(exception: &Value) -> String {
    let until = match &exception["until"] {
        Value::Null => "never".to_owned(),
        until => shown(until),
    };
    let path = match &exception["path"] {
        Value::Null => String::new(),
        path => format!("path: {}, ", escape(&path.to_string())),
    };
    let reason = escape(&exception["reason"].to_string());
    format!("{{check: {}, {path}reason: {reason}, until: {until}}}", shown(&exception["check"]))
}
