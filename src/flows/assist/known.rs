//! What was found out while a recipe is written, remembered for a while and within bounds: nothing is asked twice for two
//! keystrokes. Asks nothing itself.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::base::BaseFacts;
use crate::adapters::clock::Stopwatch;
use crate::domain::oci::Digest;
use crate::domain::recipe::Lock;

/// How long what others may change counts.
const A_WHILE: Duration = Duration::from_secs(60);
/// How long a store that did not answer is left alone.
const A_MOMENT: Duration = Duration::from_secs(10);
/// Answers of a kind remembered at once.
const ANSWERS: usize = 64;
/// Bases remembered at once: one of a million paths takes about 110 MB.
const BASES: usize = 2;

/// Facts of a base, or that they are still being read.
pub(super) type Reading = watch::Receiver<Option<Arc<BaseFacts>>>;

/// What is known. Clones share it.
#[derive(Clone, Default)]
pub struct Known(Arc<Shared>);

#[derive(Default)]
struct Shared {
    bases: Mutex<Vec<(Digest, Reading)>>,
    /// By a base's full name: what its tag points to.
    pub(super) digests: Answers<Digest>,
    /// By a recipe's base and platforms: what it was pinned to.
    pub(super) locks: Answers<Lock>,
    /// By a reference: how long its newest good bake took.
    pub(super) took: Answers<Option<u64>>,
    /// By a store, or by an image: names of repositories, or of tags.
    pub(super) names: Answers<Arc<Vec<String>>>,
    /// By the same: why there was no answer.
    pub(super) silent: Answers<String>,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").finish_non_exhaustive()
    }
}

impl Known {
    pub(super) fn digests(&self) -> &Answers<Digest> {
        &self.0.digests
    }

    pub(super) fn locks(&self) -> &Answers<Lock> {
        &self.0.locks
    }

    pub(super) fn took(&self) -> &Answers<Option<u64>> {
        &self.0.took
    }

    pub(super) fn names(&self) -> &Answers<Arc<Vec<String>>> {
        &self.0.names
    }

    /// Why a question had no answer a moment ago.
    pub(super) fn silence(&self, question: &str) -> Option<String> {
        self.0.silent.within(question, A_MOMENT)
    }

    /// Keeps why a question had no answer, so that not every keystroke waits for one.
    pub(super) fn keep_silence(&self, question: &str, why: &str) {
        self.0.silent.keep(question, why.to_owned());
    }

    /// The facts of a base, or that they are being read; else `begin` begins to read them.
    pub(super) fn base(&self, digest: &Digest, begin: impl FnOnce() -> Reading) -> Reading {
        let mut bases = lock(&self.0.bases);
        // What could not be read is tried again, and so is what nobody reads any more.
        bases.retain(|(_, reading)| match &*reading.borrow() {
            Some(facts) => facts.opened.is_some(),
            None => reading.has_changed().is_ok(),
        });
        let known = bases.iter().position(|(known, _)| known == digest);
        let entry = match known {
            Some(at) => bases.remove(at),
            None => (digest.clone(), begin()),
        };
        let reading = entry.1.clone();
        bases.push(entry);
        if bases.len() > BASES {
            bases.remove(0);
        }
        reading
    }
}

/// Answers that count for a while, the newest last.
pub(super) struct Answers<T>(Mutex<Vec<(String, Stopwatch, T)>>);

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Answers<T> {
    pub(super) fn of(&self, question: &str) -> Option<T> {
        self.within(question, A_WHILE)
    }

    fn within(&self, question: &str, age: Duration) -> Option<T> {
        let answers = lock(&self.0);
        let found = answers.iter().rfind(|(asked, when, _)| asked == question && when.elapsed() < age);
        found.map(|(.., answer)| answer.clone())
    }

    pub(super) fn keep(&self, question: &str, answer: T) {
        let mut answers = lock(&self.0);
        answers.retain(|(asked, ..)| asked != question);
        if answers.len() >= ANSWERS {
            answers.remove(0);
        }
        answers.push((question.to_owned(), Stopwatch::start(), answer));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stay_within_bounds_and_the_newest_counts() {
        let answers = Answers::<usize>::default();
        for number in 0..ANSWERS + 10 {
            answers.keep(&number.to_string(), number);
        }
        assert_eq!((answers.of("0"), answers.of("73")), (None, Some(73)));
        answers.keep("73", 1);
        assert_eq!((answers.of("73"), lock(&answers.0).len()), (Some(1), ANSWERS));
    }

    #[test]
    fn a_base_is_read_once_and_the_oldest_gives_way() {
        let known = Known::default();
        let digest = |name: &str| Digest::of(name.as_bytes());
        let mut senders = Vec::new();
        let mut begun = 0;
        for name in ["a", "a", "b", "a", "c", "b", "c"] {
            known.base(&digest(name), || {
                begun += 1;
                let (tell, reading) = watch::channel(None);
                senders.push(tell);
                reading
            });
        }
        // `b` gave way to `c`, since `a` had been asked about again; then `a` did.
        assert_eq!(begun, 4);
        senders.clear();
        known.base(&digest("c"), || {
            begun += 1;
            watch::channel(None).1
        });
        assert_eq!(begun, 5, "whoever read it is gone");
    }
}
