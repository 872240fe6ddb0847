//! An image of the local store, loaded into a daemon's own for a quick run. Asks the daemon for its platform, moves no tag here.

use super::Context;
#[cfg(feature = "engines")]
use crate::adapters::engine::remote::{Daemon, DaemonKind, GroundImage};
use crate::domain::engine::EngineAddress;
use crate::report::{Kind, Report};

/// What was loaded.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LoadedImage {
    /// Its name there.
    pub name: String,
    /// The digest of its config: its id there.
    pub id: String,
    /// The engine it was loaded into.
    pub engine: String,
    /// What the name meant there until now, where that was another image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

impl Context {
    /// Loads an image into Docker or Podman under its name.
    #[cfg(feature = "engines")]
    pub async fn load_into(&self, image: &str, engine: &EngineAddress) -> Result<LoadedImage, Report> {
        let unreachable = |error| Report::new(Kind::Unreachable, &error);
        let (kind, place) = match engine {
            EngineAddress::Docker(place) => (DaemonKind::Docker, place),
            EngineAddress::Podman(place) => (DaemonKind::Podman, place),
            other => return Err(Report::message(Kind::Usage, format!("{other} has no images of its own to run"))),
        };
        let image = self.parse_reference(image)?;
        let daemon = Daemon::new(kind, place.as_deref()).map_err(unreachable)?;
        let (_, platform) = daemon.version().await.map_err(unreachable)?;
        let found = self.find_image(&image, Some(&platform)).await?;
        let Some(layout) = found.store.as_layout() else {
            return Err(Report::message(Kind::Usage, format!("{image} is in no layout on this machine"))
                .help(format!("{} pulls it itself", kind.name())));
        };
        let tag = image.tag_or_latest().map_or_else(|| "latest".to_owned(), |tag| tag.to_string());
        let name = format!("{}:{tag}", found.repository);
        let config = layout.read_blob(&found.manifest.config, crate::domain::oci::MAX_CONFIG_BYTES)?;
        let layers = found.sources(&[])?.into_iter().map(|source| (source.blob, source.diff_id));
        let whole = GroundImage::whole(layout, (config, &platform), layers);
        let id = whole.id.to_string();
        let before =
            daemon.image_id(&name).await.map_err(unreachable)?.map(|id| id.to_string()).filter(|before| *before != id);
        daemon.give_image(&whole, &name).await.map_err(|error| {
            let kind = if error.is_builders_fault() { Kind::Unreachable } else { Kind::Failed };
            let help = error.help();
            let report = Report::new(kind, &error).while_doing(format!("{image} cannot be loaded"));
            match help {
                Some(help) => report.help(help),
                None => report,
            }
        })?;
        Ok(LoadedImage { name, id, engine: engine.to_string(), before })
    }

    /// Loads an image into Docker or Podman under its name.
    #[cfg(not(feature = "engines"))]
    pub async fn load_into(&self, _image: &str, engine: &EngineAddress) -> Result<LoadedImage, Report> {
        Err(Report::message(Kind::Usage, format!("the engine {engine} is not in this build")))
    }
}
