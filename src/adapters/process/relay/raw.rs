//! The user's terminal while a program has it: every key goes through as it is. Put back when dropped.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// A terminal in raw mode.
#[derive(Debug)]
pub(super) struct Raw {
    terminal: OwnedFd,
    before: Termios,
}

impl Raw {
    /// Makes `terminal` raw.
    pub(super) fn enter(terminal: impl AsFd) -> io::Result<Self> {
        let terminal = terminal.as_fd().try_clone_to_owned()?;
        let before = tcgetattr(&terminal)?;
        let raw = Self { terminal, before };
        raw.set()?;
        Ok(raw)
    }

    /// Raw again, after `restore` or after somebody else had the terminal. One that is gone is told by whoever reads it.
    pub(super) fn again(&self) {
        let _ = self.set();
    }

    /// The modes it had before.
    pub(super) fn restore(&self) {
        // What is typed already is the next program's: nothing is flushed.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }

    fn set(&self) -> io::Result<()> {
        let mut modes = self.before.clone();
        modes.make_raw();
        Ok(tcsetattr(&self.terminal, OptionalActions::Now, &modes)?)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.restore();
    }
}
