//! Which engine an address means: the one place that chooses. Asks what it can do, and refuses what it cannot.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Context;
use super::bake::{BakeRequest, Seated};
use super::pool::ASKING;
use super::prepare::{LoadedRecipe, PrepareOptions, Prepared};
use crate::adapters::engine::Engine;
use crate::adapters::engine::embedded::EmbeddedEngine;
use crate::adapters::engine::remote::{RemoteEngine, SeatedEngine};
use crate::adapters::settings::{EngineSettings, TlsFileError, TlsSettings, Workspace};
#[cfg(feature = "engines")]
use crate::adapters::settings::{StorePlace, StoreSettings};
use crate::domain::engine::{Capabilities, EngineAddress, Lack};
use crate::domain::oci::Platform;
use crate::domain::recipe::{Lock, Recipe};
use crate::domain::yaml::nearest;
use crate::report::{Kind, Report};

/// What bakes where nobody says.
const EMBEDDED: &str = "embedded";

/// The engine at an address; where that is one of the workspace's, with all that is said of it there. A daemon is not spoken to
/// yet.
pub(super) fn engine(address: &EngineAddress, context: &Context) -> Result<Arc<dyn Engine>, Report> {
    told(address, context, None)
}

/// The same, which need not be asked what it `can` do.
fn told(address: &EngineAddress, context: &Context, can: Option<Capabilities>) -> Result<Arc<dyn Engine>, Report> {
    if let Some(own) = context.workspace.engines.iter().find(|own| own.engine == *address) {
        return of_pool(own, context);
    }
    Ok(match remote(address, None, &context.workspace)? {
        Some(engine) => Arc::new(engine.told(can)),
        None => Arc::new(EmbeddedEngine),
    })
}

/// One of the workspace's engines. What it is said to have natively it is believed to have.
pub(super) fn of_pool(one: &EngineSettings, context: &Context) -> Result<Arc<dyn Engine>, Report> {
    Ok(match remote(&one.engine, one.tls.as_ref(), &context.workspace)? {
        Some(engine) => Arc::new(engine.believed(one.platforms.iter().cloned())),
        None => Arc::new(EmbeddedEngine),
    })
}

/// The same, with all that a bake has of the workspace; `None` where that is this machine.
fn remote(
    address: &EngineAddress,
    tls: Option<&TlsSettings>,
    workspace: &Workspace,
) -> Result<Option<RemoteEngine>, Report> {
    match address {
        EngineAddress::Embedded => Ok(None),
        #[cfg(feature = "engines")]
        EngineAddress::Docker(place) => daemon(DaemonKind::Docker, place.as_deref(), tls),
        #[cfg(feature = "engines")]
        EngineAddress::Podman(place) => daemon(DaemonKind::Podman, place.as_deref(), tls),
        #[cfg(feature = "engines")]
        EngineAddress::BuildKit(_) | EngineAddress::Buildx(_) => {
            let own = workspace.engines.iter().find(|one| one.engine == *address);
            let (from, to) = own.map_or_else(Default::default, |one| (one.cache_from.clone(), one.cache_to.clone()));
            let mut options = Options::of(tls.map(files), from, to);
            options.registries = registries(workspace);
            let builder = BuildKitBuilder::at(address, options);
            let builder = builder.map_err(|error| Report::new(Kind::Unreachable, &error))?;
            Ok(Some(RemoteEngine::new(address.kind(), Box::new(builder))))
        }
        #[cfg(not(feature = "engines"))]
        other => {
            let _ = (tls, workspace);
            let message = format!("the engine {other} is not in this build");
            Err(Report::message(Kind::Usage, message).help("use `engine: embedded`"))
        }
    }
}

#[cfg(feature = "engines")]
use crate::adapters::engine::remote::buildkit::{BuildKitBuilder, Options, TlsFiles};
#[cfg(feature = "engines")]
use crate::adapters::engine::remote::{Daemon, DaemonKind};

