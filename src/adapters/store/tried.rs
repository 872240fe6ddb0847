//! A store as it is, with documents on top that are nowhere: to judge what has not been written. Writes nothing, and takes nothing
//! that is to be written.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::described::Described;
use super::{BlobStream, Page, RawManifest, Selector, Store, StoreError};
use crate::domain::oci::{Descriptor, Digest, Repository, Tag};

/// A store, and documents that are only tried.
pub struct TriedStore {
    below: Arc<dyn Store>,
    documents: Mutex<HashMap<Digest, (String, Vec<u8>)>>,
}

impl TriedStore {
    /// Nothing on top yet.
    pub fn on(below: Arc<dyn Store>) -> Self {
        Self { below, documents: Mutex::default() }
    }

    /// Puts a document on top.
    pub fn put(&self, media_type: &str, bytes: &[u8]) -> Descriptor {
        let descriptor = Descriptor::of(media_type, bytes);
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        documents.insert(descriptor.digest.clone(), (media_type.to_owned(), bytes.to_vec()));
        descriptor
    }

    fn document(&self, digest: &Digest) -> Option<(String, Vec<u8>)> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    fn refused(&self, action: &str) -> StoreError {
        let reason = "what is tried is written nowhere".to_owned();
        StoreError::Refused { store: self.name(), action: action.to_owned(), reason }
    }
}

#[async_trait]
impl Store for TriedStore {
    fn name(&self) -> String {
        self.below.name()
    }

    fn warnings(&self) -> Vec<String> {
        self.below.warnings()
    }

    async fn repositories(&self, after: Option<&str>) -> Result<Page<Repository>, StoreError> {
        self.below.repositories(after).await
    }

    async fn tags(&self, repository: &Repository, after: Option<&str>) -> Result<Page<Tag>, StoreError> {
        self.below.tags(repository, after).await
    }

    async fn resolve(&self, repository: &Repository, selector: &Selector) -> Result<Descriptor, StoreError> {
        match selector {
            Selector::Digest(digest) if self.document(digest).is_some() => {
                self.manifest(repository, selector).await.map(|raw| raw.descriptor)
            }
            _ => self.below.resolve(repository, selector).await,
        }
    }

    async fn manifest(&self, repository: &Repository, selector: &Selector) -> Result<RawManifest, StoreError> {
        let tried = if let Selector::Digest(digest) = selector { self.document(digest) } else { None };
        let Some((media_type, bytes)) = tried else { return self.below.manifest(repository, selector).await };
        let described = Described::read(&self.name(), &selector.to_string(), Some(&media_type), &bytes)?;
        Ok(RawManifest { descriptor: described.descriptor, bytes })
    }

    async fn has_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<bool, StoreError> {
        match self.document(&blob.digest) {
            Some(_) => Ok(true),
            None => self.below.has_blob(repository, blob).await,
        }
    }

    async fn open_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<BlobStream, StoreError> {
        match self.document(&blob.digest) {
            Some((_, bytes)) => Ok(Box::pin(Cursor::new(bytes))),
            None => self.below.open_blob(repository, blob).await,
        }
    }

    async fn put_blob(&self, _: &Repository, _: &Descriptor, _: BlobStream) -> Result<(), StoreError> {
        Err(self.refused("a blob"))
    }

    async fn mount_blob(&self, _: &Repository, _: &Descriptor, _: &Repository) -> Result<bool, StoreError> {
        Err(self.refused("a blob"))
    }

    async fn put_manifest(&self, _: &Repository, _: Option<&Tag>, _: &str, _: &[u8]) -> Result<Descriptor, StoreError> {
        Err(self.refused("a manifest"))
    }

    async fn remove_tag(&self, _: &Repository, _: &Tag) -> Result<(), StoreError> {
        Err(self.refused("a tag's removal"))
    }

    async fn referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, StoreError> {
        match self.document(subject) {
            Some(_) => Ok(Vec::new()),
            None => self.below.referrers(repository, subject, artifact_type).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::store::MemoryStore;
    use crate::domain::oci::{ImageIndex, media_type};

    #[tokio::test]
    async fn a_document_is_read_as_if_it_were_there_and_never_reaches_the_store() {
        let below = Arc::new(MemoryStore::new());
        let tried = TriedStore::on(below.clone());
        let repository: Repository = "team/app".parse().unwrap();
        let bytes = serde_json::to_vec(&ImageIndex::new(Vec::new())).unwrap();
        let put = tried.put(media_type::INDEX, &bytes);
        let by_digest = Selector::Digest(put.digest.clone());
        assert_eq!(tried.manifest(&repository, &by_digest).await.unwrap().bytes, bytes);
        assert_eq!(tried.resolve(&repository, &by_digest).await.unwrap().digest, put.digest);
        assert!(tried.has_blob(&repository, &put).await.unwrap());
        assert!(below.manifest(&repository, &by_digest).await.is_err());
        let tag = "1".parse().unwrap();
        assert!(tried.put_manifest(&repository, Some(&tag), media_type::INDEX, &bytes).await.is_err());
        assert!(below.resolve(&repository, &Selector::Tag(tag)).await.is_err());
    }
}
