//! What a batch waits for, all at once. Judges nothing of it.

use futures_util::future::{BoxFuture, select_all};
use tokio::time::Instant;

use crate::domain::journal::{Damage, Record};
use crate::flows::bake::Started;
use crate::flows::pool::Answer;
use crate::report::Report;

/// What comes of something that is waited for.
pub(super) type Coming<T> = BoxFuture<'static, T>;

/// A bake being begun.
pub(super) struct Starting {
    pub(super) work: usize,
    pub(super) seats: Vec<usize>,
    pub(super) coming: Coming<Result<Started, Report>>,
}

/// Builders that are asked what they can do.
pub(super) struct Asking {
    pub(super) builder: usize,
    pub(super) coming: Coming<Answer>,
}

/// What was waited for.
pub(super) enum News {
    Heard(usize, Result<Option<Result<Record, Damage>>, Report>),
    Begun(usize, Result<Started, Report>),
    Answered(usize, Answer),
    Time,
}

/// What is waited for: the first that comes, and its place in the row. Of none nothing ever comes.
pub(super) async fn first<F: Future + Unpin>(coming: impl Iterator<Item = F>) -> (F::Output, usize) {
    let all: Vec<F> = coming.collect();
    if all.is_empty() {
        return std::future::pending().await;
    }
    let (came, at, _) = select_all(all).await;
    (came, at)
}

pub(super) async fn alarm(at: Option<Instant>) {
    match at {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
