//! The stores that lineage looks at, opened; and every tag of one with where it points: HEAD, and lists of names.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::StreamExt;

use super::scan::IN_FLIGHT;
use crate::adapters::settings::StorePlace;
use crate::adapters::store::{Selector, Store, StoreError, open};
use crate::domain::lineage::{Holder, Image};
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
    /// How many there are to be; the local store is made by the first bake.
    wanted: usize,
    /// Images that were read, `None` for what is none: content does not change under its digest.
    images: Mutex<HashMap<Digest, Option<Image>>>,
}

/// A store to look at.
pub(super) struct Shelf {
    /// What its repositories are called in references begins with this: `global/`.
    pub(super) label: String,
    pub(super) holder: Holder,
    pub(super) store: Arc<dyn Store>,
    source: Source,
    /// Asked over and over: it is left alone as soon as it does not want to answer, and what it said last counts.
    is_watched: bool,
    last: Mutex<Vec<Pointing>>,
}

impl Shelves {
    /// Whether all there are to be are open.
    pub(super) fn is_complete(&self) -> bool {
        self.shelves.len() == self.wanted
    }

    /// How long the one wants to be left alone that wants it longest.
    pub(super) fn ask_to_wait(&self) -> Option<Duration> {
        self.shelves.iter().filter_map(|shelf| shelf.store.asks_to_wait()).max()
    }

    /// An image that was read before.
    pub(super) fn known(&self, digest: &Digest) -> Option<Option<Image>> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    /// Keeps an image that was read.
    pub(super) fn keep(&self, digest: Digest, image: Option<Image>) {
        self.images.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, image);
    }

    /// Forgets every image but these.
    pub(super) fn forget_others(&self, kept: &BTreeSet<&Digest>) {
        self.images.lock().unwrap_or_else(PoisonError::into_inner).retain(|digest, _| kept.contains(digest));
    }
}

impl Context {
    /// The workspace's stores; of the registry that the local store publishes to, what lies under no other store.
    pub(super) fn shelves(&self, is_watched: bool) -> Shelves {
        let mut opened = Shelves { shelves: Vec::new(), unread: Vec::new(), wanted: 0, images: Mutex::default() };
        for (name, settings) in &self.workspace.stores {
            let holder = match name.as_str() {
                "local" => Holder::Local,
                _ if settings.team => Holder::Team,
                _ => Holder::Global,
            };
            opened.wanted += 1;
            let found = match &settings.place {
                StorePlace::Layout(folder) if name == "local" && !open::is_layout(folder) => continue,
                place => opened_as(place, is_watched),
            };
            match found {
                Ok(store) => {
                    let label = format!("{name}/");
                    let source = Source::new(label.clone(), Arc::clone(&store)).known(settings.repositories.clone());
                    opened.shelves.push(Shelf { label, holder, store, source, is_watched, last: Mutex::default() });
                }
                Err(error) => opened.unread.push((name.clone(), error.into())),
            }
        }
        if let Some((host, prefix)) = self.workspace.stores.get("local").and_then(|local| local.publish.clone()) {
            opened.wanted += 1;
            let label = format!("{host}/");
            // A host the workspace already speaks to is spoken to the same way.
            let plain_http = self.workspace.stores.values().any(|store| {
                matches!(&store.place, StorePlace::Registry { host: known, plain_http: true, .. } if *known == host)
            });
            match opened_as(&StorePlace::Registry { host, prefix: None, plain_http }, is_watched) {
                Ok(store) => {
                    let below = prefix.as_ref().map(Repository::as_str);
                    let source = Source::new(label.clone(), Arc::clone(&store)).below(below);
                    let (holder, last) = (Holder::Team, Mutex::default());
                    opened.shelves.push(Shelf { label, holder, store, source, is_watched, last });
                }
                Err(error) => opened.unread.push((label, error.into())),
            }
        }
        opened
    }

    /// Every tag of a shelf with where it points; and what could not be read.
    pub(super) async fn tags<'s>(&self, shelf: &'s Shelf) -> (&'s Shelf, (Vec<Pointing>, Vec<Unread>)) {
        let (mut tags, mut unread) = (Vec::new(), Vec::new());
        let is_ours = |repository: &Repository| shelf.holder != Holder::Team || self.is_of_team(shelf, repository);
        let pairs = shelf.source.pairs(is_ours);
        let asked = pairs.map(|pair| async {
            let (repository, tag) = pair?;
            let pointed = shelf.store.resolve(&repository, &Selector::Tag(tag.clone())).await;
            Ok::<_, StoreError>((pointed, repository, tag))
        });
        let mut asked = asked.buffer_unordered(IN_FLIGHT);
        let mut gave_up = false;
        while let Some(answer) = asked.next().await {
            let (what, error) = match answer {
                Ok((Ok(pointed), repository, tag)) => {
                    tags.push((pointed.digest, repository, tag));
                    continue;
                }
                // Removed between the listing and now.
                Ok((Err(StoreError::NotFound { .. }), ..)) => continue,
                Ok((Err(error), repository, tag)) => (format!("{}{repository}:{tag}", shelf.label), error),
                Err(error) => (shelf.label.trim_end_matches('/').to_owned(), error),
            };
            let silent = matches!(error, StoreError::Unreachable { .. } | StoreError::Refused { .. });
            if shelf.is_watched && silent {
                unread = vec![(shelf.label.trim_end_matches('/').to_owned(), error.into())];
                gave_up = true;
                break;
            }
            unread.push((what, error.into()));
        }
        drop(asked);
        let mut last = shelf.last.lock().unwrap_or_else(PoisonError::into_inner);
        if gave_up {
            tags.clone_from(&last);
        } else if shelf.is_watched {
            last.clone_from(&tags);
        }
        drop(last);
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
    if is_watched { open::open_politely(place) } else { open::open(place) }
}
