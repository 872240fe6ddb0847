//! The registry as a store: the port in terms of the endpoints. Knows repositories' full names, and no HTTP.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::try_join;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use reqwest::StatusCode;
use tokio::sync::Mutex;

use super::client::Client;
use super::credential::AuthFiles;
use super::listing::{self, Listings};
use super::push::{self, Sessions};
use super::referrer::{Fallbacks, Look};
use super::retry::Patience;
use super::{manifest, pull, referrer};
use crate::adapters::store::described::Described;
use crate::adapters::store::{
    BlobStream, Heard, NewManifest, Page, RawManifest, Selector, SmallBlob, Store, StoreError,
};
use crate::domain::oci::{Annotations, Descriptor, Digest, ImageManifest, Registry, Repository, Tag, media_type};

/// Manifests on their way together.
const AT_ONCE: usize = 8;

/// Which registry, and how to treat it.
#[derive(Clone, Debug)]
pub struct RegistryOptions {
    /// Host and port.
    pub host: Registry,
    /// Path put in front of every repository; listings keep only what lies below it.
    pub prefix: Option<Repository>,
    /// Speak plain HTTP to it. Loopback hosts that offer no TLS are spoken to in plain HTTP without it.
    pub plain_http: bool,
    /// Where credentials are looked up.
    pub auth_files: AuthFiles,
    /// How long to wait and how often to try.
    pub patience: Patience,
}

impl RegistryOptions {
    /// The registry at `host`, with the user's auth files and usual patience.
    pub fn new(host: Registry) -> Self {
        Self {
            host,
            prefix: None,
            plain_http: false,
            auth_files: AuthFiles::from_environment(),
            patience: Patience::default(),
        }
    }

    /// With a path in front of every repository.
    #[must_use]
    pub fn prefix(self, prefix: Option<Repository>) -> Self {
        Self { prefix, ..self }
    }

    /// Speaking plain HTTP.
    #[must_use]
    pub fn plain_http(self, plain_http: bool) -> Self {
        Self { plain_http, ..self }
    }
}

/// One registry, or the part of it below a path.
pub struct RegistryStore {
    client: Arc<Client>,
    prefix: Option<Repository>,
    is_docker_hub: bool,
    sessions: Sessions,
    listings: Listings,
    fallback_turn: Mutex<()>,
}

impl RegistryStore {
    /// Prepares a connection; nothing is sent before the first question.
    pub fn open(options: RegistryOptions) -> Result<Self, StoreError> {
        let store = match &options.prefix {
            Some(prefix) => format!("{}/{prefix}", options.host),
            None => options.host.to_string(),
        };
        let is_docker_hub = matches!(options.host.as_str(), "docker.io" | "index.docker.io" | "registry-1.docker.io");
        let prefix = options.prefix.clone();
        Ok(Self {
            client: Client::open(options, store)?,
            prefix,
            is_docker_hub,
            sessions: Sessions::default(),
            listings: Listings::default(),
            fallback_turn: Mutex::default(),
        })
    }

    /// The repository's name as the registry knows it.
    fn full(&self, repository: &Repository) -> String {
        match &self.prefix {
            Some(prefix) => format!("{prefix}/{repository}"),
            None if self.is_docker_hub && !repository.as_str().contains('/') => format!("library/{repository}"),
            None => repository.to_string(),
        }
    }

