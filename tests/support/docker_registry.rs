//! The seam to a real registry: Debian's `docker-registry` on a free loopback port, its storage in a temporary folder.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// How the registry lets people in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Everybody.
    Open,
    /// `baker` with `s3cret`.
    Password,
    /// Everybody, and each request is written down.
    Watched,
    /// Everybody, over TLS with a certificate nobody has signed.
    SelfSigned,
}

/// A running registry; it ends with its owner.
pub struct DockerRegistry {
    child: Child,
    folder: TempDir,
    port: u16,
}

/// `baker:s3cret`, bcrypt.
const HTPASSWD: &str = "baker:$2y$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK\n";

impl DockerRegistry {
    /// Starts one that lets everybody in, and waits until it listens.
    pub fn start() -> Self {
        Self::start_behind(Door::Open)
    }

    /// Starts one that asks at the door.
    pub fn start_behind(door: Door) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Somebody else may take a port between our finding it and the registry's binding it.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let config = folder.path().join("config.yml");
            std::fs::write(&config, config_text(folder.path(), port, door)).unwrap();
            let mut child = Command::new("docker-registry")
                .arg("serve")
                .arg(&config)
                .env("OTEL_TRACES_EXPORTER", "none")
                .stdout(log_of(folder.path(), door))
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut log = BufReader::new(child.stderr.take().unwrap());
            let mut line = String::new();
            while log.read_line(&mut line).unwrap() > 0 {
                if line.contains("listening on") {
                    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                    return Self { child, folder, port };
                }
                line.clear();
            }
            child.wait().unwrap();
        }
        panic!("docker-registry does not start");
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The requests so far: method and path. Only where it is watched.
    pub fn requests(&self) -> Vec<(String, String)> {
        self.answers().into_iter().map(|(method, path, _)| (method, path)).collect()
    }

    /// The same, each with the status of its answer.
    pub fn answers(&self) -> Vec<(String, String, u16)> {
        let log = std::fs::read_to_string(self.folder.path().join("access.log")).unwrap();
        let answer = |line: &str| {
            let mut parts = line.split('"').skip(1);
            let mut words = parts.next()?.split(' ');
            let status = parts.next()?.split_whitespace().next()?.parse().ok()?;
            Some((words.next()?.to_owned(), words.next()?.to_owned(), status))
        };
        log.lines().filter_map(answer).collect()
    }

    /// Where it keeps its files; other files may be put there too.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the access log goes.
fn log_of(folder: &Path, door: Door) -> Stdio {
    match door {
        Door::Watched => std::fs::File::create(folder.join("access.log")).unwrap().into(),
        Door::Open | Door::Password | Door::SelfSigned => Stdio::null(),
    }
}

fn config_text(folder: &Path, port: u16, door: Door) -> String {
    let shown = folder.display();
    let silent = door != Door::Watched;
    let mut text = format!(
        "version: 0.1\nlog: {{level: info, accesslog: {{disabled: {silent}}}}}\nstorage:\n  \
         filesystem: {{rootdirectory: {shown}/storage}}\n  delete: {{enabled: true}}\n  \
         maintenance: {{uploadpurging: {{enabled: false}}}}\nhttp:\n  addr: 127.0.0.1:{port}\n"
    );
    match door {
        Door::Open | Door::Watched => {}
        Door::Password => {
            std::fs::write(folder.join("htpasswd"), HTPASSWD).unwrap();
            text.push_str(&format!("auth:\n  htpasswd: {{realm: bakery, path: {shown}/htpasswd}}\n"));
        }
        Door::SelfSigned => {
            let made = Command::new("openssl")
                .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
                .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
                .arg("-keyout")
                .arg(folder.join("key.pem"))
                .arg("-out")
                .arg(folder.join("cert.pem"))
                .output()
                .unwrap();
            assert!(made.status.success(), "{made:?}");
            text.push_str(&format!("  tls: {{certificate: {shown}/cert.pem, key: {shown}/key.pem}}\n"));
        }
    }
    text
}
