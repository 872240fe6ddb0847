//! The image that is to be rebased, the base it is on, the base it goes to. Reads documents only.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::home::Home;
use super::told::RebaseOptions;
use crate::adapters::store::{KeptDocuments, Selector, Store};
use crate::domain::lineage::Standing;
use crate::domain::oci::{
    Descriptor, Digest, ImageIndex, ImageRef, Manifest, Place, Platform, Repository, Tag, annotation,
};
use crate::domain::rebase::ran_programs;
use crate::domain::text::escape;
use crate::domain::trust::Verified;
use crate::domain::trust::attest::Dependency;
use crate::flows::Context;
use crate::flows::compare::{one_line, told_base};
use crate::flows::verify::{Documents, Inquiry, Reading, Site, images_of};
use crate::report::{Kind, Report};

/// Why it may not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A stable word for it.
    pub reason: &'static str,
    /// In words; escaped.
    pub why: String,
}

impl Refusal {
    pub(super) fn new(reason: &'static str, why: impl AsRef<str>) -> Self {
        Self { reason, why: escape(why.as_ref()) }
    }
}

/// What an image of ours is called.
pub(super) struct OwnName {
    reference: ImageRef,
    pub(super) placed: ImageRef,
    pub(super) home: Home,
    tag: Tag,
}

/// An image of ours, with its documents.
pub(super) struct OwnImage {
    /// As it was named.
    pub(super) reference: ImageRef,
    /// The same; of an image in a registry, by the registry's own name.
    pub(super) placed: ImageRef,
    pub(super) home: Home,
    pub(super) site: Site,
    pub(super) repository: Repository,
    pub(super) tag: Tag,
    pub(super) digest: Digest,
    pub(super) index: Option<ImageIndex>,
    /// Each platform's image, in the index's order, with its entry there.
    pub(super) parts: Vec<(Platform, Documents, Option<Descriptor>)>,
}

impl OwnImage {
    /// `NAME:TAG`.
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }

    /// Whether programs had a hand in its own layers, on any platform.
    pub(super) fn ran_programs(&self, bases: &Bases) -> bool {
        self.parts.iter().any(|(platform, child, _)| {
            let base = bases.parts.get(platform).map_or(&[][..], |(old, _)| &old.config.history);
            ran_programs(&child.config.history, base)
        })
    }

    /// Its layers, of all platforms.
    pub(super) fn layers(&self) -> impl Iterator<Item = &Descriptor> {
        self.parts.iter().flat_map(|(_, documents, _)| &documents.manifest.layers)
    }

    /// Its layers above the base, of all platforms.
    pub(super) fn own_layers<'i>(&'i self, bases: &'i Bases) -> impl Iterator<Item = &'i Descriptor> {
        self.parts.iter().flat_map(|(platform, child, _)| {
            let below = bases.parts.get(platform).map_or(0, |(old, _)| old.manifest.layers.len());
            child.manifest.layers.iter().skip(below)
        })
    }

    pub(super) fn dependency(&self) -> Dependency {
        Dependency { name: self.reference.to_string(), digest: self.digest.clone() }
    }

    /// What it says of its base.
    fn told(&self) -> Option<(String, Digest)> {
        let of_index = self.index.as_ref().and_then(|index| told_base(&index.annotations));
        let told = of_index.or_else(|| told_base(&self.parts.first()?.1.manifest.annotations));
        told.and_then(|(name, digest)| Some((name, digest?.parse().ok()?)))
    }
}

/// The base it is on and the base it goes to.
pub(super) struct Bases {
    /// As recipes name it.
    pub(super) name: String,
    /// How the one it is on is named.
    pub(super) was: String,
    /// Manifest or index it is on.
    pub(super) old: Digest,
    /// Manifest or index it goes to.
    pub(super) new: Digest,
    /// Whether its tag said so just now.
    is_told: bool,
    /// By platform: what it is on, and what it goes to.
    pub(super) parts: BTreeMap<Platform, (Documents, Documents)>,
    pub(super) store: Arc<dyn Store>,
    pub(super) repository: Repository,
}