    async fn put_all(
        &self,
        repository: &Repository,
        manifests: &[NewManifest],
        (look, there): (Look, &Heard<'_>),
    ) -> Result<Vec<Descriptor>, StoreError> {
        let name = self.full(repository);
        let described = |manifest: &NewManifest| {
            Described::read(self.client.store(), &name, Some(&manifest.media_type), &manifest.bytes)
        };
        let described: Vec<Described> = manifests.iter().map(described).collect::<Result<_, _>>()?;
        let put = described.iter().zip(manifests).map(|(described, manifest)| {
            let put = manifest::put(&self.client, &name, manifest.tag.as_ref(), described, &manifest.bytes);
            async move { put.await.inspect(|_| there(&described.descriptor)) }.boxed()
        });
        let put = stream::iter(put.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect::<Vec<bool>>();
        let fallbacks = Fallbacks::of(&self.client, &self.fallback_turn, &name);
        let (listed, fallbacks) = try_join(put, fallbacks.read(&described)).await?;
        let unlisted = described.iter().zip(listed).filter(|(_, listed)| !listed).map(|(described, _)| described);
        fallbacks.add(&unlisted.collect::<Vec<_>>(), look).await?;
        Ok(described.into_iter().map(|described| described.descriptor).collect())
    }

    /// Removes a tag where the registry deletes manifests only: the tag is moved to a manifest made for the purpose,
    /// and that is deleted, so that nothing else the old manifest carries is lost.
    async fn remove_tag_by_stand_in(&self, name: &str, tag: &Tag) -> Result<(), StoreError> {
        const EMPTY: &[u8] = b"{}";
        let config = Descriptor::of(media_type::EMPTY, EMPTY);
        push::put_blob(&self.client, &self.sessions, name, &config, Box::pin(EMPTY)).await?;
        // First without the tag: where nothing may be deleted, the tag is left as it is.
        for tagged in [None, Some(tag)] {
            let unique = getrandom::u64().unwrap_or_default();
            let stand_in = ImageManifest {
                schema_version: 2,
                media_type: Some(media_type::MANIFEST.into()),
                artifact_type: Some("application/vnd.bakery.removed.v1".into()),
                layers: vec![config.clone()],
                config: config.clone(),
                subject: None,
                annotations: Annotations::from([("dev.bakery.removed".into(), format!("{tag} {unique:016x}"))]),
            };
            let bytes = serde_json::to_vec(&stand_in).map_err(|error| self.client.refused(name, error.to_string()))?;
            let described = Described::read(self.client.store(), name, Some(media_type::MANIFEST), &bytes)?;
            manifest::put(&self.client, name, tagged, &described, &bytes).await?;
            let selector = Selector::Digest(described.descriptor.digest);
            let reply = manifest::delete(&self.client, name, &selector).await?;
            if !reply.status.is_success() {
                let action = format!("removal of {name}:{tag}");
                return Err(self.client.refused(&action, format!("{}: it deletes nothing", reply.status)));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Store for RegistryStore {
    fn name(&self) -> String {
        self.client.store().to_owned()
    }

    fn warnings(&self) -> Vec<String> {
        self.client.warnings()
    }

    fn asks_to_wait(&self) -> Option<Duration> {
        self.client.quiet()
    }

    async fn repositories(&self, after: Option<&str>) -> Result<Page<Repository>, StoreError> {
        listing::repositories(&self.client, &self.listings, self.prefix.as_ref(), after).await
    }

    async fn tags(&self, repository: &Repository, after: Option<&str>) -> Result<Page<Tag>, StoreError> {
        listing::tags(&self.client, &self.listings, &self.full(repository), after).await
    }

    async fn resolve(&self, repository: &Repository, selector: &Selector) -> Result<Descriptor, StoreError> {
        manifest::resolve(&self.client, &self.full(repository), selector).await
    }

    async fn manifest(&self, repository: &Repository, selector: &Selector) -> Result<RawManifest, StoreError> {
        manifest::fetch(&self.client, &self.full(repository), selector).await
    }

    async fn has_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<bool, StoreError> {
        pull::has_blob(&self.client, &self.full(repository), blob).await
    }

    async fn open_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<BlobStream, StoreError> {
        pull::open_blob(self.client.clone(), &self.full(repository), blob).await
    }

    async fn put_blob(&self, repository: &Repository, blob: &Descriptor, source: BlobStream) -> Result<(), StoreError> {
        push::put_blob(&self.client, &self.sessions, &self.full(repository), blob, source).await
    }

    async fn mount_blob(
        &self,
        repository: &Repository,
        blob: &Descriptor,
        from: &Repository,
    ) -> Result<bool, StoreError> {
        push::mount(&self.client, &self.sessions, (&self.full(repository), &self.full(from)), blob).await
    }

    async fn put_manifest(
        &self,
        repository: &Repository,
        tag: Option<&Tag>,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Descriptor, StoreError> {
        let manifest = NewManifest { tag: tag.cloned(), media_type: media_type.to_owned(), bytes: bytes.to_vec() };
        let descriptor = Descriptor::of(media_type, bytes);
        let put = self.put_manifests(repository, &[manifest]).await?;
        Ok(put.into_iter().next().unwrap_or(descriptor))
    }

    async fn expect_blobs(&self, repository: &Repository, kind: &str, count: usize) -> Result<(), StoreError> {
        push::expect(&self.client, &self.sessions, &self.full(repository), (kind, count)).await
    }

    async fn put_blobs(&self, repository: &Repository, blobs: &[SmallBlob]) -> Result<(), StoreError> {
        let name = self.full(repository);
        let put = blobs.iter().map(|blob| push::put_new(&self.client, &self.sessions, &name, blob).boxed());
        stream::iter(put.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await
    }

    async fn put_manifests(
        &self,
        repository: &Repository,
        manifests: &[NewManifest],
    ) -> Result<Vec<Descriptor>, StoreError> {
        self.put_all(repository, manifests, (Look::Again, &|_| ())).await
    }

    async fn put_manifests_unseen(
        &self,
        repository: &Repository,
        manifests: &[NewManifest],
        there: &Heard<'_>,
    ) -> Result<(), StoreError> {
        self.put_all(repository, manifests, (Look::Never, there)).await.map(drop)
    }

    async fn remove_tag(&self, repository: &Repository, tag: &Tag) -> Result<(), StoreError> {
        let name = self.full(repository);
        let selector = Selector::Tag(tag.clone());
        let reply = manifest::delete(&self.client, &name, &selector).await?;
        match reply.status {
            status if status.is_success() => Ok(()),
            StatusCode::BAD_REQUEST | StatusCode::METHOD_NOT_ALLOWED => {
                manifest::resolve(&self.client, &name, &selector).await?;
                self.remove_tag_by_stand_in(&name, tag).await
            }
            _ => Err(self.client.refusal(&manifest::shown(&name, &selector), &reply)),
        }
    }

    async fn referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, StoreError> {
        referrer::list(&self.client, &self.full(repository), subject, artifact_type).await
    }
}
