//! `write`: one file whose content stands in the recipe.

use super::copy::Stamp;
use super::{Source, StepError};
use crate::domain::layer::{ContentDigest, Kind, Marker, Node, Stage};
use crate::domain::recipe::Write;

/// Mode where the recipe names none.
const MODE: u32 = 0o644;

/// Puts the file into the tree.
pub(in crate::adapters::engine) fn write(
    stage: &mut Stage<'_, Source>,
    step: &Write,
    stamp: Stamp,
) -> Result<(), StepError> {
    let path = stage.tree().resolve(step.to.as_str().as_bytes(), false)?;
    Marker::refuse(&path)?;
    let content = step.content.as_bytes();
    let Stamp { uid, gid, mtime } = stamp;
    let node = Node {
        kind: Kind::File { size: content.len() as u64, digest: Some(ContentDigest::of(content)) },
        mode: step.mode.map_or(MODE, |mode| mode.0),
        uid,
        gid,
        mtime,
        xattrs: Box::default(),
    };
    Ok(stage.put(&path, node, Some(Source::Inline(content.into())))?)
}
