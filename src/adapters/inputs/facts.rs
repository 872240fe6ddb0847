//! What lint asks about the files beside a recipe, and about secrets: whether they are configured, never what they are.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Dir, FileType, OFlags, fstat};

use super::InputsError;
use super::open::{Links, open_beneath, open_folder, refusal, special};
use crate::domain::recipe::{InputFact, SecretFact, SecretSource, SurroundingFacts};
use crate::domain::yaml::nearest;

/// The folder of a recipe, as lint sees it.
pub struct FolderFacts<'a> {
    folder: OwnedFd,
    secrets: &'a BTreeMap<String, SecretSource>,
}

impl<'a> FolderFacts<'a> {
    /// Of a folder that is there, where these secrets are configured.
    pub fn open(folder: &Path, secrets: &'a BTreeMap<String, SecretSource>) -> Result<Self, InputsError> {
        Ok(Self { folder: open_folder(folder)?, secrets })
    }

    /// A name of nearly this one in the same folder.
    fn nearest(&self, from: &str) -> Option<String> {
        let (above, name) = from.rsplit_once('/').unwrap_or((".", from));
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let fd = open_beneath(self.folder.as_fd(), above, flags, Links::Beneath).ok()?;
        let entries = Dir::read_from(&fd).ok()?.take(2_000).filter_map(Result::ok);
        let names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().to_str().ok().map(str::to_owned)).collect();
        let near = nearest(name, names.iter().map(String::as_str).filter(|name| !matches!(*name, "." | "..")))?;
        Some(if above == "." { near.to_owned() } else { format!("{above}/{near}") })
    }
}

impl SurroundingFacts for FolderFacts<'_> {
    fn input(&self, from: &str) -> InputFact {
        let opened = open_beneath(self.folder.as_fd(), from, OFlags::PATH, Links::Beneath);
        let kind = match opened.and_then(|fd| type_of(&fd)) {
            Ok(kind) => kind,
            Err(errno) => {
                return match refusal(errno, from) {
                    InputsError::Missing { .. } => InputFact::Missing { nearest: self.nearest(from) },
                    InputsError::Leaves { .. } => InputFact::Leaves,
                    InputsError::Io { source, .. } => InputFact::Unreadable(source.to_string()),
                    other => InputFact::Unreadable(other.to_string()),
                };
            }
        };
        match kind {
            FileType::RegularFile => InputFact::File,
            FileType::Directory => InputFact::Folder,
            other => InputFact::Special(special(other)),
        }
    }

    fn secret(&self, name: &str) -> SecretFact {
        match self.secrets.contains_key(name) {
            true => SecretFact::Configured,
            false => {
                let near = nearest(name, self.secrets.keys().map(String::as_str));
                SecretFact::Unknown { nearest: near.map(str::to_owned) }
            }
        }
    }
}

fn type_of(fd: &OwnedFd) -> Result<FileType, rustix::io::Errno> {
    fstat(fd).map(|stat| FileType::from_raw_mode(stat.st_mode))
}
