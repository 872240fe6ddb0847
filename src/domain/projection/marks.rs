//! Paths that break a check, as they are seen while a step runs. Folds changes; judges nothing.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::domain::journal::{ChangeOp, CheckVerdict, SeenAgainst, SeenChange};

/// Paths remembered of one step.
const MOST: usize = 1_000;
/// What a file holds is looked into after its name: that a name is seen again says nothing about this check.
const SECRETS: &str = "layer.secrets";

/// Paths with the checks they break.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks(BTreeMap<String, Vec<SeenAgainst>>);

impl Marks {
    /// Takes a batch in.
    pub fn take(&mut self, batch: &[SeenChange]) {
        for change in batch {
            if change.against.is_empty() && self.0.is_empty() {
                continue;
            }
            let path = change.path.trim_matches('/');
            if change.op == ChangeOp::Deleted {
                let below: Vec<String> = self.below(path).map(|(path, _)| path.clone()).collect();
                below.iter().map(String::as_str).chain([path]).for_each(|path| drop(self.0.remove(path)));
            }
            let mut now = self.0.remove(path).unwrap_or_default();
            now.retain(|known| known.check == SECRETS && change.secrets.is_empty());
            now.extend(change.against.iter().cloned());
            if !now.is_empty() && self.0.len() < MOST {
                now.sort_by_key(|against| against.verdict != CheckVerdict::Fail);
                self.0.insert(path.to_owned(), now);
            }
        }
    }

    /// Whether nothing breaks any check.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a path itself breaks, the worst first; without a slash before it.
    pub fn of(&self, path: &str) -> &[SeenAgainst] {
        self.0.get(path).map_or(&[], Vec::as_slice)
    }

    /// The worst of what a path breaks, or what is in it.
    pub fn worst(&self, path: &str) -> Option<CheckVerdict> {
        let inside = self.below(path).flat_map(|(_, against)| against);
        let mut verdicts = self.of(path).iter().chain(inside).map(|against| against.verdict);
        let first = verdicts.next()?;
        let fails = first == CheckVerdict::Fail || verdicts.any(|verdict| verdict == CheckVerdict::Fail);
        Some(if fails { CheckVerdict::Fail } else { first })
    }

    fn below(&self, path: &str) -> impl Iterator<Item = (&String, &Vec<SeenAgainst>)> {
        // What lies in `a` is what begins with `a/`, up to `a0`; everything lies in the root.
        let range = match path {
            "" => (Bound::Unbounded, Bound::Unbounded),
            path => (Bound::Included(format!("{path}/")), Bound::Excluded(format!("{path}0"))),
        };
        self.0.range(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::SeenSecret;

    fn change(path: &str, against: &[(&str, CheckVerdict)]) -> SeenChange {
        let broken =
            |(check, verdict): &(&str, CheckVerdict)| SeenAgainst { check: (*check).into(), verdict: *verdict };
        SeenChange { against: against.iter().map(broken).collect(), ..SeenChange::new(ChangeOp::Added, path, 1, 0o644) }
    }

    #[test]
    fn a_path_and_the_folders_above_it_are_marked_until_it_is_well_or_gone() {
        use CheckVerdict::{Fail, Warn};
        let mut marks = Marks::default();
        marks.take(&[
            change("/usr/bin/su", &[("layer.world-writable", Warn), ("layer.setuid", Fail)]),
            change("/a", &[]),
        ]);
        marks.take(&[change("/srv/w", &[("layer.world-writable", Warn)]), change("/srv/.env", &[(SECRETS, Fail)])]);
        assert_eq!(marks.of("usr/bin/su")[0].check, "layer.setuid");
        let worst = |marks: &Marks| ["usr", "usr/bin/su", "srv", "srv/w", "sr", ""].map(|path| marks.worst(path));
        assert_eq!(worst(&marks), [Some(Fail), Some(Fail), Some(Fail), Some(Warn), None, Some(Fail)]);
        marks.take(&[change("/usr/bin/su", &[]), change("/srv/.env", &[])]);
        assert_eq!(worst(&marks)[..3], [None, None, Some(Fail)], "a name seen again does not take a secret back");
        let secret = SeenSecret { rule: "jwt".into(), line: 1, masked: String::new() };
        marks.take(&[SeenChange { secrets: vec![secret], ..change("/srv/.env", &[]) }]);
        assert_eq!(marks.worst("srv"), Some(Warn), "an allowed one does");
        marks.take(&[SeenChange::new(ChangeOp::Deleted, "/srv", 0, 0)]);
        assert!(marks.is_empty());
    }

    #[test]
    fn marks_are_bounded() {
        let mut marks = Marks::default();
        let many: Vec<SeenChange> =
            (0..5_000).map(|n| change(&format!("/f{n}"), &[("layer.setuid", CheckVerdict::Fail)])).collect();
        marks.take(&many);
        assert_eq!(marks.0.len(), MOST);
    }
}
