//! Locks: what `NAME.lock` beside a recipe says, as text and as a value. Resolves nothing, writes no file.

use std::path::{Path, PathBuf};

use super::schema::{Base, Lock};
use crate::domain::oci::Platform;
use crate::domain::yaml::{self, Problems};

/// First lines of every lock.
pub const LOCK_HEADER: &str =
    "# Written by bakery; commit it. Remove it, and the next bake pins what the tag points to then.\n";

/// Why a text is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// No YAML that can be read.
    #[error("line {line}, column {column}: {message}")]
    Unreadable {
        /// Where.
        line: u32,
        /// In which column.
        column: u32,
        /// Why.
        message: String,
    },
    /// YAML of another shape.
    #[error("not a lock: {0}")]
    Shape(#[source] serde_yaml::Error),
    /// A version of the format this program does not know.
    #[error("lock format {0} is newer than this program")]
    Version(u32),
}

impl Lock {
    /// Reads a lock.
    pub fn parse(bytes: &[u8]) -> Result<Self, LockError> {
        // Size and depth are checked by the strict reader, before the other one sees the text.
        let mut problems = Problems::new();
        let tree = yaml::read(bytes, &mut problems);
        let refused = problems.has_errors() || tree.is_none();
        if refused && let Some(problem) = problems.into_sorted().into_iter().next() {
            return Err(LockError::Unreadable { line: problem.line, column: problem.column, message: problem.message });
        }
        let lock: Self = serde_yaml::from_slice(bytes).map_err(LockError::Shape)?;
        if lock.lock == 1 { Ok(lock) } else { Err(LockError::Version(lock.lock)) }
    }

    /// The text of a lock, the same for the same lock.
    pub fn to_yaml(&self) -> Result<String, LockError> {
        Ok(format!("{LOCK_HEADER}{}", serde_yaml::to_string(self).map_err(LockError::Shape)?))
    }

    /// Whether it pins this base for all these platforms.
    pub fn fits(&self, base: &Base, platforms: &[Platform]) -> bool {
        self.base == base.to_string() && platforms.iter().all(|platform| self.platforms.contains_key(platform))
    }
}

/// Where the lock of a recipe file stands.
pub fn lock_beside(recipe: &Path) -> PathBuf {
    recipe.with_extension("lock")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::oci::Digest;

    #[test]
    fn reads_what_it_writes() {
        let platform: Platform = "linux/amd64".parse().unwrap();
        let lock = Lock {
            lock: 1,
            base: "global/python:3.12".into(),
            digest: Digest::of(b"index"),
            platforms: [(platform.clone(), Digest::of(b"manifest"))].into(),
            resolved: "2026-01-02T03:04:05Z".into(),
        };
        let text = lock.to_yaml().unwrap();
        assert!(text.starts_with("# Written by bakery"), "{text}");
        assert_eq!(Lock::parse(text.as_bytes()).unwrap(), lock);
        let base =
            Base::Image(crate::domain::oci::ImageRef::parse("global/python:3.12", |name| name == "global").unwrap());
        assert!(lock.fits(&base, &[platform]));
        assert!(!lock.fits(&base, &["linux/arm64".parse().unwrap()]));
        assert!(!lock.fits(&Base::Scratch, &[]));
        assert_eq!(lock_beside(Path::new("a/b.yaml")), Path::new("a/b.lock"));
    }

    #[test]
    fn y01_and_other_shapes_are_refused() {
        let deep = "[".repeat(50_000);
        for text in
            [deep.as_str(), "lock: 1\n", "lock: 2\nbase: x\n", "", "lock: 1\nlock: 1\n", "<<<<<<< HEAD\nlock: 1\n"]
        {
            assert!(Lock::parse(text.as_bytes()).is_err(), "{}", &text[..text.len().min(40)]);
        }
    }
}
