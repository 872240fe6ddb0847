//! Bakes with the embedded engine in this process: a recipe folder, a base, a layout, and everything the engine said.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bakery::adapters::engine::embedded::EmbeddedEngine;
use bakery::adapters::engine::embedded::cache::StepCache;
use bakery::adapters::engine::{BakeJob, Baked, BaseImage, Engine, EngineError, Packing, Sink, SinkError};
use bakery::adapters::host::IdMode;
use bakery::adapters::inputs::{ReadInputs, read_inputs};
use bakery::adapters::store::Store;
use bakery::adapters::store::layout::Layout;
use bakery::domain::journal::{EventKind, LayerBlob, SealedLayer};
use bakery::domain::layer::{Entry, Limits, Scanner};
use bakery::domain::oci::{
    Compression, Descriptor, DiffId, Digest, ImageConfig, ImageManifest, Manifest, Platform, media_type,
};
use bakery::domain::plan::{Ids, PlanRequest, PlannedBase, PlatformBase, StepId, build};
use bakery::domain::recipe::{Action, Recipe, parse};
use tokio_util::sync::CancellationToken;

/// Everything an engine said.
#[derive(Default)]
pub struct Heard(Mutex<Vec<EventKind>>);

impl Sink for Heard {
    fn emit(&self, kind: EventKind) -> Result<(), SinkError> {
        self.0.lock().unwrap().push(kind);
        Ok(())
    }

    fn output(&self, _step: &StepId, _bytes: &[u8]) -> Result<(), SinkError> {
        Ok(())
    }
}

impl Heard {
    pub fn events(&self) -> Vec<EventKind> {
        self.0.lock().unwrap().clone()
    }

    pub fn sealed(&self) -> Vec<SealedLayer> {
        let sealed = |event| match event {
            EventKind::LayerSealed(sealed) => Some(sealed),
            _ => None,
        };
        self.events().into_iter().filter_map(sealed).collect()
    }
}

/// A folder with a recipe's files, a layout, a cache.
pub struct Bakehouse {
    folder: tempfile::TempDir,
    pub target: Arc<Layout>,
    pub base: Option<BaseImage>,
    pub packing: Packing,
    pub created: i64,
}

/// A bake that ended.
pub struct Outcome {
    pub baked: Result<Baked, EngineError>,
    pub heard: Heard,
}

impl Outcome {
    pub fn image(&self) -> &Descriptor {
        &self.baked.as_ref().unwrap().image
    }

    /// The failure's message and causes, in one line.
    pub fn failure(&self) -> String {
        match self.baked.as_ref().err() {
            Some(EngineError::Step { failure, .. }) => {
                std::iter::once(&failure.message).chain(&failure.causes).cloned().collect::<Vec<_>>().join(": ")
            }
            other => panic!("expected a failed step, got {other:?}"),
        }
    }
}

pub fn amd64() -> Platform {
    "linux/amd64".parse().unwrap()
}

