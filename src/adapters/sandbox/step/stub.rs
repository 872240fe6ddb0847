//! The stub: the lowest folder of a step's stack, with the mount points and settings an image lacks, so that none of them
//! ever shows in a layer.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat2, readlinkat};
use rustix::io::Errno;

use super::root::places;
use crate::adapters::sandbox::wire::{Refusal, StepSpec};

/// Links followed to where something is missing.
const MAX_LINKS: usize = 16;
/// apt gives up its own user only where it is told to: there is one id.
const APT: (&str, &str) = ("etc/apt/apt.conf.d/zz-single-id", "APT::Sandbox::User \"root\";\n");

/// Makes what `view` (the snapshots, merged) does not have of the places the step's mounts need.
pub(in crate::adapters::sandbox) fn make(
    spec: &StepSpec,
    view: Option<BorrowedFd<'_>>,
    single: bool,
) -> Result<(), Refusal> {
    let fail = |place: &str| {
        let message = format!("no mount point for /{place}");
        move |error: io::Error| Refusal { message, causes: vec![error.to_string()] }
    };
    for (place, is_file) in places(spec) {
        if let Some(missing) = missing(view, &place).map_err(fail(&place))? {
            put(&spec.stub, &missing, is_file.then_some("")).map_err(fail(&place))?;
        }
    }
    if single {
        put(&spec.stub, Path::new(APT.0), Some(APT.1)).map_err(fail(APT.0))?;
    }
    // A read-only stack of nothing but this needs a second folder.
    std::fs::create_dir_all(spec.stub.join("proc")).map_err(fail("proc"))
}

/// Where `place` would have to be made, free of links, which an image may have anywhere on the way; `None` where it is
/// there.
fn missing(view: Option<BorrowedFd<'_>>, place: &str) -> io::Result<Option<PathBuf>> {
    let Some(view) = view else { return Ok(Some(place.into())) };
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let (mut at, mut absent, mut links) = (PathBuf::new(), false, 0);
    let parts = |path: &Path| path.iter().rev().map(OsStr::to_owned).collect::<Vec<_>>();
    let mut ahead = parts(Path::new(place));
    while let Some(part) = ahead.pop() {
        let next = within(&at, Path::new(&part));
        let found = match openat2(
            view,
            if next.as_os_str().is_empty() { Path::new(".") } else { &next },
            flags,
            Mode::empty(),
            resolve,
        ) {
            Ok(found) => found,
            Err(Errno::NOENT) => {
                (at, absent) = (next, true);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if FileType::from_raw_mode(fstat(&found)?.st_mode) != FileType::Symlink {
            at = next;
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            return Err(Errno::LOOP.into());
        }
        let target = PathBuf::from(OsString::from_vec(readlinkat(&found, "", Vec::new())?.into_bytes()));
        if target.is_absolute() {
            at = PathBuf::new();
        }
        ahead.extend(parts(&target));
    }
    Ok(absent.then_some(at))
}

/// `target` seen from `base`, without ever leaving the root.
fn within(base: &Path, target: &Path) -> PathBuf {
    let mut parts: Vec<&std::ffi::OsStr> = base.iter().collect();
    for part in target.components() {
        match part {
            std::path::Component::Normal(name) => parts.push(name),
            std::path::Component::ParentDir => {
                parts.pop();
            }
            _ => {}
        }
    }
    parts.iter().collect()
}

/// A folder, or a file with its content, and the folders above.
fn put(stub: &Path, place: &Path, content: Option<&str>) -> io::Result<()> {
    let path = stub.join(within(Path::new(""), place));
    match content {
        None => std::fs::create_dir_all(path),
        Some(content) => {
            std::fs::create_dir_all(path.parent().unwrap_or(stub))?;
            std::fs::write(path, content)
        }
    }
}
