//! One `from` held open, for who reads thousands of its files. Opens each as safely as `open_input` does.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, OFlags, fstat};

use super::InputsError;
use super::open::{Links, joined, open_beneath, open_file, open_folder, refusal};

/// The folder of a recipe and a step's `from` in it.
pub struct InputRoot {
    folder: OwnedFd,
    /// `from` itself, where it is a folder.
    root: Option<OwnedFd>,
    from: String,
}

impl InputRoot {
    /// Opens `from` beneath `folder`.
    pub fn open(folder: &Path, from: &str) -> Result<Self, InputsError> {
        let folder = open_folder(folder)?;
        let root = open_beneath(folder.as_fd(), from, OFlags::PATH, Links::Beneath).map_err(|e| refusal(e, from))?;
        let stat = fstat(&root).map_err(InputsError::io("stat", from))?;
        let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        Ok(Self { folder, root: is_folder.then_some(root), from: from.to_owned() })
    }

    /// Opens one file by its path in the manifest; empty for `from` itself.
    pub fn file(&self, path: &str) -> Result<File, InputsError> {
        let shown = joined(&self.from, path);
        match &self.root {
            Some(root) if !path.is_empty() => open_file(root.as_fd(), path, Links::Refused, &shown),
            None if path.is_empty() => open_file(self.folder.as_fd(), &self.from, Links::Beneath, &shown),
            _ => Err(InputsError::Changed { path: shown }),
        }
    }
}
