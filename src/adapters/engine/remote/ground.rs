//! What a step stands on as an image a daemon takes: the layers that are there already, and a config that says nothing but
//! the environment. Sends nothing.

use std::fs::File;
use std::io::{self, Read, Write};

use crate::adapters::engine::embedded::Ground;
use crate::adapters::index::decode;
use crate::adapters::store::StoreError;
use crate::adapters::store::layout::Layout;
use crate::domain::oci::{Compression, Descriptor, DiffId, Digest, ExecConfig, History, ImageConfig, Platform};

/// An image to stand on.
#[derive(Clone)]
pub struct GroundImage {
    /// Its config, as it is sent.
    pub config: Vec<u8>,
    /// The config's digest: what daemons call the image's id.
    pub id: Digest,
    /// Its layers, bottom first.
    pub layers: Vec<GroundLayer>,
    /// How many of them are the base's; an image of these alone is what the next bake stands on, too.
    pub inherited: usize,
    platform: Platform,
    env: Vec<String>,
}

/// One of its layers.
#[derive(Clone)]
pub struct GroundLayer {
    /// Digest of its tar.
    pub diff_id: DiffId,
    blob: Descriptor,
    layout: Layout,
}

impl GroundLayer {
    /// The blob, which daemons read as it is where it is plain or gzip, with its size; another is unpacked first.
    fn open(&self) -> io::Result<(File, u64)> {
        let file = self.layout.open_blob_file(&self.blob).map_err(other)?;
        if Compression::of_media_type(&self.blob.media_type) != Some(Compression::Zstd) {
            return Ok((file, self.blob.size));
        }
        let mut plain = decode(file, Some(Compression::Zstd)).map_err(io::Error::other)?;
        let mut spool = tempfile::tempfile()?;
        let size = io::copy(&mut plain, &mut spool)?;
        io::Seek::rewind(&mut spool)?;
        Ok((spool, size))
    }
}

impl GroundLayer {
    /// What its blob is called, as it lies here.
    pub(super) fn blob(&self) -> &Descriptor {
        &self.blob
    }

    /// The blob as it lies here.
    pub(super) fn blob_file(&self) -> io::Result<File> {
        self.layout.open_blob_file(&self.blob).map_err(other)
    }
}

fn other(error: StoreError) -> io::Error {
    io::Error::other(error)
}

impl GroundImage {
    /// The image of `layers`, with the base's environment.
    pub(in crate::adapters::engine) fn of(
        layout: &Layout,
        layers: &[Ground],
        (platform, env): (&Platform, &[String]),
        inherited: usize,
    ) -> Self {
        let layers = layers.iter().map(|layer| GroundLayer {
            diff_id: layer.diff_id.clone(),
            blob: layer.blob.clone(),
            layout: layout.clone(),
        });
        Self::made(layers.collect(), platform, env, inherited)
    }

    /// An image that is in a layout as it is: its config, and its layers with their diffIDs.
    pub fn whole(
        layout: &Layout,
        (config, platform): (Vec<u8>, &Platform),
        layers: impl Iterator<Item = (Descriptor, DiffId)>,
    ) -> Self {
        let layer = |(blob, diff_id)| GroundLayer { diff_id, blob, layout: layout.clone() };
        let layers: Vec<GroundLayer> = layers.map(layer).collect();
        let (inherited, platform) = (layers.len(), platform.clone());
        Self { id: Digest::of(&config), config, layers, inherited, platform, env: Vec::new() }
    }

    /// The image of the base alone; `None` where this is it, or there is none.
    pub fn base(&self) -> Option<Self> {
        let layers = self.layers.get(..self.inherited).filter(|layers| !layers.is_empty())?;
        (layers.len() < self.layers.len())
            .then(|| Self::made(layers.to_vec(), &self.platform, &self.env, self.inherited))
    }

    fn made(layers: Vec<GroundLayer>, platform: &Platform, env: &[String], inherited: usize) -> Self {
        let mut config = ImageConfig::scratch(platform);
        config.rootfs.diff_ids = layers.iter().map(|layer| layer.diff_id.clone()).collect();
        // Podman counts: a layer a line.
        let line = History { created_by: Some("bakery".into()), ..History::default() };
        config.history = vec![line; layers.len()];
        let env = (!env.is_empty()).then(|| env.to_vec());
        config.config = Some(ExecConfig { env: env.clone(), working_dir: Some("/".into()), ..ExecConfig::default() });
        // A config always is JSON.
        let config = serde_json::to_vec(&config).unwrap_or_default();
        let (platform, env) = (platform.clone(), env.unwrap_or_default());
        Self { id: Digest::of(&config), config, layers, inherited, platform, env }
    }

    /// Writes it as the archive `docker load` takes, called `name`, without its first `there` layers; `hollow`: they are
    /// named, with nothing in them, for who counts.
    pub fn write(&self, name: &str, (there, hollow): (usize, bool), out: &mut dyn Write) -> io::Result<()> {
        let mut archive = tar::Builder::new(out);
        let file_of = |layer: &GroundLayer| format!("{}/layer.tar", layer.diff_id.0.encoded());
        let there = self.layers.get(..there).unwrap_or_default();
        let mut sent: std::collections::BTreeSet<DiffId> = there.iter().map(|layer| layer.diff_id.clone()).collect();
        if hollow {
            for layer in there {
                archive.append_data(&mut header(0), file_of(layer), io::empty())?;
            }
        }
        for layer in &self.layers {
            if sent.insert(layer.diff_id.clone()) {
                let (file, size) = layer.open()?;
                archive.append_data(&mut header(size), file_of(layer), file.take(size))?;
            }
        }
        let config = format!("{}.json", self.id.encoded());
        archive.append_data(&mut header(self.config.len() as u64), &config, &*self.config)?;
        let files: Vec<String> = self.layers.iter().map(file_of).collect();
        let manifest = serde_json::json!([{ "Config": config, "RepoTags": [name], "Layers": files }]).to_string();
        archive.append_data(&mut header(manifest.len() as u64), "manifest.json", manifest.as_bytes())?;
        archive.finish()
    }
}

fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_size(size);
    header.set_mode(0o644);
    header
}
