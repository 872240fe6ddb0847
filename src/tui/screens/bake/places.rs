//! Where everything is on the Bake screen. Knows no bake.

use ratatui::layout::{Position, Rect};

use super::{Focus, Pane};
use crate::tui::widgets::{Axis, Divider, Sizes, Zoom};

/// Where everything is; `None` for what there is no room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The steps.
    pub steps: Option<Rect>,
    /// The selected step in full.
    pub step: Option<Rect>,
    /// Checks.
    pub checks: Option<Rect>,
    /// The selected check in full.
    pub evidence: Option<Rect>,
    /// The log.
    pub log: Option<Rect>,
    /// The vertical rule.
    pub vertical: Option<Rect>,
    /// The horizontal rule above checks and log, or above the one pane.
    pub horizontal: Option<Rect>,
}

impl Places {
    /// Divides `body`, as far as the user did not.
    pub fn of(body: Rect, (focus, pane): (Focus, Pane), sizes: Sizes) -> Self {
        if sizes.zoom == Zoom::Full && body.height > 3 {
            return Self::alone(body, (focus, pane));
        }
        if body.width >= 96 && body.height >= 12 {
            return Self::wide(body, focus, sizes);
        }
        let mut places = Self::default();
        if body.height >= 16 {
            // Whoever reads the files sees more of them.
            let usual = if focus == Focus::Changes { body.height / 3 } else { body.height / 2 };
            let top = sizes.first(Axis::Above, (body.height, usual), focus == Focus::Steps);
            places.steps = Some(Rect { height: top, ..body });
            places.horizontal = Some(Rect { y: body.y + top, height: 1, ..body });
            places.put(pane, Rect { y: body.y + top + 1, height: body.height - top - 1, ..body });
        } else if focus != Focus::Steps || pane != Pane::Step {
            places.horizontal = Some(Rect { height: 1, ..body });
            places.put(pane, Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body });
        } else {
            places.steps = Some(body);
        }
        places
    }

    /// Only the pane with the keys.
    fn alone(body: Rect, (focus, pane): (Focus, Pane)) -> Self {
        if focus == Focus::Steps {
            return Self { steps: Some(body), ..Self::default() };
        }
        let mut places = Self { horizontal: Some(Rect { height: 1, ..body }), ..Self::default() };
        places.put(pane, Rect { y: body.y + 1, height: body.height - 1, ..body });
        places
    }

    fn wide(body: Rect, focus: Focus, sizes: Sizes) -> Self {
        let usual = u16::try_from(u32::from(body.width) * 54 / 100).unwrap_or(body.width);
        let at_left = matches!(focus, Focus::Steps | Focus::Checks);
        let left = sizes.first(Axis::Beside, (body.width, usual), at_left);
        let top = sizes.first(Axis::Above, (body.height, body.height / 2), focus == Focus::Steps);
        let column = body.x + left;
        let right = Rect { x: column + 2, width: body.width - left - 2, ..body };
        let below = body.y + top;
        let rest = body.height - top - 1;
        let evidence = matches!(focus, Focus::Checks | Focus::Evidence);
        if evidence || focus == Focus::Changes {
            return Self {
                steps: Some(Rect { width: left, height: top, ..body }),
                step: (!evidence).then_some(right),
                evidence: evidence.then_some(right),
                checks: Some(Rect { y: below + 1, width: left, height: rest, ..body }),
                log: None,
                vertical: Some(Rect { x: column, width: 1, ..body }),
                horizontal: Some(Rect { y: below, width: left, height: 1, ..body }),
            };
        }
        Self {
            steps: Some(Rect { width: left, height: top, ..body }),
            step: Some(Rect { height: top, ..right }),
            evidence: None,
            checks: Some(Rect { y: below + 1, width: left, height: rest, ..body }),
            log: Some(Rect { y: below + 1, height: rest, ..right }),
            vertical: Some(Rect { x: column, width: 1, ..body }),
            horizontal: Some(Rect { y: below, height: 1, ..body }),
        }
    }

    fn put(&mut self, pane: Pane, area: Rect) {
        match pane {
            Pane::Step => self.step = Some(area),
            Pane::Checks => self.checks = Some(area),
            Pane::Evidence => self.evidence = Some(area),
            Pane::Log => self.log = Some(area),
        }
    }

    /// The rules between them.
    pub fn dividers(&self, body: Rect) -> Vec<Divider> {
        let vertical = self.vertical.map(|rule| (Rect { width: 2, ..rule }, Axis::Beside));
        let horizontal = self.horizontal.filter(|_| self.steps.is_some()).map(|rule| (rule, Axis::Above));
        let all = vertical.into_iter().chain(horizontal);
        all.map(|(place, axis)| Divider { place, within: body, axis }).collect()
    }

    /// Which pane stands there.
    pub fn pane_at(&self, at: Position) -> Option<Focus> {
        let panes = [
            (self.steps, Focus::Steps),
            (self.step, Focus::Changes),
            (self.checks, Focus::Checks),
            (self.evidence, Focus::Evidence),
            (self.log, Focus::Log),
        ];
        panes.into_iter().find(|(area, _)| area.is_some_and(|area| area.contains(at))).map(|(_, pane)| pane)
    }
}
