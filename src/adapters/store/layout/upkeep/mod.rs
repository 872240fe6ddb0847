//! Looking after a layout: fsck checks every byte, gc frees what nothing refers to. Writes no image.

mod finding;
mod fsck;
mod gc;
mod graph;
mod scan;

pub use finding::{Finding, FindingKind, FsckFindings, FsckProgress};
pub use gc::Freed;
