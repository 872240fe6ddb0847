//! A batch handed from one process to another: what waits, what runs and where it sits, what is done. No bake is stopped for it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Batch, Progress};
use crate::flows::bake::{BakeRequest, Started};

/// What another process goes on with.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Handed {
    /// What was asked and is not over.
    pub(super) requests: Vec<BakeRequest>,
    /// Those of them that run.
    pub(super) running: Vec<Seat>,
    /// Images baked, `NAME:TAG`.
    pub(super) done: BTreeSet<String>,
}

/// A bake that runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Seat {
    /// Number of its request.
    request: usize,
    /// Its ULID.
    bake: String,
    /// Its worker.
    pid: u32,
    /// Builders it sits on, by platform.
    seats: Vec<usize>,
}

impl Handed {
    /// Nothing has begun.
    pub(super) fn of(requests: Vec<BakeRequest>) -> Self {
        Self { requests, ..Self::default() }
    }

    /// Images that have not begun, `NAME:TAG`.
    pub(super) fn waiting(&self) -> Vec<String> {
        let runs = |number: usize| self.running.iter().any(|seat| seat.request == number);
        let waiting = self.requests.iter().enumerate().filter(|(number, _)| !runs(*number));
        waiting.map(|(_, request)| request.reference.clone()).collect()
    }
}

impl Batch {
    /// Gives up what has not begun, for whoever goes on with it; `None` where nothing is left to begin. What runs goes on.
    pub async fn hand_on(mut self) -> Option<Handed> {
        // What is being begun is waited for: it would be begun twice.
        while let Some(starting) = self.starting.pop() {
            if let Ok(started) = starting.coming.await {
                self.begun(starting.work, starting.seats, Ok(started));
            } else {
                self.pool.put_back(starting.work);
            }
        }
        let mut handed = Handed { done: self.done.clone(), ..Handed::default() };
        for (work, request) in self.requests.iter().enumerate().filter(|(work, _)| !self.pool.is_over(*work)) {
            if let Some(running) = self.running.iter().find(|running| running.work == work) {
                handed.running.push(Seat {
                    request: handed.requests.len(),
                    bake: running.viewing.bake().to_owned(),
                    pid: running.pid,
                    seats: self.pool.seats(work).to_vec(),
                });
            }
            handed.requests.push(request.clone());
        }
        (handed.requests.len() > handed.running.len() && !self.pool.is_cancelled()).then_some(handed)
    }

    /// Goes on with bakes another process began. The requests must have been asked for in their order.
    pub(super) fn take_up(&mut self, running: Vec<Seat>, done: BTreeSet<String>) {
        self.done = done;
        for Seat { request, bake, pid, seats } in running {
            if !self.pool.take_up(request, &seats) {
                continue;
            }
            // One whose journal cannot be read is as one that did not begin.
            let _: Progress = self.begun(request, seats, Ok(Started { bake, pid }));
        }
    }
}
