//! The example recipes, all of them, baked as `recipes/README.md` says: how long each takes, and how large it is.
//!
//! `cargo bench --bench examples` prints a Markdown table. Needs mmdebstrap and a Debian mirror. Whether what was baked
//! also runs is asked by `BAKERY_EXAMPLES=all cargo test examples`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench touches the world and stops at the first surprise"
)]

#[path = "../tests/support/debian.rs"]
mod debian;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// The workspaces with their recipes, bases first.
const ORDER: [(&str, &[&str]); 3] = [
    ("global", &["os", "python", "java", "node", "postgres", "redis", "nginx", "apache"]),
    ("team-a", &["payments-api", "storefront"]),
    ("team-b", &["reports", "sessions"]),
];

fn main() {
    // `cargo test --benches` and friends pass flags of their own; only a real `cargo bench` measures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    for (workspace, _) in ORDER {
        debian::run(Command::new("cp").arg("-r").arg(source.join(workspace)).arg(folder.path()));
        debian::run(Command::new("find").arg(folder.path()).args(["-name", "*.lock", "-delete"]));
    }
    let begun = Instant::now();
    std::fs::copy(debian::rootfs(), folder.path().join("global/os/rootfs.tar")).unwrap();
    eprintln!("the root file system took {:.1} s", begun.elapsed().as_secs_f64());
    println!("| image | baked s | again s | layers | its own MB |\n| --- | --- | --- | --- | --- |");
    for (workspace, recipes) in ORDER {
        for recipe in recipes {
            let (cold, layers, bytes) = bake(folder.path(), workspace, recipe);
            let (again, ..) = bake(folder.path(), workspace, recipe);
            println!("| {workspace}/{recipe} | {cold:.1} | {again:.2} | {layers} | {:.1} |", bytes as f64 / 1e6);
        }
    }
}

/// Seconds; layers this recipe made, and their bytes.
fn bake(folder: &Path, workspace: &str, recipe: &str) -> (f64, usize, u64) {
    // A team's images bear its name.
    let image = if workspace == "global" { recipe.to_owned() } else { format!("{workspace}/{recipe}") };
    let begun = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_bakery"))
        .args(["bake", "--json", &image, "--workspace"])
        .arg(folder.join(workspace))
        .env("BAKERY_HOME", folder.join("home"))
        .output()
        .unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    assert!(output.status.success(), "{recipe}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let sealed: Vec<u64> =
        events.filter(|event| event["kind"] == "layer.sealed").map(|event| event["size"].as_u64().unwrap()).collect();
    (seconds, sealed.len(), sealed.iter().sum())
}
