//! Globs of policies and contracts, several at once, over bytes: paths, `STORE/NAME`, package names. Knows no rule.
//!
//! `*` stays within a folder, `**` does not. A leading `/` says nothing, of a glob as of what it is held against.

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::domain::text::escape;

/// Longest glob, in bytes.
pub const MAX_GLOB: usize = 1024;
/// Most globs of one list.
pub const MAX_GLOBS: usize = 1000;

/// A glob that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{glob}` is no glob: {why}")]
pub struct GlobError {
    /// As written; escaped.
    pub glob: String,
    /// What is wrong with it.
    pub why: String,
}

/// Several globs, compiled.
#[derive(Clone, Debug)]
pub struct Globs {
    set: GlobSet,
    patterns: Vec<String>,
}

impl Globs {
    /// Compiles them; the first that is none is the error.
    pub fn new<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Result<Self, GlobError> {
        let mut builder = GlobSetBuilder::new();
        let mut kept = Vec::new();
        for pattern in patterns {
            let pattern = pattern.as_ref();
            builder.add(one(pattern)?);
            kept.push(pattern.to_owned());
            if kept.len() > MAX_GLOBS {
                return Err(refused(pattern, format!("more than {MAX_GLOBS} of them")));
            }
        }
        let set = builder.build().map_err(|error| refused("", escape(&error.kind().to_string())))?;
        Ok(Self { set, patterns: kept })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether any fits.
    pub fn matches(&self, subject: &[u8]) -> bool {
        !self.is_empty() && self.set.is_match_candidate(&Candidate::from_bytes(bare(subject)))
    }

    /// The first that fits, as written.
    pub fn which(&self, subject: &[u8]) -> Option<&str> {
        if !self.matches(subject) {
            return None;
        }
        let found = self.set.matches_candidate(&Candidate::from_bytes(bare(subject)));
        found.first().and_then(|at| self.patterns.get(*at)).map(String::as_str)
    }
}

/// Whether a text is a glob.
pub fn check_glob(pattern: &str) -> Result<(), GlobError> {
    one(pattern).map(|_| ())
}

fn bare(subject: &[u8]) -> &[u8] {
    subject.strip_prefix(b"/").unwrap_or(subject)
}

fn one(pattern: &str) -> Result<globset::Glob, GlobError> {
    if pattern.len() > MAX_GLOB {
        return Err(refused(pattern, format!("longer than {MAX_GLOB} bytes")));
    }
    let path = pattern.strip_prefix('/').unwrap_or(pattern);
    if path.is_empty() {
        return Err(refused(pattern, "it names nothing".to_owned()));
    }
    let built = GlobBuilder::new(path).literal_separator(true).backslash_escape(true).build();
    built.map_err(|error| refused(pattern, escape(&error.kind().to_string())))
}

fn refused(pattern: &str, why: String) -> GlobError {
    GlobError { glob: escape(&pattern.chars().take(80).collect::<String>()), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_star_stays_in_its_folder_and_a_leading_slash_says_nothing() {
        let globs = Globs::new(["/etc/*.conf", "usr/lib/**", "**/id_rsa"]).unwrap();
        for (path, which) in [
            ("etc/a.conf", Some("/etc/*.conf")),
            ("/etc/a.conf", Some("/etc/*.conf")),
            ("etc/b/a.conf", None),
            ("usr/lib", None),
            ("usr/lib/a/b", Some("usr/lib/**")),
            ("id_rsa", Some("**/id_rsa")),
            ("root/.ssh/id_rsa", Some("**/id_rsa")),
        ] {
            assert_eq!(globs.which(path.as_bytes()), which, "{path}");
            assert_eq!(globs.matches(path.as_bytes()), which.is_some(), "{path}");
        }
        assert!(!Globs::new(Vec::<String>::new()).unwrap().matches(b"anything"));
    }

    #[test]
    fn what_is_no_glob_is_told() {
        for pattern in ["", "/", "etc/[", "a{b", &"x".repeat(MAX_GLOB + 1)] {
            assert!(check_glob(pattern).is_err(), "{pattern}");
        }
    }
}
