//! From tar bytes to a blob in one pass: digested, compressed on all processors, written. The bytes never depend on
//! how many threads there were. Knows no tar and no layout.
//!
//! ```text
//! packer --> blocks of 512 KiB --+--> diffID digester (a thread)
//!                                +--> gzip workers / zstd / nothing --> in order --> blob (digested as it is written)
//! ```

mod gzip;
mod writer;
mod zstd;

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

pub use writer::LayerWriter;

/// Bytes handed from stage to stage; the bounds on memory count these.
const BLOCK: usize = 512 << 10;

type Block = Arc<Vec<u8>>;

/// A stage that takes blocks in order and ends in `W`.
trait Compressor<W>: Send {
    /// Takes a block; waits while enough are under way.
    fn push(&mut self, block: Block) -> io::Result<()>;

    /// Takes the last, perhaps empty, block; gives the target back when everything is written.
    fn finish(self: Box<Self>, last: Block) -> io::Result<W>;
}

/// Waits for a thread; one that panicked is an error like any other.
fn join<T>(thread: JoinHandle<io::Result<T>>) -> io::Result<T> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a compressing thread has died")))
}
