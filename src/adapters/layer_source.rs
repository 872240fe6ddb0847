//! A layer, wherever its blob is: read once for its index, and again only for what is in one of its files. Everything here
//! waits for disk or network, so it belongs on threads of its own. Knows no image.

use std::fmt;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_util::io::SyncIoBridge;
use tokio_util::sync::CancellationToken;

use super::index::{self, DecodeError, IndexError, IndexFileError, IndexReader, LayerSecrets, path_of, scan_to};
use super::store::layout::Layout;
use super::store::{Store, StoreError, unwrap_io};
use crate::domain::layer::packages::Database;
use crate::domain::layer::{ContentDigest, Kind, Limits, Marker, ScanError, Scanner, Tree, TreeError};
use crate::domain::oci::{Compression, Descriptor, DiffId, Digester, Repository};

/// Bytes handed on at once.
const PIECE: usize = 64 << 10;

/// Why a layer, or a file in it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LayerSourceError {
    /// Its store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its bytes.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Its bytes, read for one file.
    #[error("layer {blob}")]
    Decode {
        /// Which.
        blob: String,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// Its entries, read for one file.
    #[error("layer {blob}")]
    Scan {
        /// Which.
        blob: String,
        /// Why.
        #[source]
        source: ScanError,
    },
    /// The cache.
    #[error(transparent)]
    File(#[from] IndexFileError),
    /// The cache cannot be written, so nothing can be told.
    #[error("the index of layer {0} cannot be kept in the cache folder")]
    Unkept(String),
    /// The layer holds other content than it held.
    #[error("J-03: layer {0} does not hold the file any more that it is said to hold")]
    Changed(String),
    /// Whoever wanted it does not take it.
    #[error("cannot be written")]
    Write(#[source] io::Error),
}

/// A layer and where its blob is.
#[derive(Clone)]
pub struct LayerSource {
    /// The blob.
    pub blob: Descriptor,
    /// The uncompressed archive.
    pub diff_id: DiffId,
    /// Layouts on this machine that may have it; asked first.
    pub here: Vec<Layout>,
    /// The store it is in.
    pub store: Arc<dyn Store>,
    /// Its repository there.
    pub repository: Repository,
}

impl fmt::Debug for LayerSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LayerSource").field("blob", &self.blob.digest).finish_non_exhaustive()
    }
}

/// What came of putting a layer on a tree.
#[derive(Debug)]
pub struct Put {
    /// Why the first entry that was refused was, and how many were.
    pub refused: Option<(TreeError, u64)>,
    /// What package managers keep in the layer.
    pub databases: Vec<Database>,
    /// What looks like a secret in it.
    pub secrets: LayerSecrets,
}

impl LayerSource {
    /// Whether its index is in the cache already.
    pub fn is_indexed(&self, cache: &Path) -> bool {
        index::is_there(&path_of(cache, &self.blob, &self.diff_id))
    }

    /// Whether its blob is on this machine.
    pub fn is_here(&self) -> bool {
        self.here.iter().any(|layout| layout.has(&self.blob))
    }

    /// Reads the blob through and keeps what it holds, proven to be the blob and the archive named.
    pub fn index(&self, cache: &Path, cancel: &CancellationToken) -> Result<(), LayerSourceError> {
        let path = path_of(cache, &self.blob, &self.diff_id);
        Ok(scan_to(&path, self.open()?, (&self.blob, &self.diff_id), cancel, &mut |_| ())?)
    }

    /// Puts what it holds on a tree as one layer more; none where its index is missing or damaged. Entries that are refused
    /// are passed over.
    pub fn put_on(&self, tree: &mut Tree, cache: &Path) -> Result<Put, LayerSourceError> {
        let path = path_of(cache, &self.blob, &self.diff_id);
        let mut reader =
            IndexReader::open(&path).ok_or_else(|| LayerSourceError::Unkept(self.blob.digest.to_string()))?;
        let (opaques, whiteouts) =
            (std::mem::take(&mut reader.head.opaques), std::mem::take(&mut reader.head.whiteouts));
        let databases = std::mem::take(&mut reader.head.databases);
        let secrets = std::mem::take(&mut reader.head.secrets);
        let mut layering = match tree.begin_layer(&opaques, &whiteouts) {
            Ok(layering) => layering,
            Err(error) => {
                leave_out(tree);
                return Ok(Put { refused: Some((error, reader.count())), databases, secrets });
            }
        };
        let mut refused: Option<(TreeError, u64)> = None;
        let read = reader.for_each_entry(|path, node| -> Result<(), IndexFileError> {
            if let Err(error) = layering.entry(path, node) {
                let count = refused.as_ref().map_or(1, |(_, count)| count + 1);
                refused = Some(refused.take().map_or((error, count), |(first, _)| (first, count)));
            }
            Ok(())
        });
        layering.finish();
        read?;
        Ok(Put { refused, databases, secrets })
    }

