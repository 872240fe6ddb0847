//! The stores that lineage looks at, opened; and every tag of one with where it points: HEAD, and lists of names.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::StreamExt;

use super::scan::IN_FLIGHT;
use crate::adapters::clock::Stopwatch;
use crate::adapters::settings::StorePlace;
use crate::adapters::store::{Selector, Store, StoreError, open};
use crate::domain::lineage::{Holder, Image, Place, left_alone};
use crate::domain::oci::{Digest, ImageRef, Place as Stored, Repository, Tag};
use crate::flows::Context;
use crate::flows::browse::Source;
use crate::report::Report;

/// A tag and where it points.
pub(super) type Pointing = (Digest, Repository, Tag);
/// What could not be read, and why.
pub(super) type Unread = (String, Report);

/// All stores of a workspace, for one look or for many.
pub(super) struct Shelves {
    pub(super) shelves: Vec<Shelf>,
    /// Those that cannot be opened.
    pub(super) unread: Vec<Unread>,
    /// Images that were read, `None` for what is none: content does not change under its digest.
    images: Mutex<HashMap<Digest, Option<Image>>>,
    /// Where each tag pointed at the last look.
    pointed: Mutex<HashMap<Place, Digest>>,
}

/// A store to look at.
pub(super) struct Shelf {
    /// What its repositories are called in references begins with this: `global/`.
    pub(super) label: String,
    pub(super) holder: Holder,
    pub(super) store: Arc<dyn Store>,
    source: Source,
    /// How often it is asked, where it is asked over and over: then it is left alone as soon as it does not want to answer, and
    /// what it said last counts.
    watched: Option<Duration>,
    last: Mutex<Last>,
}

/// What a watched store said last.
#[derive(Default)]
struct Last {
    tags: Vec<Pointing>,
    failures: u32,
    /// Since when it is left alone, for how long, and why.
    quiet: Option<(Stopwatch, Duration, Report)>,
}

impl Shelf {
    /// Where it is left alone: what it said last, and why it is not asked.
    fn quiet(&self) -> Option<(Vec<Pointing>, Vec<Unread>)> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, pause, report) = last.quiet.as_ref()?;
        (since.elapsed() < *pause).then(|| (last.tags.clone(), vec![(self.name(), report.clone())]))
    }

    /// It does not want to answer: what it said last counts, and it is left alone for a while.
    fn gave_up(&self, every: Duration, error: StoreError) -> (Vec<Pointing>, Vec<Unread>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.failures = last.failures.saturating_add(1);
        let pause = left_alone(every, last.failures, self.store.asks_to_wait());
        let report = Report::from(error);
        last.quiet = Some((Stopwatch::start(), pause, report.clone()));
        (last.tags.clone(), vec![(self.name(), report)])
    }

    fn answered(&self, tags: &[Pointing]) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) =
            Last { tags: tags.to_vec(), failures: 0, quiet: None };
    }

    fn name(&self) -> String {
        self.label.trim_end_matches('/').to_owned()
    }
}

impl Shelves {
    /// Where a tag pointed at the last look.
    pub(super) fn pointed(&self, place: &Place) -> Option<Digest> {
        self.pointed.lock().unwrap_or_else(PoisonError::into_inner).get(place).cloned()
    }

    /// Keeps where tags point; what no tag points to changes nothing.
    pub(super) fn keep_places(&self, images: &[Image]) {
        let places =
            images.iter().flat_map(|image| image.places.iter().map(|place| (place.clone(), image.digest.clone())));
        self.pointed.lock().unwrap_or_else(PoisonError::into_inner).extend(places);
    }

    /// An image that was read before.
    pub(super) fn known(&self, digest: &Digest) -> Option<Option<Image>> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    /// Keeps an image that was read.
    pub(super) fn keep(&self, digest: Digest, image: Option<Image>) {
        self.images.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, image);
    }

    /// Forgets every image but these; that something is none stays known.
    pub(super) fn forget_others(&self, kept: &BTreeSet<&Digest>) {
        let mut images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        images.retain(|digest, image| image.is_none() || kept.contains(digest));
    }
}

