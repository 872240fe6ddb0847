//! The databases of package managers a layer holds, parsed as the layer is read. One that cannot be read is told in its
//! place; it never makes the layer unreadable. What exceeds the bounds of a layer is left out, and later not found.

use super::rpm_database;
use crate::domain::layer::ContentDigest;
use crate::domain::layer::packages::{
    Database, MAX_DATABASE, MAX_PACKAGES, Package, PackagesError, Place, parse, place_of,
};

/// Most databases of one layer: distroless images have one a package.
const MAX_DATABASES: usize = 10_000;
/// Most bytes of databases of one layer.
const MAX_BYTES: u64 = 4 * MAX_DATABASE;
/// Longest reason kept, in characters.
const MAX_REASON: usize = 300;

/// Collects them.
#[derive(Debug, Default)]
pub struct Databases {
    found: Vec<Database>,
    bytes: u64,
    packages: usize,
}

impl Databases {
    /// What a file is to a package manager, if anything, and whether its content is wanted for that.
    pub fn wants(&self, path: &[u8], size: u64) -> Option<(Place, bool)> {
        let place = place_of(path).filter(|_| self.found.len() < MAX_DATABASES)?;
        let fits = size <= MAX_DATABASE && self.bytes.saturating_add(size) <= MAX_BYTES;
        Some((place, fits && place.unsupported().is_none()))
    }

    /// Takes a database; without its content where that was not wanted.
    pub fn add(&mut self, path: &[u8], place: Place, digest: ContentDigest, content: Option<&[u8]>) {
        let content = match (place.unsupported(), content) {
            (Some(error), _) => Err(error.to_string()),
            (None, None) => Err(PackagesError::Size.to_string()),
            (None, Some(bytes)) => {
                self.bytes += bytes.len() as u64;
                self.packages_of(place, bytes)
            }
        };
        let content = content.map_err(|reason| reason.chars().take(MAX_REASON).collect());
        self.found.push(Database { path: path.into(), digest, system: place.system(), content });
    }

    /// What was found, in the order of the layer.
    pub fn into_found(self) -> Vec<Database> {
        self.found
    }

    fn packages_of(&mut self, place: Place, bytes: &[u8]) -> Result<Vec<Package>, String> {
        let packages = match place {
            Place::RpmSqlite => rpm_database::packages(bytes).map_err(|error| error.to_string()),
            _ => parse(place, bytes).map_err(|error| error.to_string()),
        }?;
        if self.packages + packages.len() > MAX_PACKAGES {
            return Err(PackagesError::Count.to_string());
        }
        self.packages += packages.len();
        Ok(packages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(databases: &mut Databases, path: &str, bytes: &[u8]) {
        let (place, wanted) = databases.wants(path.as_bytes(), bytes.len() as u64).unwrap();
        databases.add(path.as_bytes(), place, ContentDigest::of(bytes), wanted.then_some(bytes));
    }

    #[test]
    fn each_is_parsed_or_says_why_not() {
        let mut databases = Databases::default();
        add(&mut databases, "var/lib/dpkg/status.d/tzdata", b"Package: tzdata\nVersion: 2024a\n");
        add(&mut databases, "lib/apk/db/installed", b"P:musl\nnonsense");
        add(&mut databases, "var/lib/rpm/Packages", b"\0\0\0\0");
        add(&mut databases, "var/lib/rpm/rpmdb.sqlite", &rpm_database::tests::database(&["bash"]));
        let (place, wanted) = databases.wants(b"var/lib/dpkg/status", MAX_DATABASE + 1).unwrap();
        assert!(!wanted && databases.wants(b"etc/passwd", 1).is_none());
        databases.add(b"var/lib/dpkg/status", place, ContentDigest([0; 32]), None);
        let told: Vec<_> = databases
            .into_found()
            .into_iter()
            .map(|database| match database.content {
                Ok(packages) => packages.into_iter().map(|package| package.name).collect(),
                Err(reason) => reason,
            })
            .collect();
        let berkeley = "kept in Berkeley DB, which is not read here (rpm's SQLite is)";
        assert_eq!(told, ["tzdata", "line 2: no field", berkeley, "bash", "over 64 MiB"]);
    }

    #[test]
    fn a_layer_of_databases_comes_to_an_end() {
        let mut databases = Databases::default();
        let many = "P:a\nV:1\n\n".repeat(MAX_PACKAGES);
        add(&mut databases, "lib/apk/db/installed", many.as_bytes());
        for at in 1..MAX_DATABASES {
            add(&mut databases, &format!("var/lib/dpkg/status.d/{at}"), b"Package: a\nVersion: 1\n");
        }
        assert!(databases.wants(b"var/lib/dpkg/status", 1).is_none());
        let found = databases.into_found();
        assert_eq!(found[0].content.as_ref().unwrap().len(), MAX_PACKAGES);
        assert!(found[1..].iter().all(|database| database.content.is_err()));
        let full = Databases { bytes: MAX_BYTES - 5, ..Databases::default() };
        assert!(!full.wants(b"var/lib/dpkg/status", 6).unwrap().1 && full.wants(b"var/lib/dpkg/status", 5).unwrap().1);
    }
}
