//! rpm's database in SQLite: the headers of its table `Packages`. The bytes are an image's, so SQLite may only read that
//! one table, of a copy in memory, in so many steps. Knows no layers.

use std::io::{Cursor, Read};
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, MAIN_DB};

use crate::domain::layer::packages::{HeaderError, MAX_PACKAGES, Package, package_of_header};

/// Steps of SQLite's machine between two looks at how many there were.
const STEPS: i32 = 10_000;
/// Looks until it is enough: a whole database of the largest size takes a hundredth of it.
const LOOKS: u32 = 5_000;
/// Where a file says whether changes wait in a log beside it: `2` for reading, `2` for writing.
const LOGGED: std::ops::Range<usize> = 18..20;

/// Why there are no packages.
#[derive(Debug, thiserror::Error)]
pub(super) enum RpmDatabaseError {
    /// SQLite does not read it.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// It is not rpm's.
    #[error("no table Packages of headers")]
    Table,
    /// One of the headers.
    #[error("package {row}: {source}")]
    Header {
        /// Which, from 1.
        row: usize,
        /// Why.
        source: HeaderError,
    },
    /// Too many.
    #[error("over {MAX_PACKAGES} packages")]
    Count,
    /// More content than file: its pages are used more than once.
    #[error("holds more than its size")]
    Size,
}

/// The packages of a database, as its bytes have them.
pub(super) fn packages(bytes: &[u8]) -> Result<Vec<Package>, RpmDatabaseError> {
    if bytes.is_empty() {
        return Err(RpmDatabaseError::Table);
    }
    let connection = open(bytes)?;
    let table: String = connection
        .query_row("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'Packages'", [], |row| row.get(0))
        .map_err(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => RpmDatabaseError::Table,
            error => error.into(),
        })?;
    // A virtual table is a program of whoever made the image.
    if !table.trim_ascii_start().get(..12).is_some_and(|start| start.eq_ignore_ascii_case("CREATE TABLE")) {
        return Err(RpmDatabaseError::Table);
    }
    let mut statement = connection.prepare("SELECT blob FROM Packages")?;
    let mut rows = statement.query([])?;
    let mut packages = Vec::new();
    let mut left = bytes.len();
    while let Some(row) = rows.next()? {
        if packages.len() == MAX_PACKAGES {
            return Err(RpmDatabaseError::Count);
        }
        let ValueRef::Blob(header) = row.get_ref(0)? else { return Err(RpmDatabaseError::Table) };
        left = left.checked_sub(header.len()).ok_or(RpmDatabaseError::Size)?;
        let row = packages.len() + 1;
        packages.push(package_of_header(header).map_err(|source| RpmDatabaseError::Header { row, source })?);
    }
    Ok(packages)
}

