//! How much room a screen's panes were given in this session: rules moved by the mouse, the pane with the keys zoomed.
//! Knows no screen.

use ratatui::layout::{Position, Rect};

use super::Split;
use super::split::{ONE_ABOVE_OTHER, SIDE_BY_SIDE};

/// How much room the pane with the keys has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zoom {
    /// Its own.
    #[default]
    Normal,
    /// Most of it.
    Large,
    /// All of it: the other panes are away.
    Full,
}

impl Zoom {
    /// The next larger one.
    #[must_use]
    pub fn larger(self) -> Self {
        if self == Self::Normal { Self::Large } else { Self::Full }
    }

    /// The next smaller one.
    #[must_use]
    pub fn smaller(self) -> Self {
        if self == Self::Full { Self::Large } else { Self::Normal }
    }
}

/// How two panes stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Side by side, a vertical rule between them.
    Beside,
    /// One above the other, a horizontal rule between them.
    Above,
}

impl Axis {
    /// What a pane keeps, however far its rule is moved.
    fn least(self) -> u16 {
        match self {
            Self::Beside => 20,
            Self::Above => 3,
        }
    }
}

/// A rule that can be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divider {
    /// Where it can be taken hold of.
    pub place: Rect,
    /// What it divides.
    pub within: Rect,
    /// How.
    pub axis: Axis,
}

impl Divider {
    /// The first pane's part, in thousandths, were the rule at `at`.
    pub fn share(&self, at: Position) -> u16 {
        let (to, whole) = match self.axis {
            Axis::Beside => (at.x.saturating_sub(self.within.x), self.within.width),
            Axis::Above => (at.y.saturating_sub(self.within.y), self.within.height),
        };
        let (to, whole) = (u32::from(to), u32::from(whole.max(1)));
        u16::try_from((to * 1000 + whole / 2) / whole).unwrap_or(1000).min(1000)
    }
}

/// What the user made of one screen's panes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The left pane's part of the width, in thousandths, where its rule was moved.
    pub beside: Option<u16>,
    /// The upper pane's part of the height, likewise.
    pub above: Option<u16>,
    /// How large the pane with the keys is.
    pub zoom: Zoom,
}

impl Sizes {
    /// A rule was moved: nothing is zoomed any more.
    pub fn moved(&mut self, axis: Axis, share: u16) {
        self.zoom = Zoom::Normal;
        match axis {
            Axis::Beside => self.beside = Some(share),
            Axis::Above => self.above = Some(share),
        }
    }

    /// The first pane's size of `whole`; `usual` where nobody changed it. `first` says whether it has the keys.
    pub fn first(&self, axis: Axis, (whole, usual): (u16, u16), first: bool) -> u16 {
        let moved = match axis {
            Axis::Beside => self.beside,
            Axis::Above => self.above,
        };
        let share = match (self.zoom, moved) {
            (Zoom::Normal, None) => return usual,
            (Zoom::Normal, Some(share)) => u32::from(share),
            (_, _) if first => 760,
            _ => 240,
        };
        let size = u16::try_from((u32::from(whole) * share + 500) / 1000).unwrap_or(usual);
        let most = whole.saturating_sub(axis.least() + 2);
        size.max(axis.least()).min(most.max(1))
    }

    /// Divides `body` into a list and its detail: `share` is the list's usual part of a wide body in percent, `widest` its
    /// columns at most, `detail` whether the detail has the keys.
    pub fn split(&self, body: Rect, (share, widest): (u16, u16), detail: bool) -> Split {
        if self.zoom == Zoom::Full {
            return Split::One(body);
        }
        if body.width >= SIDE_BY_SIDE {
            let usual = u16::try_from(u32::from(body.width) * u32::from(share) / 100).unwrap_or(body.width).min(widest);
            return Split::beside(body, self.first(Axis::Beside, (body.width, usual), !detail));
        }
        if body.height >= ONE_ABOVE_OTHER {
            return Split::above(body, self.first(Axis::Above, (body.height, body.height / 2), !detail));
        }
        Split::One(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_stands_where_it_was_put_and_leaves_room_at_both_sides() {
        let body = Rect::new(0, 2, 140, 30);
        for x in [1, 20, 57, 90, 118, 139] {
            let Split::Beside { list, .. } = Sizes::default().split(body, (50, u16::MAX), false) else { panic!() };
            assert_eq!(list.width, 70);
            let [divider] = Sizes::default().split(body, (50, u16::MAX), false).dividers()[..] else { panic!() };
            let mut sizes = Sizes { zoom: Zoom::Full, ..Sizes::default() };
            sizes.moved(divider.axis, divider.share(Position { x, y: 9 }));
            let Split::Beside { list, rule, detail } = sizes.split(body, (50, 60), false) else { panic!() };
            assert_eq!(rule.x, x.clamp(20, 118), "put at {x}");
            assert_eq!((list.right(), detail.right()), (rule.x, 140));
        }
    }

    #[test]
    fn the_pane_with_the_keys_grows_in_two_steps_and_shrinks_in_two() {
        let zoom = [Zoom::Normal, Zoom::Normal.larger(), Zoom::Normal.larger().larger()];
        assert_eq!(zoom, [Zoom::Normal, Zoom::Large, Zoom::Full]);
        assert_eq!((zoom[2].larger(), zoom[2].smaller().smaller().smaller()), (Zoom::Full, Zoom::Normal));
        for body in [Rect::new(0, 2, 140, 30), Rect::new(0, 2, 80, 21)] {
            let sizes = Sizes { zoom: Zoom::Large, ..Sizes::default() };
            let area = |detail: bool| {
                let split = sizes.split(body, (50, u16::MAX), detail);
                if detail { split.detail(true) } else { split.list(false) }.unwrap().area()
            };
            assert!(area(false) * 3 > body.area() * 2 && area(true) * 3 > body.area() * 2, "{body}");
            let full = Sizes { zoom: Zoom::Full, ..Sizes::default() }.split(body, (50, u16::MAX), true);
            assert_eq!((full.detail(true), full.list(true)), (Some(body), None));
        }
    }
}
