//! Discarding: what a package manager leaves for itself (lists, logs, caches) is taken out of an upper folder before it is
//! packed. Knows no package manager and packs nothing.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, fremovexattr, statat, unlinkat};
use rustix::io::Errno;

use super::upper::{UpperError, failed, folder, names_in, open_folder};
use crate::domain::layer::{normalise, split};

/// The marks of an opaque folder.
const OPAQUE: &[&str] = &["trusted.overlay.opaque", "user.overlay.opaque", "user.fuseoverlayfs.opaque"];

/// Takes changes out of `upper`, as if the step had never touched the paths: what lies below shows through again.
///
/// A path is absolute: `/var/log/dpkg.log` is that path with all in it, `/var/cache/apt/**` all in that folder, which
/// itself stays, `/var/log/dnf.*` all names in `/var/log` that begin so. Symlinks on the way are not followed: nothing is there. What a step took away with a folder above the
/// path stays away. The overlay must not be mounted any more.
pub fn discard(upper: BorrowedFd<'_>, paths: &[&str]) -> Result<(), UpperError> {
    for path in paths {
        match path.strip_suffix("/**") {
            Some("") => empty(upper, b"")?,
            Some(folder) => empty(upper, &normalise(folder.as_bytes())?)?,
            None => {
                let path = normalise(path.as_bytes())?;
                match split(&path) {
                    (above, name) if name.contains(&b'*') => remove_matching(upper, above, name)?,
                    _ => remove(upper, &path)?,
                }
            }
        }
    }
    Ok(())
}

/// The folder, where there is one.
fn opened(upper: BorrowedFd<'_>, path: &[u8]) -> Result<Option<OwnedFd>, UpperError> {
    match open_folder(upper, path) {
        Ok(folder) => Ok(Some(folder)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(errno) => Err(failed(path, "open")(errno)),
    }
}

fn is_folder(folder: BorrowedFd<'_>, name: &[u8]) -> Result<Option<bool>, Errno> {
    match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode) == FileType::Directory)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Removes one path with all in it.
fn remove(upper: BorrowedFd<'_>, path: &[u8]) -> Result<(), UpperError> {
    let (above, name) = split(path);
    if name.is_empty() {
        return empty(upper, path);
    }
    let Some(above) = opened(upper, above)? else { return Ok(()) };
    let Some(is_folder) = is_folder(above.as_fd(), name).map_err(failed(path, "read"))? else { return Ok(()) };
    let flags = if is_folder { AtFlags::REMOVEDIR } else { AtFlags::empty() };
    if is_folder {
        empty(upper, path)?;
    }
    unlinkat(&above, name, flags).map_err(failed(path, "remove"))
}

/// Removes the names in a folder that match a pattern with one `*`.
fn remove_matching(upper: BorrowedFd<'_>, above: &[u8], pattern: &[u8]) -> Result<(), UpperError> {
    let star = pattern.iter().position(|b| *b == b'*').unwrap_or(0);
    let (begin, end) = (&pattern[..star], &pattern[star + 1..]);
    let Some(folder) = opened(upper, above)? else { return Ok(()) };
    for name in names_in(folder.as_fd()).map_err(failed(above, "list"))? {
        let fits = name.len() >= begin.len() + end.len() && name.starts_with(begin) && name.ends_with(end);
        if fits {
            remove(upper, &[above, b"/", &name].concat())?;
        }
    }
    Ok(())
}

/// Removes everything in a folder, and the mark that hides what lies below it.
fn empty(upper: BorrowedFd<'_>, path: &[u8]) -> Result<(), UpperError> {
    let Some(top) = opened(upper, path)? else { return Ok(()) };
    let mut folders: Vec<Box<[u8]>> = vec![path.into()];
    let mut at = 0;
    while at < folders.len() {
        let here = folders[at].clone();
        at += 1;
        let open = open_folder(upper, &here).map_err(failed(&here, "open"))?;
        for name in names_in(open.as_fd()).map_err(failed(&here, "list"))? {
            let full = if here.is_empty() { name.to_vec() } else { [&*here, b"/", &*name].concat() };
            match is_folder(open.as_fd(), &name).map_err(failed(&full, "read"))? {
                Some(true) => folders.push(full.into()),
                Some(false) => unlinkat(&open, &*name, AtFlags::empty()).map_err(failed(&full, "remove"))?,
                None => {}
            }
        }
    }
    for here in folders[1..].iter().rev() {
        let (above, name) = split(here);
        open_folder(upper, above)
            .and_then(|above| unlinkat(&above, name, AtFlags::REMOVEDIR))
            .map_err(failed(here, "remove"))?;
    }
    let mark = top.try_clone().map_err(failed(path, "open"))?;
    if folder(mark).map_err(failed(path, "read"))?.opaque {
        for name in OPAQUE {
            match fremovexattr(&top, *name) {
                Ok(()) | Err(Errno::NODATA | Errno::NOTSUP | Errno::PERM) => {}
                Err(errno) => return Err(failed(path, "change")(errno)),
            }
        }
    }
    Ok(())
}
