//! The worker's side of the sandbox: starts the keeper, asks, listens, ends it. Blocking; for threads, not for the executor.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::pipe::{PipeFlags, pipe_with};
use tokio_util::sync::CancellationToken;

use super::error::SandboxError;
use super::ids::map_subordinate;
use super::stage::STAGE;
use super::step::Mapping;
use super::wire::{Exit, PackRequest, Reply, Request, STOP, SeenWire, StepSpec, UnpackRequest, send};
use crate::adapters::clock::Stopwatch;
use crate::adapters::host::IdMode;
use crate::domain::journal::{ChangeOp, SeenChange, SeenSecret};
use crate::domain::text::escape_bytes;

/// The type bits in `st_mode`, and what they are of a regular file.
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
/// How often a wish to stop is looked for while the keeper works.
const TICK: Duration = Duration::from_millis(50);
/// How long the keeper may take to end by itself.
const GRACE: Duration = Duration::from_secs(10);

/// A keeper, alive.
pub struct Sandbox {
    socket: Option<OwnedFd>,
    replies: BufReader<std::process::ChildStdout>,
    ended: std::sync::mpsc::Receiver<io::Result<()>>,
    cancel: CancellationToken,
}

/// Where a process writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Hears what a step says and does while it runs. An answer of `false` stops it.
pub trait Listener {
    /// Bytes the process wrote.
    fn output(&mut self, stream: Stream, bytes: &[u8]) -> bool;
    /// Changes seen in its upper folder.
    fn changed(&mut self, changes: Vec<SeenChange>) -> bool;
    /// Time has passed.
    fn tick(&mut self) -> bool;
}

/// Counts of a layer that was read from an upper folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Paths added.
    pub added: u64,
    /// Paths modified.
    pub modified: u64,
    /// Paths deleted.
    pub deleted: u64,
}

impl Sandbox {
    /// Starts the keeper. It lives as long as this, and no longer than this process.
    pub fn start(ids: IdMode, cancel: &CancellationToken) -> Result<Self, SandboxError> {
        let mapping = Mapping {
            rootless: ids != IdMode::Root,
            single: matches!(ids, IdMode::Single { .. }),
            pretend: ids == IdMode::Single { pretend: true },
        };
        let (socket, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).map_err(start)?;
        let arguments = serde_json::to_string(&mapping).map_err(|error| SandboxError::Start(error.into()))?;
        let (child_to, child_from) = sync_channel(1);
        let (ended_to, ended) = sync_channel(1);
        // The kernel ends the keeper with the THREAD that started it: this one does nothing but wait for it.
        thread::Builder::new()
            .name("keeper".into())
            .spawn(move || {
                let mut child = match spawn(&arguments, theirs) {
                    Ok(child) => child,
                    Err(error) => {
                        let _ = child_to.send(Err(error));
                        return;
                    }
                };
                let stdout = child.stdout.take().ok_or_else(|| io::ErrorKind::BrokenPipe.into());
                let _ = child_to.send(stdout.map(|stdout| (child.id(), stdout)));
                let _ = ended_to.send(child.wait().map(drop));
            })
            .map_err(SandboxError::Start)?;
        let broken = |_| SandboxError::Start(io::ErrorKind::BrokenPipe.into());
        let (pid, stdout) = child_from.recv().map_err(broken)?.map_err(SandboxError::Start)?;
        let mut sandbox = Self { socket: Some(socket), replies: BufReader::new(stdout), ended, cancel: cancel.clone() };
        sandbox.settle(ids, pid)?;
        Ok(sandbox)
    }

    /// Ids and readiness.
    fn settle(&mut self, ids: IdMode, pid: u32) -> Result<(), SandboxError> {
        loop {
            match self.reply() {
                Ok(Reply::Unshared) => {
                    if let IdMode::Subordinate { users, groups } = ids {
                        map_subordinate(pid, users, groups)?;
                    }
                    rustix::io::write(self.socket()?, b"g").map_err(|error| SandboxError::Lost(error.into()))?;
                }
                Ok(Reply::Ready) => return Ok(()),
                Ok(Reply::Refused(refusal)) => return Err(SandboxError::Host(refusal)),
                Ok(_) => return Err(SandboxError::Lost(io::ErrorKind::InvalidData.into())),
                Err(error) => return Err(error),
            }
        }
    }

