//! What goes wrong with a daemon is told by its name and its kind, and the journal comes to its end.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::same;
use crate::run_steps::bench::{events, of};
use crate::support::bakery::{Bakery, peer};
use crate::support::dockerd::Dockerd;
use crate::support::peers;

const RECIPE: &str = "recipe: 1\nname: team-a/app\ntag: \"1.0\"\nbase: local/os:1\nsteps:\n  - run: echo a > /srv/a\n";

fn ready() -> Bakery {
    let bakery = same::stocked();
    bakery.write("recipes/app.yaml", RECIPE);
    bakery
}

/// A bake on an engine that must fail as an engine that cannot do it; gives all that was told of it.
fn fails(bakery: &Bakery, engine: &str, environment: &[(&str, &str)]) -> String {
    let mut command = bakery.command(&["bake", "recipes/app.yaml", "--engine", engine, "--json"]);
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let all = events(&output);
    assert_eq!(output.status.code(), Some(4), "{all:#?}");
    let finished = of(&all, "bake.finished");
    assert_eq!(finished[0]["status"], "failed");
    let text = finished[0].to_string();
    assert!(text.contains(engine.split_once("://").unwrap().1), "{text}");
    text
}

#[test]
fn what_speaks_otherwise_is_told() {
    if !peers::need(&["mmdebstrap"]) {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<html>no\n");
        }
    });
    let told = fails(&ready(), &format!("docker://tcp://127.0.0.1:{port}"), &[]);
    assert!(told.contains("answered"), "{told}");
}

/// A server with a certificate of its own making.
struct Secure {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Secure {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        for name in ["one", "other"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            let (key, cert) = (path(&format!("{name}/key.pem")), path(&format!("{name}/cert.pem")));
            let subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
            let ask = ["req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2", "-keyout", &key, "-out", &cert];
            peer("openssl", &[&ask[..], &subject].concat());
            std::fs::copy(&cert, path(&format!("{name}/ca.pem"))).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("openssl")
            .args(["s_server", "-quiet", "-accept", &format!("127.0.0.1:{port}")])
            .args(["-key", &path("one/key.pem"), "-cert", &path("one/cert.pem")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, folder, port }
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_daemon_with_a_certificate_nobody_vouches_for_is_not_spoken_to() {
    if !peers::need(&["mmdebstrap", "openssl"]) {
        return;
    }
    let server = Secure::start();
    let certificates = server.folder.path().join("other").display().to_string();
    let environment = [("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", certificates.as_str())];
    let told = fails(&ready(), &format!("docker://tcp://127.0.0.1:{}", server.port), &environment);
    assert!(told.contains("cannot be reached") && told.contains("certificate"), "{told}");
}

/// A file system of a few megabytes, mounted for a test.
struct Small(tempfile::TempDir);

impl Small {
    fn of(size: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("small-").tempdir().unwrap();
        peer("mount", &["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs", &folder.path().display().to_string()]);
        Self(folder)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["--recursive", "--lazy"]).arg(self.0.path()).status();
    }
}

#[test]
fn a_daemon_without_room_is_told() {
    if !peers::need(&["dockerd", "mmdebstrap"]) {
        return;
    }
    let small = Small::of("150m");
    let daemon = Dockerd::start_in(small.0.path()).unwrap();
    let told = fails(&ready(), &daemon.engine(), &[]);
    assert!(told.contains("has no room left") && told.contains("free room on"), "{told}");
    drop(daemon);
}

#[test]
fn a_daemon_is_reached_through_ssh() {
    if !peers::need(&["dockerd", "mmdebstrap"]) {
        return;
    }
    let daemon = Dockerd::start().unwrap();
    let bakery = ready();
    // What `ssh HOST docker system dial-stdio` does, on this machine.
    let client = daemon.docker(&[]).get_program().to_string_lossy().into_owned();
    let socket = daemon.engine().replacen("docker://", "unix://", 1);
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> {0}\nDOCKER_HOST={socket} exec {client} system dial-stdio\n",
        bakery.path("called").display()
    );
    let ssh = bakery.write("bin/ssh", script);
    std::fs::set_permissions(&ssh, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bakery.path("bin").display(), std::env::var("PATH").unwrap());
    let bake = |engine: &str| {
        let arguments = ["bake", "recipes/app.yaml", "--engine", engine, "--json"];
        bakery.command(&arguments).env("PATH", &path).output().unwrap()
    };
    let output = bake("docker://ssh://baker@host.example");
    assert_eq!(output.status.code(), Some(0), "{:#?}", events(&output));
    let called = std::fs::read_to_string(bakery.path("called")).unwrap();
    assert!(
        called.lines().all(|line| line.ends_with("-- ssh://baker@host.example docker system dial-stdio")),
        "{called}"
    );
    // An ssh that does not get there.
    refuse(&ssh);
    let told = fails(&bakery, "docker://ssh://baker@host.example", &[("PATH", &path)]);
    assert!(told.contains("cannot be reached"), "{told}");
}

fn refuse(ssh: &Path) {
    std::fs::write(ssh, "#!/bin/sh\nexit 255\n").unwrap();
}
