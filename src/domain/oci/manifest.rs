//! Image manifests and indexes: parsed strictly, written canonically. Fetches nothing.
//!
//! Source: image-spec manifest.md, image-index.md. Refusals name their hostile-input family.

use serde::{Deserialize, Serialize};

use super::descriptor::{Annotations, Descriptor, media_type};
use super::json::{JsonError, parse_strict};
use super::platform::Platform;

/// Largest manifest or index accepted, in bytes.
pub const MAX_MANIFEST_BYTES: u64 = 4 << 20;
/// Most layers of one image: the kernel stacks no more (T-19).
pub const MAX_LAYERS: usize = 500;
/// Most entries of one index (J-11).
pub const MAX_INDEX_ENTRIES: usize = 10_000;

/// Why bytes are no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Larger than [`MAX_MANIFEST_BYTES`].
    #[error("J-08: manifest of {0} bytes is over the limit of 4 MiB")]
    TooLarge(u64),
    /// Not strict JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// JSON of another shape.
    #[error("not a manifest: {0}")]
    Shape(#[source] serde_json::Error),
    /// Fields of a manifest and of an index in one document.
    #[error("J-01: ambiguous document: has {0} beside {1}")]
    Ambiguous(&'static str, &'static str),
    /// `mediaType` inside differs from what pointed here.
    #[error("J-02: document says {inside:?}, but was announced as {outside:?}")]
    MediaType {
        /// The document's own field.
        inside: String,
        /// The descriptor or header.
        outside: String,
    },
    /// Neither a manifest nor an index.
    #[error("unsupported media type {0:?}")]
    Unsupported(String),
    /// `schemaVersion` other than 2.
    #[error("unsupported schemaVersion {0}")]
    SchemaVersion(u64),
    /// Too many layers or entries.
    #[error("{family}: {count} {what}, at most {limit} are accepted")]
    TooMany {
        /// Hostile-input family.
        family: &'static str,
        /// Counted thing.
        what: &'static str,
        /// How many there were.
        count: usize,
        /// How many are accepted.
        limit: usize,
    },
}

/// One platform's image (or an artifact).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageManifest {
    /// Always 2.
    pub schema_version: u32,
    /// `media_type::MANIFEST`, or Docker's on what others wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Type of the artifact, where this is no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The image config.
    pub config: Descriptor,
    /// Layers, bottom first.
    pub layers: Vec<Descriptor>,
    /// The manifest this one is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
}

/// A list of manifests, usually one a platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageIndex {
    /// Always 2.
    pub schema_version: u32,
    /// `media_type::INDEX`, or Docker's list on what others wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Type of the artifact, where this is no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The entries.
    pub manifests: Vec<Descriptor>,
    /// The manifest this one is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
}

impl ImageIndex {
    /// An OCI index of these entries.
    pub fn new(manifests: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(media_type::INDEX.into()),
            artifact_type: None,
            manifests,
            subject: None,
            annotations: Annotations::new(),
        }
    }

    /// The first entry that serves `platform`.
    pub fn entry_for(&self, platform: &Platform) -> Option<&Descriptor> {
        self.manifests.iter().find(|entry| {
            entry.is_manifest() && entry.platform.as_ref().is_some_and(|p| platform.is_served_by(&p.to_platform()))
        })
    }
}

/// What a reference can point at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, never in a list")]
pub enum Manifest {
    /// One image.
    Image(ImageManifest),
    /// Several.
    Index(ImageIndex),
}

impl Manifest {
    /// Parses `bytes` announced as `announced` (a descriptor's or header's media type; `None` when nothing said).
    pub fn parse(bytes: &[u8], announced: Option<&str>) -> Result<Self, ManifestError> {
        if bytes.len() as u64 > MAX_MANIFEST_BYTES {
            return Err(ManifestError::TooLarge(bytes.len() as u64));
        }
        let value = parse_strict(bytes)?;
        let has = |key: &str| value.get(key).is_some();
        for (a, b) in
            [("manifests", "layers"), ("manifests", "config"), ("fsLayers", "manifests"), ("fsLayers", "layers")]
        {
            if has(a) && has(b) {
                return Err(ManifestError::Ambiguous(a, b));
            }
        }
        let inside = value.get("mediaType").and_then(|v| v.as_str());
        if let (Some(inside), Some(outside)) = (inside, announced)
            && inside != outside
        {
            return Err(ManifestError::MediaType { inside: inside.into(), outside: outside.into() });
        }
        if let Some(version) = value.get("schemaVersion").and_then(serde_json::Value::as_u64)
            && version != 2
        {
            return Err(ManifestError::SchemaVersion(version));
        }
        let kind = inside.or(announced).map(str::to_owned);
        let is_index = match kind.as_deref() {
            Some(media_type::INDEX | media_type::DOCKER_LIST) => true,
            Some(media_type::MANIFEST | media_type::DOCKER_MANIFEST) => false,
            Some(other) => return Err(ManifestError::Unsupported(other.chars().take(120).collect())),
            None => has("manifests"),
        };
        if is_index {
            let index: ImageIndex = serde_json::from_value(value).map_err(ManifestError::Shape)?;
            at_most("J-11", "index entries", index.manifests.len(), MAX_INDEX_ENTRIES)?;
            Ok(Self::Index(index))
        } else {
            let image: ImageManifest = serde_json::from_value(value).map_err(ManifestError::Shape)?;
            at_most("T-19", "layers", image.layers.len(), MAX_LAYERS)?;
            Ok(Self::Image(image))
        }
    }
}

fn at_most(family: &'static str, what: &'static str, count: usize, limit: usize) -> Result<(), ManifestError> {
    if count > limit { Err(ManifestError::TooMany { family, what, count, limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(bytes: &[u8], announced: Option<&str>) -> String {
        Manifest::parse(bytes, announced).unwrap_err().to_string()
    }

    #[test]
    fn j01_ambiguous_documents_are_refused() {
        assert!(refusal(br#"{"schemaVersion":2,"manifests":[],"layers":[]}"#, None).starts_with("J-01"));
        assert!(refusal(br#"{"schemaVersion":2,"manifests":[],"config":{}}"#, None).starts_with("J-01"));
    }

    #[test]
    fn j02_media_type_must_agree_with_the_announcement() {
        let bytes = format!(r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[]}}"#, media_type::INDEX);
        assert!(refusal(bytes.as_bytes(), Some(media_type::MANIFEST)).starts_with("J-02"));
        assert!(Manifest::parse(bytes.as_bytes(), Some(media_type::INDEX)).is_ok());
    }

    #[test]
    fn j03_negative_sizes_and_j08_oversized_documents_are_refused() {
        let digest = super::super::Digest::of(b"");
        let entry = format!(r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"x","digest":"{digest}","size":-1}}]}}"#);
        assert!(Manifest::parse(entry.as_bytes(), None).is_err());
        assert!(refusal(&vec![b' '; (4 << 20) + 1], None).starts_with("J-08"));
    }
}
