//! Images of a layout run by a runtime that never heard of bakery: runc, on a bundle umoci makes, in a network of its own,
//! so that ports are the image's and clash with nobody's. Needs root.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::bakery::{peer, succeeded};

/// What a bundle needs.
pub const PROGRAMS: [&str; 2] = ["umoci", "runc"];

/// Longest a service may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// An image, unpacked and ready to be run.
pub struct Bundle {
    folder: TempDir,
    /// The runtime's configuration as the image says.
    config: Value,
}

impl Bundle {
    /// Unpacks `NAME:TAG` of a layout.
    pub fn unpack(layout: &Path, image: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("bundle-").tempdir().unwrap();
        let bundle = folder.path().join("bundle");
        let image = format!("{}:{image}", layout.display());
        peer("umoci", &["unpack", "--image", &image, &bundle.display().to_string()]);
        let mut config: Value = serde_json::from_slice(&std::fs::read(bundle.join("config.json")).unwrap()).unwrap();
        config["process"]["terminal"] = json!(false);
        // Volumes begin with what the image has there, as they do everywhere but here.
        let kernels = |mount: &Value| {
            let to = mount["destination"].as_str().unwrap_or_default();
            ["/proc", "/dev", "/sys"].iter().any(|folder| to.starts_with(folder))
        };
        config["mounts"].as_array_mut().unwrap().retain(kernels);
        Self { folder, config }
    }

    /// A path in the bundle; the image is in `rootfs`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("bundle").join(name)
    }

    /// `MODE UID:GID KIND` of a path in the image.
    pub fn stat(&self, path: &str) -> String {
        let path = self.path("rootfs").join(path.trim_start_matches('/'));
        peer("stat", &["-c", "%a %u:%g %F", &path.display().to_string()]).trim().to_owned()
    }

    /// Runs these arguments, or where there are none the image's own command, to the end; gives stdout and stderr.
    pub fn run(&self, arguments: &[&str]) -> String {
        self.configure(arguments);
        let script = "exec 2>&1; exec \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh", "runc"]).args(self.runc()).args(["run", "--bundle"]);
        command.arg(self.path("")).arg(self.id()).stdin(Stdio::null());
        succeeded(&command.output().unwrap(), &format!("runc run {arguments:?}"))
    }

    /// Starts these arguments, or the image's own command, and leaves it running.
    pub fn start(self, arguments: &[&str]) -> Running {
        self.configure(arguments);
        let (log, pid) = (self.path("log"), self.path("pid"));
        let output = File::create(&log).unwrap();
        let mut command = Command::new("runc");
        command.args(self.runc()).args(["run", "--detach", "--bundle"]).arg(self.path("")).arg("--pid-file").arg(&pid);
        let status = command
            .arg(self.id())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .status()
            .unwrap();
        assert!(status.success(), "runc run --detach: {}", std::fs::read_to_string(&log).unwrap());
        let pid = std::fs::read_to_string(pid).unwrap().trim().parse().unwrap();
        Running { bundle: self, pid }
    }

    fn configure(&self, arguments: &[&str]) {
        let mut config = self.config.clone();
        if !arguments.is_empty() {
            config["process"]["args"] = json!(arguments);
        }
        std::fs::write(self.path("config.json"), config.to_string()).unwrap();
    }

    fn runc(&self) -> [String; 2] {
        ["--root".to_owned(), self.folder.path().join("state").display().to_string()]
    }

    fn id(&self) -> String {
        self.folder.path().file_name().unwrap().to_string_lossy().into_owned()
    }
}

/// A service that runs; it ends with its owner.
pub struct Running {
    bundle: Bundle,
    pid: u32,
}

impl Running {
    /// What the service answers to one request, once it listens on this port of its own network.
    pub fn answer(&self, port: u16, request: &str) -> String {
        let said = || std::fs::read_to_string(self.bundle.path("log")).unwrap_or_default();
        answer(self.pid, port, request).unwrap_or_else(|error| panic!("port {port}: {error}; it said: {}", said()))
    }

    /// Runs one more command in there; gives stdout.
    pub fn exec(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("runc");
        command.args(self.bundle.runc()).arg("exec").arg(self.bundle.id()).args(arguments);
        succeeded(&command.stdin(Stdio::null()).output().unwrap(), &format!("runc exec {arguments:?}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut command = Command::new("runc");
        let _ = command.args(self.bundle.runc()).args(["delete", "--force"]).arg(self.bundle.id()).output();
    }
}

/// One exchange over TCP with a port of loopback, as process `pid` sees the network: connects as soon as it listens,
/// sends, and reads until the other side is done.
pub fn answer(pid: u32, port: u16, request: &str) -> std::io::Result<String> {
    let network = File::open(format!("/proc/{pid}/ns/net"))?;
    let request = request.to_owned();
    // A thread of its own: it never comes back from that network.
    let thread = std::thread::spawn(move || {
        move_into_link_name_space(std::os::fd::AsFd::as_fd(&network), Some(LinkNameSpaceType::Network))?;
        let begun = Instant::now();
        let mut stream = loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(stream) => break stream,
                Err(error) if begun.elapsed() > PATIENCE || !is_alive(pid) => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    });
    thread.join().unwrap()
}

fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
