//! Which engine an address means: the one place that chooses. Asks nothing of it.

use super::Context;
use super::prepare::Prepared;
use crate::adapters::engine::Engine;
use crate::adapters::engine::embedded::EmbeddedEngine;
use crate::domain::engine::{Capabilities, EngineAddress, Lack};
use crate::report::{Kind, Report};

/// The engine at an address. A daemon is not spoken to yet.
pub(super) fn engine(address: &EngineAddress) -> Result<Box<dyn Engine>, Report> {
    match address {
        EngineAddress::Embedded => Ok(Box::new(EmbeddedEngine)),
        #[cfg(feature = "engines")]
        EngineAddress::Docker(place) => daemon(DaemonKind::Docker, place.as_deref()),
        #[cfg(feature = "engines")]
        EngineAddress::Podman(place) => daemon(DaemonKind::Podman, place.as_deref()),
        #[cfg(feature = "engines")]
        EngineAddress::BuildKit(_) | EngineAddress::Buildx(_) => {
            let builder = BuildKitBuilder::at(address, Options::from_environment());
            let builder = builder.map_err(|error| Report::new(Kind::Unreachable, &error))?;
            Ok(Box::new(RemoteEngine::new(address.kind(), Box::new(builder))))
        }
        #[cfg(not(feature = "engines"))]
        other => {
            let message = format!("the engine {other} is not in this build");
            Err(Report::message(Kind::Usage, message).help("use `engine: embedded`"))
        }
    }
}

#[cfg(feature = "engines")]
use crate::adapters::engine::remote::buildkit::{BuildKitBuilder, Options};
#[cfg(feature = "engines")]
use crate::adapters::engine::remote::{Daemon, DaemonKind, RemoteEngine};

#[cfg(feature = "engines")]
fn daemon(kind: DaemonKind, place: Option<&str>) -> Result<Box<dyn Engine>, Report> {
    let daemon = Daemon::new(kind, place).map_err(|error| Report::new(Kind::Unreachable, &error))?;
    Ok(Box::new(RemoteEngine::new(kind.name(), Box::new(daemon))))
}

/// `A,B`: who bakes, and who bakes once more to compare.
pub(super) fn split(engine: &str) -> (&str, Option<&str>) {
    engine.split_once(',').map_or((engine, None), |(first, second)| (first, Some(second)))
}

/// The engine of a name.
pub(super) fn named(name: &str) -> Result<Box<dyn Engine>, Report> {
    engine(&name.parse().map_err(|error| Report::new(Kind::Usage, &error))?)
}

/// What was heard of an engine that was asked.
pub(super) struct Answer {
    /// Its name.
    pub(super) name: String,
    /// What it can do, or why it does not say.
    pub(super) can: Result<Capabilities, Report>,
}

impl Answer {
    /// What it can do, in words; what it cannot stands behind `without`.
    pub(super) fn words(can: &Capabilities) -> String {
        let all = [
            (can.run_steps, "run steps"),
            (can.secrets, "secrets"),
            (can.cache_mounts, "caches"),
            (can.no_network, "network: none"),
            (can.reproducible, "the same again"),
            (can.live_changes, "live changes"),
        ];
        let of = |wanted: bool| {
            let words: Vec<&str> = all.iter().filter(|(can, _)| *can == wanted).map(|(_, word)| *word).collect();
            words.join(", ")
        };
        let on = can.platforms.iter().flatten().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let on = if on.is_empty() { on } else { format!(" on {on}") };
        let without = of(false);
        let without = if without.is_empty() { without } else { format!("; without {without}") };
        format!("{}{on}{without}", of(true))
    }
}

impl Context {
    /// Asks the engine that bakes here; `None` where that is this machine's own, which needs no asking.
    pub(super) async fn ask_engine(&self) -> Result<Option<Answer>, Report> {
        let address = self.engine()?;
        if address == EngineAddress::Embedded {
            return Ok(None);
        }
        let can = match engine(&address) {
            Ok(engine) => engine.capabilities().await.map_err(Report::from),
            Err(report) => Err(report),
        };
        Ok(Some(Answer { name: address.to_string(), can }))
    }

    /// The same with another engine than the workspace's.
    pub fn on_engine(mut self, engine: Option<&str>) -> Result<Self, Report> {
        if let Some(engine) = engine {
            engine.clone_into(&mut self.workspace.engine);
            self.engine()?;
        }
        Ok(self)
    }

    /// Refuses a recipe whose steps ask what the engine cannot do, each with its line. Gives a note where the engine
    /// cannot be asked: a plan is no promise.
    pub async fn refuse_lacks(&self, prepared: &Prepared) -> Result<Option<String>, Report> {
        if !prepared.recipe.runs() {
            return Ok(None);
        }
        let Some(Answer { name, can }) = self.ask_engine().await? else { return Ok(None) };
        let can = match can {
            Ok(can) => can,
            Err(report) => {
                let said = std::iter::once(report.message).chain(report.causes).collect::<Vec<_>>().join(": ");
                return Ok(Some(format!("note: what {name} can do is not known: {said}")));
            }
        };
        let platforms: Vec<_> = prepared.plan.platforms.iter().map(|part| part.platform.clone()).collect();
        let mut lacks = can.lacks(&prepared.recipe, &platforms).into_iter();
        let Some(first) = lacks.next() else { return Ok(None) };
        let file = &prepared.plan.recipe;
        let told = |lack: &Lack| format!("{file}:{}: {name} cannot {}", lack.line, lack.what);
        let mut report = Report::message(Kind::Usage, told(&first));
        report.causes = lacks.map(|lack| told(&lack)).collect();
        Err(report.help("bake on another engine: `--engine embedded`"))
    }

    /// The engine that bakes here, by its name.
    pub fn engine(&self) -> Result<EngineAddress, Report> {
        self.workspace.engine.parse().map_err(|error| Report::new(Kind::Usage, &error))
    }
}
