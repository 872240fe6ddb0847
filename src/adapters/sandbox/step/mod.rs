//! A step: what its process sees (`root`, `stub`), who it is (`accounts`), what it may do (`filter`), and how it becomes its
//! program (`inside`).

mod accounts;
mod filter;
mod inside;
mod loopback;
mod root;
mod stub;

pub(super) use inside::{Birth, Mapping, become_step};
pub(super) use stub::make as make_stub;
