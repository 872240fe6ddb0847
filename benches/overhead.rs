//! What baking elsewhere costs over the builder's own command for the same Dockerfile: six steps of about a second each on a Debian
//! that is there already, nothing cached, dockerd, podman's service and buildkitd by turns.
//!
//! `cargo bench --bench overhead` prints a Markdown table; nothing here judges. Needs root, mmdebstrap, skopeo, and of dockerd, podman
//! and buildkitd (named by `BAKERY_BUILDKITD`, buildctl beside it) what is to be measured; it says what it skips.
//! `BAKERY_BENCH_RUNS` is how often each is measured, `BAKERY_BENCH_WORK=0` leaves the steps half as long: what a bake costs besides
//! is the same, whatever the steps take. The steps see no network.
//!
//! A bake has the image on this machine at its end; `docker build` leaves it at the daemon. Thus the build is measured alone, and with
//! `save`, which is how an image leaves a daemon. `buildctl` writes it itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::print_stderr,
    dead_code,
    reason = "a bench touches the world and stops at the first surprise"
)]

#[path = "../tests/support/bakery.rs"]
mod bakery;
#[path = "../tests/support/debian.rs"]
mod debian;
#[path = "../tests/support/dockerd.rs"]
mod dockerd;
#[path = "../tests/support/peers.rs"]
mod peers;
#[path = "../tests/support/podman_service.rs"]
mod podman_service;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use self::bakery::{Bakery, peer};
use self::dockerd::Dockerd;
use self::podman_service::PodmanService;

/// Rounds, where nobody says how many.
const ROUNDS: usize = 5;
/// The base, as daemons name what came from nowhere.
const BASE: &str = "localhost/os:1";
/// What the builders' own commands make.
const MADE: &str = "localhost/overhead:1";

/// What each step does besides, that leaves nothing: with it a step takes about a second.
const MORE: &str = "; find /usr/lib /usr/share -type f -exec sha256sum {} + > /dev/null";
/// Together they leave some 30 MB.
const STEPS: [&str; 6] = [
    "cp -a /usr/share/perl /srv/perl; find /usr/lib -type f -exec sha256sum {} + > /srv/lib.sums",
    "find /srv/perl -type f -exec cat {} + | gzip -n -6 > /srv/perl.gz",
    "find /usr/lib -type f -exec cat {} + | gzip -n -1 | sha256sum > /srv/lib.sum",
    "cp -a /usr/share/locale /srv/locale; find /usr -type f -exec sha256sum {} + > /srv/usr.sums",
    "find /srv/locale -type f -exec cat {} + | gzip -n -1 | sha256sum > /srv/locale.sum; rm -r /srv/perl",
    "find /usr/bin /usr/lib -type f -exec md5sum {} + | sort > /srv/all.sums; gzip -n -dc /srv/perl.gz | gzip -n -3 | wc -c > /srv/size",
];

fn main() {
    // `cargo test --benches` and friends pass flags of their own; only a real `cargo bench` measures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED overhead: root is needed for the daemons");
        return;
    }
    if !peers::need(&["mmdebstrap", "skopeo"]) {
        return;
    }
    let rounds = std::env::var("BAKERY_BENCH_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS);
    let bench = Bench::new();
    let builders: Vec<Box<dyn Builder>> =
        [docker(&bench), podman(&bench), buildkit(&bench)].into_iter().flatten().collect();
    // Whoever is first finds nothing in memory: that round does not count.
    let mut taken: Vec<Taken> = builders.iter().map(|_| Taken::default()).collect();
    for round in 0..=rounds {
        for (builder, taken) in builders.iter().zip(&mut taken) {
            // By turns the one and the other is first: what another builder leaves behind is the same for both.
            let measured = if round % 2 == 0 {
                let baked = bench.bake(&builder.engine());
                (baked, builder.build())
            } else {
                let built = builder.build();
                (bench.bake(&builder.engine()), built)
            };
            if round > 0 {
                taken.add(measured);
            }
        }
    }
    let cores = std::thread::available_parallelism().unwrap();
    println!("{cores} cores, {} steps, {rounds} rounds, medians\n", STEPS.len());
    println!(
        "| builder | bakery | its own build | over it | with the image here | over it |\n| --- | --- | --- | --- | --- | --- |"
    );
    for (builder, taken) in builders.iter().zip(taken) {
        println!("{}", taken.row(builder.name()));
    }
}

/// Times of one builder.
#[derive(Default)]
struct Taken {
    baked: Vec<Duration>,
    built: Vec<Duration>,
    here: Vec<Duration>,
}

