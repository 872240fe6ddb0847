//! A store whose answers about what is attached to an image are kept, so that what was asked before can be judged again
//! where the store does not answer, or need not be asked. What is kept is verified like anything else: it can go stale, and cannot
//! be forged. Keeps no layer.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::described::{Described, of_type};
use super::{BlobStream, KeptDocuments, Page, RawManifest, Selector, Store, StoreError, VerifiedReader, read_verified};
use crate::adapters::whole_file::{Durability, read_bounded, write_whole};
use crate::domain::oci::{Descriptor, Digest, MAX_MANIFEST_BYTES, Repository, Tag};

/// Largest answer read.
const MAX_BYTES: usize = 4 << 20;

/// A store and what it answered before.
pub struct RememberedStore {
    inner: Arc<dyn Store>,
    kept: KeptDocuments,
    folder: PathBuf,
    memory: Memory,
}

/// When memory answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Never: it is only kept up to date.
    Never,
    /// Where the store does not answer.
    WhenSilent,
    /// Wherever it can: the store is asked for the rest.
    First,
}

/// An answer: where a tag pointed (`None`: nowhere), or what was about a manifest.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    question: String,
    #[serde(default)]
    tag: Option<Digest>,
    #[serde(default)]
    referrers: Vec<Descriptor>,
}

impl RememberedStore {
    /// Keeps answers below the cache folder; gives them again only where `memory` says so.
    pub fn new(inner: Arc<dyn Store>, cache: &Path, memory: Memory) -> Self {
        Self { inner, kept: KeptDocuments::new(cache), folder: cache.join("attached"), memory }
    }

    fn keep(&self, answer: &Answer) {
        // That it cannot be kept only costs asking again.
        if let Ok(bytes) = serde_json::to_vec(answer) {
            let _ = write_whole(&self.path(&answer.question), &bytes, Durability::Cache);
        }
    }

    fn recall(&self, question: &str) -> Option<Answer> {
        let bytes = read_bounded(&self.path(question), MAX_BYTES).ok()??;
        let answer: Answer = serde_json::from_slice(&bytes).ok()?;
        (answer.question == question).then_some(answer)
    }

    fn path(&self, question: &str) -> PathBuf {
        self.folder.join(format!("{}.json", Digest::of(question.as_bytes()).encoded()))
    }

    fn question(&self, repository: &Repository, what: &str) -> String {
        format!("{} {repository} {what}", self.inner.name())
    }

    /// Whether memory may answer instead.
    fn is_silent(&self, error: &StoreError) -> bool {
        self.memory != Memory::Never && matches!(error, StoreError::Unreachable { .. })
    }

    /// The manifest as it was last, that there was none, or nothing that is remembered.
    fn known_manifest(
        &self,
        repository: &Repository,
        selector: &Selector,
        question: &str,
    ) -> Option<Result<RawManifest, StoreError>> {
        let digest = match selector {
            Selector::Digest(digest) => digest.clone(),
            Selector::Tag(_) => match self.recall(question)?.tag {
                Some(digest) => digest,
                None => {
                    let what = format!("{repository}:{selector}");
                    return Some(Err(StoreError::NotFound { store: self.inner.name(), what }));
                }
            },
        };
        self.document(repository, &digest).map(Ok)
    }

    fn document(&self, repository: &Repository, digest: &Digest) -> Option<RawManifest> {
        let bytes = self.kept.read(digest)?;
        let described = Described::read(&self.inner.name(), repository.as_str(), None, &bytes).ok()?;
        Some(RawManifest { descriptor: Descriptor { digest: digest.clone(), ..described.descriptor }, bytes })
    }
}

