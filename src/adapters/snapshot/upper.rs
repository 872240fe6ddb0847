//! Reading an overlay's upper folder and what lay below it: one name at a time, by descriptors, following no symlink.
//!
//! A step's processes wrote the tree, so nothing in it is trusted to be where its name says: every folder is opened from
//! the root with the kernel refusing symlinks on the way. Knows overlayfs's marks (kernel: Documentation/filesystems/
//! overlayfs.rst), not layers.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, Timespec, Timestamps, UTIME_OMIT, fgetxattr, flistxattr,
    fstat, openat, openat2, readlinkat, statat, utimensat,
};
use rustix::io::Errno;

use crate::domain::layer::{EntryError, Kind, Node, PackError, Xattrs};
use crate::domain::text::escape_bytes;

/// Largest value of an extended attribute in Linux.
const MAX_XATTR: usize = 64 << 10;

/// The upper folder of an overlay no process uses any more.
pub struct Upper<'a> {
    /// The folder.
    pub upper: BorrowedFd<'a>,
    /// What lay below, merged, read-only; `None` where nothing did.
    pub lower: Option<BorrowedFd<'a>>,
    /// Time of every entry, in seconds since 1970.
    pub created: i64,
    /// Asked between entries and between reads; `true` ends the work.
    pub cancelled: &'a dyn Fn() -> bool,
}

/// Why an upper folder cannot become a layer.
#[derive(Debug, thiserror::Error)]
pub enum UpperError {
    /// A file system said no.
    #[error("/{path}: cannot {action}")]
    Io {
        /// Which path, escaped.
        path: String,
        /// What was tried.
        action: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A name no layer can hold.
    #[error(transparent)]
    Name(#[from] EntryError),
    /// The overlay was mounted with an option that leaves content or names below.
    #[error("/{path} has {mark}: the overlay must be mounted with redirect_dir=off and metacopy=off")]
    Redirect {
        /// Which path, escaped.
        path: String,
        /// The extended attribute.
        mark: String,
    },
    /// More paths than a layer may hold.
    #[error("T-19: the step left more than {0} changed paths")]
    TooMany(u64),
    /// More content than a layer may hold, holes included.
    #[error("T-15: the step left files of more than {limit} bytes, /{path} the last of them")]
    TooLarge {
        /// The file that goes beyond, escaped.
        path: String,
        /// The bound.
        limit: u64,
    },
    /// The layer cannot be written.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// Somebody asked for the end.
    #[error("cancelled")]
    Cancelled,
}

/// Turns what a system call said into an error about `path`.
pub(super) fn failed<E: Into<io::Error>>(path: &[u8], action: &'static str) -> impl FnOnce(E) -> UpperError {
    let path = escape_bytes(&path[..path.len().min(400)]);
    move |source| UpperError::Io { path, action, source: source.into() }
}

/// What stands at a name.
pub(super) enum Standing {
    /// Nothing.
    Nothing,
    /// The overlay's mark that what lies below is gone.
    Whiteout,
    /// A socket: no layer holds any.
    Socket,
    /// Something a layer can hold.
    Found(Found),
}

/// Something a layer can hold, with what only its folder knows.
pub(super) struct Found {
    pub(super) node: Node,
    /// What lies below this folder does not show through.
    pub(super) opaque: bool,
    /// An attribute that means content or a name stands elsewhere.
    pub(super) elsewhere: Option<String>,
    /// Device and inode of a file with several names.
    pub(super) inode: Option<(u64, u64)>,
    /// Its time, as precisely as the file system knows it.
    pub(super) time: Timespec,
    /// Held open, where it is a file or a folder.
    pub(super) open: Option<OwnedFd>,
}

/// Opens the folder at `path` beneath `root`; the root itself for the empty path.
pub fn open_folder(root: BorrowedFd<'_>, path: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    for _ in 0..16 {
        let path = if path.is_empty() { b"." } else { path };
        match openat2(root, path, flags, Mode::empty(), resolve) {
            // Something was renamed meanwhile.
            Err(Errno::AGAIN) => {}
            other => return other,
        }
    }
    Err(Errno::AGAIN)
}

/// Opens a file to read it, whatever else may stand there by now.
pub(super) fn open_file(folder: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = openat(folder, name, flags, Mode::empty())?;
    if FileType::from_raw_mode(fstat(&file)?.st_mode) == FileType::RegularFile { Ok(file) } else { Err(Errno::INVAL) }
}

/// The names in a folder, sorted.
pub(super) fn names_in(folder: BorrowedFd<'_>) -> Result<Vec<Box<[u8]>>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            names.push(name.into());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// What stands at `name` in a folder.
pub(super) fn standing(folder: BorrowedFd<'_>, name: &[u8]) -> Result<Standing, Errno> {
    let stat = match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(Errno::NOENT) => return Ok(Standing::Nothing),
        Err(errno) => return Err(errno),
    };
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return file(&stat, open_file(folder, name)?),
        FileType::Directory => return open_folder(folder, name).and_then(self::folder).map(Standing::Found),
        FileType::Symlink => Kind::Symlink(readlinkat(folder, name, Vec::new())?.into_bytes().into()),
        FileType::CharacterDevice if stat.st_rdev == 0 => return Ok(Standing::Whiteout),
        FileType::CharacterDevice => Kind::Char { major: major(&stat), minor: minor(&stat) },
        FileType::BlockDevice => Kind::Block { major: major(&stat), minor: minor(&stat) },
        FileType::Fifo => Kind::Fifo,
        FileType::Socket => return Ok(Standing::Socket),
        FileType::Unknown => return Err(Errno::INVAL),
    };
    Ok(Standing::Found(found(&stat, kind, Attributes::default())))
}

