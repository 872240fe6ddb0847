//! Resolving a base: from the name in a recipe to a pinned manifest and config for each platform. A tag is asked once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::adapters::engine::BaseImage;
use crate::adapters::store::{KeptDocuments, RawManifest, Selector, Store, StoreError, read_verified};
use crate::domain::oci::{
    Descriptor, Digest, ImageConfig, ImageManifest, ImageRef, MAX_CONFIG_BYTES, Manifest, Platform, Repository,
    media_type,
};
use crate::report::{Kind, Report};

/// A base and where it can be read: its own store, and the local one, which is asked first for what is pinned.
pub(super) struct BaseSource<'a> {
    /// As the recipe names it.
    pub(super) image: &'a ImageRef,
    /// Its repository in its own store.
    pub(super) repository: Repository,
    /// Its own store; opened only when the local one does not have what is wanted.
    pub(super) open: &'a (dyn Fn() -> Result<Arc<dyn Store>, Report> + Send + Sync),
    /// The local store, where there is one already.
    pub(super) local: Option<Arc<dyn Store>>,
    /// Documents of pinned bases seen before.
    pub(super) kept: KeptDocuments,
}

/// What a tag pointed at.
pub(super) struct Resolved {
    /// The index, or the manifest where it is no index.
    pub(super) digest: Digest,
    /// Manifest digest per platform.
    pub(super) platforms: BTreeMap<Platform, Digest>,
}

