//! Which of the databases found in an image's layers count, and what they say together. Knows no tree: it is told which
//! content stands at a path.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::package::{Database, PLACES, Package, Place, System, place_of};
use crate::domain::layer::ContentDigest;

/// A database that is there and whose packages are unknown, or may be others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where it stands; from outside.
    pub path: String,
    /// What is wrong, in a few words.
    pub reason: String,
}

/// What is installed in an image, as its package managers have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Installed {
    /// The systems that have a database there, readable or not.
    pub systems: Vec<System>,
    /// The packages, by name, architecture and version.
    pub packages: Vec<Package>,
    /// Databases that are not in `packages`, or not fully. Where there are any, nothing is known to be absent.
    pub problems: Vec<Problem>,
}

/// What is installed. `digest_at` says which content stands at a path of the merged tree, where a file does (symlinks on
/// the way may be followed or not); `parts` are the paths of the files in `var/lib/dpkg/status.d`; `databases` are those
/// of all layers, in any order.
pub fn installed<'d, P: AsRef<[u8]>>(
    digest_at: impl Fn(&[u8]) -> Option<ContentDigest>,
    parts: impl IntoIterator<Item = P>,
    databases: impl IntoIterator<Item = &'d Database>,
) -> Installed {
    // The bytes decide, and the place how they are read: a file may have come to its path by a link or a rename.
    let known = databases
        .into_iter()
        .filter_map(|database| Some(((place_of(&database.path)?, database.digest), database)))
        .collect();
    let mut search = Search { digest_at, known, seen: HashSet::new(), found: Installed::default() };
    let is_there = |(path, _): &(&str, Place)| (search.digest_at)(path.as_bytes()).is_some();
    let sqlite = PLACES.iter().filter(|(_, place)| *place == Place::RpmSqlite).any(is_there);
    for (path, place) in PLACES {
        // rpm does not look at what it left behind when it changed its format.
        if !(sqlite && place.unsupported().is_some()) {
            search.look(path.as_bytes(), place);
        }
    }
    for path in parts {
        if let Some(place @ Place::DpkgPart) = place_of(path.as_ref()) {
            search.look(path.as_ref(), place);
        }
    }
    let mut found = search.found;
    found.systems.sort_unstable();
    found.systems.dedup();
    found.packages.sort_unstable();
    found.packages.dedup();
    found
}

struct Search<'d, F> {
    digest_at: F,
    known: HashMap<(Place, ContentDigest), &'d Database>,
    seen: HashSet<(Place, ContentDigest)>,
    found: Installed,
}

impl<F: Fn(&[u8]) -> Option<ContentDigest>> Search<'_, F> {
    fn look(&mut self, path: &[u8], place: Place) {
        let Some(digest) = (self.digest_at)(path) else { return };
        // The same folder by two names.
        if !self.seen.insert((place, digest)) {
            return;
        }
        let found = &mut self.found;
        found.systems.push(place.system());
        match self.known.get(&(place, digest)).map(|database| &database.content) {
            Some(Ok(packages)) => found.packages.extend(packages.iter().cloned()),
            Some(Err(reason)) => found.problem(path, reason),
            None => found.problem(path, "was not read with its layer"),
        }
        if place == Place::RpmSqlite {
            let log = (self.digest_at)(&[path, b"-wal"].concat());
            if log.is_some_and(|log| log != ContentDigest::of(b"")) {
                found.problem(path, "has changes that were never written back (rpmdb.sqlite-wal), which are not read");
            }
        }
    }
}

