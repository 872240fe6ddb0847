//! What a bake of the text would do, beside it: looked at anew whenever typing rests on a text without errors.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::update::wish;
use super::{Effect, Model};
use crate::flows::assist::Foresight;
use crate::report::Report;
use crate::tui::screens::{Around, Wish};

/// What is known of it.
#[derive(Debug, Default)]
pub(super) struct LivePlan {
    /// What came last.
    pub(super) known: Option<Arc<Foresight>>,
    /// Why there is none for the text as it is.
    pub(super) failure: Option<Report>,
    /// The state of the text that is told of.
    pub(super) version: u64,
    /// The state that was asked for last.
    asked: u64,
    /// The user wants it otherwise than the size of the terminal has it.
    is_turned: bool,
    /// Whether it shows.
    pub(super) wanted: bool,
}

/// Narrower than this, it does not show by itself.
const WIDE: u16 = 100;

impl LivePlan {
    /// It may be otherwise by now: it is asked for anew, and stays until the answer is there.
    pub(super) fn forget(&mut self) {
        self.asked = 0;
    }

    pub(super) fn take(&mut self, version: u64, foresight: Result<Arc<Foresight>, Report>) {
        // One that was asked for later is on its way.
        if version != self.asked {
            return;
        }
        self.version = version;
        match foresight {
            Ok(foresight) => (self.known, self.failure) = (Some(foresight), None),
            Err(report) => self.failure = Some(report),
        }
    }
}

impl Model {
    /// Whether it shows in a body of this size.
    pub(super) fn shows_plan(&self, body: Rect) -> bool {
        self.text().is_some() && (body.width >= WIDE) != self.plan.is_turned
    }

    pub(super) fn toggle_plan(&mut self, around: &Around) -> Vec<Wish> {
        self.plan.is_turned = !self.plan.is_turned;
        self.plan.wanted = self.shows_plan(around.body);
        self.follow(around);
        self.foresee()
    }

    /// Asks for it where it shows, is not known for this text, and the text has no errors.
    pub(super) fn foresee(&mut self) -> Vec<Wish> {
        let is_judged = self.judging.is_none() && self.first_error().is_none();
        if !self.plan.wanted || !is_judged || self.plan.asked == self.version {
            return Vec::new();
        }
        let Some(asked) = self.asked() else { return Vec::new() };
        self.plan.asked = asked.version;
        vec![wish(Effect::Foresee(asked))]
    }
}
