//! How a daemon is reached: its socket, TCP with or without certificates, SSH as `docker` itself does it. Asks nothing of it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use bollard::Docker;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::Command;
use tokio_util::task::AbortOnDropHandle;

use super::DaemonKind;
use crate::adapters::engine::remote::buildkit::TlsFiles;

/// Seconds a request may take: a load lasts as long as its image, and whoever is tired of waiting cancels.
const PATIENCE: u64 = 24 * 3600;

/// A daemon's API, and what keeps the way to it open.
pub(super) struct Way {
    pub(super) docker: Docker,
    pub(super) shown: String,
    tunnel: Option<Tunnel>,
}

impl Way {
    /// What the program that carries what is said had to say itself.
    pub(super) fn said(&self) -> Option<String> {
        let said = self.tunnel.as_ref()?.said.lock().ok()?.clone();
        (!said.is_empty()).then_some(said)
    }
}

/// The last line a program said of itself.
type Said = Arc<Mutex<String>>;

/// Bytes of what it says that are read.
const MOST_SAID: u64 = 64 << 10;

struct Tunnel {
    said: Said,
    _folder: TempDir,
    _task: AbortOnDropHandle<()>,
}

/// Where a daemon is that nobody named.
pub(super) fn default_address(kind: DaemonKind) -> String {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    match kind {
        DaemonKind::Docker => set("DOCKER_HOST").unwrap_or_else(|| "unix:///var/run/docker.sock".into()),
        DaemonKind::Podman => set("CONTAINER_HOST").unwrap_or_else(|| {
            let own = set("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join("podman/podman.sock"));
            let own = own.filter(|socket| socket.exists());
            format!("unix://{}", own.unwrap_or_else(|| "/run/podman/podman.sock".into()).display())
        }),
    }
}

/// Whether a podman on this machine listens at an address: not whoever carries to another one what is said there.
pub(super) async fn is_podman_here(address: &str) -> bool {
    let Some(socket) = address.strip_prefix("unix://") else { return false };
    let Ok(stream) = UnixStream::connect(format!("/{}", socket.trim_start_matches('/'))).await else { return false };
    let Some(listener) = stream.peer_cred().ok().and_then(|peer| peer.pid()) else { return false };
    let program = std::fs::read_link(format!("/proc/{listener}/exe"));
    program.is_ok_and(|program| program.file_name().is_some_and(|name| name == "podman"))
}

/// Gets ready to speak to it.
pub(super) fn connect(
    kind: DaemonKind,
    address: &str,
    files: Option<&TlsFiles>,
) -> Result<Way, Box<dyn std::error::Error + Send + Sync>> {
    let version = bollard::API_DEFAULT_VERSION;
    let shown = address.to_owned();
    if let Some(socket) = address.strip_prefix("unix://") {
        // Podman writes one slash too few or too many in places.
        let socket = format!("/{}", socket.trim_start_matches('/'));
        let docker = Docker::connect_with_unix(&socket, PATIENCE, version)?;
        return Ok(Way { docker, shown, tunnel: None });
    }
    if address.starts_with("ssh://") {
        let (socket, tunnel) = tunnel(kind, address)?;
        let docker = Docker::connect_with_unix(&socket, PATIENCE, version)?;
        return Ok(Way { docker, shown, tunnel: Some(tunnel) });
    }
    let tcp = address.strip_prefix("tcp://").or_else(|| address.strip_prefix("http://"));
    let secure = address.strip_prefix("https://");
    let docker = match (tcp, secure) {
        (Some(place), _) | (None, Some(place)) if files.is_some() => with_files(place, files)?,
        (Some(place), _) if verifies() => secured(place)?,
        (_, Some(place)) => secured(place)?,
        (Some(place), _) => Docker::connect_with_http(&format!("tcp://{place}"), PATIENCE, version)?,
        (None, None) => return Err("an engine's address begins with unix://, tcp:// or ssh://".into()),
    };
    Ok(Way { docker, shown, tunnel: None })
}

fn verifies() -> bool {
    std::env::var_os("DOCKER_TLS_VERIFY").is_some_and(|value| !value.is_empty())
}

fn secured(place: &str) -> Result<Docker, Box<dyn std::error::Error + Send + Sync>> {
    let folder = std::env::var_os("DOCKER_CERT_PATH").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".docker"));
    let folder = folder.or_else(home).ok_or("DOCKER_CERT_PATH names no folder of certificates")?;
    let file = |name: &str| folder.join(name);
    let (key, cert, ca) = (file("key.pem"), file("cert.pem"), file("ca.pem"));
    Ok(Docker::connect_with_ssl(&format!("tcp://{place}"), &key, &cert, &ca, PATIENCE, bollard::API_DEFAULT_VERSION)?)
}

/// TLS as `engines` of the workspace says.
fn with_files(place: &str, files: Option<&TlsFiles>) -> Result<Docker, Box<dyn std::error::Error + Send + Sync>> {
    let Some(TlsFiles { ca, cert: Some(cert), key: Some(key), .. }) = files else {
        return Err("`tls` names no certificate and key of ours".into());
    };
    Ok(Docker::connect_with_ssl(&format!("tcp://{place}"), key, cert, ca, PATIENCE, bollard::API_DEFAULT_VERSION)?)
}

/// A socket of this user's alone; whoever connects to it talks to the daemon behind `ssh`.
fn tunnel(kind: DaemonKind, address: &str) -> io::Result<(String, Tunnel)> {
    let folder = tempfile::Builder::new().prefix("bakery-ssh-").tempdir()?;
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket)?;
    let host = address.trim_end_matches('/').to_owned();
    let said = Said::default();
    let keep = Arc::clone(&said);
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (host, keep) = (host.clone(), Arc::clone(&keep));
            tokio::spawn(async move {
                // Whoever waits for an answer sees the end of the stream.
                let _ = relay(kind, &host, (stream, keep)).await;
            });
        }
    });
    Ok((socket.display().to_string(), Tunnel { said, _folder: folder, _task: AbortOnDropHandle::new(task) }))
}

async fn relay(kind: DaemonKind, host: &str, (mut stream, said): (UnixStream, Said)) -> io::Result<()> {
    let program = if kind == DaemonKind::Docker { "docker" } else { "podman" };
    // The path behind the host is podman's socket there, which its own program knows.
    let place = host.strip_prefix("ssh://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let mut ssh = Command::new("ssh")
        .args(["-o", "BatchMode=yes", "-T", "--", &format!("ssh://{place}"), program, "system", "dial-stdio"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let (Some(input), Some(output)) = (ssh.stdin.take(), ssh.stdout.take()) else { return Ok(()) };
    let Some(errors) = ssh.stderr.take() else { return Ok(()) };
    let mut both = tokio::io::join(output, input);
    let carrying = tokio::io::copy_bidirectional(&mut stream, &mut both);
    // What is said comes before the end it explains.
    let ((), carried) = tokio::join!(biased; listen(errors, &said), carrying);
    carried.map(drop)
}

/// Keeps the last line of what a program says of itself.
async fn listen(errors: impl AsyncRead + Unpin, said: &Said) {
    let mut lines = BufReader::new(errors.take(MOST_SAID)).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(kept) = Some(line.trim()).filter(|line| !line.is_empty())
            && let Ok(mut said) = said.lock()
        {
            kept.clone_into(&mut said);
        }
    }
}
