//! One pass over a layer's blob: entries, digests of contents, account files, databases of packages,
//! what looks like a secret; and proof that the blob is the one named.

use std::io::Read;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::decode::{DecodeError, Digested, decode};
use super::{Databases, Head, IndexWriter, LayerIndex, MAX_REMEMBERED, is_account_file};
use crate::domain::layer::{ContentDigest, ContentDigester, Entry, Kind, Limits, Marker, ScanError, Scanner};
use crate::domain::oci::{Compression, Descriptor, DiffId};
use crate::domain::trust::secrets;

/// Account files remembered of one layer.
const MAX_ACCOUNT_FILES: usize = 16;

/// Why a layer cannot be built upon.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Not a layer.
    #[error("layer {blob} has the media type {media_type:?}, which is no layer")]
    MediaType {
        /// Which.
        blob: String,
        /// What it says it is.
        media_type: String,
    },
    /// Compressed in another way.
    #[error("layer {blob}")]
    Decode {
        /// Which.
        blob: String,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// Not a usable tar archive.
    #[error("layer {blob}")]
    Scan {
        /// Which.
        blob: String,
        /// Why.
        #[source]
        source: ScanError,
    },
    /// Other bytes than the digest names.
    #[error("J-03: layer {blob} has the digest {found}")]
    Digest {
        /// Which.
        blob: String,
        /// What was found.
        found: String,
    },
    /// The blob is right, but it is not the layer the config names.
    #[error("T-17: layer {blob} holds {found}, and the image config says {expected}")]
    DiffId {
        /// Which.
        blob: String,
        /// Digest of what was unpacked.
        found: String,
        /// What the config says.
        expected: DiffId,
    },
    /// The user stopped it.
    #[error("cancelled")]
    Cancelled,
}

/// Reads the whole blob; `read` hears how many of its bytes are through.
pub fn scan(
    reader: impl Read + Send + 'static,
    blob: &Descriptor,
    diff_id: &DiffId,
    cancel: &CancellationToken,
    read: &mut dyn FnMut(u64),
) -> Result<LayerIndex, IndexError> {
    let mut entries = Vec::new();
    let head = pass(reader, (blob, diff_id), cancel, read, &mut |entry| entries.push(entry))?;
    Ok(LayerIndex::of(head, entries))
}

/// As [`scan`], but what is found goes to its file only, so that memory does not grow with the layer. A file that cannot
/// be written is no error: the blob is read again next time.
pub fn scan_to(
    path: &Path,
    reader: impl Read + Send + 'static,
    layer: (&Descriptor, &DiffId),
    cancel: &CancellationToken,
    read: &mut dyn FnMut(u64),
) -> Result<(), IndexError> {
    let mut writer = IndexWriter::new(path).ok();
    let head = pass(reader, layer, cancel, read, &mut |entry| {
        if let Some(open) = &mut writer
            && open.entry(&entry.path, &entry.node).is_err()
        {
            writer = None;
        }
    })?;
    // Nothing depends on it.
    let _ = writer.map(|writer| writer.finish(path, &head));
    Ok(())
}

fn pass(
    reader: impl Read + Send + 'static,
    (blob, diff_id): (&Descriptor, &DiffId),
    cancel: &CancellationToken,
    read: &mut dyn FnMut(u64),
    entries: &mut dyn FnMut(Entry),
) -> Result<Head, IndexError> {
    let name = || blob.digest.to_string();
    let Some(compression) = Compression::of_media_type(&blob.media_type) else {
        return Err(IndexError::MediaType { blob: name(), media_type: blob.media_type.clone() });
    };
    let (reader, stored) = Digested::new(reader, blob.digest.digester());
    let decoded = decode(reader, Some(compression)).map_err(|source| IndexError::Decode { blob: name(), source })?;
    let (decoded, unpacked) = Digested::new(decoded, diff_id.0.digester());
    let mut scanner = Scanner::new(decoded, Limits::default());
    let scanned = walk(&mut scanner, cancel, &mut || read(stored.bytes()), entries);
    if cancel.is_cancelled() {
        return Err(IndexError::Cancelled);
    }
    let head = scanned.map_err(|source| IndexError::Scan { blob: name(), source })?;
    let of = |seen: super::decode::Seen| seen.digest().map(|digest| digest.to_string()).unwrap_or_default();
    let (found, unpacked) = (of(stored), of(unpacked));
    if found != blob.digest.to_string() {
        return Err(IndexError::Digest { blob: name(), found });
    }
    if unpacked != diff_id.to_string() {
        return Err(IndexError::DiffId { blob: name(), found: unpacked, expected: diff_id.clone() });
    }
    Ok(head)
}

