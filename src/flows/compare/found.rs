//! An image found: its manifest and config, and where its layers are. Reads no layer.

use std::sync::Arc;

use crate::adapters::host;
use crate::adapters::layer_source::LayerSource;
use crate::adapters::store::layout::Layout;
use crate::adapters::store::{KeptDocuments, Selector, Store, read_verified};
use crate::domain::oci::{
    Compression, Descriptor, DiffId, Digest, ImageConfig, ImageManifest, ImageRef, MAX_CONFIG_BYTES, Manifest,
    Platform, Repository,
};
use crate::flows::Context;
use crate::flows::browse::{choose, parse, refuse_other};
use crate::report::{Kind, Report};

/// One image of one platform.
#[derive(Clone)]
pub(in crate::flows) struct Found {
    /// How it was asked for.
    pub(in crate::flows) reference: ImageRef,
    /// Digest of its manifest.
    pub(in crate::flows) digest: Digest,
    pub(in crate::flows) manifest: ImageManifest,
    pub(in crate::flows) config: ImageConfig,
    pub(in crate::flows) store: Arc<dyn Store>,
    pub(in crate::flows) repository: Repository,
}

/// Documents by digest: kept ones, then those of a store.
struct Reading<'r> {
    kept: KeptDocuments,
    store: &'r dyn Store,
    repository: &'r Repository,
}

impl Reading<'_> {
    async fn manifest(&self, selector: &Selector) -> Result<(Digest, Manifest), Report> {
        if let Selector::Digest(digest) = selector
            && let Some(bytes) = self.kept.read(digest)
        {
            let parsed = Manifest::parse(&bytes, None).map_err(|error| Report::new(Kind::Failed, &error))?;
            return Ok((digest.clone(), parsed));
        }
        let raw = self.store.manifest(self.repository, selector).await?;
        self.kept.keep(&raw.descriptor.digest, &raw.bytes);
        let parsed = parse(self.store, self.repository, &raw.bytes, &raw.descriptor)?;
        Ok((raw.descriptor.digest, parsed))
    }

    /// The image itself; of an index, the one for `platform`, and that it is of one.
    async fn image(
        &self,
        selector: &Selector,
        platform: Option<&Platform>,
    ) -> Result<(Digest, ImageManifest, bool), Report> {
        let (digest, manifest) = self.manifest(selector).await?;
        let index = match manifest {
            Manifest::Image(image) => return Ok((digest, image, false)),
            Manifest::Index(index) => index,
        };
        let here = host::platform();
        let mut wanted = platform;
        if wanted.is_none() && index.entry_for(&here).is_some() {
            wanted = Some(&here);
        }
        let what = || format!("{}:{selector}", self.repository);
        let Some(entry) = choose(&index.manifests, wanted, self.repository, selector)? else {
            return Err(Report::message(Kind::Failed, format!("{} is an index of no images", what())));
        };
        match self.manifest(&Selector::Digest(entry.digest.clone())).await? {
            (digest, Manifest::Image(image)) => Ok((digest, image, true)),
            _ => Err(Report::message(Kind::Failed, format!("{}: J-11: an index inside an index", what()))),
        }
    }

    async fn config(&self, blob: &Descriptor) -> Result<ImageConfig, Report> {
        let bytes = match self.kept.read(&blob.digest) {
            Some(bytes) => bytes,
            None => {
                let source = self.store.open_blob(self.repository, blob).await?;
                let bytes = read_verified(source, blob, MAX_CONFIG_BYTES).await?;
                self.kept.keep(&blob.digest, &bytes);
                bytes
            }
        };
        ImageConfig::parse(&bytes).map_err(|error| Report::new(Kind::Failed, &error))
    }
}

impl Context {
    /// Finds an image; of an index the one for `platform`, else the one for this machine, else the first.
    pub(in crate::flows) async fn find_image(
        &self,
        image: &ImageRef,
        platform: Option<&Platform>,
    ) -> Result<Found, Report> {
        self.find(image, (platform, false)).await
    }

    /// The same for somebody who names the platform: an image in no index, which is for another, is refused.
    pub(super) async fn find_image_for(&self, image: &ImageRef, platform: Option<&Platform>) -> Result<Found, Report> {
        self.find(image, (platform, true)).await
    }

    async fn find(&self, image: &ImageRef, (platform, is_strict): (Option<&Platform>, bool)) -> Result<Found, Report> {
        let selector = match (&image.digest, image.tag_or_latest()) {
            (Some(digest), _) => Selector::Digest(digest.clone()),
            (None, Some(tag)) => Selector::Tag(tag),
            (None, None) => return Err(Report::message(Kind::Usage, format!("{image} names no tag and no digest"))),
        };
        let (store, repository) = self.open(image)?;
        let doing = |report: Report| report.while_doing(format!("{image} cannot be looked into"));
        let kept = KeptDocuments::new(&self.paths.cache);
        let reading = Reading { kept, store: &*store, repository: &repository };
        let (digest, manifest, is_listed) = reading.image(&selector, platform).await.map_err(doing)?;
        let config = reading.config(&manifest.config).await.map_err(doing)?;
        if !is_listed && is_strict {
            refuse_other(image, (platform, Some(&config.platform())))?;
        }
        Ok(Found { reference: image.clone(), digest, manifest, config, store, repository })
    }

    /// The layouts on this machine that may have layers: the local store's.
    pub(in crate::flows) fn layouts_here(&self) -> Vec<Layout> {
        let local = self.local_if_present().ok().flatten();
        local.and_then(|local| local.as_layout().cloned()).into_iter().collect()
    }
}

impl Found {
    /// Its layers, bottom first, each with the diffID its config gives it.
    pub(in crate::flows) fn sources(&self, here: &[Layout]) -> Result<Vec<LayerSource>, Report> {
        let (blobs, ids) = (&self.manifest.layers, &self.config.rootfs.diff_ids);
        if blobs.len() != ids.len() {
            let (blobs, ids) = (blobs.len(), ids.len());
            let why = format!("J-01: {}: {blobs} layers, and its config lists {ids}", self.reference);
            return Err(Report::message(Kind::Failed, why));
        }
        if let Some(other) = blobs.iter().find(|blob| Compression::of_media_type(&blob.media_type).is_none()) {
            let why = format!("{}: {:?} is no layer bakery reads", self.reference, other.media_type);
            return Err(Report::message(Kind::Failed, why)
                .help("artifacts have no files; `bakery inspect` shows what they are"));
        }
        let here: Vec<Layout> = here.iter().chain(self.store.as_layout()).cloned().collect();
        let source = |(blob, diff_id): (&Descriptor, &DiffId)| LayerSource {
            blob: blob.clone(),
            diff_id: diff_id.clone(),
            here: here.clone(),
            store: Arc::clone(&self.store),
            repository: self.repository.clone(),
        };
        Ok(blobs.iter().zip(ids).map(source).collect())
    }
}

/// What the history says of each layer, bottom first.
pub(in crate::flows) fn created_by(config: &ImageConfig) -> Vec<Option<String>> {
    let made = config.history.iter().filter(|entry| !entry.empty_layer);
    made.map(|entry| entry.created_by.clone()).collect()
}
