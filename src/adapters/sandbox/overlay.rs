//! Overlay mounts: folders stacked by the kernel. Detached until somebody attaches them.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, OpenTreeFlags, UnmountFlags, fsconfig_create,
    fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, open_tree, unmount,
};

/// Most layers the kernel stacks.
const MAX_LOWERS: usize = 500;
/// Room for all options of mount(2), the NUL at their end among them.
const MAX_OPTIONS: usize = 4096;
/// Leads nowhere, on every system.
const NOWHERE: &str = "/proc/self/fd/nowhere";

/// Why folders cannot be stacked.
#[derive(Debug, thiserror::Error)]
pub(super) enum OverlayError {
    /// Too many for the kernel.
    #[error("T-19: {0} layers, and overlayfs stacks at most 500")]
    TooMany(usize),
    /// Too many for a kernel that wants all of them named at once.
    #[error("T-19: {layers} layers, and Linux {release} stacks no more than about 200; 6.7 and newer stack 500")]
    TooManyHere {
        /// How many.
        layers: usize,
        /// Which kernel.
        release: String,
    },
    /// A folder is not taken.
    #[error("overlayfs does not take {}", folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The mount is refused.
    #[error("overlayfs cannot be mounted{words}")]
    Mount {
        /// What the kernel said beside the number.
        words: String,
        /// The number.
        #[source]
        source: io::Error,
    },
    /// Neither the kernel nor a program of the system stacks folders here.
    #[error("overlayfs is refused here ({kernel}), and fuse-overlayfs {fuse}")]
    Nobody {
        /// Why the kernel does not.
        kernel: String,
        /// Why the program does not.
        fuse: String,
    },
    /// A folder cannot be opened.
    #[error("{} cannot be opened", folder.display())]
    Open {
        /// Which.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Folders stacked: `lowers` with the topmost first, and what takes changes. Device nodes in it are inert.
pub(super) fn mount(lowers: &[&Path], writes: Option<(&Path, &Path)>, rootless: bool) -> Result<OwnedFd, OverlayError> {
    if lowers.len() > MAX_LOWERS {
        return Err(OverlayError::TooMany(lowers.len()));
    }
    static ONE_BY_ONE: OnceLock<bool> = OnceLock::new();
    if *ONE_BY_ONE.get_or_init(takes_one_by_one) {
        mount_one_by_one(lowers, writes, rootless)
    } else {
        mount_at_once(lowers, writes, rootless)
    }
}

/// Whether the kernel takes lower folders one at a time, as 6.7 and newer do. Those before 6.5 take any option until the
/// end; 6.5 and 6.6 do not know this one; newer ones look for the folder.
fn takes_one_by_one() -> bool {
    let tried =
        fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC).and_then(|fs| fsconfig_set_string(&fs, "lowerdir+", NOWHERE));
    !matches!(tried, Ok(()) | Err(Errno::INVAL))
}

/// By fsopen(2) and what belongs to it.
fn mount_one_by_one(lowers: &[&Path], writes: Option<(&Path, &Path)>, rootless: bool) -> Result<OwnedFd, OverlayError> {
    let plain = |source: rustix::io::Errno| OverlayError::Mount { words: String::new(), source: source.into() };
    let fs = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC).map_err(plain)?;
    let folder = |key: &str, folder: &Path| {
        fsconfig_set_string(&fs, key, folder).map_err(|source| {
            let source = with_words(&fs, source.into());
            OverlayError::Folder { folder: folder.to_owned(), source }
        })
    };
    fsconfig_set_string(&fs, "source", "bakery").map_err(plain)?;
    for lower in lowers {
        folder("lowerdir+", lower)?;
    }
    if let Some((upper, work)) = writes {
        folder("upperdir", upper)?;
        folder("workdir", work)?;
        // Nobody mounts these two again: what a step writes need not reach the disk before its layer is sealed.
        fsconfig_set_flag(&fs, "volatile").map_err(plain)?;
    }
    if rootless {
        fsconfig_set_flag(&fs, "userxattr").map_err(plain)?;
    } else {
        for key in ["index", "metacopy", "redirect_dir"] {
            fsconfig_set_string(&fs, key, "off").map_err(plain)?;
        }
    }
    fsconfig_create(&fs).map_err(|source| OverlayError::Mount { words: words(&fs), source: source.into() })?;
    fsmount(&fs, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::MOUNT_ATTR_NODEV).map_err(plain)
}

