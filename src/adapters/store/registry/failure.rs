//! What to say when a registry fails: statuses, its own words (bounded and escaped, R-01), broken connections.

use std::error::Error;
use std::time::Duration;

use oci_client::errors::OciEnvelope;
use reqwest::StatusCode;

use super::client::Reply;
use crate::adapters::store::StoreError;
use crate::domain::text::{escape, escape_bytes};

/// Longest error body read (R-01).
pub(super) const MAX_ERROR_BYTES: u64 = 64 << 10;
/// Longest message shown of it.
const MAX_SHOWN: usize = 300;

/// A failed try: whether another may help.
pub(super) enum Fault {
    /// It will fail again.
    Final(StoreError),
    /// It may not; the pause is what the registry asked for.
    Transient(StoreError, Option<Duration>),
}

impl Fault {
    /// The failure, when no further try follows.
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Final(error) | Self::Transient(error, _) => error,
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Final(error)
    }
}

/// Nothing came, or not fast enough (R-07).
#[derive(Debug, thiserror::Error)]
#[error("R-07: stalled: nothing worth mentioning arrived for {} ms", .0.as_millis())]
pub(super) struct Stalled(pub(super) Duration);

/// A connection that failed; TLS failures are final (R-08), the rest may pass.
pub(super) fn unreachable(store: &str, error: reqwest::Error) -> Fault {
    let is_tls = chain(&error).any(|cause| cause.is::<rustls::Error>());
    // The URL's query may carry a signature (K-03).
    let error = StoreError::Unreachable { store: store.to_owned(), source: Box::new(error.without_url()) };
    if is_tls { Fault::Final(error) } else { Fault::Transient(error, None) }
}

/// A try that stalled.
pub(super) fn stalled(store: &str, idle: Duration) -> Fault {
    Fault::Transient(StoreError::Unreachable { store: store.to_owned(), source: Box::new(Stalled(idle)) }, None)
}

/// Whether a connection failed because the other side speaks no TLS at all: the one case in which a loopback registry
/// is spoken to in plain HTTP. A certificate that does not hold is not such a case (R-08).
pub(super) fn offers_no_tls(error: &reqwest::Error) -> bool {
    chain(error).any(|cause| {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return matches!(tls, rustls::Error::InvalidMessage(_));
        }
        let Some(io) = cause.downcast_ref::<std::io::Error>() else { return false };
        use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        matches!(io.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
    })
}

/// Every cause, those inside an `io::Error` too, which its `source` skips.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        let inside = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        match inside {
            Some(inside) => Some(inside as &'a (dyn Error + 'static)),
            None => error.source(),
        }
    })
    .take(32)
}

/// What an answer that is no success means.
pub(super) fn refusal(store: &str, what: &str, reply: &Reply) -> StoreError {
    if reply.status == StatusCode::NOT_FOUND {
        return StoreError::NotFound { store: store.to_owned(), what: what.to_owned() };
    }
    let mut reason = reply.status.to_string();
    let words = words(&reply.body);
    if !words.is_empty() {
        reason = format!("{reason}: {words}");
    }
    if let Some(pause) = reply.asked_to_wait {
        reason = format!("{reason}; it asks to wait {} s", pause.as_secs());
    }
    StoreError::Refused { store: store.to_owned(), action: what.to_owned(), reason }
}

/// The registry's own words: the error envelope, or the beginning of whatever it sent.
fn words(body: &[u8]) -> String {
    let text = match serde_json::from_slice::<OciEnvelope>(body) {
        Ok(envelope) => envelope.errors.iter().map(|error| escape(&error.message)).collect::<Vec<_>>().join("; "),
        Err(_) => escape_bytes(&body[..body.len().min(4 * MAX_SHOWN)]).trim().to_owned(),
    };
    if text.chars().count() > MAX_SHOWN {
        let mut shortened: String = text.chars().take(MAX_SHOWN).collect();
        shortened.push('…');
        return shortened;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r01_words_of_a_registry_are_bounded_and_escaped() {
        assert_eq!(words(br#"{"errors":[{"code":"DENIED","message":"no \u001b[31mway"}]}"#), "no \\x1b[31mway");
        assert_eq!(words(b"<html>\x1b]0;x\x07</html>"), "<html>\\x1b]0;x\\x07</html>");
        assert!(words(&vec![b'a'; 1 << 20]).chars().count() <= MAX_SHOWN + 1);
        assert_eq!(words(b""), "");
    }
}
