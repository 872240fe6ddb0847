//! Whether a name in a signature is one of the image's. The registry's host never counts: images are copied. Knows no store.

/// Whether `signed` (a repository as signatures name it, with or without host, tag and digest) is one of `names`, compared by
/// whole path components. A name may stand below a longer path, unless it is itself only the end of another of the names:
/// then the longer one says what the path must end with. Without names nothing is right.
pub fn is_called(signed: &str, names: &[String]) -> bool {
    let path = path_of(signed);
    names.iter().any(|name| {
        let is_end_of_another = names.iter().any(|other| ends_with(other, name));
        path == name || (!is_end_of_another && ends_with(path, name))
    })
}

/// `path` has further components before `end`.
fn ends_with(path: &str, end: &str) -> bool {
    !end.is_empty() && path.strip_suffix(end).is_some_and(|before| before.ends_with('/'))
}

/// The path without host, tag and digest.
fn path_of(reference: &str) -> &str {
    let named = reference.split_once('@').map_or(reference, |(named, _)| named);
    let tag = named.rfind(':').filter(|at| !named[*at..].contains('/'));
    let bare = tag.map_or(named, |at| &named[..at]);
    match bare.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
        _ => bare,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s01_names_are_compared_by_whole_components_without_the_host() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let global = names(&["global/python", "python"]);
        for right in [
            "python",
            "global/python",
            "registry.example:5000/global/python",
            "localhost/python:3.12",
            "127.0.0.1:5000/mirror/global/python@sha256:ab",
        ] {
            assert!(is_called(right, &global), "{right}");
        }
        for wrong in [
            "",
            "ruby",
            "xpython",
            "global/ruby",
            "global/legacy/python",
            "team/python",
            "python/global",
            "lobal/python",
        ] {
            assert!(!is_called(wrong, &global), "{wrong}");
        }
        assert!(is_called("registry.example/team-a/app", &names(&["app"])));
        assert!(!is_called("team-b/app", &names(&["team-a/app"])));
        assert!(!is_called("app", &[]));
        assert!(!is_called("app", &names(&[""])));
    }
}
