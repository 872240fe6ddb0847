//! Journals on disk: one folder a bake, one writer, any number of readers, a kernel lock for liveness.
//!
//! `STATE/bakes/ID/`: `journal.jsonl`, `lock` (held by the worker for its life), `logs/STEP.log`, `request.json` (what
//! the worker was asked), `worker.log` (its stderr).

mod error;
mod folder;
mod lock;
mod logs;
mod reader;
mod retention;
mod shelf;
mod tail;
mod writer;

pub use error::JournalError;
pub use folder::{BakeFolder, folders, list};
pub(in crate::adapters) use folder::{open_for_appending, open_for_reading, sync_folder};
pub use lock::{WorkerLock, is_held};
pub use logs::read_output;
pub use reader::{Reader, read_ends};
pub use retention::{expired, prune};
pub use shelf::{Notice, ShelfWatch};
pub use tail::{Ending, Tail};
pub use writer::JournalWriter;
