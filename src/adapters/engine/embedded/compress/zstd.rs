//! zstd, and no compression at all: one thread that feeds an encoder block by block. zstd's own workers do the rest.
//!
//! Always at least one worker: without any, zstd takes another path and gives other bytes.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::{Block, Compressor, join};

/// Bytes each of zstd's workers takes at once: half of its own choice, for half of its memory.
const JOB: u32 = 4 << 20;

/// A thread that takes blocks and ends in the target.
pub(super) struct Feed<W> {
    blocks: Option<SyncSender<Block>>,
    thread: Option<JoinHandle<io::Result<W>>>,
}

impl<W: Write + Send + 'static> Feed<W> {
    /// Writes blocks as they are.
    pub(super) fn plain(mut target: W) -> io::Result<Self> {
        Self::start(move |blocks| {
            for block in blocks {
                target.write_all(&block)?;
            }
            target.flush()?;
            Ok(target)
        })
    }

    /// Compresses on `threads` workers.
    pub(super) fn zstd(target: W, level: i32, threads: usize) -> io::Result<Self> {
        let mut encoder = ::zstd::Encoder::new(target, level)?;
        encoder.multithread(u32::try_from(threads.max(1)).unwrap_or(1))?;
        encoder.include_checksum(true)?;
        encoder.set_parameter(::zstd::zstd_safe::CParameter::JobSize(JOB))?;
        Self::start(move |blocks| {
            for block in blocks {
                encoder.write_all(&block)?;
            }
            let mut target = encoder.finish()?;
            target.flush()?;
            Ok(target)
        })
    }

    fn start(run: impl FnOnce(Receiver<Block>) -> io::Result<W> + Send + 'static) -> io::Result<Self> {
        let (blocks, taken) = sync_channel(4);
        let thread = thread::Builder::new().name("compress".into()).spawn(move || run(taken))?;
        Ok(Self { blocks: Some(blocks), thread: Some(thread) })
    }

    fn end(&mut self) -> io::Result<W> {
        self.blocks = None;
        match self.thread.take() {
            Some(thread) => join(thread),
            None => Err(io::Error::other("compressing has ended already")),
        }
    }
}

/// Waits for the thread, so that a target that is given up is gone when this is.
impl<W> Drop for Feed<W> {
    fn drop(&mut self) {
        self.blocks = None;
        if let Some(thread) = self.thread.take() {
            // It was given up: how it ended matters to nobody.
            let _ = thread.join();
        }
    }
}

impl<W: Write + Send + 'static> Compressor<W> for Feed<W> {
    fn push(&mut self, block: Block) -> io::Result<()> {
        if self.blocks.as_ref().is_some_and(|blocks| blocks.send(block).is_ok()) {
            return Ok(());
        }
        Err(self.end().err().unwrap_or_else(|| io::Error::other("compressing has ended already")))
    }

    fn finish(mut self: Box<Self>, last: Block) -> io::Result<W> {
        self.push(last)?;
        self.end()
    }
}
