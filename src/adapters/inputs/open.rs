//! Opening beneath a folder: the kernel resolves, and refuses whatever would leave. Reads no content.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2};
use rustix::io::Errno;

use super::InputsError;

/// How links are treated on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    /// Followed as long as they stay beneath.
    Beneath,
    /// Refused.
    Refused,
}

/// The folder of a recipe, held open.
pub(super) fn open_folder(folder: &Path) -> Result<OwnedFd, InputsError> {
    openat(CWD, folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(InputsError::io("open", &folder.display().to_string()))
}

/// Opens `path` beneath `folder`.
pub(super) fn open_beneath(folder: BorrowedFd<'_>, path: &str, flags: OFlags, links: Links) -> Result<OwnedFd, Errno> {
    let path = if path.is_empty() { "." } else { path };
    let mut resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    if links == Links::Refused {
        resolve |= ResolveFlags::NO_SYMLINKS;
    }
    let flags = flags | OFlags::CLOEXEC;
    for _ in 0..16 {
        match openat2(folder, path, flags, Mode::empty(), resolve) {
            // Something was renamed meanwhile, and the kernel could not tell whether the way stayed beneath.
            Err(Errno::AGAIN) => {}
            Err(Errno::NOSYS) => return step_by_step(folder, path, flags),
            other => return other,
        }
    }
    Err(Errno::AGAIN)
}

/// For kernels without openat2: one part at a time, following no link at all.
fn step_by_step(folder: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if path.starts_with('/') || parts.contains(&"..") {
        return Err(Errno::XDEV);
    }
    let Some((last, above)) = parts.split_last() else {
        return openat(folder, ".", flags | OFlags::NOFOLLOW, Mode::empty());
    };
    let walk = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut here: Option<OwnedFd> = None;
    for part in above {
        let at = here.as_ref().map_or(folder, AsFd::as_fd);
        here = Some(openat(at, *part, walk, Mode::empty())?);
    }
    openat(here.as_ref().map_or(folder, AsFd::as_fd), *last, flags | OFlags::NOFOLLOW, Mode::empty())
}

/// What an error on the way to `path` means.
pub(super) fn refusal(errno: Errno, path: &str) -> InputsError {
    let path = path.to_owned();
    match errno {
        Errno::NOENT | Errno::NOTDIR => InputsError::Missing { path },
        Errno::XDEV | Errno::LOOP => InputsError::Leaves { path },
        errno => InputsError::Io { action: "open", path, source: errno.into() },
    }
}

/// What a type that is no file, folder or symlink is called.
pub(super) fn special(kind: FileType) -> &'static str {
    match kind {
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "of an unknown type",
    }
}

/// Opens a regular file for reading; the descriptor, not the name, says that it is one.
pub(super) fn open_file(folder: BorrowedFd<'_>, path: &str, links: Links, shown: &str) -> Result<File, InputsError> {
    // Without waiting: a FIFO put in its place must not hold us.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    let fd = open_beneath(folder, path, flags, links).map_err(|errno| match errno {
        Errno::NXIO => InputsError::Special { path: shown.to_owned(), kind: "a socket" },
        errno => refusal(errno, shown),
    })?;
    let stat = fstat(&fd).map_err(InputsError::io("stat", shown))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(File::from(fd)),
        FileType::Directory | FileType::Symlink => Err(InputsError::Changed { path: shown.to_owned() }),
        other => Err(InputsError::Special { path: shown.to_owned(), kind: special(other) }),
    }
}

/// Opens one input again, as safely as it was found: `from` beneath `folder`, `path` (an entry of its manifest, empty
/// for `from` itself) beneath `from` without any link.
pub fn open_input(folder: &Path, from: &str, path: &str) -> Result<File, InputsError> {
    let folder = open_folder(folder)?;
    let shown = joined(from, path);
    if path.is_empty() {
        return open_file(folder.as_fd(), from, Links::Beneath, &shown);
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    let root = open_beneath(folder.as_fd(), from, flags, Links::Beneath).map_err(|errno| refusal(errno, from))?;
    open_file(root.as_fd(), path, Links::Refused, &shown)
}

/// `from` and a path below it, for people.
pub(super) fn joined(from: &str, path: &str) -> String {
    match (from, path) {
        (from, "") => from.to_owned(),
        (".", path) => path.to_owned(),
        (from, path) => format!("{from}/{path}"),
    }
}
