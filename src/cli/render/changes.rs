//! Changes as lines, one each: what happened, how large, by whom, where, and what differs. Names are escaped.

use super::bytes;
use super::entries::{place, shown};
use crate::domain::layer::{ChangeKind, Changed, Totals};
use crate::domain::text::{escape, escape_bytes};
use crate::flows::compare::OpenedLayer;

/// One change, and where it was made; nothing where that is said by what it stands below.
#[derive(Clone, Copy, Debug)]
pub struct Change<'c> {
    /// What happened.
    pub changed: Changed<'c>,
    /// Where.
    pub place: Option<Place>,
}

/// Who made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The layer, counted from 0; `None` where the image compared has no layer that did.
    pub layer: Option<u32>,
    /// Whether no base brought it.
    pub is_local: bool,
}

impl Change<'_> {
    /// `~    112 kB  ◇  2  /var/lib/dpkg/status  (content, time)`.
    pub fn line(&self, color: bool) -> String {
        let changed = &self.changed;
        let size = if changed.is_folder() { String::new() } else { bytes(changed.size()) };
        let by = match self.place {
            Some(at) => format!("{}  ", place(at.layer, at.is_local, color)),
            None => String::new(),
        };
        let path = shown(&changed.path());
        let target = match changed.seen().and_then(|seen| seen.target()) {
            Some(target) => format!(" -> {}", escape_bytes(target)),
            None => String::new(),
        };
        let notes = notes(changed);
        let notes = match (notes.is_empty(), color) {
            (true, _) => String::new(),
            (false, false) => format!("  ({})", notes.join(", ")),
            (false, true) => format!("  \x1b[2m({})\x1b[0m", notes.join(", ")),
        };
        format!("{} {size:>9}  {by}{path}{target}{notes}", glyph(changed.kind, color))
    }
}

/// `+`, `~`, `-` or `>`, in its colour.
pub(in crate::cli) fn glyph(kind: ChangeKind, color: bool) -> String {
    let (sign, on) = match kind {
        ChangeKind::Added => ("+", "\x1b[32m"),
        ChangeKind::Modified => ("~", "\x1b[33m"),
        ChangeKind::Deleted => ("-", "\x1b[31m"),
        ChangeKind::Moved => (">", "\x1b[36m"),
    };
    if color { format!("{on}{sign}\x1b[0m") } else { sign.to_owned() }
}

/// Where it was, and what differs.
fn notes(changed: &Changed<'_>) -> Vec<String> {
    let mut notes: Vec<String> = changed.from().map(|from| format!("was {}", shown(&from))).into_iter().collect();
    let (Some(before), Some(after)) = (changed.before, changed.after) else { return notes };
    notes.extend(changed.what.words().map(|word| match word {
        "type" => format!("type {}→{}", before.type_name(), after.type_name()),
        "mode" => format!("mode {:04o}→{:04o}", before.mode(), after.mode()),
        "owner" => format!("owner {}:{}→{}:{}", before.uid(), before.gid(), after.uid(), after.gid()),
        "target" => match before.target() {
            Some(target) => format!("target was {}", escape_bytes(target)),
            None => word.to_owned(),
        },
        "content" if before.size() != after.size() => format!("content, was {}", bytes(before.size())),
        word => word.to_owned(),
    }));
    notes
}

/// `31 added, 4 modified, 14 deleted  +1.2 MB -300.0 kB`.
pub fn totals(totals: &Totals) -> String {
    let counts =
        [(totals.added, "added"), (totals.modified, "modified"), (totals.deleted, "deleted"), (totals.moved, "moved")];
    let counts: Vec<String> =
        counts.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")).collect();
    if counts.is_empty() {
        return "no differences".to_owned();
    }
    format!("{}  +{} -{}", counts.join(", "), bytes(totals.bytes), bytes(totals.gone))
}

/// What a layer is, in one line: `◇  2  local/team-a/app:1  3f9a…c1  1.2 MB  copy app`.
pub fn layer(number: u32, layer: &OpenedLayer, color: bool) -> String {
    let place = place(Some(number), layer.owner.is_local, color);
    let made = layer.created_by.as_deref().map(super::inspection::shortened).unwrap_or_default();
    let (digest, size) = (layer.digest.short(), bytes(layer.size));
    let unproven = if layer.owner.proven { "" } else { " (unproven)" };
    let line = format!("{place}  {}{unproven}  {digest}  {size}  {}", escape(&layer.owner.image), escape(&made));
    line.trim_end().to_owned()
}
