//! A terminal that disappears: noticed by the kernel's word alone, never by reading (V-01). Ends nothing by itself but
//! the process that does not end in time.

use std::io;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

/// How long the viewer may take to leave by itself.
const PATIENCE: Duration = Duration::from_millis(600);

/// Watches the terminal on standard input from a thread of its own. When it hangs up, `gone` is called, and the process
/// ends if it has not by then: a reader of a terminal that is gone would spin (crossterm#793).
pub fn watch_terminal(gone: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let watch = move || {
        let stdin = io::stdin();
        loop {
            let mut watched = [PollFd::new(&stdin, PollFlags::empty())];
            match poll(&mut watched, None) {
                Ok(_) if watched[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) => break,
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => break,
            }
        }
        gone();
        std::thread::sleep(PATIENCE);
        std::process::exit(129);
    };
    std::thread::Builder::new().name("hangup".into()).spawn(watch).map(drop)
}
