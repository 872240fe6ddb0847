//! cosign's older tags hold all signatures of an image in one manifest, a layer each: joining what is there with what comes, so
//! that nobody's signature is lost. Verifies nothing.

use crate::adapters::store::{RawManifest, read_verified};
use crate::domain::oci::{Descriptor, ImageManifest, MAX_CONFIG_BYTES, MAX_LAYERS, Manifest, parse_strict};
use crate::flows::browse::parse;
use crate::flows::verify::Site;
use crate::report::{Kind, Report};

/// What to put in place of what is there; `None` where that has everything already.
pub(super) async fn joined(to: &Site, there: &RawManifest, ours: &RawManifest) -> Result<Option<RawManifest>, Report> {
    let (theirs, own) = (image(to, there)?, image(to, ours)?);
    let Some(layers) = union(&theirs.layers, &own.layers) else { return Ok(None) };
    if layers.len() == own.layers.len() {
        return Ok(Some(ours.clone()));
    }
    if layers.len() > MAX_LAYERS {
        return Err(Report::message(Kind::Failed, "R-13: too many signatures are there already"));
    }
    let failed = |error: &(dyn std::error::Error + 'static)| Report::new(Kind::Failed, error);
    let source = to.store.open_blob(&to.repository, &theirs.config).await?;
    let bytes = read_verified(source, &theirs.config, MAX_CONFIG_BYTES).await?;
    let mut config = parse_strict(&bytes).map_err(|error| failed(&error))?;
    let ids: Vec<String> = layers.iter().map(|layer| layer.digest.to_string()).collect();
    if let Some(rootfs) = config.get_mut("rootfs").and_then(|rootfs| rootfs.as_object_mut()) {
        rootfs.insert("diff_ids".into(), ids.into());
    }
    let bytes = serde_json::to_vec(&config).map_err(|error| failed(&error))?;
    let config = Descriptor::of(theirs.config.media_type.clone(), &bytes);
    to.store.put_blob(&to.repository, &config, Box::pin(std::io::Cursor::new(bytes))).await?;
    let manifest = ImageManifest { config, layers, ..theirs };
    let bytes = serde_json::to_vec(&manifest).map_err(|error| failed(&error))?;
    let descriptor = Descriptor::of(there.descriptor.media_type.clone(), &bytes);
    Ok(Some(RawManifest { descriptor, bytes }))
}

fn image(to: &Site, raw: &RawManifest) -> Result<ImageManifest, Report> {
    match parse(&*to.store, &to.repository, &raw.bytes, &raw.descriptor)? {
        Manifest::Image(image) => Ok(image),
        Manifest::Index(_) => Err(Report::message(Kind::Failed, "an index stands where signatures belong")),
    }
}

/// Theirs, and those of ours that are not among them; `None` where there are none. Two signers' layers may have one digest:
/// the signature stands in the annotations.
fn union(theirs: &[Descriptor], ours: &[Descriptor]) -> Option<Vec<Descriptor>> {
    let same =
        |one: &Descriptor, other: &Descriptor| one.digest == other.digest && one.annotations == other.annotations;
    let missing: Vec<Descriptor> =
        ours.iter().filter(|own| !theirs.iter().any(|other| same(own, other))).cloned().collect();
    (!missing.is_empty()).then(|| theirs.iter().cloned().chain(missing).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_signature_is_lost_and_none_is_put_twice() {
        let layer = |payload: &str, signature: &str| {
            let mut layer = Descriptor::of("application/vnd.dev.cosign.simplesigning.v1+json", payload.as_bytes());
            layer.annotations.insert("dev.cosignproject.cosign/signature".into(), signature.into());
            layer
        };
        let (theirs, ours) = ([layer("p", "theirs")], [layer("p", "ours")]);
        let both = union(&theirs, &ours).unwrap();
        assert_eq!(both, [theirs[0].clone(), ours[0].clone()]);
        assert_eq!(union(&both, &ours), None);
    }
}
