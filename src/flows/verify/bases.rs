//! The chain: an image, its base, its base's base. Names and digests that images tell only say where to look; that one is the
//! base of the other is proven by diffIDs. Reads documents, no layer.

use super::inquiry::{Inquiry, Site};
use super::reading::{Documents, Unread};
use crate::adapters::store::StoreError;
use crate::domain::oci::{Digest, ImageRef, Manifest, Platform, Tag, annotation};
use crate::domain::text::escape;
use crate::domain::trust::attest::predicate;
use crate::domain::trust::{Gap, reason};
use crate::flows::Context;
use crate::flows::compare::{one_line, told_base};
use crate::report::Report;

/// Most bases below each other.
const MAX_DEPTH: usize = 16;

/// One image of a chain.
pub(super) struct Rung {
    /// How it is named: as it was asked for, or as its child names it.
    pub(super) reference: String,
    pub(super) tag: Option<Tag>,
    pub(super) site: Site,
    pub(super) documents: Documents,
    /// An index it may have been found through.
    pub(super) index_hint: Option<Digest>,
    /// How many of its layers are its base's.
    pub(super) inherited: u32,
    /// Whether its layers are the beginning of the uppermost image's.
    pub(super) is_prefix: bool,
}

/// An image with its bases, as far as they can be had.
pub(super) struct Ladder {
    /// The image first.
    pub(super) rungs: Vec<Rung>,
    /// Why it ends before its foot.
    pub(super) gap: Option<Gap>,
}

/// Where a base is said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hint {
    /// Its name.
    pub(super) name: String,
    /// Its manifest, or an index of it.
    pub(super) digest: Option<Digest>,
    /// An index of it.
    pub(super) index: Option<Digest>,
    /// The baker names it: it is the base, or verifying fails.
    pub(super) is_given: bool,
}

/// Why a base was not put on the ladder.
enum Missed {
    Gap(Gap),
    /// The store it is said to be in has not got it.
    Elsewhere(Gap),
}

impl From<Unread> for Missed {
    fn from(unread: Unread) -> Self {
        let absent = matches!(unread, Unread::Store(StoreError::NotFound { .. }));
        let gap = Gap::from(unread);
        if absent { Self::Elsewhere(gap) } else { Self::Gap(gap) }
    }
}

/// Finds the bases below an image.
pub(super) struct Climb<'c> {
    pub(super) context: &'c Context,
    pub(super) inquiry: &'c Inquiry,
    pub(super) platform: &'c Platform,
}

