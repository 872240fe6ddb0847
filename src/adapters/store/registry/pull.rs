//! Blobs on their way in: asked for, streamed, resumed from where they broke, the digest over all of it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, HeaderMap, RANGE};
use reqwest::{Response, StatusCode};
use tokio_util::bytes::{Buf, Bytes};
use tokio_util::io::StreamReader;

use super::auth::Scope;
use super::client::{Ask, Client, Incoming};
use super::failure::{Fault, MAX_ERROR_BYTES};
use super::retry::Retry;
use crate::adapters::store::{BlobStream, StoreError, VerifiedReader};
use crate::domain::oci::Descriptor;

/// This much between two breaks makes the next one count as the first.
const GOOD_RUN: u64 = 1 << 20;
/// How long to look for bytes after the last one.
const AFTER_THE_END: Duration = Duration::from_millis(500);

/// Whether `name` holds `blob`.
pub(super) async fn has_blob(client: &Client, name: &str, blob: &Descriptor) -> Result<bool, StoreError> {
    let what = format!("{name}@{}", blob.digest);
    let ask = Ask::head(format!("{name}/blobs/{}", blob.digest), Scope::pull(name), &what);
    let reply = client.exchange(&ask, MAX_ERROR_BYTES).await?;
    match reply.status {
        status if status.is_success() => match length(&reply.headers) {
            Some(length) if length != blob.size => Err(wrong_size(blob, length)),
            _ => Ok(true),
        },
        StatusCode::NOT_FOUND => Ok(false),
        _ => Err(client.refusal(&what, &reply)),
    }
}

/// The blob's verified bytes.
pub(super) async fn open_blob(client: Arc<Client>, name: &str, blob: &Descriptor) -> Result<BlobStream, StoreError> {
    let what = format!("{name}@{}", blob.digest);
    let ask = Ask::get(format!("{name}/blobs/{}", blob.digest), Scope::pull(name), what);
    let mut pull = Pull { retry: Retry::new(client.patience), client, ask, blob: blob.clone(), at: 0, run: 0, skip: 0 };
    let body = pull.request().await?;
    let chunks = stream::try_unfold((pull, body), |(mut pull, mut body)| async move {
        let chunk = pull.chunk(&mut body).await.map_err(io::Error::other)?;
        Ok::<_, io::Error>(chunk.map(|chunk| (chunk, (pull, body))))
    });
    Ok(Box::pin(VerifiedReader::new(StreamReader::new(Box::pin(chunks)), blob)))
}

struct Pull {
    client: Arc<Client>,
    ask: Ask,
    blob: Descriptor,
    retry: Retry,
    /// Bytes handed on.
    at: u64,
    /// Bytes since the last break.
    run: u64,
    /// Bytes to drop, where a range was ignored.
    skip: u64,
}

impl Pull {
    /// Asks for what is missing.
    async fn request(&mut self) -> Result<Incoming, StoreError> {
        let mut ask = self.ask.clone();
        if self.at > 0 {
            ask = ask.header(RANGE, &format!("bytes={}-", self.at));
        }
        let response = self.client.open_body(&ask, &mut self.retry).await?;
        self.skip = self.check(&response)?;
        Ok(Incoming::new(response, &self.client))
    }

    /// Whether the answer is to the question; how many of its bytes are already here.
    fn check(&self, response: &Response) -> Result<u64, StoreError> {
        let headers = response.headers();
        let broken = |detail: String| Err(self.client.hostile("R-06", format!("{}: {detail}", self.ask.what)));
        if headers.get(CONTENT_ENCODING).is_some_and(|value| value != "identity") {
            return broken("content encoding nobody asked for".into());
        }
        let (skip, expected) = match response.status() {
            StatusCode::OK => (self.at, self.blob.size),
            StatusCode::PARTIAL_CONTENT if self.at > 0 => {
                let text = headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok()).unwrap_or("");
                if !covers(text, self.at, self.blob.size) {
                    let shown: String = crate::domain::text::escape(text).chars().take(80).collect();
                    return broken(format!("asked for bytes from {}, got range {shown:?}", self.at));
                }
                (0, self.blob.size - self.at)
            }
            status => return broken(format!("status {status} to a request for a blob")),
        };
        match length(headers) {
            Some(length) if length != expected => Err(wrong_size(&self.blob, length + self.at - skip)),
            _ => Ok(skip),
        }
    }

    /// The next bytes, from a new connection when the old one breaks; `None` at the end.
    async fn chunk(&mut self, body: &mut Incoming) -> Result<Option<Bytes>, StoreError> {
        loop {
            if self.at >= self.blob.size {
                return Ok(self.bytes_after_the_end(body).await);
            }
            let fault = match body.chunk().await {
                Ok(Some(mut chunk)) => {
                    let known = usize::try_from(self.skip).unwrap_or(usize::MAX).min(chunk.len());
                    chunk.advance(known);
                    self.skip -= known as u64;
                    if chunk.is_empty() {
                        continue;
                    }
                    self.at += chunk.len() as u64;
                    self.run += chunk.len() as u64;
                    return Ok(Some(chunk));
                }
                Ok(None) => Fault::Transient(self.cut_short(), None),
                Err(fault) => fault,
            };
            if self.run >= GOOD_RUN {
                self.retry = Retry::new(self.client.patience);
            }
            self.run = 0;
            self.client.pause_or_give_up(&mut self.retry, fault, true).await?;
            *body = self.request().await?;
        }
    }

    /// A byte too many is handed on for the verified reader to refuse; silence is as good as an end.
    async fn bytes_after_the_end(&self, body: &mut Incoming) -> Option<Bytes> {
        let wait = AFTER_THE_END.min(self.client.patience.idle);
        match tokio::time::timeout(wait, body.chunk()).await {
            Ok(Ok(chunk)) => chunk,
            Ok(Err(_)) | Err(_) => None,
        }
    }

    fn cut_short(&self) -> StoreError {
        let detail = format!("ended after {} of {} bytes", self.at, self.blob.size);
        StoreError::Mismatch { family: "R-06", expected: self.blob.digest.clone(), detail }
    }
}

fn wrong_size(blob: &Descriptor, length: u64) -> StoreError {
    let detail = format!("{length} bytes announced instead of {}", blob.size);
    StoreError::Mismatch { family: "R-06", expected: blob.digest.clone(), detail }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether `bytes FROM-TO/TOTAL` is the rest of `size` bytes from `at`.
fn covers(range: &str, at: u64, size: u64) -> bool {
    let Some((span, total)) = range.strip_prefix("bytes ").and_then(|text| text.split_once('/')) else { return false };
    let Some((from, to)) = span.split_once('-') else { return false };
    from.parse() == Ok(at) && to.parse() == Ok(size - 1) && (total == "*" || total.parse() == Ok(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r06_a_range_must_be_the_one_asked_for() {
        assert!(covers("bytes 10-99/100", 10, 100));
        assert!(covers("bytes 10-99/*", 10, 100));
        for text in ["", "bytes 0-99/100", "bytes 10-98/100", "bytes 10-99/101", "10-99/100", "bytes */100"] {
            assert!(!covers(text, 10, 100), "{text}");
        }
    }
}
