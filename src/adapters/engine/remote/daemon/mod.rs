//! Docker Engine and Podman by the API both speak. What a step stands on is loaded as an image, the step is built upon it,
//! and the image that comes of it is fetched. Knows no recipes.
//!
//! Reading order: `connect`, this file's [`Daemon`], `load`, `build`, `said` (its progress as lines), `stored`, `ahead`
//! (layers read while it builds), `leftovers`;
//! `images`: what it has of its own, for whoever reads it as a store.

mod ahead;
mod build;
mod connect;
mod images;
mod leftovers;
mod load;
mod said;
mod session;
mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bollard::Docker;
use bollard::errors::Error;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::buildkit::TlsFiles;
use super::{BaseBy, Builder, BuilderError, GroundImage, LayerFile, Order, Told};
use crate::adapters::host;
use crate::domain::engine::Capabilities;
use crate::domain::oci::{DiffId, Platform};
use connect::Way;
use leftovers::Mark;

/// How long a daemon may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a disk without room is called everywhere.
const FULL: &str = "no space left on device";

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DaemonKind {
    /// Docker Engine, with the BuildKit in it.
    Docker,
    /// Podman's service.
    Podman,
}

impl DaemonKind {
    /// Its name in journals.
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}

/// A daemon that builds.
pub struct Daemon {
    kind: DaemonKind,
    address: String,
    way: Way,
    /// Whether it was agreed on which version of the API is spoken: once is enough.
    agreed: OnceCell<()>,
    /// Whose what is left there is.
    mark: Arc<Mark>,
    /// What nobody waits for before the end: images that are not needed there any more, freed.
    later: Mutex<Vec<AbortOnDropHandle<()>>>,
    /// Layers of images that are there: they need not be sent, and need not come back.
    loaded: Mutex<BTreeMap<String, Vec<DiffId>>>,
    /// Layers that were read while builds went on, by what the storage calls them.
    read: Mutex<BTreeMap<String, LayerFile>>,
}

impl Daemon {
    /// The daemon at an address; where there is none, at the place its own program would look.
    pub fn new(kind: DaemonKind, address: Option<&str>) -> Result<Self, BuilderError> {
        Self::with_certificates(kind, address, None)
    }

    /// The same over TLS with these certificates.
    pub fn with_certificates(
        kind: DaemonKind,
        address: Option<&str>,
        files: Option<&TlsFiles>,
    ) -> Result<Self, BuilderError> {
        let address = address.map_or_else(|| connect::default_address(kind), str::to_owned);
        let builder = format!("{} at {address}", kind.name());
        let way =
            connect::connect(kind, &address, files).map_err(|source| BuilderError::Unreachable { builder, source })?;
        Ok(Self {
            kind,
            address,
            way,
            agreed: OnceCell::new(),
            mark: Arc::new(Mark::new()),
            later: Mutex::default(),
            loaded: Mutex::default(),
            read: Mutex::default(),
        })
    }

    /// Version it says it is of, and the platform of its machine.
    pub async fn version(&self) -> Result<(String, Platform), BuilderError> {
        let version = self.patiently(self.way.docker.version()).await?;
        let architecture = version.arch.unwrap_or_default();
        let platform = format!("linux/{architecture}").parse::<Platform>();
        let platform = platform.map_err(|_| self.protocol(format!("that its machine is {architecture:?}")))?;
        Ok((version.version.unwrap_or_default(), platform))
    }

    /// The platform of its machine. Podman is slow to say all that belongs to its version: one that listens on this machine is
    /// only asked whether it answers.
    async fn platform(&self) -> Result<Platform, BuilderError> {
        if self.kind == DaemonKind::Podman && connect::is_podman_here(&self.address).await {
            return self.patiently(self.way.docker.ping()).await.map(|_| host::platform());
        }
        self.version().await.map(|(_, platform)| platform)
    }

    /// What it answers, if it does so in time.
    async fn patiently<T>(&self, asking: impl Future<Output = Result<T, Error>>) -> Result<T, BuilderError> {
        let asking = async {
            self.agree().await?;
            asking.await
        };
        let answer = tokio::time::timeout(PATIENCE, asking).await;
        answer
            .map_err(|_| BuilderError::Silent { builder: self.name(), seconds: PATIENCE.as_secs() })?
            .map_err(|error| self.failed(error))
    }

    async fn api(&self) -> Result<Docker, BuilderError> {
        self.agree().await.map_err(|error| self.failed(error))?;
        Ok(self.way.docker.clone())
    }

