//! A daemon's images behind the port. What a name means is asked of the daemon each time; an image is exported once.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use async_trait::async_trait;
use futures_util::StreamExt;
use tokio::sync::{Mutex, OnceCell, mpsc};
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::archive::take_in;
use super::kept::Kept;
use super::name::{Said, may_be, read};
use crate::adapters::engine::remote::{BuilderError, Daemon, DaemonKind};
use crate::adapters::store::layout::Layout;
use crate::adapters::store::open::Reach;
use crate::adapters::store::{BlobStream, Glimpse, Page, RawManifest, Selector, Store, StoreError};
use crate::domain::engine::EngineAddress;
use crate::domain::oci::{Descriptor, Digest, Repository, Tag};
use crate::domain::text::escape;

/// Pieces of an archive under way at once.
const PIECES: usize = 8;

/// What an image is exported for.
#[derive(Clone)]
enum Wanted {
    Manifest(Digest),
    Blob(Box<Descriptor>),
}

/// The images of a daemon.
pub struct DaemonStore {
    kind: DaemonKind,
    address: Option<String>,
    called: String,
    kept: Kept,
    reach: Reach,
    /// Connected when it is asked for the first time.
    daemon: OnceCell<Daemon>,
    /// One image at a time: each is read to its end.
    exporting: Mutex<()>,
    unsayable: std::sync::Mutex<BTreeSet<String>>,
}

impl DaemonStore {
    /// The images of the daemon at an address; what it gives is kept below `kept`. Asks nothing yet.
    pub fn new(at: &EngineAddress, kept: &Path, reach: Reach) -> Result<Self, StoreError> {
        let (kind, address) = match at {
            EngineAddress::Docker(address) => (DaemonKind::Docker, address.clone()),
            EngineAddress::Podman(address) => (DaemonKind::Podman, address.clone()),
            other => {
                let reason = "it has no images of its own".to_owned();
                return Err(StoreError::Refused { store: other.to_string(), action: "to be read".into(), reason });
            }
        };
        let called = Daemon::called(kind, address.as_deref());
        // Wherever `DOCKER_HOST` points, another daemon has another folder.
        let place = called.split_once(" at ").map(|(_, place)| place.to_owned());
        let kept = match kind {
            DaemonKind::Docker => Kept::of(&EngineAddress::Docker(place), kept),
            DaemonKind::Podman => Kept::of(&EngineAddress::Podman(place), kept),
        };
        let (daemon, exporting) = (OnceCell::new(), Mutex::new(()));
        Ok(Self { kind, address, called, kept, reach, daemon, exporting, unsayable: std::sync::Mutex::default() })
    }

    async fn daemon(&self) -> Result<&Daemon, StoreError> {
        let connect = async { Daemon::new(self.kind, self.address.as_deref()).map_err(|error| self.failed(error)) };
        self.daemon.get_or_try_init(|| connect).await
    }

    /// Every name there is to see, sorted.
    async fn names(&self) -> Result<BTreeMap<Repository, BTreeSet<Tag>>, StoreError> {
        let said = self.daemon().await?.image_names().await.map_err(|error| self.failed(error))?;
        let mut names: BTreeMap<Repository, BTreeSet<Tag>> = BTreeMap::new();
        let mut unsayable = BTreeSet::new();
        for name in said {
            match read(&name) {
                Said::Named(repository, tag) => {
                    names.entry(repository).or_default().insert(tag);
                }
                Said::Unsayable => {
                    unsayable.insert(escape(&name));
                }
                Said::Nothing => {}
            }
        }
        *self.unsayable.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = unsayable;
        if self.reach == Reach::Known {
            let kept = self.kept.clone();
            names = self
                .blocking(move || {
                    names.retain(|repository, _| kept.knows(repository).unwrap_or(false));
                    Ok(names)
                })
                .await?;
        }
        Ok(names)
    }

    /// The manifest of an image; it is exported unless it has been.
    async fn image(&self, repository: &Repository, id: &Digest) -> Result<Descriptor, StoreError> {
        if let Some(found) = self.find(repository, id).await? {
            return Ok(found);
        }
        let _one = self.exporting.lock().await;
        // Another one has had it meanwhile.
        if let Some(found) = self.find(repository, id).await? {
            return Ok(found);
        }
        let manifest = self.export(id).await?;
        let (kept, repository, id) = (self.kept.clone(), repository.clone(), id.clone());
        self.blocking(move || kept.name(&repository, &id, &manifest).map(|()| manifest)).await
    }

