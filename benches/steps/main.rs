//! Steps that run, side by side with other tools doing the same on the same base: as root, and as an ordinary user with
//! subordinate ids. Interleaved, medians of wall time of whole commands.
//!
//! `cargo bench --bench steps` prints Markdown tables; BAKERY_BENCH_RUNS says how often. Peers that are absent or do not
//! start are left out by name. Nothing here judges: the README's table is what one machine said.
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

#[path = "../../tests/support/debian.rs"]
mod debian;
#[allow(dead_code, reason = "tests of engines need more of it")]
#[path = "../../tests/support/dockerd.rs"]
mod dockerd;
#[path = "../../tests/support/subordinate.rs"]
mod subordinate;
mod tools;
mod watching;

use std::path::PathBuf;
use std::time::Duration;

use tools::{Bakery, Buildah, Docker, Tool, Work};

fn main() {
    // `cargo test --benches` and friends pass flags of their own; only a real `cargo bench` measures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    if !rustix::process::geteuid().is_root() || !tools::has("mmdebstrap") {
        eprintln!("left out: all of it needs root, to be others, and mmdebstrap, to make a base");
        return;
    }
    let runs = std::env::var("BAKERY_BENCH_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(7);
    let bench = Bench::prepare(runs);
    let tools = bench.tools();
    println!("| work | tool | median ms | min ms | of the slowest |\n| --- | --- | --- | --- | --- |");
    for (what, change) in [
        ("two cheap run steps and a copy of 1 MB", Change { steps: true, file: true }),
        ("the same, only the copy changed", Change { steps: false, file: true }),
        ("the same, all cached", Change { steps: false, file: false }),
    ] {
        bench.compare(what, &tools, change);
    }
    for bakery in bench.bakeries() {
        bench.overhead(&bakery);
    }
    for bakery in bench.bakeries() {
        watching::compare(&bakery, bench.runs.min(5));
    }
}

/// What differs from one run to the next.
#[derive(Clone, Copy)]
struct Change {
    steps: bool,
    file: bool,
}

struct Bench {
    folder: tempfile::TempDir,
    user: u32,
    runs: usize,
}