    /// Extracts a layer whose plain tar `tar` gives; how many members were not made.
    pub fn unpack(&mut self, request: UnpackRequest, mut tar: impl Read + Send) -> Result<u64, SandboxError> {
        let (ours, theirs) = (pipe_with(PipeFlags::CLOEXEC)).map(|(read, write)| (write, read)).map_err(start)?;
        self.ask(&Request::Unpack(request), &[theirs.as_fd()])?;
        drop(theirs);
        let (copied, reply) = thread::scope(|scope| {
            let copying = scope.spawn(move || copy(&mut tar, &mut std::fs::File::from(ours)));
            let reply = self.answer();
            (copying.join(), reply)
        });
        let copied = copied.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
        match (reply?, copied) {
            (Reply::Refused(refusal), _) => Err(SandboxError::Refused(refusal)),
            (Reply::Unpacked { skipped }, Ok(())) => Ok(skipped),
            (_, Err(error)) => Err(SandboxError::Lost(error)),
            _ => Err(SandboxError::Lost(io::ErrorKind::InvalidData.into())),
        }
    }

    /// Reads an upper folder as a layer; `take` gets its plain tar, to the end.
    pub fn pack<T: Send>(
        &mut self,
        request: PackRequest,
        take: impl FnOnce(std::fs::File) -> T + Send,
    ) -> Result<(Counts, T), SandboxError> {
        let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC).map_err(start)?;
        self.ask(&Request::Pack(request), &[theirs.as_fd()])?;
        drop(theirs);
        let (taken, reply) = thread::scope(|scope| {
            let taking = scope.spawn(move || take(std::fs::File::from(ours)));
            let reply = self.answer();
            (taking.join(), reply)
        });
        match (reply?, taken) {
            (Reply::Refused(refusal), _) => Err(SandboxError::Refused(refusal)),
            (Reply::Packed { added, modified, deleted }, Ok(taken)) => Ok((Counts { added, modified, deleted }, taken)),
            (_, Err(panic)) => std::panic::resume_unwind(panic),
            _ => Err(SandboxError::Lost(io::ErrorKind::InvalidData.into())),
        }
    }

    /// Removes a folder with everything in it, whoever owns it.
    pub fn remove(&mut self, folder: &Path) -> Result<(), SandboxError> {
        self.ask(&Request::Remove(folder.to_owned()), &[])?;
        match self.answer()? {
            Reply::Removed => Ok(()),
            Reply::Refused(refusal) => Err(SandboxError::Refused(refusal)),
            _ => Err(SandboxError::Lost(io::ErrorKind::InvalidData.into())),
        }
    }

    /// Runs a process to its end, or to `timeout`; both streams go to `listener`.
    pub fn run(
        &mut self,
        spec: StepSpec,
        timeout: Option<Duration>,
        listener: &mut dyn Listener,
    ) -> Result<Exit, SandboxError> {
        let (out, out_theirs) = pipe_with(PipeFlags::CLOEXEC).map_err(start)?;
        let (err, err_theirs) = pipe_with(PipeFlags::CLOEXEC).map_err(start)?;
        self.ask(&Request::Run(Box::new(spec)), &[out_theirs.as_fd(), err_theirs.as_fd()])?;
        drop((out_theirs, err_theirs));
        self.attend(&[out, err], timeout, listener)
    }

    /// Runs a process on descriptors it gets as they are: standard input, output and error. It is ended when the other end
    /// of `stop` is closed.
    pub fn run_on(&mut self, spec: StepSpec, descriptors: [OwnedFd; 3], stop: &OwnedFd) -> Result<Exit, SandboxError> {
        self.ask(&Request::Run(Box::new(spec)), &descriptors.each_ref().map(AsFd::as_fd))?;
        // Theirs alone from now on: who is at the other end learns when they are closed.
        drop(descriptors);
        let mut stopping = false;
        while self.replies.buffer().is_empty() {
            let mut polled = [PollFd::new(self.replies.get_ref(), PollFlags::IN), PollFd::new(stop, PollFlags::IN)];
            let asked = if stopping { &mut polled[..1] } else { &mut polled[..] };
            match poll(asked, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(SandboxError::Lost(error.into())),
            }
            let [over, stop_now] = polled.each_ref().map(|polled| !polled.revents().is_empty());
            if over {
                break;
            }
            if stop_now && !stopping {
                stopping = true;
                rustix::io::write(self.socket()?, STOP).map_err(|error| SandboxError::Lost(error.into()))?;
            }
        }
        match self.reply()? {
            Reply::Exited(exit) => Ok(exit),
            Reply::Refused(refusal) => Err(SandboxError::Refused(refusal)),
            _ => Err(SandboxError::Lost(io::ErrorKind::InvalidData.into())),
        }
    }

    fn attend(
        &mut self,
        pipes: &[OwnedFd; 2],
        timeout: Option<Duration>,
        listener: &mut dyn Listener,
    ) -> Result<Exit, SandboxError> {
        let watch = Stopwatch::start();
        let mut open = [true, true];
        let mut stopping = false;
        for pipe in pipes {
            rustix::io::ioctl_fionbio(pipe, true).map_err(start)?;
        }
        loop {
            if self.cancel.is_cancelled() {
                return Err(SandboxError::Cancelled);
            }
            let ready = ready(&[self.replies.get_ref().as_fd(), pipes[0].as_fd(), pipes[1].as_fd()], &open)?;
            let mut go_on = listener.tick();
            for (at, stream) in [Stream::Out, Stream::Err].into_iter().enumerate() {
                if ready[at + 1] {
                    go_on &= drain(&pipes[at], &mut open[at], &mut |bytes| listener.output(stream, bytes))?;
                }
            }
            while go_on && (ready[0] || !self.replies.buffer().is_empty()) {
                match self.reply()? {
                    Reply::Changed(seen) => go_on = listener.changed(seen.iter().map(as_seen).collect()),
                    Reply::Exited(exit) => {
                        // Everything that could write is dead: what it wrote lies in the pipes.
                        for (at, stream) in [Stream::Out, Stream::Err].into_iter().enumerate() {
                            drain(&pipes[at], &mut open[at], &mut |bytes| listener.output(stream, bytes))?;
                        }
                        return Ok(exit);
                    }
                    Reply::Refused(refusal) => return Err(SandboxError::Refused(refusal)),
                    _ => return Err(SandboxError::Lost(io::ErrorKind::InvalidData.into())),
                }
                if self.replies.buffer().is_empty() {
                    break;
                }
            }
            let over = timeout.is_some_and(|timeout| watch.elapsed() >= timeout);
            if (over || !go_on) && !stopping {
                stopping = true;
                rustix::io::write(self.socket()?, STOP).map_err(|error| SandboxError::Lost(error.into()))?;
            }
        }
    }

    fn socket(&self) -> Result<&OwnedFd, SandboxError> {
        self.socket.as_ref().ok_or_else(|| SandboxError::Lost(io::ErrorKind::NotConnected.into()))
    }

    fn ask(&self, request: &Request, descriptors: &[BorrowedFd<'_>]) -> Result<(), SandboxError> {
        if self.cancel.is_cancelled() {
            return Err(SandboxError::Cancelled);
        }
        send(self.socket()?.as_fd(), request, descriptors).map_err(SandboxError::Lost)
    }

    /// The answer to what was asked; a wish to stop ends the wait, and with it the keeper.
    fn answer(&mut self) -> Result<Reply, SandboxError> {
        while self.replies.buffer().is_empty() {
            if self.cancel.is_cancelled() {
                self.socket = None;
                return Err(SandboxError::Cancelled);
            }
            if ready(&[self.replies.get_ref().as_fd()], &[])?[0] {
                break;
            }
        }
        self.reply()
    }

    fn reply(&mut self) -> Result<Reply, SandboxError> {
        let mut line = Vec::new();
        let count = self.replies.read_until(b'\n', &mut line).map_err(SandboxError::Lost)?;
        if count == 0 {
            return Err(SandboxError::Lost(io::ErrorKind::UnexpectedEof.into()));
        }
        serde_json::from_slice(&line).map_err(|error| SandboxError::Lost(error.into()))
    }
}

