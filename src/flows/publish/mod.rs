//! Publishing: an image with everything that vouches for it, copied to where others take it from. What does not verify here is
//! not sent; what does not verify there gets no name. Killed at any point, the tag is what it was, or what it should be.
//!
//! Order: blobs, manifests by digest, what is attached, verifying there, the tag. Nothing that is there is sent again.

mod collect;
mod legacy;
mod send;

use serde::Serialize;

use self::collect::Parcel;
use self::send::Sending;
use super::Context;
use super::verify::{Site, VerifyOptions, ending};
use crate::adapters::store::{RawManifest, Selector, StoreError};
use crate::domain::oci::{Digest, ImageRef, Place, Repository, Tag};
use crate::domain::text::escape;
use crate::domain::trust::rules::explain;
use crate::domain::trust::{CheckVerdict, Signer, Verified, reason};
use crate::report::{Kind, Report};

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Published {
    /// Where it is now.
    pub reference: String,
    /// The image, or the index of several.
    pub digest: Digest,
    /// What was sent.
    pub copied: Copied,
    /// Blobs and manifests that were there already.
    pub skipped: u64,
    /// What verifying it there came to.
    pub verified: CheckVerdict,
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Layers, configs, payloads.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Manifests, indexes and tags.
    pub manifests: u64,
}

/// What publishing would do, found out without sending anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishPlan {
    /// The image as asked for.
    pub reference: String,
    /// Where it would be.
    pub target: String,
    /// Under which tag.
    pub tag: String,
    /// The image, or the index of several.
    pub digest: Digest,
    /// What verifying it here came to.
    pub verified: CheckVerdict,
    /// Who signed it.
    pub signed_by: Vec<Signer>,
}

/// How far publishing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Underway {
    /// Blobs that are there by now.
    pub blobs: u64,
    /// Blobs in all.
    pub of: u64,
    /// Bytes sent.
    pub bytes: u64,
}

impl Context {
    /// What publishing an image would do; refuses what publishing it would refuse before anything is sent.
    pub async fn plan_publish(&self, text: &str) -> Result<PublishPlan, Report> {
        let image = self.parse_reference(text)?;
        let (target, tag) = self.destination(&image, None)?;
        let raw = top(&Site::of(self, &image)?, &image).await?;
        let digest = raw.descriptor.digest;
        let verified = self.verify(&image.pinned(digest.clone()).to_string(), &VerifyOptions::default()).await?;
        admit(&verified, &format!("{} is not published", escape(text)))?;
        let signers = verified.chain.first().map(|level| level.signed_by.as_slice()).unwrap_or_default();
        Ok(PublishPlan {
            reference: text.to_owned(),
            target: target.to_string(),
            tag: tag.to_string(),
            digest,
            verified: verified.verdict,
            signed_by: signers.to_vec(),
        })
    }

    /// Publishes one image: to `to`, else under the local store's `publish` prefix with its own name and tag.
    pub async fn publish(&self, text: &str, to: Option<&str>) -> Result<Published, Report> {
        self.publish_watched(text, to, |_| {}).await
    }

    /// The same; `progress` is told how far it is after every blob.
    pub async fn publish_watched(
        &self,
        text: &str,
        to: Option<&str>,
        progress: impl Fn(Underway) + Send + Sync,
    ) -> Result<Published, Report> {
        let image = self.parse_reference(text)?;
        let (target, tag) = self.destination(&image, to)?;
        let from = Site::of(self, &image)?;
        let raw = top(&from, &image).await?;
        let digest = raw.descriptor.digest.clone();
        let pinned = image.pinned(digest.clone());
        let verified = self.verify(&pinned.to_string(), &VerifyOptions::default()).await?;
        admit(&verified, &format!("{} is not published", escape(text)))?;
        let site = Site::of(self, &target)?;
        let parcel = Parcel::collect(&from, raw).await?;
        let sending = Sending::new(&from, &site, self.mounts(&target, &verified), &progress);
        sending.send(&parcel).await?;
        let there = ImageRef { tag: None, ..target.pinned(digest.clone()) };
        sending.check(&parcel).await?;
        let verified = self.verify(&there.to_string(), &VerifyOptions::default()).await?;
        admit(&verified, &format!("{target} does not get the name: what was sent does not verify there"))?;
        sending.name(&parcel.top, &tag).await?;
        let (copied, skipped) = sending.tally();
        Ok(Published { reference: target.to_string(), digest, copied, skipped, verified: verified.verdict })
    }

