//! The journal: what a bake is made of. Events, their disk format, what may follow what. Opens no file.

mod event;
mod format;
mod mirror;
mod order;
#[cfg(test)]
mod roundtrip;
#[cfg(test)]
pub(crate) mod samples;
mod scan;
mod upgrade;

pub use event::{
    BakeStarted, BakeStatus, ChangeOp, CheckVerdict, Event, EventKind, Failure, LayerBlob, SealedLayer, SeatTaken,
    SeenAgainst, SeenChange, SeenSecret,
};
pub use format::{Decoded, FormatError, MAX_LINE_BYTES, decode, decode_kind, encode, seal, unseal};
pub use order::{Order, OrderError};
pub use scan::{Damage, DamageKind, Record, Scanner};
pub use upgrade::FORMAT;
