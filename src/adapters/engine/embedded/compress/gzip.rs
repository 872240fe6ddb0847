//! gzip on several threads: one member of independent deflate blocks, each primed with the 32 KiB before it, so that
//! neither thread count nor timing shows in the bytes. Header: no name, no time, unknown system.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use flate2::{Compress, Compression, FlushCompress, Status};

use super::{Block, Compressor, join};

/// Deflate looks back no further.
const WINDOW: usize = 32 << 10;
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

struct Job {
    index: u64,
    block: Block,
    before: Option<Block>,
    last: bool,
}

struct Packed {
    index: u64,
    bytes: Vec<u8>,
    checksum: crc32fast::Hasher,
    size: usize,
    last: bool,
}

/// The pool: `push` hands out blocks, workers compress them, the writing thread puts them in order.
pub(super) struct BlockGzip<W> {
    jobs: Option<SyncSender<Job>>,
    /// One token a block under way; the writing thread gives them back.
    tokens: SyncSender<()>,
    next: u64,
    before: Option<Block>,
    writing: Option<JoinHandle<io::Result<W>>>,
}

impl<W: Write + Send + 'static> BlockGzip<W> {
    pub(super) fn new(target: W, level: u32, threads: usize) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(threads);
        let (tokens, returned) = sync_channel(2 * threads + 2);
        let (results, packed) = channel();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..threads {
            let (queue, results) = (Arc::clone(&queue), results.clone());
            thread::Builder::new().name(format!("gzip-{number}")).spawn(move || work(&queue, &results, level))?;
        }
        let writing =
            thread::Builder::new().name("gzip-out".into()).spawn(move || write_in_order(target, &packed, &returned))?;
        Ok(Self { jobs: Some(jobs), tokens, next: 0, before: None, writing: Some(writing) })
    }

    fn submit(&mut self, block: Block, last: bool) -> io::Result<()> {
        let before = self.before.replace(Arc::clone(&block));
        let job = Job { index: self.next, block, before, last };
        self.next += 1;
        let sent = self.tokens.send(()).is_ok() && self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        if sent { Ok(()) } else { Err(self.reason()) }
    }

    /// Why nobody takes blocks any more.
    fn reason(&mut self) -> io::Error {
        self.jobs = None;
        match self.writing.take().map(join) {
            Some(Err(error)) => error,
            _ => io::Error::other("compressing has ended already"),
        }
    }
}

/// Waits for the threads, so that a target that is given up is gone when this is.
impl<W> Drop for BlockGzip<W> {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writing) = self.writing.take() {
            // It was given up: how it ended matters to nobody.
            let _ = writing.join();
        }
    }
}

impl<W: Write + Send + 'static> Compressor<W> for BlockGzip<W> {
    fn push(&mut self, block: Block) -> io::Result<()> {
        self.submit(block, false)
    }

    fn finish(mut self: Box<Self>, last: Block) -> io::Result<W> {
        self.submit(last, true)?;
        self.jobs = None;
        match self.writing.take() {
            Some(writing) => join(writing),
            None => Err(io::Error::other("compressing has ended already")),
        }
    }
}

/// Compresses blocks until there are no more, or nobody wants them.
fn work(queue: &Mutex<Receiver<Job>>, results: &Sender<io::Result<Packed>>, level: u32) {
    loop {
        let job = match queue.lock() {
            Ok(queue) => queue.recv(),
            Err(_) => return,
        };
        let Ok(job) = job else { return };
        if results.send(compress(level, &job)).is_err() {
            return;
        }
    }
}

fn compress(level: u32, job: &Job) -> io::Result<Packed> {
    let input = job.block.as_slice();
    // A fresh one each time: after a reset, what it compressed before still shows in its output.
    let mut deflate = Compress::new(Compression::new(level), false);
    if let Some(before) = &job.before {
        deflate.set_dictionary(&before[before.len().saturating_sub(WINDOW)..])?;
    }
    let flush = if job.last { FlushCompress::Finish } else { FlushCompress::Sync };
    let mut bytes = Vec::with_capacity(input.len() / 2 + 1024);
    let start = deflate.total_in();
    loop {
        if bytes.capacity() - bytes.len() < 64 << 10 {
            bytes.reserve(input.len() / 4 + (64 << 10));
        }
        let taken = usize::try_from(deflate.total_in() - start).unwrap_or(usize::MAX);
        let status = deflate.compress_vec(&input[taken..], &mut bytes, flush)?;
        let taken = deflate.total_in() - start == input.len() as u64;
        // A sync flush is whole once it leaves room in the output.
        if status == Status::StreamEnd || (!job.last && taken && bytes.len() < bytes.capacity()) {
            break;
        }
    }
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(input);
    Ok(Packed { index: job.index, bytes, checksum, size: input.len(), last: job.last })
}

fn write_in_order<W: Write>(
    mut target: W,
    packed: &Receiver<io::Result<Packed>>,
    tokens: &Receiver<()>,
) -> io::Result<W> {
    target.write_all(&HEADER)?;
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    let mut size = 0_usize;
    let mut ended = false;
    let mut checksum = crc32fast::Hasher::new();
    for result in packed {
        let packed = result?;
        waiting.insert(packed.index, packed);
        while let Some(packed) = waiting.remove(&next) {
            target.write_all(&packed.bytes)?;
            checksum.combine(&packed.checksum);
            size = size.wrapping_add(packed.size);
            ended = packed.last;
            next += 1;
            // Never waits: a token was given before the block was.
            tokens.recv().map_err(io::Error::other)?;
        }
    }
    if !ended {
        return Err(io::Error::other("a compressing thread has died"));
    }
    target.write_all(&checksum.finalize().to_le_bytes())?;
    // The length counts modulo 2^32.
    target.write_all(&size.to_le_bytes()[..4])?;
    target.flush()?;
    Ok(target)
}