/// Reads a plain tar to the end of its last entry, or until cancelled; `read` is called between entries.
pub fn collect(
    scanner: &mut Scanner<impl Read>,
    cancel: &CancellationToken,
    read: &mut dyn FnMut(),
) -> Result<LayerIndex, ScanError> {
    let mut entries = Vec::new();
    let head = walk(scanner, cancel, read, &mut |entry| entries.push(entry))?;
    Ok(LayerIndex::of(head, entries))
}

fn walk(
    scanner: &mut Scanner<impl Read>,
    cancel: &CancellationToken,
    read: &mut dyn FnMut(),
    entries: &mut dyn FnMut(Entry),
) -> Result<Head, ScanError> {
    let mut head = Head::default();
    let mut databases = Databases::default();
    let mut content = Content { kept: Vec::new(), buffer: vec![0; 32 << 10] };
    while let Some(mut entry) = scanner.advance()? {
        if cancel.is_cancelled() {
            break;
        }
        read();
        match Marker::of(&entry.path)? {
            Marker::None => {}
            Marker::Whiteout(path) => {
                head.whiteouts.push(path);
                continue;
            }
            Marker::Opaque(path) => {
                head.opaques.push(path);
                continue;
            }
            Marker::Metadata => continue,
        }
        if let Kind::File { size, digest } = &mut entry.node.kind {
            let keep =
                *size <= MAX_REMEMBERED && is_account_file(&entry.path) && head.remembered.len() < MAX_ACCOUNT_FILES;
            let database = databases.wants(&entry.path, *size);
            let parse = database.is_some_and(|(_, wanted)| wanted);
            let wanted = match keep || parse {
                true => Wanted::All,
                false if secrets::Scanner::wants(&entry.path, *size) => Wanted::Text,
                false => Wanted::Nothing,
            };
            let found = content.digest(scanner, wanted)?;
            let content = &content.kept;
            *digest = Some(found);
            if let Some((place, _)) = database {
                databases.add(&entry.path, place, found, parse.then_some(content));
            }
            if !content.is_empty() {
                head.secrets.add(&entry.path, secrets::Scanner::shared().scan(&entry.path, content));
            }
            if keep {
                head.remembered.push((found, content.as_slice().into()));
            }
        }
        entries(entry);
    }
    head.databases = databases.into_found();
    Ok(head)
}

/// How much of a content is wanted beside its digest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Nothing,
    /// All of it where it is text, nothing else.
    Text,
    All,
}

/// Contents, one after the other: most files are small, and are no work but what is done for each.
struct Content {
    /// What was wanted of the last one.
    kept: Vec<u8>,
    buffer: Vec<u8>,
}

impl Content {
    /// Reads a content to its end.
    fn digest(&mut self, reader: &mut impl Read, mut wanted: Wanted) -> Result<ContentDigest, ScanError> {
        let Self { kept, buffer } = self;
        let mut digester = ContentDigester::default();
        kept.clear();
        loop {
            let count = reader.read(buffer)?;
            if count == 0 {
                return Ok(digester.finish());
            }
            digester.update(&buffer[..count]);
            if wanted == Wanted::Text && kept.is_empty() && secrets::Scanner::is_binary(&buffer[..count]) {
                wanted = Wanted::Nothing;
            }
            if wanted != Wanted::Nothing {
                kept.extend_from_slice(&buffer[..count]);
            }
        }
    }
}
