//! Unpacking: a layer's tar extracted on top of what lies below it, by descriptors. Means what applying the layer to a
//! [`Tree`](crate::domain::layer::Tree) means; makes no device, ever.

use std::io::{self, Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_OMIT, Uid, XattrFlags, chmodat, chownat,
    fchmod, fchown, fsetxattr, fstat, futimens, linkat, mkdirat, mknodat, openat, renameat, statat, symlinkat,
};
use rustix::io::Errno;

use super::place::Places;
use super::remove::{clear, remove};
use super::upper::settle;
use crate::domain::layer::{Entry, Kind, Limits, Marker, Node, ScanError, Scanner, split};
use crate::domain::text::escape_bytes;

/// Bytes copied at once.
const PIECE: usize = 128 << 10;

/// What a layer takes away from those below it: applied before any of its entries (T-07).
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// Paths that are gone.
    pub whiteouts: Vec<Box<[u8]>>,
    /// Folders whose lower content is gone.
    pub opaques: Vec<Box<[u8]>>,
}

/// What becomes of owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owners {
    /// They are set.
    Keep,
    /// There is one id; nobody else can own anything.
    Ignore,
}

/// How to unpack.
pub struct Options<'a> {
    /// What becomes of owners.
    pub owners: Owners,
    /// Asked between entries and between pieces of files; `true` ends the work.
    pub cancelled: &'a dyn Fn() -> bool,
}

/// What was unpacked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Entries made.
    pub entries: u64,
    /// Bytes of files.
    pub bytes: u64,
    /// Entries not made: devices (T-08).
    pub skipped: u64,
}

