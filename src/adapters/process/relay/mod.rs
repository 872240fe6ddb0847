//! A program elsewhere (in the sandbox) at the user's own standard streams: a pseudo terminal where the user sits at a
//! terminal, else pipes. Knows nothing of sandboxes: it makes the program's ends, and copies while somebody else runs it.
//!
//! No descriptor of the user's is ever handed over. What a program has open it can open again through `/proc/self/fd`,
//! also for writing, and into a terminal that is its own it can type.

mod copy;
mod pty;
mod raw;

use std::future::Future;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::pin;

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::termios::{isatty, tcgetwinsize, tcsetwinsize};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use copy::{Lane, Lost};
use pty::Pty;
use raw::Raw;

use super::signals::{Call, Calls, stop_until_continued};

/// The user's side: three descriptors.
#[derive(Debug)]
pub struct Side {
    stdin: OwnedFd,
    stdout: OwnedFd,
    stderr: OwnedFd,
}

impl Side {
    /// This process's own.
    pub fn own() -> io::Result<Self> {
        Ok(Self {
            stdin: rustix::stdio::stdin().try_clone_to_owned()?,
            stdout: rustix::stdio::stdout().try_clone_to_owned()?,
            stderr: rustix::stdio::stderr().try_clone_to_owned()?,
        })
    }
}

/// What the program gets as its standard streams. To be closed here once it has them: it is at its end when nobody else
/// has them open.
#[derive(Debug)]
pub struct Ends {
    /// Its standard input.
    pub stdin: OwnedFd,
    /// Its standard output.
    pub stdout: OwnedFd,
    /// Its standard error.
    pub stderr: OwnedFd,
    /// Whether they are a terminal, which the program has to make the controlling one of a session of its own.
    pub terminal: bool,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended<T> {
    /// The program is over; this is what whoever ran it says.
    Over(T),
    /// This process was asked to end first, or its terminal is gone; the exit code a shell shows for that.
    Asked(i32),
}

/// Why nothing can be relayed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action}")]
pub struct RelayError {
    action: &'static str,
    source: io::Error,
}

impl RelayError {
    fn at<E: Into<io::Error>>(action: &'static str) -> impl Fn(E) -> Self {
        move |error| Self { action, source: error.into() }
    }
}

/// The user's side of a program's streams.
#[derive(Debug)]
pub struct Relay {
    lanes: Vec<Lane>,
    /// Where there is a pseudo terminal: the user's terminal, and the other end of the program's.
    terminal: Option<(OwnedFd, OwnedFd)>,
}

impl Relay {
    /// Makes the program's streams, and the relay between them and `side`. Nothing is read yet.
    pub fn open(side: Side) -> Result<(Ends, Self), RelayError> {
        let failed = RelayError::at("make a terminal for the program");
        if !isatty(&side.stdin) || !isatty(&side.stdout) {
            return Self::open_pipes(side).map_err(RelayError::at("make pipes for the program"));
        }
        let pty = Pty::like(&side.stdin).map_err(&failed)?;
        let mut lanes = vec![
            Lane::input(side.stdin.try_clone().map_err(&failed)?, pty.master.try_clone().map_err(&failed)?),
            Lane::output(pty.master.try_clone().map_err(&failed)?, side.stdout),
        ];
        let stderr = if isatty(&side.stderr) {
            pty.slave.try_clone().map_err(&failed)?
        } else {
            let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).map_err(io::Error::from).map_err(&failed)?;
            lanes.push(Lane::output(reader, side.stderr));
            writer
        };
        let stdin = pty.slave.try_clone().map_err(&failed)?;
        let ends = Ends { stdin, stdout: pty.slave, stderr, terminal: true };
        Ok((ends, Self { lanes, terminal: Some((side.stdin, pty.master)) }))
    }