impl Climb<'_> {
    /// The chain that begins at `top`; its base is the one `given`, else the one it tells.
    pub(super) async fn down(&self, top: Rung, given: Option<Hint>) -> Ladder {
        let mut ladder = Ladder { rungs: vec![top], gap: None };
        let mut given = given;
        loop {
            let hint = match (given.take(), ladder.rungs.last()) {
                (Some(hint), _) => hint,
                (None, Some(rung)) => match self.told(rung).await {
                    Some(hint) => hint,
                    None => return ladder,
                },
                (None, None) => return ladder,
            };
            match self.below(&ladder.rungs, &hint).await {
                Err(gap) => {
                    ladder.gap = Some(gap);
                    return ladder;
                }
                Ok((rung, inherited)) => {
                    if let Some(child) = ladder.rungs.last_mut() {
                        child.inherited = inherited.unwrap_or(0);
                    }
                    ladder.rungs.push(rung);
                    // What lies below a base that is none says nothing of the image.
                    if inherited.is_none() {
                        return ladder;
                    }
                }
            }
        }
    }

    /// What an image tells of its base: its annotations, else a provenance that somebody trusted has signed.
    async fn told(&self, rung: &Rung) -> Option<Hint> {
        let documents = &rung.documents;
        let index = documents.index.as_ref().and_then(|(_, index)| index.annotations.get(annotation::BASE_DIGEST));
        let index = index.and_then(|text| text.parse().ok());
        if let Some((name, digest)) = told_base(&documents.manifest.annotations) {
            let digest = digest.and_then(|text| text.parse().ok());
            return Some(Hint { name, digest, index, is_given: false });
        }
        let attached = self.inquiry.attached(&rung.site, &documents.digest).await.ok()?;
        let provenance =
            attached.good(predicate::PROVENANCE).find_map(|seen| base_of_provenance(seen.predicate.as_ref()?))?;
        Some(Hint { index, ..provenance })
    }

    /// The next rung, and how many layers it brings to the one above; `None` where it is not its base.
    async fn below(&self, above: &[Rung], hint: &Hint) -> Result<(Rung, Option<u32>), Gap> {
        let unusable = |why: String| Gap { reason: reason::UNUSABLE, why };
        let Some(child) = above.last() else { return Err(unusable("nothing has that base".into())) };
        if above.len() > MAX_DEPTH {
            return Err(unusable(format!("more than {MAX_DEPTH} bases below each other")));
        }
        let mut rung = self.find(child, hint).await?;
        if above.iter().any(|other| other.documents.digest == rung.documents.digest) {
            return Err(unusable(format!("the bases go in a circle: {} is below itself", escape(&hint.name))));
        }
        let ids = &rung.documents.config.rootfs.diff_ids;
        let proven = child.documents.config.rootfs.diff_ids.starts_with(ids);
        if !proven && !hint.is_given && hint.digest.is_none() {
            // Only a name was told, and names move: what is there now says nothing of what was.
            let why = format!("its base's digest is not told, and {} is another image now", escape(&hint.name));
            return Err(Gap { reason: reason::NOT_FOUND, why });
        }
        let inherited = proven.then(|| u32::try_from(ids.len()).unwrap_or(u32::MAX));
        rung.is_prefix = proven && child.is_prefix;
        Ok((rung, inherited))
    }

    /// The base where it is said to be; else, since its maker may have called its own store something, where the child is.
    async fn find(&self, child: &Rung, hint: &Hint) -> Result<Rung, Gap> {
        let beside = || hint.digest.as_ref().and_then(|digest| beside(child, &hint.name, digest));
        // What an image of another store calls local is local to whoever made it.
        if !child.site.law.is_local
            && hint.name.starts_with("local/")
            && let Some((site, image)) = beside()
            && let Ok(rung) = self.at(site, &image, hint).await
        {
            let reference = ImageRef { digest: None, ..image }.to_string();
            return Ok(Rung { reference, ..rung });
        }
        let named = match self.context.parse_reference(&hint.name) {
            Ok(image) => {
                let (tag, digest) = (image.tag_or_latest(), hint.digest.clone().or(image.digest.clone()));
                let image = ImageRef { tag, digest, ..image };
                match Site::of(self.context, &image) {
                    Ok(site) => self.at(site, &image, hint).await,
                    Err(report) => Err(Missed::Elsewhere(super::reading::gap_of_report(&report))),
                }
            }
            Err(report) => Err(Missed::Elsewhere(Gap { reason: reason::NOT_FOUND, why: one_line(&report) })),
        };
        let gap = match named {
            Ok(rung) => return Ok(rung),
            Err(Missed::Gap(gap)) => return Err(gap),
            Err(Missed::Elsewhere(gap)) => gap,
        };
        match beside() {
            Some((site, image)) => self.at(site, &image, hint).await.map_err(|_| gap),
            None => Err(gap),
        }
    }

    async fn at(&self, site: Site, image: &ImageRef, hint: &Hint) -> Result<Rung, Missed> {
        let digest = match (&image.digest, &image.tag) {
            (Some(digest), _) => digest.clone(),
            (None, Some(tag)) => self.inquiry.tag(&site, tag).await.map_err(Missed::Gap)?,
            (None, None) => {
                let why = format!("{} names no tag and no digest", escape(&hint.name));
                return Err(Missed::Gap(Gap { reason: reason::NOT_FOUND, why }));
            }
        };
        let documents = site.reading(self.context).image(&digest, Some(self.platform)).await?;
        Ok(Rung {
            reference: hint.name.clone(),
            tag: image.tag.clone(),
            site,
            documents,
            index_hint: hint.index.clone(),
            inherited: 0,
            is_prefix: false,
        })
    }

    /// The index an image was found through, where one of those that may be it lists the image.
    pub(super) async fn index_of(&self, rung: &Rung, tag_now: Option<&Digest>) -> Option<Digest> {
        if let Some((digest, _)) = &rung.documents.index {
            return Some(digest.clone());
        }
        let own = &rung.documents.digest;
        for candidate in rung.index_hint.iter().chain(tag_now).filter(|candidate| *candidate != own) {
            let read = rung.site.reading(self.context).manifest(candidate).await;
            if let Ok(Manifest::Index(index)) = read
                && index.manifests.iter().any(|entry| entry.digest == *own)
            {
                return Some(candidate.clone());
            }
        }
        None
    }
}