    /// Podman takes every version, and is slow to say which it is of.
    async fn agree(&self) -> Result<(), Error> {
        if self.kind == DaemonKind::Podman {
            return Ok(());
        }
        let ask = || async { self.way.docker.clone().negotiate_version().await.map(drop) };
        self.agreed.get_or_try_init(ask).await.copied()
    }

    /// Begins something nobody waits for before [`Builder::settle`].
    fn later(&self, work: impl Future<Output = ()> + Send + 'static) {
        let begun = AbortOnDropHandle::new(tokio::spawn(work));
        if let Ok(mut later) = self.later.lock() {
            later.push(begun);
        }
    }

    fn protocol(&self, what: impl Into<String>) -> BuilderError {
        BuilderError::Protocol { builder: self.name(), what: what.into() }
    }

    /// What a failed request says of it.
    fn failed(&self, error: Error) -> BuilderError {
        match error {
            Error::DockerResponseServerError { message, .. } | Error::DockerStreamError { error: message }
                if message.contains(FULL) =>
            {
                BuilderError::Full { builder: self.name(), what: message }
            }
            Error::DockerResponseServerError { status_code, message } if message.trim().is_empty() => {
                self.protocol(format!("{status_code} and nothing more, as no {} does", self.kind.name()))
            }
            Error::DockerResponseServerError { status_code, message } => {
                self.protocol(format!("{status_code}: {}", message.trim()))
            }
            Error::DockerStreamError { error } => self.protocol(error),
            Error::RequestTimeoutError
            | Error::IOError { .. }
            | Error::HyperResponseError { .. }
            | Error::HyperLegacyError { .. }
            | Error::SocketNotFoundError(_)
            | Error::NoNativeCertsError { .. } => {
                let cause = self.way.said().unwrap_or_else(|| innermost(&error));
                BuilderError::Unreachable { builder: self.name(), source: cause.into() }
            }
            other => self.protocol(other.to_string()),
        }
    }
}

/// What lies at the bottom of an error: what is above it only says in which library.
fn innermost(error: &Error) -> String {
    let mut at: &dyn std::error::Error = error;
    while let Some(below) = at.source() {
        at = below;
    }
    at.to_string()
}

#[async_trait]
impl Builder for Daemon {
    fn name(&self) -> String {
        format!("{} at {}", self.kind.name(), self.way.shown)
    }

    async fn capabilities(&self) -> Result<Capabilities, BuilderError> {
        let platform = self.platform().await?;
        // Secrets of docker go over a connection of their own, which is not made under TLS.
        let secrets = self.kind == DaemonKind::Podman || session::reaches(&self.address);
        Ok(Capabilities {
            live_changes: false,
            run_steps: true,
            secrets,
            cache_mounts: true,
            no_network: true,
            reproducible: true,
            verbatim: false,
            platforms: Some(BTreeSet::from([platform])),
        })
    }

    fn base_by(&self) -> BaseBy {
        BaseBy::Image
    }

    fn says_network(&self) -> bool {
        false
    }

    /// Podman's service does not tell its build that nobody waits for it any more.
    fn ends_cancelled(&self) -> bool {
        self.kind == DaemonKind::Docker
    }

    /// Podman has an image of each line, with a history that names all before it.
    fn tells_builds(&self) -> bool {
        self.kind == DaemonKind::Podman
    }

    async fn settle(&self) {
        let later = self.later.lock().map(|mut later| std::mem::take(&mut *later)).unwrap_or_default();
        // Only room there depends on it; what is not done by then the next bake does.
        let _ = tokio::time::timeout(PATIENCE, futures_util::future::join_all(later)).await;
    }

    async fn forget(&self, name: &str) {
        // Only room there depends on it.
        let _ = tokio::time::timeout(PATIENCE, self.unload(name)).await;
    }

    async fn take(&self, ground: &GroundImage, cancel: &CancellationToken) -> Result<String, BuilderError> {
        tokio::select! {
            () = cancel.cancelled() => Err(BuilderError::Cancelled),
            taken = self.load(ground) => taken,
        }
    }

    async fn build(&self, order: &Order, told: &dyn Told, cancel: &CancellationToken) -> Result<(), BuilderError> {
        tokio::select! {
            () = cancel.cancelled() => Err(BuilderError::Cancelled),
            built = self.carry_out(order, told) => built,
        }
    }
}
