//! Verifying chains: who vouches for what, what each image is built on, and where its tag points.

mod baked;
mod lineage;
mod lists;
mod publish;
mod registry;
mod signed;
mod tags;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use bakery::adapters::settings::{Paths, UserSettings, Workspace};
use bakery::adapters::signing::{PrivateKey, SignatureFormat, Signing};
use bakery::adapters::store::layout::Layout;
use bakery::adapters::store::{Selector, Store};
use bakery::domain::oci::{
    Annotations, Descriptor, DescriptorPlatform, DiffId, Digest, ExecConfig, ImageConfig, ImageIndex, ImageManifest,
    Platform, Repository, annotation, media_type,
};
use bakery::domain::trust::{CheckVerdict, Verified};
use bakery::flows::Context;
use serde_json::{Value, json};

use crate::support::bakery::Bakery;
use crate::support::images::layer;

/// When images of these tests were made.
const CREATED: &str = "2026-11-01T00:00:00Z";
/// Whoever signs in these tests.
static KEYS: LazyLock<BTreeMap<&'static str, PrivateKey>> =
    LazyLock::new(|| ["global", "baker", "stranger"].map(|name| (name, PrivateKey::generate().unwrap())).into());

/// A workspace of two layouts, each judged by a key of its own.
pub struct Shop {
    pub bakery: Bakery,
    /// What a layer of a name holds.
    pub layer: fn(&str) -> (Vec<u8>, DiffId),
}

/// An image to be put.
#[derive(Clone, Default)]
pub struct Wanted<'w> {
    pub name: &'w str,
    /// A layer each.
    pub layers: &'w [&'w str],
    /// What its annotations say of its base.
    pub base: Option<(&'w str, &'w Digest)>,
    pub created: Option<&'w str>,
    pub labels: &'w [(&'w str, &'w str)],
}

impl Shop {
    /// Two layouts, `global` and `local`.
    pub fn new() -> Self {
        Self::with(
            "stores:\n  global: {layout: ./global, keys: [keys/global.pub]}\n  \
             local: {layout: ./local, key: keys/baker.key, keys: [keys/baker.pub]}\n",
        )
    }

    /// With stores of the test's own.
    pub fn with(stores: &str) -> Self {
        let bakery = Bakery::with_workspace(&format!("bakery: 1\n{stores}recipes: recipes\n")).strict();
        for (name, key) in KEYS.iter() {
            bakery.write(&format!("keys/{name}.pub"), key.public().to_pem().unwrap());
        }
        for store in ["global", "local"] {
            Layout::open_or_create(&bakery.path(store)).unwrap();
        }
        Self { bakery, layer }
    }

    pub fn layout(&self, store: &str) -> Layout {
        Layout::open(&self.bakery.path(store)).unwrap()
    }

    pub fn context(&self) -> Context {
        let paths = Paths::below(&self.bakery.path("home"));
        let workspace = Workspace::load(Some(&self.bakery.path("")), &paths).unwrap();
        Context {
            paths,
            workspace,
            settings: UserSettings::default(),
            secrets: Default::default(),
            passphrase: None,
            frozen_policy: None,
            known: Default::default(),
            frozen_now: None,
            makers: Default::default(),
            trees: Default::default(),
            keys: Default::default(),
            stores: Default::default(),
        }
    }

    /// Puts an image without a name; gives its manifest.
    pub fn put_untagged(&self, store: &str, wanted: &Wanted<'_>, platform: &str) -> Descriptor {
        let layout = self.layout(store);
        let platform: Platform = platform.parse().unwrap();
        let mut config = ImageConfig::scratch(&platform);
        config.created = Some(wanted.created.unwrap_or(CREATED).to_owned());
        let labels = wanted.labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        config.config = Some(ExecConfig { labels: Some(labels), user: Some("1000".into()), ..ExecConfig::default() });
        let mut layers = Vec::new();
        for name in wanted.layers {
            let (bytes, diff_id) = (self.layer)(name);
            layers.push(layout.put_bytes(media_type::LAYER_GZIP, &bytes).unwrap());
            config.rootfs.diff_ids.push(diff_id);
        }
        let mut annotations = Annotations::new();
        if let Some((base, digest)) = wanted.base {
            annotations.insert(annotation::BASE_NAME.into(), base.into());
            annotations.insert(annotation::BASE_DIGEST.into(), digest.to_string());
        }
        let manifest = ImageManifest {
            schema_version: 2,
            media_type: Some(media_type::MANIFEST.into()),
            artifact_type: None,
            config: layout.put_bytes(media_type::CONFIG, &serde_json::to_vec(&config).unwrap()).unwrap(),
            layers,
            subject: None,
            annotations,
        };
        let mut put = layout.put_bytes(media_type::MANIFEST, &serde_json::to_vec(&manifest).unwrap()).unwrap();
        put.platform = Some(DescriptorPlatform::from(&platform));
        put
    }

    /// Puts an image under its name.
    pub fn put(&self, store: &str, wanted: &Wanted<'_>) -> Descriptor {
        let put = self.put_untagged(store, wanted, "linux/amd64");
        self.tag(store, wanted.name, &put);
        put
    }

