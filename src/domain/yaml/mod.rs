//! YAML others write, read strictly: one document as a tree with positions, bounded, all problems at once. Knows no
//! recipe, no settings, no file.
//!
//! Refused beyond what YAML itself refuses: duplicate keys, tags, directives, several documents (Y-02), alias storms and
//! deep nesting (Y-01), control and direction characters, lone carriage returns, non-UTF-8 (Y-10).

mod fields;
mod node;
mod problem;
mod read;
mod scan;
mod suggest;

pub use fields::{Fields, Reading, parse_scalar, quoted_only, text_list, text_map};
pub use node::{Entry, Node, NodeKind, Position, Scalar, Span, Style};
pub use problem::{Problem, Problems, Severity, quote};
pub use read::{MAX_BYTES, MAX_DEPTH, read, read_within};
pub use suggest::nearest;
