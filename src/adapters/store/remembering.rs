//! A store that remembers what is attached to images: lists of referrers, signature tags, the documents behind them. What was
//! verified once can be verified again without it. Believes nothing: whoever reads verifies each signature anew.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{BlobStream, KeptDocuments, Page, RawManifest, Selector, Store, StoreError, read_verified};
use crate::adapters::whole_file::{Durability, read_bounded, write_whole};
use crate::domain::oci::{Descriptor, Digest, MAX_MANIFEST_BYTES, Repository, Tag};

/// Largest blob remembered: bundles and payloads are small.
const MAX_BLOB: u64 = 1 << 20;
/// Largest list remembered.
const MAX_LIST: usize = 4 << 20;

/// Who is asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The store; what is remembered only where it does not answer.
    StoreFirst,
    /// What is remembered, and the store for all else.
    MemoryFirst,
}

/// The store.
pub struct Remembering {
    inner: Arc<dyn Store>,
    folder: PathBuf,
    kept: KeptDocuments,
    ask: Ask,
}

/// What a tag pointed to.
#[derive(Serialize, Deserialize)]
struct Pointed {
    media_type: String,
    digest: Digest,
}

impl Remembering {
    /// What `inner` says, remembered below the cache folder. A layout on this machine needs no memory.
    pub fn new(inner: Arc<dyn Store>, cache: &Path, ask: Ask) -> Arc<dyn Store> {
        if inner.as_layout().is_some() {
            return inner;
        }
        Arc::new(Self { inner, folder: cache.join("attached"), kept: KeptDocuments::new(cache), ask })
    }

    fn path(&self, repository: &Repository, what: &str) -> PathBuf {
        let key = Digest::of(format!("{} {repository} {what}", self.inner.name()).as_bytes());
        self.folder.join(format!("{}.json", key.encoded()))
    }

    fn recall<T: for<'d> Deserialize<'d>>(&self, repository: &Repository, what: &str) -> Option<T> {
        let bytes = read_bounded(&self.path(repository, what), MAX_LIST).ok()??;
        serde_json::from_slice(&bytes).ok()
    }

    /// That it cannot be remembered only costs asking again.
    fn remember(&self, repository: &Repository, what: &str, value: &impl Serialize) {
        if let Ok(bytes) = serde_json::to_vec(value) {
            let _ = write_whole(&self.path(repository, what), &bytes, Durability::Cache);
        }
    }

    /// The manifest as it was last, or that there was none.
    fn known_manifest(&self, repository: &Repository, selector: &Selector) -> Option<Result<RawManifest, StoreError>> {
        let (what, key) = (format!("{repository}:{selector}"), key(selector));
        let Some(pointed) = self.recall::<Option<Pointed>>(repository, &key)? else {
            return Some(Err(StoreError::NotFound { store: self.inner.name(), what }));
        };
        let bytes = self.kept.read(&pointed.digest)?;
        let descriptor = Descriptor::new(pointed.media_type, pointed.digest, bytes.len() as u64);
        Some(Ok(RawManifest { descriptor, bytes }))
    }

    async fn ask_manifest(&self, repository: &Repository, selector: &Selector) -> Result<RawManifest, StoreError> {
        let answer = self.inner.manifest(repository, selector).await;
        match &answer {
            Ok(raw) => {
                let RawManifest { descriptor, bytes } = raw;
                self.kept.keep(&descriptor.digest, bytes);
                let pointed = Pointed { media_type: descriptor.media_type.clone(), digest: descriptor.digest.clone() };
                self.remember(repository, &key(&Selector::Digest(descriptor.digest.clone())), &Some(&pointed));
                self.remember(repository, &key(selector), &Some(&pointed));
            }
            Err(StoreError::NotFound { .. }) => self.remember(repository, &key(selector), &None::<Pointed>),
            Err(_) => {}
        }
        answer
    }
}

fn key(selector: &Selector) -> String {
    format!("manifest {selector}")
}

