//! BuildKit behind the port: one builder, which may be several machines. Knows no Dockerfile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::buildkit::v1::{InfoRequest, ListWorkersRequest};
use tokio_util::sync::CancellationToken;
use tonic::Code;

use super::buildx;
use super::connect::{Connection, Reach, connect};
use super::failure::{Failing, of_status, unreachable};
use super::image::Offer;
use super::place::{Place, TlsFiles};
use super::session::MAX_MESSAGE;
use super::solve::Build;
use crate::adapters::engine::BaseImage;
use crate::adapters::engine::remote::{BaseBy, Builder, BuilderError, GroundImage, Order, Told};
use crate::adapters::store::registry::AuthFiles;
use crate::domain::engine::{Capabilities, EngineAddress};
use crate::domain::oci::{self, Digest, ImageRef, Platform};
use crate::domain::text::escape;

/// How a builder is spoken to.
#[derive(Clone, Debug)]
pub struct Options {
    /// What proves who is there, where the address does not say; see [`TlsFiles::from_environment`].
    pub tls: Option<TlsFiles>,
    /// Who we are to registries that a Dockerfile names.
    pub auth: AuthFiles,
    /// Images whose layers may be had instead of made.
    pub cache_from: Vec<String>,
    /// Images that layers are put into for others.
    pub cache_to: Vec<String>,
    /// Registries that bases may be pulled from, host and path, by what the workspace calls them.
    pub registries: BTreeMap<String, String>,
    /// Puts every step on the builder's network, instead of those that ask: for builders whose Dockerfiles cannot.
    pub forces_network: bool,
    /// How long a connection may take.
    pub patience: Duration,
    /// How long a builder may say nothing, or be at nothing. Its pings count, so a step may be quiet for as long as it likes.
    pub silence: Duration,
    /// Where the image goes.
    pub kept: Kept,
}

/// Where the image goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Here, as a layout.
    Layout,
    /// Into the builder's own store, by this name; only Docker has one.
    Store(String),
}

impl Options {
    /// As the environment says.
    pub fn from_environment() -> Self {
        Self { tls: TlsFiles::from_environment(), auth: AuthFiles::from_environment(), ..Self::default() }
    }

    /// As a workspace says of one builder; what it leaves out, the environment says.
    pub fn of(tls: Option<TlsFiles>, cache_from: Vec<String>, cache_to: Vec<String>) -> Self {
        let environment = Self::from_environment();
        Self { tls: tls.or(environment.tls), cache_from, cache_to, ..environment }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tls: None,
            auth: AuthFiles::default(),
            cache_from: Vec::new(),
            cache_to: Vec::new(),
            registries: BTreeMap::new(),
            forces_network: false,
            patience: Duration::from_secs(15),
            silence: Duration::from_secs(90),
            kept: Kept::Layout,
        }
    }
}

struct Machine {
    reach: Arc<dyn Reach>,
    /// What it is for; empty: all.
    platforms: Vec<Platform>,
    /// Images it was asked to pull: each once, whatever came of it.
    asked: Mutex<BTreeSet<String>>,
}

impl Machine {
    fn new(reach: Arc<dyn Reach>, platforms: Vec<Platform>) -> Self {
        Self { reach, platforms, asked: Mutex::default() }
    }
}

/// A BuildKit daemon, or several under one name.
pub struct BuildKitBuilder {
    name: String,
    machines: Vec<Machine>,
    options: Options,
    /// Images that builds stand on, by the name their `FROM` has.
    offers: Mutex<BTreeMap<String, Arc<Offer>>>,
    /// Images in registries, by their layers.
    bases: Mutex<BTreeMap<Vec<Digest>, String>>,
    /// Asks for no blobs, so that all goes as archives.
    is_old: AtomicBool,
}

