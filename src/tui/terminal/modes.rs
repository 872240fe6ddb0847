//! Entering and leaving: raw mode, the other screen, mouse, paste. Whatever happens, everything is put back.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::queue;
use crossterm::style::ResetColor;
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

/// Whether the terminal is ours: the panic hook asks, from any thread.
static OURS: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours. Put back when dropped.
#[derive(Debug)]
pub(in crate::tui) struct Modes;

impl Modes {
    /// Takes the terminal.
    pub(in crate::tui) fn enter(mouse: bool) -> io::Result<Self> {
        enable_raw_mode()?;
        OURS.store(true, Ordering::SeqCst);
        let modes = Self;
        let mut out = Vec::new();
        queue!(out, EnterAlternateScreen, EnableBracketedPaste, Hide)?;
        if mouse {
            queue!(out, EnableMouseCapture)?;
        }
        io::stdout().write_all(&out)?;
        io::stdout().flush()?;
        Ok(modes)
    }
}

impl Drop for Modes {
    fn drop(&mut self) {
        restore();
    }
}

/// Puts everything back; a second call does nothing.
fn restore() {
    if !OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = Vec::new();
    let queued = queue!(
        out,
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        ResetColor,
        LeaveAlternateScreen,
        Show
    );
    // The terminal may be gone: then there is nothing to put back.
    if queued.is_ok() {
        let _ = io::stdout().write_all(&out).and_then(|()| io::stdout().flush());
    }
    let _ = disable_raw_mode();
}

/// A panic anywhere puts the terminal back before it is told, and ends the viewer; bakes go on.
pub(in crate::tui) fn guard_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let was_ours = OURS.load(Ordering::SeqCst);
        restore();
        before(panic);
        if was_ours {
            let _ = writeln!(io::stderr(), "this is a mistake in bakery; bakes go on: see `bakery bakes`");
            std::process::exit(101);
        }
    }));
}
