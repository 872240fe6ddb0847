//! Several bakes at once: how far they are, and what came of them, in words. Pure; knows no journal.

use crate::domain::units::count;
use crate::tui::widgets::Toast;

/// How far several bakes are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many were asked for.
    pub all: usize,
    /// How many are baked.
    pub baked: usize,
    /// The images that are not, and why.
    pub failed: Vec<(String, String)>,
    /// How many were cancelled, or never begun because the user stopped all.
    pub cancelled: usize,
}

/// Images named in news, at most.
const NAMED: usize = 3;

impl Tally {
    /// How many are not over yet.
    pub fn left(&self) -> usize {
        self.all.saturating_sub(self.baked + self.failed.len() + self.cancelled)
    }

    /// `12 of 20 baked, 1 failed, 2 at work`.
    pub fn progress(&self, at_work: usize) -> String {
        let mut said = format!("{} of {} baked", self.baked, self.all);
        if !self.failed.is_empty() {
            said += &format!(", {} failed", self.failed.len());
        }
        if at_work > 0 {
            said += &format!(", {at_work} at work");
        }
        said
    }

    /// What is told at the end: `20 baked`, or `18 baked, 2 failed: team-a/app:1.0, …`.
    pub fn news(&self) -> Toast {
        let baked = format!("{} baked", self.baked);
        let stopped = if self.cancelled > 0 { format!(", {} cancelled", self.cancelled) } else { String::new() };
        let Some((first, why)) = self.failed.first() else {
            return match self.cancelled {
                0 => Toast::done(baked),
                _ => Toast::warning(format!("{baked}{stopped}")).next("steps that are done stay in the cache"),
            };
        };
        let mut names: Vec<String> = self.failed.iter().take(NAMED).map(|(image, _)| image.clone()).collect();
        if self.failed.len() > NAMED {
            names.push(format!("and {}", count((self.failed.len() - NAMED) as u64, "other")));
        }
        let names = names.join(", ");
        let why = match self.failed.len() {
            1 => why.clone(),
            _ => format!("{first}: {why}"),
        };
        Toast::warning(format!("{baked}{stopped}, {} failed: {names}", self.failed.len())).next(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widgets::Tone;

    fn tally(baked: usize, failed: &[&str], cancelled: usize) -> Tally {
        let failed: Vec<(String, String)> =
            failed.iter().map(|image| ((*image).to_owned(), format!("step 2 of {image} failed"))).collect();
        Tally { all: 20, baked, failed, cancelled }
    }

    #[test]
    fn progress_says_what_is_worth_saying() {
        assert_eq!(tally(12, &[], 0).progress(2), "12 of 20 baked, 2 at work");
        assert_eq!(tally(17, &["a/b:1"], 0).progress(0), "17 of 20 baked, 1 failed");
        assert_eq!(tally(12, &["a/b:1"], 2).left(), 5);
    }

    #[test]
    fn the_end_names_what_failed_and_why() {
        let told = |tally: Tally| {
            let Toast { tone, text, next } = tally.news();
            (tone, text, next.unwrap_or_default())
        };
        assert_eq!(told(tally(20, &[], 0)), (Tone::Done, "20 baked".into(), String::new()));
        let one = (Tone::Warning, "19 baked, 1 failed: a/b:1".into(), "step 2 of a/b:1 failed".into());
        assert_eq!(told(tally(19, &["a/b:1"], 0)), one);
        let (_, text, next) = told(tally(13, &["a/b:1", "a/c:1", "a/d:1", "a/e:1"], 3));
        assert_eq!(text, "13 baked, 3 cancelled, 4 failed: a/b:1, a/c:1, a/d:1, and 1 other");
        assert_eq!(next, "a/b:1: step 2 of a/b:1 failed");
        assert_eq!(told(tally(5, &[], 15)).0, Tone::Warning);
    }
}
