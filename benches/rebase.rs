//! Rebasing an image with a layer of 200 MB of its own: in the local store and in a registry on this machine, signed and not; and
//! how many bytes of the image's own layers travel meanwhile.
//!
//! `cargo bench --bench rebase` prints a Markdown table: the time that passed, the processor time of the command itself (on a busy
//! machine that is what can be compared), bytes, and requests. `BAKERY_BENCH_RUNS` says how often. Nothing here judges.
//!
//! What a signed one cannot be faster than: opening the key (scrypt), which goes beside everything else, and in a registry five
//! exchanges that each wait for the one before: bundles, what names them, the list of that, a look at the list, the tag. What is
//! attached is read back as soon as it is there. On two cores nothing waits long before the key is open: what is spared is work.
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

#[path = "../tests/support/docker_registry.rs"]
#[allow(dead_code, reason = "not every door is used here")]
mod docker_registry;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use docker_registry::{DockerRegistry, Door};

/// Files of the base, and bytes of the image's own layer.
const BASE_FILES: u32 = 20_000;
const OWN_BYTES: usize = 200 << 20;

fn main() {
    // `cargo test --benches` and friends pass flags of their own; only a real `cargo bench` measures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runs = std::env::var("BAKERY_BENCH_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(7);
    println!(
        "| image | median ms | least ms | processor ms | bytes of its own layers sent or fetched | requests |\n\
         | --- | --- | --- | --- | --- | --- |"
    );
    for (signed, shown) in [(false, "local store, unsigned"), (true, "local store, signed and stated")] {
        let bench = Bench::new(signed, None);
        bench.row(shown, runs, ("local/team/app:1", signed));
    }
    for (signed, shown) in [(false, "registry, only asked"), (true, "registry, signed and stated")] {
        // What lies in a registry is only rebased by who can sign for it: unsigned, everything but that is measured.
        let registry = DockerRegistry::start_behind(Door::Watched);
        let bench = Bench::new(true, Some(&registry));
        bench.row(shown, runs, (&format!("{}/teams/team/app:1", registry.host()), signed));
    }
}

/// Processor time of all children so far.
fn processor() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    // After the name, which may hold anything: cutime and cstime are the fields 16 and 17, in hundredths of a second.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |field: usize| fields[field - 3].parse::<u64>().unwrap();
    Duration::from_millis(10 * (ticks(16) + ticks(17)))
}

/// A global team, and a baker who inherits from it.
struct Bench<'r> {
    folder: tempfile::TempDir,
    registry: Option<&'r DockerRegistry>,
}

impl<'r> Bench<'r> {
    fn new(signed: bool, registry: Option<&'r DockerRegistry>) -> Self {
        let bench = Self { folder: tempfile::tempdir_in("/var/tmp").unwrap(), registry };
        for who in ["global", "baker"] {
            std::fs::create_dir_all(bench.path(who).join("recipes")).unwrap();
            std::fs::write(
                bench.path(who).join("bakery.yaml"),
                "bakery: 1\nstores:\n  local: {layout: ./local}\nrecipes: recipes\n",
            )
            .unwrap();
            bench.bakery(who, &["keys", "new", "--out", "keys/own"]);
            if !signed {
                std::fs::write(bench.path(who).join("policy.yaml"), "base: {signed-by: []}\n").unwrap();
            }
        }
        let key = if signed { ", key: keys/own.key, keys: [keys/own.pub]" } else { "" };
        let publish = |path: &str| registry.map_or_else(String::new, |at| format!(", publish: {}/{path}", at.host()));
        let workspace = |stores: &str, path: &str| {
            format!(
                "bakery: 1\nstores:\n{stores}  local: {{layout: ./local{key}{}}}\nrecipes: recipes\n",
                publish(path)
            )
        };
        let place = match registry {
            Some(at) => format!("registry: {}/global, plain-http: true", at.host()),
            None => "layout: ../global/local".to_owned(),
        };
        let keys = if signed { ", keys: [../global/keys/own.pub]" } else { "" };
        std::fs::write(bench.path("global").join("bakery.yaml"), workspace("", "global")).unwrap();
        let stores = format!("  global: {{{place}{keys}}}\n");
        std::fs::write(bench.path("baker").join("bakery.yaml"), workspace(&stores, "teams")).unwrap();
        bench.files();
        bench.base(0);
        let recipe =
            "recipe: 1\nname: team/app\ntag: \"1\"\nbase: global/os:12\nsteps:\n  - copy: {from: own, to: /srv/app}\n";
        std::fs::write(bench.path("baker/recipes/app.yaml"), recipe).unwrap();
        bench.bakery("baker", &["bake", "recipes/app.yaml", "-q"]);
        if registry.is_some() {
            bench.bakery("baker", &["publish", "local/team/app:1"]);
        }
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, who: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bakery"));
        command.args(arguments).current_dir(self.path(who)).env("BAKERY_HOME", self.path(&format!("{who}-home")));
        command.env("BAKERY_PASSWORD", "flour").stdin(Stdio::null());
        command
    }

