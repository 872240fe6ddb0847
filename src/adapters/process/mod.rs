//! Processes: detaching the worker, signals, who we are.

mod detach;
mod identity;
pub mod probe;
mod signals;

pub use detach::{DetachError, Handshake, leave_session, start_worker};
pub use identity::{Identity, identity, is_worker_of};
pub use signals::{SignalError, Stops, ask_to_stop};

/// An environment variable, where it is set and UTF-8.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
