//! Reads every tag of every store: where it points (HEAD), then the documents of each digest once (GET, kept on disk).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt};

use super::memory::Memory;
use super::shelf::{Pointing, Shelf, Shelves, Unread};
use crate::adapters::store::{KeptDocuments, Store};
use crate::domain::lineage::{FurtherHints, Hint, Holder, Image, Part, Place, Pointed};
use crate::domain::oci::{Annotations, Digest, ImageConfig, ImageManifest, Manifest, Repository, Tag, media_type};
use crate::flows::Context;
use crate::flows::browse::told_time;
use crate::flows::compare::told_base;
use crate::flows::verify::{Documents, Reading, images_of};
use crate::report::Report;

/// Questions under way at once, a store.
pub(super) const IN_FLIGHT: usize = 32;
/// How far below each other bases may lie that no tag points to.
const DEPTH: usize = 8;
/// Most bases looked for that only others know of.
const MOST_UNTAGGED: usize = 500;

/// What was found.
pub(super) struct Scanned {
    pub(super) images: Vec<Image>,
    pub(super) further: FurtherHints,
    pub(super) unread: Vec<Unread>,
}

/// Where a digest can be read: its store, and its repository there.
type Found = (Arc<dyn Store>, Repository);
/// Digests to be read, with the tags that point to them.
type Wanted = BTreeMap<Digest, (Found, Vec<Place>)>;

