//! OCI nouns: digests, references, descriptors, manifests, image configs, platforms. Knows no store and no network.

pub mod annotation;
mod config;
mod config_change;
mod descriptor;
mod digest;
mod json;
mod manifest;
mod platform;
mod reference;

pub use config::{ConfigError, ExecConfig, History, ImageConfig, MAX_CONFIG_BYTES, RootFs};
pub use config_change::{ConfigChange, config_changes};
pub use descriptor::{Annotations, Compression, Descriptor, DescriptorPlatform, media_type};
pub use digest::{Algorithm, ChainId, DiffId, Digest, DigestError, Digester};
pub use json::{JsonError, parse_strict};
pub use manifest::{
    ImageIndex, ImageManifest, MAX_INDEX_ENTRIES, MAX_LAYERS, MAX_MANIFEST_BYTES, Manifest, ManifestError,
};
pub use platform::{Platform, PlatformError};
pub use reference::{ImageRef, Place, ReferenceError, Registry, Repository, Tag};
