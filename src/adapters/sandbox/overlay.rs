//! Overlay mounts: folders stacked by the kernel, or by fuse-overlayfs where the kernel refuses. Detached until somebody
//! attaches them.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen,
};

/// Most layers the kernel stacks.
const MAX_LOWERS: usize = 500;

/// Why folders cannot be stacked.
#[derive(Debug, thiserror::Error)]
pub(super) enum OverlayError {
    /// Too many for the kernel.
    #[error("T-19: {0} layers, and overlayfs stacks at most 500")]
    TooMany(usize),
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

/// What lies in `lowers`, read-only: the one folder itself, or a stack of several. `None` for none.
pub(super) fn view(lowers: &[PathBuf], rootless: bool) -> Result<Option<OwnedFd>, OverlayError> {
    match lowers {
        [] => Ok(None),
        [only] => open(only).map(Some),
        several => mount(&several.iter().map(PathBuf::as_path).collect::<Vec<_>>(), None, rootless).map(Some),
    }
}

fn open(folder: &Path) -> Result<OwnedFd, OverlayError> {
    openat(CWD, folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|source| OverlayError::Open { folder: folder.to_owned(), source: source.into() })
}

/// A stack that a program of the system serves; it ends when this is dropped.
pub(super) struct Served {
    program: Child,
    at: PathBuf,
}

impl Served {
    /// Stacks folders at `at` by fuse-overlayfs; `kernel` is why that is needed.
    pub(super) fn start(
        lowers: &[&Path],
        (upper, work): (&Path, &Path),
        at: &Path,
        kernel: &OverlayError,
    ) -> Result<Self, OverlayError> {
        let nobody = |fuse: String| OverlayError::Nobody { kernel: kernel.in_one_line(), fuse };
        let mut stack = OsString::from("lowerdir=");
        for (at, lower) in lowers.iter().enumerate() {
            stack.push(if at == 0 { "" } else { ":" });
            stack.push(lower);
        }
        for (key, folder) in [(",upperdir=", upper), (",workdir=", work)] {
            stack.push(key);
            stack.push(folder);
        }
        let program = Command::new("fuse-overlayfs")
            .args(["-f", "-o"])
            .arg(&stack)
            .arg(at)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| nobody(format!("cannot be started: {error}")))?;
        let mut served = Self { program, at: at.to_owned() };
        served.wait().map_err(nobody)?;
        Ok(served)
    }

    /// Until the mount is there, or the program has ended with its last words.
    fn wait(&mut self) -> Result<(), String> {
        let device = |path: &Path| rustix::fs::stat(path).map(|stat| stat.st_dev).ok();
        let before = self.at.parent().and_then(device);
        for _ in 0..500 {
            if let Ok(Some(_)) = self.program.try_wait() {
                let mut words = String::new();
                if let Some(stderr) = self.program.stderr.take() {
                    let _ = stderr.take(400).read_to_string(&mut words);
                }
                return Err(format!("failed: {}", crate::domain::text::escape(words.trim())));
            }
            if device(&self.at) != before {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Err("did not mount within 5 s".into())
    }

    /// The root of the stack.
    pub(super) fn root(&self) -> Result<OwnedFd, OverlayError> {
        open(&self.at)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(&self.at, rustix::mount::UnmountFlags::DETACH);
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

impl OverlayError {
    fn in_one_line(&self) -> String {
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
