//! The seam to a real dockerd: one of the test's own, its storage in a temporary folder, without a bridge. Needs root.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running daemon; it ends with its owner.
pub struct Dockerd {
    child: Child,
    folder: TempDir,
    client: PathBuf,
}

impl Dockerd {
    /// Starts one and waits until it answers; where the host does not let it, gives its last words.
    pub fn start() -> Result<Self, String> {
        Self::start_with(&[])
    }

    /// The same with more arguments.
    pub fn start_with(more: &[&str]) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("dockerd-").tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let log = std::fs::File::create(path("log")).unwrap();
        let child = Command::new("dockerd")
            .args(["--data-root", &path("data"), "--exec-root", &path("exec"), "--pidfile", &path("pid")])
            .args(["--host", &format!("unix://{}", path("sock")), "--bridge=none", "--iptables=false"])
            .arg("--ip6tables=false")
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut dockerd = Self { child, folder, client: client() };
        let begun = Instant::now();
        while !dockerd.docker(&["version"]).output().unwrap().status.success() {
            if dockerd.child.try_wait().unwrap().is_some() || begun.elapsed() > Duration::from_secs(30) {
                let said = std::fs::read_to_string(dockerd.folder.path().join("log")).unwrap();
                return Err(said.lines().last().unwrap_or_default().to_owned());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(dockerd)
    }

    /// Takes `NAME:TAG` out of a layout.
    pub fn load(&self, layout: &Path, image: &str) {
        let mut command = Command::new("skopeo");
        command.args(["copy", "-q", "--dest-daemon-host", &self.host()]);
        command.args([format!("oci:{}:{image}", layout.display()), format!("docker-daemon:{image}")]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A command line of its client, not started.
    pub fn docker(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.client);
        command.args(arguments).env("DOCKER_HOST", self.host()).stdin(Stdio::null());
        command
    }

    /// Its name as an engine.
    pub fn engine(&self) -> String {
        format!("docker://{}", self.folder.path().join("sock").display())
    }

    /// Ends it at once, as a machine that loses its power does.
    pub fn kill(&self) {
        let _ = Command::new("kill").args(["-KILL", &self.child.id().to_string()]).status();
    }

    fn host(&self) -> String {
        format!("unix://{}", self.folder.path().join("sock").display())
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        let containers = self.docker(&["ps", "--quiet"]).output().map(|output| output.stdout).unwrap_or_default();
        for id in String::from_utf8_lossy(&containers).lines() {
            let _ = self.docker(&["kill", id]).output();
        }
        // Asked to end, it ends its containerd too.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
        // One that was killed left its containerd running.
        let pid = std::fs::read_to_string(self.folder.path().join("exec/containerd/containerd.pid"));
        if let Ok(pid) = pid {
            let _ = Command::new("kill").arg(pid.trim()).stderr(Stdio::null()).status();
        }
        // What it had mounted would keep the folder.
        let _ = Command::new("umount")
            .args(["--recursive", "--lazy"])
            .arg(self.folder.path().join("data"))
            .stderr(Stdio::null())
            .status();
    }
}

/// The client that came with the daemon: another version may want plugins that are not there.
fn client() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let beside = std::env::split_paths(&path).find(|folder| folder.join("dockerd").is_file());
    let beside = beside.map(|folder| folder.with_file_name("bin").join("docker"));
    beside.filter(|docker| docker.is_file()).unwrap_or_else(|| "docker".into())
}