/// The folder held open.
pub(super) fn folder(open: OwnedFd) -> Result<Found, Errno> {
    let stat = fstat(&open)?;
    let attributes = attributes(open.as_fd())?;
    Ok(Found { open: Some(open), ..found(&stat, Kind::Folder, attributes) })
}

fn file(stat: &Stat, open: OwnedFd) -> Result<Standing, Errno> {
    let attributes = attributes(open.as_fd())?;
    if stat.st_size == 0 && attributes.whiteout {
        return Ok(Standing::Whiteout);
    }
    let kind = Kind::File { size: u64::try_from(stat.st_size).unwrap_or(0), digest: None };
    let inode = (stat.st_nlink > 1).then_some((stat.st_dev, stat.st_ino));
    Ok(Standing::Found(Found { inode, open: Some(open), ..found(stat, kind, attributes) }))
}

fn found(stat: &Stat, kind: Kind, attributes: Attributes) -> Found {
    let node = Node {
        kind,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        mtime: stat.st_mtime,
        xattrs: attributes.kept,
    };
    let time = Timespec { tv_sec: stat.st_mtime, tv_nsec: i64::try_from(stat.st_mtime_nsec).unwrap_or(0) };
    Found { node, opaque: attributes.opaque, elsewhere: attributes.elsewhere, inode: None, time, open: None }
}

fn major(stat: &Stat) -> u32 {
    rustix::fs::major(stat.st_rdev)
}

fn minor(stat: &Stat) -> u32 {
    rustix::fs::minor(stat.st_rdev)
}

/// What the extended attributes say.
#[derive(Default)]
struct Attributes {
    kept: Xattrs,
    opaque: bool,
    whiteout: bool,
    elsewhere: Option<String>,
}

fn attributes(open: BorrowedFd<'_>) -> Result<Attributes, Errno> {
    let mut attributes = Attributes::default();
    let mut kept = Vec::new();
    let names = read_all(|buffer| flistxattr(open, buffer))?;
    for name in names.split(|b| *b == 0).filter(|name| !name.is_empty()) {
        let overlay = name.strip_prefix(b"trusted.overlay.").or_else(|| name.strip_prefix(b"user.overlay."));
        let value = || read_all(|buffer| fgetxattr(open, name, buffer));
        match (overlay, name) {
            // `x` only says that whiteouts in it may be attributes; all that is below shows through.
            (Some(b"opaque"), _) | (_, b"user.fuseoverlayfs.opaque") => attributes.opaque |= value()? == b"y",
            (Some(b"whiteout"), _) => attributes.whiteout = true,
            (Some(b"redirect" | b"metacopy"), _) => attributes.elsewhere = Some(escape_bytes(name)),
            (Some(_), _) => {}
            (None, name) if name.starts_with(b"user.fuseoverlayfs.") => {}
            (None, name) if name == b"security.capability" || name.starts_with(b"user.") => {
                kept.push((name.into(), value()?.into()));
            }
            (None, _) => {}
        }
    }
    kept.sort();
    attributes.kept = kept.into();
    Ok(attributes)
}

/// What fills as much of a buffer as it needs; nothing where the file system has no attributes.
fn read_all(mut fill: impl FnMut(&mut [u8]) -> Result<usize, Errno>) -> Result<Vec<u8>, Errno> {
    let mut buffer = vec![0; 512];
    loop {
        match fill(&mut buffer) {
            Ok(count) => {
                buffer.truncate(count);
                return Ok(buffer);
            }
            Err(Errno::RANGE) if buffer.len() < MAX_XATTR => buffer.resize(MAX_XATTR, 0),
            Err(Errno::NOTSUP) => return Ok(Vec::new()),
            Err(errno) => return Err(errno),
        }
    }
}

/// Sets when something was last modified.
pub(super) fn settle(folder: BorrowedFd<'_>, name: &[u8], time: Timespec) -> Result<(), Errno> {
    let omit = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    let times = Timestamps { last_access: omit, last_modification: time };
    let name = if name.is_empty() { b"." } else { name };
    utimensat(folder, name, &times, AtFlags::SYMLINK_NOFOLLOW)
}

/// Whether a reader of the image could not tell the two apart but for their times, where files have the same content.
pub(super) fn alike(a: &Node, b: &Node) -> bool {
    a.kind == b.kind && a.mode == b.mode && a.uid == b.uid && a.gid == b.gid && a.xattrs == b.xattrs
}

/// Whether two open files hold the same bytes.
pub(super) fn same_content(a: BorrowedFd<'_>, b: BorrowedFd<'_>, cancelled: &dyn Fn() -> bool) -> Result<bool, Errno> {
    let (mut left, mut right) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    let mut at = 0;
    loop {
        if cancelled() {
            return Err(Errno::CANCELED);
        }
        let (count, other) = (fill(a, &mut left, at)?, fill(b, &mut right, at)?);
        if left[..count] != right[..other] {
            return Ok(false);
        }
        if count < left.len() {
            return Ok(true);
        }
        at += count as u64;
    }
}

fn fill(file: BorrowedFd<'_>, buffer: &mut [u8], at: u64) -> Result<usize, Errno> {
    let mut filled = 0;
    while filled < buffer.len() {
        match rustix::io::pread(file, &mut buffer[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(filled)
}