/// Why a layer cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// No usable archive.
    #[error("layer cannot be read")]
    Scan(#[from] ScanError),
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
    /// The root as something else than a folder.
    #[error("T-04: the layer makes the root a {0}")]
    Root(&'static str),
    /// A hard link to nothing, or to a folder.
    #[error("T-03: /{path}: hard link to /{target}, which {why}")]
    Hardlink {
        /// The link, escaped.
        path: String,
        /// What it names, escaped.
        target: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// An attribute overlayfs would take for its own.
    #[error("T-09: /{path} has the attribute {name}, which steers overlayfs")]
    Attribute {
        /// Which path, escaped.
        path: String,
        /// The attribute, escaped.
        name: String,
    },
    /// Somebody asked for the end.
    #[error("cancelled")]
    Cancelled,
}

fn failed<E: Into<io::Error>>(path: &[u8], action: &'static str) -> impl FnOnce(E) -> UnpackError {
    let path = escape_bytes(&path[..path.len().min(400)]);
    move |source| UnpackError::Io { path, action, source: source.into() }
}

/// Extracts an uncompressed tar into `root`: an empty folder for the lowest layer, else the merged view of those below.
pub fn unpack(
    root: BorrowedFd<'_>,
    marks: &Marks,
    tar: impl Read,
    options: &Options<'_>,
) -> Result<Unpacked, UnpackError> {
    let mut job =
        Job { root, places: Places::new(root), options, made: Unpacked::default(), piece: vec![0; PIECE].into() };
    job.apply(marks)?;
    let mut scanner = Scanner::new(tar, Limits::default());
    while let Some(entry) = scanner.advance()? {
        if (options.cancelled)() {
            return Err(UnpackError::Cancelled);
        }
        let marker = Marker::of(&entry.path).map_err(ScanError::from)?;
        if marker == Marker::None {
            job.entry(&entry, &mut scanner)?;
        }
    }
    job.places.settle_all().map_err(failed(b"", "set times"))?;
    // What follows the last entry is padding; whoever writes it waits for it to be taken.
    io::copy(&mut scanner.into_inner(), &mut io::sink()).map_err(failed(b"", "read the layer"))?;
    Ok(job.made)
}

struct Job<'a> {
    root: BorrowedFd<'a>,
    places: Places<'a>,
    options: &'a Options<'a>,
    made: Unpacked,
    piece: Box<[u8]>,
}

impl Job<'_> {
    fn apply(&mut self, marks: &Marks) -> Result<(), UnpackError> {
        for path in &marks.opaques {
            if let Some(folder) = self.places.existing(path).map_err(failed(path, "open"))? {
                clear(folder).map_err(failed(path, "empty"))?;
            }
        }
        self.places.forget();
        for path in &marks.whiteouts {
            let (above, name) = split(path);
            if let Some(folder) = self.places.existing(above).map_err(failed(above, "open"))? {
                remove(folder, name).map_err(failed(path, "remove"))?;
                // It may have been on a way.
                self.places.forget();
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry, content: &mut impl Read) -> Result<(), UnpackError> {
        let Entry { path, node } = entry;
        self.check_attributes(path, node)?;
        if path.is_empty() {
            return self.root_entry(node);
        }
        let (above, name) = split(path);
        if let Kind::Hardlink(target) = &node.kind {
            self.made.entries += 1;
            return self.hardlink(path, target, node.mtime);
        }
        let owners = self.options.owners;
        let folder = self.places.folder(above, node.mtime).map_err(failed(path, "make the folder of"))?;
        let there = standing(folder, name).map_err(failed(path, "look at"))?;
        if let (Kind::Folder, Some(FileType::Directory)) = (&node.kind, there) {
            set_folder(folder, name, node, owners).map_err(failed(path, "set owner and mode of"))?;
            self.places.set_time(path, node.mtime);
            self.made.entries += 1;
            return Ok(());
        }
        if there.is_some() {
            remove(folder, name).map_err(failed(path, "replace"))?;
        }
        match &node.kind {
            Kind::Folder => {
                mkdirat(folder, name, Mode::RWXU).map_err(failed(path, "make"))?;
                set_folder(folder, name, node, owners).map_err(failed(path, "set owner and mode of"))?;
                self.places.set_time(path, node.mtime);
            }
            Kind::File { size, .. } => {
                let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let file = openat(folder, name, flags, Mode::RUSR | Mode::WUSR).map_err(failed(path, "make"))?;
                let file =
                    copy(file, content, &mut self.piece, self.options.cancelled).map_err(|error| match error {
                        None => UnpackError::Cancelled,
                        Some(error) => failed(path, "write")(error),
                    })?;
                set_file(&file, node, owners).map_err(failed(path, "set owner and mode of"))?;
                self.made.bytes += size;
            }
            Kind::Symlink(target) => {
                symlinkat(&**target, folder, name).map_err(failed(path, "make"))?;
                set_other(folder, name, node, owners).map_err(failed(path, "set owner of"))?;
            }
            Kind::Fifo => {
                mknodat(folder, name, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).map_err(failed(path, "make"))?;
                set_other(folder, name, node, owners).map_err(failed(path, "set owner of"))?;
            }
            Kind::Char { .. } | Kind::Block { .. } | Kind::Hardlink(_) => {
                self.made.skipped += 1;
                self.places.forget();
                return Ok(());
            }
        }
        self.made.entries += 1;
        if there.is_some() || matches!(node.kind, Kind::Symlink(_)) {
            self.places.forget();
        }
        Ok(())
    }

    fn check_attributes(&self, path: &[u8], node: &Node) -> Result<(), UnpackError> {
        let steers = |name: &[u8]| {
            [b"trusted.overlay.".as_slice(), b"user.overlay.", b"user.fuseoverlayfs."]
                .iter()
                .any(|it| name.starts_with(it))
        };
        match node.xattrs.iter().find(|(name, _)| steers(name)) {
            None => Ok(()),
            Some((name, _)) => Err(UnpackError::Attribute { path: escape_bytes(path), name: escape_bytes(name) }),
        }
    }

    /// The root's own mode and owner; it stays a folder.
    fn root_entry(&mut self, node: &Node) -> Result<(), UnpackError> {
        if !node.is_folder() {
            return Err(UnpackError::Root(node.kind.as_str()));
        }
        set_folder(self.root, b".", node, self.options.owners).map_err(failed(b"", "set owner and mode of"))?;
        self.places.set_time(b"", node.mtime);
        self.made.entries += 1;
        Ok(())
    }

    /// Another name of a file; links on the way to it are followed inside the root, the file itself is not.
    fn hardlink(&mut self, path: &[u8], target: &[u8], mtime: i64) -> Result<(), UnpackError> {
        let fail = |why| UnpackError::Hardlink { path: escape_bytes(path), target: escape_bytes(target), why };
        let (target_above, target_name) = split(target);
        let from = self.places.existing(target_above).map_err(failed(target, "open"))?;
        let from = from.ok_or_else(|| fail("is not there"))?.try_clone_to_owned().map_err(failed(target, "open"))?;
        let file = match statat(&from, target_name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Err(fail("is not there")),
            Err(error) => return Err(failed(target, "look at")(error)),
        };
        if FileType::from_raw_mode(file.st_mode) == FileType::Directory {
            return Err(fail("is a folder"));
        }
        let (above, name) = split(path);
        let folder = self.places.folder(above, mtime).map_err(failed(path, "make the folder of"))?;
        match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => {
                linkat(&from, target_name, folder, name, AtFlags::empty()).map_err(failed(path, "link"))?
            }
            Err(error) => return Err(failed(path, "look at")(error)),
            Ok(there) if same(&there, &file) => return Ok(()),
            Ok(_) => {
                // The file may lie in what it replaces.
                let aside = b".bakery-link".as_slice();
                remove(self.root, aside).map_err(failed(path, "link"))?;
                linkat(&from, target_name, self.root, aside, AtFlags::empty()).map_err(failed(path, "link"))?;
                remove(folder, name).map_err(failed(path, "replace"))?;
                renameat(self.root, aside, folder, name).map_err(failed(path, "link"))?;
            }
        }
        self.places.forget();
        Ok(())
    }
}

fn same(a: &Stat, b: &Stat) -> bool {
    (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)
}

fn standing(folder: BorrowedFd<'_>, name: &[u8]) -> Result<Option<FileType>, Errno> {
    match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Copies the content; `None` as the error where somebody asked for the end.
fn copy(
    file: OwnedFd,
    content: &mut impl Read,
    piece: &mut [u8],
    cancelled: &dyn Fn() -> bool,
) -> Result<OwnedFd, Option<io::Error>> {
    let mut file = std::fs::File::from(file);
    loop {
        match content.read(piece) {
            Ok(0) => return Ok(file.into()),
            Ok(count) => file.write_all(&piece[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Some(error)),
        }
        if cancelled() {
            return Err(None);
        }
    }
}

fn ids(node: &Node) -> (Option<Uid>, Option<Gid>) {
    (Some(Uid::from_raw(node.uid)), Some(Gid::from_raw(node.gid)))
}

fn time(node: &Node) -> Timestamps {
    let omit = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    Timestamps { last_access: omit, last_modification: Timespec { tv_sec: node.mtime, tv_nsec: 0 } }
}

/// Owner before mode, which it would take set-id bits from; then attributes, which a change of owner takes away.
fn set_file(file: &OwnedFd, node: &Node, owners: Owners) -> Result<(), Errno> {
    if owners == Owners::Keep {
        let (uid, gid) = ids(node);
        fchown(file, uid, gid)?;
    }
    fchmod(file, Mode::from_raw_mode(node.mode))?;
    for (name, value) in applied(node) {
        fsetxattr(file, name, value, XattrFlags::empty())?;
    }
    futimens(file, &time(node))
}

fn set_folder(parent: BorrowedFd<'_>, name: &[u8], node: &Node, owners: Owners) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = openat(parent, name, flags, Mode::empty())?;
    if owners == Owners::Keep {
        let (uid, gid) = ids(node);
        let stat = fstat(&folder)?;
        if (stat.st_uid, stat.st_gid) != (node.uid, node.gid) {
            fchown(&folder, uid, gid)?;
        }
    }
    fchmod(&folder, Mode::from_raw_mode(node.mode))?;
    for (name, value) in applied(node) {
        fsetxattr(&folder, name, value, XattrFlags::empty())?;
    }
    Ok(())
}

fn set_other(folder: BorrowedFd<'_>, name: &[u8], node: &Node, owners: Owners) -> Result<(), Errno> {
    if owners == Owners::Keep {
        let (uid, gid) = ids(node);
        chownat(folder, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    if node.kind == Kind::Fifo {
        chmodat(folder, name, Mode::from_raw_mode(node.mode), AtFlags::empty())?;
    }
    settle(folder, name, Timespec { tv_sec: node.mtime, tv_nsec: 0 })
}

/// The attributes a snapshot carries: those that change what programs see, and none that the host's kernel acts upon.
fn applied(node: &Node) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mine = |name: &[u8]| name == b"security.capability" || name.starts_with(b"user.");
    node.xattrs.iter().filter(move |(name, _)| mine(name)).map(|(name, value)| (&**name, &**value))
}
