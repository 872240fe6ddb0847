//! What worker and keeper say to each other: requests with descriptors one way, replies as JSON lines the other.
//!
//! A request's body lies in a memory file that is sent along, so that neither its size nor a secret in it shows anywhere.

use std::io::{self, Read, Seek, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::MemfdFlags;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};
use serde::{Deserialize, Serialize};

use crate::domain::recipe::Network;

/// Largest request.
const MAX_REQUEST: u64 = 256 << 20;
/// Descriptors that travel with a request, its body among them.
const MAX_DESCRIPTORS: usize = 4;
/// The message that ends a step before its time.
pub(super) const STOP: &[u8] = b"stop";
/// The message that brings a request.
const REQUEST: &[u8] = b"request";

/// What the keeper can be asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Extract a layer. With it: the end of a pipe that gives its plain tar.
    Unpack(UnpackRequest),
    /// Run a process. With it: its standard input, where it has one, its standard output and standard error.
    Run(Box<StepSpec>),
    /// Read an upper folder as a layer. With it: the end of a pipe that takes its plain tar.
    Pack(PackRequest),
    /// Remove a folder with everything in it.
    Remove(PathBuf),
}

/// A layer to be extracted.
#[derive(Debug, Serialize, Deserialize)]
pub struct UnpackRequest {
    /// Snapshots below it, the topmost first.
    pub lowers: Vec<PathBuf>,
    /// An empty folder.
    pub into: PathBuf,
    /// Another one, on the same file system.
    pub work: PathBuf,
    /// Paths it takes away from what is below.
    pub whiteouts: Vec<Vec<u8>>,
    /// Folders of which it takes all that is below.
    pub opaques: Vec<Vec<u8>>,
}

/// An upper folder to be read.
#[derive(Debug, Serialize, Deserialize)]
pub struct PackRequest {
    /// Snapshots below it, the topmost first.
    pub lowers: Vec<PathBuf>,
    /// What the step changed.
    pub upper: PathBuf,
    /// Seconds since 1970 every entry gets.
    pub created: i64,
    /// Paths whose changes never count; see [`discard`](crate::adapters::snapshot::discard).
    pub discard: Vec<String>,
}

/// One process, and everything it is to see.
#[derive(Debug, Serialize, Deserialize)]
pub struct StepSpec {
    /// Snapshots, the topmost first.
    pub lowers: Vec<PathBuf>,
    /// Upper folder and work folder; without them the root is read-only, with scratch space in `/tmp`, `/run` and `/var/tmp`.
    pub writes: Option<(PathBuf, PathBuf)>,
    /// Empty folders of this step's own: where the root is put together, and what mount points are made in.
    pub merged: PathBuf,
    /// See `merged`.
    pub stub: PathBuf,
    /// Network it sees.
    pub network: Network,
    /// User in the image, by name or number; root where absent.
    pub user: Option<String>,
    /// Working folder in the image.
    pub workdir: String,
    /// All of its environment but `HOME`, which follows from the user unless it stands here.
    pub env: Vec<(String, String)>,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Files below `/run/secrets`, readable by the step's user alone.
    pub secrets: Vec<(String, Vec<u8>)>,
    /// Folders of the host, by their place in the image.
    pub caches: Vec<(String, PathBuf)>,
    /// Whether its standard descriptors are a terminal it may control.
    pub terminal: bool,
    /// Whether changes of the upper folder are told while it runs.
    pub watched: bool,
    /// Host name it sees.
    pub hostname: String,
    /// Whether `merged` is a stack already: somebody else than the kernel serves it. The keeper's to say.
    #[serde(default)]
    pub served: bool,
    /// Whether packages that it installs may start their services, where the image does not say so itself.
    pub services: bool,
}