    async fn find(&self, repository: &Repository, id: &Digest) -> Result<Option<Descriptor>, StoreError> {
        let (kept, repository, id) = (self.kept.clone(), repository.clone(), id.clone());
        self.blocking(move || kept.find(&repository, &id)).await
    }

    async fn export(&self, id: &Digest) -> Result<Descriptor, StoreError> {
        let pieces = self.daemon().await?.saved(id).await.map_err(|error| self.failed(error))?;
        let mut pieces = pieces.map(|piece| piece.map_err(|error| io::Error::other(self.failed(error))));
        let (sender, receiver) = mpsc::channel(PIECES);
        // What arrives is handed to a thread; when nobody waits for it any more, the thread comes to an end by itself.
        let arriving = futures_util::stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|piece| (piece, receiver))
        });
        let (kept, store) = (self.kept.clone(), self.called.clone());
        let reader = SyncIoBridge::new(StreamReader::new(Box::pin(arriving)));
        let taking = self.blocking(move || take_in(reader, &store, &kept.make()?));
        let sending = async {
            while let Some(piece) = pieces.next().await {
                // Whoever takes no more says why itself.
                if sender.send(piece).await.is_err() {
                    break;
                }
            }
            drop(sender);
        };
        tokio::join!(taking, sending).0
    }

    /// The layout that has what is wanted. Where that was not exported yet, the images of the repository are, one after the other,
    /// until one has it.
    async fn bring(&self, repository: &Repository, wanted: Wanted) -> Result<Layout, StoreError> {
        if let Some(found) = self.look(repository, &wanted).await? {
            return Ok(found);
        }
        let mut ids = Vec::new();
        for (named, tags) in self.names().await?.into_iter().filter(|(named, _)| may_be(named, repository)) {
            for tag in tags {
                ids.extend(self.id(&named, &tag).await?);
            }
        }
        // A tag may have left an image that is still there.
        let (kept, named) = (self.kept.clone(), repository.clone());
        for id in self.blocking(move || kept.ids(&named)).await? {
            if !ids.contains(&id) && self.asked(&id.to_string()).await?.is_some() {
                ids.push(id);
            }
        }
        for id in ids {
            self.image(repository, &id).await?;
            if let Some(found) = self.look(repository, &wanted).await? {
                return Ok(found);
            }
        }
        Err(self.not_found(match wanted {
            Wanted::Manifest(digest) => format!("{repository}@{digest}"),
            Wanted::Blob(blob) => format!("blob {}", blob.digest),
        }))
    }

    /// The layout, where it has what is wanted.
    async fn look(&self, repository: &Repository, wanted: &Wanted) -> Result<Option<Layout>, StoreError> {
        let (kept, repository, wanted) = (self.kept.clone(), repository.clone(), wanted.clone());
        self.blocking(move || {
            let Some(layout) = kept.layout()? else { return Ok(None) };
            let is_there = match &wanted {
                Wanted::Blob(blob) => layout.has(blob),
                Wanted::Manifest(digest) => {
                    match layout.resolve_selector(&repository, &Selector::Digest(digest.clone())) {
                        Ok(_) => true,
                        Err(StoreError::NotFound { .. }) => false,
                        Err(error) => return Err(error),
                    }
                }
            };
            Ok(is_there.then_some(layout))
        })
        .await
    }

    async fn id(&self, repository: &Repository, tag: &Tag) -> Result<Option<Digest>, StoreError> {
        self.asked(&format!("{repository}:{tag}")).await
    }

    async fn asked(&self, name: &str) -> Result<Option<Digest>, StoreError> {
        self.daemon().await?.image_id(name).await.map_err(|error| self.failed(error))
    }

    /// What was exported so far.
    async fn layout(&self) -> Result<Option<Layout>, StoreError> {
        let kept = self.kept.clone();
        self.blocking(move || kept.layout()).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(error) => Err(StoreError::io("keep what came from", &self.called)(io::Error::other(error))),
        }
    }

    fn not_found(&self, what: String) -> StoreError {
        StoreError::NotFound { store: self.called.clone(), what }
    }

    fn read_only<T>(&self, action: &'static str) -> Result<T, StoreError> {
        Err(StoreError::ReadOnly { store: self.called.clone(), action })
    }

    fn failed(&self, error: BuilderError) -> StoreError {
        let store = self.called.clone();
        match error {
            BuilderError::Unreachable { source, .. } => StoreError::Unreachable { store, source },
            BuilderError::Silent { .. } => StoreError::Unreachable { store, source: Box::new(error) },
            BuilderError::Protocol { what, .. } => {
                StoreError::Refused { store, action: "what it was asked".into(), reason: escape(&what) }
            }
            other => {
                StoreError::Refused { store, action: "what it was asked".into(), reason: escape(&other.to_string()) }
            }
        }
    }
}