impl Installed {
    fn problem(&mut self, path: &[u8], reason: &str) {
        self.problems.push(Problem { path: String::from_utf8_lossy(path).into_owned(), reason: reason.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(system: System, name: &str) -> Package {
        let (version, arch) = ("1".to_owned(), "all".to_owned());
        Package { name: name.to_owned(), arch, version, system, source: None, size: None }
    }

    fn database(path: &str, bytes: &[u8], content: Result<&[&str], &str>) -> Database {
        let system = place_of(path.as_bytes()).unwrap().system();
        let of = |names: &[&str]| names.iter().map(|name| package(system, name)).collect();
        let content = content.map(of).map_err(str::to_owned);
        Database { path: path.as_bytes().into(), digest: ContentDigest::of(bytes), system, content }
    }

    fn names(found: &Installed) -> Vec<&str> {
        found.packages.iter().map(|package| package.name.as_str()).collect()
    }

    const NONE: [&[u8]; 0] = [];

    #[test]
    fn the_merged_tree_decides_which_database_counts() {
        let databases = [
            database("var/lib/dpkg/status", b"old", Ok(&["libc6"])),
            database("var/lib/dpkg/status", b"new", Ok(&["libc6", "curl"])),
        ];
        let at = |bytes: &'static [u8]| {
            move |path: &[u8]| (path == b"var/lib/dpkg/status").then(|| ContentDigest::of(bytes))
        };
        assert_eq!(names(&installed(at(b"old"), NONE, &databases)), ["libc6"]);
        let found = installed(at(b"new"), NONE, &databases);
        assert_eq!((names(&found), found.systems.as_slice()), (vec!["curl", "libc6"], &[System::Dpkg][..]));
        let found = installed(at(b"another"), NONE, &databases);
        assert_eq!(found.problems[0].reason, "was not read with its layer");
        assert_eq!(installed(|_| None, NONE, &databases), Installed::default());
    }

    #[test]
    fn parts_are_read_together_and_a_folder_by_two_names_once() {
        let databases = [
            database("var/lib/dpkg/status.d/base", b"base", Ok(&["base-files"])),
            database("var/lib/dpkg/status.d/tz", b"tz", Ok(&["tzdata"])),
            database("usr/lib/apk/db/installed", b"apk", Ok(&["musl"])),
        ];
        let at = |path: &[u8]| {
            let name: &[u8] = match path {
                b"var/lib/dpkg/status.d/base" => b"base",
                b"var/lib/dpkg/status.d/tz" => b"tz",
                b"lib/apk/db/installed" | b"usr/lib/apk/db/installed" => b"apk",
                _ => return None,
            };
            Some(ContentDigest::of(name))
        };
        let parts = ["var/lib/dpkg/status.d/base", "var/lib/dpkg/status.d/base.md5sums", "var/lib/dpkg/status.d/tz"];
        let found = installed(at, parts, &databases);
        assert_eq!(names(&found), ["base-files", "musl", "tzdata"]);
        assert_eq!((found.systems, found.problems), (vec![System::Dpkg, System::Apk], vec![]));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let databases = [
            database("var/lib/rpm/Packages", b"bdb", Err("kept in Berkeley DB")),
            database("usr/lib/sysimage/rpm/rpmdb.sqlite", b"sqlite", Ok(&["bash"])),
        ];
        let berkeley = |path: &[u8]| (path == b"var/lib/rpm/Packages").then(|| ContentDigest::of(b"bdb"));
        let found = installed(berkeley, NONE, &databases);
        assert_eq!(
            found.problems,
            [Problem { path: "var/lib/rpm/Packages".into(), reason: "kept in Berkeley DB".into() }]
        );
        assert_eq!((found.systems.as_slice(), found.packages.len()), (&[System::Rpm][..], 0));
        let both = |log: &'static [u8]| {
            move |path: &[u8]| match path {
                b"var/lib/rpm/Packages" => Some(ContentDigest::of(b"bdb")),
                b"usr/lib/sysimage/rpm/rpmdb.sqlite" => Some(ContentDigest::of(b"sqlite")),
                b"usr/lib/sysimage/rpm/rpmdb.sqlite-wal" => Some(ContentDigest::of(log)),
                _ => None,
            }
        };
        let found = installed(both(b""), NONE, &databases);
        assert_eq!((names(&found), found.problems.len()), (vec!["bash"], 0));
        let found = installed(both(b"frames"), NONE, &databases);
        assert_eq!((names(&found), found.problems.len()), (vec!["bash"], 1));
    }
}
