//! The text of a Dockerfile as instructions with their places. Knows no instruction's meaning, beyond which take heredocs.

mod heredoc;
mod lines;
mod words;

pub(super) use lines::{Instruction, Text, read};
pub(super) use words::{Lookup, expand, json_words, split};

/// Largest Dockerfile read: as large as a recipe may be.
pub const MAX_BYTES: usize = 1 << 20;
