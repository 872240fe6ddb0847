//! Decompressing what comes from outside: the bytes say what they are, and must be what was announced (T-20).

use std::io::{self, BufReader, Cursor, Read};
use std::sync::{Arc, Mutex};

use crate::domain::oci::{Compression, Digest, Digester};

/// zstd windows up to 128 MiB (T-18).
const MAX_WINDOW_LOG: u32 = 27;

/// Bytes that are not compressed as they should be.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A format bakery has no decompressor for.
    #[error("T-20: {0}, which is not read here (tar plain, gzip or zstd is)")]
    Unsupported(&'static str),
    /// Another format than announced.
    #[error("T-20: announced as {announced}, but it is {found}")]
    Announced {
        /// By the media type.
        announced: &'static str,
        /// By the first bytes.
        found: &'static str,
    },
    /// The bytes cannot be read.
    #[error("cannot be read")]
    Io(#[from] io::Error),
}

fn name(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "plain",
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
    }
}

/// A reader of the uncompressed bytes. `announced` is what a media type said; without one the bytes decide.
pub fn decode(
    mut reader: impl Read + Send + 'static,
    announced: Option<Compression>,
) -> Result<Box<dyn Read + Send>, DecodeError> {
    let mut start = Vec::with_capacity(6);
    (&mut reader).take(6).read_to_end(&mut start)?;
    let found = match start.as_slice() {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
        [0xfd, b'7', b'z', b'X', b'Z', 0] => return Err(DecodeError::Unsupported("compressed with xz")),
        [b'B', b'Z', b'h', ..] => return Err(DecodeError::Unsupported("compressed with bzip2")),
        [b'P', b'K', 3, 4, ..] => return Err(DecodeError::Unsupported("a zip archive")),
        _ => Compression::None,
    };
    if let Some(announced) = announced.filter(|announced| *announced != found) {
        return Err(DecodeError::Announced { announced: name(announced), found: name(found) });
    }
    let whole = BufReader::with_capacity(64 << 10, Cursor::new(start).chain(reader));
    Ok(match found {
        Compression::None => Box::new(whole),
        // Several members are one stream, as every registry client reads them (T-17).
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(whole)),
        Compression::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(whole)?;
            decoder.window_log_max(MAX_WINDOW_LOG)?;
            Box::new(decoder)
        }
    })
}

/// A reader that digests what passes; the digest can be asked for when the reader is gone.
pub struct Digested<R> {
    inner: R,
    state: Arc<Mutex<(Digester, u64)>>,
}

/// What a [`Digested`] reader has seen.
pub struct Seen(Arc<Mutex<(Digester, u64)>>);

impl<R> Digested<R> {
    /// Reads `inner`, and what the digest can be asked of.
    pub fn new(inner: R, digester: Digester) -> (Self, Seen) {
        let state = Arc::new(Mutex::new((digester, 0)));
        (Self { inner, state: Arc::clone(&state) }, Seen(state))
    }
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if let Ok(mut state) = self.state.lock() {
            state.0.update(&buffer[..count]);
            state.1 += count as u64;
        }
        Ok(count)
    }
}

impl Seen {
    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.0.lock().map_or(0, |state| state.1)
    }

    /// Digest of the bytes so far; `None` only after a panic elsewhere.
    pub fn digest(&self) -> Option<Digest> {
        self.0.lock().ok().map(|state| state.0.clone().finish())
    }
}
