//! Processes: detaching the worker, signals, who we are, the terminal as the kernel sees it.

mod clipboard;
mod detach;
mod editor;
mod hangup;
mod identity;
mod outlet;
pub mod probe;
pub mod relay;
mod shell;
mod signals;

pub use clipboard::{CLIP, Copier, CopierError, PBCOPY, WL_COPY, XCLIP, XSEL};
pub use detach::{DetachError, Handshake, leave_session, passphrase_given, start_detached, start_worker};
pub use editor::{EditorError, edit};
pub use hangup::watch_terminal;
pub use identity::{Identity, identity, is_worker_of};
pub use outlet::{Outlet, end, end_within, rehearse_panic, write_last};
pub use shell::{ShellError, shell};
pub use signals::{Call, Calls, SignalError, Stops, ask_to_stop, stop_until_continued};

/// An environment variable, where it is set and UTF-8.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