impl Drop for Sandbox {
    /// The keeper ends when nobody asks any more; its namespaces, mounts and processes end with it.
    fn drop(&mut self) {
        self.socket = None;
        // Something it wants to say must not hold it.
        let mut rest = [0; 4096];
        while let Ok(1..) = self.replies.read(&mut rest) {}
        let _ = self.ended.recv_timeout(GRACE);
    }
}

fn start(error: Errno) -> SandboxError {
    SandboxError::Start(error.into())
}

fn spawn(mapping: &str, socket: OwnedFd) -> io::Result<Child> {
    Command::new("/proc/self/exe")
        .arg0("bakery-sandbox")
        .args([STAGE, mapping])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .current_dir("/")
        .stdin(Stdio::from(socket))
        .stdout(Stdio::piped())
        .spawn()
}

fn as_seen(seen: &SeenWire) -> SeenChange {
    let op = match seen.op {
        'a' => ChangeOp::Added,
        'd' => ChangeOp::Deleted,
        _ => ChangeOp::Modified,
    };
    // The type is told of all but regular files.
    let kind = seen.mode & TYPE;
    let mode = if kind == REGULAR { 0 } else { kind } | seen.mode & 0o7777;
    let secret = |(rule, line, masked): &(String, u32, String)| SeenSecret {
        rule: rule.clone(),
        line: *line,
        masked: masked.clone(),
    };
    let path = format!("/{}", escape_bytes(&seen.path));
    SeenChange { secrets: seen.secrets.iter().map(secret).collect(), ..SeenChange::new(op, path, seen.size, mode) }
}

