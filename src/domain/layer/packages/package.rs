//! What a package is, and at which paths package managers keep their databases. Knows no format.

use serde::Serialize;

use crate::domain::layer::ContentDigest;

/// Most packages of one database.
pub const MAX_PACKAGES: usize = 200_000;
/// Largest database, in bytes.
pub const MAX_DATABASE: u64 = 64 << 20;
/// Longest field that is kept, in bytes.
pub const MAX_FIELD: usize = 4 << 10;

/// A package manager's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// Debian and its kin.
    Dpkg,
    /// Alpine and its kin.
    Apk,
    /// Red Hat, SUSE and their kin.
    Rpm,
}

impl System {
    /// The word for people and for `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dpkg => "dpkg",
            Self::Apk => "apk",
            Self::Rpm => "rpm",
        }
    }
}

/// What a package was built from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Source {
    /// Name of the source package.
    pub name: String,
    /// Its version, where it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// An installed package. All text is from outside: escaped where it is shown, invalid UTF-8 already replaced.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Package {
    /// Name.
    pub name: String,
    /// Architecture as its system writes it; empty where it has none.
    pub arch: String,
    /// The whole version as its system writes it: with epoch and revision or release.
    pub version: String,
    /// Who knows it.
    pub system: System,
    /// What it was built from, where that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Bytes it says it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// A database found in a layer, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Where the layer has it.
    pub path: Box<[u8]>,
    /// Digest of the file.
    pub digest: ContentDigest,
    /// Whose it is.
    pub system: System,
    /// The packages, or in a few words why they are unknown.
    pub content: Result<Vec<Package>, String>,
}

/// What a path is to a package manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// dpkg's one file.
    DpkgStatus,
    /// A file a package, as distroless images have them.
    DpkgPart,
    /// apk's one file.
    Apk,
    /// rpm's, in SQLite.
    RpmSqlite,
    /// rpm's, in Berkeley DB: not read.
    RpmBerkeley,
    /// rpm's, in its own format: not read.
    RpmNdb,
}

impl Place {
    /// Whose it is.
    pub fn system(self) -> System {
        match self {
            Self::DpkgStatus | Self::DpkgPart => System::Dpkg,
            Self::Apk => System::Apk,
            Self::RpmSqlite | Self::RpmBerkeley | Self::RpmNdb => System::Rpm,
        }
    }

    /// Why it cannot be read, for formats that are not.
    pub fn unsupported(self) -> Option<PackagesError> {
        match self {
            Self::RpmBerkeley => Some(PackagesError::Unsupported("Berkeley DB")),
            Self::RpmNdb => Some(PackagesError::Unsupported("ndb")),
            Self::DpkgStatus | Self::DpkgPart | Self::Apk | Self::RpmSqlite => None,
        }
    }
}

/// Folder of dpkg's files, one a package.
const DPKG_PARTS: &[u8] = b"var/lib/dpkg/status.d/";

/// Where databases stand, but for dpkg's parts.
pub(super) const PLACES: [(&str, Place); 9] = [
    ("var/lib/dpkg/status", Place::DpkgStatus),
    ("lib/apk/db/installed", Place::Apk),
    ("usr/lib/apk/db/installed", Place::Apk),
    ("var/lib/rpm/rpmdb.sqlite", Place::RpmSqlite),
    ("usr/lib/sysimage/rpm/rpmdb.sqlite", Place::RpmSqlite),
    ("var/lib/rpm/Packages", Place::RpmBerkeley),
    ("usr/lib/sysimage/rpm/Packages", Place::RpmBerkeley),
    ("var/lib/rpm/Packages.db", Place::RpmNdb),
    ("usr/lib/sysimage/rpm/Packages.db", Place::RpmNdb),
];

/// What a normalised path is to a package manager, by its name alone.
pub fn place_of(path: &[u8]) -> Option<Place> {
    if let Some(name) = path.strip_prefix(DPKG_PARTS) {
        let part = !name.is_empty() && !name.contains(&b'/') && !name.ends_with(b".md5sums");
        return part.then_some(Place::DpkgPart);
    }
    PLACES.iter().find(|(place, _)| place.as_bytes() == path).map(|(_, place)| *place)
}

/// Why bytes are no database of packages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackagesError {
    /// Too large.
    #[error("over 64 MiB")]
    Size,
    /// Too many.
    #[error("over {MAX_PACKAGES} packages")]
    Count,
    /// Another shape than lines of fields.
    #[error("line {line}: {why}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A field too long, there twice or going on over several lines.
    #[error("line {line}: the field {field} {why}")]
    Field {
        /// Which line, from 1.
        line: usize,
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// An installed package that lacks what makes it one.
    #[error("line {line}: a package without the field {field}")]
    Missing {
        /// Where the package begins, from 1.
        line: usize,
        /// Which field.
        field: &'static str,
    },
    /// A format that is no text.
    #[error("no text")]
    NoText,
    /// A format bakery does not read.
    #[error("kept in {0}, which is not read here (rpm's SQLite is)")]
    Unsupported(&'static str),
}

/// A field that is kept, put where it belongs.
pub(super) fn keep(
    slot: &mut Option<String>,
    field: &'static str,
    value: &[u8],
    line: usize,
) -> Result<(), PackagesError> {
    let refuse = |why| Err(PackagesError::Field { line, field, why });
    if slot.is_some() {
        return refuse("stands there twice");
    }
    let value = value.trim_ascii();
    if value.len() > MAX_FIELD {
        return refuse("is over 4 KiB");
    }
    *slot = Some(String::from_utf8_lossy(value).into_owned());
    Ok(())
}

/// A field a package must have.
pub(super) fn need(value: Option<String>, field: &'static str, line: usize) -> Result<String, PackagesError> {
    value.filter(|value| !value.is_empty()).ok_or(PackagesError::Missing { line, field })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_known_by_their_paths() {
        for (path, place) in PLACES {
            assert_eq!(place_of(path.as_bytes()), Some(place), "{path}");
        }
        assert_eq!(place_of(b"var/lib/dpkg/status.d/base-files"), Some(Place::DpkgPart));
        assert_eq!(place_of(b"var/lib/dpkg/status.d/libc6"), Some(Place::DpkgPart));
        for path in [
            "var/lib/dpkg/status.d/libc6.md5sums",
            "var/lib/dpkg/status.d/",
            "var/lib/dpkg/status.d/a/b",
            "var/lib/dpkg/status-old",
            "x/var/lib/dpkg/status",
            "",
        ] {
            assert_eq!(place_of(path.as_bytes()), None, "{path}");
        }
    }
}
