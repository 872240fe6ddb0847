//! Stores: where images live. This file is the port; `registry`, `layout`, `daemon` and `memory` are its siblings.
//!
//! Every implementation passes the one conformance suite in `tests/store/conformance.rs`. Reads are verified against
//! digest and size while they stream (`verified`), so what a caller has read to its end is what was asked for.

mod cached;
#[cfg(feature = "engines")]
mod daemon;
mod described;
mod error;
mod exported;
mod foreseen;
mod kept;
pub mod layout;
mod memory;
pub mod open;
pub mod registry;
mod remembered;
mod tried;
mod verified;

use std::pin::Pin;

use async_trait::async_trait;
use tokio::io::AsyncRead;

use crate::domain::oci::{Descriptor, Digest, Platform, Repository, Tag};

pub use cached::{cached_layers, remove_cached_steps};
pub use error::StoreError;
pub use exported::free_exports;
pub use foreseen::ForeseenStore;
pub use kept::KeptDocuments;
pub use memory::MemoryStore;
pub use remembered::{Memory, RememberedStore};
pub use tried::TriedStore;
pub(in crate::adapters) use verified::unwrap_io;
pub use verified::{VerifiedReader, read_verified};

/// A blob's bytes as they stream.
pub type BlobStream = Pin<Box<dyn AsyncRead + Send>>;

/// A manifest as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawManifest {
    /// Media type, digest and size of `bytes` (artifact type where the document has one).
    pub descriptor: Descriptor,
    /// The exact bytes, already verified and within the size limit.
    pub bytes: Vec<u8>,
}

/// A blob held in memory, on its way into a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmallBlob {
    /// What its bytes have to be.
    pub descriptor: Descriptor,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl SmallBlob {
    /// Of bytes that were just made.
    pub fn new(media_type: &str, bytes: Vec<u8>) -> Self {
        Self { descriptor: Descriptor::of(media_type, &bytes), bytes }
    }
}

/// A manifest on its way into a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewManifest {
    /// The tag it is to have.
    pub tag: Option<Tag>,
    /// Its kind.
    pub media_type: String,
    /// The document.
    pub bytes: Vec<u8>,
}

/// Told of each manifest that has been put.
pub type Heard<'h> = dyn Fn(&Descriptor) + Send + Sync + 'h;

/// What to ask a manifest by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// The mutable name.
    Tag(Tag),
    /// The content.
    Digest(Digest),
}

impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tag(tag) => write!(f, "{tag}"),
            Self::Digest(digest) => write!(f, "{digest}"),
        }
    }
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the store's order.
    pub items: Vec<T>,
    /// What to pass for the next page; `None` at the end.
    pub next: Option<String>,
}

/// What is told of an image that is not here. Nobody has proven any of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glimpse {
    /// What whoever has it calls it by; no manifest's digest.
    pub id: Digest,
    /// Bytes of it there, unpacked.
    pub size: u64,
    /// When it was made, as it was told.
    pub created: Option<String>,
    /// What it runs on.
    pub platform: Option<Platform>,
}

/// A place that holds repositories of manifests and blobs.
///
/// Writing is idempotent: putting content that is there already succeeds without effect. A manifest may be put only
/// after everything it names; a tag moves atomically.
#[async_trait]
pub trait Store: Send + Sync {
    /// What to call it in messages: a host, a path.
    fn name(&self) -> String;

    /// The store itself where it is a layout on this machine, whose blobs can be linked instead of copied.
    fn as_layout(&self) -> Option<&layout::Layout> {
        None
    }

    /// What the store warned of so far, escaped and without repetitions; for showing, never to act on.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// How long the store wants to be left alone from now on, where it has said so (429, `Retry-After`).
    fn asks_to_wait(&self) -> Option<std::time::Duration> {
        None
    }

    /// One page of repository names; `after` is the previous page's `next`. Registries without a catalog answer
    /// [`StoreError::CatalogUnsupported`].
    async fn repositories(&self, after: Option<&str>) -> Result<Page<Repository>, StoreError>;