impl Bakehouse {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("recipe")).unwrap();
        let target = Arc::new(Layout::open_or_create(&folder.path().join("store")).unwrap());
        let packing = Packing { compression: Compression::Gzip, level: None, threads: 2 };
        Self { folder, target, base: None, packing, created: 1_700_000_000 }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file beside the recipe.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path("recipe").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Puts a base with these layers (uncompressed tars) into a layout of its own.
    pub fn with_base(mut self, layers: &[Vec<u8>]) -> Self {
        let layout = Layout::open_or_create(&self.path("global")).unwrap();
        let mut config = ImageConfig::scratch(&amd64());
        let blobs = layers.iter().map(|tar| {
            config.rootfs.diff_ids.push(DiffId(Digest::of(tar)));
            layout.put_bytes(media_type::LAYER_GZIP, &gzip(tar)).unwrap()
        });
        let layers: Vec<Descriptor> = blobs.collect();
        config.config = serde_json::from_str(r#"{"Env":["PATH=/usr/bin"],"Cmd":["sh"],"OnBuild":["x"]}"#).unwrap();
        self.base = Some(base_image(Arc::new(layout), config, layers));
        self
    }

    /// The job of a recipe's text, without `recipe`, `name`, `tag` and `base`.
    pub fn job(&self, text: &str) -> BakeJob {
        let base = if self.base.is_some() { "global/base:1" } else { "scratch" };
        let text = format!("recipe: 1\nname: team-a/app\ntag: \"1.0\"\nbase: {base}\n{text}");
        let (recipe, problems) = parse_recipe(&text);
        let recipe = recipe.unwrap_or_else(|| panic!("{problems}"));
        let folder = self.path("recipe");
        let cache = self.path("cache");
        let inputs: Vec<_> = recipe
            .steps
            .iter()
            .map(|step| {
                let (from, exclude) = match &step.action {
                    Action::Copy(copy) => (&copy.from, &copy.exclude[..]),
                    Action::Unpack(unpack) => (&unpack.from, &[][..]),
                    _ => return None,
                };
                Some(read_inputs(ReadInputs { folder: &folder, from, exclude, threads: 1, cache: None }).unwrap())
            })
            .collect();
        let platforms = if recipe.platforms.is_empty() { vec![amd64()] } else { recipe.platforms.clone() };
        let planned = platforms.iter().map(|platform| PlatformBase {
            platform: platform.clone(),
            base: self.base.as_ref().map(|base| PlannedBase {
                manifest: base.digest.clone(),
                layers: base.manifest.layers.len(),
                size: 0,
                missing: 0,
            }),
            chain: self.base.as_ref().and_then(|base| base.config.chain_id()),
            env: self.base.as_ref().map(|base| base.env().to_vec()).unwrap_or_default(),
        });
        let steps = StepCache::new(&cache);
        let present = |layer: &LayerBlob| self.target.has(&layer.descriptor);
        let plan = build(&PlanRequest {
            recipe: &recipe,
            file: "app.yaml",
            recipe_digest: Digest::of(text.as_bytes()),
            base_digest: self.base.as_ref().map(|base| base.digest.clone()),
            stale: None,
            created: self.created,
            packing: &self.packing.describe(),
            ids: Ids::Exact,
            engine: &|_| None,
            platforms: &planned.collect::<Vec<_>>(),
            inputs: &inputs,
            cache: Some(&steps.view(&present)),
            memory: None,
        });
        let bases = match &self.base {
            Some(base) => platforms.iter().map(|p| BaseImage { platform: p.clone(), ..base.clone() }).collect(),
            None => Vec::new(),
        };
        BakeJob {
            plan,
            recipe,
            recipe_folder: folder,
            inputs,
            bases,
            target: self.target.clone(),
            cache,
            packing: self.packing,
            no_cache: false,
            ids: IdMode::Root,
            step_timeout: None,
            secrets: Default::default(),
            gatekeeper: None,
        }
    }

    pub fn bake_job(&self, job: &BakeJob) -> Outcome {
        let heard = Heard::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let baked = runtime.block_on(EmbeddedEngine.bake(job, &heard, &CancellationToken::new()));
        Outcome { baked, heard }
    }

    /// Bakes a recipe's text.
    pub fn bake(&self, text: &str) -> Outcome {
        self.bake_job(&self.job(text))
    }

    pub fn document(&self, descriptor: &Descriptor) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut file = self.target.open_blob_file(descriptor).unwrap();
        std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
        assert_eq!(Digest::of(&bytes), descriptor.digest);
        bytes
    }

    pub fn manifest(&self, descriptor: &Descriptor) -> ImageManifest {
        match Manifest::parse(&self.document(descriptor), Some(&descriptor.media_type)).unwrap() {
            Manifest::Image(manifest) => manifest,
            Manifest::Index(_) => panic!("an index"),
        }
    }

    pub fn config(&self, descriptor: &Descriptor) -> ImageConfig {
        ImageConfig::parse(&self.document(&self.manifest(descriptor).config)).unwrap()
    }

    /// The uncompressed tar of a layer.
    pub fn tar(&self, layer: &Descriptor) -> Vec<u8> {
        let bytes = self.document(layer);
        let mut tar = Vec::new();
        match Compression::of_media_type(&layer.media_type).unwrap() {
            Compression::None => tar = bytes,
            Compression::Gzip => {
                std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut tar).map(drop).unwrap();
            }
            Compression::Zstd => tar = zstd::decode_all(&bytes[..]).unwrap(),
        }
        tar
    }

    /// Entries of the top layer with their contents.
    pub fn top(&self, outcome: &Outcome) -> Vec<(Entry, String)> {
        let manifest = self.manifest(outcome.image());
        let tar = self.tar(manifest.layers.last().unwrap());
        let mut scanner = Scanner::new(&tar[..], Limits::default());
        let mut found = Vec::new();
        while let Some(entry) = scanner.advance().unwrap() {
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut scanner, &mut content).unwrap();
            found.push((entry, String::from_utf8_lossy(&content).into_owned()));
        }
        found
    }

    /// The top layer, a line an entry: `type mode uid:gid path`.
    pub fn listing(&self, outcome: &Outcome) -> Vec<String> {
        let line = |(entry, _): &(Entry, String)| {
            let node = &entry.node;
            let path = String::from_utf8_lossy(&entry.path);
            format!("{} {:04o} {}:{} {path}", node.kind.as_str(), node.mode, node.uid, node.gid)
        };
        self.top(outcome).iter().map(line).collect()
    }
}

