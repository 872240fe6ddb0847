//! A fleet looked at: 3 global bases in 3 versions each, 40 local images, 200 of teams, 30 % of which say nothing of their base, in a
//! registry on loopback; for the first time, again, and after a base has moved.
//!
//! `cargo bench --bench fleet` prints a Markdown table. Nothing here judges.
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

#[path = "../tests/support/docker_registry.rs"]
mod docker_registry;
#[path = "../tests/support/images.rs"]
mod images;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use bakery::adapters::store::{Store, open};
use bakery::domain::oci::{
    Annotations, Descriptor, Digest, ImageConfig, ImageManifest, Platform, Repository, Tag, annotation, media_type,
};

use docker_registry::{DockerRegistry, Door};
use images::layer;

fn main() {
    // `cargo test --benches` and friends pass flags of their own; only a real `cargo bench` measures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let registry = DockerRegistry::start_behind(Door::Watched);
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let host = registry.host();
    let workspace = format!(
        "bakery: 1\nstores:\n  global: {{registry: {host}/global}}\n  local: {{layout: ./local}}\n  \
         teams: {{registry: {host}/teams, team: true}}\n"
    );
    std::fs::write(folder.path().join("bakery.yaml"), workspace).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fleet = Fleet::open(&registry, folder.path());
    runtime.block_on(fleet.seed());
    let bench = Bench { folder: folder.path().to_owned(), registry };
    println!(
        "| look | seconds | HEAD | GET | others | images | stale |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    );
    for turn in 0..3 {
        let home = format!("home-{turn}");
        bench.row("the first", &home, &[]);
        bench.row("again", &home, &[]);
    }
    runtime.block_on(fleet.move_a_base());
    bench.row("a base has moved", "home-0", &[]);
    bench.row("again", "home-0", &[]);
    bench.row("assessed", "home-0", &["--assess"]);
    bench.row("assessed again", "home-0", &["--assess"]);
}

/// The stores.
struct Fleet {
    global: Arc<dyn Store>,
    local: Arc<dyn Store>,
    teams: Arc<dyn Store>,
}

/// A base or image to build on: its digest and its layers by their words.
type Put = (Digest, Vec<String>);

impl Fleet {
    fn open(registry: &DockerRegistry, folder: &Path) -> Self {
        let at = |prefix: &str| {
            let prefix: Repository = prefix.parse().unwrap();
            open::open_registry(&registry.host().parse().unwrap(), Some(&prefix), true).unwrap()
        };
        Self { global: at("global"), local: open::open_local(&folder.join("local")).unwrap(), teams: at("teams") }
    }

    async fn seed(&self) {
        let mut bases = Vec::new();
        for name in ["python", "node", "java"] {
            let mut put = None;
            for version in 1..=3 {
                let words = vec!["os".to_owned(), format!("{name}{version}")];
                put = Some(self.put(&self.global, (name, &format!("{version}")), words.clone(), None).await);
                self.put(&self.global, (name, "lts"), words, None).await;
            }
            bases.push((name, put.unwrap()));
        }
        for number in 0..40 {
            let (name, base) = &bases[number % bases.len()];
            let told = Some(format!("global/{name}:lts")).filter(|_| number % 10 >= 3);
            let repository = format!("team-{}/app{number}", number % 4);
            let words = [base.1.clone(), vec![format!("own{number}")]].concat();
            let image =
                self.put(&self.local, (&repository, "1.0"), words, told.map(|told| (told, base.0.clone()))).await;
            for copy in 0..5 {
                let mut words = image.1.clone();
                if copy % 2 == 0 {
                    words.push(format!("svc{number}-{copy}"));
                }
                let told = Some(format!("local/{repository}:1.0")).filter(|_| (number * 5 + copy) % 10 >= 3);
                let name = format!("t{copy}/svc{number}");
                self.put(&self.teams, (&name, "2"), words, told.map(|told| (told, image.0.clone()))).await;
            }
        }
    }

    async fn move_a_base(&self) {
        self.put(&self.global, ("python", "lts"), vec!["os".into(), "python4".into()], None).await;
    }

    async fn put(
        &self,
        store: &Arc<dyn Store>,
        (repository, tag): (&str, &str),
        words: Vec<String>,
        told: Option<(String, Digest)>,
    ) -> Put {
        let (repository, tag): (Repository, Tag) = (repository.parse().unwrap(), tag.parse().unwrap());
        let put = async |kind: &str, bytes: Vec<u8>| {
            let blob = Descriptor::of(kind, &bytes);
            store.put_blob(&repository, &blob, Box::pin(std::io::Cursor::new(bytes))).await.unwrap();
            blob
        };
        let platform = Platform { os: "linux".into(), architecture: "amd64".into(), variant: None };
        let mut config = ImageConfig::scratch(&platform);
        config.created = Some(format!("2026-01-01T00:{:02}:00Z", words.len() + words[1].len() % 7));
        let mut layers = Vec::new();
        for word in &words {
            let (bytes, diff_id) = layer(word);
            config.rootfs.diff_ids.push(diff_id);
            layers.push(put(media_type::LAYER_GZIP, bytes).await);
        }
        let mut annotations = Annotations::new();
        if let Some((name, digest)) = told {
            annotations.insert(annotation::BASE_NAME.into(), name);
            annotations.insert(annotation::BASE_DIGEST.into(), digest.to_string());
        }
        let manifest = ImageManifest {
            schema_version: 2,
            media_type: Some(media_type::MANIFEST.into()),
            artifact_type: None,
            config: put(media_type::CONFIG, serde_json::to_vec(&config).unwrap()).await,
            layers,
            subject: None,
            annotations,
        };
        let bytes = serde_json::to_vec(&manifest).unwrap();
        let top = store.put_manifest(&repository, Some(&tag), media_type::MANIFEST, &bytes).await.unwrap();
        (top.digest, words)
    }
}

struct Bench {
    folder: PathBuf,
    registry: DockerRegistry,
}

impl Bench {
    /// One look, by a process of its own.
    fn row(&self, what: &str, home: &str, arguments: &[&str]) {
        let before = self.registry.requests().len();
        let began = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_bakery"))
            .args(["lineage", "--json"])
            .args(arguments)
            .current_dir(&self.folder)
            .env("BAKERY_HOME", self.folder.join(home))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let seconds = began.elapsed().as_secs_f64();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut methods: BTreeMap<String, usize> = BTreeMap::new();
        for (method, _) in self.registry.requests().split_off(before) {
            *methods.entry(method).or_default() += 1;
        }
        let (head, get) = (methods.remove("HEAD").unwrap_or(0), methods.remove("GET").unwrap_or(0));
        let others: usize = methods.values().sum();
        println!("| {what} | {seconds:.2} | {head} | {get} | {others} | {} | {} |", told["images"], told["stale"]);
    }
}
