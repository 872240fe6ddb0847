//! What was asked about the fleet and what came of it: a rebase tried, what a new base would do, what a roll-out would do.

use std::ops::Range;

use ratatui::text::Line;

use super::{Said, came};
use crate::domain::rollout::{ItemState, Progress};
use crate::flows::impact::Hit;
use crate::flows::rebase::{Answer as Outcome, Rebase};
use crate::report::Report;
use crate::tui::screens::Held;
use crate::tui::theme::Look;

/// What was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// To put an image on what its base is now, or what would come of that.
    Rebase {
        /// The image.
        image: String,
        /// Only what would come of it.
        dry_run: bool,
    },
    /// What would become of everything built on a tag.
    Impact {
        /// The tag.
        base: String,
        /// What it would point to.
        onto: String,
    },
    /// What a roll-out would do.
    Plan {
        /// The base's tag.
        base: String,
        /// Only these images; all where empty.
        only: Vec<String>,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Came {
    /// Of a rebase.
    Rebase(Box<Rebase>),
    /// By image.
    Impact(Held<Vec<Hit>>),
    /// A roll-out that has not begun.
    Plan(Held<Progress>),
    /// Nothing: why.
    Failed(Report),
}

/// Both, and what shows of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What was asked.
    pub asked: Asked,
    /// What came of it; `None` until it is there.
    pub came: Option<Came>,
    /// The first thing said that shows.
    pub from: usize,
    said: Vec<Said>,
}

impl Answer {
    /// Asked, and nothing came yet.
    pub(in crate::tui::screens::lineage) fn new(asked: Asked) -> Self {
        let said = came::asking(&asked);
        Self { asked, came: None, from: 0, said }
    }

    /// Something came of it.
    pub(in crate::tui::screens::lineage) fn take(&mut self, came: Came) {
        self.said = came::said(&self.asked, &came);
        (self.came, self.from) = (Some(came), 0);
    }

    /// Whether it is a rebase that can be done.
    pub fn can_rebase(&self) -> Option<&Rebase> {
        match &self.came {
            Some(Came::Rebase(rebase)) if rebase.answer == Outcome::Safe && !rebase.is_done => Some(rebase),
            _ => None,
        }
    }

    /// Whether it is a plan of a roll-out that would move something.
    pub fn can_begin(&self) -> Option<&Progress> {
        match &self.came {
            Some(Came::Plan(plan)) if plan.items.iter().any(|item| item.state == ItemState::Waiting) => Some(plan),
            _ => None,
        }
    }

    /// The image a rebase was asked of.
    pub fn rebased(&self) -> Option<&str> {
        match &self.asked {
            Asked::Rebase { image, .. } => Some(image),
            _ => None,
        }
    }

    /// Whether something can be done about it.
    pub fn leads_on(&self) -> bool {
        self.can_rebase().is_some() || self.can_begin().is_some()
    }

    /// The last thing said that can be the first shown, in a pane of this size.
    pub(in crate::tui::screens::lineage) fn end(&self, look: &Look, (columns, rows): (usize, usize)) -> usize {
        let mut left = rows;
        for (at, said) in self.said.iter().enumerate().rev() {
            let height = said.height(look, columns);
            if height > left {
                return (at + 1).min(self.said.len().saturating_sub(1));
            }
            left -= height;
        }
        0
    }

    /// The lines that show in a pane of this size, and whether more follow.
    pub(in crate::tui::screens::lineage) fn lines(
        &self,
        look: &Look,
        (columns, rows): (usize, usize),
    ) -> (Vec<Line<'static>>, bool) {
        let mut lines = Vec::new();
        for said in self.said.get(self.from..).unwrap_or_default() {
            if lines.len() >= rows {
                return (lines, true);
            }
            lines.extend(said.lines(look, columns));
        }
        let more = lines.len() > rows;
        (lines, more)
    }

    /// Everything that is said, as it would be copied.
    pub(in crate::tui::screens::lineage) fn text(&self, range: Range<usize>) -> String {
        let said = self.said.get(range).unwrap_or_default();
        said.iter().map(|said| format!("{}{}\n", "  ".repeat(said.indent), said.text)).collect()
    }

    /// How much is said.
    pub(in crate::tui::screens::lineage) fn len(&self) -> usize {
        self.said.len()
    }
}
