//! What looks like a secret in a file: one pass for literals, then the rule behind each. Reads no file, and keeps no value: a
//! hit says which rule, which line, and how the value begins (K-01).
//!
//! Reading order: `rules` (the kept set, a rule a line), `place` (which files, and what they are for), `value` (what is only
//! an example), `pem` (keys), `scanner`.

mod pem;
mod place;
mod rules;
mod scanner;
mod value;

#[cfg(test)]
mod tests;

pub use place::MAX_SCANNED;
pub use scanner::{Hit, Scanner, known_rules};
