//! Who owns the bytes of an image, and which of them nobody sees any more. Knows layers by their place, not who made them.

use super::tree::{PathId, Tree};

/// What one layer holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerShare {
    /// Files it put, further names of one counted once.
    pub files: u64,
    /// Their bytes, uncompressed.
    pub bytes: u64,
    /// Of those, bytes that a layer above wrote over or deleted.
    pub wasted: u64,
}

impl LayerShare {
    /// Bytes that whoever runs the image sees.
    pub fn seen(&self) -> u64 {
        self.bytes.saturating_sub(self.wasted)
    }

    /// Adds those of another layer.
    pub fn add(&mut self, other: &Self) {
        self.files = self.files.saturating_add(other.files);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.wasted = self.wasted.saturating_add(other.wasted);
    }
}

/// A path whose bytes are in the image more than once, or in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waste {
    /// The path.
    pub path: PathId,
    /// Bytes nobody sees.
    pub bytes: u64,
    /// How many layers hold them.
    pub copies: u32,
    /// Whether it is gone altogether.
    pub gone: bool,
}

/// Who owns the bytes of an image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ownership {
    /// Each layer's, bottom first.
    pub layers: Vec<LayerShare>,
    /// What is wasted, the most first.
    pub waste: Vec<Waste>,
    /// dive's score: of all paths the smallest size they ever had, by the sum of all sizes they had; 1 where nothing is
    /// wasted. Files that go with their folder count as deleted, which dive passes over.
    pub efficiency: f64,
}

impl Ownership {
    /// Reads it off a tree.
    pub fn of(tree: &Tree) -> Self {
        let mut layers = vec![LayerShare::default(); tree.layers() as usize];
        let mut waste: std::collections::HashMap<PathId, Waste> = std::collections::HashMap::new();
        let (mut least, mut all) = (0_u64, 0_u64);
        for (seen, shows) in tree.contents().filter(|(seen, _)| !seen.is_link()) {
            let Some(share) = seen.layer().and_then(|layer| layers.get_mut(layer as usize)) else { continue };
            let bytes = seen.stored();
            share.files += 1;
            share.bytes = share.bytes.saturating_add(bytes);
            all = all.saturating_add(bytes);
            if shows {
                continue;
            }
            share.wasted = share.wasted.saturating_add(bytes);
            let blank = Waste { path: seen.id(), bytes: 0, copies: 0, gone: false };
            let wasted = waste.entry(seen.id()).or_insert(blank);
            wasted.bytes = wasted.bytes.saturating_add(bytes);
            wasted.copies += 1;
        }
        for wasted in waste.values_mut() {
            wasted.gone = tree.seen_at(wasted.path, tree.layers()).is_none();
        }
        for (seen, shows) in tree.contents().filter(|(seen, shows)| *shows && !seen.is_link()) {
            // A path that was written once has one size.
            let smallest = if waste.contains_key(&seen.id()) { tree.smallest(seen.id()) } else { seen.stored() };
            least = least.saturating_add(if shows { smallest } else { 0 });
        }
        let mut waste: Vec<Waste> = waste.into_values().filter(|wasted| wasted.bytes > 0).collect();
        waste.sort_unstable_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| tree.path(a.path).cmp(&tree.path(b.path))));
        Self { layers, waste, efficiency: ratio(least, all) }
    }

    /// All layers together.
    pub fn total(&self) -> LayerShare {
        let mut total = LayerShare::default();
        self.layers.iter().for_each(|layer| total.add(layer));
        total
    }
}

/// A part of a whole, between 0 and 1; a whole of nothing is all there.
#[allow(clippy::cast_precision_loss, reason = "a share, for showing")]
pub fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::layer::{ContentDigest, Entry, Kind, LayerContents, Node};

    fn entry(path: &str, kind: Kind) -> Entry {
        let node = Node { kind, mode: 0o644, uid: 0, gid: 0, mtime: 0, xattrs: Box::default() };
        Entry { path: path.as_bytes().into(), node }
    }

    fn file(path: &str, size: u64) -> Entry {
        entry(path, Kind::File { size, digest: Some(ContentDigest([u8::try_from(size % 256).unwrap(); 32])) })
    }

    fn tree(layers: Vec<(Vec<Entry>, &[&str])>) -> Tree {
        let mut tree = Tree::default();
        for (entries, gone) in layers {
            let whiteouts = gone.iter().map(|path| path.as_bytes().into()).collect();
            tree.apply(&LayerContents { entries, whiteouts, ..LayerContents::default() }).unwrap();
        }
        tree
    }

    #[test]
    fn bytes_written_over_or_deleted_above_are_wasted_where_they_are() {
        let link = entry("b", Kind::Hardlink(b"a".as_slice().into()));
        let tree = tree(vec![
            (vec![file("a", 100), link, file("d/x", 30), file("d/y", 20)], &[]),
            (vec![file("a", 40)], &["d"]),
            (vec![file("a", 50)], &[]),
        ]);
        let owned = Ownership::of(&tree);
        let shares: Vec<_> = owned.layers.iter().map(|s| (s.files, s.bytes, s.wasted)).collect();
        assert_eq!(shares, [(3, 150, 150), (1, 40, 40), (1, 50, 0)]);
        let waste: Vec<_> = owned
            .waste
            .iter()
            .map(|w| (String::from_utf8(tree.path(w.path)).unwrap(), w.bytes, w.copies, w.gone))
            .collect();
        assert_eq!(
            waste,
            [("a".to_owned(), 140, 2, false), ("d/x".to_owned(), 30, 1, true), ("d/y".to_owned(), 20, 1, true)]
        );
        // The smallest `a` ever was is 40; what is gone was nothing at last.
        assert!((owned.efficiency - 40.0 / 240.0).abs() < 1e-9, "{}", owned.efficiency);
    }

    #[test]
    fn an_image_without_waste_scores_one() {
        assert!((Ownership::of(&tree(vec![(vec![file("a", 1)], &[])])).efficiency - 1.0).abs() < f64::EPSILON);
        assert!((Ownership::of(&Tree::default()).efficiency - 1.0).abs() < f64::EPSILON);
    }
}
