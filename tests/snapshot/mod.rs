//! Snapshots: what an overlay's upper folder says, checked against the kernel's own merged view.

mod discard;
mod extracting;
mod overlay;
mod packs;
mod properties;
mod verbatim;
mod watches;