impl Bases {
    /// Whether every platform stays where it is.
    pub(super) fn is_same(&self) -> bool {
        self.parts.values().all(|(old, new)| old.digest == new.digest)
    }

    /// The layers it goes to, of all platforms.
    pub(super) fn new_layers(&self) -> impl Iterator<Item = &Descriptor> {
        self.parts.values().flat_map(|(_, new)| &new.manifest.layers)
    }

    /// The base before, and what takes its place.
    pub(super) fn dependencies(&self) -> (Dependency, Vec<Dependency>) {
        let named = |digest: &Digest| Dependency { name: self.name.clone(), digest: digest.clone() };
        let mut onto = vec![named(&self.new)];
        onto.extend(self.parts.values().map(|(_, new)| &new.digest).filter(|part| **part != self.new).map(named));
        (named(&self.old), onto)
    }
}

impl Context {
    /// An image of the local store or of a registry, by its name and tag. Opens nothing.
    pub(super) fn own_name(&self, text: &str) -> Result<OwnName, Report> {
        let reference = self.parse_reference(text)?;
        let is_local = matches!(&reference.place, Place::Store(name) if name == "local");
        let (home, placed) = match self.in_registry(&reference) {
            _ if is_local => (Home::Local, reference.clone()),
            Some((host, repository)) => {
                let place = Place::Registry(host);
                (Home::Registry, ImageRef { place, repository: Some(repository), ..reference.clone() })
            }
            None => return Err(not_ours(text)),
        };
        let tag = reference.tag_or_latest().filter(|_| reference.digest.is_none());
        let tag = tag.ok_or_else(|| not_ours(text))?;
        Ok(OwnName { reference, placed, home, tag })
    }

    /// The image so called.
    pub(super) async fn own_image(&self, name: OwnName) -> Result<OwnImage, Report> {
        let OwnName { reference, placed, home, tag } = name;
        let site = Site::of(self, &placed)?;
        let (store, repository) = (Arc::clone(&site.store), site.repository.clone());
        let digest = store.resolve(&repository, &Selector::Tag(tag.clone())).await?.digest;
        let reading = Reading { kept: KeptDocuments::new(&self.paths.cache), store: &store, repository: &repository };
        let mut parts = Vec::new();
        let index = match reading.manifest(&digest).await? {
            Manifest::Image(_) => {
                let documents = reading.image(&digest, None).await?;
                parts.push((documents.config.platform(), documents, None));
                None
            }
            Manifest::Index(index) => {
                for entry in images_of(&index)? {
                    let documents = reading.child(&entry.digest, (digest.clone(), index.clone())).await?;
                    let platform = entry.platform.as_ref().map(|platform| platform.to_platform());
                    let platform = platform.unwrap_or_else(|| documents.config.platform());
                    parts.push((platform, documents, Some(entry.clone())));
                }
                Some(index)
            }
        };
        Ok(OwnImage { reference, placed, home, site, repository, tag, digest, index, parts })
    }

    /// Its bases; a refusal where it has none, or none that fits.
    pub(super) async fn bases(
        &self,
        image: &OwnImage,
        options: &RebaseOptions,
    ) -> Result<Result<Bases, Refusal>, Report> {
        let (name, old) = match self.base_below(image, options).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let onto = self.parse_reference(options.onto.as_deref().unwrap_or(&name))?;
        let (store, repository) = self.open(&onto)?;
        let new = resolved(&onto, (&*store, &repository)).await?;
        let was = self.parse_reference(&name)?;
        let (old_store, old_repository) = self.open(&was)?;
        let kept = || KeptDocuments::new(&self.paths.cache);
        let before = Reading { kept: kept(), store: &old_store, repository: &old_repository };
        let after = Reading { kept: kept(), store: &store, repository: &repository };
        let mut parts = BTreeMap::new();
        for (platform, documents, _) in &image.parts {
            let below = match before.image(&old, Some(platform)).await {
                Ok(below) => below,
                Err(unread) => {
                    let why = one_line(&unread.into());
                    let why = format!("{name}@{old}, which it is on, cannot be read for {platform}: {why}");
                    return Ok(Err(Refusal::new("base.unread", why)));
                }
            };
            if !documents.config.rootfs.diff_ids.starts_with(&below.config.rootfs.diff_ids) {
                let why = format!("its layers for {platform} do not begin with those of {name}@{old}");
                return Ok(Err(Refusal::new("base.not-below", why)));
            }
            match after.image(&new, Some(platform)).await {
                Ok(above) => parts.insert(platform.clone(), (below, above)),
                Err(unread) => {
                    let why = format!("{onto} cannot be had for {platform}: {}", one_line(&unread.into()));
                    return Ok(Err(Refusal::new("base.platform", why)));
                }
            };
        }
        let (tag, is_told) = (onto.tag_or_latest(), onto.digest.is_none());
        let was = ImageRef { digest: None, tag: was.tag_or_latest(), ..was }.to_string();
        let name = ImageRef { digest: None, tag, ..onto }.to_string();
        Ok(Ok(Bases { name, was, old, new, is_told, parts, store, repository }))
    }

