//! Roll-outs on disk: one folder each, its journal, who is at work in which workspace.
//!
//! `STATE/rollouts/ID/`: `request.json` (what was asked, and every image as it was found), `journal.jsonl`, `lock` (held by the
//! process at work), `cancel` (who wants it to stop), `worker.log`. Folder, lock and watching are those of bakes.

mod lines;
mod workspace;
mod writer;

pub use lines::{Line, Lines};
pub use workspace::{WorkspaceLock, at_work};
pub use writer::RolloutWriter;
