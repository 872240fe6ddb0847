//! Our layers against what the base changed: no path of ours may lie over, below, or in the place of a change.

use std::fmt;

use crate::domain::layer::{ChangeKind, Changed, Comparison, PathId, Tree, split};

/// Where databases of packages are.
const PACKAGES: [&[u8]; 7] = [
    b"var/lib/dpkg",
    b"lib/apk/db",
    b"usr/lib/apk/db",
    b"var/lib/rpm",
    b"usr/lib/sysimage/rpm",
    b"var/lib/apk/db",
    b"usr/share/rpm",
];

/// Why a path stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Our layers put something where the base changed something.
    Over,
    /// Our layers take away what the base changed.
    Deletes,
    /// Our layers replace or empty the folder in which the base changed something.
    Covers,
    /// The folder our layers put something in is none any more.
    Homeless,
    /// The base's symlink leads elsewhere now, and our layers put something where it led.
    Led,
    /// Both installed or removed packages.
    Packages,
}

impl Why {
    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Over => "over",
            Self::Deletes => "deletes",
            Self::Covers => "covers",
            Self::Homeless => "homeless",
            Self::Led => "led",
            Self::Packages => "packages",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Over => "our layers put something over what the base changed",
            Self::Deletes => "our layers take away what the base changed",
            Self::Covers => "our layers replace or empty a folder in which the base changed something",
            Self::Homeless => "our layers put something into a folder that the base has no more",
            Self::Led => "a symlink of the base leads elsewhere now, and our layers put something where it led",
            Self::Packages => "both the base and our layers changed what is installed",
        })
    }
}

/// A path that decides it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathConflict {
    /// What is wrong.
    pub why: Why,
    /// The path of ours, relative to the root.
    pub ours: Vec<u8>,
    /// The path the base changed.
    pub base: Vec<u8>,
    /// What the base did there.
    pub kind: ChangeKind,
}

/// Everything that stands in the way, by path; none where our layers may stand on the new base. `child`: the image's layers
/// merged; its first `base_layers` are the old base's. `base`: the new base against the old one, without times and moves.
pub fn conflicts(child: &Tree, base_layers: u32, base: &Comparison) -> Vec<PathConflict> {
    let ours = Ours::new(child, base_layers);
    let mut found = Vec::new();
    for changed in base.iter() {
        let path = changed.path();
        if let Some((why, at)) = ours.in_the_way(&path, &changed, base) {
            let why = if is_packages(&path) && is_packages(&at) { Why::Packages } else { why };
            found.push(PathConflict { why, ours: at, base: path, kind: changed.kind });
        }
    }
    found.sort();
    found.dedup();
    found
}

fn is_packages(path: &[u8]) -> bool {
    PACKAGES.iter().any(|folder| is_below(path, folder) || path == *folder)
}

fn is_below(path: &[u8], folder: &[u8]) -> bool {
    folder.is_empty() && !path.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.first() == Some(&b'/'))
}

/// What our layers touch.
struct Ours<'t> {
    tree: &'t Tree,
    base_layers: u32,
    /// Every path our layers name, sorted, with how many layers there are up to the one that does.
    touched: Vec<(Vec<u8>, u32)>,
}

impl<'t> Ours<'t> {
    fn new(tree: &'t Tree, base_layers: u32) -> Self {
        let of = |level: u32| tree.touched(level - 1, level).map(move |path| (tree.path(path), level));
        let mut touched: Vec<(Vec<u8>, u32)> = (base_layers + 1..=tree.layers()).flat_map(of).collect();
        touched.sort_unstable();
        touched.dedup();
        Self { tree, base_layers, touched }
    }

    fn is_touched(&self, path: &[u8]) -> bool {
        self.touched.binary_search_by(|(other, _)| other.as_slice().cmp(path)).is_ok()
    }

    /// The first of our paths below a folder.
    fn below(&self, folder: &[u8]) -> Option<&Vec<u8>> {
        let inside = [folder, b"/"].concat();
        let at = self.touched.partition_point(|(other, _)| other.as_slice() < inside.as_slice());
        self.touched.get(at).map(|(path, _)| path).filter(|path| path.starts_with(&inside))
    }

    /// What of ours a change of the base meets first.
    fn in_the_way(&self, path: &[u8], changed: &Changed<'_>, base: &Comparison) -> Option<(Why, Vec<u8>)> {
        if let Some(folder) = self.covering(path) {
            return Some((Why::Covers, folder));
        }
        let is_ours = self.is_touched(path);
        let stays_folder = changed.after.is_some_and(|after| after.is_folder());
        if !stays_folder
            && (!is_ours || self.tree.is_folder(path))
            && let Some(ours) = self.below(path)
        {
            return Some((Why::Homeless, ours.clone()));
        }
        if is_ours {
            let gone = self.tree.seen(path).is_none();
            // What both made the same is the same afterwards.
            let same = match (self.tree.seen(path), changed.after) {
                (Some(ours), Some(new)) => ours.node().same_as(&new.node()),
                _ => false,
            };
            if !same {
                return Some((if gone { Why::Deletes } else { Why::Over }, path.to_vec()));
            }
        }
        self.led(path, changed, base)
    }

    /// A folder above that our layers replace, take away or empty.
    fn covering(&self, path: &[u8]) -> Option<Vec<u8>> {
        let mut at = path;
        while !at.is_empty() {
            at = split(at).0;
            let Some(id) = self.tree.find(at) else { continue };
            if self.is_emptied(id) || self.is_interrupted(at, id) {
                return Some(at.to_vec());
            }
        }
        None
    }

    fn is_emptied(&self, folder: PathId) -> bool {
        self.tree.emptied(folder, self.base_layers, self.tree.layers()).is_some()
    }

    /// Whether any of our layers puts no folder there, or takes it away, be it made anew above.
    fn is_interrupted(&self, path: &[u8], folder: PathId) -> bool {
        let is_folder = |level| self.tree.seen_at(folder, level).is_some_and(|seen| seen.is_folder());
        let begin = self.touched.partition_point(|(other, _)| other.as_slice() < path);
        self.touched[begin..].iter().take_while(|(other, _)| other == path).any(|(_, level)| !is_folder(*level))
    }

    /// Something of ours where a symlink of the old base led.
    fn led(&self, path: &[u8], changed: &Changed<'_>, base: &Comparison) -> Option<(Why, Vec<u8>)> {
        let link = changed.before?;
        link.target()?;
        // Where it leads nowhere, nothing of ours can have gone that way.
        let led = base.before().tree.resolve(path, true).ok()?;
        let ours = self.below(&led).cloned().or_else(|| self.is_touched(&led).then_some(led));
        ours.map(|ours| (Why::Led, ours))
    }
}

#[cfg(test)]
mod tests;
