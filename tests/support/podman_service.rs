//! The seam to a real podman service: one of the test's own, its storage in a temporary folder. Needs root.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running service; it ends with its owner.
pub struct PodmanService {
    child: Child,
    folder: TempDir,
}

impl PodmanService {
    /// Starts one and waits until it answers; where the host does not let it, gives its last words.
    pub fn start() -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("podman-").tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        // Whatever the host says about a limit that its root may not set does not count.
        std::fs::write(folder.path().join("containers.conf"), "[containers]\ndefault_ulimits = []\n").unwrap();
        let log = std::fs::File::create(path("log")).unwrap();
        let child = Command::new("podman")
            .args(["--root", &path("root"), "--runroot", &path("runroot"), "--tmpdir", &path("tmp")])
            .args(["--cgroup-manager", "cgroupfs", "--runtime", "runc", "--events-backend", "file"])
            .args(["system", "service", "--time", "0", &format!("unix://{}", path("sock"))])
            .env("CONTAINERS_CONF", path("containers.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut service = Self { child, folder };
        let begun = Instant::now();
        while std::os::unix::net::UnixStream::connect(service.socket()).is_err() {
            if service.child.try_wait().unwrap().is_some() || begun.elapsed() > Duration::from_secs(30) {
                let said = std::fs::read_to_string(service.folder.path().join("log")).unwrap();
                return Err(said.lines().last().unwrap_or_default().to_owned());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(service)
    }

    /// Its name as an engine.
    pub fn engine(&self) -> String {
        format!("podman://{}", self.socket().display())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("sock")
    }
}

impl Drop for PodmanService {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
        // What its storage has mounted would keep the folder.
        let _ = Command::new("umount").arg(self.folder.path().join("root/overlay")).stderr(Stdio::null()).status();
    }
}
