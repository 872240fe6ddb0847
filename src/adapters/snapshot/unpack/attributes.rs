//! Owner, mode, extended attributes and time of what an extraction made. Decides which attributes a snapshot holds.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{
    AtFlags, Gid, Mode, Timespec, Timestamps, UTIME_OMIT, Uid, XattrFlags, chownat, fchmod, fchown, flistxattr,
    flistxattr_query, fremovexattr, fsetxattr, futimens, utimensat,
};
use rustix::io::Errno;

use super::error::UnpackError;
use crate::domain::layer::Node;
use crate::domain::text::escape_bytes;

/// Whether files get the owners the layer names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owners {
    /// Yes: what cannot be given its owner is an error.
    Keep,
    /// No: everything belongs to whoever extracts, as only one id is mapped.
    Ignore,
}

/// Attributes a snapshot holds; of others (SELinux labels, ACLs, `trusted.*`) the host has its own idea.
fn is_kept(name: &[u8]) -> bool {
    name == b"security.capability" || (name.starts_with(b"user.") && !is_overlays(name))
}

/// Attributes by which overlayfs is controlled.
fn is_overlays(name: &[u8]) -> bool {
    name.starts_with(b"trusted.overlay.") || name.starts_with(b"user.overlay.")
}

/// Refuses a node that would mean something to overlayfs (T-09).
pub(super) fn check(path: &[u8], node: &Node) -> Result<(), UnpackError> {
    match node.xattrs.iter().find(|(name, _)| is_overlays(name)) {
        None => Ok(()),
        Some((name, _)) => Err(UnpackError::Refused {
            family: "T-09",
            path: escape_bytes(path),
            why: format!("{} would control the overlay", escape_bytes(name)),
        }),
    }
}

pub(super) fn seconds(mtime: i64) -> Timespec {
    Timespec { tv_sec: mtime, tv_nsec: 0 }
}

fn modified(mtime: Timespec) -> Timestamps {
    Timestamps { last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT }, last_modification: mtime }
}

/// Sets the time of something open.
pub(super) fn set_time(fd: BorrowedFd<'_>, mtime: Timespec) -> Result<(), Errno> {
    futimens(fd, &modified(mtime))
}

/// Owner, mode and attributes of a file, folder or pipe that is open for more than its path; `fresh` when it was just
/// made and has no attributes yet. The mode comes after the owner, which takes set-id bits and capabilities away.
pub(super) fn apply(
    fd: BorrowedFd<'_>,
    path: &[u8],
    node: &Node,
    owners: Owners,
    fresh: bool,
) -> Result<(), UnpackError> {
    if owners == Owners::Keep {
        fchown(fd, Some(Uid::from_raw(node.uid)), Some(Gid::from_raw(node.gid)))
            .map_err(UnpackError::io("give its owner to", path))?;
    }
    fchmod(fd, Mode::from_raw_mode(node.mode)).map_err(UnpackError::io("set the mode of", path))?;
    if !fresh {
        strip(fd, node).map_err(UnpackError::io("take extended attributes from", path))?;
    }
    for (name, value) in node.xattrs.iter().filter(|(name, _)| is_kept(name)) {
        match fsetxattr(fd, &**name, value, XattrFlags::empty()) {
            Ok(()) => {}
            // Not every file system has these, and no program may depend on them.
            Err(Errno::OPNOTSUPP | Errno::PERM) if name.starts_with(b"user.") => {}
            Err(errno) => return Err(UnpackError::io("set extended attributes of", path)(errno)),
        }
    }
    Ok(())
}

/// Takes away attributes the node does not have.
fn strip(fd: BorrowedFd<'_>, node: &Node) -> Result<(), Errno> {
    let size = match flistxattr_query(fd) {
        Ok(0) | Err(Errno::OPNOTSUPP) => return Ok(()),
        Ok(size) => size,
        Err(errno) => return Err(errno),
    };
    let mut names = vec![0_u8; size];
    let length = flistxattr(fd, &mut names[..])?;
    for name in names[..length].split(|b| *b == 0).filter(|name| is_kept(name)) {
        if !node.xattrs.iter().any(|(kept, _)| **kept == *name) {
            fremovexattr(fd, name)?;
        }
    }
    Ok(())
}

/// Owner and time of a symlink; it has no mode of its own.
pub(super) fn apply_to_link(
    parent: BorrowedFd<'_>,
    name: &[u8],
    path: &[u8],
    node: &Node,
    owners: Owners,
) -> Result<(), UnpackError> {
    let (uid, gid) = (Uid::from_raw(node.uid), Gid::from_raw(node.gid));
    if owners == Owners::Keep {
        chownat(parent, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(UnpackError::io("give its owner to", path))?;
    }
    utimensat(parent.as_fd(), name, &modified(seconds(node.mtime)), AtFlags::SYMLINK_NOFOLLOW)
        .map_err(UnpackError::io("set the time of", path))
}