impl BuildKitBuilder {
    /// The one at `buildkit://…` or `buildx://…`.
    pub fn at(address: &EngineAddress, options: Options) -> Result<Self, BuilderError> {
        let name = address.to_string();
        let wrong = |error| unreachable(&name, &error);
        let machines = match address {
            EngineAddress::BuildKit(place) => {
                let place = Place::parse(place, options.tls.clone()).map_err(wrong)?;
                vec![Machine::new(Arc::new(place), Vec::new())]
            }
            EngineAddress::Buildx(builder) => {
                let nodes = buildx::nodes(&buildx::folder(), builder).map_err(wrong)?;
                nodes.into_iter().map(|node| Machine::new(Arc::new(node.place), node.platforms)).collect()
            }
            _ => return Err(BuilderError::Protocol { builder: name, what: "that it is no BuildKit".into() }),
        };
        Ok(Self::new(name, machines, options))
    }

    fn new(name: String, machines: Vec<Machine>, options: Options) -> Self {
        Self {
            name,
            machines,
            options,
            offers: Mutex::default(),
            bases: Mutex::default(),
            is_old: AtomicBool::new(false),
        }
    }

    /// One that is reached in any other way.
    pub fn over(name: &str, reach: Arc<dyn Reach>, options: Options) -> Self {
        Self::new(name.to_owned(), vec![Machine::new(reach, Vec::new())], options)
    }

    /// What its first machine says it is: `v0.25.2`; `None` where it does not tell.
    pub async fn version(&self) -> Result<Option<String>, BuilderError> {
        let Some(machine) = self.machines.first() else { return Ok(None) };
        let connection = connect(&self.name, machine.reach.as_ref(), self.options.patience).await?;
        self.version_at(&connection).await
    }

    async fn version_at(&self, connection: &Connection) -> Result<Option<String>, BuilderError> {
        let mut client = ControlClient::new(connection.channel.clone());
        match self.in_time(client.info(InfoRequest {})).await {
            Ok(answer) => Ok(answer.into_inner().buildkit_version.map(|version| escape(&version.version))),
            // Before 0.11.
            Err(Failed::Said(status)) if status.code() == Code::Unimplemented => Ok(None),
            Err(failed) => Err(self.error(failed, connection)),
        }
    }

    /// The machine for a platform: one that is for it, else one that is for all, else the first.
    fn machine(&self, platform: &Platform) -> Option<&Machine> {
        let is_for = |machine: &&Machine| machine.platforms.iter().any(|p| platform.is_served_by(p));
        let machines = || self.machines.iter();
        machines().find(is_for).or_else(|| machines().find(|m| m.platforms.is_empty())).or_else(|| machines().next())
    }

    async fn in_time<T>(&self, asked: impl Future<Output = Result<T, tonic::Status>>) -> Result<T, Failed> {
        match tokio::time::timeout(self.options.patience, asked).await {
            Ok(answer) => answer.map_err(Failed::Said),
            Err(_) => Err(Failed::Late),
        }
    }

    fn error(&self, failed: Failed, connection: &Connection) -> BuilderError {
        match failed {
            // A question is no instruction.
            Failed::Said(status) => match of_status(
                &self.name,
                &status,
                &Failing { broken: connection.broken.take(), ..Failing::default() },
            ) {
                BuilderError::Instruction { what, .. } => BuilderError::Protocol { builder: self.name.clone(), what },
                error => error,
            },
            Failed::Late => {
                BuilderError::Silent { builder: self.name.clone(), seconds: self.options.patience.as_secs() }
            }
        }
    }

    async fn platforms_of(&self, machine: &Machine) -> Result<BTreeSet<Platform>, BuilderError> {
        let connection = connect(&self.name, machine.reach.as_ref(), self.options.patience).await?;
        let mut client = ControlClient::new(connection.channel.clone()).max_decoding_message_size(MAX_MESSAGE);
        let workers = self.in_time(client.list_workers(ListWorkersRequest::default())).await;
        let workers = workers.map_err(|failed| self.error(failed, &connection))?.into_inner().record;
        if self.version_at(&connection).await?.is_none() {
            self.is_old.store(true, Ordering::Relaxed);
        }
        let platforms = workers.into_iter().flat_map(|worker| worker.platforms).filter_map(|p| {
            let variant = if p.variant.is_empty() { String::new() } else { format!("/{}", p.variant) };
            format!("{}/{}{variant}", p.os, p.architecture).parse().ok()
        });
        Ok(platforms.collect())
    }
}

