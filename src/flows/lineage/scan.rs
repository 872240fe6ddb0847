//! Reads every tag of every store: where it points (HEAD), then the documents of each digest once (GET, kept on disk).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};

use crate::adapters::store::{KeptDocuments, Selector, Store, StoreError};
use crate::domain::lineage::{Hint, Holder, Image, Part, Place, Pointed};
use crate::domain::oci::{
    Annotations, Digest, ImageManifest, ImageRef, Manifest, Place as Stored, Repository, Tag, media_type,
};
use crate::flows::Context;
use crate::flows::browse::{Source, told_time};
use crate::flows::compare::told_base;
use crate::flows::verify::{Documents, Reading, images_of};
use crate::report::{Kind, Report};

/// Questions under way at once, a store.
const IN_FLIGHT: usize = 32;
/// Most bases looked for that only others know of.
const MOST_UNTAGGED: usize = 500;

/// What was found.
pub(super) struct Scanned {
    pub(super) images: Vec<Image>,
    pub(super) unread: Vec<(String, Report)>,
}

/// A store to look at.
struct Shelf {
    /// What its repositories are called in references begins with this: `global/`.
    label: String,
    holder: Holder,
    store: Arc<dyn Store>,
    source: Source,
}

/// Where a digest can be read: its store, and its repository there.
type Found = (Arc<dyn Store>, Repository);

impl Context {
    /// All images that a tag points to, and the bases that only others know of.
    pub(super) async fn scan(&self, remembered: &BTreeSet<Pointed>) -> Scanned {
        let (shelves, mut unread) = self.shelves();
        let listed = stream::iter(&shelves).map(|shelf| self.tags(shelf)).buffer_unordered(8).collect::<Vec<_>>().await;
        let mut places: BTreeMap<Digest, (Found, Vec<Place>)> = BTreeMap::new();
        for (shelf, (tags, failures)) in listed {
            unread.extend(failures);
            for (digest, repository, tag) in tags {
                let place = Place {
                    holder: shelf.holder,
                    repository: format!("{}{repository}", shelf.label),
                    tag: tag.to_string(),
                };
                let found = || ((Arc::clone(&shelf.store), repository), Vec::new());
                places.entry(digest).or_insert_with(found).1.push(place);
            }
        }
        let mut images = self.read_all(places, &mut unread).await;
        let wanted = self.untagged(&images, remembered);
        let found = self.read_all(wanted, &mut Vec::new()).await;
        images.extend(found);
        Scanned { images, unread }
    }

    /// The workspace's stores; of the registry that the local store publishes to, what lies under no other store.
    fn shelves(&self) -> (Vec<Shelf>, Vec<(String, Report)>) {
        let (mut shelves, mut unread) = (Vec::new(), Vec::new());
        for (name, settings) in &self.workspace.stores {
            let holder = match name.as_str() {
                "local" => Holder::Local,
                _ if settings.team => Holder::Team,
                _ => Holder::Global,
            };
            let opened = self.sources(Some(name)).and_then(|mut sources| match sources.pop() {
                Some(source) => Ok(Some((source, self.open_store(name)?))),
                None => Ok(None),
            });
            match opened {
                Ok(Some((source, store))) => {
                    shelves.push(Shelf { label: format!("{name}/"), holder, store, source });
                }
                Ok(None) => {}
                Err(report) => unread.push((name.clone(), report)),
            }
        }
        if let Some((host, prefix)) = self.workspace.stores.get("local").and_then(|local| local.publish.clone()) {
            let named = prefix.map_or_else(|| host.to_string(), |prefix| format!("{host}/{prefix}"));
            match self.published(&named) {
                Ok(shelf) => shelves.push(shelf),
                Err(report) => unread.push((named, report)),
            }
        }
        (shelves, unread)
    }

    fn published(&self, named: &str) -> Result<Shelf, Report> {
        let image = self.parse_reference(&format!("{named}/any"))?;
        let (store, _) = self.open(&image)?;
        let source = self.sources(Some(named))?.pop();
        let source = source.ok_or_else(|| Report::message(Kind::Failed, format!("{named} cannot be listed")))?;
        let host = named.split('/').next().unwrap_or(named);
        Ok(Shelf { label: format!("{host}/"), holder: Holder::Team, store, source })
    }

