//! A pseudo terminal: what a program takes for its terminal, and the end that types into it and reads its screen.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};

/// Both ends.
#[derive(Debug)]
pub(super) struct Pty {
    /// The end that types and reads.
    pub(super) master: OwnedFd,
    /// The terminal. Opening it makes it nobody's controlling one.
    pub(super) slave: OwnedFd,
}

impl Pty {
    /// A new one.
    pub(super) fn open() -> io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        // By the descriptor, not by a name below /dev/pts, which may be another instance's.
        let slave = ioctl_tiocgptpeer(&master, flags)?;
        Ok(Self { master, slave })
    }

    /// A new one with the modes and the size of `terminal`.
    pub(super) fn like(terminal: impl AsFd) -> io::Result<Self> {
        let pty = Self::open()?;
        let modes = tcgetattr(&terminal)?;
        tcsetattr(&pty.slave, OptionalActions::Now, &modes)?;
        tcsetwinsize(&pty.slave, tcgetwinsize(&terminal)?)?;
        Ok(pty)
    }
}
