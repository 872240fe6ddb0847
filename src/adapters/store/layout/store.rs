//! The layout as a [`Store`]: every port method, with file work on threads that may block. No logic of its own.
//!
//! The first thing put through a layout takes a [`Hold`](super::Hold) that lasts until its last clone is dropped, so gc
//! never frees a blob whose manifest is still on its way.

use std::collections::BTreeSet;

use async_trait::async_trait;
use tokio::io::AsyncReadExt;

use super::index::{entry_name, named_as};
use super::open::Layout;
use super::referrer::about;
use crate::adapters::store::{
    BlobStream, NewManifest, Page, RawManifest, Selector, SmallBlob, Store, StoreError, VerifiedReader,
};
use crate::domain::oci::{Descriptor, Digest, Manifest, ManifestError, Repository, Tag};

/// Items of one page.
const PAGE: usize = 1000;
/// Bytes handed to the disk at once.
const PIECE: usize = 1 << 20;

async fn blocking<T: Send + 'static>(
    layout: &Layout,
    work: impl FnOnce(&Layout) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let layout = layout.clone();
    let path = layout.path().to_owned();
    match tokio::task::spawn_blocking(move || work(&layout)).await {
        Ok(result) => result,
        Err(error) => Err(StoreError::io("work on", path)(std::io::Error::other(error))),
    }
}

fn page<T: Ord + ToString>(items: BTreeSet<T>, after: Option<&str>) -> Page<T> {
    let mut items = items.into_iter().skip_while(|item| after.is_some_and(|after| item.to_string().as_str() <= after));
    let page: Vec<T> = items.by_ref().take(PAGE).collect();
    let next = items.next().and(page.last()).map(ToString::to_string);
    Page { items: page, next }
}

#[async_trait]
impl Store for Layout {
    fn name(&self) -> String {
        self.label()
    }

    fn as_layout(&self) -> Option<&Layout> {
        Some(self)
    }

    async fn repositories(&self, after: Option<&str>) -> Result<Page<Repository>, StoreError> {
        let names = blocking(self, |layout| layout.named_entries()).await?;
        Ok(page(names.into_iter().map(|(repository, _, _)| repository).collect(), after))
    }

    async fn tags(&self, repository: &Repository, after: Option<&str>) -> Result<Page<Tag>, StoreError> {
        let names = blocking(self, |layout| layout.named_entries()).await?;
        let tags: BTreeSet<Tag> =
            names.into_iter().filter(|(r, _, _)| r == repository).map(|(_, tag, _)| tag).collect();
        if tags.is_empty() {
            return Err(StoreError::NotFound { store: self.label(), what: format!("repository {repository}") });
        }
        Ok(page(tags, after))
    }

    async fn resolve(&self, repository: &Repository, selector: &Selector) -> Result<Descriptor, StoreError> {
        let (repository, selector) = (repository.clone(), selector.clone());
        blocking(self, move |layout| layout.resolve_selector(&repository, &selector)).await
    }

    async fn manifest(&self, repository: &Repository, selector: &Selector) -> Result<RawManifest, StoreError> {
        let (repository, selector) = (repository.clone(), selector.clone());
        blocking(self, move |layout| layout.raw_manifest(&repository, &selector)).await
    }

    async fn has_blob(&self, _repository: &Repository, blob: &Descriptor) -> Result<bool, StoreError> {
        let blob = blob.clone();
        blocking(self, move |layout| Ok(layout.has(&blob))).await
    }

    async fn open_blob(&self, _repository: &Repository, blob: &Descriptor) -> Result<BlobStream, StoreError> {
        let wanted = blob.clone();
        let file = blocking(self, move |layout| layout.open_blob_file(&wanted)).await?;
        Ok(Box::pin(VerifiedReader::new(tokio::fs::File::from_std(file), blob)))
    }

    async fn put_blob(
        &self,
        _repository: &Repository,
        blob: &Descriptor,
        mut source: BlobStream,
    ) -> Result<(), StoreError> {
        let wanted = blob.clone();
        let begun = blocking(self, move |layout| {
            layout.keep_hold()?;
            if layout.has(&wanted) {
                return Ok(None);
            }
            layout.begin_blob_as(wanted.digest.algorithm()).map(Some)
        });
        let Some(mut writer) = begun.await? else { return Ok(()) };
        let mut left = blob.size;
        let mut piece = Vec::with_capacity(PIECE);
        loop {
            let read = (&mut source).take(PIECE as u64).read_to_end(&mut piece).await.map_err(from_source)? as u64;
            if read > left {
                let detail = format!("more than {} bytes", blob.size);
                return Err(StoreError::Mismatch { family: "J-03", expected: blob.digest.clone(), detail });
            }
            left -= read;
            if read == 0 {
                break;
            }
            (writer, piece) = blocking(self, move |_| {
                writer.write_piece(&piece)?;
                piece.clear();
                Ok((writer, piece))
            })
            .await?;
        }
        let wanted = blob.clone();
        blocking(self, move |_| writer.commit_expected(&wanted).map(drop)).await
    }

