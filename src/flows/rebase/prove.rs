//! What stands in the way, platform by platform: paths, fields, layers that cannot be moved. Reads indexes of layers.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::try_join;

use super::InTheWay;
use super::find::{Bases, OwnImage, Refusal};
use crate::domain::layer::{CompareOptions, Comparison, Side};
use crate::domain::oci::{Compression, Descriptor, ImageConfig, Platform};
use crate::domain::rebase::{conflicts, merge};
use crate::flows::Context;
use crate::flows::compare::{Found, Opened};
use crate::flows::verify::Documents;
use crate::report::Report;

/// What was proven.
pub(super) struct Proven {
    /// What stands in the way.
    pub(super) in_the_way: Vec<InTheWay>,
    /// The config of each platform on the new base, in the image's order; as many as nothing stands in the way of.
    pub(super) configs: Vec<ImageConfig>,
    /// Bytes of the image's own layers that had to be read to know what is in them.
    pub(super) read: u64,
}

impl Context {
    /// Holds each platform's own layers and config against what its base changed.
    pub(super) async fn prove(&self, image: &OwnImage, bases: &Bases) -> Result<Result<Proven, Refusal>, Report> {
        let mut proven = Proven { in_the_way: Vec::new(), configs: Vec::new(), read: 0 };
        for (platform, child, _) in &image.parts {
            let Some((old, new)) = bases.parts.get(platform) else { continue };
            let below = old.config.rootfs.diff_ids.len();
            if let Some(foreign) = child.manifest.layers.iter().skip(below).find(|layer| is_foreign(layer)) {
                let why = format!("layer {} for {platform} is of a kind that bakery does not move", foreign.digest);
                return Ok(Err(Refusal::new("layer.foreign", why)));
            }
            proven.read += self.unread_layers(image, child, below)?;
            match self.on(platform, (child, old, new), (image, bases)).await? {
                Ok((None, Some(config))) => proven.configs.push(config),
                Ok((Some(in_the_way), _)) => proven.in_the_way.push(in_the_way),
                Ok((None, None)) => {}
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(Ok(proven))
    }

    /// Bytes of its own layers that nobody has looked into on this machine, and that are not here.
    fn unread_layers(&self, image: &OwnImage, child: &Documents, below: usize) -> Result<u64, Report> {
        let sources = found_in(image, child).sources(&self.layouts_here())?;
        let unread =
            sources.iter().skip(below).filter(|layer| !layer.is_indexed(&self.paths.cache) && !layer.is_here());
        Ok(unread.map(|layer| layer.blob.size).sum())
    }

    async fn on(
        &self,
        platform: &Platform,
        (child, old, new): (&Documents, &Documents, &Documents),
        (image, bases): (&OwnImage, &Bases),
    ) -> Result<Result<(Option<InTheWay>, Option<ImageConfig>), Refusal>, Report> {
        let onto = Found {
            reference: self.parse_reference(&bases.name)?.pinned(new.digest.clone()),
            digest: new.digest.clone(),
            manifest: new.manifest.clone(),
            config: new.config.clone(),
            store: Arc::clone(&bases.store),
            repository: bases.repository.clone(),
        };
        let ours = self.open_found(found_in(image, child)).boxed();
        let (ours, onto) = try_join(ours, self.open_found(onto).boxed()).await?;
        if let Some(why) = unread(&ours).or_else(|| unread(&onto)) {
            return Ok(Err(Refusal::new("layer.unread", why)));
        }
        let below = u32::try_from(old.config.rootfs.diff_ids.len()).unwrap_or(u32::MAX);
        let (before, after) = (Side { tree: ours.tree.clone(), level: below }, onto.whole());
        let changed = Comparison::between(before, after, CompareOptions { times: false, moves: false });
        let paths = conflicts(&ours.tree, below, &changed);
        let own = child.config.rootfs.diff_ids.len() - old.config.rootfs.diff_ids.len();
        let merged = merge(&old.config, &child.config, &new.config, own);
        let (config, fields) = match merged {
            Ok(config) => (Some(config), Vec::new()),
            Err(fields) => (None, fields),
        };
        let clear = paths.is_empty() && fields.is_empty();
        let in_the_way = (!clear).then(|| InTheWay { platform: platform.clone(), paths, fields });
        Ok(Ok((in_the_way, config)))
    }
}

/// One platform's image, where it lies.
fn found_in(image: &OwnImage, child: &Documents) -> Found {
    Found {
        reference: image.placed.pinned(child.digest.clone()),
        digest: child.digest.clone(),
        manifest: child.manifest.clone(),
        config: child.config.clone(),
        store: Arc::clone(&image.site.store),
        repository: image.repository.clone(),
    }
}

/// Why not all of an image is known.
fn unread(opened: &Opened) -> Option<String> {
    let layer = opened.layers.iter().find(|layer| layer.problem.is_some())?;
    let why = layer.problem.as_deref().unwrap_or_default();
    Some(format!("layer {} of {} cannot be read whole: {why}", layer.digest, opened.reference))
}

fn is_foreign(layer: &Descriptor) -> bool {
    layer.media_type.contains("foreign")
        || layer.media_type.contains("nondistributable")
        || Compression::of_media_type(&layer.media_type).is_none()
}
