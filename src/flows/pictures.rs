//! Pictures of screens: where they go, and what time it is on them. Draws nothing.

use std::path::Path;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::adapters::{clock, files, host};
use crate::domain::journal::Event;
use crate::domain::projection::millis_of;
use crate::report::{Kind, Report};

/// The time pictures show: SOURCE_DATE_EPOCH where it is set, else now.
pub fn time() -> Result<OffsetDateTime, Report> {
    match host::source_date_epoch()? {
        None => Ok(clock::now()),
        Some(seconds) => OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| Report::new(Kind::Usage, &error)),
    }
}

/// A time as it is written: `2026-11-30T01:31:12Z`, or seconds since 1970.
pub fn read_time(text: &str) -> Result<OffsetDateTime, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    let time = seconds.or_else(|| OffsetDateTime::parse(text, &Rfc3339).ok());
    time.ok_or("write a time such as 2026-11-30T01:31:12Z, or seconds since 1970")
}

/// A moment of a recorded bake.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// Right after the event of this number.
    After(u64),
    /// So many milliseconds after the beginning.
    Into(i64),
    /// At a time, in milliseconds since 1970.
    At(i64),
}

impl Moment {
    /// Whether the moment was over when `event` happened in a bake that began with `first`.
    pub fn is_before(self, event: &Event, first: &Event) -> bool {
        let (at, begun) = (millis_of(&event.at), millis_of(&first.at));
        match self {
            Self::After(seq) => event.seq > seq,
            Self::Into(millis) => at.zip(begun).is_some_and(|(at, begun)| at - begun > millis),
            Self::At(millis) => at.is_some_and(|at| at > millis),
        }
    }
}

impl std::str::FromStr for Moment {
    type Err = &'static str;

    /// `120`, an event; `4.5s` or `1:02`, into the bake; `2026-11-30T01:31:12Z`, a time.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str =
            "write an event's number, 4.5s or 1:02 into the bake, or a time such as 2026-11-30T01:31:12Z";
        let millis = |seconds: &str, minutes: u32| {
            let seconds: f64 = seconds.parse().map_err(|_| WRONG)?;
            let at = std::time::Duration::try_from_secs_f64(seconds + f64::from(minutes) * 60.0).map_err(|_| WRONG)?;
            i64::try_from(at.as_millis()).map(Self::Into).map_err(|_| WRONG)
        };
        if let Ok(seq) = text.parse() {
            return Ok(Self::After(seq));
        }
        if let Some(seconds) = text.strip_suffix('s') {
            return millis(seconds, 0);
        }
        if let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) {
            return i64::try_from(at.unix_timestamp_nanos() / 1_000_000).map(Self::At).map_err(|_| WRONG);
        }
        let (minutes, seconds) = text.split_once(':').ok_or(WRONG)?;
        millis(seconds, minutes.parse().map_err(|_| WRONG)?)
    }
}

/// Writes a picture in place of an earlier one of its name; gives where it is. The folder is made as needed.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<String, Report> {
    write_file(&folder.join(name), bytes)
}

/// Writes a picture or a recording, in place of an earlier one; gives where it is.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<String, Report> {
    files::replace_file(path, bytes, 0o644)?;
    Ok(path.display().to_string())
}
