//! `run` and `packages`: what they run, in what, and what becomes of what they changed.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::listen::Telling;
use super::runner::{Runner, shelf_error};
use super::seal::{Around, seal_upper};
use crate::adapters::engine::Packing;
use crate::adapters::engine::embedded::base::Ground;
use crate::adapters::engine::embedded::events::{Events, Progress};
use crate::adapters::engine::embedded::seal::Sealed;
use crate::adapters::engine::embedded::steps::StepError;
use crate::adapters::sandbox::{Counts, Exit, PackRequest, SandboxError, StepSpec};
use crate::adapters::secrets::{Secret, resolve};
use crate::adapters::snapshot::Scratch;
use crate::adapters::store::layout::Layout;
use crate::domain::mask::{SHORTEST, is_masked};
use crate::domain::oci::ChainId;
use crate::domain::plan::StepId;
use crate::domain::recipe::{Network, PackageNameError, Run, SecretSource};

/// Search path where an image names none: docker's.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Host name in the sandbox: the same everywhere.
pub(super) const HOSTNAME: &str = "bakery";
/// What a single id costs.
pub(in crate::adapters::engine) const OWNERSHIP_LOST: &str =
    "WARNING: one user id only: every file this makes belongs to root, and changes of owner are lost";
/// Last lines of output in a failure.
pub(in crate::adapters::engine) const LAST_LINES: usize = 8;

/// Why something that was to run did not end well.
#[derive(Debug, thiserror::Error)]
pub(in crate::adapters::engine) enum RunError {
    /// The sandbox, not what ran in it.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// Snapshots cannot be kept.
    #[error("snapshots below {} cannot be used", folder.display())]
    Shelf {
        /// The cache folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It ended with another status than 0.
    #[error("{what} ended with status {code}")]
    Status {
        /// What ran.
        what: String,
        /// Its exit status.
        code: i32,
        /// Its last lines.
        last: Vec<String>,
    },
    /// A signal ended it.
    #[error("{what} was ended by signal {signal}{}", signal_name(*signal))]
    Signal {
        /// What ran.
        what: String,
        /// Which.
        signal: i32,
        /// Its last lines.
        last: Vec<String>,
    },
    /// What it wrote holds a secret it was given: everybody who has the image would have it.
    #[error("K-01: secret {0} is in what the script wrote")]
    SecretKept(String),
    /// Nothing in the image installs packages.
    #[error("the image has no program that installs packages (apt-get, apk, dnf, microdnf or yum)")]
    NoInstaller,
    /// What no builder is told.
    #[error("no builder can be told: {0}")]
    Unsayable(String),
    /// A name its program does not take.
    #[error(transparent)]
    PackageName(#[from] PackageNameError),
    /// It took too long.
    #[error("{what} did not end within {} s", limit.as_secs())]
    Timeout {
        /// What ran.
        what: String,
        /// The limit.
        limit: Duration,
        /// Its last lines.
        last: Vec<String>,
    },
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        6 => " (abort)",
        9 => " (kill: out of memory?)",
        11 => " (segmentation fault)",
        15 => " (terminate)",
        31 => " (a system call that is not allowed)",
        _ => "",
    }
}

impl RunError {
    /// The last lines of what ran.
    pub(in crate::adapters::engine) fn last_lines(&self) -> &[String] {
        match self {
            Self::Status { last, .. } | Self::Signal { last, .. } | Self::Timeout { last, .. } => last,
            _ => &[],
        }
    }

    /// What to do about it.
    pub(in crate::adapters::engine) fn help(&self) -> Option<String> {
        match self {
            Self::Sandbox(error) => error.help(),
            Self::Shelf { .. } => Some("is the disk full? `bakery doctor` says where the cache is".into()),
            Self::Timeout { .. } => Some("`step-timeout: 4h` in config.yaml gives it longer, 0 for ever".into()),
            Self::NoInstaller => Some("choose a base that has one, or `copy` or `unpack` what you need".into()),
            Self::SecretKept(_) => Some(
                "let the program read it from /run/secrets, or remove what it leaves before the script ends".into(),
            ),
            Self::Unsayable(_) | Self::PackageName(_) | Self::Status { .. } | Self::Signal { .. } => None,
        }
    }
}

/// Everything around a step that runs something.
pub(in crate::adapters::engine) struct StepRun<'a> {
    pub(in crate::adapters::engine) step: &'a StepId,
    pub(in crate::adapters::engine) layers: &'a [Ground],
    pub(in crate::adapters::engine) target: &'a Layout,
    pub(in crate::adapters::engine) packing: &'a Packing,
    /// Where secrets are had.
    pub(in crate::adapters::engine) secrets: &'a BTreeMap<String, SecretSource>,
    /// Whose caches its steps share: the recipe's name.
    pub(in crate::adapters::engine) owner: &'a str,
    /// The base's environment.
    pub(in crate::adapters::engine) env: &'a [String],
    pub(in crate::adapters::engine) created: i64,
    pub(in crate::adapters::engine) timeout: Option<Duration>,
    pub(in crate::adapters::engine) events: &'a Events,
    pub(in crate::adapters::engine) cancel: &'a CancellationToken,
}

/// A folder with room for a step, on top of its ground.
pub(super) struct Room {
    pub(super) lowers: Vec<PathBuf>,
    pub(super) scratch: Scratch,
}