#[async_trait]
impl Store for DaemonStore {
    fn name(&self) -> String {
        self.called.clone()
    }

    fn warnings(&self) -> Vec<String> {
        let unsayable = self.unsayable.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let told = |name: &String| format!("{name} is left out: no reference names it; tag it without the port");
        unsayable.iter().take(10).map(told).collect()
    }

    async fn repositories(&self, after: Option<&str>) -> Result<Page<Repository>, StoreError> {
        let items = if after.is_some() { Vec::new() } else { self.names().await?.into_keys().collect() };
        Ok(Page { items, next: None })
    }

    async fn tags(&self, repository: &Repository, after: Option<&str>) -> Result<Page<Tag>, StoreError> {
        let tags = self.names().await?.remove(repository);
        let tags = tags.ok_or_else(|| self.not_found(format!("repository {repository}")))?;
        let items = if after.is_some() { Vec::new() } else { tags.into_iter().collect() };
        Ok(Page { items, next: None })
    }

    /// An image that was not exported is not, only to be listed.
    async fn glimpse(&self, repository: &Repository, tag: &Tag) -> Result<Option<Glimpse>, StoreError> {
        let name = format!("{repository}:{tag}");
        let told = self.daemon().await?.image_told(&name).await.map_err(|error| self.failed(error))?;
        let told = told.ok_or_else(|| self.not_found(name))?;
        if self.find(repository, &told.id).await?.is_some() {
            return Ok(None);
        }
        Ok(Some(Glimpse { id: told.id, size: told.size, created: told.created, platform: told.platform }))
    }

    async fn resolve(&self, repository: &Repository, selector: &Selector) -> Result<Descriptor, StoreError> {
        match selector {
            Selector::Tag(tag) => match self.id(repository, tag).await? {
                Some(id) => self.image(repository, &id).await,
                None => Err(self.not_found(format!("{repository}:{tag}"))),
            },
            Selector::Digest(_) => Ok(self.manifest(repository, selector).await?.descriptor),
        }
    }

    async fn manifest(&self, repository: &Repository, selector: &Selector) -> Result<RawManifest, StoreError> {
        let digest = match selector {
            Selector::Tag(_) => self.resolve(repository, selector).await?.digest,
            Selector::Digest(digest) => digest.clone(),
        };
        let layout = self.bring(repository, Wanted::Manifest(digest.clone())).await?;
        layout.manifest(repository, &Selector::Digest(digest)).await
    }

    async fn has_blob(&self, _repository: &Repository, blob: &Descriptor) -> Result<bool, StoreError> {
        Ok(self.layout().await?.is_some_and(|layout| layout.has(blob)))
    }

    async fn open_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<BlobStream, StoreError> {
        self.bring(repository, Wanted::Blob(Box::new(blob.clone()))).await?.open_blob(repository, blob).await
    }

    async fn put_blob(&self, _: &Repository, _: &Descriptor, _: BlobStream) -> Result<(), StoreError> {
        self.read_only("keep a blob")
    }

    async fn mount_blob(&self, _: &Repository, _: &Descriptor, _: &Repository) -> Result<bool, StoreError> {
        self.read_only("keep a blob")
    }

    async fn put_manifest(&self, _: &Repository, _: Option<&Tag>, _: &str, _: &[u8]) -> Result<Descriptor, StoreError> {
        self.read_only("keep an image")
    }

    async fn remove_tag(&self, _: &Repository, _: &Tag) -> Result<(), StoreError> {
        self.read_only("forget a tag")
    }

    async fn referrers(&self, _: &Repository, _: &Digest, _: Option<&str>) -> Result<Vec<Descriptor>, StoreError> {
        // A daemon keeps nothing that is about another.
        Ok(Vec::new())
    }
}