impl BaseSource<'_> {
    /// Asks the store, once, what the base is: by `pinned` where the digest is known, else by the recipe's digest or tag.
    pub(super) async fn resolve(&self, pinned: Option<&Digest>, platforms: &[Platform]) -> Result<Resolved, Report> {
        let digest = pinned.or(self.image.digest.as_ref());
        let selector = match (digest, self.image.tag_or_latest()) {
            (Some(digest), _) => Selector::Digest(digest.clone()),
            (None, Some(tag)) => Selector::Tag(tag),
            (None, None) => return Err(Report::message(Kind::Usage, format!("{} names no tag", self.image))),
        };
        let raw = self.manifest(&selector).await?.0;
        let digest = raw.descriptor.digest.clone();
        let mut found = BTreeMap::new();
        match self.parse(&raw)? {
            Manifest::Index(index) => {
                for platform in platforms {
                    let Some(entry) = index.entry_for(platform) else {
                        let has: Vec<String> = index
                            .manifests
                            .iter()
                            .filter_map(|entry| entry.platform.as_ref().map(|p| p.to_platform().to_string()))
                            .filter(|name| !name.starts_with("unknown/"))
                            .collect();
                        return Err(Report::message(Kind::Failed, format!("{} has no {platform}", self.image))
                            .help(format!("it has {}; set `platforms` in the recipe", has.join(", "))));
                    };
                    found.insert(platform.clone(), entry.digest.clone());
                }
            }
            // One image: its config, checked when it is fetched, says for which platform.
            Manifest::Image(_) => {
                found.extend(platforms.iter().map(|platform| (platform.clone(), digest.clone())));
            }
        }
        Ok(Resolved { digest, platforms: found })
    }

    /// The manifest and config of one platform, by digest.
    pub(super) async fn image(&self, platform: &Platform, digest: &Digest) -> Result<BaseImage, Report> {
        let (raw, store) = self.manifest(&Selector::Digest(digest.clone())).await?;
        let Manifest::Image(manifest) = self.parse(&raw)? else {
            return Err(self.unusable(format!("{digest} is an index within an index")));
        };
        let config = self.config(&store, &manifest).await?;
        if config.platform().architecture.is_empty() {
            return Err(self
                .unusable(format!("{digest} does not say which platform it is for"))
                .help("whoever made it can say so: crane mutate --set-platform linux/amd64 IMAGE"));
        }
        if !platform.is_served_by(&config.platform()) {
            let message = format!("{} is for {}, not for {platform}", self.image, config.platform());
            return Err(Report::message(Kind::Failed, message)
                .help(format!("set `platforms: [{}]` in the recipe, or name another base", config.platform())));
        }
        if config.rootfs.diff_ids.len() != manifest.layers.len() {
            let (ids, layers) = (config.rootfs.diff_ids.len(), manifest.layers.len());
            return Err(self.unusable(format!("config lists {ids} diffIDs, manifest {layers} layers")));
        }
        Ok(BaseImage {
            platform: platform.clone(),
            digest: digest.clone(),
            manifest,
            config,
            layout: store.as_layout().cloned().map(Arc::new),
            store,
            repository: self.repository.clone(),
        })
    }

    /// A manifest, and the store that had it: what is pinned is looked for in the local store first.
    async fn manifest(&self, selector: &Selector) -> Result<(RawManifest, Arc<dyn Store>), Report> {
        if let (Selector::Digest(_), Some(local)) = (selector, &self.local) {
            match local.manifest(&self.repository, selector).await {
                Ok(raw) if self.complete(local, &raw).await => return Ok((raw, local.clone())),
                // What the local store lacks, or holds damaged, its own store has.
                Ok(_) | Err(_) => {}
            }
        }
        let store = (self.open)()?;
        if let Selector::Digest(digest) = selector
            && let Some(bytes) = self.kept.read(digest)
            && let Some(raw) = as_raw(digest, bytes)
        {
            return Ok((raw, store));
        }
        let raw = store.manifest(&self.repository, selector).await.map_err(|error| self.unresolved(error))?;
        self.kept.keep(&raw.descriptor.digest, &raw.bytes);
        Ok((raw, store))
    }

    /// Whether the local store has everything an image names, so that nothing has to be fetched elsewhere.
    async fn complete(&self, local: &Arc<dyn Store>, raw: &RawManifest) -> bool {
        match Manifest::parse(&raw.bytes, Some(&raw.descriptor.media_type)) {
            Ok(Manifest::Image(manifest)) => {
                for blob in manifest.layers.iter().chain([&manifest.config]) {
                    if !matches!(local.has_blob(&self.repository, blob).await, Ok(true)) {
                        return false;
                    }
                }
                true
            }
            Ok(Manifest::Index(_)) => true,
            Err(_) => false,
        }
    }

    async fn config(&self, store: &Arc<dyn Store>, manifest: &ImageManifest) -> Result<ImageConfig, Report> {
        let blob = &manifest.config;
        let bytes = match self.kept.read(&blob.digest) {
            Some(bytes) => bytes,
            None => {
                let source = store.open_blob(&self.repository, blob).await.map_err(|error| self.unresolved(error))?;
                read_verified(source, blob, MAX_CONFIG_BYTES).await.map_err(|error| self.unresolved(error))?
            }
        };
        self.kept.keep(&blob.digest, &bytes);
        ImageConfig::parse(&bytes).map_err(|error| Report::new(Kind::Failed, &error).while_doing(self.context()))
    }

    fn parse(&self, raw: &RawManifest) -> Result<Manifest, Report> {
        let parsed = Manifest::parse(&raw.bytes, Some(&raw.descriptor.media_type));
        parsed.map_err(|error| Report::new(Kind::Failed, &error).while_doing(self.context()))
    }

    fn context(&self) -> String {
        format!("base {} cannot be used", self.image)
    }

    fn unusable(&self, why: String) -> Report {
        Report::message(Kind::Failed, why).while_doing(self.context())
    }

    fn unresolved(&self, error: StoreError) -> Report {
        Report::from(error).while_doing(format!("base {} cannot be had", self.image))
    }
}

/// A kept manifest as a store would give it. One that does not say its type is OCI's: Docker's always do.
fn as_raw(digest: &Digest, bytes: Vec<u8>) -> Option<RawManifest> {
    let media_type = match Manifest::parse(&bytes, None).ok()? {
        Manifest::Image(image) => image.media_type.unwrap_or_else(|| media_type::MANIFEST.to_owned()),
        Manifest::Index(index) => index.media_type.unwrap_or_else(|| media_type::INDEX.to_owned()),
    };
    let descriptor = Descriptor::new(media_type, digest.clone(), bytes.len() as u64);
    Some(RawManifest { descriptor, bytes })
}
