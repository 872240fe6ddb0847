//! Sealing: a changeset becomes a blob in the layout, in one streaming pass, and an index for the steps above it. What looks
//! like a secret is told as it passes.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::compress::LayerWriter;
use super::events::{Progress, change_seen};
use super::reading::{ChangedInput, Content, Contents, ReadAhead, Wanted};
use super::steps::{Source, StepError};
use crate::adapters::engine::Packing;
use crate::adapters::index::{Databases, LayerIndex, MAX_REMEMBERED, is_account_file};
use crate::adapters::store::layout::Layout;
use crate::domain::journal::{LayerBlob, SeenSecret};
use crate::domain::layer::{Change, Changeset, Entry, Kind, Node, Op, PackError, Packer};
use crate::domain::trust::secrets::{Hit, Scanner};

/// How and where to seal.
pub(in crate::adapters::engine) struct Sealing<'a> {
    pub(in crate::adapters::engine) target: &'a Layout,
    pub(in crate::adapters::engine) packing: &'a Packing,
    /// Time of every entry.
    pub(in crate::adapters::engine) created: i64,
    pub(in crate::adapters::engine) contents: Contents,
    pub(in crate::adapters::engine) cancel: &'a CancellationToken,
}

/// A layer in the layout.
pub(in crate::adapters::engine) struct Sealed {
    pub(in crate::adapters::engine) blob: LayerBlob,
    pub(in crate::adapters::engine) index: LayerIndex,
}

/// Writes the layer; its contents are verified as they pass.
pub(in crate::adapters::engine) fn seal(
    set: &Changeset<Source>,
    sealing: &Sealing<'_>,
    progress: &mut Progress,
) -> Result<Sealed, StepError> {
    let links = links_of(set);
    let wanted = set.changes.iter().filter(|change| !links.contains_key(&*change.path)).filter_map(wanted);
    let ahead = ReadAhead::start(&sealing.contents, wanted.collect(), sealing.packing.threads, sealing.cancel)
        .map_err(StepError::Compress)?;
    let blob = sealing.target.begin_blob()?;
    let writer = LayerWriter::new(blob, sealing.packing).map_err(StepError::Compress)?;
    let packer = Packer::new(writer, sealing.created);
    let mut job = Job { packer, ahead, index: LayerIndex::default(), databases: Databases::default() };
    for change in &set.changes {
        if sealing.cancel.is_cancelled() {
            return Err(StepError::Cancelled);
        }
        let hits = job.pack(change, links.get(&*change.path), sealing.cancel).map_err(changed_input)?;
        if !hits.is_empty() {
            progress.found(change_seen(change), hits.iter().map(SeenSecret::from).collect())?;
            job.index.secrets.add(&change.path, hits);
        }
        progress.add(change.node.size())?;
    }
    let Job { packer, mut index, databases, .. } = job;
    index.databases = databases.into_found();
    let written = packer.finish()?.finish().map_err(StepError::Compress)?;
    let descriptor = written.target.commit(sealing.packing.compression.layer_media_type())?;
    let blob = LayerBlob { descriptor, diff_id: written.diff_id, uncompressed: written.uncompressed };
    Ok(Sealed { blob, index })
}

/// Paths that are further names of a file earlier in the layer, with its path.
fn links_of(set: &Changeset<Source>) -> HashMap<&[u8], &[u8]> {
    let mut first: HashMap<u64, &Change<Source>> = HashMap::new();
    let mut links: HashMap<&[u8], &[u8]> = HashMap::new();
    for change in set.changes.iter().filter(|change| change.op != Op::Deleted) {
        if let Some(Source::Spooled { member, .. }) = &change.source {
            let earlier = first.entry(*member).or_insert(change);
            if earlier.path != change.path && earlier.node == change.node {
                links.insert(&change.path, &earlier.path);
            }
        }
    }
    links
}