    /// Every tag of a shelf with where it points; and what could not be read.
    async fn tags<'s>(&self, shelf: &'s Shelf) -> (&'s Shelf, (Vec<(Digest, Repository, Tag)>, Vec<(String, Report)>)) {
        let (mut tags, mut unread) = (Vec::new(), Vec::new());
        let is_ours = |repository: &Repository| shelf.holder != Holder::Team || self.is_of_team(shelf, repository);
        let pairs = shelf.source.pairs(is_ours);
        let asked = pairs.map(|pair| async {
            let (repository, tag) = pair?;
            let pointed = shelf.store.resolve(&repository, &Selector::Tag(tag.clone())).await;
            Ok::<_, StoreError>((pointed, repository, tag))
        });
        let mut asked = asked.buffer_unordered(IN_FLIGHT);
        while let Some(answer) = asked.next().await {
            match answer {
                Ok((Ok(pointed), repository, tag)) => tags.push((pointed.digest, repository, tag)),
                // Removed between the listing and now.
                Ok((Err(StoreError::NotFound { .. }), ..)) => {}
                Ok((Err(error), repository, tag)) => {
                    unread.push((format!("{}{repository}:{tag}", shelf.label), error.into()));
                }
                Err(error) => unread.push((shelf.label.trim_end_matches('/').to_owned(), error.into())),
            }
        }
        drop(asked);
        (shelf, (tags, unread))
    }

    /// What lies under another store's prefix is that store's.
    fn is_of_team(&self, shelf: &Shelf, repository: &Repository) -> bool {
        let Ok(image) = self.parse_reference(&format!("{}{repository}", shelf.label)) else { return true };
        match image.place {
            Stored::Registry(_) => {
                let law = self.jurisdiction(&image, image.repository.as_ref());
                law.store.is_none_or(|store| store == "local")
            }
            Stored::Store(_) | Stored::Layout(_) => true,
        }
    }

    /// The images of these digests; what cannot be read is told, unless it is no image at all.
    async fn read_all(
        &self,
        places: BTreeMap<Digest, (Found, Vec<Place>)>,
        unread: &mut Vec<(String, Report)>,
    ) -> Vec<Image> {
        let read = stream::iter(places).map(|(digest, ((store, repository), mut places))| async move {
            places.sort();
            let kept = KeptDocuments::new(&self.paths.cache);
            let reading = Reading { kept, store: &store, repository: &repository };
            let name = places.first().map_or_else(|| digest.to_string(), ToString::to_string);
            (name, self.image(&reading, digest, places).await)
        });
        let mut read = read.buffer_unordered(IN_FLIGHT);
        let mut images = Vec::new();
        while let Some((name, image)) = read.next().await {
            match image {
                Ok(image) => images.extend(image),
                Err(report) => unread.push((name, report)),
            }
        }
        images.sort_by(|a: &Image, b| (a.holder(), &a.places, &a.digest).cmp(&(b.holder(), &b.places, &b.digest)));
        images
    }

    /// An image; `None` for what is none, such as an attestation under a tag of its own.
    async fn image(&self, reading: &Reading<'_>, digest: Digest, places: Vec<Place>) -> Result<Option<Image>, Report> {
        let (documents, hint): (Vec<Documents>, _) = match reading.manifest(&digest).await? {
            Manifest::Image(image) if !is_image(&image) => return Ok(None),
            Manifest::Image(image) => {
                let hint = self.hint(&image.annotations);
                (vec![reading.image(&digest, None).await?], hint)
            }
            Manifest::Index(index) => {
                let hint = self.hint(&index.annotations);
                let mut documents = Vec::new();
                for entry in images_of(&index)? {
                    documents.push(reading.child(&entry.digest, (digest.clone(), index.clone())).await?);
                }
                (documents, hint)
            }
        };
        let first = documents.first();
        let hint = hint.or_else(|| self.hint(&first?.manifest.annotations));
        let created = first.and_then(|first| told_time(first.config.created.as_deref()?));
        let parts = documents.into_iter().map(|documents| {
            let platform = documents.config.platform();
            (platform, Part { digest: documents.digest, diff_ids: documents.config.rootfs.diff_ids })
        });
        let parts: BTreeMap<_, _> = parts.collect();
        Ok((!parts.is_empty()).then_some(Image { digest, places, created, parts, hint }))
    }

    /// What annotations say of a base, in the words of this workspace.
    fn hint(&self, annotations: &Annotations) -> Option<Hint> {
        let (name, digest) = told_base(annotations)?;
        let digest = digest.and_then(|digest| digest.parse().ok());
        let Ok(image) = self.parse_reference(&name) else {
            return digest.map(|digest| Hint { digest: Some(digest), ..Hint::default() });
        };
        let tag = image.tag_or_latest().map(|tag| tag.to_string());
        Some(Hint { repository: self.called(&image), tag, digest: digest.or(image.digest) })
    }

    /// Store and repository of an image, as everything here is called.
    fn called(&self, image: &ImageRef) -> Option<String> {
        let law = self.jurisdiction(image, image.repository.as_ref());
        match (&image.place, law.store) {
            (Stored::Registry(host), None) => Some(format!("{host}/{}", image.repository.as_ref()?)),
            (_, Some(store)) => Some(format!("{store}/{}", law.repository)),
            (_, None) => None,
        }
    }

    /// Bases that no tag points to any more, but images, locks or memory name; with where they may still be read.
    fn untagged(&self, images: &[Image], remembered: &BTreeSet<Pointed>) -> BTreeMap<Digest, (Found, Vec<Place>)> {
        let known: HashSet<&Digest> = images.iter().flat_map(Image::digests).collect();
        let hints = images.iter().filter_map(|image| {
            let hint = image.hint.as_ref()?;
            Some((hint.repository.clone()?, hint.digest.clone()?))
        });
        let remembered = remembered.iter().map(|old| (old.repository.clone(), old.digest.clone()));
        let mut opened: HashMap<String, Option<Found>> = HashMap::new();
        let mut wanted = BTreeMap::new();
        for (repository, digest) in hints.chain(remembered) {
            if wanted.len() >= MOST_UNTAGGED || wanted.contains_key(&digest) || known.contains(&digest) {
                continue;
            }
            let found = opened.entry(repository).or_insert_with_key(|repository| {
                let image = self.parse_reference(repository).ok()?;
                self.open(&image).ok()
            });
            if let Some(found) = found {
                wanted.insert(digest, (found.clone(), Vec::new()));
            }
        }
        wanted
    }
}

/// Artifacts have another config.
fn is_image(manifest: &ImageManifest) -> bool {
    matches!(manifest.config.media_type.as_str(), media_type::CONFIG | media_type::DOCKER_CONFIG)
}
