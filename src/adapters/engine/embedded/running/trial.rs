//! The recipe's tests that run something: in the baked image, which they cannot change, without network unless they ask.

use std::path::{Path, PathBuf};
use std::time::Duration;

use regex::bytes::RegexBuilder;
use tokio_util::sync::CancellationToken;

use super::listen::Captured;
use super::runner::{Runner, shelf_error};
use super::step::{HOSTNAME, environment};
use crate::adapters::clock::Stopwatch;
use crate::adapters::engine::embedded::base::Ground;
use crate::adapters::engine::embedded::checking::NOT_RUN;
use crate::adapters::engine::embedded::steps::StepError;
use crate::adapters::host::{self, IdMode};
use crate::adapters::sandbox::{Exit, SandboxError, StepSpec};
use crate::adapters::store::layout::Layout;
use crate::domain::oci::{ExecConfig, Platform};
use crate::domain::recipe::RunTest;
use crate::domain::text::escape;
use crate::domain::trust::{CheckVerdict, Finding};

/// Longest a test may take.
const LIMIT: Duration = Duration::from_secs(300);
/// Largest compiled expression, as when the recipe was read.
const MAX_EXPRESSION: usize = 1 << 20;
/// Lines of output shown as evidence, and how much of each.
const LINES: usize = 12;
const LINE: usize = 400;

/// An image to run tests in.
pub(in crate::adapters::engine) struct Subject<'a> {
    pub(in crate::adapters::engine) platform: &'a Platform,
    pub(in crate::adapters::engine) layers: &'a [Ground],
    pub(in crate::adapters::engine) target: &'a Layout,
    /// What containers of it run with.
    pub(in crate::adapters::engine) config: &'a ExecConfig,
    pub(in crate::adapters::engine) cancel: &'a CancellationToken,
}

impl Subject<'_> {
    /// Runs one test in the sandbox there is, or in one begun for it; where that cannot be, its outcome is unknown.
    pub(in crate::adapters::engine) fn tried(
        &self,
        runner: &mut Option<Runner>,
        place: (&Path, IdMode),
        test: &RunTest,
    ) -> Result<Finding, StepError> {
        if !host::runs(self.platform) {
            let line = format!("programs for {} do not run on this machine", self.platform);
            return Ok(Finding::new(CheckVerdict::Unknown, "test.platform", vec![line]));
        }
        let begun = Runner::begun(runner, place, self.cancel).map_err(StepError::from);
        match begun.and_then(|runner| self.test(runner, test)) {
            Err(error) if !error.is_cancel() => {
                let failure = error.into_failure();
                let lines = [vec![failure.message], failure.causes].concat();
                Ok(Finding::new(CheckVerdict::Unknown, NOT_RUN, lines))
            }
            other => other,
        }
    }

    /// Runs one test; what keeps it from being run leaves its outcome unknown.
    fn test(&self, runner: &mut Runner, test: &RunTest) -> Result<Finding, StepError> {
        let lowers = runner.lowers(self.layers, (self.target, self.cancel), None)?;
        let spec = self.spec(runner, lowers, test)?;
        let watch = Stopwatch::start();
        let mut captured = Captured::default();
        match runner.sandbox.run(spec, Some(LIMIT), &mut captured) {
            Ok(exit) => Ok(judge(test, exit, &captured, watch.millis())),
            Err(SandboxError::Refused(refusal)) => {
                let lines = std::iter::once(&refusal.message).chain(&refusal.causes).map(|line| escape(line)).collect();
                Ok(Finding::new(CheckVerdict::Fail, "test.not-started", lines))
            }
            Err(error) => Err(super::step::RunError::from(error).into()),
        }
    }

    fn spec(&self, runner: &Runner, lowers: Vec<PathBuf>, test: &RunTest) -> Result<StepSpec, StepError> {
        let scratch = runner.shelf.scratch().map_err(shelf_error(&runner.cache))?;
        Ok(StepSpec {
            lowers,
            writes: None,
            merged: scratch.merged(),
            stub: scratch.stub(),
            network: test.network,
            user: test.user.clone().or_else(|| self.config.user.clone()),
            workdir: self.config.working_dir.clone().unwrap_or_default(),
            env: environment(self.config.env.as_deref().unwrap_or_default()),
            argv: vec!["/bin/sh".into(), "-c".into(), test.command.clone()],
            secrets: Vec::new(),
            caches: Vec::new(),
            terminal: false,
            watched: false,
            hostname: HOSTNAME.into(),
            served: false,
            services: true,
        })
    }
}

