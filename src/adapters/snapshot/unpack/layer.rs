//! Extracting a layer into a folder: it then holds what `domain::layer::Tree` says it holds, and nothing beside it changes.
//! Knows neither where the bytes come from nor what the folder is for.
//!
//! Everything is done relative to descriptors of folders that were opened without following links; what stands in the way
//! is taken away first, never written through.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, Timespec, fstat, linkat, mkdirat, mknodat, openat, renameat, statat, symlinkat,
};
use rustix::io::Errno;

use super::attributes::{self, Owners, seconds};
use super::error::UnpackError;
use super::place::{Lookup, Place, open_below, open_folder};
use super::remove;
use crate::domain::layer::{Entry, Kind, Limits, Marker, Node, ScanError, Scanner, TreeError, split};
use crate::domain::text::escape_bytes;

const PIECE: usize = 128 << 10;
/// A name no entry of a layer can have, for a link until its place is free.
const PASSING: &[u8] = b".wh..wh.bakery-link";

/// What a layer takes away from those below it: applied before any of its entries (T-07). Normalised paths, as in
/// [`LayerContents`](crate::domain::layer::LayerContents).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Paths that are gone.
    pub whiteouts: Vec<Box<[u8]>>,
    /// Folders whose lower content is gone.
    pub opaques: Vec<Box<[u8]>>,
}

/// How to extract.
pub struct Options<'a> {
    /// Whether files get the owners the layer names.
    pub owners: Owners,
    /// Bounds of the archive.
    pub limits: Limits,
    /// Asked before every entry and every piece of content.
    pub cancelled: &'a dyn Fn() -> bool,
}

/// What was extracted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Entries, those skipped and markers not counted.
    pub entries: u64,
    /// Bytes of content, holes included.
    pub bytes: u64,
    /// Devices, and further names of devices: a snapshot has none (T-08).
    pub skipped: u64,
}

/// Extracts an uncompressed tar stream into `root`: an empty folder for the lowest layer, else the merged view of the
/// layers below, such as a mounted overlay whose upper folder becomes the layer's snapshot. `marks` are the archive's own
/// whiteouts; those met on the way are passed over. After an error `root` holds a part, and is to be removed.
pub fn unpack(
    root: BorrowedFd<'_>,
    marks: &Marks,
    tar: impl Read,
    options: &Options<'_>,
) -> Result<Unpacked, UnpackError> {
    let mut extraction = Extraction {
        lookup: Lookup::new(root),
        times: BTreeMap::new(),
        skipped: HashSet::new(),
        options,
        buffer: vec![0; PIECE],
        done: Unpacked::default(),
    };
    for folder in &marks.opaques {
        extraction.check_cancelled()?;
        extraction.empty(folder)?;
    }
    for path in &marks.whiteouts {
        extraction.check_cancelled()?;
        extraction.whiteout(path)?;
    }
    let mut scanner = Scanner::new(BufReader::with_capacity(PIECE, tar), options.limits);
    while let Some(entry) = scanner.advance()? {
        extraction.check_cancelled()?;
        if Marker::of(&entry.path)? == Marker::None {
            extraction.entry(&entry, &mut scanner)?;
        }
    }
    extraction.set_times()?;
    Ok(extraction.done)
}

struct Extraction<'a> {
    lookup: Lookup<'a>,
    /// What the times of folders will be when their content is there.
    times: BTreeMap<Box<[u8]>, Timespec>,
    /// Where devices would stand.
    skipped: HashSet<Box<[u8]>>,
    options: &'a Options<'a>,
    buffer: Vec<u8>,
    done: Unpacked,
}

