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

/// Whether a daemon may mean by one name what it calls by the other: podman says `localhost/os` and `docker.io/library/os` of
/// what both take `os` for.
pub(super) fn may_be(one: &Repository, other: &Repository) -> bool {
    short(one.as_str()) == short(other.as_str())
}

fn short(name: &str) -> &str {
    let whole = ["docker.io/library/", "docker.io/", "localhost/"];
    whole.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_and_whole_ones() {
        let may_be = |one: &str, other: &str| may_be(&one.parse().unwrap(), &other.parse().unwrap());
        assert!(may_be("os", "localhost/os") && may_be("docker.io/library/os", "os") && may_be("os", "os"));
        assert!(may_be("team/os", "docker.io/team/os") && !may_be("os", "team/os") && !may_be("os", "quay.io/os"));
    }

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
