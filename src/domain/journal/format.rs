//! One event as one line of a journal, format 1. Knows the frame of a line; its kinds are in `mirror`.
//!
//! A line is one JSON object whose last member is `crc`, spelled exactly `,"crc":"hhhhhhhh"}`: the CRC-32 (IEEE, as
//! gzip has it) in eight lowercase hex digits of the line's bytes as they would stand without that member, that is of
//! everything before `,"crc"` followed by `}`. In Python: `zlib.crc32(line[:-18] + b"}")`. A line counts only together
//! with the newline that ends it. `seq` counts from 1 without gaps, `at` is RFC 3339 in UTC; an action step's `kind` is
//! called `action`, since `kind` is the event's.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::event::{Event, EventKind};
use super::mirror::Fact;
use super::upgrade;
use crate::domain::text::escape_json;

/// The longest line a reader takes.
pub const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

/// Bytes of `,"crc":"hhhhhhhh"}`.
const CRC_TAIL: usize = 18;

/// What one line says.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// A known event.
    Event(Box<Event>),
    /// A whole line of a kind that a later bakery added.
    Unknown {
        /// Its place.
        seq: u64,
        /// Its kind.
        kind: String,
    },
}

impl Decoded {
    /// Its place in the journal.
    pub fn seq(&self) -> u64 {
        match self {
            Self::Event(event) => event.seq,
            Self::Unknown { seq, .. } => *seq,
        }
    }
}

/// Why a line is no event (hostile input family H-10).
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Not UTF-8, or no `crc` at its end.
    #[error("H-10: line has no checksum at its end")]
    NoChecksum,
    /// The bytes are not those that were written.
    #[error("H-10: checksum is {found}, its bytes give {computed}")]
    Checksum {
        /// As the line says.
        found: String,
        /// As its bytes give.
        computed: String,
    },
    /// Not a JSON object with `seq`, `at` and `kind`.
    #[error("H-10: line is no journal event")]
    Frame(#[source] serde_json::Error),
    /// A known kind without what belongs to it.
    #[error("{kind} at seq {seq} cannot be read")]
    Fields {
        /// Its place.
        seq: u64,
        /// Its kind.
        kind: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A journal of a format this code does not know.
    #[error("journal has format {found}, this bakery reads {known}")]
    Version {
        /// As its first line says.
        found: u32,
        /// What is known.
        known: u32,
    },
    /// Longer than [`MAX_LINE_BYTES`].
    #[error("H-10: line is longer than {MAX_LINE_BYTES} bytes")]
    TooLong,
}

#[derive(Serialize)]
struct Written<'a> {
    seq: u64,
    at: &'a str,
    #[serde(flatten)]
    fact: Fact,
}

#[derive(Deserialize)]
struct Frame {
    seq: u64,
    at: String,
    kind: String,
}

#[derive(Deserialize)]
struct Versioned {
    format: u32,
}

/// The line of `event`, without its newline.
pub fn encode(event: &Event) -> Result<String, FormatError> {
    let written = Written { seq: event.seq, at: &event.at, fact: Fact::from(&event.kind) };
    seal(&written)
}

/// The line of any JSON object, without its newline: harmless to terminals, its checksum last.
pub fn seal(object: &impl Serialize) -> Result<String, FormatError> {
    let mut line = serde_json::to_string(object).map_err(FormatError::Frame)?;
    if let Cow::Owned(harmless) = escape_json(&line) {
        line = harmless;
    }
    let crc = checksum(line.as_bytes());
    line.pop();
    line.push_str(",\"crc\":\"");
    line.push_str(&crc);
    line.push_str("\"}");
    if line.len() > MAX_LINE_BYTES {
        return Err(FormatError::TooLong);
    }
    Ok(line)
}