impl StepRun<'_> {
    /// A `run` step.
    pub(in crate::adapters::engine) fn run(
        &self,
        runner: &mut Runner,
        run: &Run,
    ) -> Result<(Counts, Option<Sealed>), StepError> {
        let room = self.room(runner)?;
        let secrets = resolve(&run.secrets, self.secrets)?;
        let mut telling = self.telling(runner, &secrets);
        let mut argv = run.shell.clone();
        argv.extend(["-c".to_owned(), run.script.clone()]);
        let mut env = self.environment();
        env.extend(run.env.iter().map(|(name, value)| (name.clone(), value.clone())));
        let caches = run.cache.iter().map(|place| runner.step_cache(self.owner, place)).collect::<Result<_, _>>()?;
        let spec = StepSpec {
            caches,
            secrets: secrets.iter().map(|secret| (secret.name().to_owned(), secret.value().to_vec())).collect(),
            network: run.network,
            user: run.user.clone(),
            env,
            argv,
            ..self.spec(&room)
        };
        self.execute(runner, spec, "the script", &mut telling)?;
        self.seal(runner, room, Vec::new(), &secrets)
    }

    /// Where there is one id only, every such step says what that costs.
    pub(super) fn telling(&self, runner: &Runner, secrets: &[Secret]) -> Telling {
        let mut telling = Telling::new(self.events.clone(), self.step.clone(), secrets);
        if !runner.ids.ids().is_exact() {
            // Nobody listens any more where it cannot be said.
            let _ = telling.say(OWNERSHIP_LOST);
        }
        for secret in secrets.iter().filter(|secret| !is_masked(secret.value())) {
            let _ = telling.say(&format!(
                "WARNING: secret {} is under {SHORTEST} bytes: it is not masked in this output (K-02)",
                secret.name()
            ));
        }
        telling
    }

    pub(super) fn room(&self, runner: &mut Runner) -> Result<Room, StepError> {
        if runner.lacks(self.layers) {
            let mut telling = Telling::new(self.events.clone(), self.step.clone(), &[]);
            // Nobody listens any more where it cannot be said.
            let _ = telling.say("extracting the layers below: once on this machine");
        }
        let mut progress = Progress::new(self.events.clone(), self.step.clone(), None);
        let lowers = runner.lowers(self.layers, (self.target, self.cancel), Some(&mut progress))?;
        let scratch = runner.shelf.scratch().map_err(shelf_error(&runner.cache))?;
        Ok(Room { lowers, scratch })
    }

    pub(super) fn spec(&self, room: &Room) -> StepSpec {
        StepSpec {
            lowers: room.lowers.clone(),
            writes: Some((room.scratch.upper(), room.scratch.work())),
            merged: room.scratch.merged(),
            stub: room.scratch.stub(),
            network: Network::Host,
            user: None,
            workdir: "/".into(),
            env: Vec::new(),
            argv: Vec::new(),
            secrets: Vec::new(),
            caches: Vec::new(),
            terminal: false,
            // Benches measure what watching costs.
            watched: std::env::var_os("BAKERY_BENCH_UNWATCHED").is_none(),
            hostname: HOSTNAME.into(),
            served: false,
            services: true,
        }
    }

    /// The base's environment, and the one time a reproducible step may know.
    pub(in crate::adapters::engine) fn environment(&self) -> Vec<(String, String)> {
        let mut env = environment(self.env);
        env.push(("SOURCE_DATE_EPOCH".to_owned(), self.created.to_string()));
        env
    }

    pub(super) fn execute(
        &self,
        runner: &mut Runner,
        spec: StepSpec,
        what: &str,
        telling: &mut Telling,
    ) -> Result<(), StepError> {
        let exit = runner.sandbox.run(spec, self.timeout, telling).map_err(RunError::from)?;
        if !telling.end() {
            return Err(StepError::Cancelled);
        }
        let (what, last) = (what.to_owned(), telling.last_lines(LAST_LINES));
        match exit {
            Exit::Code(0) => Ok(()),
            Exit::Code(code) => Err(RunError::Status { what, code, last }.into()),
            Exit::Signal(signal) => Err(RunError::Signal { what, signal, last }.into()),
            Exit::Stopped => match self.timeout.filter(|_| !self.cancel.is_cancelled()) {
                Some(limit) => Err(RunError::Timeout { what, limit, last }.into()),
                None => Err(StepError::Cancelled),
            },
        }
    }

    pub(super) fn seal(
        &self,
        runner: &mut Runner,
        room: Room,
        discard: Vec<String>,
        secrets: &[Secret],
    ) -> Result<(Counts, Option<Sealed>), StepError> {
        let request = PackRequest { lowers: room.lowers, upper: room.scratch.upper(), created: self.created, discard };
        let mut progress = Progress::new(self.events.clone(), self.step.clone(), None);
        let around = Around { progress: &mut progress, cancel: self.cancel, secrets };
        let (counts, sealed) = seal_upper(runner, request, self.target, self.packing, around)?;
        if let Some(sealed) = &sealed {
            progress.found_in(&sealed.index)?;
            let below: Vec<_> = self.layers.iter().map(|layer| layer.diff_id.clone()).collect();
            let chain = ChainId::extend(ChainId::of(&below).as_ref(), &sealed.blob.diff_id);
            let bytes = sealed.blob.uncompressed;
            runner.shelf.keep(&chain, &room.scratch, bytes).map_err(shelf_error(&runner.cache))?;
        }
        Ok((counts, sealed))
    }
}

/// An image's own environment, with a search path where it has none. Nothing of this machine's is in it (Y-08).
pub(in crate::adapters::engine) fn environment(own: &[String]) -> Vec<(String, String)> {
    let mut env = vec![("PATH".to_owned(), PATH.to_owned())];
    let own = own.iter().filter_map(|line| line.split_once('=')).filter(|(name, _)| !name.is_empty());
    env.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    env
}
