//! What happens in a roll-out, and one event as one line of its journal, format 1: sealed as lines of a bake's journal are.
//! Opens no file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{After, RolloutStatus, Way};
use crate::domain::journal::{FormatError, seal, unseal};
use crate::domain::oci::Digest;

/// The format that is written.
pub const FORMAT: u32 = 1;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place, from 1 without gaps.
    pub seq: u64,
    /// When: RFC 3339 in UTC.
    pub at: String,
    /// What.
    pub kind: EventKind,
}

/// How a roll-out began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// Of the journal.
    pub format: u32,
    /// Its ULID.
    pub rollout: String,
    /// The base's tag.
    pub base: String,
    /// What that tag pointed to.
    pub onto: Digest,
    /// Images moved at once.
    pub parallel: usize,
    /// How many may fail.
    pub budget: usize,
    /// The process at work.
    pub pid: u32,
    /// Where that is.
    pub host: String,
    /// Whose it is.
    pub user: String,
}

/// Why an image is not moved at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// In words.
    pub why: String,
    /// Whether something is left undone by that: a team's own image is not ours to move, one that nobody asked for neither.
    pub counts: bool,
}

/// An image of a roll-out as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// `local/NAME:TAG`.
    pub reference: String,
    /// The tag it follows.
    pub base: String,
    /// How far from the base the roll-out is of.
    pub depth: usize,
    /// The image of the roll-out it waits for: the one it is built on, or the one it is another name of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// It is another name of what it waits for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_alias: bool,
    /// What its tag pointed to.
    pub before: Digest,
    /// What it is built on.
    pub stands_on: Digest,
    /// Where else that was to be had, and is to be handed on to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    /// Those of them that have an older version of it than that, and which.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub behind: BTreeMap<String, Digest>,
    /// Why it is not moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
}

impl Planned {
    /// What a place it is to be handed on to has, as it was found.
    pub fn found_at(&self, place: &str) -> &Digest {
        self.behind.get(place).unwrap_or(&self.before)
    }

