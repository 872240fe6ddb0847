//! The newest roll-out as it goes: which image is being moved, what came of each. Leaving it stops nothing.

mod view;

pub(super) use view::{draw, subject};

use ratatui::layout::Rect;

use super::Effect;
use crate::domain::rollout::{Item, ItemState, Progress, RolloutStatus};
use crate::tui::effect::Effect as Outer;
use crate::tui::keymap::{Motion, Scope};
use crate::tui::screens::{Around, Held, Reveal, Screen, Wish};
use crate::tui::theme::Look;
use crate::tui::widgets::{Confirm, Cursor, Split, Table, Toast};

/// What is known of it.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// How far it is; `None` where there never was one.
    pub progress: Option<Held<Progress>>,
    /// Whether it shows instead of the lineage.
    pub is_open: bool,
    /// Somebody asked for it, and nobody knows yet whether there is one.
    pub(super) is_wanted: bool,
    /// Which of its images is selected.
    pub cursor: Cursor,
    /// Whether the user has moved: until then what is under way is selected.
    pub moved: bool,
    /// Whether the right pane has the keys, and its first line shown.
    pub detail: Option<usize>,
    /// Which is followed.
    pub(super) followed: Option<String>,
}

/// The list's part of a wide body, in percent, and its columns at most.
const SHARE: (u16, u16) = (62, 110);

fn wish(effect: Effect) -> Wish {
    Wish::Do(Outer::Lineage(effect))
}

impl Live {
    /// Whether one is at work.
    pub fn is_running(&self) -> bool {
        self.progress.as_ref().is_some_and(|progress| progress.status == RolloutStatus::Running)
    }

    /// Whose keys these are: what does nothing as it stands is not offered.
    pub(super) fn scopes(&self) -> Vec<Scope> {
        let standing = self.progress.as_ref().map(|progress| match progress.status {
            RolloutStatus::Running => Scope::RollOutRunning,
            RolloutStatus::Done => Scope::RollOutDone,
            _ => Scope::RollOutStopped,
        });
        standing.into_iter().chain([Scope::RollOut, Scope::List]).collect()
    }

    /// Takes in how far it is; what follows of that.
    pub(super) fn take(&mut self, progress: Held<Progress>, around: &Around) -> Vec<Wish> {
        let is_other = self.progress.as_ref().is_none_or(|before| before.id != progress.id);
        let was_running = !is_other && self.is_running();
        if is_other {
            (self.cursor, self.moved, self.detail) = (Cursor::default(), false, None);
        }
        self.progress = Some(progress);
        self.settle(around);
        if was_running && !self.is_running() {
            return self.over();
        }
        Vec::new()
    }

    /// It has come to its end, while somebody looked.
    fn over(&self) -> Vec<Wish> {
        let Some(progress) = &self.progress else { return Vec::new() };
        let (done, failed, skipped, _) = progress.counts();
        let (base, all) = (&progress.base, progress.items.len());
        let toast = match progress.status {
            RolloutStatus::Done => Toast::done(format!("{base} is rolled out: {done} moved")),
            RolloutStatus::OverBudget => Toast::warning(format!("the roll-out of {base} stopped: {failed} failed"))
                .next("L shows why; R there goes on once that is mended"),
            RolloutStatus::Cancelled => {
                Toast::warning(format!("the roll-out of {base} was stopped: {done} of {all} moved"))
                    .next("L shows it; R there goes on")
            }
            RolloutStatus::Lost => Toast::warning(format!("the process of the roll-out of {base} is gone"))
                .next("L shows it; R there goes on where it was"),
            RolloutStatus::Incomplete | RolloutStatus::Running => {
                let text = format!("the roll-out of {base} is over: {done} moved, {failed} failed, {skipped} left out");
                Toast::warning(text).next("L shows why")
            }
        };
        vec![Wish::Tell(toast), Wish::ReadAgain]
    }

    /// The one that is followed came to its end.
    pub(super) fn unfollowed(&mut self, id: &str) {
        if self.followed.as_deref() == Some(id) {
            self.followed = None;
        }
    }

    /// Follows a roll-out.
    pub(super) fn follow(&mut self, id: &str) -> Vec<Wish> {
        if self.followed.as_deref() == Some(id) {
            return Vec::new();
        }
        self.followed = Some(id.to_owned());
        vec![wish(Effect::Follow(id.to_owned()))]
    }

    /// The selected image.
    pub fn selected(&self) -> Option<&Item> {
        self.progress.as_ref()?.items.get(self.cursor.selected)
    }

