//! Help while a recipe is written, against real images in real stores: what is offered is what the base has, as others read it.

mod base;
mod drafts;
mod foresee;
mod kinds;
mod stores;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bakery::adapters::settings::Paths;
use bakery::adapters::store::layout::Layout;
use bakery::domain::oci::{Descriptor, DiffId, Digest, ExecConfig, ImageConfig, media_type};
use bakery::domain::recipe::assist::{Completions, Hover};
use bakery::flows::Context;

use crate::support::bakery::Bakery;
use crate::support::engine::{amd64, gzip};
use crate::support::images;

/// A workspace with a global store, and a recipe in it.
pub struct World {
    pub bakery: Bakery,
    pub context: Context,
}

/// Where the recipe is.
pub const RECIPE: &str = "recipes/app/app.yaml";

impl World {
    pub fn new() -> Self {
        Self::of(Bakery::new())
    }

    pub fn of(bakery: Bakery) -> Self {
        bakery.write("recipes/app/app.yaml", "recipe: 1\n");
        let mut context = Context::load(Some(&bakery.path(""))).unwrap();
        context.paths = Paths::below(&bakery.path("home"));
        Self { bakery, context }
    }

    pub fn file(&self) -> PathBuf {
        self.bakery.path(RECIPE)
    }

    /// What is offered at the `^` of a text.
    pub async fn complete(&self, text: &str) -> Completions {
        let (text, at) = marked(text);
        loop {
            let found = self.context.complete(&self.file(), &text, at).await;
            // A base that is still being read on a busy machine is asked about again.
            if !found.what.contains("still being read") {
                return found;
            }
        }
    }

    /// The labels offered at the `^`.
    pub async fn labels(&self, text: &str) -> Vec<String> {
        self.complete(text).await.items.into_iter().map(|item| item.label).collect()
    }

    pub async fn hover(&self, text: &str) -> Option<Hover> {
        let (text, at) = marked(text);
        self.context.hover(&self.file(), &text, at).await
    }
}

pub fn marked(text: &str) -> (String, (usize, usize)) {
    let before = text.split_once('^').unwrap().0;
    let character = before.rsplit('\n').next().unwrap().chars().count();
    (text.replacen('^', "", 1), (before.matches('\n').count(), character))
}

/// A recipe on a base, with more.
pub fn on(base: &str, more: &str) -> String {
    format!("recipe: 1\nname: team-a/app\ntag: \"1\"\nbase: {base}\nplatforms: [linux/amd64]\n{more}")
}

/// Puts an image of these archives, run with these settings, and names it; gives its manifest.
pub fn put(layout: &Path, name: &str, tars: &[Vec<u8>], exec: ExecConfig) -> Descriptor {
    let layout = Layout::open_or_create(layout).unwrap();
    let mut config = ImageConfig::scratch(&amd64());
    config.config = Some(exec);
    let put = |tar: &Vec<u8>| layout.put_bytes(media_type::LAYER_GZIP, &gzip(tar)).unwrap();
    let layers: Vec<Descriptor> = tars.iter().map(put).collect();
    config.rootfs.diff_ids = tars.iter().map(|tar| DiffId(Digest::of(tar))).collect();
    let config = layout.put_bytes(media_type::CONFIG, &serde_json::to_vec(&config).unwrap()).unwrap();
    let manifest = layout.put_bytes(media_type::MANIFEST, &images::manifest(&config, &layers, None)).unwrap();
    layout.tag(name, &manifest).unwrap();
    manifest
}

pub fn labels(pairs: &[(&str, &str)]) -> Option<BTreeMap<String, String>> {
    Some(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}