    /// One page of a repository's tags.
    async fn tags(&self, repository: &Repository, after: Option<&str>) -> Result<Page<Tag>, StoreError>;

    /// What is told of a tag's image where all of it would have to come here to be looked into; `None`: it is looked into.
    async fn glimpse(&self, _repository: &Repository, _tag: &Tag) -> Result<Option<Glimpse>, StoreError> {
        Ok(None)
    }

    /// The digest, size and media type behind a selector, without the body where the store can say so.
    async fn resolve(&self, repository: &Repository, selector: &Selector) -> Result<Descriptor, StoreError>;

    /// A manifest's bytes, verified; at most 4 MiB.
    async fn manifest(&self, repository: &Repository, selector: &Selector) -> Result<RawManifest, StoreError>;

    /// Whether a blob is there.
    async fn has_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<bool, StoreError>;

    /// A blob's bytes; the stream fails at its end when digest or size do not hold, and never yields a byte too many.
    async fn open_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<BlobStream, StoreError>;

    /// Stores a blob read from `source`, which must yield exactly the bytes `blob` describes.
    async fn put_blob(&self, repository: &Repository, blob: &Descriptor, source: BlobStream) -> Result<(), StoreError>;

    /// Makes a blob of another repository of the same store appear in this one without copying; `false` when the store
    /// cannot, and the blob has to be put.
    async fn mount_blob(
        &self,
        repository: &Repository,
        blob: &Descriptor,
        from: &Repository,
    ) -> Result<bool, StoreError>;

    /// Stores a manifest, and points `tag` at it when given. Keeps the referrers fallback tag for manifests with a
    /// subject on stores without the referrers API.
    async fn put_manifest(
        &self,
        repository: &Repository,
        tag: Option<&Tag>,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Descriptor, StoreError>;

    /// Makes ready for so many small blobs of a media type that are to be put into a repository soon; with none, gives up what was
    /// made ready and not needed. Puts nothing.
    async fn expect_blobs(&self, _repository: &Repository, _kind: &str, _count: usize) -> Result<(), StoreError> {
        Ok(())
    }

    /// Stores small blobs that were just made, as [`Self::put_blob`] does each: those on their way together, none is looked for
    /// first. Where one fails, some of the others may be there.
    async fn put_blobs(&self, repository: &Repository, blobs: &[SmallBlob]) -> Result<(), StoreError> {
        for SmallBlob { descriptor, bytes } in blobs {
            self.put_blob(repository, descriptor, Box::pin(std::io::Cursor::new(bytes.clone()))).await?;
        }
        Ok(())
    }

    /// Stores manifests of which none names another, each as [`Self::put_manifest`] does; what lists and names them is changed
    /// once for all, after all of them are there.
    async fn put_manifests(
        &self,
        repository: &Repository,
        manifests: &[NewManifest],
    ) -> Result<Vec<Descriptor>, StoreError> {
        let mut put = Vec::with_capacity(manifests.len());
        for NewManifest { tag, media_type, bytes } in manifests {
            put.push(self.put_manifest(repository, tag.as_ref(), media_type, bytes).await?);
        }
        Ok(put)
    }

    /// As [`Self::put_manifests`], for whoever reads afterwards what lists them: that somebody else overwrites a list meanwhile is
    /// not seen here. `there` hears of each manifest as it is there, before a list is changed.
    async fn put_manifests_unseen(
        &self,
        repository: &Repository,
        manifests: &[NewManifest],
        there: &Heard<'_>,
    ) -> Result<(), StoreError> {
        self.put_manifests(repository, manifests).await?.iter().for_each(there);
        Ok(())
    }

    /// Removes a tag; the manifest stays until nothing refers to it.
    async fn remove_tag(&self, repository: &Repository, tag: &Tag) -> Result<(), StoreError>;

    /// Descriptors of the manifests whose subject is `subject`, filtered by artifact type when given.
    async fn referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, StoreError>;
}
