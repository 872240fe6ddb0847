//! Projections: folds over events, `apply(&Event)` and nothing else. What every viewer shows comes from here.

mod bake;
mod change_tree;
mod changes;
mod checks;
mod layers;
mod marks;
mod shelf;
mod steps;
mod throughput;

pub use bake::{BakeView, Committed, Outcome};
pub use change_tree::{ChangeTree, OwnChange, PathId, SeenPath, Totals};
pub use changes::Changes;
pub use checks::{CheckRow, Checks};
pub use layers::{LayerRow, LayerStack, Layers};
pub use marks::Marks;
pub use shelf::{Liveness, ShelfRow, ShelfStatus, builders};
pub use steps::{StepRow, StepState, Steps};
pub use throughput::{Throughput, millis_of};