/// A base image of layers that are in `store`.
pub fn base_image(store: Arc<dyn Store>, config: ImageConfig, layers: Vec<Descriptor>) -> BaseImage {
    let manifest = ImageManifest {
        schema_version: 2,
        media_type: Some(media_type::MANIFEST.into()),
        artifact_type: None,
        config: Descriptor::of(media_type::CONFIG, &serde_json::to_vec(&config).unwrap()),
        layers,
        subject: None,
        annotations: std::collections::BTreeMap::new(),
    };
    let digest = Digest::of(&serde_json::to_vec(&manifest).unwrap());
    let layout = store.as_layout().cloned().map(Arc::new);
    BaseImage { platform: amd64(), digest, manifest, config, store, repository: "base".parse().unwrap(), layout }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn parse_recipe(text: &str) -> (Option<Recipe>, String) {
    let (recipe, problems) = parse(text.as_bytes(), &["global", "local"]).finish();
    (recipe, format!("{problems:?}"))
}

/// Writes a tar by hand, lies included.
#[derive(Default)]
pub struct Tar(Vec<u8>);

impl Tar {
    pub fn new() -> Self {
        Self::default()
    }

    /// One entry; `name` and `link` go into the header as they are.
    pub fn entry(mut self, kind: u8, name: &str, mode: u32, (link, content): (&str, impl AsRef<[u8]>)) -> Self {
        let content = content.as_ref();
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_mode(mode);
        header.set_uid(if name.contains("owned") { 1234 } else { 0 });
        header.set_gid(0);
        header.set_mtime(42);
        header.set_size(content.len() as u64);
        header.as_mut_bytes()[156] = kind;
        header.set_device_major(1).unwrap();
        header.set_device_minor(3).unwrap();
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub fn file(self, name: &str, content: &str) -> Self {
        self.entry(b'0', name, 0o644, ("", content.as_bytes()))
    }

    pub fn folder(self, name: &str, mode: u32) -> Self {
        self.entry(b'5', name, mode, ("", b""))
    }

    pub fn symlink(self, name: &str, target: &str) -> Self {
        self.entry(b'2', name, 0o777, (target, b""))
    }

    pub fn hardlink(self, name: &str, target: &str) -> Self {
        self.entry(b'1', name, 0o644, (target, b""))
    }

    pub fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}

/// A base such as Debian's: `/bin` is a link, `/tmp` is everybody's, `app` has an account.
pub fn usrmerged() -> Vec<u8> {
    Tar::new()
        .symlink("bin", "usr/bin")
        .folder("etc/", 0o755)
        .file("etc/group", "root:x:0:\nstaff:x:50:\napp:x:2000:\n")
        .file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:2000::/home/app:/bin/sh\n")
        .folder("tmp/", 0o1777)
        .folder("usr/", 0o755)
        .folder("usr/bin/", 0o755)
        .entry(b'0', "usr/bin/sh", 0o755, ("", b"#!shell"))
        .folder("usr/share/doc/a/", 0o755)
        .file("usr/share/doc/a/copyright", "free")
        .file("usr/share/doc/b", "text")
        .end()
}
