//! How long to try: bounded backoff with jitter that honours `Retry-After`. Decides; sleeps nowhere.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// How long to wait and how often to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Waiting this long for 16 KiB, or for an answer, is a stall.
    pub idle: Duration,
    /// Tries of one request.
    pub attempts: u32,
    /// First pause between tries; doubles each time.
    pub backoff: Duration,
    /// Longest sum of pauses, whatever `Retry-After` asks for.
    pub pauses: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(60),
            attempts: 5,
            backoff: Duration::from_millis(250),
            pauses: Duration::from_secs(30),
        }
    }
}

/// The tries of one request.
pub(super) struct Retry {
    patience: Patience,
    tried: u32,
    paused: Duration,
}

impl Retry {
    pub(super) fn new(patience: Patience) -> Self {
        Self { patience, tried: 0, paused: Duration::ZERO }
    }

    /// After a failed try: how long to pause before the next; `None` when it was the last.
    pub(super) fn pause(&mut self, asked: Option<Duration>) -> Option<Duration> {
        self.tried += 1;
        if self.tried >= self.patience.attempts {
            return None;
        }
        let doubled = self.patience.backoff.saturating_mul(1 << (self.tried - 1).min(10));
        let own = doubled.mul_f64(0.5 + jitter() / 2.0);
        let pause = asked.map_or(own, |asked| asked.max(own));
        let paused = self.paused.saturating_add(pause);
        if paused > self.patience.pauses {
            return None;
        }
        self.paused = paused;
        Some(pause)
    }
}

/// Between 0 and 1.
fn jitter() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}

/// Whether the same request may fare better later.
pub(super) fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// What `Retry-After` asks for: seconds or an HTTP date. Nonsense asks for nothing.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 - 10);
        retry_after(&headers, now).map(|pause| pause.as_secs())
    }

    #[test]
    fn r02_retry_after_in_all_its_forms() {
        assert_eq!(asked("7"), Some(7));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT"), Some(10));
        assert_eq!(asked("Tue, 06 Nov 1984 08:49:37 GMT"), Some(0));
        assert_eq!(asked("-1"), None);
        assert_eq!(asked("soon"), None);
        assert!(asked("99999999999999999999999").is_some_and(|seconds| seconds > 1 << 30));
    }

    #[test]
    fn r02_pauses_grow_are_bounded_and_end() {
        let patience = Patience {
            backoff: Duration::from_millis(100),
            attempts: 4,
            pauses: Duration::from_secs(5),
            ..Patience::default()
        };
        let mut retry = Retry::new(patience);
        for (low, high) in [(50, 100), (100, 200), (200, 400)] {
            let pause = retry.pause(None).unwrap().as_millis();
            assert!((low..=high).contains(&pause), "{pause}");
        }
        assert_eq!(retry.pause(None), None, "four tries are four tries");
        assert_eq!(Retry::new(patience).pause(Some(Duration::from_secs(3600))), None, "an hour is not waited for");
        assert_eq!(Retry::new(patience).pause(Some(Duration::from_secs(2))), Some(Duration::from_secs(2)));
    }
}
