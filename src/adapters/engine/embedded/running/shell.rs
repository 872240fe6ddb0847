//! A program of the user's choice on top of layers, for as long as it runs: what it changes becomes no layer. Knows no
//! terminal; its descriptors are somebody else's.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use rustix::pipe::{PipeFlags, pipe_with};
use tokio_util::sync::CancellationToken;

use super::runner::{Runner, shelf_error};
use super::step::{HOSTNAME, Room, RunError, environment};
use crate::adapters::engine::BaseImage;
use crate::adapters::engine::embedded::base::{Ground, blocking, fetch_missing, layers_of};
use crate::adapters::engine::embedded::steps::StepError;
use crate::adapters::host::IdMode;
use crate::adapters::sandbox::{Exit, SandboxError, StepSpec};
use crate::adapters::store::layout::{Hold, Layout};
use crate::domain::journal::LayerBlob;
use crate::domain::recipe::Network;
use crate::report::Report;

/// Layers a shell stands on, all of them in one layout.
pub struct Floor {
    layers: Vec<Ground>,
    layout: Arc<Layout>,
    /// Nothing of it is freed meanwhile.
    _hold: Hold,
}

impl Floor {
    /// The layers of `base`, which are fetched into `layout` where it lacks them, and `above` them those that are in it.
    pub async fn lay(base: Option<&BaseImage>, above: &[LayerBlob], layout: Arc<Layout>) -> Result<Self, Report> {
        let holding = Arc::clone(&layout);
        let hold = blocking(move || holding.hold()).await?;
        let mut layers = Vec::new();
        if let Some(base) = base {
            layers = layers_of(base)?;
            fetch_missing(&layout, base).await?;
        }
        layers.extend(
            above.iter().map(|layer| Ground { blob: layer.descriptor.clone(), diff_id: layer.diff_id.clone() }),
        );
        Ok(Self { layers, layout, _hold: hold })
    }
}

/// What runs, and what it sees beside the files.
pub struct Program {
    /// It and its arguments.
    pub argv: Vec<String>,
    /// The image's own environment, `NAME=value`.
    pub image_env: Vec<String>,
    /// More of it.
    pub env: Vec<(String, String)>,
    /// User in the image; root where absent.
    pub user: Option<String>,
    /// Working folder in the image.
    pub workdir: String,
    /// Network it sees.
    pub network: Network,
    /// Its descriptors are a terminal.
    pub terminal: bool,
}

/// A sandbox in which the layers are stacked. Blocking; for threads, not for the executor.
pub struct Workroom {
    runner: Runner,
    room: Room,
    stop: OwnedFd,
}

/// Ends the program when dropped.
pub struct Stopper {
    _open: OwnedFd,
}

impl Workroom {
    /// Stacks the layers; those that were never unpacked are.
    pub fn open(floor: &Floor, cache: &Path, ids: IdMode) -> Result<(Self, Stopper), Report> {
        let open = || -> Result<(Self, Stopper), StepError> {
            // Whoever loses patience before the program runs ends this process, and the sandbox with it.
            let patience = CancellationToken::new();
            let mut runner = Runner::start(cache, ids, &patience)?;
            let lowers = runner.lowers(&floor.layers, (&floor.layout, &patience), None)?;
            let scratch = runner.shelf.scratch().map_err(shelf_error(cache))?;
            let (stop, open) =
                pipe_with(PipeFlags::CLOEXEC).map_err(|error| RunError::Sandbox(SandboxError::Start(error.into())))?;
            Ok((Self { runner, room: Room { lowers, scratch }, stop }, Stopper { _open: open }))
        };
        open().map_err(StepError::into_report)
    }

    /// Runs the program to its end on standard input, output and error.
    pub fn run(&mut self, program: Program, descriptors: [OwnedFd; 3]) -> Result<Exit, Report> {
        let mut env = environment(&program.image_env);
        env.extend(program.env);
        let spec = StepSpec {
            lowers: self.room.lowers.clone(),
            writes: Some((self.room.scratch.upper(), self.room.scratch.work())),
            merged: self.room.scratch.merged(),
            stub: self.room.scratch.stub(),
            network: program.network,
            user: program.user,
            workdir: program.workdir,
            env,
            argv: program.argv,
            secrets: Vec::new(),
            caches: Vec::new(),
            terminal: program.terminal,
            watched: false,
            hostname: HOSTNAME.into(),
            served: false,
            services: true,
        };
        self.runner
            .sandbox
            .run_on(spec, descriptors, &self.stop)
            .map_err(|error| StepError::from(RunError::from(error)).into_report())
    }
}