enum Failed {
    Said(tonic::Status),
    Late,
}

#[async_trait]
impl Builder for BuildKitBuilder {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn capabilities(&self) -> Result<Capabilities, BuilderError> {
        let mut platforms = BTreeSet::new();
        for machine in &self.machines {
            let has = self.platforms_of(machine).await?;
            // What it was given is what it is for, in so far as it is able.
            let is_for =
                |p: &Platform| machine.platforms.is_empty() || machine.platforms.iter().any(|m| m.is_served_by(p));
            platforms.extend(has.into_iter().filter(is_for));
        }
        Ok(Capabilities {
            live_changes: false,
            run_steps: true,
            secrets: true,
            cache_mounts: true,
            no_network: true,
            reproducible: true,
            verbatim: false,
            platforms: (!platforms.is_empty()).then_some(platforms),
        })
    }

    /// As images, whose layers travel once and never come back; before 0.11, BuildKit asks nobody for blobs.
    fn base_by(&self) -> BaseBy {
        let is_asked = self.options.kept == Kept::Layout && !self.is_old.load(Ordering::Relaxed);
        if is_asked { BaseBy::Image } else { BaseBy::Context }
    }

    /// Those of a registry that is a store of the workspace may be pulled there; its digest is what is pulled.
    fn stands_on(&self, base: &ImageRef, images: &[BaseImage]) {
        let oci::Place::Store(store) = &base.place else { return };
        let Some(registry) = self.options.registries.get(store) else { return };
        let mut bases = self.bases.lock().unwrap_or_else(PoisonError::into_inner);
        for image in images {
            let layers = image.manifest.layers.iter().map(|layer| layer.digest.clone()).collect();
            bases.insert(layers, format!("{registry}/{}@{}", image.repository, image.digest));
        }
    }

    /// Nothing goes yet: what it lacks, it asks for while it builds.
    async fn take(&self, ground: &GroundImage, _: &CancellationToken) -> Result<String, BuilderError> {
        let base: Vec<Digest> = ground.layers.iter().take(ground.inherited).map(|l| l.blob().digest.clone()).collect();
        let elsewhere = self.bases.lock().unwrap_or_else(PoisonError::into_inner).get(&base).cloned();
        let offer = Offer::of(ground, elsewhere);
        let name = offer.name.clone();
        self.offers.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), Arc::new(offer));
        Ok(name)
    }

    async fn build(&self, order: &Order, told: &dyn Told, cancel: &CancellationToken) -> Result<(), BuilderError> {
        let Some(machine) = self.machine(&order.platform) else {
            return Err(BuilderError::Protocol { builder: self.name.clone(), what: "that it has no machines".into() });
        };
        let connection = tokio::select! {
            () = cancel.cancelled() => return Err(BuilderError::Cancelled),
            connection = connect(&self.name, machine.reach.as_ref(), self.options.patience) => connection?,
        };
        let offers = self.offers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_near = machine.reach.is_near();
        let asked = &machine.asked;
        let build = Build { name: &self.name, options: &self.options, order, is_near, offers, asked };
        build.run(connection, told, cancel).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn for_platforms(platforms: &[&str]) -> Machine {
        let platforms = platforms.iter().map(|text| text.parse().unwrap()).collect();
        Machine::new(Arc::new(Place::Unix("/nowhere".into())), platforms)
    }

    #[test]
    fn a_machine_of_the_right_kind_is_chosen() {
        let machines = vec![for_platforms(&["linux/amd64"]), for_platforms(&[]), for_platforms(&["linux/arm64"])];
        let builder = BuildKitBuilder::new("b".into(), machines, Options::default());
        let chosen = |platform: &str| {
            let chosen = builder.machine(&platform.parse().unwrap()).unwrap();
            builder.machines.iter().position(|machine| std::ptr::eq(machine, chosen)).unwrap()
        };
        assert_eq!([chosen("linux/arm64"), chosen("linux/amd64"), chosen("linux/s390x")], [2, 0, 1]);
    }
}