/// The base a provenance names, with the digest its resolved dependencies give it.
fn base_of_provenance(predicate: &serde_json::Value) -> Option<Hint> {
    let name = predicate.pointer("/buildDefinition/externalParameters/base")?.as_str()?;
    let listed = predicate.pointer("/buildDefinition/resolvedDependencies").and_then(|listed| listed.as_array());
    let is_base =
        |entry: &&serde_json::Value| ["name", "uri"].iter().any(|key| entry.get(key).is_some_and(|is| is == name));
    let base = listed.into_iter().flatten().take(1000).find(is_base);
    let hex = base.and_then(|entry| entry.pointer("/digest/sha256")).and_then(|hex| hex.as_str());
    let digest = hex.and_then(|hex| format!("sha256:{hex}").parse().ok());
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    Some(Hint { name: name.to_owned(), digest, index: None, is_given: false })
}

/// Whether a provenance is of a recipe that names no base.
pub(super) fn begins_with_nothing(predicate: &serde_json::Value) -> bool {
    let parameters = predicate.pointer("/buildDefinition/externalParameters");
    parameters
        .is_some_and(|told| told.get("recipe").is_some_and(serde_json::Value::is_object) && told.get("base").is_none())
}

/// The child's own store, with the repository the base's name ends in.
fn beside(child: &Rung, name: &str, digest: &Digest) -> Option<(Site, ImageRef)> {
    let (_, path) = name.split_once('/')?;
    let (path, tag) = match path.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, tag.parse().ok()),
        _ => (path, None),
    };
    let repository: crate::domain::oci::Repository = path.parse().ok()?;
    let old = child.site.law.repository.clone();
    let rename = |text: &str| text.strip_suffix(&*old).map(|prefix| format!("{prefix}{repository}"));
    // A site whose store was opened by its host has the whole path as its repository.
    let full = rename(child.site.repository.as_str())?.parse().ok()?;
    let mut site = child.site.clone();
    site.full_name = rename(&child.site.full_name)?;
    site.law.names = site.law.names.iter().filter_map(|name| rename(name)).collect();
    site.law.repository = repository.to_string();
    site.repository = full;
    let place = crate::domain::oci::Place::Store(site.law.store.clone().unwrap_or_default());
    Some((site, ImageRef { place, repository: Some(repository), tag, digest: Some(digest.clone()) }))
}

impl Hint {
    /// The base the baker names.
    pub(super) fn given(context: &Context, text: &str) -> Result<Self, Report> {
        let image = context.parse_reference(text)?;
        let name = ImageRef { digest: None, ..image.clone() }.to_string();
        Ok(Self { name, digest: image.digest, index: None, is_given: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provenance_tells_the_base_or_that_there_is_none() {
        let hex = "a".repeat(64);
        let predicate = serde_json::json!({"buildDefinition": {
            "externalParameters": {"recipe": {"name": "team/app"}, "base": "registry.example/global/os:12"},
            "resolvedDependencies": [
                {"name": "app.yaml", "digest": {"sha256": "b"}},
                {"name": "registry.example/global/os:12", "digest": {"sha256": hex}},
            ],
        }});
        let hint = base_of_provenance(&predicate).unwrap();
        assert_eq!(hint.name, "registry.example/global/os:12");
        assert_eq!(hint.digest.unwrap().encoded(), hex);
        assert!(!begins_with_nothing(&predicate));
        let scratch = serde_json::json!({"buildDefinition": {"externalParameters": {"recipe": {"name": "global/os"}}}});
        assert!(begins_with_nothing(&scratch));
        for nothing in [serde_json::json!({}), serde_json::json!({"buildDefinition": {"externalParameters": {}}})] {
            assert!(base_of_provenance(&nothing).is_none() && !begins_with_nothing(&nothing));
        }
    }
}
