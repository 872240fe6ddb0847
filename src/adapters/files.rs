//! Files a command makes beside the user's own: whole or not at all, and never over something that is there.

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::report::{Kind, Report};

/// Why a file or folder was not made.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// Something has that name.
    #[error("{path} exists already")]
    Exists {
        /// What.
        path: String,
    },
    /// A folder that must be new or empty holds something.
    #[error("folder {path} is not empty")]
    NotEmpty {
        /// Which.
        path: String,
    },
    /// A file larger than it can be.
    #[error("{path} is larger than {limit} bytes")]
    TooLarge {
        /// Which.
        path: String,
        /// The bound.
        limit: u64,
    },
    /// The file system said no.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl FilesError {
    /// For `map_err` on file operations.
    pub fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().display().to_string();
        move |source| Self::Io { action, path, source }
    }
}

impl From<FilesError> for Report {
    fn from(error: FilesError) -> Self {
        let report = Report::new(Kind::Failed, &error);
        match &error {
            FilesError::Exists { .. } => report.help("nothing was overwritten; move it away or work elsewhere"),
            FilesError::NotEmpty { .. } => report.help("name a new or an empty folder"),
            FilesError::TooLarge { .. } | FilesError::Io { .. } => report,
        }
    }
}

/// The working directory.
pub fn working_folder() -> Result<PathBuf, FilesError> {
    std::env::current_dir().map_err(FilesError::io("find", "the working directory"))
}

/// `path` made absolute against the working directory, without resolving links.
pub fn absolute(path: &Path) -> Result<PathBuf, FilesError> {
    std::path::absolute(path).map_err(FilesError::io("find", path))
}

/// Whether anything has that name, even a dangling link.
pub fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Whether two paths lead to the same place, links followed.
pub fn is_same_place(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Where a path leads, links followed; what is not there is what it is called.
pub fn followed(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Makes a folder and those above it; one that is there is fine.
pub fn make_folder(path: &Path) -> Result<(), FilesError> {
    std::fs::create_dir_all(path).map_err(FilesError::io("make folder", path))
}

/// Removes a folder with all in it; that it is not there is no error.
pub fn remove_folder(path: &Path) -> Result<(), FilesError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FilesError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Makes a folder that is new, or takes one that is empty.
pub fn make_empty_folder(path: &Path) -> Result<(), FilesError> {
    make_folder(path)?;
    let mut entries = std::fs::read_dir(path).map_err(FilesError::io("read folder", path))?;
    match entries.next() {
        None => Ok(()),
        Some(Ok(_)) => Err(FilesError::NotEmpty { path: path.display().to_string() }),
        Some(Err(error)) => Err(FilesError::io("read folder", path)(error)),
    }
}

/// Writes a new file with its folders: temporary name, synced, renamed without replacing, folder synced.
pub fn make_file(path: &Path, content: &[u8], mode: u32) -> Result<(), FilesError> {
    match stage_file(path, content, mode)?.persist_noclobber(path) {
        Ok(_) => sync_folder_of(path),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(FilesError::Exists { path: path.display().to_string() })
        }
        Err(error) => Err(FilesError::io("write", path)(error.error)),
    }
}

/// Writes a file of bakery's own in place of what it was; readers see the one or the other.
pub fn replace_file(path: &Path, content: &[u8], mode: u32) -> Result<(), FilesError> {
    match stage_file(path, content, mode)?.persist(path) {
        Ok(_) => sync_folder_of(path),
        Err(error) => Err(FilesError::io("write", path)(error.error)),
    }
}

fn stage_file(path: &Path, content: &[u8], mode: u32) -> Result<tempfile::NamedTempFile, FilesError> {
    let folder = folder_of(path);
    make_folder(folder)?;
    let mut staged = begin_file(path, mode)?;
    staged.write_all(content).map_err(FilesError::io("write", path))?;
    staged.as_file().sync_all().map_err(FilesError::io("sync", path))?;
    Ok(staged)
}

fn begin_file(path: &Path, mode: u32) -> Result<tempfile::NamedTempFile, FilesError> {
    let mut staged = tempfile::Builder::new();
    let staged = staged.prefix(".bakery-new-").permissions(Permissions::from_mode(mode)).tempfile_in(folder_of(path));
    staged.map_err(FilesError::io("write", path))
}

/// A file that becomes visible as a whole, written as it comes in; nothing stays when it is dropped before that.
#[derive(Debug)]
pub struct StagedFile {
    target: PathBuf,
    staged: tempfile::NamedTempFile,
}

impl StagedFile {
    /// Begins a file in a folder that is there.
    pub fn begin(target: &Path, mode: u32) -> Result<Self, FilesError> {
        Ok(Self { target: target.to_owned(), staged: begin_file(target, mode)? })
    }

    /// Where to write.
    pub fn writer(&self) -> Result<impl Write + Send + 'static, FilesError> {
        self.staged.reopen().map_err(FilesError::io("write", &self.target))
    }

    /// Puts it in its place; over another only where `replace` says so. Gives whether it did.
    pub fn finish(self, replace: bool) -> Result<bool, FilesError> {
        let Self { target, staged } = self;
        staged.as_file().sync_all().map_err(FilesError::io("sync", &target))?;
        let kept = if replace { staged.persist(&target) } else { staged.persist_noclobber(&target) };
        match kept {
            Ok(_) => sync_folder_of(&target).map(|()| true),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(FilesError::io("write", &target)(error.error)),
        }
    }
}