fn wanted(change: &Change<Source>) -> Option<Wanted> {
    match (&change.op, &change.node.kind, &change.source) {
        (Op::Deleted | Op::Context, _, _) => None,
        (_, Kind::File { size, digest: Some(digest) }, Some(source)) => {
            Some(Wanted { path: change.path.clone(), source: source.clone(), size: *size, digest: *digest })
        }
        _ => None,
    }
}

struct Job<W> {
    packer: Packer<W>,
    ahead: ReadAhead,
    index: LayerIndex,
    databases: Databases,
}

impl<W: Write> Job<W> {
    /// Packs a change; gives what looks like a secret in it.
    fn pack(
        &mut self,
        change: &Change<Source>,
        link: Option<&&[u8]>,
        cancel: &CancellationToken,
    ) -> Result<Vec<Hit>, StepError> {
        if change.op == Op::Deleted {
            self.index.contents.whiteouts.push(change.path.clone());
            self.packer.whiteout(&change.path)?;
            return Ok(Vec::new());
        }
        let mut node = change.node.clone();
        if let Some(target) = link {
            node.kind = Kind::Hardlink((**target).into());
        }
        let hits = match wanted(change).filter(|_| link.is_none()) {
            Some(wanted) => self.file(change, &wanted, cancel)?,
            None => self.packer.entry(&change.path, &node).map(|()| Vec::new())?,
        };
        self.index.contents.entries.push(Entry { path: change.path.clone(), node });
        Ok(hits)
    }

    fn file(
        &mut self,
        change: &Change<Source>,
        wanted: &Wanted,
        cancel: &CancellationToken,
    ) -> Result<Vec<Hit>, StepError> {
        let node: &Node = &change.node;
        let keep = wanted.size <= MAX_REMEMBERED && is_account_file(&change.path);
        let database = self.databases.wants(&change.path, wanted.size);
        let parse = database.is_some_and(|(_, wanted)| wanted);
        let (whole, hits) = match self.ahead.next()? {
            Content::Whole(bytes, hits) => (bytes, hits),
            Content::Streamed(mut reader) if keep || parse || Scanner::wants(&change.path, wanted.size) => {
                let mut bytes = Vec::new();
                reader.read_to_end(&mut bytes).map_err(|source| PackError::Io {
                    path: crate::domain::text::escape_bytes(&change.path),
                    action: "content cannot be read",
                    source,
                })?;
                let hits = Scanner::shared().scan(&change.path, &bytes);
                (bytes.into(), hits)
            }
            Content::Streamed(reader) => {
                if let Some((place, _)) = database {
                    self.databases.add(&change.path, place, wanted.digest, None);
                }
                let mut reader = Cancellable { reader, cancel };
                self.packer.file(&change.path, node, &mut reader)?;
                return Ok(Vec::new());
            }
        };
        if let Some((place, _)) = database {
            self.databases.add(&change.path, place, wanted.digest, parse.then_some(&*whole));
        }
        if keep {
            self.index.remembered.push((wanted.digest, Arc::clone(&whole)));
        }
        self.packer.file(&change.path, node, &mut &*whole)?;
        Ok(hits)
    }
}

/// Ends a large file between two reads.
struct Cancellable<'a> {
    reader: Box<dyn Read + Send>,
    cancel: &'a CancellationToken,
}

impl Read for Cancellable<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other(StepError::Cancelled));
        }
        self.reader.read(buffer)
    }
}

/// What travelled through the packer as an `io::Error` comes out as itself.
fn changed_input(error: StepError) -> StepError {
    let StepError::Pack(PackError::Io { path, action, source }) = error else {
        return match error {
            StepError::Pack(PackError::Size { path, .. }) => StepError::Changed(path),
            other => other,
        };
    };
    let source = match source.downcast::<ChangedInput>() {
        Ok(changed) => return StepError::Changed(changed.0),
        Err(source) => source,
    };
    match source.downcast::<StepError>() {
        Ok(inner) => inner,
        Err(source) => StepError::Pack(PackError::Io { path, action, source }),
    }
}