    pub fn tag(&self, store: &str, name: &str, image: &Descriptor) {
        let plain = Descriptor::new(image.media_type.clone(), image.digest.clone(), image.size);
        self.layout(store).tag(name, &plain).unwrap();
    }

    /// Puts an index of images.
    pub fn put_index(&self, store: &str, name: &str, images: Vec<Descriptor>) -> Descriptor {
        let bytes = serde_json::to_vec(&ImageIndex::new(images)).unwrap();
        let put = self.layout(store).put_bytes(media_type::INDEX, &bytes).unwrap();
        self.tag(store, name, &put);
        put
    }

    pub fn key(&self, name: &str) -> &'static PrivateKey {
        &KEYS[name]
    }

    /// Signs an image of a layout, and states what a bake states of what it made.
    pub fn sign(&self, store: &str, name: &str, image: &Descriptor, key: &str) {
        self.sign_as(store, name, image, (key, SignatureFormat::Both));
        let key = self.key(key);
        let layout = self.layout(store);
        let repository: Repository = repository(name);
        let signing = Signing {
            store: &layout,
            repository: &repository,
            name: repository.as_str(),
            key,
            format: SignatureFormat::Both,
        };
        wait(async {
            for (kind, predicate) in statements() {
                signing.attest(image, kind, &predicate).await.unwrap();
            }
        });
    }

    /// Signs alone.
    pub fn sign_as(&self, store: &str, name: &str, image: &Descriptor, (key, format): (&str, SignatureFormat)) {
        let (layout, key) = (self.layout(store), self.key(key));
        let repository: Repository = repository(name);
        let signing = Signing { store: &layout, repository: &repository, name: repository.as_str(), key, format };
        wait(signing.sign(image)).unwrap();
    }

    /// A signed three-level chain: `global/os:1`, `global/python:3`, `local/team/app:1`.
    pub fn chain(&self) -> [Descriptor; 3] {
        let os = self.put("global", &Wanted { name: "os:1", layers: &["os"], ..Wanted::default() });
        let python = Wanted {
            name: "python:3",
            layers: &["os", "python"],
            base: Some(("global/os:1", &os.digest)),
            ..Wanted::default()
        };
        let python = self.put("global", &python);
        let app = Wanted {
            name: "team/app:1",
            layers: &["os", "python", "app"],
            base: Some(("global/python:3", &python.digest)),
            ..Wanted::default()
        };
        let app = self.put("local", &app);
        self.sign("global", "os:1", &os, "global");
        self.sign("global", "python:3", &python, "global");
        self.sign("local", "team/app:1", &app, "baker");
        [os, python, app]
    }

    /// What `verify --json` says, and how it ends.
    pub fn verify(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.bakery.run(&[&["verify", "--json"], arguments].concat());
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        let document = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}\n{stderr}"));
        (output.status.code().unwrap(), document)
    }

    /// Files that remember where tags pointed.
    pub fn memories(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.bakery.path("home/state/seen")) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().path());
        names.filter(|path| path.extension().is_some_and(|end| end == "json")).collect()
    }
}

/// What a bake states of what it made.
pub fn statements() -> [(&'static str, Value); 2] {
    [
        (
            "https://slsa.dev/provenance/v1",
            json!({"buildDefinition": {"buildType": "https://bakery.dev/recipe/v1",
                "externalParameters": {"recipe": {"name": "app"}}},
                "runDetails": {"builder": {"id": "https://bakery.dev"}}}),
        ),
        (
            "https://spdx.dev/Document",
            json!({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "app", "packages": []}),
        ),
    ]
}

pub fn repository(name: &str) -> Repository {
    name.rsplit_once(':').map_or(name, |(repository, _)| repository).parse().unwrap()
}

/// Runs to the end where nothing else runs.
pub fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// One check of one image of a chain, the asked image being 0.
pub fn check<'v>(document: &'v Value, level: usize, id: &str) -> &'v Value {
    let checks =
        document["chain"][level]["checks"].as_array().unwrap_or_else(|| panic!("no level {level}: {document:#}"));
    checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no {id} in {document:#}"))
}

/// Its verdict and reason.
pub fn told(document: &Value, level: usize, id: &str) -> (String, String) {
    let check = check(document, level, id);
    (check["verdict"].as_str().unwrap().to_owned(), check["reason"].as_str().unwrap().to_owned())
}

/// A pair to compare with.
pub fn pair(verdict: &str, reason: &str) -> (String, String) {
    (verdict.to_owned(), reason.to_owned())
}

/// Whether everything is well.
pub fn is_good(verified: &Verified) -> bool {
    matches!(verified.verdict, CheckVerdict::Pass | CheckVerdict::Warn)
}

/// A manifest of a layout, by digest.
pub fn manifest(layout: &Layout, name: &str, digest: &Digest) -> Value {
    let found = wait(layout.manifest(&repository(name), &Selector::Digest(digest.clone()))).unwrap();
    serde_json::from_slice(&found.bytes).unwrap()
}
