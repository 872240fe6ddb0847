//! The sandbox tried for real, in a root with nothing in it: whether this host can run steps. Nothing of it stays.

use std::fs::OpenOptions;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::pipe::{PipeFlags, pipe_with};
use tokio_util::sync::CancellationToken;

use super::runner::{Runner, shelf_error};
use super::step::{HOSTNAME, RunError};
use crate::adapters::clock::Stopwatch;
use crate::adapters::engine::embedded::steps::StepError;
use crate::adapters::host::IdMode;
use crate::adapters::sandbox::{SandboxError, StepSpec};
use crate::domain::recipe::Network;
use crate::report::Report;

/// A program an empty root does not have: that it is missed is the last thing to go wrong.
const PROGRAM: &str = "/nothing";

/// How long a step takes from nothing to its program, in microseconds. Blocking.
pub fn try_sandbox(cache: &Path, ids: IdMode) -> Result<u64, Report> {
    let try_out = || -> Result<u64, StepError> {
        let mut runner = Runner::start(cache, ids, &CancellationToken::new())?;
        let scratch = runner.shelf.scratch().map_err(shelf_error(cache))?;
        let spec = StepSpec {
            lowers: Vec::new(),
            writes: Some((scratch.upper(), scratch.work())),
            merged: scratch.merged(),
            stub: scratch.stub(),
            network: Network::None,
            user: None,
            workdir: "/".into(),
            env: Vec::new(),
            argv: vec![PROGRAM.into()],
            secrets: Vec::new(),
            caches: Vec::new(),
            terminal: false,
            watched: false,
            hostname: HOSTNAME.into(),
            served: false,
            services: true,
        };
        let failed = |error: std::io::Error| RunError::Sandbox(SandboxError::Start(error));
        let nothing = || OpenOptions::new().read(true).write(true).open("/dev/null").map(OwnedFd::from);
        let descriptors = [nothing(), nothing(), nothing()].map(|opened| opened.map_err(failed));
        let [stdin, stdout, stderr] = descriptors;
        let (stop, _open) = pipe_with(PipeFlags::CLOEXEC).map_err(|error| failed(error.into()))?;
        let watch = Stopwatch::start();
        match runner.sandbox.run_on(spec, [stdin?, stdout?, stderr?], &stop) {
            Err(SandboxError::Refused(refusal)) if refusal.message.starts_with(PROGRAM) => {}
            Err(error) => return Err(RunError::from(error).into()),
            Ok(_) => {}
        }
        Ok(u64::try_from(watch.elapsed().as_micros()).unwrap_or(u64::MAX))
    };
    try_out().map_err(StepError::into_report)
}
