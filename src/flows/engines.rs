//! Which engine an address means: the one place that chooses. Asks nothing of it.

use super::Context;
use crate::adapters::engine::Engine;
use crate::adapters::engine::embedded::EmbeddedEngine;
use crate::domain::engine::EngineAddress;
use crate::report::{Kind, Report};

/// The engine at an address. A daemon is not spoken to yet.
pub(super) fn engine(address: &EngineAddress) -> Result<Box<dyn Engine>, Report> {
    match address {
        EngineAddress::Embedded => Ok(Box::new(EmbeddedEngine)),
        #[cfg(feature = "engines")]
        EngineAddress::Docker(place) => daemon(DaemonKind::Docker, place.as_deref()),
        #[cfg(feature = "engines")]
        EngineAddress::Podman(place) => daemon(DaemonKind::Podman, place.as_deref()),
        other => {
            let message = format!("the engine {other} is not in this build");
            Err(Report::message(Kind::Usage, message).help("use `engine: embedded`, docker or podman"))
        }
    }
}

#[cfg(feature = "engines")]
use crate::adapters::engine::remote::{Daemon, DaemonKind, RemoteEngine};

#[cfg(feature = "engines")]
fn daemon(kind: DaemonKind, place: Option<&str>) -> Result<Box<dyn Engine>, Report> {
    let daemon = Daemon::new(kind, place).map_err(|error| Report::new(Kind::Unreachable, &error))?;
    Ok(Box::new(RemoteEngine::new(kind.name(), Box::new(daemon))))
}

impl Context {
    /// The engine that bakes here, by its name.
    pub fn engine(&self) -> Result<EngineAddress, Report> {
        self.workspace.engine.parse().map_err(|error| Report::new(Kind::Usage, &error))
    }
}
