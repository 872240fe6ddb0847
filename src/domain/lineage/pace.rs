//! How often stores are asked whether anything moved: not all watchers at the same moment, and a store that does not answer ever
//! less often. Waits nowhere.

use std::time::Duration;

/// Longest pause after failures; what a store asks for itself counts for longer.
const LONGEST: Duration = Duration::from_secs(3600);

/// The pause between two looks: a tenth more or less, by `chance` from 0 to 1.
pub fn jittered(every: Duration, chance: f64) -> Duration {
    every.mul_f64(0.9 + 0.2 * chance.clamp(0.0, 1.0))
}

/// How long a store is left alone that failed so many times in a row; `asked`: what it asks for.
pub fn left_alone(every: Duration, failures: u32, asked: Option<Duration>) -> Duration {
    let doubled = every.saturating_mul(1 << failures.min(10)).min(LONGEST.max(every));
    asked.map_or(doubled, |asked| asked.max(doubled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_spread_and_failures_are_met_with_patience() {
        let every = Duration::from_secs(60);
        assert_eq!((jittered(every, 0.0), jittered(every, 1.0)), (Duration::from_secs(54), Duration::from_secs(66)));
        let pause = |failures| left_alone(every, failures, None).as_secs();
        assert_eq!((pause(1), pause(2), pause(5), pause(40)), (120, 240, 1920, 3600));
        assert_eq!(left_alone(every, 1, Some(Duration::from_secs(7200))), Duration::from_secs(7200));
        assert_eq!(left_alone(every, 1, Some(Duration::from_secs(1))), Duration::from_secs(120));
        let day = Duration::from_secs(86_400);
        assert_eq!(left_alone(day, 3, None), day, "who asks once a day goes on asking once a day");
    }
}
