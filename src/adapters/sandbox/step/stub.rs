//! The stub: the lowest folder of a step's stack, with the mount points and settings an image lacks, so that none of them
//! ever shows in a layer.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2, readlinkat};
use rustix::io::Errno;

use super::root::places;
use crate::adapters::sandbox::wire::{Refusal, StepSpec};

/// Links followed to where something is missing.
const MAX_LINKS: usize = 8;
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

/// Where `place` would have to be made; `None` where it is there.
fn missing(view: Option<BorrowedFd<'_>>, place: &str) -> io::Result<Option<PathBuf>> {
    let Some(view) = view else { return Ok(Some(place.into())) };
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let open =
        |path: &Path, more: OFlags| openat2(view, path, OFlags::PATH | OFlags::CLOEXEC | more, Mode::empty(), resolve);
    let mut at = PathBuf::from(place);
    for _ in 0..MAX_LINKS {
        match open(&at, OFlags::empty()) {
            Ok(_) => return Ok(None),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        // Nothing there, or a link that leads to nothing.
        let Ok(link) = open(&at, OFlags::NOFOLLOW) else { return Ok(Some(at)) };
        let target = readlinkat(&link, "", Vec::new())?;
        let target = PathBuf::from(std::ffi::OsStr::new(&*String::from_utf8_lossy(target.as_bytes())));
        let base = if target.is_absolute() { Path::new("") } else { at.parent().unwrap_or(Path::new("")) };
        at = within(base, &target);
    }
    Err(io::ErrorKind::InvalidInput.into())
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
