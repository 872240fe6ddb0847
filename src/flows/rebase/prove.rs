//! What stands in the way, platform by platform: paths, fields, layers that cannot be moved. Reads indexes of layers.

use super::InTheWay;
use super::find::{Bases, OwnImage, Refusal};
use crate::domain::layer::{CompareOptions, Comparison, Side};
use crate::domain::oci::{Compression, Descriptor, ImageConfig, ImageRef, Platform};
use crate::domain::rebase::{conflicts, merge};
use crate::flows::Context;
use crate::flows::compare::Opened;
use crate::flows::verify::Documents;
use crate::report::Report;

/// What was proven.
pub(super) struct Proven {
    /// What stands in the way.
    pub(super) in_the_way: Vec<InTheWay>,
    /// The config of each platform on the new base, in the image's order; as many as nothing stands in the way of.
    pub(super) configs: Vec<ImageConfig>,
}

impl Context {
    /// Holds each platform's own layers and config against what its base changed.
    pub(super) async fn prove(&self, image: &OwnImage, bases: &Bases) -> Result<Result<Proven, Refusal>, Report> {
        let mut proven = Proven { in_the_way: Vec::new(), configs: Vec::new() };
        for (platform, child, _) in &image.parts {
            let Some((old, new)) = bases.parts.get(platform) else { continue };
            let below = old.config.rootfs.diff_ids.len();
            if let Some(foreign) = child.manifest.layers.iter().skip(below).find(|layer| is_foreign(layer)) {
                let why = format!("layer {} for {platform} is of a kind that bakery does not move", foreign.digest);
                return Ok(Err(Refusal::new("layer.foreign", why)));
            }
            match self.on(platform, (child, old, new), (image, bases)).await? {
                Ok((None, Some(config))) => proven.configs.push(config),
                Ok((Some(in_the_way), _)) => proven.in_the_way.push(in_the_way),
                Ok((None, None)) => {}
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(Ok(proven))
    }

    async fn on(
        &self,
        platform: &Platform,
        (child, old, new): (&Documents, &Documents, &Documents),
        (image, bases): (&OwnImage, &Bases),
    ) -> Result<Result<(Option<InTheWay>, Option<ImageConfig>), Refusal>, Report> {
        let pinned = |reference: &ImageRef, documents: &Documents| {
            ImageRef { tag: None, ..reference.pinned(documents.digest.clone()) }.to_string()
        };
        let base = self.parse_reference(&bases.name)?;
        let ours = self.open_image(&pinned(&image.reference, child), Some(platform)).await?;
        let onto = self.open_image(&pinned(&base, new), Some(platform)).await?;
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
