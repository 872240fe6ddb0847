//! Step output beside the journal: `logs/STEP.log`, bytes as the step wrote them. Shows nothing.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use super::error::JournalError;
use super::folder::{BakeFolder, open_for_appending, open_for_reading};
use crate::domain::plan::StepId;

/// The most output read at once.
const MAX_OUTPUT_BYTES: u64 = 1024 * 1024;

/// The open logs of a bake.
#[derive(Debug)]
pub(super) struct Logs {
    folder: PathBuf,
    open: BTreeMap<StepId, (File, u64)>,
}

impl Logs {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, open: BTreeMap::new() }
    }

    /// Appends `bytes`; gives the offset they stand at.
    pub(super) fn append(&mut self, step: &StepId, bytes: &[u8]) -> Result<u64, JournalError> {
        let path = self.folder.join(file_name(step)?);
        if !self.open.contains_key(step) {
            match DirBuilder::new().mode(0o700).create(&self.folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(JournalError::io("create", &self.folder)(error));
                }
                _ => {}
            }
            let file = open_for_appending(&path).map_err(JournalError::io("open", &path))?;
            let length = file.metadata().map_err(JournalError::io("open", &path))?.len();
            self.open.insert(step.clone(), (file, length));
        }
        let Some((file, length)) = self.open.get_mut(step) else { return Err(JournalError::Broken) };
        file.write_all(bytes).map_err(JournalError::io("write", &path))?;
        let offset = *length;
        *length += bytes.len() as u64;
        Ok(offset)
    }

    /// Makes a step's output last, and closes its log.
    pub(super) fn close(&mut self, step: &StepId) -> Result<(), JournalError> {
        match self.open.remove(step) {
            Some((file, _)) => file.sync_data().map_err(JournalError::io("sync", &self.folder)),
            None => Ok(()),
        }
    }
}

/// Reads `length` bytes at `offset` of a step's log, at most 1 MiB; fewer where the log is shorter.
pub fn read_output(folder: &BakeFolder, step: &StepId, offset: u64, length: u64) -> Result<Vec<u8>, JournalError> {
    let path = folder.logs().join(file_name(step)?);
    let mut file = match open_for_reading(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(JournalError::io("open", &path)(error)),
    };
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(offset))
        .and_then(|_| file.take(length.min(MAX_OUTPUT_BYTES)).read_to_end(&mut bytes))
        .map_err(JournalError::io("read", &path))?;
    Ok(bytes)
}

/// A step's name comes from a journal that anybody may have written: it must not lead elsewhere.
fn file_name(step: &StepId) -> Result<String, JournalError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if step.0.is_empty() || step.0.len() > 100 || step.0.starts_with('.') || !step.0.bytes().all(plain) {
        return Err(JournalError::StepName(step.0.chars().take(80).collect()));
    }
    Ok(format!("{}.log", step.0))
}
