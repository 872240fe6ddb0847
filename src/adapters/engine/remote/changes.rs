//! A layer a builder made, taken as what it changes: what was only touched is no change, what the builder itself left
//! there is none either. The same change gives the same layer as on this machine. Packs nothing.

use std::collections::BTreeSet;
use std::io::Read;

use tokio_util::sync::CancellationToken;

use crate::adapters::engine::embedded::{Source, Spool, StepError};
use crate::adapters::index::IndexError;
use crate::domain::layer::{Entry, Kind, Limits, Marker, Node, Scanner, Stage, split};
use crate::domain::recipe::Installer;

/// What is no change of a step's, whatever the layer says.
#[derive(Default)]
pub(super) struct Sift {
    /// Places things are mounted at while a step runs: nothing of a step's is at or below them.
    pub(super) mounts: Vec<Vec<u8>>,
    /// Folders things are mounted at that the image may have itself.
    pub(super) shared: Vec<Vec<u8>>,
    /// What this installer leaves for itself does not count.
    pub(super) installer: Option<Installer>,
    /// Time of every entry; `None`: each keeps its own.
    pub(super) created: Option<i64>,
    /// Nothing is sifted: the layer is a base's.
    pub(super) whole: bool,
}

/// Files builders put into every container for name resolution and to mark it.
const PUT: &[&[u8]] = &[b"etc/resolv.conf", b"etc/hosts", b".dockerenv", b"run/.containerenv"];
/// Files they put there empty, or as a link, where an image has none.
const PUT_EMPTY: &[&[u8]] = &[b"etc/hostname", b"etc/mtab"];
/// Folders the kernel fills.
const KERNELS: &[&[u8]] = &[b"proc", b"sys", b"dev"];

impl Sift {
    /// Keeps everything as it is.
    pub(super) fn whole() -> Self {
        Self { whole: true, ..Self::default() }
    }

    fn drops(&self, path: &[u8], node: Option<&Node>) -> bool {
        if self.whole {
            return false;
        }
        let at_or_in = |place: &[u8]| is_in(path, place) || path == place;
        if PUT.contains(&path) || KERNELS.iter().any(|place| is_in(path, place)) {
            return true;
        }
        let empty = |node: &Node| matches!(node.kind, Kind::File { size: 0, .. } | Kind::Symlink(_));
        if PUT_EMPTY.contains(&path) && node.is_some_and(empty) {
            return true;
        }
        self.mounts.iter().any(|place| at_or_in(place))
            || self.shared.iter().any(|place| is_in(path, place))
            || self.installer.is_some_and(|installer| installer.discards(path))
    }

    /// Whether a new folder is only there because something was to be mounted in it, or at it.
    fn makes_way(&self, folder: &[u8]) -> bool {
        if self.whole {
            return false;
        }
        let around = |place: &[u8]| place == folder || is_in(place, folder);
        PUT.iter().chain(PUT_EMPTY).chain(KERNELS).any(|place| around(place))
            || self.mounts.iter().chain(&self.shared).any(|place| around(place))
    }
}

fn is_in(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.first() == Some(&b'/'))
}

/// Puts a layer's plain tar into the stage, and its contents into the spool.
pub(super) fn take(
    stage: &mut Stage<'_, Source>,
    layer: impl Read,
    spool: &mut Spool,
    sift: &Sift,
    cancel: &CancellationToken,
) -> Result<(), StepError> {
    let layer = read(layer, spool, sift, cancel)?;
    for folder in &layer.opaques {
        let within = |name: &[u8]| if folder.is_empty() { name.to_vec() } else { [folder, &b"/"[..], name].concat() };
        let inside: Vec<Vec<u8>> = stage.tree().names(folder).map(|(name, _)| within(&name)).collect();
        for path in inside.iter().filter(|path| !sift.drops(path, None)) {
            stage.remove(path);
        }
    }
    for path in layer.whiteouts.iter().filter(|path| !sift.drops(path, None)) {
        stage.remove(path);
    }
    let unneeded = unneeded(stage, &layer.entries, sift);
    for (entry, source) in layer.entries {
        if !entry.path.is_empty() && !unneeded.contains(&entry.path) {
            put(stage, entry, source)?;
        }
    }
    Ok(())
}

