//! Which journal formats this code reads. A journal of a later format is refused by name, never guessed at.
//!
//! Within one format writers may add kinds and fields; readers pass over what they do not know. A change that readers
//! must know of gets the next number, and its conversion stands here.

use super::format::FormatError;

/// The format this code writes, named by `format` in `bake.started`.
pub const FORMAT: u32 = 1;

/// Says whether a journal whose first line names `format` can be read.
pub(super) fn accept(format: u32) -> Result<(), FormatError> {
    match format {
        FORMAT => Ok(()),
        other => Err(FormatError::Version { found: other, known: FORMAT }),
    }
}
