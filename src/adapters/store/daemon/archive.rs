//! An image as `docker save` gives it, read as it comes into a layout. Trusts no name in it: what a file is, its digest says, and
//! which layers an image has, its config. The manifest is made of what came, with no time and no name in it, so that
//! the same image has the same digest every time.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Write};

use crate::adapters::index::{Digested, decode};
use crate::adapters::store::StoreError;
use crate::adapters::store::layout::Layout;
use crate::domain::layer::{Kind, Limits, ScanError, Scanner};
use crate::domain::oci::{
    Compression, Descriptor, DiffId, Digest, ImageConfig, ImageManifest, MAX_CONFIG_BYTES, media_type,
};
use crate::domain::text::escape;

/// What an image may have.
const LIMITS: Limits = Limits { entries: 10_000, bytes: 64 << 30, metadata: 1 << 20, extents: 16 };
/// Largest list of what is in an archive.
const MAX_LIST: u64 = 1 << 20;
/// Most bytes a compressed layer may unpack to.
const MAX_LAYER: u64 = 64 << 30;
/// Bytes read at once.
const PIECE: usize = 256 << 10;

/// Reads an archive with one image to its end; gives its manifest. `store` is what sent it.
pub(super) fn take_in(from: impl Read, store: &str, layout: &Layout) -> Result<Descriptor, StoreError> {
    // What has no name yet is not freed.
    let _hold = layout.hold()?;
    let taken = Taken::read(from, store, layout)?;
    let config_blob = taken.files.get(&taken.image.config).ok_or_else(|| taken.wrong("no config"))?;
    let bytes = layout.read_blob(config_blob, MAX_CONFIG_BYTES)?;
    let config = ImageConfig::parse(&bytes).map_err(|error| taken.wrong(format!("an unusable config: {error}")))?;
    let layers = config.rootfs.diff_ids.iter().enumerate().map(|(at, id)| taken.layer(at, id));
    let manifest = ImageManifest {
        schema_version: 2,
        media_type: Some(media_type::MANIFEST.into()),
        artifact_type: None,
        config: Descriptor::of(media_type::CONFIG, &bytes),
        layers: layers.collect::<Result<_, _>>()?,
        subject: None,
        annotations: BTreeMap::new(),
    };
    let manifest = serde_json::to_vec(&manifest).map_err(|error| taken.wrong(error.to_string()))?;
    layout.put_bytes(media_type::MANIFEST, &manifest)
}

/// What `manifest.json` says of an image.
#[derive(serde::Deserialize)]
struct Saved {
    #[serde(rename = "Config")]
    config: String,
    #[serde(rename = "Layers", default)]
    layers: Option<Vec<String>>,
}

/// An archive that was read.
struct Taken<'a> {
    store: &'a str,
    layout: &'a Layout,
    /// By their names in the archive.
    files: BTreeMap<String, Descriptor>,
    digests: BTreeMap<Digest, u64>,
    image: Saved,
}

impl<'a> Taken<'a> {
    fn read(from: impl Read, store: &'a str, layout: &'a Layout) -> Result<Self, StoreError> {
        let refused = |error: ScanError| from_scan(error, store);
        let mut scanner = Scanner::new(BufReader::with_capacity(PIECE, from), LIMITS);
        let mut files = BTreeMap::new();
        let mut list = Vec::new();
        while let Some(entry) = scanner.advance().map_err(refused)? {
            // Links name layers that stand in the archive under another name.
            let Kind::File { size, .. } = entry.node.kind else { continue };
            let name = String::from_utf8_lossy(&entry.path).into_owned();
            if name == "manifest.json" {
                if size > MAX_LIST {
                    return Err(hostile(store, "J-08", &format!("a manifest.json of {size} bytes")));
                }
                list.clear();
                scanner.read_to_end(&mut list).map_err(|error| from_sender(error, store))?;
            } else if is_part(&name) {
                let there = named(&name).map(|digest| Descriptor::new("", digest, size));
                let blob = match there.filter(|blob| layout.has(blob)) {
                    // Read before, and proven then.
                    Some(blob) => blob,
                    None => keep(&mut scanner, store, layout)?,
                };
                files.insert(name, blob);
            }
        }
        let wrong = |what: &str| hostile(store, "J-01", &format!("it sent an archive with {what}"));
        let said: Vec<Saved> = serde_json::from_slice(&list).map_err(|_| wrong("no manifest.json that can be read"))?;
        let [image] = <[Saved; 1]>::try_from(said).map_err(|_| wrong("not one image"))?;
        let digests = files.values().map(|blob: &Descriptor| (blob.digest.clone(), blob.size)).collect();
        Ok(Self { store, layout, files, digests, image })
    }

