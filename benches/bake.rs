//! Whole bakes, side by side with other tools doing the same work, interleaved, medians of wall time.
//!
//! `cargo bench` prints a Markdown table. Peers that are absent are left out by name. Nothing here judges: the table in
//! the README is what one machine said.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench touches the world and stops at the first surprise"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const FILES: usize = 20_000;
const BYTES: u64 = 220_000_000;

fn main() {
    // `cargo test --benches` and friends pass flags of their own; only a real `cargo bench` measures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runs = std::env::var("BAKERY_BENCH_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let bench = Bench::prepare(runs);
    println!("| work | tool | median s | min s | layer MB | peak MiB |\n| --- | --- | --- | --- | --- | --- |");
    // Small bakes first: their syncs would else wait for what the large ones left to be written back.
    bench.config_only();
    bench.cached_rebake();
    bench.copy_many_files();
}

/// One timed run.
struct Run {
    wall: Duration,
    peak_kib: u64,
    layer: u64,
}

impl Run {
    /// A run whose layer and memory are not looked at.
    fn small(wall: Duration) -> Self {
        Self { wall, peak_kib: 0, layer: 0 }
    }
}

struct Bench {
    folder: tempfile::TempDir,
    runs: usize,
}

impl Bench {
    fn prepare(runs: usize) -> Self {
        // buildah takes lower-case paths only.
        let name = format!("bakery-bench-{}", std::process::id());
        let folder = tempfile::Builder::new().prefix(&name).rand_bytes(0).tempdir_in("/var/tmp").unwrap();
        let bench = Self { folder, runs };
        let app = bench.path("recipes/app");
        let (files, bytes) = collect(&app);
        eprintln!(
            "inputs: {bytes} bytes in {files} files, {} processors",
            std::thread::available_parallelism().unwrap()
        );
        std::fs::write(
            bench.path("bakery.yaml"),
            "bakery: 1\nstores:\n  global: {layout: ./global}\n  local: {layout: ./local}\nrecipes: recipes\n",
        )
        .unwrap();
        let rootfs = bench.path("recipes/rootfs");
        for folder in ["etc", "bin", "usr/lib"] {
            std::fs::create_dir_all(rootfs.join(folder)).unwrap();
        }
        std::fs::write(rootfs.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").unwrap();
        bench.recipe("base", "name: base\ntag: \"1\"\nbase: scratch\nsteps:\n  - copy: {from: rootfs, to: /}\n");
        bench.bake("recipes/base.yaml");
        bench.recipe("warm", &on_base("warm", "config: {env: {A: b}}\n"));
        bench.bake("recipes/warm.yaml");
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn recipe(&self, name: &str, text: &str) {
        std::fs::write(self.path(&format!("recipes/{name}.yaml")), format!("recipe: 1\n{text}")).unwrap();
    }

    fn bakery(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bakery"));
        command.current_dir(self.folder.path()).env("BAKERY_HOME", self.path("home"));
        command
    }

    /// Bakes, timed from the start of the command to its end, the worker's syncs included.
    fn bake(&self, recipe: &str) -> Duration {
        timed(self.bakery().args(["bake", recipe]))
    }

    /// The same, with the worker's memory watched, which costs a little time.
    fn bake_watched(&self, recipe: &str) -> Run {
        let peak = watch_peak();
        let wall = self.bake(recipe);
        Run { wall, peak_kib: peak.stop(), layer: largest(&self.path("local/blobs/sha256")) }
    }

    fn copy_many_files(&self) {
        const WORK: &str = "copy 220 MB in 20,000 files";
        let (mut gzip, mut zstd, mut umoci, mut buildah, mut pipe) = (vec![], vec![], vec![], vec![], vec![]);
        for run in 0..self.runs {
            std::fs::write(self.path("recipes/app/run"), run.to_string()).unwrap();
            self.recipe("app", &on_base("app", "steps:\n  - copy: {from: app, to: /srv/app, owner: \"1000:1000\"}\n"));
            gzip.push(self.cold("gzip"));
            if has("umoci") {
                umoci.push(self.umoci_insert());
            }
            zstd.push(self.cold("zstd"));
            if has("zstd") {
                pipe.push(self.pipe());
            }
            if has("buildah") && run < 2 {
                buildah.push(self.buildah_copy());
            }
        }
        row(WORK, "bakery, gzip (default)", &gzip);
        row(WORK, "umoci insert", &umoci);
        row(WORK, "buildah copy, commit", &buildah);
        row(WORK, "bakery, zstd", &zstd);
        row(WORK, "tar, sha256sum, zstd -3 -T2, sha256sum", &pipe);
    }

    /// A bake with a warm base and nothing else: no step cache, no remembered inputs, no layer of an earlier run.
    fn cold(&self, compression: &str) -> Run {
        for folder in ["home/cache/steps", "home/cache/inputs", "home/cache/recipes"] {
            let _ = std::fs::remove_dir_all(self.path(folder));
        }
        std::fs::create_dir_all(self.path("home/config")).unwrap();
        std::fs::write(self.path("home/config/config.yaml"), format!("pack: {{compression: {compression}}}\n"))
            .unwrap();
        self.forget_large_blobs();
        self.bake_watched("recipes/app.yaml")
    }

    fn forget_large_blobs(&self) {
        for entry in std::fs::read_dir(self.path("local/blobs/sha256")).unwrap() {
            let entry = entry.unwrap();
            if entry.metadata().unwrap().len() > 10_000_000 {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
    }

    fn umoci_insert(&self) -> Run {
        let layout = self.path("umoci");
        let _ = std::fs::remove_dir_all(&layout);
        run(Command::new("skopeo")
            .args(["copy", "-q"])
            .args([oci(&self.path("local"), "warm:1"), oci(&layout, "warm")]));
        let image = format!("{}:warm", layout.display());
        let app = self.path("recipes/app");
        let wall = timed(Command::new("umoci").args(["insert", "--image", &image]).arg(app).arg("/srv/app"));
        Run { wall, peak_kib: 0, layer: largest(&layout.join("blobs/sha256")) }
    }

    fn buildah_copy(&self) -> Run {
        let storage = self.path("buildah");
        let buildah = |arguments: &[&str]| {
            let mut command = Command::new("buildah");
            command.args(["--root", &storage.join("root").display().to_string()]);
            command.args(["--runroot", &storage.join("run").display().to_string(), "--storage-driver", "overlay"]);
            command.args(arguments);
            command
        };
        let base = oci(&self.path("local"), "warm:1");
        let target = self.path("buildah-out");
        let _ = std::fs::remove_dir_all(&target);
        run(&mut buildah(&["from", "-q", "--name", "bench", &base]));
        let app = self.path("recipes/app").display().to_string();
        let mut wall = timed(&mut buildah(&["copy", "-q", "bench", &app, "/srv/app"]));
        wall += timed(&mut buildah(&["commit", "-q", "--disable-compression=false", "bench", &oci(&target, "x")]));
        run(&mut buildah(&["rm", "bench"]));
        Run { wall, peak_kib: 0, layer: largest(&target.join("blobs/sha256")) }
    }

    fn pipe(&self) -> Run {
        let out = self.path("pipe.tar.zst");
        let script = format!(
            "tar -C {} -cf - app | tee >(sha256sum >&2) | zstd -q -3 -T2 | tee {} | sha256sum >&2",
            self.path("recipes").display(),
            out.display()
        );
        let wall = timed(Command::new("bash").args(["-c", &script]));
        Run { wall, peak_kib: 0, layer: out.metadata().unwrap().len() }
    }

    fn config_only(&self) {
        const WORK: &str = "environment and label only";
        let (mut ours, mut umoci) = (vec![], vec![]);
        let layout = self.path("umoci-config");
        if has("umoci") {
            run(Command::new("skopeo")
                .args(["copy", "-q"])
                .args([oci(&self.path("local"), "warm:1"), oci(&layout, "warm")]));
        }
        for run in 0..self.runs * 4 {
            self.recipe(
                "config",
                &on_base("config", &format!("config: {{env: {{A: \"{run}\"}}, labels: {{l: \"{run}\"}}}}\n")),
            );
            ours.push(Run::small(self.bake("recipes/config.yaml")));
            if has("umoci") {
                let image = format!("{}:warm", layout.display());
                let variable = format!("A={run}");
                let wall = timed(Command::new("umoci").args(["config", "--image", &image, "--config.env", &variable]));
                umoci.push(Run::small(wall));
            }
        }
        row(WORK, "bakery", &ours);
        row(WORK, "umoci config", &umoci);
    }

    fn cached_rebake(&self) {
        for name in ["a", "b", "c"] {
            std::fs::create_dir_all(self.path(&format!("recipes/{name}"))).unwrap();
            std::fs::write(self.path(&format!("recipes/{name}/file")), name).unwrap();
        }
        let steps = "steps:\n  - copy: {from: a, to: /a}\n  - copy: {from: b, to: /b}\n  - copy: {from: c, to: /c}\n  \
            - write: {to: /etc/one, content: one}\n  - write: {to: /etc/two, content: two}\n";
        self.recipe("five", &on_base("five", steps));
        self.bake("recipes/five.yaml");
        let runs: Vec<Run> = (0..self.runs * 4).map(|_| Run::small(self.bake("recipes/five.yaml"))).collect();
        row("five steps, all cached", "bakery", &runs);
    }
}

fn on_base(name: &str, rest: &str) -> String {
    format!("name: {name}\ntag: \"1\"\nbase: local/base:1\n{rest}")
}

fn oci(layout: &Path, name: &str) -> String {
    format!("oci:{}:{name}", layout.display())
}

fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("left out: {program} is absent");
    }
    found
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn timed(command: &mut Command) -> Duration {
    let started = Instant::now();
    run(command);
    started.elapsed()
}

fn largest(folder: &Path) -> u64 {
    std::fs::read_dir(folder).unwrap().filter_map(|e| Some(e.ok()?.metadata().ok()?.len())).max().unwrap_or(0)
}

fn row(work: &str, tool: &str, runs: &[Run]) {
    if runs.is_empty() {
        return;
    }
    let mut walls: Vec<f64> = runs.iter().map(|r| r.wall.as_secs_f64()).collect();
    walls.sort_by(f64::total_cmp);
    let median = walls[walls.len() / 2];
    let number = |value: u64, unit: f64| if value == 0 { "-".into() } else { format!("{:.1}", value as f64 / unit) };
    let layer = number(runs.iter().map(|r| r.layer).max().unwrap_or(0), 1e6);
    let peak = number(runs.iter().map(|r| r.peak_kib).max().unwrap_or(0), 1024.0);
    println!("| {work} | {tool} | {median:.3} | {:.3} | {layer} | {peak} |", walls[0]);
}

/// Follows the resident-set peak of every worker until told to stop.
struct Peak {
    stop: std::sync::mpsc::Sender<()>,
    thread: std::thread::JoinHandle<u64>,
}

impl Peak {
    fn stop(self) -> u64 {
        let _ = self.stop.send(());
        self.thread.join().unwrap()
    }
}

fn watch_peak() -> Peak {
    let (stop, stopped) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let mut peak = 0;
        while stopped.recv_timeout(Duration::from_millis(3)).is_err() {
            peak = peak.max(worker_peaks());
        }
        peak
    });
    Peak { stop, thread }
}

/// Largest `VmHWM` of the worker processes, in KiB.
fn worker_peaks() -> u64 {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let peak = |entry: std::fs::DirEntry| -> Option<u64> {
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        line.windows(8).any(|w| w == b"__worker").then_some(())?;
        let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
        let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    processes.filter_map(peak).max().unwrap_or(0)
}

/// Real files of this machine, largest folders first, until both counts are reached.
fn collect(target: &Path) -> (usize, u64) {
    let (mut files, mut bytes) = (0, 0);
    let mut pending = vec![PathBuf::from("/usr/share"), PathBuf::from("/usr/lib")];
    while let Some(folder) = pending.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            let Ok(metadata) = path.symlink_metadata() else { continue };
            if metadata.is_dir() {
                pending.push(path);
                continue;
            }
            // Keep the average near 11 kB: large files only while the byte count lags behind the file count.
            let room = (files as u64 + 1) * BYTES / FILES as u64 + 400_000;
            if !metadata.is_file() || metadata.len() == 0 || bytes + metadata.len() > room || files >= FILES {
                continue;
            }
            let to = target.join(format!("d{:03}/{:05}", files / 100, files));
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            if std::fs::copy(&path, &to).is_ok() {
                files += 1;
                bytes += metadata.len();
            }
        }
    }
    (files, bytes)
}
