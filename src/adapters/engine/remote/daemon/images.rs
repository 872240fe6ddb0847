//! The images a daemon has of its own: their names, which one a name means, and one as the archive `docker save` gives. Only
//! asks; believes nothing of what comes.

use std::time::Duration;

use bollard::errors::Error;
use bollard::query_parameters::ListImagesOptions;
use futures_util::{Stream, StreamExt};
use time::format_description::well_known::Rfc3339;
use tokio_util::bytes::Bytes;

use super::{Daemon, DaemonKind, PATIENCE, connect};
use crate::adapters::engine::remote::BuilderError;
use crate::domain::oci::{Digest, Platform};

/// How long an archive may not go on: a daemon puts the whole of it together before it sends the first byte.
const QUIET: Duration = Duration::from_secs(900);
/// Images that bakes put there for themselves.
const OURS: [&str; 3] = ["localhost/bakery-ground:", "localhost/bakery-passing:", "localhost/bakery-result:"];

/// What a daemon tells of an image.
#[derive(Clone, Debug)]
pub struct ImageTold {
    /// Its name for it.
    pub id: Digest,
    /// Bytes of its files.
    pub size: u64,
    /// When it was made, as it was told.
    pub created: Option<String>,
    /// What it runs on.
    pub platform: Option<Platform>,
}

impl Daemon {
    /// What a daemon is called in messages, wherever it is.
    pub fn called(kind: DaemonKind, address: Option<&str>) -> String {
        let address = address.map_or_else(|| connect::default_address(kind), str::to_owned);
        format!("{} at {address}", kind.name())
    }

    /// Names of images, `NAME:TAG` as the daemon says them; those bakes put there for themselves are left out.
    pub async fn image_names(&self) -> Result<Vec<String>, BuilderError> {
        let asking = async {
            let docker = self.api().await?;
            docker.list_images(Some(ListImagesOptions::default())).await.map_err(|error| self.failed(error))
        };
        let images = self.in_time(asking).await?;
        let names = images.into_iter().flat_map(|image| image.repo_tags);
        Ok(names.filter(|name| !OURS.iter().any(|ours| name.starts_with(ours))).collect())
    }

    /// The image a name means now; `None` where it means none.
    pub async fn image_id(&self, name: &str) -> Result<Option<Digest>, BuilderError> {
        Ok(self.image_told(name).await?.map(|told| told.id))
    }

    /// What it tells of the image a name means now.
    pub async fn image_told(&self, name: &str) -> Result<Option<ImageTold>, BuilderError> {
        let asking = async {
            match self.api().await?.inspect_image(name).await {
                Ok(found) => Ok(Some(found)),
                Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
                Err(error) => Err(self.failed(error)),
            }
        };
        let Some(found) = self.in_time(asking).await? else { return Ok(None) };
        let id = found.id.unwrap_or_default();
        // Podman leaves the algorithm out in places.
        let digest = if id.contains(':') { id.parse() } else { format!("sha256:{id}").parse() };
        let variant = found.variant.filter(|variant| !variant.is_empty()).map(|variant| format!("/{variant}"));
        let platform = format!(
            "{}/{}{}",
            found.os.unwrap_or_default(),
            found.architecture.unwrap_or_default(),
            variant.unwrap_or_default()
        );
        let told = |id| ImageTold {
            id,
            size: found.size.and_then(|size| size.try_into().ok()).unwrap_or(0),
            created: found.created.and_then(|created| created.format(&Rfc3339).ok()),
            platform: platform.parse().ok(),
        };
        digest.map(told).map(Some).map_err(|_| self.protocol(format!("that an image's id is {id:?}")))
    }

    /// An image as an archive, piece by piece.
    pub async fn saved(
        &self,
        id: &Digest,
    ) -> Result<impl Stream<Item = Result<Bytes, BuilderError>> + Send + Unpin, BuilderError> {
        let docker = self.api().await?;
        let pieces = Box::pin(docker.export_image(&id.to_string()));
        let next = futures_util::stream::unfold(Some(pieces), move |pieces| async move {
            let mut pieces = pieces?;
            match tokio::time::timeout(QUIET, pieces.next()).await {
                Ok(Some(Ok(piece))) => Some((Ok(piece), Some(pieces))),
                Ok(Some(Err(error))) => Some((Err(self.failed(error)), None)),
                Ok(None) => None,
                Err(_) => Some((Err(self.silent(QUIET)), None)),
            }
        });
        Ok(Box::pin(next))
    }

    async fn in_time<T>(&self, asking: impl Future<Output = Result<T, BuilderError>>) -> Result<T, BuilderError> {
        tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| Err(self.silent(PATIENCE)))
    }

    fn silent(&self, patience: Duration) -> BuilderError {
        BuilderError::Silent { builder: super::Builder::name(self), seconds: patience.as_secs() }
    }
}
