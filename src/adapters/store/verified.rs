//! Reading from outside: digest and size are checked while bytes stream; a byte too many is never handed on.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use super::StoreError;
use crate::domain::oci::{Descriptor, Digest, Digester};

/// Wraps a stream that claims to be `descriptor`'s content; fails at its end, or as soon as it is too long (J-03).
pub struct VerifiedReader<R> {
    inner: R,
    expected: Digest,
    remaining: u64,
    size: u64,
    digester: Option<Digester>,
}

impl<R> VerifiedReader<R> {
    /// Expects `descriptor`'s digest and size.
    pub fn new(inner: R, descriptor: &Descriptor) -> Self {
        Self {
            inner,
            expected: descriptor.digest.clone(),
            remaining: descriptor.size,
            size: descriptor.size,
            digester: Some(descriptor.digest.digester()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        let Some(digester) = self.digester.take() else { return Ok(()) };
        if self.remaining > 0 {
            let got = self.size - self.remaining;
            return Err(mismatch(&self.expected, format!("ended after {got} of {} bytes", self.size)));
        }
        let found = digester.finish();
        if found == self.expected { Ok(()) } else { Err(mismatch(&self.expected, format!("digest is {found}"))) }
    }
}

fn mismatch(expected: &Digest, detail: String) -> io::Error {
    let error = StoreError::Mismatch { family: "J-03", expected: expected.clone(), detail };
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl<R: AsyncRead + Unpin> AsyncRead for VerifiedReader<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.digester.is_none() || buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        match Pin::new(&mut self.inner).poll_read(cx, buf) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => {
                let read = (buf.filled().len() - before) as u64;
                if read == 0 {
                    return Poll::Ready(self.finish());
                }
                if read > self.remaining {
                    buf.set_filled(before);
                    let detail = format!("more than {} bytes", self.size);
                    return Poll::Ready(Err(mismatch(&self.expected, detail)));
                }
                self.remaining -= read;
                if let Some(digester) = &mut self.digester {
                    digester.update(&buf.filled()[before..]);
                }
                Poll::Ready(Ok(()))
            }
        }
    }
}

/// Reads a small document whole, verified, refusing more than `limit` bytes before reading any.
pub async fn read_verified(
    source: impl AsyncRead + Unpin,
    descriptor: &Descriptor,
    limit: u64,
) -> Result<Vec<u8>, StoreError> {
    if descriptor.size > limit {
        let detail = format!("{} bytes announced, at most {limit} are accepted", descriptor.size);
        return Err(StoreError::Mismatch { family: "J-08", expected: descriptor.digest.clone(), detail });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(descriptor.size).unwrap_or(0));
    VerifiedReader::new(source, descriptor).read_to_end(&mut bytes).await.map_err(unwrap_io)?;
    Ok(bytes)
}

/// A [`StoreError`] that travelled through `io::Error` comes out as itself.
pub(in crate::adapters) fn unwrap_io(error: io::Error) -> StoreError {
    match error.downcast::<StoreError>() {
        Ok(inner) => inner,
        Err(source) => StoreError::Io { action: "read", path: "blob".into(), source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8], descriptor: &Descriptor) -> Result<Vec<u8>, StoreError> {
        read_verified(bytes, descriptor, 1 << 20).await
    }

    #[tokio::test]
    async fn j03_short_long_and_altered_content_is_refused() {
        let descriptor = Descriptor::of("x", b"content");
        assert_eq!(read(b"content", &descriptor).await.unwrap(), b"content");
        for bytes in [&b"conten"[..], b"content!", b"kontent", b""] {
            let error = read(bytes, &descriptor).await.unwrap_err();
            assert!(error.to_string().starts_with("J-03"), "{error}");
        }
    }

    #[tokio::test]
    async fn j08_limit_is_checked_before_reading() {
        let error = read_verified(&b"content"[..], &Descriptor::of("x", b"content"), 3).await.unwrap_err();
        assert!(error.to_string().starts_with("J-08"));
    }
}
