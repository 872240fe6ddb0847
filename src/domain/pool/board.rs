//! A pool as it stands at a moment, for those who look at it. Decides nothing.

use std::collections::BTreeSet;

use crate::domain::oci::Platform;

/// All builders, and what waits for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// In the workspace's order.
    pub builders: Vec<Seats>,
    /// Images (`NAME:TAG`) whose bake has not begun, in the order they were asked for.
    pub waiting: Vec<String>,
}

/// A builder and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seats {
    /// What the workspace calls it.
    pub name: String,
    /// Bakes it takes at once.
    pub slots: usize,
    /// Platforms it has natively; `None`: any.
    pub platforms: Option<BTreeSet<Platform>>,
    /// Whether it is given bakes.
    pub health: Health,
    /// Images baked there now.
    pub baking: Vec<String>,
}

/// Whether a builder is given bakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Nothing is known against it.
    In,
    /// It was at fault, and is left alone for so many milliseconds more.
    Out {
        /// Milliseconds from the moment this was asked.
        left: u64,
    },
    /// It was at fault; one bake tries it.
    OnTrial,
}

/// Two clocks that count the same wait differ by less.
const JITTER: u64 = 400;

impl Board {
    /// Whether this is `earlier`, so many milliseconds later: waits went on, and nothing else happened.
    pub fn is_still(&self, earlier: &Self, millis: u64) -> bool {
        let health = |(now, then): (&Seats, &Seats)| match (&now.health, &then.health) {
            (Health::Out { left: now }, Health::Out { left: then }) => {
                then.saturating_sub(millis).abs_diff(*now) <= JITTER
            }
            (now, then) => now == then,
        };
        let seats = |(now, then): (&Seats, &Seats)| {
            let same = Seats { health: then.health.clone(), ..now.clone() } == *then;
            same && health((now, then))
        };
        self.waiting == earlier.waiting
            && self.builders.len() == earlier.builders.len()
            && self.builders.iter().zip(&earlier.builders).all(seats)
    }

    /// Images being baked; one that several builders work on counts once.
    pub fn at_work(&self) -> usize {
        self.builders.iter().flat_map(|seats| &seats.baking).collect::<BTreeSet<_>>().len()
    }

    /// The builder that bakes this image, where it is one alone.
    pub fn builder_of(&self, image: &str) -> Option<&str> {
        let mut at = self.builders.iter().filter(|seats| seats.baking.iter().any(|baked| baked == image));
        at.next().filter(|_| at.next().is_none()).map(|seats| seats.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(health: Health, baking: &[&str]) -> Board {
        let baking = baking.iter().map(|image| (*image).to_owned()).collect();
        Board {
            builders: vec![Seats { name: "one".into(), slots: 2, platforms: None, health, baking }],
            waiting: vec!["t/3".into()],
        }
    }

    #[test]
    fn a_wait_that_goes_on_is_no_change_and_all_else_is() {
        let then = board(Health::Out { left: 30_000 }, &["t/1"]);
        assert!(board(Health::Out { left: 19_990 }, &["t/1"]).is_still(&then, 10_000));
        assert!(board(Health::Out { left: 0 }, &["t/1"]).is_still(&then, 40_000));
        let others = [
            board(Health::Out { left: 30_000 }, &["t/1"]),
            board(Health::In, &["t/1"]),
            board(Health::OnTrial, &["t/1"]),
            board(Health::Out { left: 20_000 }, &["t/2"]),
            Board { waiting: Vec::new(), ..board(Health::Out { left: 20_000 }, &["t/1"]) },
            Board { builders: Vec::new(), ..then.clone() },
        ];
        for other in others {
            assert!(!other.is_still(&then, 10_000), "{other:?}");
        }
    }

    #[test]
    fn an_image_on_several_builders_is_at_work_once_and_of_none_alone() {
        let mut board = board(Health::In, &["t/1", "t/2"]);
        board.builders.push(Seats { name: "two".into(), baking: vec!["t/2".into()], ..board.builders[0].clone() });
        assert_eq!((board.at_work(), board.builder_of("t/1"), board.builder_of("t/2")), (2, Some("one"), None));
    }
}
