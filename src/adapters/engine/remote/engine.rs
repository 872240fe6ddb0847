//! The engine around a builder: the bake is the embedded one, only steps that run something go elsewhere; and the same around
//! several builders, each for its platforms, side by side. Knows no protocol.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{join_all, try_join_all};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::step::Away;
use super::{Builder, BuilderError};
use crate::adapters::engine::embedded::{Elsewhere, bake_with};
use crate::adapters::engine::{BakeJob, Baked, Engine, EngineError, Sink};
use crate::domain::engine::Capabilities;
use crate::domain::oci::Platform;
use crate::domain::recipe::Base;

/// Bakes with a builder somewhere else.
pub struct RemoteEngine {
    kind: &'static str,
    builder: Arc<dyn Builder>,
    /// Platforms it is believed to have, whatever it says.
    believed: Vec<Platform>,
    /// How long it may take to say what it can do.
    patience: Option<Duration>,
    /// What it said of that just now, to whoever gave it the bake.
    told: Option<Capabilities>,
}

impl RemoteEngine {
    /// `kind` names the sort of engine (`docker`): it is in journals and in the keys of what is made there.
    pub fn new(kind: &'static str, builder: Box<dyn Builder>) -> Self {
        Self { kind, builder: builder.into(), believed: Vec::new(), patience: None, told: None }
    }

    /// The same, believed to run programs of these platforms: whoever set it up says so. A daemon only tells what its machine is.
    pub fn believed(self, platforms: impl IntoIterator<Item = Platform>) -> Self {
        Self { believed: self.believed.into_iter().chain(platforms).collect(), ..self }
    }

    /// The same, given up where it has not said by then what it can do.
    pub fn within(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// The same, not asked again what it can do.
    pub fn told(self, can: Option<Capabilities>) -> Self {
        Self { told: can, ..self }
    }

    async fn asked(&self) -> Result<Capabilities, EngineError> {
        if let Some(told) = &self.told {
            return Ok(told.clone());
        }
        let asking = self.builder.capabilities();
        let mut can = match self.patience {
            None => asking.await?,
            Some(patience) => {
                let seconds = patience.as_secs().max(1);
                let silent = |_| BuilderError::Silent { builder: self.builder.name(), seconds };
                tokio::time::timeout(patience, asking).await.map_err(silent)??
            }
        };
        if let Some(platforms) = &mut can.platforms {
            platforms.extend(self.believed.iter().cloned());
        }
        Ok(can)
    }
}

#[async_trait]
impl Engine for RemoteEngine {
    fn name(&self) -> &'static str {
        self.kind
    }

    async fn capabilities(&self) -> Result<Capabilities, EngineError> {
        self.asked().await
    }

    async fn bake(&self, job: &BakeJob, sink: &dyn Sink, cancel: &CancellationToken) -> Result<Baked, EngineError> {
        let platforms: Vec<Platform> = job.plan.platforms.iter().map(|part| part.platform.clone()).collect();
        let away = self.away(job, &platforms).await?;
        let baked = bake_with(job, sink, cancel, &|_| Some(Arc::clone(&away))).await;
        self.builder.settle().await;
        baked
    }
}

impl RemoteEngine {
    /// What its builder is called in errors.
    pub fn builder(&self) -> String {
        self.builder.name()
    }

    /// Its builder, asked whether it can do what the job asks for these platforms.
    async fn away(&self, job: &BakeJob, platforms: &[Platform]) -> Result<Arc<dyn Elsewhere>, EngineError> {
        let capabilities = match job.recipe.runs() {
            true => self.asked().await?,
            // Nothing is sent, so nobody is asked.
            false => Capabilities::embedded(),
        };
        if let Some(lack) = capabilities.lacks(&job.recipe, platforms).into_iter().next() {
            let what = format!("{} (line {})", lack.what, lack.line);
            return Err(EngineError::Unsupported { engine: self.kind, what });
        }
        if let Base::Image(base) = &job.recipe.base {
            self.builder.stands_on(base, &job.bases);
        }
        let builder = Arc::clone(&self.builder);
        Ok(Arc::new(Away { kind: self.kind, builder, capabilities, handle: Handle::current() }))
    }
}

/// Bakes each platform with a builder of its own, or on this machine; all become one image.
pub struct SeatedEngine {
    /// Who carries out the running steps of which platforms; `None`: this machine.
    seats: Vec<(Option<RemoteEngine>, Vec<Platform>)>,
}

impl SeatedEngine {
    /// Every platform of the jobs it will be given must be among these.
    pub fn new(seats: Vec<(Option<RemoteEngine>, Vec<Platform>)>) -> Self {
        Self { seats }
    }
}

#[async_trait]
impl Engine for SeatedEngine {
    fn name(&self) -> &'static str {
        "pool"
    }

    /// What all of them can do, on the platforms they are for.
    async fn capabilities(&self) -> Result<Capabilities, EngineError> {
        let mut all = Capabilities::embedded();
        let mut platforms = BTreeSet::new();
        for (engine, on) in &self.seats {
            platforms.extend(on.iter().cloned());
            let Some(engine) = engine else { continue };
            let can = engine.capabilities().await?;
            all.live_changes &= can.live_changes;
            all.run_steps &= can.run_steps;
            all.secrets &= can.secrets;
            all.cache_mounts &= can.cache_mounts;
            all.no_network &= can.no_network;
            all.reproducible &= can.reproducible;
            all.verbatim &= can.verbatim;
        }
        Ok(Capabilities { platforms: Some(platforms), ..all })
    }

    async fn bake(&self, job: &BakeJob, sink: &dyn Sink, cancel: &CancellationToken) -> Result<Baked, EngineError> {
        let asked = self.seats.iter().map(|(engine, platforms)| async move {
            match engine {
                Some(engine) => engine.away(job, platforms).await.map(Some),
                None => Ok(None),
            }
        });
        // Side by side: one that hangs is not taken for one behind it.
        let asked = tokio::select! {
            () = cancel.cancelled() => return Err(EngineError::Cancelled),
            asked = try_join_all(asked) => asked?,
        };
        let mut away: BTreeMap<Platform, Option<Arc<dyn Elsewhere>>> = BTreeMap::new();
        for ((_, platforms), one) in self.seats.iter().zip(asked) {
            away.extend(platforms.iter().map(|platform| (platform.clone(), one.clone())));
        }
        if let Some(part) = job.plan.platforms.iter().find(|part| !away.contains_key(&part.platform)) {
            return Err(EngineError::Unsupported { engine: self.name(), what: format!("bake for {}", part.platform) });
        }
        let baked = bake_with(job, sink, cancel, &|platform| away.get(platform).cloned().flatten()).await;
        join_all(self.seats.iter().filter_map(|(engine, _)| engine.as_ref()).map(|engine| engine.builder.settle()))
            .await;
        baked
    }
}
