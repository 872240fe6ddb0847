//! Dockerfiles: read into recipes as far as they map, and written from recipes. Opens no file, asks no builder.
//!
//! `read` knows the text (lines, heredocs, quoting), `import` what it means to a recipe, `export` how a recipe is said in it.

mod export;
mod import;
mod read;
mod recipe_text;

pub use export::{BakeTarget, BaseFacts, ContextFile, Exported, Style, bake_file, export};
pub use import::{Imported, Names, Unmapped, import};
pub use read::MAX_BYTES;
