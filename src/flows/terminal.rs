//! Having the terminal: what a full-screen program needs of the process around it. Draws nothing.

use std::io;
use std::path::Path;
use std::time::Duration;

use futures_util::FutureExt;
use time::OffsetDateTime;

use crate::adapters::process::{self, Calls};
pub use crate::adapters::process::{Call, Outlet};
use crate::report::{Kind, Report};

/// Signals to a program that has the terminal.
#[derive(Debug)]
pub struct Signals(Calls);

impl Signals {
    /// Listens from now on; none acts by itself any more.
    pub fn listen() -> Result<Self, Report> {
        Calls::listen().map(Self).map_err(|error| Report::new(Kind::Failed, &error))
    }

    /// Forgets those that came already: they were for another program that had the terminal.
    pub fn forget(&mut self) {
        while self.0.next().now_or_never().is_some() {}
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Call {
        self.0.next().await
    }
}

/// Calls `gone` when the terminal on standard input disappears, and sees to it that the process ends then.
pub fn watch_hangup(gone: impl FnOnce() + Send + 'static) -> Result<(), Report> {
    process::watch_terminal(gone)
        .map_err(|error| Report::new(Kind::Failed, &error).while_doing("cannot watch the terminal"))
}

/// Starts the thread that writes frames; `written` is told after each.
pub fn outlet(written: impl Fn(io::Result<()>) + Send + 'static) -> Result<Outlet, Report> {
    Outlet::start(written)
        .map_err(|error| Report::new(Kind::Failed, &error).while_doing("cannot write to the terminal"))
}

/// Stops this process until `fg`; `false` where nobody could continue it.
pub fn suspend() -> bool {
    process::stop_until_continued()
}

/// Opens a file in the user's editor and waits for it; the terminal is its own meanwhile.
pub async fn edit(path: &Path) -> Result<(), Report> {
    process::edit(path).await.map_err(|error| {
        Report::new(Kind::Failed, &error).help("set EDITOR to the editor you use; `e` edits in place without one")
    })
}

/// Opens `bakery shell TARGET` in a workspace and waits for it; the terminal is its own meanwhile. Says how it ended
/// where that was not well: its own last command's doing, or bakery's.
pub async fn shell(workspace: &Path, target: &str) -> Result<Option<String>, Report> {
    let ended = process::shell(workspace, target).await.map_err(|error| Report::new(Kind::Failed, &error))?;
    Ok((!ended.success()).then(|| ended.to_string()))
}

/// Writes a few bytes past the outlet, which writes no more, unless the terminal takes none for `patience`.
pub fn write_last(bytes: &[u8], patience: Duration) {
    process::write_last(bytes, patience);
}

/// Ends the process with `code` after `patience`, whatever holds it up.
pub fn end_within(patience: Duration, code: i32) {
    process::end_within(patience, code);
}

/// Ends the process now.
pub fn end(code: i32) -> ! {
    process::end(code)
}

/// Panics where a test asks for it, in debug builds only: here, or in another thread.
pub fn rehearse_panic() {
    process::rehearse_panic();
}

/// What time it is.
pub fn now() -> OffsetDateTime {
    crate::adapters::clock::now()
}

/// This machine's name.
pub fn host() -> String {
    process::identity().host
}

/// An environment variable that says how the terminal is.
pub fn variable(name: &str) -> Option<String> {
    process::environment(name)
}