#[cfg(feature = "engines")]
fn daemon(kind: DaemonKind, place: Option<&str>, tls: Option<&TlsSettings>) -> Result<Option<RemoteEngine>, Report> {
    let daemon = Daemon::with_certificates(kind, place, tls.map(files).as_ref());
    let daemon = daemon.map_err(|error| Report::new(Kind::Unreachable, &error))?;
    Ok(Some(RemoteEngine::new(kind.name(), Box::new(daemon))))
}

#[cfg(feature = "engines")]
fn files(tls: &TlsSettings) -> TlsFiles {
    TlsFiles { ca: tls.ca.clone(), cert: tls.cert.clone(), key: tls.key.clone(), server_name: None }
}

/// Stores that are registries, by name: whoever bakes elsewhere may have bases from there.
#[cfg(feature = "engines")]
fn registries(workspace: &Workspace) -> BTreeMap<String, String> {
    let registry = |(name, store): (&String, &StoreSettings)| match &store.place {
        // Elsewhere, this machine's own is another.
        StorePlace::Registry { host, prefix, .. } if !host.is_loopback() => {
            let path = prefix.iter().map(|prefix| format!("/{prefix}")).collect::<String>();
            Some((name.clone(), format!("{host}{path}")))
        }
        StorePlace::Registry { .. } | StorePlace::Layout(_) | StorePlace::Daemon { .. } => None,
    };
    workspace.stores.iter().filter_map(registry).collect()
}

impl From<TlsFileError> for Report {
    fn from(error: TlsFileError) -> Self {
        Self::new(Kind::Usage, &error).help("paths are relative to bakery.yaml")
    }
}

/// `A,B`: who bakes, and who bakes once more to compare.
pub(super) fn split(engine: &str) -> (&str, Option<&str>) {
    engine.split_once(',').map_or((engine, None), |(first, second)| (first, Some(second)))
}

/// An engine's name, as it is written.
pub(super) fn address(name: &str) -> Result<EngineAddress, Report> {
    name.parse().map_err(|error| Report::new(Kind::Usage, &error))
}

/// What a user writes for an engine, `A,B` for two, with the addresses of those that the workspace's `engines` name.
pub(super) fn written(name: &str, workspace: &Workspace) -> Result<String, Report> {
    let one = |part: &str| -> Result<String, Report> {
        if let Some(own) = workspace.engines.iter().find(|own| own.name == part) {
            return Ok(own.engine.to_string());
        }
        address(part).map(|_| part.to_owned()).map_err(|report| {
            let kinds = ["embedded", "docker", "podman", "buildkit", "buildx"].into_iter();
            let known: Vec<&str> = kinds.chain(workspace.engines.iter().map(|own| own.name.as_str())).collect();
            match nearest(part.split("://").next().unwrap_or(part), known) {
                Some(near) => report.help(format!("did you mean `{near}`?")),
                None => report,
            }
        })
    };
    match split(name) {
        (first, Some(second)) => Ok(format!("{},{}", one(first)?, one(second)?)),
        (first, None) => one(first),
    }
}

/// Kinds of the engines that carry out steps which run something; `None` where that is this machine's own.
#[derive(Clone, Debug, Default)]
pub(super) struct Kinds {
    /// Of all platforms.
    all: Option<&'static str>,
    /// Of those that have one of their own.
    own: BTreeMap<Platform, Option<&'static str>>,
}

impl Kinds {
    pub(super) fn of(&self, platform: &Platform) -> Option<&'static str> {
        self.own.get(platform).copied().unwrap_or(self.all)
    }
}

/// Who bakes what was asked.
pub(super) struct Hired {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) kinds: Kinds,
    /// What a builder calls itself, and what the workspace calls it.
    names: Vec<(String, String)>,
}

impl Hired {
    /// The workspace's name for a builder that calls itself so.
    pub(super) fn called(&self, builder: String) -> String {
        self.names.iter().find(|(own, _)| *own == builder).map_or(builder, |(_, name)| name.clone())
    }
}

