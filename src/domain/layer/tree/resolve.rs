//! Paths as written, followed through a tree: symlinks on the way stay inside the root, `..` stops at it.

use super::rows::{ROOT, Tag};
use super::{NOW, Tree, TreeError};
use crate::domain::text::escape_bytes;

/// Symlinks followed before a path counts as a loop, as in Linux.
const MAX_LINKS: usize = 40;

impl Tree {
    /// Resolves `path` (as written: parts between slashes) inside the root: symlinks on the way are followed, `..`
    /// stops at the root; the last part is followed only if `follow_last`. What does not exist is taken literally.
    pub fn resolve(&self, path: &[u8], follow_last: bool) -> Result<Vec<u8>, TreeError> {
        self.resolve_from(b"", path, follow_last)
    }

    /// As [`resolve`](Self::resolve), beginning in the resolved folder `start`.
    pub fn resolve_from(&self, start: &[u8], path: &[u8], follow_last: bool) -> Result<Vec<u8>, TreeError> {
        let mut ahead = parts(path);
        // Each part on the way with its row, as far as it was ever met.
        let mut way: Vec<(Vec<u8>, Option<u32>)> = Vec::new();
        if !path.starts_with(b"/") {
            parts(start).into_iter().rev().for_each(|part| self.step(&mut way, part));
        }
        let mut links = 0;
        while let Some(part) = ahead.pop() {
            if part == b".." {
                way.pop();
                continue;
            }
            self.step(&mut way, part);
            if !follow_last && ahead.is_empty() {
                break;
            }
            let row = way.last().and_then(|(_, row)| *row);
            let Some(target) = row.and_then(|row| self.symlink(row)) else { continue };
            way.pop();
            links += 1;
            if links > MAX_LINKS {
                return Err(TreeError::Loop(escape_bytes(path)));
            }
            if target.starts_with(b"/") {
                way.clear();
            }
            ahead.extend(parts(target));
        }
        Ok(way.into_iter().map(|(part, _)| part).collect::<Vec<_>>().join(&b'/'))
    }

    fn step(&self, way: &mut Vec<(Vec<u8>, Option<u32>)>, part: Vec<u8>) {
        let folder = way.last().map_or(Some(ROOT), |(_, row)| *row);
        let row = folder.and_then(|folder| self.rows.child(folder, &part));
        way.push((part, row));
    }

    fn symlink(&self, row: u32) -> Option<&[u8]> {
        let version = self.rows.version(self.rows.at(row, NOW)?);
        self.rows.extra(version).filter(|_| version.tag == Tag::Symlink).map(|extra| &*extra.target)
    }
}

/// The parts of a path, the first one last.
fn parts(path: &[u8]) -> Vec<Vec<u8>> {
    path.split(|b| *b == b'/').filter(|p| !p.is_empty() && *p != b".").rev().map(<[u8]>::to_vec).collect()
}