    fn open_pipes(side: Side) -> io::Result<(Ends, Self)> {
        let (stdin, typed) = pipe_with(PipeFlags::CLOEXEC)?;
        let (said, stdout) = pipe_with(PipeFlags::CLOEXEC)?;
        let (complained, stderr) = pipe_with(PipeFlags::CLOEXEC)?;
        let lanes = vec![
            Lane::input(side.stdin, typed),
            Lane::output(said, side.stdout),
            Lane::output(complained, side.stderr),
        ];
        Ok((Ends { stdin, stdout, stderr, terminal: false }, Self { lanes, terminal: None }))
    }

    /// Copies while `over` runs the program, and then what it still said. The terminal is raw meanwhile and put back on
    /// every way out.
    pub async fn during<T>(self, over: impl Future<Output = T>) -> Result<Ended<T>, RelayError> {
        let failed = RelayError::at("listen for signals");
        let mut calls = Calls::listen().map_err(|error| failed(io::Error::other(error)))?;
        let mut resized = signal(SignalKind::window_change()).map_err(&failed)?;
        let raw = match &self.terminal {
            Some((user, _)) => Some(Raw::enter(user).map_err(RelayError::at("set the terminal's modes"))?),
            None => None,
        };
        let at_terminal = self.terminal.is_some();
        // Those that read the program hold a sender until they have read all of it.
        let (tell, mut told) = mpsc::unbounded_channel();
        let (stopped, stop) = pipe_with(PipeFlags::CLOEXEC).map_err(io::Error::from).map_err(&failed)?;
        for lane in self.lanes {
            let stopped = stopped.try_clone().map_err(&failed)?;
            lane.start(stopped, tell.clone()).map_err(RelayError::at("start a thread"))?;
        }
        drop((tell, stopped));
        let (mut over, mut stop, mut result) = (pin!(over), Some(stop), None);
        let mut heard = true;
        loop {
            tokio::select! {
                done = &mut over, if result.is_none() => {
                    result = Some(done);
                    // Those that read the program drain it and end; the one that reads the user ends.
                    drop(stop.take());
                }
                lost = told.recv(), if heard => match lost {
                    Some(Lost::Input | Lost::Reader) if at_terminal && result.is_none() => return Ok(Ended::Asked(129)),
                    // As SIGPIPE ends a program: the first in a process namespace would not hear it.
                    Some(Lost::Reader) if result.is_none() => return Ok(Ended::Asked(141)),
                    Some(_) => {}
                    None => heard = false,
                },
                call = calls.next() => match call {
                    Call::End(code) => return Ok(Ended::Asked(code)),
                    Call::Suspend => {
                        raw.iter().for_each(Raw::restore);
                        stop_until_continued();
                        again(raw.as_ref(), self.terminal.as_ref());
                    }
                    Call::Resumed => again(raw.as_ref(), self.terminal.as_ref()),
                },
                _ = resized.recv() => again(None, self.terminal.as_ref()),
            }
            if !heard && let Some(result) = result.take() {
                return Ok(Ended::Over(result));
            }
        }
    }
}