impl Context {
    /// All images that a tag points to, and the bases that only others know of.
    pub(super) async fn scan(&self, shelves: &Shelves, memory: &Memory) -> Scanned {
        let mut unread = shelves.unread.clone();
        let tags: Vec<BoxFuture<'_, _>> = shelves.shelves.iter().map(|shelf| self.tags(shelf).boxed()).collect();
        let listed = stream::iter(tags).buffer_unordered(8).collect::<Vec<_>>().await;
        let mut places = Wanted::new();
        for (shelf, (mut tags, failures)) in listed {
            let last = as_last(shelf, memory, (&tags, &failures));
            tags.extend(last);
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
        let mut images = self.read_all(shelves, places, &mut unread).await;
        self.in_words_of_here(&mut images, &BTreeMap::new());
        let further = self.further_hints(&images).await;
        let (mut asked, mut named) = (BTreeSet::new(), BTreeMap::new());
        for _ in 0..DEPTH {
            let (mut wanted, names) = self.untagged((&images, &further), &memory.pointed);
            wanted.retain(|digest, _| asked.insert(digest.clone()));
            if wanted.is_empty() {
                break;
            }
            named.extend(names);
            let (digests, mut gone) = (wanted.keys().cloned().collect::<Vec<_>>(), Vec::new());
            let found = self.read_all(shelves, wanted, &mut gone).await;
            if unread.is_empty() && !gone.is_empty() {
                // All stores answer, and have it not: they are not asked again.
                let absent = digests.into_iter().filter(|digest| shelves.known(digest).is_none());
                absent.for_each(|digest| shelves.keep(digest, None));
            }
            images.extend(found);
            self.in_words_of_here(&mut images, &named);
        }
        Scanned { images, further, unread }
    }

    /// The images of these digests; what cannot be read is told, unless it is no image at all.
    async fn read_all(&self, shelves: &Shelves, places: Wanted, unread: &mut Vec<Unread>) -> Vec<Image> {
        let read =
            places.into_iter().map(|(digest, (found, places))| self.read(shelves, digest, found, places).boxed());
        let read: Vec<BoxFuture<'_, _>> = read.collect();
        let mut read = stream::iter(read).buffer_unordered(IN_FLIGHT);
        let mut images = Vec::new();
        let mut as_before: BTreeMap<Digest, Vec<Place>> = BTreeMap::new();
        while let Some((places, name, image)) = read.next().await {
            match image {
                Ok(image) => images.extend(image),
                Err(report) => {
                    unread.push((name, report));
                    // What cannot be read now is what it was at the last look, where there was one.
                    let before = places.into_iter().filter_map(|place| Some((shelves.pointed(&place)?, place)));
                    before.for_each(|(digest, place)| as_before.entry(digest).or_default().push(place));
                }
            }
        }
        for (digest, places) in as_before {
            match images.iter_mut().find(|image: &&mut Image| image.digest == digest) {
                Some(image) => {
                    image.places.extend(places);
                    image.places.sort();
                }
                None => images.extend(shelves.known(&digest).flatten().map(|image| Image { places, ..image })),
            }
        }
        shelves.keep_places(&images);
        images.sort_by(|a: &Image, b| (a.holder(), &a.places, &a.digest).cmp(&(b.holder(), &b.places, &b.digest)));
        images
    }

    /// One image, with its tags and what it is called.
    async fn read(
        &self,
        shelves: &Shelves,
        digest: Digest,
        (store, repository): Found,
        mut places: Vec<Place>,
    ) -> (Vec<Place>, String, Result<Option<Image>, Report>) {
        places.sort();
        if let Some(known) = shelves.known(&digest) {
            return (Vec::new(), String::new(), Ok(known.map(|image| Image { places, ..image })));
        }
        let kept = KeptDocuments::new(&self.paths.cache);
        let reading = Reading { kept, store: &store, repository: &repository };
        let name = places.first().map_or_else(|| digest.to_string(), ToString::to_string);
        let image = self.image(&reading, digest.clone(), places.clone()).await;
        if let Ok(image) = &image {
            shelves.keep(digest, image.clone());
        }
        (places, name, image)
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
        let mut hint = hint.or_else(|| self.hint(&first?.manifest.annotations));
        if let (Some(hint), Some(first)) = (&mut hint, first) {
            hint.may_be_inherited = !is_baked(&first.config);
        }
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
        self.hint_of(&name, digest.and_then(|digest| digest.parse().ok()))
    }

    /// A base's name and digest, in the words of this workspace.
    pub(super) fn hint_of(&self, name: &str, digest: Option<Digest>) -> Option<Hint> {
        let Ok(image) = self.parse_reference(name) else {
            return digest.map(|digest| Hint { digest: Some(digest), ..Hint::default() });
        };
        let tag = image.tag_or_latest().map(|tag| tag.to_string());
        Some(Hint { repository: self.called(&image), tag, digest: digest.or(image.digest), may_be_inherited: false })
    }

    /// What an image of another store calls local is local to whoever made it, unless it is ours. `named`: the repositories of
    /// those that no tag points to.
    fn in_words_of_here(&self, images: &mut [Image], named: &BTreeMap<Digest, String>) {
        let mut repositories: BTreeMap<String, BTreeSet<Digest>> = BTreeMap::new();
        for image in &*images {
            for place in &image.places {
                repositories.entry(place.repository.clone()).or_default().extend(image.digests().cloned());
            }
        }
        for image in images.iter_mut() {
            let holder = image.holder();
            let place = image.places.first().map(|place| &place.repository).or_else(|| named.get(&image.digest));
            let Some(store) = place.and_then(|place| place.split('/').next()) else { continue };
            let Some(hint) = image.hint.as_mut().filter(|_| store != "local") else { continue };
            let Some(rest) = hint.repository.as_ref().and_then(|told| told.strip_prefix("local/")) else { continue };
            let theirs = format!("{store}/{rest}");
            let is_in = |repository: &str| {
                let had = repositories.get(repository);
                had.is_some_and(|had| hint.digest.as_ref().is_none_or(|digest| had.contains(digest)))
            };
            let ours = format!("local/{rest}");
            let is_theirs = match (is_in(&ours), is_in(&theirs)) {
                (true, _) => false,
                (false, true) => true,
                // Its digest has no tag any more: nothing global is built on ours.
                (false, false) => holder == Holder::Global || !repositories.contains_key(&ours),
            };
            if is_theirs && self.workspace.stores.contains_key(store) {
                hint.repository = Some(theirs);
            }
        }
    }

    /// Bases that no tag points to any more, but images, locks or memory name: where they may still be read, and as which
    /// repository they are named.
    fn untagged(
        &self,
        (images, further): (&[Image], &FurtherHints),
        remembered: &BTreeSet<Pointed>,
    ) -> (Wanted, BTreeMap<Digest, String>) {
        let known: HashSet<&Digest> = images.iter().flat_map(Image::digests).collect();
        let hints = images.iter().filter_map(|image| image.hint.as_ref()).chain(further.values().flatten());
        let hints = hints.filter_map(|hint| Some((hint.repository.clone()?, hint.digest.clone()?)));
        let remembered = remembered.iter().map(|old| (old.repository.clone(), old.digest.clone()));
        let mut opened: HashMap<String, Option<Found>> = HashMap::new();
        let (mut wanted, mut named) = (BTreeMap::new(), BTreeMap::new());
        for (repository, digest) in hints.chain(remembered) {
            if wanted.len() >= MOST_UNTAGGED || wanted.contains_key(&digest) || known.contains(&digest) {
                continue;
            }
            let found = opened.entry(repository.clone()).or_insert_with_key(|repository| {
                let image = self.parse_reference(repository).ok()?;
                self.open(&image).ok()
            });
            if let Some(found) = found {
                named.insert(digest.clone(), repository);
                wanted.insert(digest, (found.clone(), Vec::new()));
            }
        }
        (wanted, named)
    }
}

/// What tags pointed to at the last look that could not be asked at this one: a store that does not answer has not lost them.
fn as_last(shelf: &Shelf, memory: &Memory, (asked, failures): (&[Pointing], &[Unread])) -> Vec<Pointing> {
    let is_silent = |what: &str| failures.iter().any(|(failed, _)| failed == what);
    let all = is_silent(shelf.label.trim_end_matches('/'));
    let of_shelf = memory.last.iter().filter_map(|((repository, tag), digest)| {
        let within: Repository = repository.strip_prefix(&shelf.label)?.parse().ok()?;
        let tag: Tag = tag.parse().ok()?;
        let is_asked = || asked.iter().any(|(_, repository, asked)| *repository == within && *asked == tag);
        ((all || is_silent(&format!("{repository}:{tag}"))) && !is_asked()).then_some((digest.clone(), within, tag))
    });
    of_shelf.collect()
}

/// Artifacts have another config.
fn is_image(manifest: &ImageManifest) -> bool {
    matches!(manifest.config.media_type.as_str(), media_type::CONFIG | media_type::DOCKER_CONFIG)
}

/// Whether bakery laid its last layer, which then said itself upon what.
fn is_baked(config: &ImageConfig) -> bool {
    config.history.last().is_some_and(|last| last.comment.as_deref() == Some("bakery"))
}
