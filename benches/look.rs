//! Looking into images: a large base for the first time and again, a million entries, two images compared; beside what
//! `gzip -dc | tar -t` takes for the same layers on one core.
//!
//! `cargo bench --bench look` prints a Markdown table. Nothing here judges.
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

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What the layers of the large base are made of.
const LAYERS: [(&str, &str); 3] = [("share", "/usr/share"), ("bin", "/usr/bin"), ("sbin", "/usr/sbin")];
const MILLION: u32 = 1_000_000;

fn main() {
    // `cargo test --benches` and friends pass flags of their own; only a real `cargo bench` measures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runs = std::env::var("BAKERY_BENCH_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    let bench = Bench { folder: tempfile::tempdir_in("/var/tmp").unwrap(), runs };
    bench.workspace();
    println!("| work | tool | median s | peak MiB |\n| --- | --- | --- | --- |");
    bench.large_base();
    bench.million();
}

/// One timed run: wall time, and the most memory it held.
type Run = (Duration, u64);

struct Bench {
    folder: tempfile::TempDir,
    runs: usize,
}

impl Bench {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn workspace(&self) {
        std::fs::create_dir_all(self.path("recipes")).unwrap();
        let text = "bakery: 1\nstores:\n  local: {layout: ./local}\nrecipes: recipes\n";
        std::fs::write(self.path("bakery.yaml"), text).unwrap();
    }

    fn bakery(&self, home: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bakery"));
        command.args(arguments).current_dir(self.folder.path()).env("BAKERY_HOME", self.path(home));
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    fn bake(&self, name: &str, steps: &str) {
        let text = format!("recipe: 1\nname: {name}\ntag: \"1\"\nbase: scratch\nsteps:\n{steps}");
        std::fs::write(self.path(&format!("recipes/{name}.yaml")), text).unwrap();
        run(&mut self.bakery("home", &["bake", &format!("recipes/{name}.yaml"), "-q"]));
    }

    fn large_base(&self) {
        let mut steps = String::new();
        for (name, folder) in LAYERS {
            let archive = self.path(&format!("recipes/{name}.tar"));
            let mut tar = Command::new("tar");
            run(tar
                .args(["--sort=name", "-cf"])
                .arg(&archive)
                .args(["--ignore-failed-read", "-C", "/"])
                .arg(&folder[1..]));
            steps.push_str(&format!("  - unpack: {{from: {name}.tar, to: /}}\n"));
        }
        self.bake("large", &steps);
        let layers = self.layers("large:1");
        let list = |one: &Path| {
            let mut command = Command::new("taskset");
            command.args(["-c", "0", "sh", "-c", "gzip -dc \"$0\" | tar -tf - >/dev/null"]).arg(one);
            timed(&mut command).0
        };
        let (mut plain, mut one, mut two, mut again) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let look = ["files", "local/large:1", "/usr/bin/env"];
        for turn in 0..self.runs {
            plain.push((layers.iter().map(|layer| list(layer)).sum(), 0));
            let mut pinned = Command::new("taskset");
            let bakery = self.bakery(&format!("one-{turn}"), &look);
            pinned.args(["-c", "0"]).arg(bakery.get_program()).args(bakery.get_args());
            pinned.current_dir(self.folder.path()).env("BAKERY_HOME", self.path(&format!("one-{turn}")));
            one.push(timed(pinned.stdout(Stdio::null())));
            two.push(timed(&mut self.bakery(&format!("two-{turn}"), &look)));
            again.push(timed(&mut self.bakery(&format!("two-{turn}"), &look)));
        }
        let bytes: u64 = layers.iter().map(|layer| layer.metadata().unwrap().len()).sum();
        let what = format!("{} layers, {} MB, opened", layers.len(), bytes / 1_000_000);
        row(&what, "`gzip -dc \\| tar -t`, one core", plain);
        row(&what, "bakery, never seen, one core", one);
        row(&what, "bakery, never seen", two);
        row(&what, "bakery, seen before", again);
    }

    /// The blobs of an image's layers.
    fn layers(&self, reference: &str) -> Vec<PathBuf> {
        let shown =
            self.bakery("home", &["inspect", &format!("local/{reference}"), "--json"]).stdout(Stdio::piped()).output();
        let shown: serde_json::Value = serde_json::from_slice(&shown.unwrap().stdout).unwrap();
        let blob = |layer: &serde_json::Value| {
            let digest = layer["digest"].as_str().unwrap().replace(':', "/");
            self.path("local/blobs").join(digest)
        };
        shown["layers"].as_array().unwrap().iter().map(blob).collect()
    }

    fn million(&self) {
        let archive = self.path("recipes/million.tar");
        let mut tar = tar::Builder::new(std::io::BufWriter::new(std::fs::File::create(&archive).unwrap()));
        for number in 0..MILLION {
            let mut header = tar::Header::new_ustar();
            header.set_size(0);
            header.set_mode(0o644);
            header.set_cksum();
            let path =
                format!("srv/data/part-{:03}/segment-{:02}/object-{number:07}.bin", number / 5000, number / 100 % 50);
            tar.append_data(&mut header, path, std::io::empty()).unwrap();
        }
        tar.into_inner().unwrap().flush().unwrap();
        self.bake("million", "  - unpack: {from: million.tar, to: /}\n");
        self.bake("other", "  - unpack: {from: million.tar, to: /}\n  - write: {to: /etc/x, content: x}\n");
        run(&mut self.bakery("home", &["files", "local/million:1", "/srv"]));
        run(&mut self.bakery("home", &["files", "local/other:1", "/srv"]));
        let many = |arguments: &[&str]| (0..self.runs).map(|_| timed(&mut self.bakery("home", arguments))).collect();
        let one = "/srv/data/part-000/segment-00/object-0000001.bin";
        row("1,000,000 entries, opened", "bakery, seen before", many(&["files", "local/million:1", one]));
        row("1,000,000 entries, all listed", "bakery, seen before", many(&["files", "local/million:1"]));
        row(
            "two images of 1,000,000 entries, compared",
            "bakery, seen before",
            many(&["diff", "local/million:1", "local/other:1"]),
        );
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Wall time and peak resident memory (KiB) of one program.
fn timed(command: &mut Command) -> Run {
    let started = Instant::now();
    let mut child = command.stderr(Stdio::null()).process_group(0).spawn().unwrap();
    let mut peak = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        peak = peak.max(line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0));
        if child.try_wait().unwrap().is_some() {
            return (started.elapsed(), peak);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn row(work: &str, tool: &str, mut runs: Vec<Run>) {
    runs.sort();
    let median = runs[runs.len() / 2].0.as_secs_f64();
    let peak = runs.iter().map(|run| run.1).max().unwrap_or(0);
    let peak = if peak == 0 { "-".to_owned() } else { (peak / 1024).to_string() };
    println!("| {work} | {tool} | {median:.3} | {peak} |");
}