/// A copy in memory that cannot be written to, nor do anything but be read.
fn open(bytes: &[u8]) -> Result<Connection, RpmDatabaseError> {
    let mut connection = Connection::open_in_memory()?;
    for (config, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    ] {
        connection.set_db_config(config, on)?;
    }
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::try_from(bytes.len().max(1 << 16)).unwrap_or(i32::MAX))?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    let (start, rest) = bytes.split_at(bytes.len().min(LOGGED.end));
    let mut start = start.to_vec();
    // The log is not there, and a copy in memory can have none.
    start.iter_mut().skip(LOGGED.start).filter(|version| **version == 2).for_each(|version| *version = 1);
    connection.deserialize_read_exact(MAIN_DB, Cursor::new(start).chain(rest), bytes.len(), true)?;
    let looks = AtomicU32::new(0);
    connection.progress_handler(STEPS, Some(move || looks.fetch_add(1, Ordering::Relaxed) >= LOOKS))?;
    connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
        AuthAction::Select => Authorization::Allow,
        AuthAction::Read { table_name: "Packages" | "sqlite_master" | "sqlite_schema", .. } => Authorization::Allow,
        _ => Authorization::Deny,
    }))?;
    Ok(connection)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::layer::packages::System;

    /// A header of a name, a version and a release.
    fn header(name: &str, size: usize) -> Vec<u8> {
        let store = format!("{name}\x001.2\x003.el9\0{}", "x".repeat(size)).into_bytes();
        let at = |offset: usize| u32::try_from(offset).unwrap();
        let places = [(1000, 0), (1001, name.len() + 1), (1002, name.len() + 5)];
        let mut blob = [3, at(store.len())].map(u32::to_be_bytes).concat();
        for (tag, offset) in places {
            blob.extend([tag, 6, at(offset), 1].map(u32::to_be_bytes).concat());
        }
        blob.extend(store);
        blob
    }

    fn made(statements: &str, fill: impl FnOnce(&Connection)) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rpmdb.sqlite");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(statements).unwrap();
        fill(&connection);
        connection.close().unwrap();
        std::fs::read(path).unwrap()
    }

    const TABLE: &str = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL);
        CREATE TABLE 'Name' (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL);";

    /// A database as rpm keeps it, in the mode it keeps it in.
    pub(crate) fn database(names: &[&str]) -> Vec<u8> {
        made(&format!("PRAGMA journal_mode = WAL; {TABLE}"), |connection| {
            for name in names {
                connection.execute("INSERT INTO Packages (blob) VALUES (?1)", [header(name, 9000)]).unwrap();
            }
        })
    }

    #[test]
    fn packages_are_read_out_of_a_logged_database() {
        let bytes = database(&["bash", "glibc"]);
        assert_eq!(&bytes[LOGGED], [2, 2]);
        let packages = packages(&bytes).unwrap();
        let seen: Vec<_> = packages.iter().map(|p| (p.name.as_str(), p.version.as_str(), p.system)).collect();
        assert_eq!(seen, [("bash", "1.2-3.el9", System::Rpm), ("glibc", "1.2-3.el9", System::Rpm)]);
        assert!(super::packages(&database(&[])).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_table_of_headers_is_refused() {
        let refused = |bytes: &[u8]| packages(bytes).unwrap_err().to_string();
        assert_eq!(refused(b""), "no table Packages of headers");
        assert!(refused(&[b'x'; 4096]).starts_with("SQLite: "));
        let none = made("CREATE TABLE Name (key TEXT);", |_| ());
        assert_eq!(refused(&none), "no table Packages of headers");
        let view = made(
            "CREATE VIEW Packages AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS blob FROM n;",
            |_| (),
        );
        assert_eq!(refused(&view), "no table Packages of headers");
        let made_up = made("CREATE VIRTUAL TABLE Packages USING fts5(blob);", |_| ());
        assert_eq!(refused(&made_up), "no table Packages of headers");
        let computed = made("CREATE TABLE Packages (a, blob AS (zeroblob(1000000)));", |connection| {
            connection.execute("INSERT INTO Packages VALUES (1)", []).unwrap();
        });
        assert!(refused(&computed).starts_with("SQLite: "), "{}", refused(&computed));
        let text = made("CREATE TABLE Packages (blob);", |connection| {
            connection.execute("INSERT INTO Packages VALUES ('x')", []).unwrap();
        });
        assert_eq!(refused(&text), "no table Packages of headers");
        let short = made(TABLE, |connection| {
            connection.execute("INSERT INTO Packages (blob) VALUES (?1)", [header("a", 1)]).unwrap();
            connection.execute("INSERT INTO Packages (blob) VALUES (x'00')", []).unwrap();
        });
        assert_eq!(refused(&short), "package 2: a header that ends too early");
    }

    #[test]
    fn a_damaged_database_never_panics() {
        let whole = database(&["bash", "glibc", "coreutils"]);
        for at in (0..whole.len()).step_by(37) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            let _ = packages(&bytes);
            let _ = packages(&whole[..at]);
        }
    }
}