/// Which of `descriptors` can be read, after a tick at the latest. `open` says of all but the first whether to ask.
fn ready(descriptors: &[BorrowedFd<'_>], open: &[bool]) -> Result<Vec<bool>, SandboxError> {
    let asked: Vec<usize> = (0..descriptors.len()).filter(|at| *at == 0 || open.get(at - 1) == Some(&true)).collect();
    let mut poll_for: Vec<PollFd<'_>> =
        asked.iter().map(|at| PollFd::from_borrowed_fd(descriptors[*at], PollFlags::IN)).collect();
    let tick = Timespec { tv_sec: 0, tv_nsec: i64::try_from(TICK.as_nanos()).unwrap_or(50_000_000) };
    match poll(&mut poll_for, Some(&tick)) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(SandboxError::Lost(error.into())),
    }
    let mut ready = vec![false; descriptors.len()];
    for (at, polled) in asked.iter().zip(&poll_for) {
        ready[*at] = !polled.revents().is_empty();
    }
    Ok(ready)
}

/// Takes what lies in a pipe; `false` where nobody wants it any more.
fn drain(pipe: &OwnedFd, open: &mut bool, take: &mut dyn FnMut(&[u8]) -> bool) -> Result<bool, SandboxError> {
    let mut buffer = [0; 64 << 10];
    // A flood is taken in turns with everything else.
    for _ in 0..16 {
        match rustix::io::read(pipe, &mut buffer) {
            Ok(0) => {
                *open = false;
                return Ok(true);
            }
            Ok(count) if !take(&buffer[..count]) => return Ok(false),
            Ok(_) | Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(true),
            Err(error) => return Err(SandboxError::Lost(error.into())),
        }
    }
    Ok(true)
}

fn copy(from: &mut impl Read, to: &mut std::fs::File) -> io::Result<()> {
    let mut buffer = vec![0; 128 << 10];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        match to.write_all(&buffer[..count]) {
            Ok(()) => {}
            // The keeper has read enough, or refuses the rest and says why; the digest is still to be known.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return io::copy(from, &mut io::sink()).map(drop);
            }
            Err(error) => return Err(error),
        }
    }
}
