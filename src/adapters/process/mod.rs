//! Processes: detaching the worker, signals, who we are.

pub mod probe;

/// An environment variable, where it is set and UTF-8.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
