//! A store something is put into that will be read there at once: each thing is on its way back as soon as it is there, instead of
//! being asked for after what names it. It is verified like anything else; what the store does not give then, it is asked for again.

use std::collections::{HashMap, HashSet};
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::{
    BlobStream, Heard, NewManifest, Page, RawManifest, Selector, SmallBlob, Store, StoreError, VerifiedReader,
    read_verified,
};
use crate::domain::oci::{Descriptor, Digest, MAX_MANIFEST_BYTES, Repository, Tag};

/// Read together.
const AT_ONCE: usize = 12;

/// Something on its way here.
type Coming<T> = Mutex<HashMap<Digest, AbortOnDropHandle<Option<T>>>>;

/// A store, and what of it is on its way here.
pub struct ForeseenStore {
    inner: Arc<dyn Store>,
    repository: Repository,
    /// Media types of the small blobs that will be read.
    kinds: &'static [&'static str],
    turns: Arc<Semaphore>,
    manifests: Coming<RawManifest>,
    blobs: Coming<Vec<u8>>,
    /// What was about a manifest when that was asked last.
    listed: Mutex<HashMap<Digest, HashSet<Digest>>>,
    /// What was under a tag when that was asked last.
    tagged: Mutex<HashMap<Tag, RawManifest>>,
}

impl ForeseenStore {
    /// Foresees that manifests without a tag and blobs of some kinds which are put into a repository will be read.
    pub fn new(inner: Arc<dyn Store>, repository: &Repository, kinds: &'static [&'static str]) -> Self {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let (manifests, blobs, listed, tagged) = Default::default();
        Self { inner, repository: repository.clone(), kinds, turns, manifests, blobs, listed, tagged }
    }

    /// Whether a manifest stood among what is about `subject` when that was asked last.
    pub fn has_listed(&self, subject: &Digest, referrer: &Digest) -> bool {
        locked(&self.listed).get(subject).is_some_and(|listed| listed.contains(referrer))
    }

    /// What was under a tag when that was asked last.
    pub fn under(&self, tag: &Tag) -> Option<RawManifest> {
        locked(&self.tagged).get(tag).cloned()
    }

    fn foresee_manifest(&self, manifest: &Descriptor) {
        let (store, repository, turns) = (Arc::clone(&self.inner), self.repository.clone(), Arc::clone(&self.turns));
        let selector = Selector::Digest(manifest.digest.clone());
        let read = async move {
            let _turn = turns.acquire_owned().await.ok()?;
            store.manifest(&repository, &selector).await.ok()
        };
        locked(&self.manifests).insert(manifest.digest.clone(), AbortOnDropHandle::new(tokio::spawn(read)));
    }

    fn foresee_blob(&self, blob: &Descriptor) {
        if !self.kinds.contains(&&*blob.media_type) || blob.size > MAX_MANIFEST_BYTES {
            return;
        }
        let (store, repository, turns) = (Arc::clone(&self.inner), self.repository.clone(), Arc::clone(&self.turns));
        let wanted = blob.clone();
        let read = async move {
            let _turn = turns.acquire_owned().await.ok()?;
            let source = store.open_blob(&repository, &wanted).await.ok()?;
            read_verified(source, &wanted, MAX_MANIFEST_BYTES).await.ok()
        };
        locked(&self.blobs).insert(blob.digest.clone(), AbortOnDropHandle::new(tokio::spawn(read)));
    }
}

