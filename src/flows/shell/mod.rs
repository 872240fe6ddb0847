//! `shell`: a program in an image, or in what a recipe had made before one of its steps. What it changes is thrown away.

mod standing;
mod target;

use std::sync::Arc;

use standing::Standing;
use target::Target;

use super::{Context, LoadedRecipe, PrepareOptions, Prepared};
use crate::adapters::engine::BaseImage;
use crate::adapters::engine::embedded::cache::StepCache;
use crate::adapters::engine::embedded::{Floor, Program, Workroom, config_in_force};
use crate::adapters::host::{self, IdMode};
use crate::adapters::process::environment;
use crate::adapters::process::relay::{Ended, Relay, Side};
use crate::adapters::sandbox::Exit;
use crate::adapters::store::layout::Layout;
use crate::domain::journal::LayerBlob;
use crate::domain::oci::{ExecConfig, ImageRef};
use crate::domain::recipe::{Action, Network, Step};
use crate::domain::text::escape;
use crate::report::{Kind, Report};

/// A shell where the image has one: bash where it is there.
const SHELL: [&str; 3] = ["/bin/sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash; exec /bin/sh"];

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellRequest {
    /// An image, a recipe, or `RECIPE@STEP`.
    pub target: String,
    /// User in the image; that of the image or of the step where absent.
    pub user: Option<String>,
    /// Network the program sees.
    pub network: Network,
    /// Program and arguments; a shell where there are none.
    pub command: Vec<String>,
}

/// Everything there is to open a shell with.
struct Scene {
    base: Option<BaseImage>,
    above: Vec<LayerBlob>,
    layout: Arc<Layout>,
    /// Where, for people.
    place: String,
    config: ExecConfig,
    /// The step's own environment.
    env: Vec<(String, String)>,
}

