//! Who inherits from whom in real stores: fleets (`fleet`), tags that move and go (`tags`), what others say of bases (`hints`), what
//! an image asks for (`assess`), stores that are watched (`watch`), what a base's move would come to (`impact`).

mod assess;
mod fleet;
mod hints;
mod impact;
mod tags;
mod watch;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::support::bakery::Bakery;
use crate::support::docker_registry::DockerRegistry;
use crate::support::images::layer;
use bakery::adapters::store::{Store, open};
use bakery::domain::oci::{
    Annotations, Descriptor, Digest, ExecConfig, ImageConfig, ImageManifest, Platform, Repository, Tag, annotation,
    media_type,
};

/// An image that was put, to build on.
#[derive(Clone)]
struct Put {
    digest: Digest,
    layers: Vec<(Descriptor, bakery::domain::oci::DiffId)>,
}

/// Where images go.
#[derive(Clone)]
struct Shelf {
    store: Arc<dyn Store>,
    architecture: &'static str,
    /// In the config of what is put: other content with the same layers.
    label: Option<&'static str>,
}

impl Shelf {
    fn registry(registry: &DockerRegistry, prefix: &str) -> Self {
        let prefix: Repository = prefix.parse().unwrap();
        Self::of(open::open_registry(&registry.host().parse().unwrap(), Some(&prefix), true).unwrap())
    }

    fn layout(folder: &Path) -> Self {
        Self::of(open::open_local(folder).unwrap())
    }

    fn of(store: Arc<dyn Store>) -> Self {
        Self { store, architecture: "amd64", label: None }
    }

    fn on_arm(&self) -> Self {
        Self { architecture: "arm64", ..self.clone() }
    }

    fn labelled(&self, label: &'static str) -> Self {
        Self { label: Some(label), ..self.clone() }
    }

    /// Puts an image of `base`'s layers and one of its own per word; `told`: as its annotations name its base.
    async fn put(&self, name: &str, base: Option<&Put>, own: &str, told: Option<&str>) -> Put {
        let (repository, tag) = name.rsplit_once(':').unwrap();
        let (repository, tag): (Repository, Tag) = (repository.parse().unwrap(), tag.parse().unwrap());
        let mut layers = base.map(|base| base.layers.clone()).unwrap_or_default();
        for word in own.split_whitespace() {
            let (bytes, diff_id) = layer(word);
            layers.push((Descriptor::of(media_type::LAYER_GZIP, &bytes), diff_id));
            self.blob(&repository, media_type::LAYER_GZIP, &bytes).await;
        }
        for word in base.iter().flat_map(|base| &base.layers) {
            // Layers of bases are made of their words too: here they only have to be there.
            let word = &word.0;
            if !self.store.has_blob(&repository, word).await.unwrap() {
                let bytes = BASE_WORDS.iter().map(|word| layer(word).0).find(|bytes| Digest::of(bytes) == word.digest);
                self.blob(&repository, media_type::LAYER_GZIP, &bytes.unwrap()).await;
            }
        }
        let mut config = ImageConfig::scratch(&Platform {
            os: "linux".into(),
            architecture: self.architecture.into(),
            variant: None,
        });
        if let Some(label) = self.label {
            let labels = [("v".to_owned(), label.to_owned())].into();
            config.config = Some(ExecConfig { labels: Some(labels), ..ExecConfig::default() });
        }
        config.created = Some(format!("2026-01-{:02}T00:00:00Z", 1 + layers.len() + usize::from(own.contains('3'))));
        config.rootfs.diff_ids = layers.iter().map(|(_, diff_id)| diff_id.clone()).collect();
        let config = self.blob(&repository, media_type::CONFIG, &serde_json::to_vec(&config).unwrap()).await;
        let mut annotations = Annotations::new();
        if let (Some(told), Some(base)) = (told, base) {
            annotations.insert(annotation::BASE_NAME.into(), told.into());
            annotations.insert(annotation::BASE_DIGEST.into(), base.digest.to_string());
        }
        let manifest = ImageManifest {
            schema_version: 2,
            media_type: Some(media_type::MANIFEST.into()),
            artifact_type: None,
            config,
            layers: layers.iter().map(|(layer, _)| layer.clone()).collect(),
            subject: None,
            annotations,
        };
        let bytes = serde_json::to_vec(&manifest).unwrap();
        let put = self.store.put_manifest(&repository, Some(&tag), media_type::MANIFEST, &bytes).await.unwrap();
        Put { digest: put.digest, layers }
    }

    async fn blob(&self, repository: &Repository, kind: &str, bytes: &[u8]) -> Descriptor {
        let blob = Descriptor::of(kind, bytes);
        let source = std::io::Cursor::new(bytes.to_vec());
        self.store.put_blob(repository, &blob, Box::pin(source)).await.unwrap();
        blob
    }
}

const BASE_WORDS: [&str; 9] = ["os1", "os2", "python1", "python2", "python3", "node1", "node2", "pip", "npm"];

/// How each reference stands, by the command: `local/app:1 stale global/os:12`.
fn standings(bakery: &Bakery, arguments: &[&str]) -> BTreeSet<String> {
    let told = bakery.json(&[&["lineage"], arguments].concat());
    let one = |node: &serde_json::Value| {
        let (standing, follows) = (node["standing"].as_str().unwrap(), node["follows"].as_str().unwrap_or("-"));
        let names = node["references"].as_array().unwrap().iter();
        names.map(|name| format!("{} {standing} {follows}", name.as_str().unwrap())).collect::<Vec<_>>()
    };
    told["nodes"].as_array().unwrap().iter().flat_map(one).collect()
}

/// Every stale reference, by the command.
fn stale(bakery: &Bakery, arguments: &[&str]) -> BTreeSet<String> {
    let told = bakery.json(&[&["lineage"], arguments].concat());
    let nodes = told["nodes"].as_array().unwrap().iter();
    let stale = nodes.filter(|node| node["standing"].as_str().unwrap().starts_with("stale"));
    stale
        .flat_map(|node| node["references"].as_array().unwrap())
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

fn workspace(registry: &DockerRegistry) -> Bakery {
    let host = registry.host();
    Bakery::with_workspace(&format!(
        "bakery: 1\nstores:\n  global: {{registry: {host}/global}}\n  local: {{layout: ./local}}\n  \
         teams: {{registry: {host}/teams, team: true}}\n"
    ))
}
