//! Steps that need no shell: each turns what the recipe says into changes of the tree below it. Writes no layer.

mod accounts;
mod copy;
mod error;
mod remove;
mod unpack;
mod write;

use std::sync::Arc;

pub(in crate::adapters::engine) use accounts::{Remembered, owner_ids};
pub(super) use copy::{Stamp, copy};
pub(in crate::adapters::engine) use error::StepError;
pub(super) use remove::remove;
pub(in crate::adapters::engine) use unpack::{Spool, Unpacking, unpack};
pub(super) use write::write;

/// Where the content of a file a step has put comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::adapters::engine) enum Source {
    /// A file beside the recipe: its path below the step's `from`.
    Input(Box<str>),
    /// The recipe's own text.
    Inline(Arc<[u8]>),
    /// A member of an archive, spooled: files with one number are one file under several names.
    Spooled {
        /// Number of the member.
        member: u64,
        /// Where its content begins in the spool.
        offset: u64,
    },
}