    /// What it waits for.
    pub fn waits(&self) -> After {
        match (&self.after, self.is_alias) {
            (None, _) => After::Nothing,
            (Some(_), true) => After::FirstName,
            (Some(_), false) => After::Base,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum EventKind {
    /// It began.
    #[serde(rename = "rollout.started")]
    Started(Started),
    /// What is to be done, in dependency order.
    #[serde(rename = "rollout.planned")]
    Planned {
        /// The images.
        items: Vec<Planned>,
    },
    /// Another process goes on with it.
    #[serde(rename = "rollout.resumed")]
    Resumed {
        /// The process at work.
        pid: u32,
        /// Where that is.
        host: String,
        /// Whose it is.
        user: String,
    },
    /// An image's turn has come, or something else is done with it.
    #[serde(rename = "item.doing")]
    Doing {
        /// Which image.
        item: String,
        /// What: `proving`, `baking`, `naming` (an alias), `pinning` (its tag has moved; its recipe's lock follows), `publishing`.
        doing: String,
        /// How it is moved, where that is known by now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        way: Option<Way>,
        /// The bake, where it is baked again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bake: Option<String>,
    },
    /// It was handed on.
    #[serde(rename = "item.published")]
    Published {
        /// Which image.
        item: String,
        /// Where it is, too.
        reference: String,
    },
    /// It is on its new base, verified, under its name.
    #[serde(rename = "item.done")]
    Done {
        /// Which image.
        item: String,
        /// What its tag points to.
        digest: Digest,
        /// How long it took.
        millis: u64,
    },
    /// It could not be moved.
    #[serde(rename = "item.failed")]
    Failed {
        /// Which image.
        item: String,
        /// Why.
        why: Vec<String>,
        /// The exit code of whoever would have tried this alone.
        exit_code: u8,
    },
    /// It is not tried.
    #[serde(rename = "item.skipped")]
    Skipped {
        /// Which image.
        item: String,
        /// Why.
        why: String,
    },
    /// Somebody wants it to stop.
    #[serde(rename = "cancel.requested")]
    CancelRequested {
        /// Who, or which signal.
        by: String,
    },
    /// It is over.
    #[serde(rename = "rollout.finished")]
    Finished {
        /// How.
        status: RolloutStatus,
        /// How long it took since it began or was resumed.
        millis: u64,
    },
}

#[derive(Serialize)]
struct Written<'a> {
    seq: u64,
    at: &'a str,
    #[serde(flatten)]
    kind: &'a EventKind,
}

#[derive(Deserialize)]
struct Frame {
    seq: u64,
    at: String,
    kind: String,
}

/// Kinds this bakery knows.
const KINDS: [&str; 10] = [
    "rollout.started",
    "rollout.planned",
    "rollout.resumed",
    "item.doing",
    "item.published",
    "item.done",
    "item.failed",
    "item.skipped",
    "cancel.requested",
    "rollout.finished",
];

/// The line of an event, without its newline.
pub fn encode(event: &Event) -> Result<String, FormatError> {
    seal(&Written { seq: event.seq, at: &event.at, kind: &event.kind })
}

/// Reads one line, given without its newline: its place, and the event where its kind is known.
pub fn decode(line: &[u8]) -> Result<(u64, Option<Event>), FormatError> {
    unseal(line)?;
    let frame: Frame = serde_json::from_slice(line).map_err(FormatError::Frame)?;
    if !KINDS.contains(&frame.kind.as_str()) {
        return Ok((frame.seq, None));
    }
    let fields = |source| FormatError::Fields { seq: frame.seq, kind: frame.kind.clone(), source };
    let kind: EventKind = serde_json::from_slice(line).map_err(fields)?;
    if let EventKind::Started(started) = &kind
        && started.format != FORMAT
    {
        return Err(FormatError::Version { found: started.format, known: FORMAT });
    }
    Ok((frame.seq, Some(Event { seq: frame.seq, at: frame.at, kind })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: EventKind) -> Event {
        Event { seq: 3, at: "2026-07-01T10:00:00.250Z".into(), kind }
    }

    #[test]
    fn a_line_reads_as_documented_and_comes_back() {
        let skipped = event(EventKind::Skipped { item: "local/a:1".into(), why: "its base\u{1b}".into() });
        let line = encode(&skipped).unwrap();
        assert!(
            line.starts_with(
                r#"{"seq":3,"at":"2026-07-01T10:00:00.250Z","kind":"item.skipped","item":"local/a:1","why":"its base\u001b","crc":""#
            ),
            "{line}"
        );
        assert_eq!(decode(line.as_bytes()).unwrap(), (3, Some(skipped)));
        let planned = Planned {
            reference: "local/a:1".into(),
            base: "global/os:1".into(),
            depth: 1,
            after: None,
            is_alias: false,
            before: Digest::of(b"a"),
            stands_on: Digest::of(b"os"),
            places: vec!["teams/a:1".into()],
            behind: [("teams/a:1".to_owned(), Digest::of(b"older"))].into(),
            left: Some(Left { why: "so".into(), counts: true }),
        };
        let kinds = [
            EventKind::Started(Started {
                format: FORMAT,
                rollout: "R".into(),
                base: "global/os:1".into(),
                onto: Digest::of(b"new"),
                parallel: 2,
                budget: 0,
                pid: 7,
                host: "h".into(),
                user: "u".into(),
            }),
            EventKind::Planned { items: vec![planned] },
            EventKind::Resumed { pid: 8, host: "h".into(), user: "u".into() },
            EventKind::Doing { item: "i".into(), doing: "baking".into(), way: Some(Way::Rebake), bake: None },
            EventKind::Published { item: "i".into(), reference: "teams/a:1".into() },
            EventKind::Done { item: "i".into(), digest: Digest::of(b"d"), millis: 4 },
            EventKind::Failed { item: "i".into(), why: vec!["w".into()], exit_code: 3 },
            EventKind::CancelRequested { by: "u".into() },
            EventKind::Finished { status: RolloutStatus::OverBudget, millis: 9 },
        ];
        for kind in kinds {
            let event = event(kind);
            assert_eq!(decode(encode(&event).unwrap().as_bytes()).unwrap(), (3, Some(event)));
        }
    }

    #[test]
    fn h10_what_is_damaged_or_later_is_told_apart() {
        let line = encode(&event(EventKind::CancelRequested { by: "baker".into() })).unwrap();
        assert!(matches!(decode(line.replace("baker", "maker").as_bytes()), Err(FormatError::Checksum { .. })));
        assert!(matches!(decode(&line.as_bytes()[..line.len() - 1]), Err(FormatError::NoChecksum)));
        let later = seal(&serde_json::json!({"seq": 4, "at": "x", "kind": "item.weighed"})).unwrap();
        assert_eq!(decode(later.as_bytes()).unwrap(), (4, None));
        let short = seal(&serde_json::json!({"seq": 4, "at": "x", "kind": "item.done"})).unwrap();
        assert!(matches!(decode(short.as_bytes()), Err(FormatError::Fields { seq: 4, .. })));
    }
}