fn locked<T>(one: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    one.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was on its way, where it was and came.
async fn come<T>(coming: &Coming<T>, digest: &Digest) -> Option<T> {
    let one = locked(coming).remove(digest)?;
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
        let raw = self.inner.manifest(repository, selector).await?;
        if let Selector::Tag(tag) = selector
            && *repository == self.repository
        {
            locked(&self.tagged).insert(tag.clone(), raw.clone());
        }
        Ok(raw)
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

    async fn expect_blobs(&self, repository: &Repository, kind: &str, count: usize) -> Result<(), StoreError> {
        self.inner.expect_blobs(repository, kind, count).await
    }

    async fn put_blobs(&self, repository: &Repository, blobs: &[SmallBlob]) -> Result<(), StoreError> {
        self.inner.put_blobs(repository, blobs).await?;
        if *repository == self.repository {
            blobs.iter().for_each(|blob| self.foresee_blob(&blob.descriptor));
        }
        Ok(())
    }

    async fn put_manifests(
        &self,
        repository: &Repository,
        manifests: &[NewManifest],
    ) -> Result<Vec<Descriptor>, StoreError> {
        self.inner.put_manifests(repository, manifests).await
    }

    async fn put_manifests_unseen(
        &self,
        repository: &Repository,
        manifests: &[NewManifest],
        there: &Heard<'_>,
    ) -> Result<(), StoreError> {
        let tagged = manifests.iter().filter(|manifest| manifest.tag.is_some());
        let tagged: HashSet<Digest> = tagged.map(|manifest| Digest::of(&manifest.bytes)).collect();
        let there = |manifest: &Descriptor| {
            there(manifest);
            if *repository == self.repository && !tagged.contains(&manifest.digest) {
                self.foresee_manifest(manifest);
            }
        };
        self.inner.put_manifests_unseen(repository, manifests, &there).await
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
        let found = self.inner.referrers(repository, subject, artifact_type).await?;
        if *repository == self.repository {
            let listed = found.iter().map(|entry| entry.digest.clone()).collect();
            locked(&self.listed).insert(subject.clone(), listed);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::store::MemoryStore;
    use crate::domain::oci::{ImageIndex, media_type};

    const SIGNED: &str = "application/vnd.example.signed";

    fn store() -> (Arc<MemoryStore>, ForeseenStore, Repository) {
        let (inner, repository) = (Arc::new(MemoryStore::new()), "team/app".parse().unwrap());
        let store = ForeseenStore::new(Arc::clone(&inner) as _, &repository, &[SIGNED]);
        (inner, store, repository)
    }

    #[tokio::test]
    async fn what_was_put_is_read_back_once_and_what_was_not_there_is_asked_for_again() {
        let (inner, store, repository) = store();
        let blobs =
            [SmallBlob::new(SIGNED, b"signed".to_vec()), SmallBlob::new(media_type::CONFIG, b"config".to_vec())];
        store.put_blobs(&repository, &blobs).await.unwrap();
        assert_eq!(locked(&store.blobs).len(), 1, "what nobody reads is left there");
        let read = async |blob: &Descriptor| read_verified(store.open_blob(&repository, blob).await?, blob, 100).await;
        assert_eq!(read(&blobs[0].descriptor).await.unwrap(), b"signed");
        assert_eq!(read(&blobs[0].descriptor).await.unwrap(), b"signed");
        let late = Descriptor::of(SIGNED, b"late");
        store.foresee_blob(&late);
        assert!(read(&late).await.is_err());
        inner.put_blob(&repository, &late, Box::pin(&b"late"[..])).await.unwrap();
        assert_eq!(read(&late).await.unwrap(), b"late");
    }

    #[tokio::test]
    async fn what_a_list_and_a_tag_said_last_is_known_and_nothing_that_was_not_asked() {
        let (_, store, repository) = store();
        let index = serde_json::to_vec(&ImageIndex::new(Vec::new())).unwrap();
        let subject = Descriptor::of(media_type::INDEX, &index);
        let about = ImageIndex { subject: Some(subject.clone()), ..ImageIndex::new(Vec::new()) };
        let new = |tag: Option<&str>, bytes| NewManifest {
            tag: tag.map(|tag| tag.parse().unwrap()),
            media_type: media_type::INDEX.to_owned(),
            bytes,
        };
        let manifests = [new(Some("1"), index.clone()), new(None, serde_json::to_vec(&about).unwrap())];
        store.put_manifests_unseen(&repository, &manifests, &|_| ()).await.unwrap();
        let (tag, referrer) = ("1".parse().unwrap(), Digest::of(&manifests[1].bytes));
        assert_eq!(locked(&store.manifests).keys().collect::<Vec<_>>(), [&referrer]);
        assert!(!store.has_listed(&subject.digest, &referrer) && store.under(&tag).is_none());
        store.referrers(&repository, &subject.digest, None).await.unwrap();
        store.manifest(&repository, &Selector::Tag(tag.clone())).await.unwrap();
        assert!(store.has_listed(&subject.digest, &referrer) && !store.has_listed(&referrer, &subject.digest));
        assert_eq!(store.under(&tag).unwrap().bytes, index);
    }
}