/// New folders that hold nothing and were only made to mount something.
fn unneeded(stage: &Stage<'_, Source>, entries: &[(Entry, Option<Source>)], sift: &Sift) -> BTreeSet<Box<[u8]>> {
    let mut found: BTreeSet<Box<[u8]>> = BTreeSet::new();
    let fresh = |entry: &&Entry| {
        entry.node.is_folder() && stage.tree().node(&entry.path).is_none() && sift.makes_way(&entry.path)
    };
    let mut folders: Vec<&Entry> = entries.iter().map(|(entry, _)| entry).filter(fresh).collect();
    // The innermost first: what holds only unneeded ones is unneeded.
    folders.sort_by_key(|entry| std::cmp::Reverse(entry.path.len()));
    for folder in folders {
        let held = entries.iter().any(|(entry, _)| is_in(&entry.path, &folder.path) && !found.contains(&entry.path));
        if !held {
            found.insert(folder.path.clone());
        }
    }
    found
}

fn put(stage: &mut Stage<'_, Source>, entry: Entry, source: Option<Source>) -> Result<(), StepError> {
    let Entry { path, mut node } = entry;
    let mut source = source;
    if let Kind::Hardlink(target) = &node.kind {
        let target = target.clone();
        source = stage.source(&target).cloned();
        match stage.tree().node(&target) {
            Some(found) if source.is_some() || !matches!(found.kind, Kind::File { .. }) => node = found,
            // A link to what lies below and was not changed: there is nothing to take its content from.
            _ => return Err(StepError::NothingThere(String::from_utf8_lossy(&target).into_owned())),
        }
    }
    let stands = stage.tree().node(&path);
    if stands.is_some_and(|here| here.is_folder() != node.is_folder()) {
        stage.remove(&path);
    }
    clear_way(stage, split(&path).0);
    Ok(stage.put(&path, node, source)?)
}

/// What is no folder any more does not stand in the way of one.
fn clear_way(stage: &mut Stage<'_, Source>, mut folder: &[u8]) {
    while !folder.is_empty() {
        if stage.tree().node(folder).is_some_and(|here| !here.is_folder()) {
            stage.remove(folder);
        }
        folder = split(folder).0;
    }
}

#[derive(Default)]
struct Layer {
    entries: Vec<(Entry, Option<Source>)>,
    whiteouts: Vec<Box<[u8]>>,
    opaques: Vec<Box<[u8]>>,
}

fn read(layer: impl Read, spool: &mut Spool, sift: &Sift, cancel: &CancellationToken) -> Result<Layer, StepError> {
    const OF: &str = "of this step";
    let failed = |source| IndexError::Scan { blob: OF.into(), source };
    let mut scanner = Scanner::new(layer, Limits::default());
    let mut found = Layer::default();
    while let Some(mut entry) = scanner.advance().map_err(failed)? {
        if cancel.is_cancelled() {
            return Err(StepError::Cancelled);
        }
        match Marker::of(&entry.path)? {
            Marker::None => {}
            Marker::Whiteout(path) => {
                found.whiteouts.push(path);
                continue;
            }
            Marker::Opaque(path) => {
                found.opaques.push(path);
                continue;
            }
            Marker::Metadata => continue,
        }
        if sift.drops(&entry.path, Some(&entry.node)) {
            continue;
        }
        settle(&mut entry.node, sift.created);
        let mut source = None;
        if let Kind::File { digest, .. } = &mut entry.node.kind {
            let (content, place) = spool.keep(OF, &mut scanner)?;
            (*digest, source) = (Some(content), Some(place));
        }
        found.entries.push((entry, source));
    }
    // What follows the last entry belongs to the layer's bytes, too.
    std::io::copy(&mut scanner.into_inner(), &mut std::io::sink()).map_err(|error| failed(error.into()))?;
    Ok(found)
}

