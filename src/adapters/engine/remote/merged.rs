//! All that a step stands on as one archive, for builders that take no images. Knows no builder.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::changes::{Sift, take};
use crate::adapters::engine::embedded::{Ground, Section, Source, Spool, StepError};
use crate::adapters::index::{IndexError, decode};
use crate::adapters::store::layout::Layout;
use crate::domain::layer::{Kind, Op, Packer, Stage, Tree};
use crate::domain::oci::Compression;

/// Writes the files of `layers`, one upon the other, as a plain tar.
pub(super) fn write(
    layout: &Layout,
    layers: &[Ground],
    (cache, to): (&Path, &Path),
    cancel: &CancellationToken,
) -> Result<(), StepError> {
    let mut spool = Spool::new(cache)?;
    let mut tree = Tree::default();
    let mut stage = Stage::new(&mut tree, 0);
    for layer in layers {
        let blob = || layer.blob.digest.to_string();
        let file = layout.open_blob_file(&layer.blob)?;
        let compression = Compression::of_media_type(&layer.blob.media_type);
        let plain = decode(file, compression).map_err(|source| IndexError::Decode { blob: blob(), source })?;
        take(&mut stage, plain, &mut spool, &Sift::whole(), cancel)?;
    }
    let set = stage.finish();
    let spool = Arc::new(spool.into_file());
    let out = File::create(to).map_err(|source| StepError::Spool { action: "make a build context", source })?;
    let mut packer = Packer::new(BufWriter::new(out), 0).with_own_times();
    let mut first = std::collections::HashMap::new();
    for change in set.changes.iter().filter(|change| change.op != Op::Deleted) {
        if cancel.is_cancelled() {
            return Err(StepError::Cancelled);
        }
        match (&change.node.kind, &change.source) {
            (Kind::File { size, .. }, Some(Source::Spooled { member, offset })) => {
                if let Some(earlier) = first.insert(*member, change.path.clone()) {
                    let node =
                        crate::domain::layer::Node { kind: Kind::Hardlink(earlier.clone()), ..change.node.clone() };
                    packer.entry(&change.path, &node)?;
                    first.insert(*member, earlier);
                } else {
                    let mut content = Section::of(&spool, *offset, *size);
                    packer.file(&change.path, &change.node, &mut content)?;
                }
            }
            (Kind::File { .. }, _) => return Err(StepError::NoInputs),
            _ => packer.entry(&change.path, &change.node)?,
        }
    }
    let mut out = packer.finish()?;
    out.flush().map_err(|source| StepError::Spool { action: "write a build context", source })
}
