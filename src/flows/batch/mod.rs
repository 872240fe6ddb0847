//! Several bakes at once: over the workspace's builders or on one engine, all followed as one stream. Draws nothing.
//!
//! `many` is the whole; `waits` what it waits for, `running` one bake of it, `progress` what it tells, `circles` which bases cannot be; `away`
//! one that needs nobody.

pub mod away;
mod circles;
mod many;
mod progress;
mod running;
mod waits;

pub use many::Batch;
pub use progress::Progress;