/// By mount(2), whose options are one text: folders are named by their descriptors, which are short and hold no comma.
/// It attaches what it makes, so the topmost folder is hidden by it for a moment; the mount namespace is the caller's own.
fn mount_at_once(lowers: &[&Path], writes: Option<(&Path, &Path)>, rootless: bool) -> Result<OwnedFd, OverlayError> {
    let mut held = Vec::with_capacity(lowers.len() + 2);
    let mut name = |folder: &Path| {
        let folder = open(folder)?;
        let name = format!("/proc/self/fd/{}", folder.as_raw_fd());
        held.push(folder);
        Ok(name)
    };
    let names = lowers.iter().map(|lower| name(lower)).collect::<Result<Vec<_>, _>>()?;
    let mut options = format!("lowerdir={}", names.join(":"));
    if let Some((upper, work)) = writes {
        options += &format!(",upperdir={},workdir={},volatile", name(upper)?, name(work)?);
    }
    options += if rootless { ",userxattr" } else { ",index=off,metacopy=off,redirect_dir=off" };
    if options.len() >= MAX_OPTIONS {
        let release = rustix::system::uname().release().to_string_lossy().into_owned();
        return Err(OverlayError::TooManyHere { layers: lowers.len(), release });
    }
    let plain = |source: Errno| OverlayError::Mount { words: String::new(), source: source.into() };
    let (Some(at), Ok(options)) = (lowers.first(), CString::new(options)) else { return Err(plain(Errno::INVAL)) };
    rustix::mount::mount("bakery", *at, "overlay", MountFlags::NODEV, options.as_c_str()).map_err(plain)?;
    let tree = open_tree(CWD, *at, OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC);
    unmount(*at, UnmountFlags::DETACH).map_err(plain)?;
    tree.map_err(plain)
}

/// What lies in `lowers`, read-only: the one folder itself, or a stack of several. `None` for none.
pub(super) fn view(lowers: &[PathBuf], rootless: bool) -> Result<Option<OwnedFd>, OverlayError> {
    match lowers {
        [] => Ok(None),
        [only] => open(only).map(Some),
        several => mount(&several.iter().map(PathBuf::as_path).collect::<Vec<_>>(), None, rootless).map(Some),
    }
}

/// A folder, to be found below or to be stacked.
pub(super) fn open(folder: &Path) -> Result<OwnedFd, OverlayError> {
    openat(CWD, folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|source| OverlayError::Open { folder: folder.to_owned(), source: source.into() })
}

impl OverlayError {
    /// With its cause, for a sentence.
    pub(super) fn in_one_line(&self) -> String {
        match std::error::Error::source(self) {
            Some(source) => format!("{self}: {source}"),
            None => self.to_string(),
        }
    }
}

fn with_words(fs: &OwnedFd, source: io::Error) -> io::Error {
    let words = words(fs);
    if words.is_empty() { source } else { io::Error::new(source.kind(), format!("{source}{words}")) }
}

/// The kernel's own words about the last refusal.
fn words(fs: &OwnedFd) -> String {
    let mut text = [0; 512];
    let count = rustix::io::read(fs.as_fd(), &mut text).unwrap_or(0);
    let said = String::from_utf8_lossy(&text[..count]);
    let said = said.trim().trim_start_matches("e ").to_owned();
    if said.is_empty() { said } else { format!(": {said}") }
}

#[cfg(test)]
mod tests;
