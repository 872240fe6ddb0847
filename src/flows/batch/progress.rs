//! What a batch tells whoever follows it.

use crate::domain::journal::{BakeStatus, Damage, Failure, Record};
use crate::flows::bake::Started;
use crate::report::Report;

/// What happens in a batch.
#[derive(Debug)]
pub enum Progress {
    /// A bake has begun.
    Started {
        /// Which.
        started: Started,
        /// `NAME:TAG`.
        reference: String,
    },
    /// A line of a bake's journal.
    Record {
        /// Which.
        bake: String,
        /// The line, or the damage in its place.
        record: Result<Box<Record>, Damage>,
        /// Output it speaks of.
        output: Vec<u8>,
    },
    /// A bake has ended; without an outcome its worker is gone.
    Ended {
        /// Which.
        bake: String,
        /// `NAME:TAG`.
        reference: String,
        /// How.
        outcome: Option<(BakeStatus, Option<Failure>)>,
    },
    /// A bake has ended because its builder is at fault; it is begun again on another.
    Again {
        /// Which.
        bake: String,
        /// `NAME:TAG`.
        reference: String,
        /// The builder.
        builder: String,
        /// What was wrong.
        failure: Failure,
    },
    /// A builder is at fault before a bake was given to it; it is left alone for a while.
    Out {
        /// The builder.
        builder: String,
        /// What is wrong.
        report: Report,
    },
    /// A bake that did not begin.
    NotStarted {
        /// `NAME:TAG`.
        reference: String,
        /// Why.
        report: Report,
    },
}