impl Taken {
    fn add(&mut self, (baked, built): (Duration, Built)) {
        self.baked.push(baked);
        self.built.extend(built.there);
        self.here.push(built.here);
    }

    fn row(mut self, name: &str) -> String {
        let baked = median(&mut self.baked).expect("a round");
        let mut row = format!("| {name} | {baked:.2} s |");
        for times in [&mut self.built, &mut self.here] {
            let cells = median(times).map(|own| format!(" {own:.2} s | {:+.1} % |", (baked / own - 1.0) * 100.0));
            row += &cells.unwrap_or_else(|| " | |".into());
        }
        row
    }
}

/// In seconds.
fn median(times: &mut [Duration]) -> Option<f64> {
    times.sort();
    times.get(times.len() / 2).map(Duration::as_secs_f64)
}

/// How long a builder's own command took.
struct Built {
    /// Until the image was at the builder, where that can be told.
    there: Option<Duration>,
    /// Until it was on this machine.
    here: Duration,
}

/// A builder, with its own command.
trait Builder {
    fn name(&self) -> &'static str;
    /// Its name as an engine.
    fn engine(&self) -> String;
    /// The same Dockerfile, without what it has cached.
    fn build(&self) -> Built;
}

/// The recipe, its base, and its Dockerfile.
struct Bench {
    bakery: Bakery,
    /// Digest of the base.
    base: String,
    /// The base for daemons.
    archive: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let bakery = Bakery::with_workspace("bakery: 1\nstores:\n  local: {layout: local}\npolicy: policy.yaml\n");
        let (kept, archive) = (debian::rootfs(), bakery.write("recipes/rootfs.tar", ""));
        std::fs::remove_file(&archive).unwrap();
        std::fs::hard_link(&kept, &archive).or_else(|_| std::fs::copy(&kept, &archive).map(drop)).unwrap();
        let head = |name: &str, base: &str| format!("recipe: 1\nname: {name}\ntag: \"1\"\nbase: {base}\nsteps:\n");
        bakery.write("recipes/os.yaml", head("os", "scratch") + "  - unpack: {from: rootfs.tar, to: /}\n");
        let base = bakery.bake("recipes/os.yaml");
        let more = std::env::var("BAKERY_BENCH_WORK").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
        let more = MORE.repeat(more);
        let steps: String =
            STEPS.iter().map(|step| format!("  - run: {{network: none, script: \"{step}{more}\"}}\n")).collect();
        bakery.write("recipes/app.yaml", head("app", "local/os:1") + &steps);
        let archive = bakery.path("os.tar");
        let from = format!("oci:{}:os:1", bakery.local().display());
        peer("skopeo", &["copy", "-q", &from, &format!("docker-archive:{}:{BASE}", archive.display())]);
        let text = bakery.ok(&["export", "dockerfile", "recipes/app.yaml"]);
        // What reads it is what the builder has, not what a registry would have.
        let text =
            text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect::<String>();
        bakery.write("new/Dockerfile", &text);
        bakery.write("old/Dockerfile", old(&text));
        Self { bakery, base, archive }
    }

    fn bake(&self, engine: &str) -> Duration {
        let mut command = self.bakery.command(&["bake", "recipes/app.yaml", "--no-cache", "--engine", engine, "-q"]);
        timed(&mut command)
    }

    fn folder(&self, name: &str) -> String {
        self.bakery.path(name).display().to_string()
    }
}

/// The Dockerfile for builders that know no documents in it; they are told about the network otherwise.
fn old(text: &str) -> String {
    let mut lines = text.lines();
    let mut old = String::new();
    while let Some(line) = lines.next() {
        if line.starts_with("FROM ") {
            old += &format!("FROM {BASE}\n");
        } else if line.starts_with("RUN ") && line.ends_with("<<EOF") {
            let script: Vec<&str> = lines.by_ref().take_while(|line| *line != "EOF").collect();
            old += &format!("RUN {}\n", script.join("; "));
        } else {
            old += &format!("{line}\n");
        }
    }
    old
}

fn timed(command: &mut Command) -> Duration {
    let begun = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    let took = begun.elapsed();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    took
}

/// The time until the image is made, and until it has come out of the daemon, to nowhere.
fn built_and_saved(build: &mut Command, save: &mut Command) -> Built {
    let there = timed(build);
    let begun = Instant::now();
    let status = save.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{save:?}");
    Built { there: Some(there), here: there + begun.elapsed() }
}

struct Docker {
    daemon: Dockerd,
    context: String,
}

