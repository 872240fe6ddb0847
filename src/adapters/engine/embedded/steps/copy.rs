//! `copy`: files from beside the recipe. A folder's content goes into `to`; a file to `to`, or into it where it is a
//! folder. Links in `to` are followed inside the root, so `/bin/x` is `/usr/bin/x` where `/bin` is a link.

use std::collections::HashMap;

use super::{Source, StepError};
use crate::domain::layer::{ContentDigest, Kind, Marker, Node, Stage, normalise};
use crate::domain::plan::{InputEntry, InputKind, InputManifest};
use crate::domain::recipe::{Copy, Mode};

/// Owner and time of what is copied.
#[derive(Clone, Copy)]
pub(in crate::adapters::engine) struct Stamp {
    pub(in crate::adapters::engine) uid: u32,
    pub(in crate::adapters::engine) gid: u32,
    pub(in crate::adapters::engine) mtime: i64,
}

/// Puts the inputs into the tree.
pub(in crate::adapters::engine) fn copy(
    stage: &mut Stage<'_, Source>,
    step: &Copy,
    inputs: &InputManifest,
    stamp: Stamp,
) -> Result<(), StepError> {
    let Some(first) = inputs.entries.first() else { return Err(StepError::NoInputs) };
    let to = step.to.as_str().as_bytes();
    if !matches!(first.kind, InputKind::Folder) {
        return copy_file(stage, step, first, stamp);
    }
    let top = stage.tree().resolve(to, true)?;
    let mut folders: HashMap<&str, Vec<u8>> = HashMap::new();
    for entry in &inputs.entries {
        let node = node_of(entry, step.mode, stamp)?;
        if entry.path.is_empty() {
            stage.folder(&top, &node)?;
            folders.insert("", top.clone());
            continue;
        }
        Marker::refuse(&normalise(entry.path.as_bytes())?)?;
        let (above, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
        let folder = match folders.get(above) {
            Some(folder) => folder.clone(),
            None => stage.tree().resolve_from(&top, above.as_bytes(), true)?,
        };
        if matches!(entry.kind, InputKind::Folder) {
            let path = stage.tree().resolve_from(&folder, name.as_bytes(), true)?;
            stage.folder(&path, &node)?;
            folders.insert(&entry.path, path);
        } else {
            put(stage, &folder, name.as_bytes(), node, &entry.path)?;
        }
    }
    Ok(())
}

fn copy_file(stage: &mut Stage<'_, Source>, step: &Copy, entry: &InputEntry, stamp: Stamp) -> Result<(), StepError> {
    let to = step.to.as_str().as_bytes();
    let node = node_of(entry, step.mode, stamp)?;
    let followed = stage.tree().resolve(to, true)?;
    if step.to.names_folder() || stage.tree().is_folder(&followed) {
        let name = step.from.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        Marker::refuse(&normalise(name.as_bytes())?)?;
        stage.folder(&followed, &Node::plain_folder(stamp.mtime))?;
        return put(stage, &followed, name.as_bytes(), node, "");
    }
    let path = stage.tree().resolve(to, false)?;
    Marker::refuse(&path)?;
    let (folder, name) = crate::domain::layer::split(&path);
    put(stage, folder, name, node, "")
}

fn put(stage: &mut Stage<'_, Source>, folder: &[u8], name: &[u8], node: Node, input: &str) -> Result<(), StepError> {
    let path = if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() };
    let source = matches!(node.kind, Kind::File { .. }).then(|| Source::Input(input.into()));
    Ok(stage.put(&path, node, source)?)
}

/// What an input becomes: the step's mode before its own, the step's owner, never its time.
fn node_of(entry: &InputEntry, mode: Option<Mode>, stamp: Stamp) -> Result<Node, StepError> {
    let (kind, mode) = match &entry.kind {
        InputKind::File { size, digest } => {
            let Some(digest) = ContentDigest::of_digest(digest) else { return Err(StepError::NoInputs) };
            (Kind::File { size: *size, digest: Some(digest) }, mode.map_or(entry.mode, |mode| mode.0))
        }
        // Who may read a folder may also enter it.
        InputKind::Folder => (Kind::Folder, mode.map_or(entry.mode, |Mode(bits)| bits | (bits & 0o444) >> 2)),
        InputKind::Symlink { target } => (Kind::Symlink(target.as_bytes().into()), 0o777),
    };
    let Stamp { uid, gid, mtime } = stamp;
    Ok(Node { kind, mode: mode & 0o7777, uid, gid, mtime, xattrs: Box::default() })
}
