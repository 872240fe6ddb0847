//! cosign's older tags: `sha256-HEX.sig` and `.att`, images whose layers are signatures and statements. Reads no store.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::domain::oci::{Descriptor, Digest, Tag};
use crate::domain::trust::attest::predicate;

/// What lies under the tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LegacyTag {
    /// `.sig`
    Signatures,
    /// `.att`
    Attestations,
}

/// The tag for a digest; `None` where no tag can be that long.
pub(super) fn legacy_tag(digest: &Digest, kind: LegacyTag) -> Option<Tag> {
    let suffix = match kind {
        LegacyTag::Signatures => "sig",
        LegacyTag::Attestations => "att",
    };
    format!("{}-{}.{suffix}", digest.algorithm().as_str(), digest.encoded()).parse().ok()
}

/// The signature in a layer's annotation.
pub(super) fn signature_of(layer: &Descriptor) -> Option<Vec<u8>> {
    BASE64.decode(layer.annotations.get(predicate::LEGACY_SIGNATURE)?).ok().filter(|bytes| !bytes.is_empty())
}
