//! A store in memory, for tests of everything above the port. Keeps nothing, knows no file and no network.

use std::collections::{BTreeMap, HashMap};
use std::io::Cursor;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::described::{Described, of_type};
use super::{BlobStream, Page, RawManifest, Selector, Store, StoreError, read_verified};
use crate::domain::oci::{Descriptor, Digest, Manifest, Repository, Tag};

/// Items a page.
const PAGE: usize = 100;
/// Largest blob held.
const MAX_BLOB_BYTES: u64 = 1 << 30;

/// Holds everything in maps.
#[derive(Default)]
pub struct MemoryStore {
    repositories: Mutex<BTreeMap<Repository, Held>>,
}

#[derive(Default)]
struct Held {
    blobs: HashMap<Digest, Vec<u8>>,
    manifests: BTreeMap<Digest, RawManifest>,
    tags: BTreeMap<Tag, Digest>,
}

impl Held {
    fn manifest(&self, selector: &Selector) -> Option<&RawManifest> {
        match selector {
            Selector::Tag(tag) => self.tags.get(tag).and_then(|digest| self.manifests.get(digest)),
            Selector::Digest(digest) => self.manifests.get(digest),
        }
    }

    /// The first thing `manifest` names that is not here.
    fn missing(&self, manifest: &Manifest) -> Option<Digest> {
        let here = |entry: &&Descriptor| entry.urls.is_empty();
        match manifest {
            Manifest::Image(image) => std::iter::once(&image.config)
                .chain(&image.layers)
                .filter(here)
                .find(|entry| !self.blobs.contains_key(&entry.digest))
                .map(|entry| entry.digest.clone()),
            Manifest::Index(index) => index
                .manifests
                .iter()
                .find(|entry| !self.manifests.contains_key(&entry.digest))
                .map(|entry| entry.digest.clone()),
        }
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<Repository, Held>> {
        self.repositories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn not_found(&self, what: impl Into<String>) -> StoreError {
        StoreError::NotFound { store: self.name(), what: what.into() }
    }

    fn found(&self, repository: &Repository, selector: &Selector) -> Result<RawManifest, StoreError> {
        let found = self.held().get(repository).and_then(|held| held.manifest(selector)).cloned();
        found.ok_or_else(|| self.not_found(format!("{repository} {selector}")))
    }
}

fn page<T: Clone + Ord + std::fmt::Display>(items: impl Iterator<Item = T>, after: Option<&str>) -> Page<T> {
    let mut rest = items.skip_while(|item| after.is_some_and(|after| item.to_string().as_str() <= after)).peekable();
    let items: Vec<T> = rest.by_ref().take(PAGE).collect();
    let next = if rest.peek().is_some() { items.last().map(ToString::to_string) } else { None };
    Page { items, next }
}

#[async_trait]
impl Store for MemoryStore {
    fn name(&self) -> String {
        "memory".into()
    }

    async fn repositories(&self, after: Option<&str>) -> Result<Page<Repository>, StoreError> {
        Ok(page(self.held().iter().filter(|(_, held)| !held.manifests.is_empty()).map(|(name, _)| name.clone()), after))
    }

    async fn tags(&self, repository: &Repository, after: Option<&str>) -> Result<Page<Tag>, StoreError> {
        let held = self.held();
        let found = held.get(repository).ok_or_else(|| self.not_found(repository.as_str()))?;
        Ok(page(found.tags.keys().cloned(), after))
    }

    async fn resolve(&self, repository: &Repository, selector: &Selector) -> Result<Descriptor, StoreError> {
        Ok(self.found(repository, selector)?.descriptor)
    }

    async fn manifest(&self, repository: &Repository, selector: &Selector) -> Result<RawManifest, StoreError> {
        self.found(repository, selector)
    }

    async fn has_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<bool, StoreError> {
        Ok(self.held().get(repository).is_some_and(|held| held.blobs.contains_key(&blob.digest)))
    }

    async fn open_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<BlobStream, StoreError> {
        let bytes = self.held().get(repository).and_then(|held| held.blobs.get(&blob.digest)).cloned();
        let bytes = bytes.ok_or_else(|| self.not_found(format!("{repository} {}", blob.digest)))?;
        Ok(Box::pin(super::VerifiedReader::new(Cursor::new(bytes), blob)))
    }

    async fn put_blob(&self, repository: &Repository, blob: &Descriptor, source: BlobStream) -> Result<(), StoreError> {
        if self.has_blob(repository, blob).await? {
            return Ok(());
        }
        let bytes = read_verified(source, blob, MAX_BLOB_BYTES).await?;
        self.held().entry(repository.clone()).or_default().blobs.insert(blob.digest.clone(), bytes);
        Ok(())
    }

    async fn mount_blob(
        &self,
        repository: &Repository,
        blob: &Descriptor,
        from: &Repository,
    ) -> Result<bool, StoreError> {
        let mut held = self.held();
        let Some(bytes) = held.get(from).and_then(|held| held.blobs.get(&blob.digest)).cloned() else {
            return Ok(false);
        };
        held.entry(repository.clone()).or_default().blobs.insert(blob.digest.clone(), bytes);
        Ok(true)
    }

    async fn put_manifest(
        &self,
        repository: &Repository,
        tag: Option<&Tag>,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Descriptor, StoreError> {
        let described = Described::read(&self.name(), repository.as_str(), Some(media_type), bytes)?;
        let mut held = self.held();
        let entry = held.entry(repository.clone()).or_default();
        if let Some(missing) = entry.missing(&described.manifest) {
            return Err(StoreError::Refused {
                store: self.name(),
                action: format!("manifest of {repository}"),
                reason: format!("it names {missing}, which is not there"),
            });
        }
        let descriptor = described.descriptor;
        if let Some(tag) = tag {
            entry.tags.insert(tag.clone(), descriptor.digest.clone());
        }
        let raw = RawManifest { descriptor: descriptor.clone(), bytes: bytes.to_vec() };
        entry.manifests.insert(descriptor.digest.clone(), raw);
        Ok(descriptor)
    }

    async fn remove_tag(&self, repository: &Repository, tag: &Tag) -> Result<(), StoreError> {
        let removed = self.held().get_mut(repository).and_then(|held| held.tags.remove(tag));
        removed.map(|_| ()).ok_or_else(|| self.not_found(format!("{repository}:{tag}")))
    }

    async fn referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, StoreError> {
        let held = self.held();
        let Some(found) = held.get(repository) else { return Ok(Vec::new()) };
        let mut referrers = Vec::new();
        for raw in found.manifests.values() {
            let described =
                Described::read("memory", repository.as_str(), Some(&raw.descriptor.media_type), &raw.bytes)?;
            if described.subject().is_some_and(|entry| entry.digest == *subject) {
                referrers.push(described.referrer());
            }
        }
        Ok(of_type(referrers, artifact_type))
    }
}
