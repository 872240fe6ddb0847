//! The base a recipe names: found by its lock, by what is kept here, or by asking its store for a moment; and what is in it,
//! read once, without fetching a layer.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::known::Reading;
use crate::adapters::host;
use crate::adapters::store::Selector;
use crate::domain::layer::{Group, User, groups, users};
use crate::domain::oci::{Digest, ImageConfig, ImageRef, Platform};
use crate::flows::Context;
use crate::flows::compare::{Found, Opened, one_line};
use crate::flows::prepare::{loaded_lock, placed_beside};

/// How long a store is waited for.
const STORE_PATIENCE: Duration = Duration::from_millis(1500);
/// How long a base that is here is waited for; it is read on.
const READING_PATIENCE: Duration = Duration::from_secs(3);
/// Largest list of packages read, and names taken of it.
const MAX_INSTALLABLE: usize = 200_000;

/// What is in a base.
#[derive(Debug)]
pub(super) struct BaseFacts {
    /// As the recipe names it.
    pub(super) reference: ImageRef,
    /// Digest of its manifest.
    pub(super) digest: Digest,
    pub(super) config: ImageConfig,
    /// Bytes of its layers.
    pub(super) size: u64,
    /// Its layers; `None` where they are not here.
    pub(super) opened: Option<Opened>,
    pub(super) users: Vec<User>,
    pub(super) groups: Vec<Group>,
    /// Packages its lists name.
    pub(super) installable: Vec<String>,
    /// What is not known of it, and why.
    pub(super) lacking: Option<String>,
}

/// A base that was found, or why it was not, in a few words.
pub(super) type Sought<T> = Result<T, String>;

impl Context {
    /// The facts of the base a text names, for whoever writes it; why there are none, where there are none.
    pub(super) async fn base_facts(
        &self,
        file: &Path,
        base: Option<&str>,
        platform: Option<&str>,
    ) -> Sought<Arc<BaseFacts>> {
        let found = self.base_found(file, base, platform).await?;
        let mut reading = self.known.base(&found.digest.clone(), || self.begin_reading(found));
        let read = tokio::time::timeout(READING_PATIENCE, reading.wait_for(Option::is_some)).await;
        match read {
            Ok(Ok(facts)) => facts.clone().ok_or_else(|| "the base cannot be read".to_owned()),
            Ok(Err(_)) => Err("the base cannot be read".to_owned()),
            Err(_) => Err("the base is still being read".to_owned()),
        }
    }

    /// The base's manifest and config. Asks its store only for what is neither pinned nor kept, and not for long.
    pub(super) async fn base_found(&self, file: &Path, base: Option<&str>, platform: Option<&str>) -> Sought<Found> {
        let base = base.ok_or("the recipe names no base")?;
        if base == "scratch" {
            return Err("scratch holds nothing".to_owned());
        }
        let image = self.parse_reference(base).map_err(|_| format!("{base} is no image"))?;
        let image = placed_beside(&image, file);
        let platform = platform.and_then(|text| text.parse::<Platform>().ok()).unwrap_or_else(host::platform);
        let pinned = match &image.digest {
            Some(digest) => Some(digest.clone()),
            None => self.pinned_digest(file, base, &platform).await,
        };
        let digest = match pinned {
            Some(digest) => digest,
            None => self.tag_digest(&image).await?,
        };
        let pinned = image.pinned(digest);
        let found = tokio::time::timeout(STORE_PATIENCE, self.find_image(&pinned, Some(&platform))).await;
        let mut found =
            found.map_err(|_| "its store does not answer".to_owned())?.map_err(|report| one_line(&report))?;
        found.reference = image;
        Ok(found)
    }

    /// What the lock beside the recipe pins its base to.
    async fn pinned_digest(&self, file: &Path, base: &str, platform: &Platform) -> Option<Digest> {
        let beside = file.to_owned();
        let lock = tokio::task::spawn_blocking(move || loaded_lock(&beside)).await.ok()?.ok()??;
        let lock = (lock.base == base).then_some(lock)?;
        Some(lock.platforms.get(platform).unwrap_or(&lock.digest).clone())
    }

