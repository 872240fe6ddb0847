//! Sending a parcel: what is there already stays, blobs of a base are taken over where they lie, the rest streams. Moves no
//! tag before it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use super::collect::Parcel;
use super::legacy;
use super::{Copied, Underway};
use crate::adapters::store::{RawManifest, Selector, StoreError};
use crate::domain::oci::{Descriptor, Digest, Manifest, Repository, Tag};
use crate::flows::browse::parse;
use crate::flows::verify::Site;
use crate::report::{Kind, Report};

/// Blobs and manifests on their way together.
const AT_ONCE: usize = 4;

/// From one place to another.
pub(super) struct Sending<'s> {
    from: &'s Site,
    to: &'s Site,
    /// Repositories beside the target that may have layers.
    mounts: Vec<Repository>,
    tally: Mutex<(Copied, u64)>,
    /// Told after every blob.
    progress: &'s (dyn Fn(Underway) + Send + Sync),
}

impl<'s> Sending<'s> {
    pub(super) fn new(
        from: &'s Site,
        to: &'s Site,
        mounts: Vec<Repository>,
        progress: &'s (dyn Fn(Underway) + Send + Sync),
    ) -> Self {
        Self { from, to, mounts, tally: Mutex::default(), progress }
    }

    /// What was sent, and how much was there already.
    pub(super) fn tally(&self) -> (Copied, u64) {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, change: impl FnOnce(&mut Copied, &mut u64)) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let (copied, skipped) = &mut *tally;
        change(copied, skipped);
    }

    /// Everything but the tag.
    pub(super) async fn send(&self, parcel: &Parcel) -> Result<(), Report> {
        let mut blobs: BTreeMap<Digest, Descriptor> = BTreeMap::new();
        for raw in parcel.manifests() {
            blobs.extend(self.blobs_of(raw)?.into_iter().map(|blob| (blob.digest.clone(), blob)));
        }
        let mut underway = Underway { of: blobs.len() as u64, ..Underway::default() };
        let mut sent = stream::iter(blobs.into_values().map(|blob| self.blob(blob).boxed())).buffer_unordered(AT_ONCE);
        while sent.try_next().await?.is_some() {
            underway.blobs += 1;
            underway.bytes = self.tally().0.bytes;
            (self.progress)(underway);
        }
        drop(sent);
        let manifests: Vec<_> = parcel.images.iter().map(|raw| self.manifest(raw).boxed()).collect();
        stream::iter(manifests).buffer_unordered(AT_ONCE).try_for_each(|()| std::future::ready(Ok(()))).await?;
        self.manifest(&parcel.top).await?;
        self.referrers(parcel).await?;
        for (tag, raw) in &parcel.tagged {
            self.tagged(tag, raw).await?;
        }
        Ok(())
    }

    fn blobs_of(&self, raw: &RawManifest) -> Result<Vec<Descriptor>, Report> {
        Ok(match parse(&*self.from.store, &self.from.repository, &raw.bytes, &raw.descriptor)? {
            // What is to be had elsewhere by its makers' word is not ours to hand on (J-06).
            Manifest::Image(image) => {
                std::iter::once(image.config).chain(image.layers).filter(|blob| blob.urls.is_empty()).collect()
            }
            Manifest::Index(_) => Vec::new(),
        })
    }

    async fn blob(&self, blob: Descriptor) -> Result<(), Report> {
        let (store, repository) = (&self.to.store, &self.to.repository);
        let mut is_there = store.has_blob(repository, &blob).await?;
        for beside in self.mounts.iter().filter(|beside| *beside != repository) {
            if is_there {
                break;
            }
            is_there = store.mount_blob(repository, &blob, beside).await?;
        }
        if is_there {
            self.count(|_, skipped| *skipped += 1);
            return Ok(());
        }
        let source = self.from.store.open_blob(&self.from.repository, &blob).await?;
        store.put_blob(repository, &blob, source).await?;
        self.count(|copied, _| {
            copied.blobs += 1;
            copied.bytes += blob.size;
        });
        Ok(())
    }

    async fn manifest(&self, raw: &RawManifest) -> Result<(), Report> {
        let is_there = self.is_there(&Selector::Digest(raw.descriptor.digest.clone())).await?.is_some();
        if is_there {
            self.count(|_, skipped| *skipped += 1);
            return Ok(());
        }
        self.put(None, raw).await
    }

    async fn put(&self, tag: Option<&Tag>, raw: &RawManifest) -> Result<(), Report> {
        let kind = &raw.descriptor.media_type;
        let put = self.to.store.put_manifest(&self.to.repository, tag, kind, &raw.bytes).await?;
        if put.digest != raw.descriptor.digest && put.digest.algorithm() == raw.descriptor.digest.algorithm() {
            let message = format!("{} became {}", raw.descriptor.digest, put.digest);
            return Err(Report::message(Kind::Failed, message));
        }
        self.count(|copied, _| copied.manifests += 1);
        Ok(())
    }

    /// The digest behind a name at the target, where there is one.
    async fn is_there(&self, selector: &Selector) -> Result<Option<Digest>, Report> {
        match self.to.store.resolve(&self.to.repository, selector).await {
            Ok(found) => Ok(Some(found.digest)),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A referrer is there when it is listed: one whose sender was stopped between the two is sent again.
    async fn referrers(&self, parcel: &Parcel) -> Result<(), Report> {
        let mut listed: BTreeMap<&Digest, BTreeSet<Digest>> = BTreeMap::new();
        for (subject, raw) in &parcel.referrers {
            if !listed.contains_key(subject) {
                let found = self.to.store.referrers(&self.to.repository, subject, None).await?;
                listed.insert(subject, found.into_iter().map(|entry| entry.digest).collect());
            }
            let own = &raw.descriptor.digest;
            let is_listed = listed.get(subject).is_some_and(|found| found.contains(own));
            if is_listed && self.is_there(&Selector::Digest(own.clone())).await?.is_some() {
                self.count(|_, skipped| *skipped += 1);
            } else {
                // One after the other: they share the list that names them.
                self.put(None, raw).await?;
            }
        }
        Ok(())
    }

    /// cosign's older tags; signatures others have put there stay.
    async fn tagged(&self, tag: &Tag, raw: &RawManifest) -> Result<(), Report> {
        let selector = Selector::Tag(tag.clone());
        let there = match self.is_there(&selector).await? {
            None => return self.put(Some(tag), raw).await,
            Some(digest) if digest == raw.descriptor.digest => None,
            Some(_) => Some(self.to.store.manifest(&self.to.repository, &selector).await?),
        };
        let joined = match there {
            None => None,
            Some(there) => legacy::joined(self.to, &there, raw).await?,
        };
        match joined {
            None => self.count(|_, skipped| *skipped += 1),
            Some(joined) => self.put(Some(tag), &joined).await?,
        }
        Ok(())
    }

    /// Reads the images back: what verifies next is what is there, not what is remembered.
    pub(super) async fn check(&self, parcel: &Parcel) -> Result<(), Report> {
        for raw in parcel.images.iter().chain([&parcel.top]) {
            let selector = Selector::Digest(raw.descriptor.digest.clone());
            let there = self.to.store.manifest(&self.to.repository, &selector).await?;
            if there.bytes != raw.bytes {
                let message = format!("R-10: {} gives other bytes for {selector}", self.to.store.name());
                return Err(Report::message(Kind::Failed, message));
            }
        }
        Ok(())
    }

    /// Moves the tag, unless it points there already.
    pub(super) async fn name(&self, top: &RawManifest, tag: &Tag) -> Result<(), Report> {
        match self.is_there(&Selector::Tag(tag.clone())).await? {
            Some(digest) if digest == top.descriptor.digest => {
                self.count(|_, skipped| *skipped += 1);
                Ok(())
            }
            _ => self.put(Some(tag), top).await,
        }
    }
}
