//! How often frames may be drawn that nobody waits for: a flood of news costs a thin line so many bytes a second, and no
//! more. Knows no frame.

use std::time::Duration;

use tokio::time::Instant;

/// Bytes a second, in the long run.
const RATE: i64 = 14_000;
/// Bytes at once after a time of quiet.
const BURST: i64 = 24_000;
/// What may be owed: nothing waits longer than it takes to come back from there.
const DEBT: i64 = -3_500;

/// Bytes that may be written now, and are then owed.
#[derive(Clone, Copy, Debug)]
pub(in crate::tui) struct Budget {
    left: i64,
    at: Instant,
}

impl Budget {
    pub(in crate::tui) fn new(now: Instant) -> Self {
        Self { left: BURST, at: now }
    }

    /// So many bytes were written.
    pub(in crate::tui) fn spend(&mut self, bytes: usize, now: Instant) {
        let since = i64::try_from(now.duration_since(self.at).as_millis()).unwrap_or(i64::MAX);
        let earned = since.saturating_mul(RATE) / 1000;
        let left = self.left.saturating_add(earned).min(BURST);
        (self.left, self.at) = (left.saturating_sub(i64::try_from(bytes).unwrap_or(i64::MAX)).max(DEBT), now);
    }

    /// When the next frame may come.
    pub(in crate::tui) fn next(&self) -> Instant {
        let owed = u64::try_from(-self.left).unwrap_or(0);
        self.at + Duration::from_millis(owed * 1000 / RATE.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_held_to_its_rate_and_what_is_rare_never_waits() {
        let start = Instant::now();
        let (mut budget, mut now, mut written) = (Budget::new(start), start, 0);
        while now < start + Duration::from_secs(10) {
            now = now.max(budget.next()) + Duration::from_millis(1);
            budget.spend(1500, now);
            written += 1500;
        }
        assert!((140_000..175_000).contains(&written), "{written} bytes in ten seconds");
        assert!(budget.next() <= now + Duration::from_millis(250));
        let mut budget = Budget::new(start);
        for tick in 1..200_u64 {
            let now = start + Duration::from_millis(tick * 250);
            assert!(budget.next() <= now);
            budget.spend(800, now);
        }
    }
}