impl Context {
    /// Opens a shell at the user's own terminal, or a program on their pipes; gives its exit code. `tell` hears what is
    /// opened, in one line, before it is.
    pub async fn shell(&self, request: &ShellRequest, tell: impl Fn(&str)) -> Result<i32, Report> {
        let scene = match self.shell_target(&request.target)? {
            Target::Image(image) => self.image_scene(&image).await?,
            Target::Recipe(loaded, step) => self.recipe_scene(&loaded, step).await?,
        };
        let ids = host::id_mode(self.settings.id_mode)?;
        if scene.base.as_ref().is_some_and(|base| base.layout.is_none()) {
            tell(&format!("{}: fetching what is not here yet", escape(&scene.place)));
        }
        let floor = Floor::lay(scene.base.as_ref(), &scene.above, Arc::clone(&scene.layout)).await?;
        let cache = self.paths.cache.clone();
        // What holds the layers goes along: they are used as long as the program runs.
        let opening = move || Workroom::open(&floor, &cache, ids).map(|(workroom, stopper)| (workroom, stopper, floor));
        let (workroom, stopper, _floor) = blocking(opening).await?;
        let lost = if matches!(ids, IdMode::Single { .. }) { "; there is one id, root" } else { "" };
        tell(&format!("{}: what you change here is thrown away{lost}", escape(&scene.place)));
        let (side, failed) =
            (Side::own(), |error: &(dyn std::error::Error + 'static)| Report::new(Kind::Failed, error));
        let (ends, relay) = Relay::open(side.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
        let program = program(request, scene, ends.terminal);
        let shell = request.command.is_empty();
        let mut workroom = workroom;
        let running = blocking(move || workroom.run(program, [ends.stdin, ends.stdout, ends.stderr]));
        let mut running = std::pin::pin!(running);
        let ended = relay.during(&mut running).await.map_err(|error| failed(&error))?;
        match ended {
            Ended::Over(exit) => exit.map(code).map_err(|report| if shell { without_shell(report) } else { report }),
            Ended::Asked(code) => {
                drop(stopper);
                // Everything in it is gone when this returns.
                let _ = running.await;
                Ok(code)
            }
        }
    }

    async fn image_scene(&self, image: &ImageRef) -> Result<Scene, Report> {
        let base = self.image_as_base(image, &host::platform()).await?;
        let layout = match &base.layout {
            Some(layout) => Arc::clone(layout),
            None => self.local()?,
        };
        Ok(Scene {
            place: format!("{image} ({})", base.digest.short()),
            config: base.config.config.clone().unwrap_or_default(),
            above: Vec::new(),
            base: Some(base),
            env: Vec::new(),
            layout,
        })
    }

    async fn recipe_scene(&self, loaded: &LoadedRecipe, step: Option<usize>) -> Result<Scene, Report> {
        let prepared = self.prepare(loaded, PrepareOptions::default()).await?;
        let host = host::platform();
        let part = prepared.plan.platforms.iter().find(|part| host.is_served_by(&part.platform));
        let Some(part) = part else {
            return Err(Report::message(Kind::Usage, format!("{} is not for {host}", loaded.shown))
                .help("a shell runs programs of this machine's own platform only"));
        };
        let standing = Standing::find(&loaded.shown, &part.steps, step)?;
        let base = prepared.bases.iter().find(|base| base.platform == part.platform).cloned();
        let layout = self.local()?;
        let cache = StepCache::new(&self.paths.cache);
        let present = |layer: &LayerBlob| layout.has(&layer.descriptor);
        let above = standing.layers(&loaded.shown, &part.steps, |key| cache.result(key, &present))?;
        let (config, env) = match standing.before().and_then(|index| prepared.recipe.steps.get(index)) {
            Some(step) => (step_config(base.as_ref(), step), step_env(&prepared, step)),
            None => (config_in_force(&prepared.recipe.config, base.as_ref()), Vec::new()),
        };
        let place = match standing.before().and_then(|index| part.steps.get(index)) {
            Some(step) => {
                format!("{} before step {} ({} {})", prepared.plan.reference, step.id, step.action, step.summary)
            }
            None => format!("{}, all steps done", prepared.plan.reference),
        };
        Ok(Scene { base, above, layout, place, config, env })
    }
}

/// What a step would run with: the base's environment, and its own user; its folder is the root.
fn step_config(base: Option<&BaseImage>, step: &Step) -> ExecConfig {
    let user = match &step.action {
        Action::Run(run) => run.user.clone(),
        _ => None,
    };
    let env = base.map(|base| base.env().to_vec());
    ExecConfig { env, user, ..ExecConfig::default() }
}

fn step_env(prepared: &Prepared, step: &Step) -> Vec<(String, String)> {
    let mut env = vec![("SOURCE_DATE_EPOCH".to_owned(), prepared.plan.created.to_string())];
    if let Action::Run(run) = &step.action {
        env.extend(run.env.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    env
}

fn program(request: &ShellRequest, scene: Scene, terminal: bool) -> Program {
    let mut env = scene.env;
    if terminal && let Some(term) = environment("TERM").filter(|term| is_terminal_name(term)) {
        env.push(("TERM".into(), term));
    }
    let argv = match request.command.as_slice() {
        [] => SHELL.map(str::to_owned).to_vec(),
        command => command.to_vec(),
    };
    Program {
        argv,
        image_env: scene.config.env.unwrap_or_default(),
        env,
        user: request.user.clone().or(scene.config.user),
        workdir: scene.config.working_dir.unwrap_or_default(),
        network: request.network,
        terminal,
    }
}

/// The one thing of this machine's environment that goes along.
fn is_terminal_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'+');
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

/// Away from the executor.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Report> + Send + 'static) -> Result<T, Report> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Report::new(Kind::Failed, &error)))
}

/// As a shell shows it.
fn code(exit: Exit) -> i32 {
    match exit {
        Exit::Code(code) => code,
        Exit::Signal(signal) => 128 + signal,
        Exit::Stopped => 130,
    }
}

fn without_shell(report: Report) -> Report {
    let absent = report.message.starts_with(SHELL[0]);
    if absent {
        report.help("the image has no shell; name a program it has: bakery shell IMAGE -- PROGRAM")
    } else {
        report
    }
}
