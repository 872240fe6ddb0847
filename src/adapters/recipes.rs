//! Recipe files on disk: finding them, reading one whole and bounded, replacing one. Parses nothing beyond the first key.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::adapters::whole_file::write_whole_as;
use crate::domain::recipe::is_recipe;
use crate::domain::yaml::MAX_BYTES;
use crate::report::{Kind, Report};

/// Most files looked at below a recipes folder.
const MAX_FILES: usize = 1_000_000;
/// Deepest folder looked into.
const MAX_DEPTH: usize = 16;

/// Why recipes cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum RecipesError {
    /// The file system said no.
    #[error("{action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Not a regular file.
    #[error("{path} is no file")]
    NoFile {
        /// On what.
        path: String,
    },
    /// Another program wrote it since it was read.
    #[error("{path} has changed on disk since it was read")]
    Changed {
        /// Which.
        path: String,
    },
    /// More files than anybody keeps recipes.
    #[error("more than {MAX_FILES} files below {path}")]
    TooMany {
        /// Where.
        path: String,
    },
}

impl From<RecipesError> for Report {
    fn from(error: RecipesError) -> Self {
        let report = Self::new(Kind::Usage, &error);
        match error {
            RecipesError::TooMany { .. } => report.help("set `recipes` in bakery.yaml to the folder that holds them"),
            RecipesError::Changed { .. } => report.help("read it again, then make the change anew"),
            RecipesError::Io { .. } | RecipesError::NoFile { .. } => report,
        }
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RecipesError {
    let path = path.display().to_string();
    move |source| RecipesError::Io { action, path, source }
}

/// Whether a regular file stands there.
pub fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// Every `*.yaml` below `folder` whose first key is `recipe`, sorted; hidden names and links are left out.
pub fn find(folder: &Path) -> Result<Vec<PathBuf>, RecipesError> {
    let mut found = Vec::new();
    let mut looked = 0;
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((here, depth)) = folders.pop() {
        let entries = match std::fs::read_dir(&here) {
            Ok(entries) => entries,
            Err(error) if depth == 0 && error.kind() == io::ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(failed("list", &here)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed("list", &here))?;
            looked += 1;
            if looked > MAX_FILES {
                return Err(RecipesError::TooMany { path: folder.display().to_string() });
            }
            let (path, kind) = (entry.path(), entry.file_type().map_err(failed("stat", &here))?);
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if kind.is_dir() && depth < MAX_DEPTH {
                folders.push((path, depth + 1));
            } else if kind.is_file() && path.extension().is_some_and(|ending| ending == "yaml") && begins(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file begins as a recipe does; one that cannot be read does not.
fn begins(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = open(path).ok().and_then(|file| file.take(16 << 10).read_to_end(&mut head).ok());
    read.is_some() && is_recipe(&String::from_utf8_lossy(&head))
}

/// One recipe's bytes; one more than may be read at most, so that the reader can say that it is too large.
pub fn read(path: &Path) -> Result<Vec<u8>, RecipesError> {
    let file = open(path)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed("read", path))?;
    Ok(bytes)
}

/// Replaces a recipe's text, whole or not at all, where it is still the text that was read; keeps its permissions. A
/// symbolic link stays one: what it points at is replaced.
pub fn replace(path: &Path, read_before: &[u8], text: &[u8]) -> Result<(), RecipesError> {
    let real = std::fs::canonicalize(path).map_err(failed("resolve", path))?;
    if read(&real)? != read_before {
        return Err(RecipesError::Changed { path: path.display().to_string() });
    }
    let permissions = std::fs::metadata(&real).map_err(failed("stat", path))?.permissions();
    write_whole_as(&real, text, permissions).map_err(failed("write", path))
}

fn open(path: &Path) -> Result<File, RecipesError> {
    // Without waiting, so that a FIFO does not hold us.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let fd = openat(CWD, path, flags, Mode::empty()).map_err(|errno| failed("open", path)(errno.into()))?;
    let file = File::from(fd);
    match file.metadata().map_err(failed("stat", path))?.is_file() {
        true => Ok(file),
        false => Err(RecipesError::NoFile { path: path.display().to_string() }),
    }
}
