//! A real buildkitd, where `BAKERY_BUILDKITD` names the program: over its socket, and over TCP with certificates. Needs root and runc.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bakery::adapters::engine::remote::buildkit::{BuildKitBuilder, Options, TlsFiles};
use bakery::adapters::engine::remote::{Builder, BuilderError};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::order::{Ear, Ordered};
use super::reach::{Certificates, free_port};
use crate::engines::same;
use crate::support::tiny;

/// A daemon of the test's own; it ends with its owner.
struct Buildkitd {
    child: Child,
    folder: TempDir,
    port: u16,
    certificates: Certificates,
}

impl Buildkitd {
    fn start() -> Option<Self> {
        let Some(program) = std::env::var_os("BAKERY_BUILDKITD") else {
            let test = std::thread::current().name().unwrap_or("test").to_owned();
            eprintln!("SKIPPED {test}: BAKERY_BUILDKITD names no buildkitd");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("buildkitd-").tempdir().unwrap();
        let certificates = Certificates::make();
        let port = free_port();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let log = std::fs::File::create(path("log")).unwrap();
        let child = Command::new(program)
            .args(["--root", &path("root"), "--addr", &format!("unix://{}", path("sock"))])
            .args(["--addr", &format!("tcp://127.0.0.1:{port}"), "--tlscacert", &certificates.path("ca.pem")])
            .args(["--tlscert", &certificates.path("server.pem"), "--tlskey", &certificates.path("server-key.pem")])
            .args(["--oci-worker", "true", "--containerd-worker", "false", "--oci-worker-net", "host"])
            .args(["--oci-worker-snapshotter", "overlayfs", "--allow-insecure-entitlement", "network.host"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut daemon = Self { child, folder, port, certificates };
        let begun = Instant::now();
        while std::os::unix::net::UnixStream::connect(daemon.path("sock")).is_err() {
            let ended = daemon.child.try_wait().unwrap().is_some();
            assert!(!ended && begun.elapsed() < Duration::from_secs(30), "{}", daemon.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(daemon)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap()
    }

    fn address(&self) -> String {
        format!("buildkit://{}", self.path("sock").display())
    }

    fn over_socket(&self) -> BuildKitBuilder {
        BuildKitBuilder::at(&self.address().parse().unwrap(), Options::default()).unwrap()
    }

    fn over_tls(&self, folder: &Path) -> BuildKitBuilder {
        let options = Options { tls: Some(TlsFiles::in_folder(folder)), ..Options::default() };
        let address = format!("buildkit://127.0.0.1:{}?servername=buildkitd.example", self.port);
        BuildKitBuilder::at(&address.parse().unwrap(), options).unwrap()
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Buildkitd {
    fn drop(&mut self) {
        // One that has ended has no number any more.
        if let Ok(None) = self.child.try_wait() {
            let _ = Command::new("kill").arg(self.child.id().to_string()).status();
            let _ = self.child.wait();
        }
    }
}

fn ordered(rest: &str) -> Ordered {
    Ordered::new(
        &format!("FROM scratch\nADD rootfs.tar /\n{rest}"),
        &[("rootfs.tar", &tiny::tar(&[])), ("a/b", b"from here\n")],
    )
}

async fn built(builder: &BuildKitBuilder, ordered: &Ordered, ear: &Ear) -> Result<(), BuilderError> {
    builder.build(&ordered.order, ear, &CancellationToken::new()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_daemon_builds_over_its_socket_and_over_tls() {
    let Some(daemon) = Buildkitd::start() else { return };
    let text = "COPY a /a\nENV X=1\nRUN --mount=type=secret,id=token cat /run/secrets/token /a/b && echo $X > /made\n";
    let begun = Instant::now();
    let first = ordered(text).secret("token", "s3cret\n");
    let ear = Ear::default();
    let socket = daemon.over_socket();
    built(&socket, &first, &ear).await.unwrap();
    eprintln!("socket {:?}", begun.elapsed());
    assert_eq!(ear.said(), ["2 began", "2 ended", "3 began", "3 ended", "5 began", "5 ended"]);
    assert_eq!(ear.output(5), "s3cret\nfrom here\n");
    assert_eq!(first.manifest()["layers"].as_array().unwrap().len(), 3);
    assert!(first.names().iter().any(|name| name == "made"), "{:?}", first.names());
    // Where nothing changed, nothing is run.
    let begun = Instant::now();
    let again = ordered(text).secret("token", "s3cret\n");
    let ear = Ear::default();
    let tls = daemon.over_tls(daemon.certificates.folder());
    built(&tls, &again, &ear).await.unwrap();
    eprintln!("tls, cached {:?}", begun.elapsed());
    assert!(ear.said().contains(&"5 ended cached".to_owned()), "{:?}", ear.said());
    assert!(again.names().iter().any(|name| name == "made"));
    let capabilities = tls.capabilities().await.unwrap();
    assert!(capabilities.runs(&"linux/amd64".parse().unwrap()), "{capabilities:?}");
    assert!(tls.version().await.unwrap().is_some_and(|version| version.starts_with('v')));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_daemon_tells_which_line_failed_and_how() {
    let Some(daemon) = Buildkitd::start() else { return };
    let failing = ordered("RUN echo before\nRUN echo words; exit 3\n");
    let ear = Ear::default();
    let error = built(&daemon.over_socket(), &failing, &ear).await.unwrap_err();
    assert!(matches!(error, BuilderError::Instruction { line: 4, exit_code: Some(3), .. }), "{error:?}");
    assert_eq!(ear.output(4), "words\n");
    let wrong = ordered("RAN echo\n");
    let error = built(&daemon.over_socket(), &wrong, &ear).await.unwrap_err();
    assert!(matches!(error, BuilderError::Instruction { line: 3, exit_code: None, .. }), "{error:?}");
    // The network of the host is asked for only where it may be had.
    let network = ordered("RUN --network=host echo far\n");
    let error = built(&daemon.over_socket(), &network, &ear).await.unwrap_err();
    assert!(error.is_builders_fault() && error.to_string().contains("network.host is not allowed"), "{error}");
    let mut network = ordered("RUN --network=host echo far\n");
    network.order.host_network = true;
    built(&daemon.over_socket(), &network, &ear).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changed_behind_its_size_and_time_is_sent_again() {
    let Some(daemon) = Buildkitd::start() else { return };
    let time = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let content = async |bytes: &[u8]| {
        let order = Ordered::new("FROM scratch\nCOPY f /f\n", &[("f", bytes)]);
        let file = std::fs::File::options().write(true).open(order.context().join("f")).unwrap();
        file.set_modified(time).unwrap();
        built(&daemon.over_socket(), &order, &Ear::default()).await.unwrap();
        order.manifest()["layers"][0]["digest"].to_string()
    };
    assert_ne!(content(b"one").await, content(b"two").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_daemon_that_is_cancelled_stops_and_one_that_is_killed_is_noticed() {
    let Some(mut daemon) = Buildkitd::start() else { return };
    let builder = Arc::new(daemon.over_socket());
    // A time no other program sleeps for.
    let sleep = format!("sleep 9{}", daemon.port);
    let found = || {
        let found = Command::new("pgrep").args(["-f", &format!("^{sleep}$")]).output().unwrap().stdout;
        String::from_utf8(found).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let start = |cancel: &CancellationToken| {
        let (builder, cancel, ear) = (builder.clone(), cancel.clone(), Arc::new(Ear::default()));
        let (heard, text) = (ear.clone(), format!("RUN echo running; {sleep}\n"));
        let task = tokio::spawn(async move {
            let order = ordered(&text);
            builder.build(&order.order, ear.as_ref(), &cancel).await
        });
        (task, heard)
    };
    let cancel = CancellationToken::new();
    let (task, ear) = start(&cancel);
    ear.begun.notified().await;
    cancel.cancel();
    assert!(matches!(task.await.unwrap(), Err(BuilderError::Cancelled)));
    // What ran there is gone, too.
    let begun = Instant::now();
    while !found().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the step goes on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (task, ear) = start(&CancellationToken::new());
    ear.begun.notified().await;
    daemon.kill();
    let begun = Instant::now();
    let error = task.await.unwrap().unwrap_err();
    assert!(matches!(error, BuilderError::Unreachable { .. }), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // Whoever is killed leaves what ran.
    for process in found() {
        let _ = Command::new("kill").args(["-KILL", &process]).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_daemon_refuses_whom_it_does_not_know() {
    let Some(daemon) = Buildkitd::start() else { return };
    let order = ordered("RUN echo\n");
    let stranger = Certificates::make();
    // It is not whom we believe; and we are not whom it believes.
    std::fs::copy(daemon.certificates.path("ca.pem"), daemon.path("ca.pem")).unwrap();
    for (what, folder) in [("stranger", stranger.folder()), ("nobody", daemon.folder.path())] {
        let error = built(&daemon.over_tls(folder), &order, &Ear::default()).await.unwrap_err();
        let BuilderError::Unreachable { builder, source } = &error else { panic!("{what}: {error:?}") };
        assert!(builder.starts_with("buildkit://127.0.0.1"), "{what}: {builder}");
        assert!(source.to_string().to_lowercase().contains("certificate"), "{what}: {source}");
    }
}

#[test]
fn a_real_daemon_bakes_the_same_image() {
    let Some(daemon) = Buildkitd::start() else { return };
    same::bakes_the_same(&daemon.address());
}
