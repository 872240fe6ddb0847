//! A store of which it is known beforehand what will be asked: all of that is read at once, instead of each after what names it.
//! It is read when this begins and verified like anything else; what the store does not give then, it is asked for again.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::{BlobStream, Page, RawManifest, Selector, Store, StoreError, VerifiedReader, read_verified};
use crate::domain::oci::{Descriptor, Digest, MAX_MANIFEST_BYTES, Repository, Tag};

/// Read together.
const AT_ONCE: usize = 12;

/// Something on its way here.
type Coming<T> = Mutex<HashMap<Digest, AbortOnDropHandle<Option<T>>>>;

/// A store, and what of it is on its way here.
pub struct ForeseenStore {
    inner: Arc<dyn Store>,
    repository: Repository,
    manifests: Coming<RawManifest>,
    blobs: Coming<Vec<u8>>,
}

impl ForeseenStore {
    /// Begins to read manifests and small blobs of a repository.
    pub fn begin(
        inner: Arc<dyn Store>,
        repository: &Repository,
        manifests: impl IntoIterator<Item = Digest>,
        blobs: impl IntoIterator<Item = Descriptor>,
    ) -> Self {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let manifests = manifests.into_iter().map(|digest| {
            let (store, repository, turns, selector) =
                (Arc::clone(&inner), repository.clone(), Arc::clone(&turns), Selector::Digest(digest.clone()));
            let read = async move {
                let _turn = turns.acquire_owned().await.ok()?;
                store.manifest(&repository, &selector).await.ok()
            };
            (digest, AbortOnDropHandle::new(tokio::spawn(read)))
        });
        let manifests = Mutex::new(manifests.collect());
        let small = blobs.into_iter().filter(|blob| blob.size <= MAX_MANIFEST_BYTES);
        let blobs = small.map(|blob| {
            let (store, repository, turns) = (Arc::clone(&inner), repository.clone(), Arc::clone(&turns));
            let digest = blob.digest.clone();
            let read = async move {
                let _turn = turns.acquire_owned().await.ok()?;
                let source = store.open_blob(&repository, &blob).await.ok()?;
                read_verified(source, &blob, MAX_MANIFEST_BYTES).await.ok()
            };
            (digest, AbortOnDropHandle::new(tokio::spawn(read)))
        });
        let blobs = Mutex::new(blobs.collect());
        Self { inner, repository: repository.clone(), manifests, blobs }
    }
}

/// What was on its way, where it was and came.
async fn come<T>(coming: &Coming<T>, digest: &Digest) -> Option<T> {
    let one = coming.lock().unwrap_or_else(PoisonError::into_inner).remove(digest)?;
    one.await.ok().flatten()
}

#[async_trait]
impl Store for ForeseenStore {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn warnings(&self) -> Vec<String> {
        self.inner.warnings()
    }

    fn asks_to_wait(&self) -> Option<std::time::Duration> {
        self.inner.asks_to_wait()
    }

    async fn repositories(&self, after: Option<&str>) -> Result<Page<Repository>, StoreError> {
        self.inner.repositories(after).await
    }

    async fn tags(&self, repository: &Repository, after: Option<&str>) -> Result<Page<Tag>, StoreError> {
        self.inner.tags(repository, after).await
    }

    async fn resolve(&self, repository: &Repository, selector: &Selector) -> Result<Descriptor, StoreError> {
        self.inner.resolve(repository, selector).await
    }

    async fn manifest(&self, repository: &Repository, selector: &Selector) -> Result<RawManifest, StoreError> {
        if let Selector::Digest(digest) = selector
            && *repository == self.repository
            && let Some(raw) = come(&self.manifests, digest).await
        {
            return Ok(raw);
        }
        self.inner.manifest(repository, selector).await
    }

    async fn has_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<bool, StoreError> {
        self.inner.has_blob(repository, blob).await
    }

    async fn open_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<BlobStream, StoreError> {
        if *repository == self.repository
            && let Some(bytes) = come(&self.blobs, &blob.digest).await
        {
            return Ok(Box::pin(VerifiedReader::new(Cursor::new(bytes), blob)));
        }
        self.inner.open_blob(repository, blob).await
    }

    async fn put_blob(&self, repository: &Repository, blob: &Descriptor, source: BlobStream) -> Result<(), StoreError> {
        self.inner.put_blob(repository, blob, source).await
    }

    async fn mount_blob(
        &self,
        repository: &Repository,
        blob: &Descriptor,
        from: &Repository,
    ) -> Result<bool, StoreError> {
        self.inner.mount_blob(repository, blob, from).await
    }

    async fn put_manifest(
        &self,
        repository: &Repository,
        tag: Option<&Tag>,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Descriptor, StoreError> {
        self.inner.put_manifest(repository, tag, media_type, bytes).await
    }

    async fn remove_tag(&self, repository: &Repository, tag: &Tag) -> Result<(), StoreError> {
        self.inner.remove_tag(repository, tag).await
    }

    async fn referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, StoreError> {
        self.inner.referrers(repository, subject, artifact_type).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::store::MemoryStore;
    use crate::domain::oci::{ImageIndex, media_type};

    #[tokio::test]
    async fn what_was_foreseen_is_what_the_store_has_and_what_it_lacked_is_asked_for_again() {
        let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let repository: Repository = "team/app".parse().unwrap();
        let (there, late) = (Descriptor::of(media_type::CONFIG, b"there"), Descriptor::of(media_type::CONFIG, b"late"));
        inner.put_blob(&repository, &there, Box::pin(&b"there"[..])).await.unwrap();
        let index = serde_json::to_vec(&ImageIndex::new(Vec::new())).unwrap();
        let put = inner.put_manifest(&repository, None, media_type::INDEX, &index).await.unwrap();
        let (gone, blobs) = (Digest::of(b"nowhere"), [there.clone(), late.clone()]);
        let store = ForeseenStore::begin(Arc::clone(&inner), &repository, [put.digest.clone(), gone.clone()], blobs);
        let read = async |blob: &Descriptor| read_verified(store.open_blob(&repository, blob).await?, blob, 100).await;
        assert_eq!(read(&there).await.unwrap(), b"there");
        assert!(read(&late).await.is_err());
        assert_eq!(store.manifest(&repository, &Selector::Digest(put.digest)).await.unwrap().bytes, index);
        let gone = store.manifest(&repository, &Selector::Digest(gone)).await;
        assert!(matches!(gone, Err(StoreError::NotFound { .. })), "{gone:?}");
        inner.put_blob(&repository, &late, Box::pin(&b"late"[..])).await.unwrap();
        assert_eq!(read(&late).await.unwrap(), b"late");
    }
}
