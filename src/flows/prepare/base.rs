//! Resolving a base: from the name in a recipe to a pinned manifest and config for each platform. A tag is asked once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::adapters::engine::BaseImage;
use crate::adapters::store::{KeptDocuments, RawManifest, Selector, Store, StoreError, read_verified};
use crate::domain::oci::{
    Descriptor, Digest, ImageConfig, ImageManifest, ImageRef, MAX_CONFIG_BYTES, Manifest, Platform, Repository,
};
use crate::flows::Context;
use crate::report::{Kind, Report};

/// A base and where it can be read: its own store, and the local one, which is asked first for what is pinned.
pub(super) struct BaseSource<'a> {
    /// What to call it in messages: `base`, `image`.
    pub(super) called: &'static str,
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

impl Context {
    /// A base that was baked upon, from what is on this machine: its own store is not asked.
    pub(in crate::flows) async fn base_here(
        &self,
        base: &str,
        platform: &Platform,
        manifest: &Digest,
    ) -> Result<BaseImage, Report> {
        let image = self.parse_reference(base)?;
        let repository = match &image.repository {
            Some(repository) => repository.clone(),
            // Nothing in the local store is called so; what is kept goes by digest.
            None => "base".parse().map_err(|error| Report::new(Kind::Failed, &error))?,
        };
        let open = || -> Result<Arc<dyn Store>, Report> {
            let message = format!("base {base} is not on this machine any more");
            Err(Report::message(Kind::Failed, message).help("baking the recipe again fetches it"))
        };
        let kept = KeptDocuments::new(&self.paths.cache);
        let local = self.local_if_present()?;
        let source = BaseSource { called: "base", image: &image, repository, open: &open, local, kept };
        source.image(platform, manifest).await
    }
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
        let raw = self.manifest(&selector).await?;
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

    /// Where the tag points now, asked of the base's own store; `None` where the recipe names a digest, or no answer came
    /// in time.
    pub(super) async fn tag_now(&self, patience: Duration) -> Option<Digest> {
        let tag = self.image.tag_or_latest().filter(|_| self.image.digest.is_none())?;
        let store = (self.open)().ok()?;
        let asked = tokio::time::timeout(patience, store.resolve(&self.repository, &Selector::Tag(tag))).await;
        asked.ok()?.ok().map(|found| found.digest)
    }

    /// The manifest and config of one platform, by digest: from the local store, from what was read before, or from
    /// the base's own store.
    pub(super) async fn image(&self, platform: &Platform, digest: &Digest) -> Result<BaseImage, Report> {
        let Manifest::Image(manifest) = self.pinned(digest).await? else {
            return Err(self.unusable(format!("{digest} is an index within an index")));
        };
        let config = self.config(&manifest).await?;
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
        let store = self.store_of_layers(&manifest).await?;
        Ok(BaseImage {
            platform: platform.clone(),
            digest: digest.clone(),
            layout: store.as_layout().cloned().map(Arc::new),
            store,
            repository: self.repository.clone(),
            manifest,
            config,
        })
    }

    /// The local store where it has every layer, so that nothing has to be fetched; else the base's own.
    async fn store_of_layers(&self, manifest: &ImageManifest) -> Result<Arc<dyn Store>, Report> {
        let Some(local) = &self.local else { return (self.open)() };
        for layer in &manifest.layers {
            if !matches!(local.has_blob(&self.repository, layer).await, Ok(true)) {
                return (self.open)();
            }
        }
        Ok(local.clone())
    }

    async fn manifest(&self, selector: &Selector) -> Result<RawManifest, Report> {
        let store = (self.open)()?;
        let raw = store.manifest(&self.repository, selector).await.map_err(|error| self.unresolved(error))?;
        self.kept.keep(&raw.descriptor.digest, &raw.bytes);
        Ok(raw)
    }

    async fn pinned(&self, digest: &Digest) -> Result<Manifest, Report> {
        let selector = Selector::Digest(digest.clone());
        if let Some(bytes) = self.kept.read(digest) {
            let parsed = Manifest::parse(&bytes, None);
            return parsed.map_err(|error| Report::new(Kind::Failed, &error).while_doing(self.context()));
        }
        if let Some(local) = &self.local
            && let Ok(raw) = local.manifest(&self.repository, &selector).await
        {
            return self.parse(&raw);
        }
        self.parse(&self.manifest(&selector).await?)
    }

    async fn config(&self, manifest: &ImageManifest) -> Result<ImageConfig, Report> {
        let blob = &manifest.config;
        let bytes = match self.kept.read(&blob.digest) {
            Some(bytes) => bytes,
            None => self.fetch_config(blob).await?,
        };
        ImageConfig::parse(&bytes).map_err(|error| Report::new(Kind::Failed, &error).while_doing(self.context()))
    }

    async fn fetch_config(&self, blob: &Descriptor) -> Result<Vec<u8>, Report> {
        if let Some(local) = &self.local
            && let Ok(source) = local.open_blob(&self.repository, blob).await
            && let Ok(bytes) = read_verified(source, blob, MAX_CONFIG_BYTES).await
        {
            return Ok(bytes);
        }
        let store = (self.open)()?;
        let source = store.open_blob(&self.repository, blob).await.map_err(|error| self.unresolved(error))?;
        let bytes = read_verified(source, blob, MAX_CONFIG_BYTES).await.map_err(|error| self.unresolved(error))?;
        self.kept.keep(&blob.digest, &bytes);
        Ok(bytes)
    }

    fn parse(&self, raw: &RawManifest) -> Result<Manifest, Report> {
        let parsed = Manifest::parse(&raw.bytes, Some(&raw.descriptor.media_type));
        parsed.map_err(|error| Report::new(Kind::Failed, &error).while_doing(self.context()))
    }

    fn context(&self) -> String {
        format!("{} {} cannot be used", self.called, self.image)
    }

    fn unusable(&self, why: String) -> Report {
        Report::message(Kind::Failed, why).while_doing(self.context())
    }

    fn unresolved(&self, error: StoreError) -> Report {
        Report::from(error).while_doing(format!("{} {} cannot be had", self.called, self.image))
    }
}
