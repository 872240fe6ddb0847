//! Contents of a layer's files, read ahead by threads and given in order; whoever gets them knows that they are what
//! the plan says, and what looks like a secret in the small ones. Knows no tar.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use tokio_util::sync::CancellationToken;

use super::steps::{Source, StepError};
use crate::adapters::inputs::{InputRoot, InputsError};
use crate::domain::layer::ContentDigest;
use crate::domain::oci::Digester;
use crate::domain::trust::secrets::{Hit, Scanner};

/// Files up to this are read whole, ahead of the packer.
const SMALL: u64 = 256 << 10;
/// Files read ahead by one thread.
const AHEAD: usize = 32;

/// Where a step's contents are.
#[derive(Clone, Default)]
pub(in crate::adapters::engine) struct Contents {
    /// The step's `from`.
    pub(in crate::adapters::engine) inputs: Option<Arc<InputRoot>>,
    /// Contents of an archive's members.
    pub(in crate::adapters::engine) spool: Option<Arc<File>>,
}

/// A file to be read.
pub(super) struct Wanted {
    /// Its path in the layer.
    pub(super) path: Box<[u8]>,
    pub(super) source: Source,
    pub(super) size: u64,
    pub(super) digest: ContentDigest,
}

/// The content of one file.
pub(super) enum Content {
    /// All of it, verified, with what looks like a secret in it.
    Whole(Arc<[u8]>, Vec<Hit>),
    /// Verified when read to its end.
    Streamed(Box<dyn Read + Send>),
}

/// Threads that read ahead; file `k` comes from thread `k` modulo their number, so nothing has to be put in order.
pub(super) struct ReadAhead {
    lanes: Vec<Receiver<Result<Content, StepError>>>,
    next: usize,
}

impl ReadAhead {
    /// Starts reading. The threads end by themselves when this is dropped.
    pub(super) fn start(
        contents: &Contents,
        wanted: Vec<Wanted>,
        threads: usize,
        cancel: &CancellationToken,
    ) -> io::Result<Self> {
        let threads = threads.clamp(1, 4).min(wanted.len().max(1));
        let mut shares: Vec<Vec<Wanted>> = (0..threads).map(|_| Vec::new()).collect();
        for (at, file) in wanted.into_iter().enumerate() {
            shares[at % threads].push(file);
        }
        let mut lanes = Vec::with_capacity(threads);
        for share in shares {
            let (sender, lane) = sync_channel(AHEAD);
            let (contents, cancel) = (contents.clone(), cancel.clone());
            thread::Builder::new()
                .name("read-ahead".into())
                .spawn(move || read_share(&contents, share, &sender, &cancel))?;
            lanes.push(lane);
        }
        Ok(Self { lanes, next: 0 })
    }

    /// The content of the next file, in the order asked for.
    pub(super) fn next(&mut self) -> Result<Content, StepError> {
        let lane = self.next % self.lanes.len();
        self.next += 1;
        self.lanes[lane].recv().unwrap_or(Err(StepError::Cancelled))
    }
}

fn read_share(
    contents: &Contents,
    share: Vec<Wanted>,
    sender: &SyncSender<Result<Content, StepError>>,
    cancel: &CancellationToken,
) {
    for wanted in share {
        let path = wanted.path.clone();
        let content = open(contents, wanted).map(|content| match content {
            Content::Whole(bytes, _) => {
                let hits = Scanner::shared().scan(&path, &bytes);
                Content::Whole(bytes, hits)
            }
            streamed @ Content::Streamed(_) => streamed,
        });
        if cancel.is_cancelled() || sender.send(content).is_err() {
            return;
        }
    }
}

fn open(contents: &Contents, wanted: Wanted) -> Result<Content, StepError> {
    let Wanted { source, size, digest, .. } = wanted;
    match source {
        Source::Inline(bytes) => Ok(Content::Whole(bytes, Vec::new())),
        Source::Input(path) => {
            let root = contents.inputs.as_ref().ok_or(StepError::NoInputs)?;
            let file = match root.file(&path) {
                Ok(file) => file,
                // It was there when the plan was made.
                Err(InputsError::Missing { path } | InputsError::Changed { path }) => {
                    return Err(StepError::Changed(path));
                }
                Err(other) => return Err(other.into()),
            };
            verified(file, &path, size, digest)
        }
        Source::Spooled { member, offset } => {
            let file = contents.spool.clone().ok_or(StepError::NoInputs)?;
            verified(Section::of(&file, offset, size), &format!("member {member}"), size, digest)
        }
    }
}

fn verified(
    mut reader: impl Read + Send + 'static,
    path: &str,
    size: u64,
    digest: ContentDigest,
) -> Result<Content, StepError> {
    let changed = || StepError::Changed(path.to_owned());
    if size > SMALL {
        let path = path.to_owned();
        let state = Some(Digester::sha256());
        return Ok(Content::Streamed(Box::new(Verified { reader, path, left: size, digest, state })));
    }
    let size = usize::try_from(size).unwrap_or(0);
    let mut bytes = vec![0; size + 1];
    let mut filled = 0;
    while filled < bytes.len() {
        match reader.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(InputsError::Io { action: "read", path: path.to_owned(), source }.into()),
        }
    }
    bytes.truncate(filled);
    if filled != size || ContentDigest::of(&bytes) != digest {
        return Err(changed());
    }
    Ok(Content::Whole(bytes.into(), Vec::new()))
}

/// Part of a file, read by position, so that many threads may.
pub(in crate::adapters::engine) struct Section {
    file: Arc<File>,
    offset: u64,
    left: u64,
}

impl Section {
    /// So many bytes from there.
    pub(in crate::adapters::engine) fn of(file: &Arc<File>, offset: u64, size: u64) -> Self {
        Self { file: Arc::clone(file), offset, left: size }
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.file.read_at(&mut buffer[..want], self.offset)?;
        self.offset += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

/// A large file that says at its end whether it was the right one.
struct Verified<R> {
    reader: R,
    path: String,
    left: u64,
    digest: ContentDigest,
    state: Option<Digester>,
}

/// Travels through `io::Error` from a reader to who packs.
#[derive(Debug, thiserror::Error)]
#[error("{0} changed while being baked")]
pub(super) struct ChangedInput(pub(super) String);

impl<R: Read> Read for Verified<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let changed = || io::Error::new(io::ErrorKind::InvalidData, ChangedInput(self.path.clone()));
        let Some(state) = &mut self.state else { return Ok(0) };
        let count = self.reader.read(buffer)?;
        if count as u64 > self.left {
            return Err(changed());
        }
        if count == 0 {
            let found = self.state.take().and_then(|state| ContentDigest::of_digest(&state.finish()));
            return if self.left == 0 && found == Some(self.digest) { Ok(0) } else { Err(changed()) };
        }
        state.update(&buffer[..count]);
        self.left -= count as u64;
        Ok(count)
    }
}