/// Reads one line, given without its newline.
pub fn decode(line: &[u8]) -> Result<Decoded, FormatError> {
    unseal(line)?;
    let frame: Frame = serde_json::from_slice(line).map_err(FormatError::Frame)?;
    if !Fact::is_known(&frame.kind) {
        return Ok(Decoded::Unknown { seq: frame.seq, kind: frame.kind });
    }
    let fields = |source| FormatError::Fields { seq: frame.seq, kind: frame.kind.clone(), source };
    if frame.kind == "bake.started" {
        let versioned: Versioned = serde_json::from_slice(line).map_err(fields)?;
        upgrade::accept(versioned.format)?;
    }
    let fact: Fact = serde_json::from_slice(line).map_err(fields)?;
    Ok(Decoded::Event(Box::new(Event { seq: frame.seq, at: frame.at, kind: fact.into() })))
}

/// Reads a fact alone: a line without `seq`, `at` and `crc`, as scripts have them.
pub fn decode_kind(object: &str) -> Result<EventKind, serde_json::Error> {
    serde_json::from_str::<Fact>(object).map(EventKind::from)
}

/// Whether a line, given without its newline, is what was sealed.
pub fn unseal(line: &[u8]) -> Result<(), FormatError> {
    if line.len() > MAX_LINE_BYTES {
        return Err(FormatError::TooLong);
    }
    let split = line.len().checked_sub(CRC_TAIL).ok_or(FormatError::NoChecksum)?;
    let (body, tail) = line.split_at(split);
    let found = tail
        .strip_prefix(b",\"crc\":\"")
        .and_then(|rest| rest.strip_suffix(b"\"}"))
        .and_then(|hex| std::str::from_utf8(hex).ok())
        .ok_or(FormatError::NoChecksum)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(body);
    hasher.update(b"}");
    let computed = format!("{:08x}", hasher.finalize());
    if found == computed { Ok(()) } else { Err(FormatError::Checksum { found: found.to_owned(), computed }) }
}

fn checksum(object: &[u8]) -> String {
    format!("{:08x}", crc32fast::hash(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(object: &str) -> Vec<u8> {
        format!("{},\"crc\":\"{}\"}}", &object[..object.len() - 1], checksum(object.as_bytes())).into_bytes()
    }

    #[test]
    fn a_line_reads_as_documented() {
        let event = Event {
            seq: 7,
            at: "2026-07-01T10:00:00.25Z".into(),
            kind: EventKind::CancelRequested { by: "baker".into() },
        };
        let line = encode(&event).unwrap();
        assert_eq!(
            line,
            r#"{"seq":7,"at":"2026-07-01T10:00:00.25Z","kind":"cancel.requested","by":"baker","crc":"f67202fc"}"#
        );
        assert_eq!(decode(line.as_bytes()).unwrap(), Decoded::Event(Box::new(event)));
    }

    #[test]
    fn later_kinds_and_fields_are_passed_over() {
        let line = sealed(r#"{"seq":3,"at":"2026-07-01T10:00:00Z","kind":"image.weighed","grams":3}"#);
        assert_eq!(decode(&line).unwrap(), Decoded::Unknown { seq: 3, kind: "image.weighed".into() });
        let line = sealed(r#"{"seq":3,"at":"2026-07-01T10:00:00Z","kind":"cancel.requested","by":"x","why":[1]}"#);
        assert!(matches!(decode(&line).unwrap(), Decoded::Event(_)));
    }

    #[test]
    fn h10_what_is_no_event_is_named() {
        let later = sealed(r#"{"seq":1,"at":"x","kind":"bake.started","format":2,"shape":"new"}"#);
        assert!(matches!(decode(&later), Err(FormatError::Version { found: 2, known: 1 })));
        let short = sealed(r#"{"seq":1,"at":"x","kind":"cancel.requested"}"#);
        assert!(matches!(decode(&short), Err(FormatError::Fields { seq: 1, .. })));
        assert!(matches!(decode(&sealed(r#"{"seq":1}"#)), Err(FormatError::Frame(_))));
        for line in [&b""[..], b"{}", b"\xff\xff", br#"{"seq":1,"crc":"zzzzzzzz"}"#] {
            assert!(decode(line).is_err());
        }
    }
}
