//! The journal: what a bake is made of. Events, their disk format, what may follow what. Opens no file.

mod event;

pub use event::{
    BakeStarted, BakeStatus, ChangeOp, CheckVerdict, Event, EventKind, Failure, LayerBlob, SealedLayer, SeenChange,
};
