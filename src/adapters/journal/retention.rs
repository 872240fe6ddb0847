//! Which bakes the shelf forgets: all but the newest, never one whose worker lives.

use std::path::Path;

use super::error::JournalError;
use super::folder::list;
use super::lock::is_held;

/// Of `bakes`, newest first, each with whether its worker lives: those to forget so that `keep` finished ones stay.
pub fn expired<T>(bakes: impl IntoIterator<Item = (T, bool)>, keep: usize) -> Vec<T> {
    bakes.into_iter().filter(|(_, alive)| !alive).skip(keep).map(|(bake, _)| bake).collect()
}

/// Forgets all but the newest `keep` finished bakes below `bakes`; says how many went.
pub fn prune(bakes: &Path, keep: usize) -> Result<usize, JournalError> {
    let folders = list(bakes)?;
    if folders.len() <= keep {
        return Ok(0);
    }
    let mut judged = Vec::new();
    for folder in folders {
        let alive = is_held(&folder)?;
        judged.push((folder, alive));
    }
    let gone = expired(judged, keep);
    for folder in &gone {
        folder.remove()?;
    }
    Ok(gone.len())
}

#[cfg(test)]
mod tests {
    use super::expired;

    #[test]
    fn the_newest_and_the_living_stay() {
        let shelf = [("e", false), ("d", true), ("c", false), ("b", true), ("a", false)];
        assert_eq!(expired(shelf, 1), ["c", "a"]);
        assert_eq!(expired(shelf, 0), ["e", "c", "a"]);
        assert!(expired(shelf, 9).is_empty());
    }
}