/// A folder that becomes visible as a whole: built in a hidden folder inside it, moved up at the end; nothing stays when
/// it is dropped before that.
#[derive(Debug)]
pub struct StagedFolder {
    target: PathBuf,
    made: bool,
    stage: Option<tempfile::TempDir>,
}

impl StagedFolder {
    /// Begins a folder that is new or empty.
    pub fn begin(target: &Path) -> Result<Self, FilesError> {
        let made = !is_there(target);
        make_empty_folder(target)?;
        let stage = tempfile::Builder::new()
            .prefix(".bakery-staged-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir_in(target)
            .map_err(FilesError::io("make folder", target))?;
        Ok(Self { target: target.to_owned(), made, stage: Some(stage) })
    }

    /// Where to build.
    pub fn path(&self) -> &Path {
        self.stage.as_ref().map_or(&self.target, |stage| stage.path())
    }

    /// Moves everything to its place, the file named `last` after all others.
    pub fn finish(mut self, last: &str) -> Result<(), FilesError> {
        let Some(stage) = self.stage.as_ref() else { return Ok(()) };
        let listing = std::fs::read_dir(stage.path()).map_err(FilesError::io("read folder", stage.path()))?;
        let mut names = Vec::new();
        for entry in listing {
            names.push(entry.map_err(FilesError::io("read folder", stage.path()))?.file_name());
        }
        names.sort_by_key(|name| (name == last, name.clone()));
        for name in names {
            let place = self.target.join(&name);
            std::fs::rename(stage.path().join(&name), &place).map_err(FilesError::io("move into place", &place))?;
        }
        self.made = false;
        drop(self.stage.take());
        File::open(&self.target).and_then(|folder| folder.sync_all()).map_err(FilesError::io("sync", &self.target))
    }
}

impl Drop for StagedFolder {
    fn drop(&mut self) {
        drop(self.stage.take());
        if self.made {
            // Ours and empty again; if something else came to stand in it, it stays.
            let _ = std::fs::remove_dir(&self.target);
        }
    }
}

/// All of standard input, at most `limit` bytes and one more, which tells that there was more.
pub fn read_stdin(limit: u64) -> Result<Vec<u8>, FilesError> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(limit + 1).read_to_end(&mut bytes);
    read.map_err(FilesError::io("read", "standard input"))?;
    Ok(bytes)
}

/// A whole text file, at most `limit` bytes.
pub fn read_text(path: &Path, limit: u64) -> Result<String, FilesError> {
    let file = File::open(path).map_err(FilesError::io("read", path))?;
    let mut text = String::new();
    file.take(limit + 1).read_to_string(&mut text).map_err(FilesError::io("read", path))?;
    if text.len() as u64 > limit {
        return Err(FilesError::TooLarge { path: path.display().to_string(), limit });
    }
    Ok(text)
}

/// Makes the names in a file's folder last.
pub fn sync_folder_of(path: &Path) -> Result<(), FilesError> {
    let folder = folder_of(path);
    File::open(folder).and_then(|opened| opened.sync_all()).map_err(FilesError::io("sync", folder))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