#[async_trait]
impl Store for RememberedStore {
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
        let question = self.question(repository, &format!("tag {selector}"));
        if self.memory == Memory::First
            && let Some(known) = self.known_manifest(repository, selector, &question)
        {
            return known.map(|raw| raw.descriptor);
        }
        match self.inner.resolve(repository, selector).await {
            Err(error) if self.is_silent(&error) => match self.manifest(repository, selector).await {
                Ok(raw) => Ok(raw.descriptor),
                Err(_) => Err(error),
            },
            answer => answer,
        }
    }

    async fn manifest(&self, repository: &Repository, selector: &Selector) -> Result<RawManifest, StoreError> {
        let question = self.question(repository, &format!("tag {selector}"));
        let is_tag = matches!(selector, Selector::Tag(_));
        if self.memory == Memory::First
            && let Some(known) = self.known_manifest(repository, selector, &question)
        {
            return known;
        }
        let error = match self.inner.manifest(repository, selector).await {
            Ok(raw) => {
                self.kept.keep(&raw.descriptor.digest, &raw.bytes);
                if is_tag {
                    let tag = Some(raw.descriptor.digest.clone());
                    self.keep(&Answer { question, tag, referrers: Vec::new() });
                }
                return Ok(raw);
            }
            Err(error) => error,
        };
        if is_tag && matches!(error, StoreError::NotFound { .. }) {
            self.keep(&Answer { question, tag: None, referrers: Vec::new() });
            return Err(error);
        }
        if !self.is_silent(&error) {
            return Err(error);
        }
        self.known_manifest(repository, selector, &question).unwrap_or(Err(error))
    }

    async fn has_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<bool, StoreError> {
        self.inner.has_blob(repository, blob).await
    }

    async fn open_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<BlobStream, StoreError> {
        if blob.size > MAX_MANIFEST_BYTES {
            return self.inner.open_blob(repository, blob).await;
        }
        if self.memory == Memory::First
            && let Some(bytes) = self.kept.read(&blob.digest)
        {
            return Ok(Box::pin(VerifiedReader::new(std::io::Cursor::new(bytes), blob)));
        }
        let opened = match self.inner.open_blob(repository, blob).await {
            Ok(source) => read_verified(source, blob, MAX_MANIFEST_BYTES).await,
            Err(error) => Err(error),
        };
        let bytes = match opened {
            Ok(bytes) => {
                self.kept.keep(&blob.digest, &bytes);
                bytes
            }
            Err(error) if self.is_silent(&error) => self.kept.read(&blob.digest).ok_or(error)?,
            Err(error) => return Err(error),
        };
        Ok(Box::pin(VerifiedReader::new(std::io::Cursor::new(bytes), blob)))
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
        let question = self.question(repository, &format!("referrers {subject}"));
        if self.memory == Memory::First
            && let Some(known) = self.recall(&question)
        {
            return Ok(of_type(known.referrers, artifact_type));
        }
        match self.inner.referrers(repository, subject, None).await {
            Ok(referrers) => {
                self.keep(&Answer { question, tag: None, referrers: referrers.clone() });
                Ok(of_type(referrers, artifact_type))
            }
            Err(error) if self.is_silent(&error) => {
                let answer = self.recall(&question).ok_or(error)?;
                Ok(of_type(answer.referrers, artifact_type))
            }
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
        let store = RememberedStore::new(flaky.clone(), folder.path(), Memory::WhenSilent);
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
        let first = RememberedStore::new(flaky.clone(), folder.path(), Memory::First);
        let absent = Selector::Tag("2".parse().unwrap());
        assert!(first.manifest(&repository, &absent).await.is_err());
        let seen = first.referrers(&repository, &image.digest, None).await.unwrap();
        flaky.1.store(false, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(first.referrers(&repository, &image.digest, None).await.unwrap(), seen);
        assert!(first.referrers(&repository, &Digest::of(b"new"), None).await.is_err());
        // That there is none is remembered, too; a store that is only written down is asked all the same.
        assert!(matches!(first.resolve(&repository, &absent).await, Err(StoreError::NotFound { .. })));
        let never = RememberedStore::new(flaky.clone(), folder.path(), Memory::Never);
        assert!(matches!(never.referrers(&repository, &image.digest, None).await, Err(StoreError::Unreachable { .. })));
    }
}