impl Bench {
    /// A base of four layers: a Debian, and three files on it.
    fn prepare(runs: usize) -> Self {
        // buildah takes lower-case paths only.
        let name = format!("bakery-steps-{}", std::process::id());
        let folder = tempfile::Builder::new().prefix(&name).rand_bytes(0).tempdir_in("/var/tmp").unwrap();
        let bench = Self { folder, user: subordinate::user(), runs };
        debian::run(std::process::Command::new("chmod").arg("755").arg(bench.path("")));
        let global = bench.path("global");
        std::fs::create_dir_all(global.join("recipes")).unwrap();
        std::fs::copy(debian::rootfs(), global.join("recipes/rootfs.tar")).unwrap();
        let writes: String =
            (1..=3).map(|number| format!("  - write: {{to: /etc/layer-{number}, content: \"{number}\"}}\n")).collect();
        let base = Bakery::new("bakery", &global, None);
        base.recipe(
            "base",
            &format!("base: scratch\nsteps:\n  - unpack: {{from: rootfs.tar, to: /}}\n{writes}config: {{cmd: [sh]}}\n"),
        );
        base.bake("base");
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// bakery as both kinds of user, each with a home, a workspace and a store of its own.
    fn bakeries(&self) -> [Bakery; 2] {
        let make = |name: &str, shown, user| {
            let bakery = Bakery::new(shown, &self.path(name), user);
            bakery.recipe("warm", "base: global/base:1\nsteps:\n  - run: echo warm >/warm\n");
            bakery.bake("warm");
            bakery
        };
        [make("root", "bakery, root", None), make("user", "bakery, ordinary user", Some(self.user))]
    }

    fn tools(&self) -> Vec<Box<dyn Tool>> {
        let mut tools: Vec<Box<dyn Tool>> = Vec::new();
        tools.extend(self.bakeries().map(|bakery| Box::new(bakery) as Box<dyn Tool>));
        let base = self.path("global/local");
        for (isolation, shown) in [("chroot", "buildah --isolation chroot"), ("oci", "buildah")] {
            for (user, who) in [(None, "root"), (Some(self.user), "ordinary user")] {
                let folder = self.path(&format!("buildah-{isolation}-{who}").replace(' ', "-"));
                match Buildah::new(format!("{shown}, {who}"), &folder, (isolation, user), &base) {
                    Ok(buildah) => tools.push(Box::new(buildah)),
                    Err(said) => eprintln!("left out: {shown}, {who}: {said}"),
                }
            }
        }
        match Docker::new(&self.path("docker"), &base) {
            Ok(docker) => tools.push(Box::new(docker)),
            Err(said) => eprintln!("left out: dockerd: {said}"),
        }
        tools
    }

    fn compare(&self, what: &str, tools: &[Box<dyn Tool>], change: Change) {
        let mut work = Work { number: 0, file: vec![7; 1_000_000] };
        let mut walls: Vec<Vec<Duration>> = vec![Vec::new(); tools.len()];
        for run in 0..=self.runs {
            if change.steps || run == 0 {
                work.number = number();
            }
            if change.file {
                fill(&mut work.file, number());
            }
            for (tool, walls) in tools.iter().zip(&mut walls) {
                tool.prepare(&work);
                walls.push(tool.build());
            }
        }
        // The first round warmed whatever is kept.
        let rows: Vec<_> = tools.iter().zip(walls).map(|(tool, walls)| (tool.shown(), walls[1..].to_vec())).collect();
        let slowest = rows.iter().map(|(_, walls)| median(walls)).fold(0.0, f64::max);
        for (shown, walls) in &rows {
            row(what, shown, walls, Some(slowest));
        }
    }

    /// Steps that do nothing: what the sandbox itself costs.
    fn overhead(&self, bakery: &Bakery) {
        const MANY: u32 = 10;
        let bakes = |steps: usize| -> Vec<Duration> {
            let run = |_| {
                let number = number();
                let steps: String = (0..steps).map(|step| format!("  - run: \"true # {number} {step}\"\n")).collect();
                bakery.recipe(
                    "idle",
                    &format!("base: global/base:1\nsteps:\n  - write: {{to: /n, content: \"{number}\"}}\n{steps}"),
                );
                bakery.build_recipe("idle")
            };
            (0..=self.runs).map(run).skip(1).collect()
        };
        let (none, one, many) = (bakes(0), bakes(1), bakes(MANY as usize + 1));
        let shown = bakery.shown();
        row("no run step", &shown, &none, None);
        row("one step `true`", &shown, &one, None);
        let each: Vec<Duration> =
            many.iter().map(|wall| wall.saturating_sub(Duration::from_secs_f64(median(&one))) / MANY).collect();
        row("each further step `true`", &shown, &each, None);
    }
}

/// Never the same twice, in this run or another.
fn number() -> u64 {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    now.as_secs() << 30 | u64::from(now.subsec_nanos())
}

/// Bytes that do not compress, other ones for other seeds.
fn fill(bytes: &mut [u8], seed: u64) {
    let mut state = seed | 1;
    for byte in bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *byte = state.to_le_bytes()[3];
    }
}

fn median(walls: &[Duration]) -> f64 {
    let mut walls: Vec<f64> = walls.iter().map(Duration::as_secs_f64).collect();
    walls.sort_by(f64::total_cmp);
    walls[walls.len() / 2]
}

fn row(work: &str, tool: &str, walls: &[Duration], slowest: Option<f64>) {
    let (median, least) = (median(walls), walls.iter().min().unwrap().as_secs_f64());
    let share = slowest.map(|slowest| format!("{:.2}", median / slowest)).unwrap_or_default();
    println!("| {work} | {tool} | {:.1} | {:.1} | {share} |", median * 1e3, least * 1e3);
}