    /// Where an image goes, and under which tag.
    fn destination(&self, image: &ImageRef, to: Option<&str>) -> Result<(ImageRef, Tag), Report> {
        let target = match to {
            Some(to) => self.parse_reference(to)?,
            None => {
                let settings = self.store_settings("local")?;
                let Some((host, prefix)) = &settings.publish else {
                    return Err(Report::message(Kind::Usage, "the store `local` names no place to publish to")
                        .help("add `publish: registry.example/prefix` to it in bakery.yaml, or name one with --to"));
                };
                let name = image.repository.as_ref().ok_or_else(|| {
                    Report::message(Kind::Usage, format!("{image} names no repository to publish as")).help("use --to")
                })?;
                let path = prefix.as_ref().map_or_else(|| name.to_string(), |prefix| format!("{prefix}/{name}"));
                let repository: Repository = path.parse().map_err(|error| Report::new(Kind::Usage, &error))?;
                let place = Place::Registry(host.clone());
                ImageRef { place, repository: Some(repository), tag: None, digest: None }
            }
        };
        if target.digest.is_some() {
            return Err(Report::message(
                Kind::Usage,
                format!("{target}: a digest is what one gets, not where one publishes"),
            )
            .help("name the repository and a tag"));
        }
        let tag = target.tag.clone().or_else(|| image.tag_or_latest()).ok_or_else(|| {
            Report::message(Kind::Usage, format!("{image} names no tag to publish under"))
                .help("name one: local/NAME:TAG, or --to PLACE/NAME:TAG")
        })?;
        Ok((ImageRef { tag: Some(tag.clone()), ..target }, tag))
    }

    /// Repositories beside the target that have the bases' layers.
    fn mounts(&self, target: &ImageRef, verified: &Verified) -> Vec<Repository> {
        let Place::Registry(host) = &target.place else { return Vec::new() };
        let bases = verified.chain.iter().skip(1).filter_map(|level| self.parse_reference(&level.reference).ok());
        let beside = bases.filter_map(|base| self.in_registry(&base));
        let beside = beside.filter(|(other, _)| other == host).map(|(_, repository)| repository);
        let mut beside: Vec<Repository> = beside.collect();
        beside.sort_unstable();
        beside.dedup();
        beside
    }
}

/// What a name points to, asked once.
async fn top(from: &Site, image: &ImageRef) -> Result<RawManifest, Report> {
    let selector = match (&image.digest, image.tag_or_latest()) {
        (Some(digest), _) => Selector::Digest(digest.clone()),
        (None, Some(tag)) => Selector::Tag(tag),
        (None, None) => return Err(Report::message(Kind::Usage, format!("{image} names no tag and no digest"))),
    };
    let found = from.store.manifest(&from.repository, &selector).await;
    found.map_err(|error: StoreError| Report::from(error).while_doing(format!("{image} cannot be published")))
}

/// Lets only pass what verifies and is signed by somebody its store trusts, whatever the policy asks.
fn admit(verified: &Verified, refusal: &str) -> Result<(), Report> {
    let unsigned = verified.chain.first().is_none_or(|level| level.signed_by.is_empty());
    let kind = match ending(verified) {
        Ok(()) if !unsigned => return Ok(()),
        Ok(()) => Kind::Rejected,
        Err(kind) => kind,
    };
    let mut report = Report::message(kind, refusal);
    for (level, check) in verified.blocking().take(MAX_CAUSES) {
        let first = check.finding.evidence.first().map(|line| format!(": {}", escape(line))).unwrap_or_default();
        let (image, id, reason) = (&level.reference, escape(&check.id), escape(&check.finding.reason));
        report.causes.push(format!("{image}: {id} {}: {reason}{first}", check.finding.verdict.as_str()));
    }
    if unsigned && !report.causes.iter().any(|cause| cause.contains(reason::UNSIGNED)) {
        report.causes.push("nobody its store trusts has signed it".into());
    }
    let mend = verified.blocking().map(|(_, check)| explain(&check.id, &check.finding.reason).mend);
    Err(match mend.into_iter().find(|mend| !mend.is_empty()) {
        Some(mend) => report.help(mend),
        None if unsigned => report.help(
            "give the store `local` a `key` and its public half under `keys` in bakery.yaml, and bake again: baking signs",
        ),
        None => report.help("`bakery verify` shows the whole chain"),
    })
}

/// Most checks told where something is refused.
const MAX_CAUSES: usize = 8;