    /// The two panes.
    pub(super) fn panes(&self, around: &Around) -> Split {
        around.sizes(Screen::Lineage).split(around.body, SHARE, self.detail.is_some())
    }

    fn height(&self, around: &Around) -> usize {
        Table::height(self.panes(around).list(self.detail.is_some()).unwrap_or(around.body), true)
    }

    pub(super) fn settle(&mut self, around: &Around) {
        let items = self.progress.as_ref().map(|progress| progress.items.as_slice()).unwrap_or_default();
        let len = items.len();
        if !self.moved {
            let is_running = |item: &Item| matches!(item.state, ItemState::Running { .. });
            let is_waiting = |item: &Item| item.state == ItemState::Waiting;
            let at = items.iter().position(is_running).or_else(|| items.iter().position(is_waiting));
            self.cursor.selected = at.unwrap_or(self.cursor.selected);
        }
        self.cursor.follow(len, self.height(around));
        if let Some(top) = self.detail {
            self.detail = Some(top.min(self.detail_end(around)));
        }
    }

    fn detail_end(&self, around: &Around) -> usize {
        let area = self.panes(around).detail(true).unwrap_or(around.body);
        let lines = view::item_lines(self, &Look::of_roles(false), around, usize::from(area.width)).len();
        lines.saturating_sub(usize::from(area.height))
    }

    pub(super) fn step(&mut self, motion: Motion, around: &Around) {
        if let Some(top) = self.detail {
            let area: Rect = self.panes(around).detail(true).unwrap_or(around.body);
            self.detail = match motion {
                Motion::Left => None,
                _ => Some(motion.leads(top, usize::from(area.height).max(2)).min(self.detail_end(around))),
            };
            return;
        }
        self.moved = true;
        let (len, height) = (self.progress.as_ref().map_or(0, |progress| progress.items.len()), self.height(around));
        match motion {
            Motion::Right if len > 0 => self.detail = Some(0),
            _ => self.cursor.step(motion, len, height),
        }
    }

    /// The next image that failed or is under way.
    pub(super) fn next(&mut self, forward: bool, around: &Around) {
        let Some(progress) = &self.progress else { return };
        let speaks = |item: &Item| matches!(item.state, ItemState::Failed { .. } | ItemState::Running { .. });
        let (at, len) = (self.cursor.selected, progress.items.len());
        let steps = (1..=len).map(|by| if forward { (at + by) % len } else { (at + len - by) % len });
        let found = steps.into_iter().find(|at| speaks(&progress.items[*at]));
        if let Some(found) = found {
            self.moved = true;
            self.cursor.go(found, len, self.height(around));
        }
    }

    /// Goes to the bake of the selected image, or to the image.
    pub(super) fn open(&self) -> Vec<Wish> {
        let Some(item) = self.selected() else { return Vec::new() };
        match &item.state {
            ItemState::Running { bake: Some(bake), .. } => vec![Wish::Watch { bake: bake.clone(), replay: false }],
            ItemState::Done { .. } => vec![Wish::Reveal(Reveal::Image(item.reference.clone()))],
            ItemState::Failed { .. } => vec![Wish::Verify(item.reference.clone())],
            ItemState::Waiting | ItemState::Running { .. } | ItemState::Skipped { .. } => {
                vec![Wish::Tell(Toast::done(format!("{} has nothing to go to yet", item.reference)))]
            }
        }
    }

    /// Asks whether to stop it.
    pub(super) fn cancel(&self) -> Vec<Wish> {
        let Some(progress) = &self.progress else { return Vec::new() };
        let text = "What is under way comes to its end, nothing further begins. It can be gone on with.";
        let yes = vec![wish(Effect::Cancel(progress.id.clone()))];
        vec![Wish::Ask(Confirm::no_or(format!("stop the roll-out of {}?", progress.base), text, "stop it", yes))]
    }

    /// Asks whether to go on with it.
    pub(super) fn resume(&self) -> Vec<Wish> {
        let Some(progress) = &self.progress else { return Vec::new() };
        let (all, done) = (progress.items.len(), progress.counts().0);
        let text = "It goes on where it was: what was moved stays, what failed is tried again.";
        let yes = vec![wish(Effect::Resume(progress.id.clone()))];
        let title = format!("go on with the roll-out of {}, {} of {all} not moved?", progress.base, all - done);
        vec![Wish::Ask(Confirm::no_or(title, text, "go on", yes))]
    }
}
