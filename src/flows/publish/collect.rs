//! What belongs to an image: the images of its index, and everything attached to any of them. Sends nothing.

use std::collections::BTreeSet;

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use crate::adapters::store::{RawManifest, Selector, StoreError};
use crate::domain::oci::{Descriptor, Digest, Manifest, Tag};
use crate::flows::browse::parse;
use crate::flows::verify::Site;
use crate::report::{Kind, Report};

/// Manifests read together.
const AT_ONCE: usize = 8;
/// How far what is attached to what is attached is followed.
const MAX_DEPTH: usize = 3;
/// Most manifests of one image, with all that is attached.
const MAX_MANIFESTS: usize = 2000;
/// cosign's older tags.
const SUFFIXES: [&str; 3] = ["sig", "att", "sbom"];

/// What is about one manifest: referrers, and what is attached by a tag's name.
type About = (Vec<Descriptor>, Vec<(Tag, RawManifest)>);

/// An image with everything that vouches for it.
pub(super) struct Parcel {
    /// What the tag points to.
    pub(super) top: RawManifest,
    /// The images of its index.
    pub(super) images: Vec<RawManifest>,
    /// What is about one of them, each with what it is about.
    pub(super) referrers: Vec<(Digest, RawManifest)>,
    /// What is attached by a tag's name.
    pub(super) tagged: Vec<(Tag, RawManifest)>,
}

impl Parcel {
    /// Reads every manifest there is of an image.
    pub(super) async fn collect(from: &Site, top: RawManifest) -> Result<Self, Report> {
        let entries = match parse(&*from.store, &from.repository, &top.bytes, &top.descriptor)? {
            Manifest::Image(_) => Vec::new(),
            Manifest::Index(index) => index.manifests,
        };
        if entries.len() > MAX_MANIFESTS {
            return Err(too_many());
        }
        let read = stream::iter(entries.iter().map(|entry| by_digest(from, &entry.digest).boxed()).collect::<Vec<_>>());
        let images: Vec<RawManifest> = read.buffered(AT_ONCE).try_collect().await?;
        if images.iter().any(|image| image.descriptor.is_index()) {
            return Err(Report::message(Kind::Failed, "J-11: an index inside an index is not published"));
        }
        let mut parcel = Self { top, images, referrers: Vec::new(), tagged: Vec::new() };
        parcel.attach(from).await?;
        Ok(parcel)
    }

    async fn attach(&mut self, from: &Site) -> Result<(), Report> {
        let mut seen: BTreeSet<Digest> =
            std::iter::once(&self.top).chain(&self.images).map(|raw| raw.descriptor.digest.clone()).collect();
        let mut subjects: Vec<Digest> = seen.iter().cloned().collect();
        for _ in 0..MAX_DEPTH {
            let asked =
                stream::iter(subjects.iter().map(|subject| attached(from, subject).boxed()).collect::<Vec<_>>());
            let found: Vec<About> = asked.buffered(AT_ONCE).try_collect().await?;
            let mut next = Vec::new();
            for (subject, (referrers, tagged)) in subjects.iter().zip(found) {
                for entry in referrers.into_iter().filter(|entry| seen.insert(entry.digest.clone())) {
                    next.push((subject.clone(), entry.digest));
                }
                for (tag, raw) in tagged {
                    if seen.insert(raw.descriptor.digest.clone()) {
                        self.tagged.push((tag, raw));
                    }
                }
            }
            if seen.len() > MAX_MANIFESTS {
                return Err(too_many());
            }
            let read = stream::iter(next.iter().map(|(_, digest)| by_digest(from, digest).boxed()).collect::<Vec<_>>());
            let read: Vec<RawManifest> = read.buffered(AT_ONCE).try_collect().await?;
            subjects = next.iter().map(|(_, digest)| digest.clone()).collect();
            self.referrers.extend(next.into_iter().map(|(subject, _)| subject).zip(read));
            if subjects.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Every manifest, each before those that name it.
    pub(super) fn manifests(&self) -> impl Iterator<Item = &RawManifest> {
        let attached = self.referrers.iter().map(|(_, raw)| raw).chain(self.tagged.iter().map(|(_, raw)| raw));
        self.images.iter().chain([&self.top]).chain(attached)
    }
}

fn too_many() -> Report {
    Report::message(Kind::Failed, format!("R-13: more than {MAX_MANIFESTS} manifests belong to it"))
}

async fn by_digest(from: &Site, digest: &Digest) -> Result<RawManifest, Report> {
    Ok(from.store.manifest(&from.repository, &Selector::Digest(digest.clone())).await?)
}

/// What is about a manifest: referrers, and cosign's older tags.
async fn attached(from: &Site, subject: &Digest) -> Result<About, Report> {
    let referrers = from.store.referrers(&from.repository, subject, None).await?;
    let mut tagged = Vec::new();
    for suffix in SUFFIXES {
        let name = format!("{}-{}.{suffix}", subject.algorithm().as_str(), subject.encoded());
        // The digest of another algorithm is too long for a tag.
        let Ok(tag) = name.parse::<Tag>() else { continue };
        match from.store.manifest(&from.repository, &Selector::Tag(tag.clone())).await {
            Ok(raw) => tagged.push((tag, raw)),
            Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok((referrers, tagged))
}
