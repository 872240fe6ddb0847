//! The writer a packer writes into: cuts blocks, digests them for the diffID, feeds the compressor. Knows no algorithm.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::gzip::BlockGzip;
use super::zstd::Feed;
use super::{BLOCK, Block, Compressor, join};
use crate::adapters::engine::Packing;
use crate::domain::oci::{Compression, DiffId, Digester};

/// Takes a layer's tar, writes its blob into `W`. Dropped before [`finish`](Self::finish), its threads end by themselves.
pub struct LayerWriter<W> {
    current: Vec<u8>,
    uncompressed: u64,
    compressor: Box<dyn Compressor<W>>,
    digests: SyncSender<Block>,
    digester: JoinHandle<io::Result<DiffId>>,
}

/// A blob written to its end.
pub struct Written<W> {
    /// The target, not committed yet.
    pub target: W,
    /// Digest of the uncompressed tar.
    pub diff_id: DiffId,
    /// Bytes of the uncompressed tar.
    pub uncompressed: u64,
}

impl<W: Write + Send + 'static> LayerWriter<W> {
    /// Starts the threads.
    pub fn new(target: W, packing: &Packing) -> io::Result<Self> {
        let threads = packing.threads.clamp(1, 64);
        let compressor: Box<dyn Compressor<W>> = match packing.compression {
            Compression::None => Box::new(Feed::plain(target)?),
            Compression::Gzip => Box::new(BlockGzip::new(target, packing.level_in_force().unsigned_abs(), threads)?),
            Compression::Zstd => Box::new(Feed::zstd(target, packing.level_in_force(), threads)?),
        };
        let (digests, blocks) = sync_channel::<Block>(4);
        let digester = thread::Builder::new().name("diff-id".into()).spawn(move || {
            let mut digester = Digester::sha256();
            blocks.iter().for_each(|block| digester.update(&block));
            Ok(DiffId(digester.finish()))
        })?;
        Ok(Self { current: Vec::with_capacity(BLOCK), uncompressed: 0, compressor, digests, digester })
    }

    fn cut(&mut self) -> Block {
        let block = Arc::new(std::mem::replace(&mut self.current, Vec::with_capacity(BLOCK)));
        self.uncompressed += block.len() as u64;
        block
    }

    fn digest(&self, block: &Block) -> io::Result<()> {
        self.digests.send(Arc::clone(block)).map_err(|_| io::Error::other("the digesting thread has died"))
    }

    /// Writes what is left and waits for every stage.
    pub fn finish(mut self) -> io::Result<Written<W>> {
        let last = self.cut();
        self.digest(&last)?;
        let Self { uncompressed, compressor, digests, digester, .. } = self;
        drop(digests);
        let target = compressor.finish(last)?;
        Ok(Written { target, diff_id: join(digester)?, uncompressed })
    }
}

impl<W: Write + Send + 'static> Write for LayerWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(BLOCK - self.current.len());
        self.current.extend_from_slice(&bytes[..count]);
        if self.current.len() == BLOCK {
            let block = self.cut();
            self.digest(&block)?;
            self.compressor.push(block)?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::domain::oci::Digest;

    /// Bytes neither trivial nor incompressible, the same every time; stretches differ in how they repeat, so that
    /// whatever a compressor kept from another block would show.
    fn sample(size: usize) -> Vec<u8> {
        let mut state = 7_u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap_or(0)
        };
        let mut bytes: Vec<u8> = Vec::with_capacity(size + 64);
        while bytes.len() < size {
            match next() % 4 {
                0 => bytes.extend_from_slice(format!("line {} of {}\n", next() % 4096, next()).as_bytes()),
                1 => bytes.extend((0..next() % 300).map(|_| u8::try_from(next() % 256).unwrap_or(0))),
                _ => {
                    let from = next() % (bytes.len() + 1);
                    let length = (next() % 200).min(bytes.len() - from);
                    bytes.extend_from_within(from..from + length);
                }
            }
        }
        bytes.truncate(size);
        bytes
    }

    fn pack(bytes: &[u8], compression: Compression, threads: usize, piece: usize) -> Written<Vec<u8>> {
        let packing = Packing { compression, level: None, threads };
        let mut writer = LayerWriter::new(Vec::new(), &packing).unwrap();
        bytes.chunks(piece).for_each(|chunk| writer.write_all(chunk).unwrap());
        writer.finish().unwrap()
    }

    fn unpack(bytes: &[u8], compression: Compression) -> Vec<u8> {
        let mut out = Vec::new();
        match compression {
            Compression::None => out.extend_from_slice(bytes),
            // Not the multi-member reader: it must be one member.
            Compression::Gzip => drop(flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap()),
            Compression::Zstd => out = ::zstd::decode_all(bytes).unwrap(),
        }
        out
    }

    #[test]
    fn one_thread_or_many_large_pieces_or_small_give_the_same_bytes() {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            for size in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 40 * BLOCK + 12_345] {
                let bytes = sample(size);
                let one = pack(&bytes, compression, 1, 1 << 20);
                assert_eq!(unpack(&one.target, compression), bytes, "{compression:?} {size}");
                assert_eq!((one.diff_id.0.clone(), one.uncompressed), (Digest::of(&bytes), size as u64));
                for (threads, piece) in [(2, 77_777), (4, 512), (8, BLOCK)] {
                    let many = pack(&bytes, compression, threads, piece);
                    assert!(many.target == one.target, "{compression:?} {size} bytes on {threads} threads");
                }
            }
        }
    }

    /// What a compressor keeps from one block to another only shows in content as varied as a program's: this one's own.
    #[test]
    fn varied_content_gives_the_same_bytes_too() {
        let mut bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        bytes.truncate(24 << 20);
        let one = pack(&bytes, Compression::Gzip, 1, 1 << 20);
        assert_eq!(unpack(&one.target, Compression::Gzip), bytes);
        for threads in [2, 5] {
            assert!(pack(&bytes, Compression::Gzip, threads, 1 << 20).target == one.target, "{threads} threads");
        }
    }

    #[test]
    fn a_threads_earlier_blocks_leave_no_trace() {
        // Machine code, so that blocks differ in kind: where a state kept something, this shows it.
        let mut program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        program.truncate(6 << 20);
        let one = pack(&program, Compression::Gzip, 1, BLOCK);
        for threads in [2, 3, 5, 16] {
            let many = pack(&program, Compression::Gzip, threads, BLOCK);
            assert!(many.target == one.target, "{threads} threads");
        }
    }

    #[test]
    fn a_full_disk_is_told() {
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let bytes = sample(8 * BLOCK);
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let packing = Packing { compression, level: None, threads: 2 };
            let mut writer = LayerWriter::new(Full(1000), &packing).unwrap();
            let result = bytes.chunks(BLOCK).try_for_each(|chunk| writer.write_all(chunk));
            let error = result.and_then(|()| writer.finish().map(drop)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{compression:?}");
        }
    }
}
