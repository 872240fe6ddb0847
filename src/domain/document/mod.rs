//! What the files people write look like: keys, what they mean, what counts where they are left out, an example of each. One
//! table a kind of file; the JSON Schema, the commented default settings and what `config show` says all come from it. Reads
//! no file and judges none: the readers do, and tests hold tables and readers against each other.

mod commented;
mod json_schema;
mod kinds;
mod lock;
mod policy;
mod recipe;
mod settings;
mod shape;
mod theme;
mod workspace;

pub use commented::commented;
pub use kinds::Document;
pub use settings::{CACHE, PACK, SETTINGS};
pub use shape::{Field, Shape, keys};
pub use workspace::{BUILDER, IDENTITY, KEYLESS, SECRET, STORE, TLS, WORKSPACE};