/// The terminal may have been somebody else's meanwhile: raw again, and the size it has now.
fn again(raw: Option<&Raw>, terminal: Option<&(OwnedFd, OwnedFd)>) {
    raw.into_iter().for_each(Raw::again);
    if let Some((user, master)) = terminal
        && let Ok(size) = tcgetwinsize(user.as_fd())
    {
        let _ = tcsetwinsize(master.as_fd(), size);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};

    use rustix::termios::{LocalModes, Winsize, tcgetattr};

    use super::*;

    /// A user at a terminal: what they type into, and a side that is that terminal.
    fn user() -> (std::fs::File, OwnedFd, Side) {
        let Pty { master, slave } = Pty::open().unwrap();
        let size = Winsize { ws_row: 33, ws_col: 77, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&slave, size).unwrap();
        let side = Side {
            stdin: slave.try_clone().unwrap(),
            stdout: slave.try_clone().unwrap(),
            stderr: slave.try_clone().unwrap(),
        };
        (master.into(), slave, side)
    }

    fn run(ends: Ends, script: &str) -> impl Future<Output = Option<i32>> + use<> {
        let mut command = Command::new("setsid");
        command.args(["--wait", "--ctty", "sh", "-c", script]).env("TERM", "dumb");
        let Ends { stdin, stdout, stderr, .. } = ends;
        let mut child = command.stdin(stdin).stdout(stdout).stderr(stderr).spawn().unwrap();
        drop(command);
        async move { tokio::task::spawn_blocking(move || child.wait().unwrap().code()).await.unwrap() }
    }

    fn shown(terminal: &mut std::fs::File, until: &str) -> String {
        let mut text = Vec::new();
        let mut piece = [0; 512];
        while !String::from_utf8_lossy(&text).contains(until) {
            let count = terminal.read(&mut piece).unwrap();
            text.extend_from_slice(&piece[..count]);
        }
        String::from_utf8(text).unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_program_has_the_users_terminal_and_the_user_gets_it_back() {
        let (mut terminal, slave, side) = user();
        let before = tcgetattr(&slave).unwrap().local_modes;
        let (ends, relay) = Relay::open(side).unwrap();
        assert!(ends.terminal);
        let over = run(ends, "stty size; tty -s && echo at a terminal; read line; echo got $line; exit 7");
        let typing = std::thread::spawn(move || {
            let first = shown(&mut terminal, "at a terminal\r\n");
            terminal.write_all(b"words\r").unwrap();
            (first, shown(&mut terminal, "got words\r\n"), terminal)
        });
        let ended = relay.during(over).await.unwrap();
        let (first, _, _terminal) = typing.join().unwrap();
        assert!(first.contains("33 77\r\n"), "{first}");
        assert_eq!(ended, Ended::Over(Some(7)));
        assert_eq!(tcgetattr(&slave).unwrap().local_modes, before);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_interrupt_typed_is_the_programs_not_ours() {
        let (mut terminal, slave, side) = user();
        let (ends, relay) = Relay::open(side).unwrap();
        let over = run(ends, "trap 'echo trapped; exit 3' INT; echo ready; while :; do sleep 0.1; done");
        let raw = slave.try_clone().unwrap();
        let typing = std::thread::spawn(move || {
            shown(&mut terminal, "ready");
            assert!(!tcgetattr(&raw).unwrap().local_modes.contains(LocalModes::ISIG));
            terminal.write_all(b"\x03").unwrap();
            (shown(&mut terminal, "trapped"), terminal)
        });
        assert_eq!(relay.during(over).await.unwrap(), Ended::Over(Some(3)));
        drop(typing.join().unwrap());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_terminal_that_is_closed_ends_it() {
        let (mut terminal, slave, side) = user();
        let (ends, relay) = Relay::open(side).unwrap();
        let over = run(ends, "echo ready; exec sleep 600");
        drop(slave);
        let closing = std::thread::spawn(move || drop(shown(&mut terminal, "ready")));
        assert_eq!(relay.during(over).await.unwrap(), Ended::Asked(129));
        closing.join().unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn without_a_terminal_there_are_pipes_and_none_of_the_users_files() {
        let script = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(script.path(), "echo out; echo err >&2; readlink /proc/$$/fd/0; exit 5").unwrap();
        let (mut out, stdout) = std::io::pipe().unwrap();
        let (mut err, stderr) = std::io::pipe().unwrap();
        let stdin = script.reopen().unwrap();
        let side = Side { stdin: stdin.into(), stdout: stdout.into(), stderr: stderr.into() };
        let (ends, relay) = Relay::open(side).unwrap();
        assert!(!ends.terminal);
        let Ends { stdin, stdout, stderr, .. } = ends;
        let mut child = {
            let mut command = Command::new("sh");
            command.stdin(Stdio::from(stdin)).stdout(stdout).stderr(stderr).spawn().unwrap()
        };
        let over = async move { tokio::task::spawn_blocking(move || child.wait().unwrap().code()).await.unwrap() };
        assert_eq!(relay.during(over).await.unwrap(), Ended::Over(Some(5)));
        let (mut said, mut complained) = (String::new(), String::new());
        out.read_to_string(&mut said).unwrap();
        err.read_to_string(&mut complained).unwrap();
        assert!(said.starts_with("out\npipe:["), "{said}");
        assert_eq!(complained, "err\n");
    }
}