    async fn mount_blob(
        &self,
        _repository: &Repository,
        blob: &Descriptor,
        _from: &Repository,
    ) -> Result<bool, StoreError> {
        let blob = blob.clone();
        blocking(self, move |layout| {
            layout.keep_hold()?;
            Ok(layout.has(&blob))
        })
        .await
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

    async fn put_blobs(&self, _repository: &Repository, blobs: &[SmallBlob]) -> Result<(), StoreError> {
        let blobs = blobs.to_vec();
        blocking(self, move |layout| {
            layout.keep_hold()?;
            layout.put_all(&blobs.iter().map(|blob| (&blob.descriptor, &*blob.bytes)).collect::<Vec<_>>())
        })
        .await
    }

    async fn put_manifests(
        &self,
        repository: &Repository,
        manifests: &[NewManifest],
    ) -> Result<Vec<Descriptor>, StoreError> {
        let (repository, manifests) = (repository.clone(), manifests.to_vec());
        blocking(self, move |layout| put(layout, &repository, &manifests)).await
    }

    async fn remove_tag(&self, repository: &Repository, tag: &Tag) -> Result<(), StoreError> {
        let (repository, tag) = (repository.clone(), tag.clone());
        blocking(self, move |layout| remove(layout, &repository, &tag)).await
    }

    async fn referrers(
        &self,
        _repository: &Repository,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, StoreError> {
        let (subject, artifact_type) = (subject.clone(), artifact_type.map(str::to_owned));
        blocking(self, move |layout| layout.referrers_of(&subject, artifact_type.as_deref())).await
    }
}

/// A [`StoreError`] that travelled through the source's `io::Error` comes out as itself.
fn from_source(error: std::io::Error) -> StoreError {
    match error.downcast::<StoreError>() {
        Ok(inner) => inner,
        Err(source) => StoreError::Io { action: "read", path: "blob".into(), source },
    }
}

/// Stores manifests whose content is all there; then names those that are to have a name, and lists those that are about others.
fn put(layout: &Layout, repository: &Repository, manifests: &[NewManifest]) -> Result<Vec<Descriptor>, StoreError> {
    layout.keep_hold()?;
    let known: Vec<(Descriptor, bool)> =
        manifests.iter().map(|manifest| described(layout, manifest)).collect::<Result<_, _>>()?;
    let documents = known.iter().zip(manifests).map(|((descriptor, _), manifest)| (descriptor, &*manifest.bytes));
    layout.put_all(&documents.collect::<Vec<_>>())?;
    let (mut named, mut listed, mut put) = (Vec::new(), Vec::new(), Vec::new());
    for ((descriptor, is_about), manifest) in known.into_iter().zip(manifests) {
        match &manifest.tag {
            Some(tag) => named.push((format!("{repository}:{tag}"), descriptor.clone())),
            None if is_about => listed.push(descriptor.clone()),
            None => {}
        }
        put.push(descriptor);
    }
    layout.name_and_list(&named, &listed)?;
    Ok(put)
}

/// What a manifest is whose content is all there; and whether it is about another.
fn described(layout: &Layout, new: &NewManifest) -> Result<(Descriptor, bool), StoreError> {
    let NewManifest { media_type, bytes, .. } = new;
    let mut descriptor = Descriptor::of(media_type, bytes);
    let manifest = match Manifest::parse(bytes, Some(media_type)) {
        Ok(manifest) => Some(manifest),
        // Kept as it is (J-10): it names nothing that is understood here.
        Err(ManifestError::Unsupported(_)) => None,
        Err(source) => return Err(layout.manifest_error(&descriptor.digest, source)),
    };
    let named = match &manifest {
        Some(Manifest::Image(image)) => std::iter::once(&image.config).chain(&image.layers).collect(),
        Some(Manifest::Index(index)) => index.manifests.iter().collect(),
        None => Vec::new(),
    };
    if let Some(missing) = named.into_iter().find(|named| named.urls.is_empty() && !layout.has(named)) {
        let what = format!("{}, which manifest {} names,", missing.digest, descriptor.digest);
        return Err(StoreError::NotFound { store: layout.label(), what });
    }
    descriptor.artifact_type = manifest.as_ref().and_then(|manifest| match manifest {
        Manifest::Image(image) => image.artifact_type.clone(),
        Manifest::Index(index) => index.artifact_type.clone(),
    });
    let about = manifest.and_then(|manifest| about(&descriptor, &manifest));
    let is_about = about.is_some();
    layout.remember_about(&descriptor.digest, about);
    Ok((descriptor, is_about))
}

/// Takes a name away. A manifest about another stays listed without it.
fn remove(layout: &Layout, repository: &Repository, tag: &Tag) -> Result<(), StoreError> {
    let mut names = vec![format!("{repository}:{tag}")];
    if layout.bare_repository().as_ref() == Some(repository) {
        names.push(tag.to_string());
    }
    let is_named = |entry: &Descriptor| entry_name(entry).is_some_and(|name| names.iter().any(|n| n == name));
    let removed = layout.change_index(|index| {
        let removed: Vec<Descriptor> = index.entries().iter().filter(|entry| is_named(entry)).cloned().collect();
        index.retain(|entry| !is_named(entry));
        for entry in &removed {
            if layout.about(entry).is_ok_and(|about| about.is_some()) {
                index.list_entry(named_as(entry, None))?;
            }
        }
        Ok(!removed.is_empty())
    })?;
    if removed {
        return Ok(());
    }
    Err(StoreError::NotFound { store: layout.label(), what: names.swap_remove(0) })
}