fn judge(test: &RunTest, exit: Exit, captured: &Captured, millis: u64) -> Finding {
    let mut wrong = Vec::new();
    match exit {
        Exit::Code(code) if code == test.exit => {}
        Exit::Code(code) => wrong.push(format!("exit: expected {}, found {code}", test.exit)),
        Exit::Signal(signal) => wrong.push(format!("exit: expected {}, found signal {signal}", test.exit)),
        Exit::Stopped => wrong.push(format!("did not end within {} s", LIMIT.as_secs())),
    }
    for (name, pattern, text) in [("stdout", &test.stdout, &captured.out), ("stderr", &test.stderr, &captured.err)] {
        let Some(pattern) = pattern else { continue };
        let matches = RegexBuilder::new(pattern).size_limit(MAX_EXPRESSION).build().map(|all| all.is_match(text));
        if !matches.unwrap_or(false) {
            wrong.push(format!("{name}: expected a match of {pattern:?}, found none"));
        }
    }
    let shown = |name: &str, text: &[u8]| -> Vec<String> {
        let text = String::from_utf8_lossy(text);
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let skipped = lines.len().saturating_sub(LINES);
        let more = (skipped > 0).then(|| format!("{name}: … {skipped} lines before"));
        let last = lines[skipped..]
            .iter()
            .map(|line| format!("{name}: {}", escape(&line.chars().take(LINE).collect::<String>())));
        more.into_iter().chain(last).collect()
    };
    let output = [shown("stdout", &captured.out), shown("stderr", &captured.err)].concat();
    if wrong.is_empty() {
        let took = format!("exit {}, {}.{:03} s", test.exit, millis / 1000, millis % 1000);
        return Finding::new(CheckVerdict::Pass, "test.passed", [vec![took], output].concat());
    }
    Finding::new(CheckVerdict::Fail, "test.failed", [wrong, output].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::recipe::Network;

    fn test(exit: i32, stdout: Option<&str>) -> RunTest {
        let stdout = stdout.map(str::to_owned);
        RunTest { command: "x".into(), network: Network::None, user: None, exit, stdout, stderr: None }
    }

    fn said(out: &str) -> Captured {
        Captured { out: out.as_bytes().to_vec(), err: b"careful\n".to_vec() }
    }

    #[test]
    fn what_is_expected_is_held_against_what_came() {
        let good = judge(&test(3, Some("^v[0-9]")), Exit::Code(3), &said("v12\n"), 20);
        assert_eq!((good.verdict, &*good.reason), (CheckVerdict::Pass, "test.passed"));
        assert_eq!(good.evidence, ["exit 3, 0.020 s", "stdout: v12", "stderr: careful"]);
        let bad = judge(&test(0, Some("^x")), Exit::Signal(9), &said("v\u{1b}[2J\n"), 20);
        assert_eq!(bad.verdict, CheckVerdict::Fail);
        let lines = bad.evidence.join("\n");
        assert!(
            lines.contains("expected 0, found signal 9") && lines.contains("expected a match of \"^x\""),
            "{lines}"
        );
        assert!(!lines.contains('\u{1b}'), "{lines}");
        assert_eq!(judge(&test(0, None), Exit::Stopped, &said(""), 1).verdict, CheckVerdict::Fail);
    }

    #[test]
    fn long_output_is_shown_by_its_end() {
        let long: String = (0..100).map(|line| format!("line {line}\n")).collect();
        let found = judge(&test(0, None), Exit::Code(0), &said(&long), 1);
        assert_eq!(found.evidence[1], "stdout: … 88 lines before");
        assert!(found.evidence.contains(&"stdout: line 99".to_owned()));
    }
}
