//! The local store: one OCI image layout, durable and safe against crashes, other processes and hostile content.
//!
//! On disk: `oci-layout`, `index.json` and `blobs/` as image-layout.md says, so skopeo, umoci and podman read it unaided;
//! and `.bakery/` with lock files, temporary files and what `fsck --repair` sets aside. Order of writing: blobs, manifest,
//! index; each synced with its folder. Knows nothing of recipes, caches or signatures.

mod blob;
mod disk;
mod index;
mod lock;
mod manifest;
mod name;
mod open;
mod referrer;
mod store;
mod upkeep;

pub use blob::BlobWriter;
pub use lock::Hold;
pub use name::EntryName;
pub use open::Layout;
pub use upkeep::{Finding, FindingKind, Freed, FsckFindings, FsckProgress};
