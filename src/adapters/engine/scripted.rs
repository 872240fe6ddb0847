//! The scripted engine: plays a given list of events, for tests and demonstrations. Bakes nothing, reads no plan.
//!
//! A script is one JSON object a line: an event as a journal has it without `seq`, `at` and `crc`, or one of
//! `{"log":STEP,"text":TEXT}` (output of a step), `{"gate":FILE}` (waits until that file exists, or for cancelling),
//! `{"cannot":[secrets|caches|no-network|run]}`, `{"mute":true}` (of what it says when asked what it can do; played wherever they stand),
//! `{"fail":MESSAGE}` (the engine gives up), `{"lost":FILE}` (the builder is gone once that file exists), `{"deaf":true}` (a cancel no longer opens a gate), `{"pause":MILLIS}`.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{BakeJob, Baked, Engine, EngineError, Sink};
use crate::adapters::process::environment;
use crate::domain::engine::Capabilities;
use crate::domain::journal::{EventKind, Failure, decode_kind};
use crate::domain::oci::{Descriptor, media_type};
use crate::domain::plan::StepId;

/// Plays a script.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptedEngine {
    acts: Vec<Act>,
    can: Capabilities,
    /// Does not answer what it can do.
    mute: bool,
}

/// Why a script cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The file cannot be read.
    #[error("cannot read script {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is no act.
    #[error("line {line} of the script is no act")]
    Act {
        /// 1-based.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
}

#[derive(Clone, Debug, PartialEq)]
enum Act {
    Emit(Box<EventKind>),
    Log(StepId, String),
    Gate(PathBuf),
    Fail(String),
    Lost(PathBuf),
    Deaf,
    Pause(u64),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Direction {
    Log { log: StepId, text: String },
    Gate { gate: PathBuf },
    Fail { fail: String },
    Lost { lost: PathBuf },
    Deaf { deaf: bool },
    Pause { pause: u64 },
    Cannot { cannot: Vec<String> },
    Mute { mute: bool },
}

impl ScriptedEngine {
    /// The script named by `BAKERY_SCRIPTED_ENGINE`, in a folder of them that of the engine `name`; only builds with debug assertions listen to it.
    pub fn from_environment(name: &str) -> Option<Result<Self, ScriptError>> {
        if !cfg!(debug_assertions) {
            return None;
        }
        let mut path = PathBuf::from(environment("BAKERY_SCRIPTED_ENGINE")?);
        if path.is_dir() {
            path.push(format!("{name}.jsonl"));
        }
        Some(
            std::fs::read_to_string(&path)
                .map_err(|source| ScriptError::Read { path, source })
                .and_then(|text| Self::parse(&text)),
        )
    }

    /// Reads a script.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let (mut acts, mut can, mut silent) = (Vec::new(), Capabilities::embedded(), false);
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let act = match serde_json::from_str::<Direction>(line) {
                Ok(Direction::Log { log, text }) => Act::Log(log, text),
                Ok(Direction::Gate { gate }) => Act::Gate(gate),
                Ok(Direction::Fail { fail }) => Act::Fail(fail),
                Ok(Direction::Lost { lost }) => Act::Lost(lost),
                Ok(Direction::Deaf { deaf: true }) => Act::Deaf,
                Ok(Direction::Pause { pause }) => Act::Pause(pause),
                Ok(Direction::Mute { mute }) => {
                    silent = mute;
                    continue;
                }
                Ok(Direction::Cannot { cannot }) => {
                    let lacks = |word: &str| cannot.iter().any(|one| one == word);
                    (can.secrets, can.cache_mounts) = (!lacks("secrets"), !lacks("caches"));
                    (can.no_network, can.run_steps) = (!lacks("no-network"), !lacks("run"));
                    continue;
                }
                _ => {
                    let kind = decode_kind(line).map_err(|source| ScriptError::Act { line: number + 1, source })?;
                    Act::Emit(Box::new(kind))
                }
            };
            acts.push(act);
        }
        Ok(Self { acts, can, mute: silent })
    }

    /// Plays it.
    pub async fn play(&self, sink: &dyn Sink, cancel: &CancellationToken) -> Result<Baked, EngineError> {
        let empty = Descriptor::of(media_type::MANIFEST, b"{}");
        let mut baked = Baked { reference: String::new(), image: empty };
        let mut deaf = false;
        for act in &self.acts {
            if cancel.is_cancelled() && !deaf {
                return Err(EngineError::Cancelled);
            }
            match act {
                Act::Emit(kind) => {
                    sink.emit((**kind).clone())?;
                    if let EventKind::ImageCommitted { reference, image } = &**kind {
                        baked = Baked { reference: reference.clone(), image: image.clone() };
                    }
                    if let EventKind::StepFailed { step, failure, .. } = &**kind {
                        let (step, failure) = (step.clone(), failure.clone());
                        return Err(EngineError::Step { step, action: "scripted".into(), failure });
                    }
                }
                Act::Log(step, text) => sink.output(step, text.as_bytes())?,
                Act::Gate(file) => tokio::select! {
                    () = cancel.cancelled(), if !deaf => return Err(EngineError::Cancelled),
                    () = appears(file) => {}
                },
                Act::Fail(message) => {
                    let failure = Failure { message: message.clone(), exit_code: 1, ..Failure::default() };
                    return Err(EngineError::Step { step: StepId("0".into()), action: "scripted".into(), failure });
                }
                Act::Lost(file) => lost(file)?,
                Act::Deaf => deaf = true,
                Act::Pause(millis) => tokio::time::sleep(std::time::Duration::from_millis(*millis)).await,
            }
        }
        Ok(baked)
    }
}

#[cfg(feature = "engines")]
fn lost(file: &Path) -> Result<(), EngineError> {
    let source = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    match file.exists() {
        true => {
            Err(super::remote::BuilderError::Unreachable { builder: "scripted".into(), source: Box::new(source()) }
                .into())
        }
        false => Ok(()),
    }
}

#[cfg(not(feature = "engines"))]
fn lost(_: &Path) -> Result<(), EngineError> {
    Ok(())
}

/// Waits for a file, as long as its folder is there. Scripts are for tests: looking again and again is good enough here.
async fn appears(file: &Path) {
    while !file.exists() && file.parent().is_some_and(Path::exists) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[async_trait]
impl Engine for ScriptedEngine {
    fn name(&self) -> &'static str {
        "scripted"
    }

    async fn capabilities(&self) -> Result<Capabilities, EngineError> {
        if self.mute {
            std::future::pending::<()>().await;
        }
        Ok(self.can.clone())
    }

    async fn bake(&self, _job: &BakeJob, sink: &dyn Sink, cancel: &CancellationToken) -> Result<Baked, EngineError> {
        self.play(sink, cancel).await
    }
}