impl Context {
    /// The workspace's stores; of the registry that the local store publishes to, what lies under no other store.
    pub(super) fn shelves(&self, watched: Option<Duration>) -> Shelves {
        let mut opened =
            Shelves { shelves: Vec::new(), unread: Vec::new(), images: Mutex::default(), pointed: Mutex::default() };
        for (name, settings) in &self.workspace.stores {
            let holder = match name.as_str() {
                "local" => Holder::Local,
                _ if settings.team => Holder::Team,
                _ => Holder::Global,
            };
            let found = match &settings.place {
                StorePlace::Layout(folder) if name == "local" && !open::is_layout(folder) => continue,
                place => opened_as(place, watched.is_some()),
            };
            match found {
                Ok(store) => {
                    let label = format!("{name}/");
                    let source = Source::new(label.clone(), Arc::clone(&store)).known(settings.repositories.clone());
                    opened.shelves.push(Shelf { label, holder, store, source, watched, last: Mutex::default() });
                }
                Err(error) => opened.unread.push((name.clone(), error.into())),
            }
        }
        if let Some((host, prefix)) = self.workspace.stores.get("local").and_then(|local| local.publish.clone()) {
            let label = format!("{host}/");
            // A host the workspace already speaks to is spoken to the same way.
            let plain_http = self.workspace.stores.values().any(|store| {
                matches!(&store.place, StorePlace::Registry { host: known, plain_http: true, .. } if *known == host)
            });
            match opened_as(&StorePlace::Registry { host, prefix: None, plain_http }, watched.is_some()) {
                Ok(store) => {
                    let below = prefix.as_ref().map(Repository::as_str);
                    let source = Source::new(label.clone(), Arc::clone(&store)).below(below);
                    let (holder, last) = (Holder::Team, Mutex::default());
                    opened.shelves.push(Shelf { label, holder, store, source, watched, last });
                }
                Err(error) => opened.unread.push((label, error.into())),
            }
        }
        opened
    }

    /// Every tag of a shelf with where it points; and what could not be read.
    pub(super) async fn tags<'s>(&self, shelf: &'s Shelf) -> (&'s Shelf, (Vec<Pointing>, Vec<Unread>)) {
        if let Some(quiet) = shelf.quiet() {
            return (shelf, quiet);
        }
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
            let (what, error) = match answer {
                Ok((Ok(pointed), repository, tag)) => {
                    tags.push((pointed.digest, repository, tag));
                    continue;
                }
                // Removed between the listing and now.
                Ok((Err(StoreError::NotFound { .. }), ..)) => continue,
                Ok((Err(error), repository, tag)) => (format!("{}{repository}:{tag}", shelf.label), error),
                Err(error) => (shelf.name(), error),
            };
            let silent = matches!(error, StoreError::Unreachable { .. } | StoreError::Refused { .. });
            if let Some(every) = shelf.watched.filter(|_| silent) {
                return (shelf, shelf.gave_up(every, error));
            }
            unread.push((what, error.into()));
        }
        drop(asked);
        if shelf.watched.is_some() {
            shelf.answered(&tags);
        }
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

    /// Store and repository of an image, as everything in a lineage is called.
    pub(in crate::flows) fn called(&self, image: &ImageRef) -> Option<String> {
        let law = self.jurisdiction(image, image.repository.as_ref());
        match (&image.place, law.store) {
            (Stored::Registry(host), None) => Some(format!("{host}/{}", image.repository.as_ref()?)),
            (_, Some(store)) => Some(format!("{store}/{}", law.repository)),
            (_, None) => None,
        }
    }
}

fn opened_as(place: &StorePlace, is_watched: bool) -> Result<Arc<dyn Store>, StoreError> {
    match (place, is_watched) {
        // What nobody wants is not fetched only to be looked at.
        (StorePlace::Daemon { at, kept }, _) => open::open_known(at, kept),
        (_, true) => open::open_politely(place),
        (_, false) => open::open(place),
    }
}
