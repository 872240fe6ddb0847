//! One direction of a relay: a thread that waits for bytes and hands them on. Knows neither what they mean nor who is
//! at its ends. A reader that stalls holds up its own direction and nothing else.

use std::io;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::sync::mpsc::UnboundedSender;

/// Bytes handed on at once.
const PIECE: usize = 32 << 10;

/// What ended a direction before it was asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The user has said all there is to say.
    Input,
    /// Nobody reads any more what the program says.
    Reader,
    /// The program says no more, or takes no more.
    Program,
}

/// One direction.
#[derive(Debug)]
pub(super) struct Lane {
    from: OwnedFd,
    to: OwnedFd,
    /// Whether it reads the user.
    input: bool,
}

impl Lane {
    /// From the user to the program.
    pub(super) fn input(from: OwnedFd, to: OwnedFd) -> Self {
        Self { from, to, input: true }
    }

    /// From the program to the user.
    pub(super) fn output(from: OwnedFd, to: OwnedFd) -> Self {
        Self { from, to, input: false }
    }

    /// Copies on a thread of its own until an end is reached, which is told, or the other end of `stopped` is closed: then
    /// nothing of the user is read any more, and of the program what it has said already. Both descriptors are closed
    /// then, which whoever is at the other end takes for the end. Only what reads the program keeps the channel open: a
    /// program that is over may have left input that nobody ever takes.
    pub(super) fn start(self, stopped: OwnedFd, tell: UnboundedSender<Lost>) -> io::Result<()> {
        let weak = tell.downgrade();
        let strong = (!self.input).then_some(tell);
        let copying = move || {
            let lost = self.copy(&stopped);
            // Closed before it is told: who hears of an end may count on it.
            drop((self, stopped));
            // Nobody listens any more: then nobody needs to know.
            if let (Some(lost), Some(tell)) = (lost, weak.upgrade()) {
                let _ = tell.send(lost);
            }
            drop(strong);
        };
        std::thread::Builder::new().name("relay".into()).spawn(copying).map(drop)
    }

    fn copy(&self, stopped: &OwnedFd) -> Option<Lost> {
        let (reader, writer) = if self.input { (Lost::Input, Lost::Program) } else { (Lost::Program, Lost::Reader) };
        let mut piece = vec![0; PIECE];
        let mut stopping = false;
        loop {
            let mut polled = [PollFd::new(&self.from, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
            let (count, patience) = if stopping { (1, Some(Timespec::default())) } else { (2, None) };
            match poll(&mut polled[..count], patience.as_ref()) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(_) => return Some(reader),
            }
            if !stopping && !polled[1].revents().is_empty() {
                if self.input {
                    return None;
                }
                stopping = true;
                continue;
            }
            if polled[0].revents().is_empty() {
                // Only after the stop: there is nothing left.
                return None;
            }
            match rustix::io::read(&self.from, &mut piece) {
                // EIO is how a terminal says that nobody is at its other end.
                Ok(0) | Err(Errno::IO) => return Some(reader),
                Ok(count) => {
                    if !self.write(&piece[..count]) {
                        return Some(writer);
                    }
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => return Some(reader),
            }
        }
    }

    fn write(&self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            match rustix::io::write(&self.to, bytes) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                // Somebody who shares the terminal made it not wait.
                Err(Errno::AGAIN) => drop(poll(&mut [PollFd::new(&self.to, PollFlags::OUT)], None)),
                Err(_) => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use rustix::pipe::pipe;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;

    struct Running {
        stop: Option<OwnedFd>,
        told: UnboundedReceiver<Lost>,
    }

    fn start(lane: Lane) -> Running {
        let ((stopped, stop), (tell, told)) = (pipe().unwrap(), unbounded_channel());
        lane.start(stopped, tell).unwrap();
        Running { stop: Some(stop), told }
    }

    fn file(end: OwnedFd) -> std::fs::File {
        end.into()
    }

    #[test]
    fn what_the_program_said_before_it_was_over_arrives_whole() {
        let ((from, said), (shown, to)) = (pipe().unwrap(), pipe().unwrap());
        let mut running = start(Lane::output(from, to));
        let text: Vec<u8> = (0..60_000_u32).flat_map(|n| n.to_le_bytes()).collect();
        // Somebody keeps the program's end open: it never says that it is at its end.
        let kept = said.try_clone().unwrap();
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            file(shown).read_to_end(&mut all).unwrap();
            all
        });
        file(said).write_all(&text).unwrap();
        drop(running.stop.take());
        assert_eq!(reader.join().unwrap(), text);
        assert_eq!(running.told.blocking_recv(), None);
        drop(kept);
    }

    #[test]
    fn the_end_of_what_the_user_types_is_the_programs_end_of_input() {
        let ((from, typed), (stdin, to)) = (pipe().unwrap(), pipe().unwrap());
        let _running = start(Lane::input(from, to));
        let mut typed = file(typed);
        typed.write_all(b"last words").unwrap();
        drop(typed);
        let mut all = String::new();
        file(stdin).read_to_string(&mut all).unwrap();
        assert_eq!(all, "last words");
    }

    #[test]
    fn once_stopped_nothing_of_the_user_is_taken() {
        let ((from, typed), (stdin, to)) = (pipe().unwrap(), pipe().unwrap());
        let mut running = start(Lane::input(from.try_clone().unwrap(), to));
        drop(running.stop.take());
        let mut all = Vec::new();
        file(stdin).read_to_end(&mut all).unwrap();
        let mut typed = file(typed);
        typed.write_all(b"for the next program").unwrap();
        drop(typed);
        file(from).read_to_end(&mut all).unwrap();
        assert_eq!(all, b"for the next program");
    }

    #[test]
    fn a_program_learns_that_nobody_reads_it() {
        let ((from, said), (shown, to)) = (pipe().unwrap(), pipe().unwrap());
        let mut running = start(Lane::output(from, to));
        drop(shown);
        let mut said = file(said);
        said.write_all(b"x").unwrap();
        assert_eq!(running.told.blocking_recv(), Some(Lost::Reader));
        assert_eq!(said.write(b"y").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