impl Extraction<'_> {
    fn check_cancelled(&self) -> Result<(), UnpackError> {
        if (self.options.cancelled)() { Err(UnpackError::Cancelled) } else { Ok(()) }
    }

    /// An opaque folder: what it holds is gone.
    fn empty(&mut self, folder: &[u8]) -> Result<(), UnpackError> {
        let Some(place) = self.lookup.existing(folder)? else { return Ok(()) };
        self.keep_time(&place.path, place.fd.as_fd())?;
        self.lookup.forget();
        remove::clear(place.fd.as_fd()).map_err(UnpackError::io("empty", folder))
    }

    fn whiteout(&mut self, path: &[u8]) -> Result<(), UnpackError> {
        let (folder, name) = split(path);
        if name.is_empty() {
            return Ok(());
        }
        let Some(place) = self.lookup.existing(folder)? else { return Ok(()) };
        self.keep_time(&place.path, place.fd.as_fd())?;
        self.displace(place.fd.as_fd(), path)
    }

    fn entry(&mut self, entry: &Entry, content: &mut impl Read) -> Result<(), UnpackError> {
        let Entry { path, node } = entry;
        attributes::check(path, node)?;
        if path.is_empty() {
            return self.root(node);
        }
        let (folder, name) = split(path);
        let place = self.parent(folder, node.mtime)?;
        let path = join(&place.path, name);
        let parent = place.fd.as_fd();
        match &node.kind {
            Kind::Folder => drop(self.folder(parent, &path, node)?),
            Kind::File { .. } => self.file(parent, &path, node, content)?,
            Kind::Symlink(target) => {
                self.make(parent, &path, || symlinkat(&**target, parent, name))?;
                attributes::apply_to_link(parent, name, &path, node, self.options.owners)?;
            }
            Kind::Hardlink(target) => return self.hardlink(&place, &path, target),
            Kind::Fifo => self.fifo(parent, &path, node)?,
            Kind::Char { .. } | Kind::Block { .. } => {
                self.displace(parent, &path)?;
                self.skipped.insert(path.into());
                self.done.skipped += 1;
                return Ok(());
            }
        }
        self.done.entries += 1;
        Ok(())
    }

    /// The root's own entry says everything of it but its type (T-04).
    fn root(&mut self, node: &Node) -> Result<(), UnpackError> {
        let fd = open_below(self.lookup.root(), b"", OFlags::RDONLY | OFlags::DIRECTORY)
            .map_err(UnpackError::io("open", b""))?;
        attributes::apply(fd.as_fd(), b"", node, self.options.owners, false)?;
        self.times.insert(Box::default(), seconds(node.mtime));
        self.done.entries += 1;
        Ok(())
    }

    /// The folder an entry belongs in, made where it is missing.
    fn parent(&mut self, raw: &[u8], mtime: i64) -> Result<Rc<Place>, UnpackError> {
        let place = match self.lookup.existing(raw)? {
            Some(place) => place,
            None => {
                let path = self.lookup.resolve(raw)?.path;
                let fd = self.make_folders(&path, mtime)?;
                Rc::new(Place { fd, path: path.into() })
            }
        };
        self.keep_time(&place.path, place.fd.as_fd())?;
        Ok(place)
    }

    /// Makes a path without links, and all above it, folders: 0755, root's, in the place of whatever is none (T-21).
    fn make_folders(&mut self, path: &[u8], mtime: i64) -> Result<OwnedFd, UnpackError> {
        let open = |folder: &dyn AsFd, name: &[u8]| {
            open_folder(folder.as_fd(), name, OFlags::PATH).map_err(UnpackError::io("open", path))
        };
        let missing = || UnpackError::io("open", path)(Errno::NOENT);
        let mut here = open(&self.lookup.root(), b"")?.ok_or_else(missing)?;
        let mut at = Vec::new();
        for part in path.split(|b| *b == b'/').filter(|part| !part.is_empty()) {
            let next = join(&at, part);
            here = match open(&here, part)? {
                Some(fd) => fd,
                None => {
                    self.keep_time(&at, here.as_fd())?;
                    self.folder(here.as_fd(), &next, &Node::plain_folder(mtime))?
                }
            };
            at = next;
        }
        Ok(here)
    }

    /// Remembers the time of a folder that is going to be changed.
    fn keep_time(&mut self, path: &[u8], fd: BorrowedFd<'_>) -> Result<(), UnpackError> {
        if !self.times.contains_key(path) {
            let stat = fstat(fd).map_err(UnpackError::io("stat", path))?;
            let nanoseconds = i64::try_from(stat.st_mtime_nsec).unwrap_or(0);
            self.times.insert(path.into(), Timespec { tv_sec: stat.st_mtime, tv_nsec: nanoseconds });
        }
        Ok(())
    }

    /// Takes away what stands at a path, if anything does.
    fn displace(&mut self, parent: BorrowedFd<'_>, path: &[u8]) -> Result<(), UnpackError> {
        let name = split(path).1;
        let kind = match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => FileType::from_raw_mode(stat.st_mode),
            Err(Errno::NOENT) => return Ok(()),
            Err(errno) => return Err(UnpackError::io("stat", path)(errno)),
        };
        if matches!(kind, FileType::Symlink | FileType::Directory) {
            self.lookup.forget();
        }
        let name = std::ffi::CString::new(name).map_err(|_| UnpackError::io("remove", path)(Errno::INVAL))?;
        remove::remove(parent, &name).map_err(UnpackError::io("remove", path))
    }

    /// Makes something that must not be there yet, after taking away what is.
    fn make<T>(
        &mut self,
        parent: BorrowedFd<'_>,
        path: &[u8],
        make: impl Fn() -> Result<T, Errno>,
    ) -> Result<T, UnpackError> {
        match make() {
            Err(Errno::EXIST) => {
                self.displace(parent, path)?;
                make().map_err(UnpackError::io("make", path))
            }
            made => made.map_err(UnpackError::io("make", path)),
        }
    }

    fn folder(&mut self, parent: BorrowedFd<'_>, path: &[u8], node: &Node) -> Result<OwnedFd, UnpackError> {
        let name = split(path).1;
        let open = || open_folder(parent, name, OFlags::RDONLY).map_err(UnpackError::io("open", path));
        let mut fresh = true;
        match mkdirat(parent, name, Mode::RWXU) {
            Ok(()) => {}
            Err(Errno::EXIST) => match open()? {
                Some(_) => fresh = false,
                None => {
                    self.displace(parent, path)?;
                    mkdirat(parent, name, Mode::RWXU).map_err(UnpackError::io("make", path))?;
                }
            },
            Err(errno) => return Err(UnpackError::io("make", path)(errno)),
        }
        let fd = open()?.ok_or_else(|| UnpackError::io("open", path)(Errno::NOENT))?;
        attributes::apply(fd.as_fd(), path, node, self.options.owners, fresh)?;
        self.times.insert(path.into(), seconds(node.mtime));
        Ok(fd)
    }

    fn file(
        &mut self,
        parent: BorrowedFd<'_>,
        path: &[u8],
        node: &Node,
        content: &mut impl Read,
    ) -> Result<(), UnpackError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let name = split(path).1;
        let fd = self.make(parent, path, || openat(parent, name, flags, Mode::RUSR | Mode::WUSR))?;
        let mut file = File::from(fd);
        self.copy(&mut file, path, content)?;
        attributes::apply(file.as_fd(), path, node, self.options.owners, true)?;
        attributes::set_time(file.as_fd(), seconds(node.mtime)).map_err(UnpackError::io("set the time of", path))
    }

    /// Writes a file's content; pieces of nothing but zeros stay holes (T-15).
    fn copy(&mut self, file: &mut File, path: &[u8], content: &mut impl Read) -> Result<(), UnpackError> {
        let failed = |source| UnpackError::Io { action: "write", path: escape_bytes(path), source };
        let mut length = 0;
        let mut ends_in_hole = false;
        loop {
            let mut filled = 0;
            while filled < PIECE {
                match content.read(&mut self.buffer[filled..]) {
                    Ok(0) => break,
                    Ok(count) => filled += count,
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(ScanError::from(error).into()),
                }
            }
            let piece = &self.buffer[..filled];
            ends_in_hole = match filled {
                0 => break,
                PIECE if piece.iter().all(|b| *b == 0) => {
                    file.seek(SeekFrom::Current(PIECE as i64)).map_err(failed)?;
                    true
                }
                _ => {
                    file.write_all(piece).map_err(failed)?;
                    false
                }
            };
            length += filled as u64;
            if filled < PIECE {
                break;
            }
            self.check_cancelled()?;
        }
        if ends_in_hole {
            file.set_len(length).map_err(failed)?;
        }
        self.done.bytes += length;
        Ok(())
    }

    fn fifo(&mut self, parent: BorrowedFd<'_>, path: &[u8], node: &Node) -> Result<(), UnpackError> {
        let name = split(path).1;
        self.make(parent, path, || mknodat(parent, name, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0))?;
        // Without waiting for somebody at its other end.
        let fd = open_below(parent, name, OFlags::RDONLY | OFlags::NONBLOCK).map_err(UnpackError::io("open", path))?;
        attributes::apply(fd.as_fd(), path, node, self.options.owners, true)?;
        attributes::set_time(fd.as_fd(), seconds(node.mtime)).map_err(UnpackError::io("set the time of", path))
    }

    /// A further name of what stands at `target`, even if that is a symlink; folders have one name (T-03).
    fn hardlink(&mut self, place: &Place, path: &[u8], target: &[u8]) -> Result<(), UnpackError> {
        let fail = |why| TreeError::Hardlink { path: escape_bytes(path), target: escape_bytes(target), why }.into();
        let (folder, target_name) = split(target);
        if target_name.is_empty() {
            return Err(fail("is a folder"));
        }
        let Some(source) = self.lookup.existing(folder)? else { return Err(fail("is not there")) };
        let found = join(&source.path, target_name);
        match statat(&source.fd, target_name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => {
                return Err(fail("is a folder"));
            }
            Ok(_) => {}
            Err(Errno::NOENT) if self.skipped.contains(&*found) => {
                self.displace(place.fd.as_fd(), path)?;
                self.skipped.insert(path.into());
                self.done.skipped += 1;
                return Ok(());
            }
            Err(Errno::NOENT) => return Err(fail("is not there")),
            Err(errno) => return Err(UnpackError::io("stat", path)(errno)),
        }
        self.done.entries += 1;
        if found == path {
            return Ok(());
        }
        let (parent, name) = (place.fd.as_fd(), split(path).1);
        let link = |name: &[u8]| linkat(&source.fd, target_name, parent, name, AtFlags::empty());
        match link(name) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => {
                // What it replaces may hold the target.
                link(PASSING).map_err(UnpackError::io("link", path))?;
                self.displace(parent, path)?;
                renameat(parent, PASSING, parent, name).map_err(UnpackError::io("link", path))
            }
            Err(errno) => Err(UnpackError::io("link", path)(errno)),
        }
    }

    /// Folders get their times when nothing in them changes any more; those replaced meanwhile have none.
    fn set_times(&self) -> Result<(), UnpackError> {
        for (path, mtime) in &self.times {
            let folder = open_folder(self.lookup.root(), path, OFlags::RDONLY);
            if let Some(fd) = folder.map_err(UnpackError::io("open", path))? {
                attributes::set_time(fd.as_fd(), *mtime).map_err(UnpackError::io("set the time of", path))?;
            }
        }
        Ok(())
    }
}

fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}
