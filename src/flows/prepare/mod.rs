//! From recipe files to a job an engine can take: found, read, judged, ordered, their bases pinned, their plans built.

mod base;
mod makers;
mod order;
mod prepared;
mod recipes;

pub use makers::Makers;
pub use prepared::{PrepareOptions, Prepared};
pub(super) use prepared::{loaded_lock, placed, placed_beside, platforms_of, write_lock};
pub use recipes::LoadedRecipe;
pub(super) use recipes::{folder_of, local_base};
