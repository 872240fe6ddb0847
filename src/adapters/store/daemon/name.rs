//! What a daemon calls an image, as repository and tag. Text only.

use crate::domain::oci::{Repository, Tag};

/// A name as a daemon says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// One that references can say, too.
    Named(Repository, Tag),
    /// `<none>:<none>`: an image that lost its name.
    Nothing,
    /// One that no reference can say: most often the repository begins with a registry's port.
    Unsayable,
}

pub(super) fn read(name: &str) -> Said {
    if name.starts_with("<none>") || name.ends_with(":<none>") {
        return Said::Nothing;
    }
    let parts = name.rsplit_once(':').and_then(|(repository, tag)| Some((repository.parse().ok()?, tag.parse().ok()?)));
    parts.map_or(Said::Unsayable, |(repository, tag)| Said::Named(repository, tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_docker_and_podman() {
        let named = |name: &str| match read(name) {
            Said::Named(repository, tag) => format!("{repository} {tag}"),
            other => format!("{other:?}"),
        };
        assert_eq!(named("os:1"), "os 1");
        assert_eq!(named("localhost/os:1"), "localhost/os 1");
        assert_eq!(named("docker.io/library/debian:12"), "docker.io/library/debian 12");
        assert_eq!(named("<none>:<none>"), "Nothing");
        for name in ["reg.example:5000/os:1", "os", "os:\u{1b}[2J", "../os:1", ""] {
            assert_eq!(read(name), Said::Unsayable, "{name:?}");
        }
    }
}