    /// Hands the file with this content to `out`, at most `limit` bytes of it; gives how many. What is handed over whole is
    /// proven.
    pub fn content(
        &self,
        cache: &Path,
        wanted: ContentDigest,
        limit: u64,
        out: &mut dyn Write,
    ) -> Result<u64, LayerSourceError> {
        let place = self.place_of(cache, wanted)?;
        let name = || self.blob.digest.to_string();
        let scan = |source| LayerSourceError::Scan { blob: name(), source };
        let compression = Compression::of_media_type(&self.blob.media_type);
        let decoded = index::decode(self.open()?, compression);
        let decoded = decoded.map_err(|source| LayerSourceError::Decode { blob: name(), source })?;
        let mut scanner = Scanner::new(decoded, Limits::default());
        let mut at = 0;
        while let Some(entry) = scanner.advance().map_err(scan)? {
            if Marker::of(&entry.path).map_err(ScanError::from).map_err(scan)? != Marker::None {
                continue;
            }
            if at == place {
                return self.hand_over(&mut scanner, wanted, limit, out);
            }
            at += 1;
        }
        Err(LayerSourceError::Changed(name()))
    }

    /// Whether one of its entries has this content.
    pub fn holds(&self, cache: &Path, wanted: ContentDigest) -> bool {
        self.place_of(cache, wanted).is_ok()
    }

    /// Which of its entries has this content.
    fn place_of(&self, cache: &Path, wanted: ContentDigest) -> Result<u64, LayerSourceError> {
        let changed = || LayerSourceError::Changed(self.blob.digest.to_string());
        let mut reader = IndexReader::open(&path_of(cache, &self.blob, &self.diff_id)).ok_or_else(changed)?;
        let (mut at, mut found) = (0, None);
        reader.for_each_entry(|_, node| -> Result<(), IndexFileError> {
            if matches!(node.kind, Kind::File { digest: Some(digest), .. } if digest == wanted) {
                found = found.or(Some(at));
            }
            at += 1;
            Ok(())
        })?;
        found.ok_or_else(changed)
    }

    fn hand_over(
        &self,
        content: &mut impl Read,
        wanted: ContentDigest,
        limit: u64,
        out: &mut dyn Write,
    ) -> Result<u64, LayerSourceError> {
        let scan =
            |error: io::Error| LayerSourceError::Scan { blob: self.blob.digest.to_string(), source: error.into() };
        let mut digester = Digester::sha256();
        let mut piece = vec![0; PIECE];
        let mut done = 0;
        while done < limit {
            let want = usize::try_from(limit - done).unwrap_or(PIECE).min(PIECE);
            let count = content.read(&mut piece[..want]).map_err(scan)?;
            if count == 0 {
                let whole = ContentDigest::of_digest(&digester.finish()) == Some(wanted);
                return if whole { Ok(done) } else { Err(LayerSourceError::Changed(self.blob.digest.to_string())) };
            }
            digester.update(&piece[..count]);
            out.write_all(&piece[..count]).map_err(LayerSourceError::Write)?;
            done += count as u64;
        }
        Ok(done)
    }

    /// The blob's bytes, from this machine where it has them.
    fn open(&self) -> Result<Box<dyn Read + Send>, LayerSourceError> {
        for layout in &self.here {
            if layout.has(&self.blob) {
                return Ok(Box::new(layout.open_blob_file(&self.blob)?));
            }
        }
        let runtime = Handle::current();
        let stream = runtime.block_on(self.store.open_blob(&self.repository, &self.blob))?;
        Ok(Box::new(Remote(SyncIoBridge::new_with_handle(stream, runtime))))
    }
}

/// A layer that cannot be read is a layer all the same: one without entries.
pub fn leave_out(tree: &mut Tree) {
    if let Ok(layering) = tree.begin_layer(&[], &[]) {
        layering.finish();
    }
}

/// Bytes of a store, with the store's own words where they fail.
struct Remote<R>(SyncIoBridge<R>);

impl<R: tokio::io::AsyncRead + Unpin> Read for Remote<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| io::Error::other(unwrap_io(error)))
    }
}
