//! Several bakes at once: over the workspace's builders or on one engine, all followed as one stream. Draws nothing.
//!
//! `many` is the whole; `more` what it takes in, `waits` what it waits for, `running` one bake of it, `voices` whose word that
//! waits for, `progress` what it tells, `circles` which bases cannot be; `away` one that needs nobody,
//! `handing` how one becomes that.

pub mod away;
mod circles;
mod handing;
mod many;
mod more;
mod progress;
mod running;
mod voices;
mod waits;

pub use handing::Handed;
pub use many::Batch;
pub use more::More;
pub use progress::Progress;