/// The engine of a request; where a pool gave platforms builders of their own, one around all of them.
pub(super) fn hired(context: &Context, request: &BakeRequest) -> Result<Hired, Report> {
    if request.seats.is_empty() {
        let one = context.engine()?;
        let kinds = Kinds { all: one.elsewhere(), own: BTreeMap::new() };
        return Ok(Hired { engine: told(&one, context, request.can.clone())?, kinds, names: Vec::new() });
    }
    let (mut kinds, mut names) = (Kinds::default(), Vec::new());
    let mut builders: Vec<(&Seated, Vec<Platform>)> = Vec::new();
    for seat in &request.seats {
        kinds.own.insert(seat.platform.clone(), address(&seat.engine)?.elsewhere());
        match builders.iter_mut().find(|(other, _)| other.builder == seat.builder) {
            Some((_, platforms)) => platforms.push(seat.platform.clone()),
            None => builders.push((seat, vec![seat.platform.clone()])),
        }
    }
    let mut seats = Vec::with_capacity(builders.len());
    for (seat, platforms) in builders {
        let mut remote = remote(&address(&seat.engine)?, seat.tls.as_ref(), &context.workspace)?;
        names.extend(remote.as_ref().map(|remote| (remote.builder(), seat.builder.clone())));
        let native = request.seats.iter().filter(|one| one.native && one.builder == seat.builder);
        let patience = seat.timeout.unwrap_or(ASKING).min(ASKING);
        remote = remote.map(|remote| remote.believed(native.map(|one| one.platform.clone())).within(patience));
        seats.push((remote, platforms));
    }
    let engine: Arc<dyn Engine> = match seats.pop() {
        Some((Some(only), _)) if seats.is_empty() => Arc::new(only),
        Some((None, _)) if seats.is_empty() => Arc::new(EmbeddedEngine),
        last => Arc::new(SeatedEngine::new(seats.into_iter().chain(last).collect())),
    };
    Ok(Hired { engine, kinds, names })
}

/// What an engine can do, in words; what it cannot stands behind `without`.
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

/// What of a recipe an engine cannot do: each with its line. `None` where it can do it all.
pub(super) fn lacking(
    (name, can): (&str, &Capabilities),
    (recipe, file): (&Recipe, &str),
    platforms: &[Platform],
) -> Option<Report> {
    let told = |lack: &Lack| format!("{file}:{}: {name} cannot {}", lack.line, lack.what);
    let foreign = platforms.iter().any(|platform| !can.runs(platform));
    let mut lacks = can.lacks(recipe, platforms).into_iter();
    let mut report = Report::message(Kind::Usage, told(&lacks.next()?));
    report.causes = lacks.map(|lack| told(&lack)).collect();
    let other = match name {
        _ if foreign => "bake where that platform is native: `--engine`, or `engines` in bakery.yaml",
        EMBEDDED => "bake on another engine: `--engine`",
        _ => "bake on another engine: `--engine embedded`",
    };
    Some(report.help(other))
}

impl Context {
    /// The engine that bakes here: the workspace's, else the user's own, else this machine.
    pub fn engine(&self) -> Result<EngineAddress, Report> {
        address(self.engine_name())
    }

    /// The same as it is written.
    pub(super) fn engine_name(&self) -> &str {
        let workspace = self.workspace.engine.as_ref().map(|(name, _)| name.as_str());
        workspace.or(self.settings.engine.as_deref()).unwrap_or(EMBEDDED)
    }

    /// The same with another engine than the workspace's: it bakes alone.
    pub fn on_engine(mut self, engine: Option<&str>) -> Result<Self, Report> {
        if let Some(engine) = engine {
            self.workspace.engine = Some((written(engine, &self.workspace)?, 0));
            self.engine()?;
        }
        Ok(self)
    }

    /// Prepares one recipe with a lock given, for the engine that bakes here; a lock that does not fit is replaced.
    pub async fn prepare_with(
        &self,
        loaded: &LoadedRecipe,
        lock: Option<Lock>,
        options: PrepareOptions,
    ) -> Result<Prepared, Report> {
        let kinds = Kinds { all: self.engine()?.elsewhere(), own: BTreeMap::new() };
        self.prepare_on(loaded, lock, options, kinds).await
    }
}
