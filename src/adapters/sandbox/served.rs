//! Folders stacked by fuse-overlayfs where the kernel refuses. Knows nothing of what is done with them.

use std::ffi::OsString;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::overlay::{OverlayError, open};

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
