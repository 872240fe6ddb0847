//! The images of a Docker Engine or a Podman service as a store that is only read. A daemon tells which image a name means; its
//! manifest, config and layers are had by exporting the image once (`archive`) into a layout below the cache (`kept`), where
//! the manifest is made of what came, the same every time. Knows nothing of bakes.
//!
//! Reading order: `store`, `kept`, `archive`, `name`.

mod archive;
mod kept;
mod name;
mod store;

pub use store::DaemonStore;
