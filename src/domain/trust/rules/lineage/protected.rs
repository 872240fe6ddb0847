//! Protected paths: what an image's own layers did to those its bases brought. What is new below a protected folder breaks
//! nothing.

use std::collections::BTreeSet;

use super::super::super::{Gap, Globs, reason};
use super::super::judged::{Offence, shown};
use super::super::judging::{Judging, at_path};
use crate::domain::layer::{Changed, Differences, PathId, Seen, Tree};
use crate::domain::text::escape_bytes;

/// The codes, the most telling first.
const TELLING: [&str; 10] = [
    reason::CONTRACT_SYMLINK_ABOVE,
    reason::CONTRACT_TYPE_ABOVE,
    reason::CONTRACT_SYMLINK,
    reason::CONTRACT_TYPE,
    reason::CONTRACT_EMPTIED,
    reason::CONTRACT_DELETED,
    reason::CONTRACT_HARDLINK,
    reason::CONTRACT_MODIFIED,
    reason::CONTRACT_OWNER,
    reason::CONTRACT_MODE,
];

/// What is broken, the most telling first.
pub fn broken(judging: &Judging<'_>, protected: &BTreeSet<String>) -> Result<Vec<Offence>, Gap> {
    if protected.is_empty() {
        return Ok(Vec::new());
    }
    let unusable =
        |error: super::super::super::GlobError| Gap { reason: reason::POLICY_UNUSABLE, why: error.to_string() };
    let globs = Globs::new(protected).map_err(unusable)?;
    let tree = judging.tree()?;
    let (from, to) = (judging.case.evidence.inherited, judging.case.evidence.level());
    let levels = Levels { tree, from, to };
    let mut offences = Vec::new();
    for changed in judging.changes().map_err(Clone::clone)?.iter() {
        let Some(before) = changed.before else { continue };
        let path = changed.path();
        if globs.matches(&path) {
            let (code, layer, what) = levels.what(&changed, before);
            offences.push(at_path(code, path, layer, &what));
        }
    }
    offences.extend(levels.further_names(&globs));
    let rank = |offence: &Offence| TELLING.iter().position(|code| *code == offence.reason);
    offences.sort_by_key(rank);
    Ok(offences)
}

/// The layers looked at.
struct Levels<'t> {
    tree: &'t Tree,
    from: u32,
    to: u32,
}

type Broken = (&'static str, Option<u32>, String);

impl Levels<'_> {
    fn what(&self, changed: &Changed<'_>, before: Seen<'_>) -> Broken {
        let Some(after) = changed.after else { return self.gone(before) };
        let layer = after.layer();
        let both = |what: &str| format!("{what}; was {}, is {}", described(before), described(after));
        if changed.what.holds(Differences::TYPE) {
            let symlink = after.type_name() == "symlink";
            let code = if symlink { reason::CONTRACT_SYMLINK } else { reason::CONTRACT_TYPE };
            return (code, layer, both(&format!("replaced by a {}", after.type_name())));
        }
        if after.is_link() {
            return (reason::CONTRACT_HARDLINK, layer, both("replaced by a hard link"));
        }
        let words: Vec<&str> = changed.what.words().collect();
        let line = both(&format!("changed: {}", words.join(", ")));
        let content = [Differences::CONTENT, Differences::TARGET, Differences::XATTRS];
        let code = if content.iter().any(|one| changed.what.holds(*one)) {
            reason::CONTRACT_MODIFIED
        } else if changed.what.holds(Differences::OWNER) {
            reason::CONTRACT_OWNER
        } else {
            reason::CONTRACT_MODE
        };
        (code, layer, line)
    }

    fn gone(&self, before: Seen<'_>) -> Broken {
        let layer = (self.from..self.to).find(|layer| self.tree.seen_at(before.id(), layer + 1).is_none());
        let was = described(before);
        let mut folder = before.id();
        let mut emptied = None;
        while folder != PathId::ROOT {
            folder = self.tree.folder(folder);
            let place = shown(&self.tree.path(folder));
            match self.tree.seen_at(folder, self.to) {
                Some(now) if now.type_name() == "symlink" => {
                    let target = escape_bytes(now.target().unwrap_or_default());
                    let line = format!("gone, since {place} is a symlink to {target} now; was {was}");
                    return (reason::CONTRACT_SYMLINK_ABOVE, now.layer(), line);
                }
                Some(now) if !now.is_folder() => {
                    let line = format!("gone, since {place} is a {} now; was {was}", now.type_name());
                    return (reason::CONTRACT_TYPE_ABOVE, now.layer(), line);
                }
                _ => {}
            }
            let end = layer.map_or(self.to, |layer| layer + 1);
            if emptied.is_none() && self.tree.emptied(folder, self.from, end).is_some() {
                emptied = Some(place);
            }
        }
        match emptied {
            Some(place) => {
                let line = format!("gone with all that was in {place} (opaque whiteout); was {was}");
                (reason::CONTRACT_EMPTIED, layer, line)
            }
            None => (reason::CONTRACT_DELETED, layer, format!("deleted; was {was}")),
        }
    }

    /// A file under a further name can be changed there without its own path being touched.
    fn further_names(&self, globs: &Globs) -> Vec<Offence> {
        let links = self.tree.links(self.from, self.to);
        let found = links.filter_map(|(name, file, layer)| {
            self.tree.seen_at(file, self.from)?;
            self.tree.seen_at(name, self.to).filter(Seen::is_link)?;
            let path = self.tree.path(file);
            let what = format!("given the further name {} (hard link)", shown(&self.tree.path(name)));
            globs.matches(&path).then(|| at_path(reason::CONTRACT_HARDLINK, path, Some(layer), &what))
        });
        found.collect()
    }
}

/// `file 0644 0:0 1.2 kB 3f9a…`, `symlink to /x`.
fn described(seen: Seen<'_>) -> String {
    if let Some(target) = seen.target() {
        return format!("{} to {}", seen.type_name(), escape_bytes(target));
    }
    let mut text = format!("{} {:04o} {}:{}", seen.type_name(), seen.mode(), seen.uid(), seen.gid());
    if seen.is_file() {
        text.push_str(&format!(" {}", crate::domain::units::bytes(seen.size())));
    }
    if let Some(digest) = seen.digest() {
        text.push_str(&format!(" sha256:{}…", hex::encode(&digest.0[..4])));
    }
    text
}