/// Time and attributes as a layer made here has them.
fn settle(node: &mut Node, created: Option<i64>) {
    node.mtime = created.unwrap_or(node.mtime);
    let keeps = |name: &[u8]| {
        name == b"security.capability"
            || (name.starts_with(b"user.")
                && !name.starts_with(b"user.overlay.")
                && !name.starts_with(b"user.fuseoverlayfs."))
    };
    if node.xattrs.iter().any(|(name, _)| !keeps(name)) {
        node.xattrs = node.xattrs.iter().filter(|(name, _)| keeps(name)).cloned().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::layer::{LayerContents, Packer, Tree};

    const FILE: Kind = Kind::File { size: 0, digest: None };

    fn node(kind: Kind) -> Node {
        let mode = if kind == Kind::Folder { 0o755 } else { 0o644 };
        Node { kind, mode, uid: 0, gid: 0, mtime: 99, xattrs: Box::default() }
    }

    fn layer(paths: &[&str]) -> Vec<u8> {
        let mut packer = Packer::new(Vec::new(), 99);
        let mut sorted = paths.to_vec();
        sorted.sort_unstable();
        for path in sorted {
            match path.strip_suffix('/') {
                Some(folder) => packer.entry(folder.as_bytes(), &node(Kind::Folder)).unwrap(),
                None => {
                    packer.file(path.as_bytes(), &node(FILE), &mut &b""[..]).unwrap();
                }
            }
        }
        packer.finish().unwrap()
    }

    fn changes(below: &[&str], above: &[&str], sift: &Sift) -> Vec<String> {
        let cache = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(cache.path()).unwrap();
        let mut tree = Tree::default();
        tree.apply(&LayerContents::default()).unwrap();
        let cancel = CancellationToken::new();
        for (paths, last) in [(below, false), (above, true)] {
            let mut stage = Stage::new(&mut tree, 7);
            let sift = if last { sift } else { &Sift::whole() };
            take(&mut stage, &*layer(paths), &mut spool, sift, &cancel).unwrap();
            let set = stage.finish();
            if last {
                let told = |change: &crate::domain::layer::Change<Source>| {
                    format!("{:?} {}", change.op, String::from_utf8_lossy(&change.path))
                };
                return set.changes.iter().map(told).collect();
            }
        }
        Vec::new()
    }

    #[test]
    fn what_the_builder_put_there_is_no_change() {
        let sift = Sift {
            mounts: vec![b"run/secrets".to_vec()],
            shared: vec![b"root/.cache".to_vec()],
            created: Some(7),
            ..Sift::default()
        };
        let above = [
            "etc/",
            "etc/resolv.conf",
            "etc/hosts",
            "etc/hostname",
            "proc/",
            "sys/",
            "dev/",
            "dev/null",
            "run/",
            "run/secrets/",
            "run/secrets/token",
            "root/",
            "root/.cache/",
            ".dockerenv",
            "srv/",
            "srv/app",
        ];
        assert_eq!(changes(&["root/"], &above, &sift), ["Added srv", "Added srv/app"]);
    }

    #[test]
    fn what_a_step_makes_beside_a_mount_stays() {
        let sift = Sift { mounts: vec![b"run/secrets".to_vec()], created: Some(7), ..Sift::default() };
        let above = ["run/", "run/secrets/", "run/app.pid", "etc/", "etc/app"];
        let told = changes(&[], &above, &sift);
        assert_eq!(told, ["Added etc", "Added etc/app", "Added run", "Added run/app.pid"]);
    }

    #[test]
    fn touched_is_no_change_and_marks_are_deletions() {
        let sift = Sift { created: Some(7), ..Sift::default() };
        let below = ["a/", "a/x", "a/y", "b/", "b/z", "c"];
        let above = ["a/", "a/x", "a/.wh.y", "b/", "b/.wh..wh..opq", "b/new", "c/", "c/in"];
        let told = changes(&below, &above, &sift);
        assert_eq!(
            told,
            ["Context a", "Deleted a/y", "Context b", "Deleted b/z", "Added b/new", "Modified c", "Added c/in"]
        );
    }
}