    /// The layer with a diffID: as it is, else compressed where the list says, which is proven then.
    fn layer(&self, at: usize, id: &DiffId) -> Result<Descriptor, StoreError> {
        if let Some(size) = self.digests.get(&id.0) {
            return Ok(Descriptor::new(media_type::LAYER, id.0.clone(), *size));
        }
        let absent = || self.wrong(format!("no layer {id}"));
        let name = self.image.layers.as_ref().and_then(|layers| layers.get(at)).ok_or_else(absent)?;
        let blob = self.files.get(name.trim_start_matches("./")).ok_or_else(absent)?;
        let mut start = [0; 4];
        let read = self.layout.open_blob_file(blob)?.read_exact(&mut start);
        let compression = match (read, start) {
            (Ok(()), [0x1f, 0x8b, ..]) => Compression::Gzip,
            (Ok(()), [0x28, 0xb5, 0x2f, 0xfd]) => Compression::Zstd,
            _ => return Err(absent()),
        };
        let file = self.layout.open_blob_file(blob)?;
        let plain = decode(file, Some(compression)).map_err(|error| self.wrong(error.to_string()))?;
        let (mut plain, seen) = Digested::new(plain.take(MAX_LAYER), id.0.digester());
        io::copy(&mut plain, &mut io::sink()).map_err(|error| self.wrong(format!("a layer that breaks: {error}")))?;
        drop(plain);
        if seen.digest().as_ref() == Some(&id.0) {
            return Ok(Descriptor { media_type: compression.layer_media_type().into(), ..blob.clone() });
        }
        Err(absent())
    }

    fn wrong(&self, what: impl std::fmt::Display) -> StoreError {
        hostile(self.store, "J-01", &format!("it sent an archive with {what}"))
    }
}

/// Whether a file may be a config or a layer; the rest says what the list says better.
fn is_part(name: &str) -> bool {
    let beside = ["repositories", "index.json", "oci-layout"].contains(&name);
    !beside && !name.ends_with("/json") && !name.ends_with("/VERSION")
}

/// The digest a file is called after: `DIGEST.tar`, `blobs/sha256/DIGEST`.
fn named(name: &str) -> Option<Digest> {
    let hex = name.strip_prefix("blobs/sha256/").or(name.strip_suffix(".tar")).or(name.strip_suffix(".json"))?;
    format!("sha256:{hex}").parse().ok()
}

/// Keeps the present file under its digest.
fn keep(from: &mut impl Read, store: &str, layout: &Layout) -> Result<Descriptor, StoreError> {
    let mut writer = layout.begin_blob()?;
    let mut buffer = vec![0; PIECE];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return writer.commit(""),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(from_sender(error, store)),
        };
        writer.write_all(&buffer[..count]).map_err(StoreError::io("write to", layout.path()))?;
    }
}

fn hostile(store: &str, family: &'static str, detail: &str) -> StoreError {
    StoreError::Hostile { store: store.to_owned(), family, detail: escape(detail) }
}

/// What the sender said comes out as itself; what else breaks is an archive that breaks.
fn from_scan(error: ScanError, store: &str) -> StoreError {
    match error {
        ScanError::Refused { family, what, detail } => hostile(store, family, &format!("{what}: {detail}")),
        ScanError::Entry(error) => hostile(store, "T-12", &error.to_string()),
        ScanError::Io(error) => match error.downcast::<StoreError>() {
            Ok(inner) => inner,
            Err(error) => hostile(store, "T-12", &format!("its archive breaks: {error}")),
        },
    }
}