/// What the keeper answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// Its namespaces exist; their ids want to be mapped.
    Unshared,
    /// It serves.
    Ready,
    /// Changes seen while a step runs.
    Changed(Vec<SeenWire>),
    /// The process is over, and everything it has started.
    Exited(Exit),
    /// A layer is extracted.
    Unpacked {
        /// Members that were not made: devices.
        skipped: u64,
    },
    /// An upper folder has been read.
    Packed {
        /// Paths added.
        added: u64,
        /// Paths modified.
        modified: u64,
        /// Paths deleted.
        deleted: u64,
    },
    /// A folder is gone.
    Removed,
    /// It cannot be done.
    Refused(Refusal),
}

/// One change as it travels.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SeenWire {
    /// `a`, `m` or `d`.
    pub(super) op: char,
    /// Path from the root, without a slash before it.
    pub(super) path: Vec<u8>,
    /// Bytes.
    pub(super) size: u64,
    /// Type and permission bits.
    pub(super) mode: u32,
    /// What looks like a secret in it: rule, line, how it begins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) secrets: Vec<(String, u32, String)>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    /// By itself.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// Because it was told to stop.
    Stopped,
}

/// Why something cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What failed, on what.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
}

impl Refusal {
    /// An error with everything it says of its causes.
    pub(super) fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let causes = std::iter::successors(error.source(), |cause| cause.source()).map(ToString::to_string).collect();
        Self { message: error.to_string(), causes }
    }
}

/// Sends a request with its descriptors.
pub(super) fn send(socket: BorrowedFd<'_>, request: &Request, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    // There may be a secret in it.
    let body = memory_file(&zeroize::Zeroizing::new(serde_json::to_vec(request)?))?;
    let mut all = vec![body.as_fd()];
    all.extend_from_slice(descriptors);
    hand_over(socket, &all)
}

/// Sends descriptors, the first of them a request's body.
pub(super) fn hand_over(socket: BorrowedFd<'_>, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    rustix::net::sendmsg(socket, &[io::IoSlice::new(REQUEST)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// What came from the worker.
pub(super) enum Received {
    /// A request with its descriptors.
    Request(Request, Vec<OwnedFd>),
    /// The step that runs is to end.
    Stop,
    /// Nobody is there any more.
    Closed,
}

/// Receives the next message.
pub(super) fn receive(socket: BorrowedFd<'_>) -> io::Result<Received> {
    let mut text = [0; 16];
    let (count, mut descriptors) = receive_message(socket, &mut text)?;
    match &text[..count] {
        b"" => Ok(Received::Closed),
        STOP => Ok(Received::Stop),
        REQUEST if !descriptors.is_empty() => {
            let body = std::fs::File::from(descriptors.remove(0));
            let request = serde_json::from_reader(io::BufReader::new(body.take(MAX_REQUEST)))?;
            Ok(Received::Request(request, descriptors))
        }
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Receives what was handed over: a body, and what came with it.
pub(super) fn take_over(socket: BorrowedFd<'_>) -> io::Result<(OwnedFd, Vec<OwnedFd>)> {
    let (_, mut descriptors) = receive_message(socket, &mut [0; 16])?;
    if descriptors.is_empty() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok((descriptors.remove(0), descriptors))
}

fn receive_message(socket: BorrowedFd<'_>, text: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let got = rustix::io::retry_on_intr(|| {
        let mut into = [io::IoSliceMut::new(text)];
        rustix::net::recvmsg(socket, &mut into, &mut control, RecvFlags::CMSG_CLOEXEC)
    })?;
    let mut descriptors: Vec<OwnedFd> = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(some) = message {
            descriptors.extend(some);
        }
    }
    Ok((got.bytes, descriptors))
}

/// Bytes in a file that has no name, read from its beginning.
pub(super) fn memory_file(bytes: &[u8]) -> io::Result<OwnedFd> {
    let mut file = std::fs::File::from(rustix::fs::memfd_create("bakery", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file.into())
}

/// Says one thing to the worker.
pub(super) fn reply(reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&line)?;
    stdout.flush()
}