/// Only where nobody answered: a store that says no is to be believed.
fn is_silent(error: &StoreError) -> bool {
    matches!(error, StoreError::Unreachable { .. })
}

#[async_trait]
impl Store for Remembering {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn warnings(&self) -> Vec<String> {
        self.inner.warnings()
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
        if self.ask == Ask::MemoryFirst
            && let Some(known) = self.known_manifest(repository, selector)
        {
            return known;
        }
        match self.ask_manifest(repository, selector).await {
            Err(error) if is_silent(&error) => self.known_manifest(repository, selector).unwrap_or(Err(error)),
            answer => answer,
        }
    }

    async fn has_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<bool, StoreError> {
        self.inner.has_blob(repository, blob).await
    }

    async fn open_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<BlobStream, StoreError> {
        if blob.size > MAX_BLOB {
            return self.inner.open_blob(repository, blob).await;
        }
        // By content: whoever kept it, it is the same.
        if let Some(bytes) = self.kept.read(&blob.digest).filter(|bytes| bytes.len() as u64 == blob.size) {
            return Ok(Box::pin(std::io::Cursor::new(bytes)));
        }
        let source = self.inner.open_blob(repository, blob).await?;
        let bytes = read_verified(source, blob, MAX_BLOB.min(MAX_MANIFEST_BYTES)).await?;
        self.kept.keep(&blob.digest, &bytes);
        Ok(Box::pin(std::io::Cursor::new(bytes)))
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
        let what = format!("referrers {subject} {}", artifact_type.unwrap_or_default());
        if self.ask == Ask::MemoryFirst
            && let Some(known) = self.recall(repository, &what)
        {
            return Ok(known);
        }
        match self.inner.referrers(repository, subject, artifact_type).await {
            Ok(found) => {
                self.remember(repository, &what, &found);
                Ok(found)
            }
            Err(error) if is_silent(&error) => self.recall(repository, &what).ok_or(error),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::store::MemoryStore;
    use crate::domain::oci::{ImageManifest, media_type};

    /// Answers until it is switched off.
    struct Flaky(MemoryStore, std::sync::atomic::AtomicBool);

    impl Flaky {
        fn answer(&self) -> Result<&MemoryStore, StoreError> {
            match self.1.load(std::sync::atomic::Ordering::SeqCst) {
                true => Ok(&self.0),
                false => Err(StoreError::Unreachable { store: "flaky".into(), source: "off".into() }),
            }
        }
    }

    #[async_trait]
    impl Store for Flaky {
        fn name(&self) -> String {
            "flaky".into()
        }
        async fn repositories(&self, after: Option<&str>) -> Result<Page<Repository>, StoreError> {
            self.answer()?.repositories(after).await
        }
        async fn tags(&self, repository: &Repository, after: Option<&str>) -> Result<Page<Tag>, StoreError> {
            self.answer()?.tags(repository, after).await
        }
        async fn resolve(&self, repository: &Repository, selector: &Selector) -> Result<Descriptor, StoreError> {
            self.answer()?.resolve(repository, selector).await
        }
        async fn manifest(&self, repository: &Repository, selector: &Selector) -> Result<RawManifest, StoreError> {
            self.answer()?.manifest(repository, selector).await
        }
        async fn has_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<bool, StoreError> {
            self.answer()?.has_blob(repository, blob).await
        }
        async fn open_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<BlobStream, StoreError> {
            self.answer()?.open_blob(repository, blob).await
        }
        async fn put_blob(&self, r: &Repository, blob: &Descriptor, source: BlobStream) -> Result<(), StoreError> {
            self.answer()?.put_blob(r, blob, source).await
        }
        async fn mount_blob(&self, r: &Repository, blob: &Descriptor, from: &Repository) -> Result<bool, StoreError> {
            self.answer()?.mount_blob(r, blob, from).await
        }
        async fn put_manifest(
            &self,
            r: &Repository,
            tag: Option<&Tag>,
            kind: &str,
            bytes: &[u8],
        ) -> Result<Descriptor, StoreError> {
            self.answer()?.put_manifest(r, tag, kind, bytes).await
        }
        async fn remove_tag(&self, repository: &Repository, tag: &Tag) -> Result<(), StoreError> {
            self.answer()?.remove_tag(repository, tag).await
        }
        async fn referrers(
            &self,
            r: &Repository,
            subject: &Digest,
            kind: Option<&str>,
        ) -> Result<Vec<Descriptor>, StoreError> {
            self.answer()?.referrers(r, subject, kind).await
        }
    }

    /// An image and a signature-like referrer of it.
    async fn seed(store: &dyn Store, repository: &Repository) -> (Descriptor, Descriptor) {
        let blob = Descriptor::of(media_type::CONFIG, b"{}");
        store.put_blob(repository, &blob, Box::pin(&b"{}"[..])).await.unwrap();
        let manifest = |subject: Option<Descriptor>| ImageManifest {
            schema_version: 2,
            media_type: Some(media_type::MANIFEST.into()),
            artifact_type: subject.as_ref().map(|_| "application/x".into()),
            config: blob.clone(),
            layers: Vec::new(),
            subject,
            annotations: Default::default(),
        };
        let put = async |manifest: &ImageManifest, tag: Option<&str>| {
            let bytes = serde_json::to_vec(manifest).unwrap();
            let tag: Option<Tag> = tag.map(|tag| tag.parse().unwrap());
            store.put_manifest(repository, tag.as_ref(), media_type::MANIFEST, &bytes).await.unwrap()
        };
        let image = put(&manifest(None), Some("1")).await;
        let referrer = put(&manifest(Some(image.clone())), None).await;
        (image, referrer)
    }

    #[tokio::test]
    async fn what_was_attached_is_there_when_the_store_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let repository: Repository = "a/b".parse().unwrap();
        let flaky = Arc::new(Flaky(MemoryStore::new(), true.into()));
        let (image, referrer) = seed(&*flaky, &repository).await;
        let store = Remembering::new(flaky.clone(), folder.path(), Ask::StoreFirst);
        let seen = store.referrers(&repository, &image.digest, None).await.unwrap();
        assert_eq!(seen[0].digest, referrer.digest);
        let by_tag = store.manifest(&repository, &Selector::Tag("1".parse().unwrap())).await.unwrap();
        store.manifest(&repository, &Selector::Digest(referrer.digest.clone())).await.unwrap();
        let absent = Selector::Tag("2".parse().unwrap());
        assert!(matches!(store.manifest(&repository, &absent).await, Err(StoreError::NotFound { .. })));

        flaky.1.store(false, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(store.referrers(&repository, &image.digest, None).await.unwrap(), seen);
        assert_eq!(store.manifest(&repository, &Selector::Tag("1".parse().unwrap())).await.unwrap(), by_tag);
        store.manifest(&repository, &Selector::Digest(referrer.digest)).await.unwrap();
        assert!(matches!(store.manifest(&repository, &absent).await, Err(StoreError::NotFound { .. })));
        let other = Digest::of(b"never seen");
        assert!(matches!(store.referrers(&repository, &other, None).await, Err(StoreError::Unreachable { .. })));
    }

    #[tokio::test]
    async fn memory_first_asks_the_store_only_for_what_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let repository: Repository = "a/b".parse().unwrap();
        let flaky = Arc::new(Flaky(MemoryStore::new(), true.into()));
        let (image, _) = seed(&*flaky, &repository).await;
        let first = Remembering::new(flaky.clone(), folder.path(), Ask::MemoryFirst);
        let seen = first.referrers(&repository, &image.digest, None).await.unwrap();
        flaky.1.store(false, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(first.referrers(&repository, &image.digest, None).await.unwrap(), seen);
        assert!(first.referrers(&repository, &Digest::of(b"new"), None).await.is_err());
    }
}
