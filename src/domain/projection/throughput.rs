//! Bytes done and how fast, from `step.progressed`. Rates come from the events' own times, so a replay shows what the
//! bake showed; a clock that jumps back gives no rate rather than a wrong one (H-06).

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Milliseconds of event time the rate is taken over.
const WINDOW_MILLIS: i64 = 5_000;

/// Bytes of one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Throughput {
    /// Bytes done.
    pub done: u64,
    /// Bytes in all, where known.
    pub total: Option<u64>,
    /// `(milliseconds, done)` of the last few seconds, oldest first.
    window: Vec<(i64, u64)>,
}

impl Throughput {
    /// Takes one `step.progressed` with its event's time.
    pub fn apply(&mut self, at: &str, done: u64, total: Option<u64>) {
        self.done = done;
        self.total = total.or(self.total);
        let Some(now) = millis_of(at) else { return };
        if self.window.last().is_some_and(|(last, bytes)| now < *last || done < *bytes) {
            self.window.clear();
        }
        self.window.push((now, done));
        let keep_from = self.window.iter().rposition(|(then, _)| now - then >= WINDOW_MILLIS).unwrap_or(0);
        self.window.drain(..keep_from);
    }

    /// Bytes a second over the last few seconds; `None` before there is anything to tell it from.
    pub fn rate(&self) -> Option<u64> {
        let ((from, before), (to, after)) = (self.window.first()?, self.window.last()?);
        let millis = u64::try_from(to - from).ok().filter(|millis| *millis > 0)?;
        u64::try_from(u128::from(after - before) * 1000 / u128::from(millis)).ok()
    }

    /// How far, from 0 to 1, where the total is known.
    pub fn fraction(&self) -> Option<f64> {
        let total = self.total.filter(|total| *total > 0)?;
        #[allow(clippy::cast_precision_loss, reason = "a bar has no use for the last bits")]
        Some((self.done as f64 / total as f64).min(1.0))
    }
}

/// Milliseconds since 1970 of an event's time.
pub fn millis_of(at: &str) -> Option<i64> {
    let time = OffsetDateTime::parse(at, &Rfc3339).ok()?;
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_of_the_last_seconds_in_event_time() {
        let mut seen = Throughput::default();
        assert_eq!((seen.rate(), seen.fraction()), (None, None));
        seen.apply("2026-07-01T10:00:00Z", 0, Some(40_000));
        assert_eq!(seen.rate(), None);
        seen.apply("2026-07-01T10:00:02Z", 2_000, None);
        assert_eq!((seen.rate(), seen.fraction()), (Some(1_000), Some(0.05)));
        seen.apply("2026-07-01T10:00:12Z", 32_000, None);
        seen.apply("2026-07-01T10:00:13Z", 36_000, None);
        assert_eq!(seen.rate(), Some(3_090));
    }

    #[test]
    fn h06_a_clock_that_jumps_back_gives_no_rate() {
        let mut seen = Throughput::default();
        seen.apply("2026-07-01T10:00:05Z", 10, None);
        seen.apply("2025-07-01T10:00:05Z", 20, None);
        seen.apply("no time", 30, None);
        assert_eq!((seen.rate(), seen.done), (None, 30));
    }
}
