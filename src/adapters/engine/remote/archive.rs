//! What `docker save` gives, read as it comes and left as an OCI layout. Layers that are known already are read and
//! forgotten. Trusts no name in it: what a file is, its digest says.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::left::Left;
use crate::domain::layer::{Kind, Limits, ScanError, Scanner};
use crate::domain::oci::{Descriptor, DiffId, Digest, ImageConfig, media_type};

/// What an archive may have.
const LIMITS: Limits = Limits { entries: 10_000, bytes: 64 << 30, metadata: 1 << 20, extents: 16 };
/// Largest document of an archive.
const MAX_DOCUMENT: u64 = 4 << 20;
/// Most bytes of documents that are remembered at once.
const MAX_DOCUMENTS: u64 = 64 << 20;
/// Bytes read at once.
const PIECE: usize = 128 << 10;

/// Reads an archive with one image into the folder `into`; `known` layers are not kept.
pub(super) fn unpack(from: impl Read, known: &BTreeSet<DiffId>, into: &Path) -> io::Result<()> {
    let left = Left::begin(into)?;
    let mut documents: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut sizes: BTreeMap<Digest, u64> = BTreeMap::new();
    let mut remembered = 0;
    let mut scanner = Scanner::new(BufReader::with_capacity(PIECE, from), LIMITS);
    while let Some(entry) = scanner.advance().map_err(broken)? {
        // Links name layers that stand in the archive under another name.
        let Kind::File { size, .. } = entry.node.kind else { continue };
        let name = String::from_utf8_lossy(&entry.path).into_owned();
        let document =
            name.ends_with(".json") || name.ends_with("/json") || (name.starts_with("blobs/") && size <= MAX_DOCUMENT);
        if document && size <= MAX_DOCUMENT {
            remembered += size;
            if remembered > MAX_DOCUMENTS {
                return Err(wrong("more documents than an image has"));
            }
            let mut bytes = Vec::new();
            scanner.read_to_end(&mut bytes)?;
            sizes.insert(left.document(&bytes)?, size);
            documents.insert(name, bytes);
        } else if named(&name).is_some_and(|id| known.contains(&id)) || is_lowest(&name, &documents, known) {
            // It is passed over: the config says whether it is what was given.
        } else {
            let mut blob = left.blob()?;
            io::copy(&mut scanner, &mut blob)?;
            let (digest, size) = blob.finish(&|digest| known.contains(&DiffId(digest.clone())))?;
            sizes.insert(digest, size);
        }
    }
    let said = documents.get("manifest.json").ok_or_else(|| wrong("no manifest.json"))?;
    let said: Vec<Saved> = serde_json::from_slice(said).map_err(|_| wrong("a manifest.json nobody reads"))?;
    let [image] = said.as_slice() else { return Err(wrong("not one image")) };
    let config = documents.get(&image.config).ok_or_else(|| wrong("no config"))?;
    let parsed = ImageConfig::parse(config).map_err(|error| wrong(&error.to_string()))?;
    let layer = |id: &DiffId| -> io::Result<Descriptor> {
        let size = sizes.get(&id.0).copied();
        if size.is_none() && !known.contains(id) {
            return Err(wrong(&format!("no layer {id}")));
        }
        Ok(Descriptor::new(media_type::LAYER, id.0.clone(), size.unwrap_or(0)))
    };
    let layers = parsed.rootfs.diff_ids.iter().map(layer).collect::<Result<_, _>>()?;
    left.finish(config, layers)
}

/// What the sender said comes out as itself; what else breaks is an archive that breaks.
fn broken(error: ScanError) -> io::Error {
    match error {
        ScanError::Io(error) => error,
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}

#[derive(serde::Deserialize)]
struct Saved {
    #[serde(rename = "Config")]
    config: String,
}

/// The layer a file is called after: `DIGEST.tar`, `DIGEST/layer.tar`, `blobs/sha256/DIGEST`.
fn named(name: &str) -> Option<DiffId> {
    let name = name.strip_prefix("blobs/sha256/").unwrap_or(name);
    let hex = name.strip_suffix("/layer.tar").or(name.strip_suffix(".tar")).unwrap_or(name);
    format!("sha256:{hex}").parse().ok().map(DiffId)
}

/// Whether a layer stands on no other, by the document older dockers put before it; with only layers of one base known, it
/// is one of those.
fn is_lowest(name: &str, documents: &BTreeMap<String, Vec<u8>>, known: &BTreeSet<DiffId>) -> bool {
    let beside = name.strip_suffix("/layer.tar").and_then(|folder| documents.get(&format!("{folder}/json")));
    let said = beside.and_then(|said| serde_json::from_slice::<serde_json::Value>(said).ok());
    !known.is_empty() && said.is_some_and(|said| said.get("id").is_some() && said.get("parent").is_none())
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("an archive with {what}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

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

    #[test]
    fn layers_are_what_their_digests_say_and_known_ones_are_forgotten() {
        let (base, own) = (b"base's tar".as_slice(), b"own tar".as_slice());
        let ids = [Digest::of(base), Digest::of(own)];
        let config = format!(
            r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":["{}","{}"]}}}}"#,
            ids[0], ids[1]
        );
        let files: Vec<(&str, &[u8])> = vec![
            ("aa/layer.tar", own),
            ("bb/layer.tar", base),
            ("c.json", config.as_bytes()),
            ("manifest.json", br#"[{"Config":"c.json","RepoTags":null,"Layers":["bb/layer.tar","aa/layer.tar"]}]"#),
        ];
        let known = BTreeSet::from([DiffId(ids[0].clone())]);
        let folder = tempfile::tempdir().unwrap();
        unpack(&*archive(&files), &known, folder.path()).unwrap();
        let blob = |digest: &Digest| folder.path().join("blobs/sha256").join(digest.encoded());
        assert!(!blob(&ids[0]).exists() && fs::read(blob(&ids[1])).unwrap() == own);
        let index = fs::read_to_string(folder.path().join("index.json")).unwrap();
        assert!(index.contains(media_type::MANIFEST), "{index}");
        let torn = unpack(&*archive(&files[1..]), &known, folder.path().join("torn").as_path());
        assert!(torn.unwrap_err().to_string().contains("no layer"));
    }

    #[test]
    fn archives_that_lie_or_break_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let told = |archive: &[u8]| unpack(archive, &BTreeSet::new(), folder.path()).unwrap_err().to_string();
        let whole = archive(&[("l.tar", b"a layer"), ("c.json", b"{}")]);
        assert!(told(&whole).contains("no manifest.json"));
        // Its end is missing, or a header is another than its sum says.
        assert!(!told(&whole[..514]).contains("no manifest.json"), "{}", told(&whole[..514]));
        let mut other = whole;
        other[0] = b'm';
        assert!(told(&other).contains("T-12"), "{}", told(&other));
        // A name that would never end.
        let mut long = tar::Header::new_gnu();
        long.set_entry_type(tar::EntryType::GNULongName);
        long.set_size(1 << 33);
        long.set_cksum();
        assert!(told(long.as_bytes()).contains("T-14"), "{}", told(long.as_bytes()));
    }

    #[test]
    fn documents_are_remembered_within_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let one = vec![b' '; 4 << 20];
        let names: Vec<String> = (0..17).map(|number| format!("{number}.json")).collect();
        let many = archive(&names.iter().map(|name| (name.as_str(), one.as_slice())).collect::<Vec<_>>());
        let told = unpack(&*many, &BTreeSet::new(), folder.path()).unwrap_err().to_string();
        assert!(told.contains("more documents than an image has"), "{told}");
    }
}