    async fn tag_digest(&self, image: &ImageRef) -> Sought<Digest> {
        let name = image.to_string();
        if let Some(known) = self.known.digests().of(&name) {
            return Ok(known);
        }
        if let Some(why) = self.known.silence(&name) {
            return Err(why);
        }
        let found = self.tag_now(image).await.inspect_err(|why| self.known.keep_silence(&name, why))?;
        self.known.digests().keep(&name, found.clone());
        Ok(found)
    }

    async fn tag_now(&self, image: &ImageRef) -> Sought<Digest> {
        let tag = image.tag_or_latest().ok_or("the base names no tag")?;
        let (store, repository) = self.open(image).map_err(|report| one_line(&report))?;
        let asked = tokio::time::timeout(STORE_PATIENCE, store.resolve(&repository, &Selector::Tag(tag))).await;
        let found = asked.map_err(|_| "its store does not answer".to_owned())?;
        found.map(|found| found.digest).map_err(|error| one_line(&error.into()))
    }

    /// Begins to read a base. It is read to its end, whoever still waits for it: typing on must not begin it anew.
    fn begin_reading(&self, found: Found) -> Reading {
        let (tell, reading) = watch::channel(None);
        let (context, handle) = (self.clone(), Handle::current());
        tokio::task::spawn_blocking(move || {
            let facts = handle.block_on(context.read_base(found));
            let _ = tell.send(Some(Arc::new(facts)));
        });
        reading
    }

    async fn read_base(&self, found: Found) -> BaseFacts {
        let mut facts = BaseFacts {
            reference: found.reference.clone(),
            digest: found.digest.clone(),
            config: found.config.clone(),
            size: found.manifest.layers.iter().map(|layer| layer.size).fold(0, u64::saturating_add),
            opened: None,
            users: Vec::new(),
            groups: Vec::new(),
            installable: Vec::new(),
            lacking: None,
        };
        let opened = match self.open_here(found).await {
            Ok(Some(opened)) => opened,
            Ok(None) => {
                facts.lacking = Some("the base's layers are not here: a first bake fetches them".to_owned());
                return facts;
            }
            Err(report) => {
                facts.lacking = Some(format!("the base cannot be read: {}", one_line(&report)));
                return facts;
            }
        };
        facts.lacking = opened.layers.iter().find_map(|layer| layer.problem.clone());
        let missing = |path: &str| format!("/{path} of the base is not here, or cannot be read");
        for path in ["etc/passwd", "etc/group"] {
            let is_there = opened.tree.seen(path.as_bytes()).is_some();
            match self.small_file_here(&opened, path.as_bytes()).await {
                Some(bytes) if path == "etc/passwd" => facts.users = users(&bytes),
                Some(bytes) => facts.groups = groups(&bytes),
                None if is_there => facts.lacking = Some(missing(path)),
                None => {}
            }
        }
        facts.installable = self.installable(&opened).await;
        facts.opened = Some(opened);
        facts
    }

    /// The packages that lists of apt in the base name; most bases have none, since they are cleaned up.
    async fn installable(&self, opened: &Opened) -> Vec<String> {
        const LISTS: &[u8] = b"var/lib/apt/lists";
        let of_lists = |name: &[u8]| name.ends_with(b"_Packages");
        let lists = opened.tree.names(LISTS).filter(|(name, _)| of_lists(name));
        let paths: Vec<Vec<u8>> = lists.map(|(name, _)| [LISTS, b"/", &*name].concat()).collect();
        let mut found = std::collections::BTreeSet::new();
        for path in paths {
            let text = self.text_file_here(opened, &path).await.unwrap_or_default();
            let names = text.lines().filter_map(|line| line.strip_prefix("Package: "));
            found.extend(names.take(MAX_INSTALLABLE).map(|name| name.trim().to_owned()));
        }
        found.into_iter().take(MAX_INSTALLABLE).collect()
    }
}
