//! An order with its context, and an ear for what a builder tells.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bakery::adapters::engine::remote::{Order, Told};
use tempfile::TempDir;

/// An order in a folder of its own.
pub struct Ordered {
    pub order: Order,
    _folder: TempDir,
}

impl Ordered {
    pub fn new(dockerfile: &str, files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["context", "result"] {
            std::fs::create_dir(at(name)).unwrap();
        }
        let put = |name: &str, bytes: &[u8]| {
            let path = at("context").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        put("Dockerfile", dockerfile.as_bytes());
        for (name, bytes) in files {
            put(name, bytes);
        }
        let order = Order {
            context: at("context"),
            platform: "linux/amd64".parse().unwrap(),
            secrets: BTreeMap::new(),
            no_cache: false,
            host_network: false,
            result: at("result"),
            early: at("early"),
        };
        Self { order, _folder: folder }
    }

    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.order.secrets.insert(name.into(), zeroize::Zeroizing::new(value.as_bytes().to_vec()));
        self
    }

    pub fn context(&self) -> &Path {
        &self.order.context
    }

    /// The manifest that came back.
    pub fn manifest(&self) -> serde_json::Value {
        let result = &self.order.result;
        let read =
            |path: PathBuf| -> serde_json::Value { serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() };
        let index = read(result.join("index.json"));
        let images = index["manifests"].as_array().unwrap();
        assert_eq!(images.len(), 1, "{index}");
        let digest = images[0]["digest"].as_str().unwrap().replace(':', "/");
        read(result.join("blobs").join(digest))
    }

    /// All names in all layers that came back.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for layer in self.manifest()["layers"].as_array().unwrap() {
            let path = self.order.result.join("blobs").join(layer["digest"].as_str().unwrap().replace(':', "/"));
            let file = std::fs::File::open(path).unwrap();
            let plain: Box<dyn std::io::Read> = if layer["mediaType"].as_str().unwrap().ends_with("gzip") {
                Box::new(flate2::read::GzDecoder::new(file))
            } else {
                Box::new(file)
            };
            let mut archive = tar::Archive::new(plain);
            names.extend(archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()));
        }
        names
    }
}

/// What was told, as lines: `4 began`, `4 ended cached`, and the output of each.
#[derive(Default)]
pub struct Ear {
    said: Mutex<Vec<String>>,
    output: Mutex<BTreeMap<usize, Vec<u8>>>,
    pub begun: tokio::sync::Notify,
}

impl Ear {
    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }

    pub fn output(&self, line: usize) -> String {
        String::from_utf8_lossy(self.output.lock().unwrap().get(&line).map_or(&[], Vec::as_slice)).into_owned()
    }
}

impl Told for Ear {
    fn began(&self, line: usize) {
        self.said.lock().unwrap().push(format!("{line} began"));
    }

    fn ended(&self, line: usize, cached: bool) {
        self.said.lock().unwrap().push(format!("{line} ended{}", if cached { " cached" } else { "" }));
    }

    fn output(&self, line: usize, bytes: &[u8]) {
        self.output.lock().unwrap().entry(line).or_default().extend_from_slice(bytes);
        self.begun.notify_one();
    }
}
