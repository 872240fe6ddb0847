//! Changes as scripts read them. Written one by one, so that a million of them never stand beside each other.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::changes::Change;
use super::entries::{owner, serialize_name, serialize_path};
use crate::domain::layer::{Changed, Differences, Totals};
use crate::flows::compare::{Opened, OpenedLayer};

/// A sequence written as it is walked.
pub struct Each<F>(pub F);

impl<T: Serialize, I: Iterator<Item = T>, F: Fn() -> I> Serialize for Each<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

impl Serialize for Change<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let changed = &self.changed;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("op", changed.kind.as_str())?;
        serialize_path(&mut map, ["path", "path_base64"], &changed.path())?;
        if let Some(from) = changed.from() {
            serialize_path(&mut map, ["from", "from_base64"], &from)?;
        }
        serialize_seen(&mut map, changed)?;
        let what: Vec<&str> = changed.what.words().collect();
        map.serialize_entry("what", &what)?;
        if let Some(place) = self.place {
            map.serialize_entry("layer", &place.layer.map(|layer| layer + 1))?;
            map.serialize_entry("owner", owner(place.is_local))?;
        }
        map.end()
    }
}

/// What is there, else what was; and of what was what differs.
fn serialize_seen<M: SerializeMap>(map: &mut M, changed: &Changed<'_>) -> Result<(), M::Error> {
    let Some(seen) = changed.seen() else { return Ok(()) };
    map.serialize_entry("type", seen.type_name())?;
    map.serialize_entry("size", &seen.size())?;
    map.serialize_entry("mode", &seen.mode())?;
    map.serialize_entry("uid", &seen.uid())?;
    map.serialize_entry("gid", &seen.gid())?;
    if let Some(target) = seen.target() {
        serialize_name(map, ["target", "target_base64"], target)?;
    }
    let (Some(before), Some(after)) = (changed.before, changed.after) else { return Ok(()) };
    let differs = |what| changed.what.holds(what);
    if differs(Differences::TYPE) {
        map.serialize_entry("before_type", before.type_name())?;
    }
    if before.size() != after.size() || differs(Differences::CONTENT) {
        map.serialize_entry("before_size", &before.size())?;
    }
    if differs(Differences::MODE) {
        map.serialize_entry("before_mode", &before.mode())?;
    }
    if differs(Differences::OWNER) {
        map.serialize_entry("before_uid", &before.uid())?;
        map.serialize_entry("before_gid", &before.gid())?;
    }
    if differs(Differences::TIME) {
        map.serialize_entry("mtime", &after.mtime())?;
        map.serialize_entry("before_mtime", &before.mtime())?;
    }
    match before.target().filter(|_| differs(Differences::TARGET) || differs(Differences::TYPE)) {
        Some(target) => serialize_name(map, ["before_target", "before_target_base64"], target),
        None => Ok(()),
    }
}

/// What changes come to.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TotalsRow {
    added: u32,
    modified: u32,
    deleted: u32,
    moved: u32,
    /// Of what was added and of what modified files now hold.
    bytes: u64,
    /// Of what was deleted and of what modified files held.
    gone: u64,
}

impl From<&Totals> for TotalsRow {
    fn from(totals: &Totals) -> Self {
        let Totals { added, modified, deleted, moved, bytes, gone } = *totals;
        Self { added, modified, deleted, moved, bytes, gone }
    }
}

/// One of the images looked into.
pub struct ImageRow<'o>(pub &'o Opened);

impl Serialize for ImageRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(opened) = self;
        let mut map = serializer.serialize_map(None)?;
        serialize_image(&mut map, opened)?;
        let rows = || (0..).zip(&opened.layers).map(|(number, layer)| LayerRow { number, layer });
        map.serialize_entry("layers", &Each(rows))?;
        map.end()
    }
}

/// How it was asked for, its digest, what it runs on.
pub(super) fn serialize_image<M: SerializeMap>(map: &mut M, opened: &Opened) -> Result<(), M::Error> {
    map.serialize_entry("reference", &opened.reference)?;
    map.serialize_entry("digest", &opened.digest)?;
    map.serialize_entry("platform", &opened.platform.to_string())
}

struct LayerRow<'o> {
    number: u32,
    layer: &'o OpenedLayer,
}

impl Serialize for LayerRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_layer(&mut map, self.number, self.layer)?;
        map.end()
    }
}

/// What a layer is.
pub(super) fn serialize_layer<M: SerializeMap>(map: &mut M, number: u32, layer: &OpenedLayer) -> Result<(), M::Error> {
    map.serialize_entry("layer", &(number + 1))?;
    map.serialize_entry("digest", &layer.digest)?;
    map.serialize_entry("diff_id", &layer.diff_id)?;
    map.serialize_entry("size", &layer.size)?;
    map.serialize_entry("created_by", &layer.created_by)?;
    map.serialize_entry("owner", &layer.owner)?;
    map.serialize_entry("problem", &layer.problem)
}

/// A layer with what it changes.
pub struct LayerChanges<'o, C> {
    /// Its number, counted from 0.
    pub number: u32,
    /// What it is.
    pub layer: &'o OpenedLayer,
    /// What its changes come to.
    pub totals: Totals,
    /// Its changes.
    pub changes: C,
}

impl<C: Serialize> Serialize for LayerChanges<'_, C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_layer(&mut map, self.number, self.layer)?;
        map.serialize_entry("added", &self.totals.added)?;
        map.serialize_entry("modified", &self.totals.modified)?;
        map.serialize_entry("deleted", &self.totals.deleted)?;
        map.serialize_entry("moved", &self.totals.moved)?;
        map.serialize_entry("bytes", &self.totals.bytes)?;
        map.serialize_entry("changes", &self.changes)?;
        map.end()
    }
}