    /// The base it is on: as it was named, as it says itself, else found by its layers.
    async fn base_below(
        &self,
        image: &OwnImage,
        options: &RebaseOptions,
    ) -> Result<Result<(String, Digest), Refusal>, Report> {
        if let Some(named) = &options.base {
            let base = self.parse_reference(named)?;
            let (store, repository) = self.open(&base)?;
            let digest = resolved(&base, (&*store, &repository)).await?;
            return Ok(Ok((ImageRef { digest: None, ..base }.to_string(), digest)));
        }
        if let Some(told) = image.told() {
            return Ok(Ok(told));
        }
        let lineage = self.lineage().await;
        let graph = &lineage.graph;
        let number = graph.find(&image.digest);
        let edge = number.and_then(|number| graph.base(number));
        let follows = number.and_then(|number| match graph.standing(number) {
            Standing::Current { follows } | Standing::Stale { follows, .. } | Standing::Unknown { follows } => {
                Some(follows.clone())
            }
            Standing::Through { .. } => graph.images()[edge?.base].places.first().map(ToString::to_string),
            Standing::Root => None,
        });
        Ok(match (edge, follows) {
            (Some(edge), Some(follows)) => Ok((follows, graph.images()[edge.base].digest.clone())),
            _ => Err(Refusal::new("base.unknown", "nothing it is built on was found in the stores of this workspace")),
        })
    }

    /// The new base, verified as a bake's would be.
    pub(super) async fn verified_base(&self, bases: &Bases, allow_downgrade: bool) -> Result<Verified, Report> {
        let platforms = bases.parts.iter().map(|(platform, (_, new))| (platform.clone(), new.digest.clone()));
        let platforms: BTreeMap<Platform, Digest> = platforms.collect();
        let inquiry = Inquiry::of_pinned(self);
        let base = self.parse_reference(&bases.name)?;
        if let Some(tag) = base.tag_or_latest().filter(|_| bases.is_told) {
            inquiry.told(&Site::of(self, &base)?, &tag, &bases.new).await;
        }
        self.verify_base_by(&inquiry, (&bases.name, &bases.new), &platforms, allow_downgrade).await
    }
}

fn not_ours(text: &str) -> Report {
    let message = format!("{}: only tags of the local store and of registries are rebased", escape(text));
    Report::message(Kind::Usage, message)
        .help("name one: local/NAME:TAG, or REGISTRY/NAME:TAG under a store with a key of yours")
}

/// Names the base anew in what an image says of itself.
pub(super) fn renamed(annotations: &mut crate::domain::oci::Annotations, name: &str, digest: &Digest) {
    annotations.insert(annotation::BASE_NAME.into(), name.to_owned());
    annotations.insert(annotation::BASE_DIGEST.into(), digest.to_string());
}

/// What a reference names: its digest, else where its tag points now.
async fn resolved(image: &ImageRef, (store, repository): (&dyn Store, &Repository)) -> Result<Digest, Report> {
    match (&image.digest, image.tag_or_latest()) {
        (Some(digest), _) => Ok(digest.clone()),
        (None, Some(tag)) => Ok(store.resolve(repository, &Selector::Tag(tag)).await?.digest),
        (None, None) => Err(Report::message(Kind::Usage, format!("{image} names no tag and no digest"))),
    }
}
