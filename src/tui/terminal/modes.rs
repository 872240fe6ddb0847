//! Entering and leaving: raw mode, the other screen, mouse, paste. Whatever happens, everything is put back, and never
//! waits long for a terminal that takes nothing (V-05, V-07).

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste};
use crossterm::queue;
use crossterm::style::{Print, ResetColor};
use crossterm::terminal::{
    Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};

use crate::flows::terminal::{Outlet, end, end_within, write_last};

/// Whether the terminal is ours: the panic hook asks, from any thread.
static OURS: AtomicBool = AtomicBool::new(false);

/// Buttons, the wheel and dragging, told in SGR; not every move, which would keep a thin line busy for nothing.
const MOUSE: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";

/// How long leaving waits for a terminal that takes nothing.
const PATIENCE: Duration = Duration::from_millis(300);

/// The terminal while it is ours. Put back by `leave`, and when dropped.
#[derive(Debug)]
pub(in crate::tui) struct Modes;

impl Modes {
    /// Takes the terminal: raw now, the rest in order with the frames.
    pub(in crate::tui) fn enter(outlet: &Outlet, mouse: bool) -> io::Result<Self> {
        enable_raw_mode()?;
        OURS.store(true, Ordering::SeqCst);
        let modes = Self;
        outlet.aside(entering(mouse)?);
        Ok(modes)
    }

    /// Takes it again after somebody else may have had it (SIGCONT).
    pub(in crate::tui) fn again(&self, outlet: &Outlet, mouse: bool) -> io::Result<()> {
        disable_raw_mode()?;
        enable_raw_mode()?;
        outlet.aside(entering(mouse)?);
        Ok(())
    }

    /// Gives the terminal back, after the last frame. Where nobody reads, the bytes stay queued and the rest is put back.
    pub(in crate::tui) fn leave(self, outlet: &Outlet) {
        outlet.aside(leaving());
        outlet.flush(PATIENCE);
        if OURS.swap(false, Ordering::SeqCst) {
            let _ = disable_raw_mode();
        }
    }

    /// The mouse is ours, or the terminal's.
    pub(in crate::tui) fn mouse(&self, outlet: &Outlet, ours: bool) -> io::Result<()> {
        let mut out = Vec::new();
        if ours {
            queue!(out, Print(MOUSE))?;
        } else {
            queue!(out, DisableMouseCapture)?;
        }
        outlet.aside(out);
        Ok(())
    }
}

impl Drop for Modes {
    fn drop(&mut self) {
        restore();
    }
}

fn entering(mouse: bool) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    queue!(out, EnterAlternateScreen, EnableBracketedPaste, Hide)?;
    if mouse {
        queue!(out, Print(MOUSE))?;
    }
    Ok(out)
}

fn leaving() -> Vec<u8> {
    let mut out = Vec::new();
    // A vector takes everything.
    let _ = queue!(
        out,
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        ResetColor,
        // Where there is no other screen to leave, nothing of ours stays.
        Clear(ClearType::All),
        MoveTo(0, 0),
        LeaveAlternateScreen,
        Show
    );
    out
}

/// Puts everything back past every queue; a second call does nothing.
fn restore() {
    if OURS.swap(false, Ordering::SeqCst) {
        write_last(&leaving(), PATIENCE);
        let _ = disable_raw_mode();
    }
}

/// A panic anywhere puts the terminal back before it is told, and ends the viewer; bakes go on.
pub(in crate::tui) fn guard_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let was_ours = OURS.load(Ordering::SeqCst);
        if was_ours {
            // Telling may take for ever where nobody reads.
            end_within(PATIENCE * 2, 101);
        }
        restore();
        before(panic);
        if was_ours {
            let _ = writeln!(io::stderr(), "this is a mistake in bakery; bakes go on: see `bakery bakes`");
            end(101);
        }
    }));
}
