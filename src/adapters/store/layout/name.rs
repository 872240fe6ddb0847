//! Names of index entries: the full `NAME:TAG` bakery writes, or the bare tag other tools write. Text only.

use std::fmt;
use std::str::FromStr;

use crate::domain::oci::{ReferenceError, Repository, Tag};

/// A well-formed `org.opencontainers.image.ref.name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryName {
    /// `team-a/payments-api:1.4.0`.
    Full(Repository, Tag),
    /// `1.4.0`.
    Bare(Tag),
}

impl FromStr for EntryName {
    type Err = ReferenceError;

    /// Everything else (`../x`, controls, a repository without tag) is refused (J-13).
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        match text.rsplit_once(':') {
            Some((repository, tag)) => Ok(Self::Full(repository.parse()?, tag.parse()?)),
            None => Ok(Self::Bare(text.parse()?)),
        }
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(repository, tag) => write!(f, "{repository}:{tag}"),
            Self::Bare(tag) => write!(f, "{tag}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_bakery_and_others_write() {
        for text in ["team-a/payments-api:1.4.0", "python:3.12", "3.12", "latest", "docker.io/library/alpine:3"] {
            assert_eq!(text.parse::<EntryName>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn j13_names_that_are_paths_or_steer_terminals_are_refused() {
        for text in
            ["", "../x:1", "a/../b:1", "../../etc/passwd", "/etc:1", "a:\u{1b}[2J", "a\n:1", "team-a/x", "a:b:c"]
        {
            assert!(text.parse::<EntryName>().is_err(), "{text:?}");
        }
    }
}
