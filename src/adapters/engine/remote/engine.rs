//! The engine around a builder: the bake is the embedded one, only steps that run something go elsewhere. Knows no protocol.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::Builder;
use super::step::Away;
use crate::adapters::engine::embedded::bake_with;
use crate::adapters::engine::{BakeJob, Baked, Engine, EngineError, Sink};
use crate::domain::engine::Capabilities;
use crate::domain::oci::Platform;
use crate::domain::recipe::Base;

/// Bakes with a builder somewhere else.
pub struct RemoteEngine {
    kind: &'static str,
    builder: Arc<dyn Builder>,
}

impl RemoteEngine {
    /// `kind` names the sort of engine (`docker`): it is in journals and in the keys of what is made there.
    pub fn new(kind: &'static str, builder: Box<dyn Builder>) -> Self {
        Self { kind, builder: builder.into() }
    }
}

#[async_trait]
impl Engine for RemoteEngine {
    fn name(&self) -> &'static str {
        self.kind
    }

    async fn capabilities(&self) -> Result<Capabilities, EngineError> {
        Ok(self.builder.capabilities().await?)
    }

    async fn bake(&self, job: &BakeJob, sink: &dyn Sink, cancel: &CancellationToken) -> Result<Baked, EngineError> {
        let capabilities = match job.recipe.runs() {
            true => self.builder.capabilities().await?,
            // Nothing is sent, so nobody is asked.
            false => Capabilities::embedded(),
        };
        let platforms: Vec<Platform> = job.plan.platforms.iter().map(|part| part.platform.clone()).collect();
        if let Some(lack) = capabilities.lacks(&job.recipe, &platforms).into_iter().next() {
            let what = format!("{} (line {})", lack.what, lack.line);
            return Err(EngineError::Unsupported { engine: self.kind, what });
        }
        if let Base::Image(base) = &job.recipe.base {
            self.builder.stands_on(base, &job.bases);
        }
        let away =
            Away { kind: self.kind, builder: Arc::clone(&self.builder), capabilities, handle: Handle::current() };
        bake_with(job, sink, cancel, Some(Arc::new(away))).await
    }
}