    fn bakery(&self, who: &str, arguments: &[&str]) -> Vec<u8> {
        let output = self.command(who, arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// What the base and the image are made of: many small files; a few large ones that do not compress.
    fn files(&self) {
        let base = self.path("global/recipes/tree");
        for number in 0..BASE_FILES {
            let folder = base.join(format!("usr/share/part-{:03}", number / 100));
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(format!("file-{number}")), format!("{number}\n")).unwrap();
        }
        let own = self.path("baker/recipes/own");
        std::fs::create_dir_all(&own).unwrap();
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        for number in 0..8 {
            let bytes: Vec<u8> = (0..OWN_BYTES / 8 / 8)
                .flat_map(|_| {
                    seed ^= seed << 13;
                    seed ^= seed >> 7;
                    seed ^= seed << 17;
                    seed.to_le_bytes()
                })
                .collect();
            std::fs::write(own.join(format!("blob-{number}")), bytes).unwrap();
        }
    }

    /// A version of the base: what it holds is the same but for one file, and all its layers are new, since it has a new time.
    fn base(&self, version: usize) {
        let recipe = format!(
            "recipe: 1\nname: os\ntag: \"12\"\nbase: scratch\nsteps:\n  - copy: {{from: tree, to: /}}\n  \
             - write: {{to: /etc/version, content: \"{version}\"}}\n"
        );
        std::fs::write(self.path("global/recipes/os.yaml"), recipe).unwrap();
        let mut command = self.command("global", &["bake", "recipes/os.yaml", "-q"]);
        let output = command.env("SOURCE_DATE_EPOCH", (1000 + version).to_string()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        if self.registry.is_some() {
            self.bakery("global", &["publish", "local/os:12"]);
        }
    }

    /// One line of the table; an image that is not to be `moved` is only asked about.
    fn row(&self, shown: &str, runs: usize, (image, moved): (&str, bool)) {
        // In the local store nothing has to be signed; in a registry that is what moving it is.
        let arguments: &[&str] = match moved || self.registry.is_none() {
            true => &["rebase", image, "--json"],
            false => &["rebase", image, "--json", "--dry-run"],
        };
        let own = self.own_layer();
        let blob = self.path("baker/local/blobs").join(own.replace(':', "/"));
        let (inode, mut times) = (inode(&blob), Vec::new());
        let (mut sent, mut asked, mut worked) = (0, 0, Duration::ZERO);
        for turn in 1..=runs {
            self.base(turn);
            let from = self.registry.map_or(0, |registry| registry.requests().len());
            let (started, before) = (Instant::now(), processor());
            let told = self.bakery("baker", arguments);
            times.push(started.elapsed());
            worked += processor() - before;
            let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
            assert_eq!(told["answer"], "safe", "{told:#}");
            assert_eq!(told["done"], arguments.len() == 3, "{told:#}");
            sent += told["layers"]["read"].as_u64().unwrap();
            let requests = self.registry.map(|registry| registry.requests()).unwrap_or_default();
            let of_ours = requests.iter().skip(from).filter(|(method, path)| method != "HEAD" && path.contains(&own));
            sent += of_ours.count() as u64 * OWN_BYTES as u64;
            asked = requests.len() - from;
        }
        assert_eq!(self::inode(&blob), inode, "the layer is the same file");
        times.sort();
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        let (median, least) = (millis(times[times.len() / 2]), millis(times[0]));
        let worked = millis(worked) / runs as f64;
        println!("| {shown} | {median:.0} | {least:.0} | {worked:.0} | {sent} | {asked} |");
    }

    /// The digest of the image's own layer.
    fn own_layer(&self) -> String {
        let shown = self.bakery("baker", &["inspect", "local/team/app:1", "--json"]);
        let shown: serde_json::Value = serde_json::from_slice(&shown).unwrap();
        shown["layers"].as_array().unwrap().last().unwrap()["digest"].as_str().unwrap().to_owned()
    }
}

fn inode(path: &Path) -> u64 {
    path.metadata().unwrap().ino()
}