fn from_sender(error: io::Error, store: &str) -> StoreError {
    from_scan(error.into(), store)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn config(layers: &[&[u8]]) -> Vec<u8> {
        let ids: Vec<String> = layers.iter().map(|layer| Digest::of(layer).to_string()).collect();
        let rootfs = serde_json::json!({"type": "layers", "diff_ids": ids});
        serde_json::json!({"architecture": "amd64", "os": "linux", "rootfs": rootfs}).to_string().into_bytes()
    }

    fn list(layers: &[&str]) -> Vec<u8> {
        serde_json::json!([{"Config": "c.json", "RepoTags": null, "Layers": layers}]).to_string().into_bytes()
    }

    fn taken(archive: &[u8]) -> Result<(Descriptor, ImageManifest), StoreError> {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open_or_create(&folder.path().join("kept")).unwrap();
        let found = take_in(archive, "docker at test", &layout)?;
        let bytes = layout.read_blob(&found, 1 << 20)?;
        Ok((found, serde_json::from_slice(&bytes).unwrap()))
    }

    #[test]
    fn an_image_is_what_its_config_and_its_layers_say_however_they_are_called() {
        let (low, high) = (b"low's tar".as_slice(), b"high's tar".as_slice());
        let (config, list) = (config(&[low, high]), list(&["a/layer.tar", "b/layer.tar"]));
        let old: &[(&str, &[u8])] = &[
            ("a/VERSION", b"1.0"),
            ("b/layer.tar", high),
            ("a/layer.tar", low),
            ("c.json", &config),
            ("manifest.json", &list),
            ("repositories", b"{}"),
        ];
        let (digest, image) = taken(&archive(old)).unwrap();
        let layers: Vec<&Digest> = image.layers.iter().map(|layer| &layer.digest).collect();
        assert_eq!(layers, [&Digest::of(low), &Digest::of(high)]);
        assert!(image.layers.iter().all(|layer| layer.media_type == media_type::LAYER));
        assert_eq!(image.config, Descriptor::of(media_type::CONFIG, &config));
        // In another order and by other names it is the same image.
        let new: &[(&str, &[u8])] =
            &[("manifest.json", &list), ("c.json", &config), ("x.tar", low), ("blobs/sha256/y", high)];
        assert_eq!(taken(&archive(new)).unwrap().0, digest);
    }

    #[test]
    fn a_layer_that_comes_compressed_stays_so_and_is_proven() {
        let plain = b"a tar".as_slice();
        let (config, list) = (config(&[plain]), list(&["blobs/sha256/z"]));
        let with =
            |layer: &[u8]| taken(&archive(&[("blobs/sha256/z", layer), ("c.json", &config), ("manifest.json", &list)]));
        let packed = zstd::encode_all(plain, 1).unwrap();
        assert_eq!(with(&packed).unwrap().1.layers, [Descriptor::of(media_type::LAYER_ZSTD, &packed)]);
        let other = zstd::encode_all(b"another tar".as_slice(), 1).unwrap();
        assert!(with(&other).unwrap_err().to_string().contains("no layer sha256:"));
        assert!(with(&packed[..packed.len() - 1]).unwrap_err().to_string().contains("a layer that breaks"));
    }

    #[test]
    fn archives_that_are_no_image_are_refused() {
        let layer = b"a tar".as_slice();
        let (config, list) = (config(&[layer]), list(&["l.tar"]));
        let whole: [(&str, &[u8]); 3] = [("l.tar", layer), ("c.json", &config), ("manifest.json", &list)];
        let without = |at: usize| {
            let kept = whole.iter().enumerate().filter(|(own, _)| *own != at).map(|(_, file)| *file);
            archive(&kept.collect::<Vec<_>>())
        };
        let told = |archive: &[u8]| taken(archive).unwrap_err().to_string();
        assert!(taken(&archive(&whole)).is_ok());
        assert!(told(&without(0)).contains("J-01: it sent an archive with no layer sha256:"));
        assert!(told(&without(1)).contains("with no config"));
        assert!(told(&without(2)).contains("with no manifest.json"));
        // A layer that is called after the one that is wanted, and is another.
        let name = format!("blobs/sha256/{}", Digest::of(layer).encoded());
        assert!(told(&archive(&[(&name, b"wicked"), whole[1], whole[2]])).contains("no layer"));
        let one = String::from_utf8(list.clone()).unwrap();
        let twice = format!("{},{}", one.trim_end_matches(']'), one.trim_start_matches('['));
        assert!(told(&archive(&[whole[0], whole[1], ("manifest.json", twice.as_bytes())])).contains("not one image"));
        assert!(told(&archive(&whole)[..514]).contains("T-12"));
        assert!(told(&archive(&[whole[0], ("c.json", b"{}"), whole[2]])).contains("an unusable config"));
    }
}
