//! A pool of two builders against one, on twenty recipes that have nothing to do with each other: dockerds that have a core each, and
//! steps that use it.
//!
//! `cargo bench --bench pool` prints one line a measurement; nothing here judges. Needs root, dockerd and busybox, and says what it
//! skips. bakery itself is not bound to a core: on a machine of two it takes from what the builders have.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    dead_code,
    reason = "a bench touches the world and stops at the first surprise"
)]

#[path = "../tests/support/bakery.rs"]
mod bakery;
#[path = "../tests/support/dockerd.rs"]
mod dockerd;
#[path = "../tests/support/peers.rs"]
mod peers;
#[path = "../tests/support/tiny.rs"]
mod tiny;

use std::process::Command;
use std::time::Instant;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use self::bakery::Bakery;
use self::dockerd::Dockerd;

/// Bakes.
const RECIPES: usize = 20;
/// How long a step runs on a core of its own, in seconds.
const STEP: f64 = 2.5;

fn main() {
    // `cargo test --benches` and friends pass flags of their own; only a real `cargo bench` measures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED pool: root is needed for dockerd");
        return;
    }
    if !peers::need(&["dockerd", "busybox"]) {
        return;
    }
    let cores = cores();
    let [first, second, ..] = cores[..] else {
        eprintln!("SKIPPED pool: two cores are needed");
        return;
    };
    let rounds = rounds();
    println!("{} cores, {RECIPES} recipes, a step counts to {rounds} (about {STEP} s)", cores.len());
    let builders = [bound(first), bound(second)];
    for slots in [1, 2] {
        let one = bake(&builders[..1], slots, rounds);
        let two = bake(&builders, slots, rounds);
        println!(
            "{slots} slots a builder: one builder {one:.1} s, two builders {two:.1} s, {:.2} times as fast",
            one / two
        );
    }
}

/// Cores this process may use.
fn cores() -> Vec<usize> {
    let all = sched_getaffinity(None).unwrap();
    (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core)).collect()
}

/// A dockerd that has one core, with all it starts.
fn bound(core: usize) -> Dockerd {
    let all = sched_getaffinity(None).unwrap();
    let mut own = CpuSet::new();
    own.set(core);
    // What is started by this thread has its cores.
    sched_setaffinity(None, &own).unwrap();
    let daemon = Dockerd::start().unwrap();
    sched_setaffinity(None, &all).unwrap();
    daemon
}

fn counting(rounds: usize) -> String {
    format!("i=0; while [ $i -lt {rounds} ]; do i=$((i+1)); done")
}

/// How far the shell counts in the time a step is to take.
fn rounds() -> usize {
    const TRIED: usize = 400_000;
    let begun = Instant::now();
    let status = Command::new("busybox").args(["sh", "-c", &counting(TRIED)]).status().unwrap();
    assert!(status.success());
    let rounds = TRIED as f64 / begun.elapsed().as_secs_f64() * STEP;
    rounds as usize
}

/// Seconds that all recipes take, on a store that has their base alone, and on builders that have it too.
fn bake(builders: &[Dockerd], slots: usize, rounds: usize) -> f64 {
    let engines: String = builders
        .iter()
        .enumerate()
        .map(|(number, daemon)| format!("  - {{name: b{number}, engine: \"{}\", slots: {slots}}}\n", daemon.engine()))
        .collect();
    let bakery = Bakery::with_workspace(&format!(
        "bakery: 1\nstores:\n  local: {{layout: local}}\npolicy: policy.yaml\nengines:\n{engines}"
    ));
    bakery.write("recipes/rootfs.tar", tiny::tar(&[]));
    let text = |name: &str, base: &str, steps: &str| {
        format!("recipe: 1\nname: {name}\ntag: \"1\"\nbase: {base}\nsteps:\n{steps}")
    };
    bakery.write("recipes/os.yaml", text("os", "scratch", "  - unpack: {from: rootfs.tar, to: /}\n"));
    bakery.bake("recipes/os.yaml");
    // Each builder is given the base by a bake of its own, which does not count.
    for daemon in builders {
        bakery.write("recipes/warm.yaml", text("warm", "local/os:1", "  - run: {script: \"true\", network: host}\n"));
        bakery.ok(&["bake", "recipes/warm.yaml", "--no-cache", "--engine", &daemon.engine()]);
    }
    for number in 0..RECIPES {
        let steps =
            format!("  - run: {{script: \"{}; echo {number} > /root/made\", network: host}}\n", counting(rounds));
        bakery.write(&format!("recipes/app-{number}.yaml"), text(&format!("t/app-{number}"), "local/os:1", &steps));
    }
    let names: Vec<String> = (0..RECIPES).map(|number| format!("app-{number}")).collect();
    let mut arguments = vec!["bake", "--no-cache"];
    arguments.extend(names.iter().map(String::as_str));
    let begun = Instant::now();
    bakery.ok(&arguments);
    begun.elapsed().as_secs_f64()
}