fn docker(bench: &Bench) -> Option<Box<dyn Builder>> {
    if !peers::need(&["dockerd"]) {
        return None;
    }
    let daemon = Dockerd::start().unwrap();
    timed(&mut daemon.docker(&["load", "-q", "-i", &bench.archive.display().to_string()]));
    Some(Box::new(Docker { daemon, context: bench.folder("old") }))
}

impl Builder for Docker {
    fn name(&self) -> &'static str {
        "dockerd"
    }

    fn engine(&self) -> String {
        self.daemon.engine()
    }

    fn build(&self) -> Built {
        let build = ["build", "-q", "--no-cache", "--network", "none", "-t", MADE, &self.context];
        let mut build = self.daemon.docker(&build);
        let built = built_and_saved(build.env("DOCKER_BUILDKIT", "1"), &mut self.daemon.docker(&["save", MADE]));
        // What is kept there of it would be more from round to round.
        timed(&mut self.daemon.docker(&["rmi", "-f", MADE]));
        built
    }
}

struct Podman {
    service: PodmanService,
    context: String,
}

fn podman(bench: &Bench) -> Option<Box<dyn Builder>> {
    if !peers::need(&["podman", "runc"]) {
        return None;
    }
    let podman = Podman { service: PodmanService::start().unwrap(), context: bench.folder("old") };
    timed(&mut podman.podman(&["load", "-q", "-i", &bench.archive.display().to_string()]));
    Some(Box::new(podman))
}

impl Podman {
    fn podman(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("podman");
        command.args(["--url", &self.service.engine().replacen("podman://", "unix://", 1)]).args(arguments);
        command
    }
}

impl Builder for Podman {
    fn name(&self) -> &'static str {
        "podman"
    }

    fn engine(&self) -> String {
        self.service.engine()
    }

    fn build(&self) -> Built {
        // A layer a step, as bakery has them.
        let build = ["build", "-q", "--no-cache", "--layers", "--network", "none", "-t", MADE, &self.context];
        let built = built_and_saved(&mut self.podman(&build), &mut self.podman(&["save", MADE]));
        timed(&mut self.podman(&["rmi", "-f", MADE]));
        built
    }
}

struct BuildKit {
    child: Child,
    folder: tempfile::TempDir,
    buildctl: PathBuf,
    arguments: Vec<String>,
}

fn buildkit(bench: &Bench) -> Option<Box<dyn Builder>> {
    let Some(program) = std::env::var_os("BAKERY_BUILDKITD") else {
        eprintln!("SKIPPED overhead of buildkitd: BAKERY_BUILDKITD names none");
        return None;
    };
    let buildctl = Path::new(&program).with_file_name("buildctl");
    if !buildctl.is_file() {
        eprintln!("SKIPPED overhead of buildkitd: no buildctl beside it");
        return None;
    }
    let folder = tempfile::Builder::new().prefix("buildkitd-").tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let child = Command::new(&program)
        .args(["--root", &path("root"), "--addr", &format!("unix://{}", path("sock"))])
        .args(["--oci-worker", "true", "--containerd-worker", "false", "--oci-worker-net", "host"])
        .args(["--oci-worker-snapshotter", "overlayfs", "--allow-insecure-entitlement", "network.host"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(path("log")).unwrap())
        .spawn()
        .unwrap();
    let (context, socket) = (bench.folder("new"), format!("unix://{}", path("sock")));
    let head = ["--addr", &socket, "build", "--frontend", "dockerfile.v0", "--no-cache"].map(str::to_owned);
    let rest = [
        format!("--local=context={context}"),
        format!("--local=dockerfile={context}"),
        format!("--oci-layout=base={}", bench.folder("local")),
        format!("--opt=context:layout.invalid/os:1=oci-layout://base@{}", bench.base),
        format!("--output=type=oci,dest={}", path("made.tar")),
    ];
    let arguments = head.into_iter().chain(rest).collect();
    let mut daemon = BuildKit { child, folder, buildctl, arguments };
    let begun = Instant::now();
    while std::os::unix::net::UnixStream::connect(daemon.folder.path().join("sock")).is_err() {
        assert!(
            daemon.child.try_wait().unwrap().is_none() && begun.elapsed() < Duration::from_secs(30),
            "no buildkitd"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(Box::new(daemon))
}

impl Builder for BuildKit {
    fn name(&self) -> &'static str {
        "buildkitd"
    }

    fn engine(&self) -> String {
        format!("buildkit://{}", self.folder.path().join("sock").display())
    }

    fn build(&self) -> Built {
        Built { there: None, here: timed(Command::new(&self.buildctl).args(&self.arguments)) }
    }
}

impl Drop for BuildKit {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
