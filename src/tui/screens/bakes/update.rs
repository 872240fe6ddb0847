//! What happens on the Bakes screen. Pure.

use ratatui::layout::Position;

use super::{Effect, Model, Msg, Reading};
use crate::domain::projection::{ShelfRow, ShelfStatus};
use crate::tui::effect::Effect as Outer;
use crate::tui::errands;
use crate::tui::keymap::{Action, Key, Motion, Scope};
use crate::tui::screens::{Around, Compare, Place, Screen, Subject, Wish};
use crate::tui::theme::Look;
use crate::tui::widgets::{Axis, Confirm, Divider, Split, Table, Toast, Zoom};

/// Lower bodies have room for one pane.
const TWO_PANES: u16 = 16;
/// The detail's most lines.
const DETAIL: u16 = 16;

impl Model {
    /// Takes one message in.
    pub fn receive(&mut self, msg: Msg, around: &Around) -> Vec<Wish> {
        match msg {
            Msg::News(news) => {
                self.reading = Reading::Done;
                self.take(news);
                self.settle(around);
                Vec::new()
            }
            Msg::Pool(pooled) => {
                self.pool.take(pooled, around.now);
                self.settle(around);
                Vec::new()
            }
            Msg::Unreadable(report) => {
                self.reading = Reading::Failed(report);
                Vec::new()
            }
            Msg::Asked { failure: Some(report), .. } => vec![Wish::Tell(Toast::failure(&report))],
            Msg::Asked { bake, failure: None } => {
                let row = self.rows().iter().find(|row| row.bake == bake);
                let name = row.map_or(bake.as_str(), |row| &row.reference);
                vec![Wish::Tell(Toast::done(format!("asked {name} to stop")).next("it ends within half a minute"))]
            }
        }
    }

    fn settle(&mut self, around: &Around) {
        let (len, height) = (self.len(), self.height(around));
        self.cursor.follow(len, height);
        if self.is_empty() {
            self.detail = None;
        }
    }

    /// The list over the whole width, the selected bake below it; one at a time where there is little room.
    pub(super) fn panes(&self, around: &Around) -> Split {
        let (body, sizes) = (self.below_pool(around).1, around.sizes(Screen::Bakes));
        if body.height < TWO_PANES || sizes.zoom == Zoom::Full {
            return Split::One(body);
        }
        let usual = body.height - (body.height / 2).min(DETAIL) - 1;
        Split::above(body, sizes.first(Axis::Above, (body.height, usual), self.detail.is_none()))
    }

    fn height(&self, around: &Around) -> usize {
        let area = self.panes(around).list(self.detail.is_some());
        Table::height(area.unwrap_or(around.body), true)
    }

    fn step(&mut self, motion: Motion, around: &Around) {
        if let Some(first) = self.detail {
            let area = self.panes(around).detail(true).unwrap_or(around.body);
            let page = usize::from(area.height).max(2);
            let last = self.detail_height(around, area.width).saturating_sub(page);
            if motion == Motion::Left {
                self.detail = None;
                return self.settle(around);
            }
            self.detail = Some(motion.leads(first, page).min(last));
            return;
        }
        if motion == Motion::Right && !self.is_empty() {
            self.detail = Some(0);
        }
        let (len, height) = (self.len(), self.height(around));
        self.cursor.step(motion, len, height);
    }

    fn back(&mut self, around: &Around) {
        if self.detail.take().is_none() {
            let selected = self.selected().map(|row| row.bake.clone());
            if !self.filter.drop_it() {
                self.marked.clear();
            }
            self.sift(selected);
        }
        self.settle(around);
    }

    fn sifted(&mut self, around: &Around) -> Vec<Wish> {
        let selected = self.selected().map(|row| row.bake.clone());
        self.sift(selected);
        self.settle(around);
        Vec::new()
    }

    /// Something done with the selected bake; a word where there is none.
    fn with_selected(&self, wish: impl FnOnce(&ShelfRow) -> Wish) -> Vec<Wish> {
        let none = || Wish::Tell(Toast::warning("no bake is selected").next("bake a recipe on screen 2"));
        vec![self.selected().map_or_else(none, wish)]
    }

    fn cancel(&self) -> Vec<Wish> {
        let running: Vec<&ShelfRow> =
            self.meant().into_iter().filter(|row| row.status == ShelfStatus::Running).collect();
        let title = match (running.as_slice(), self.marked.len()) {
            ([], 0) => {
                return self.with_selected(|row| {
                    let over = format!("{} is over: {}", row.reference, row.status);
                    Wish::Tell(Toast::warning(over).next("enter shows how it ended"))
                });
            }
            ([], _) => return vec![Wish::Tell(Toast::warning("none of the marked bakes runs any more"))],
            ([one], _) => format!("cancel {}?", one.reference),
            (several, _) => format!("cancel {} bakes?", several.len()),
        };
        let text = match running.as_slice() {
            [_] => "It stops where it is. Steps that are done stay in the cache.",
            _ => "They stop where they are. Steps that are done stay in the cache.",
        };
        let yes = running.iter().map(|row| Wish::Do(Outer::Bakes(Effect::Cancel(row.bake.clone())))).collect();
        let mut confirm = Confirm::no_or(title, text, if running.len() > 1 { "cancel them" } else { "cancel it" }, yes);
        if running.len() > 1 {
            confirm.code = running.iter().map(|row| format!("{} {}", row.reference, row.bake)).collect();
        }
        vec![Wish::Ask(confirm)]
    }

    /// The images that were made of what is meant.
    fn images(&self) -> Vec<String> {
        let mut images: Vec<String> = Vec::new();
        for row in self.meant().into_iter().filter(|row| row.digest.is_some()) {
            let image = format!("local/{}", row.reference);
            if !images.contains(&image) {
                images.push(image);
            }
        }
        images
    }

    fn verify(&self) -> Vec<Wish> {
        match self.images().as_slice() {
            [] => self.with_selected(|_| no_image()),
            [image] => vec![Wish::Verify(image.clone())],
            images => vec![Wish::Do(Outer::Errand(errands::Effect::VerifyAll(images.to_vec())))],
        }
    }

    fn publish(&self) -> Vec<Wish> {
        match self.images() {
            images if images.is_empty() => self.with_selected(|_| no_image()),
            images => vec![Wish::Do(Outer::Errand(errands::Effect::PlanPublish(images)))],
        }
    }

    /// Bakes of all workspaces, or of this one again; a word where there are no others.
    fn turn_to(&mut self, around: &Around) -> Vec<Wish> {
        if !self.offers(Action::Workspaces) {
            return vec![Wish::Tell(Toast::done("all bakes there are were asked for in this workspace"))];
        }
        self.turn();
        self.settle(around);
        Vec::new()
    }

    fn watch(&self, replay: bool) -> Vec<Wish> {
        self.with_selected(|row| Wish::Watch { bake: row.bake.clone(), replay })
    }
}

fn no_image() -> Wish {
    Wish::Tell(Toast::warning("that bake made no image").next("enter shows how it ended"))
}

impl Place for Model {
    fn scopes(&self) -> Vec<Scope> {
        if self.filter.editing { vec![Scope::Line] } else { vec![Scope::Bakes, Scope::List] }
    }

    fn offers(&self, action: Action) -> bool {
        action != Action::Workspaces || self.is_everywhere || self.elsewhere().next().is_some()
    }

    fn takes_back(&self) -> bool {
        let is_deep = self.detail.is_some() || self.filter.editing || self.filter.is_active();
        is_deep || !self.marked.is_empty()
    }

    fn enter(&mut self, around: &Around) -> Vec<Wish> {
        self.settle(around);
        if self.reading != Reading::Not {
            return Vec::new();
        }
        self.reading = Reading::Going;
        vec![Wish::Do(Outer::Bakes(Effect::List))]
    }

    fn act(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        match action {
            Action::Move(motion) => self.step(motion, around),
            Action::NextMatch if self.filter.is_active() => self.step(Motion::Down, around),
            Action::PreviousMatch if self.filter.is_active() => self.step(Motion::Up, around),
            Action::Filter => self.filter.begin(),
            Action::Back => self.back(around),
            Action::Open if self.filter.editing => self.filter.keep(),
            Action::Open | Action::Log => return self.watch(false),
            Action::Replay => return self.watch(true),
            Action::CancelBake => return self.cancel(),
            Action::CancelAll => return self.stop_all(),
            Action::OtherPane => {
                self.detail = if self.detail.is_some() || self.is_empty() { None } else { Some(0) };
                self.settle(around);
            }
            Action::Compare => {
                return self.with_selected(|row| {
                    Wish::Compare(Compare::Bake { bake: row.bake.clone(), reference: row.reference.clone() })
                });
            }
            Action::Verify => return self.verify(),
            Action::Publish => return self.publish(),
            Action::Mark => self.mark(),
            Action::Unmark => self.marked.clear(),
            Action::Workspaces => return self.turn_to(around),
            Action::Copy => return self.with_selected(|row| Wish::Do(Outer::Copy(row.bake.clone()))),
            Action::Refresh => return vec![Wish::Do(Outer::Bakes(Effect::List))],
            _ => {}
        }
        Vec::new()
    }

    fn typed(&mut self, key: Key, around: &Around) -> Vec<Wish> {
        if self.filter.typed(key) { self.sifted(around) } else { Vec::new() }
    }

    fn pasted(&mut self, text: &str, around: &Around) -> Vec<Wish> {
        self.filter.pasted(text);
        self.sifted(around)
    }

    fn clicked(&mut self, at: Position, around: &Around) -> Vec<Wish> {
        let panes = self.panes(around);
        if panes.detail(self.detail.is_some()).is_some_and(|area| area.contains(at)) {
            self.detail = self.detail.or((!self.is_empty()).then_some(0));
            return Vec::new();
        }
        let list = panes.list(self.detail.is_some());
        let Some(area) = list.filter(|area| area.contains(at) && at.y > area.y) else { return Vec::new() };
        let row = self.cursor.offset + usize::from(at.y - area.y - 1);
        if row >= self.len() {
            return Vec::new();
        }
        self.detail = None;
        let (len, height) = (self.len(), Table::height(area, true));
        self.cursor.go(row, len, height);
        Vec::new()
    }

    fn opens(&self, at: Position, around: &Around) -> bool {
        let list = self.panes(around).list(self.detail.is_some()).filter(|area| area.contains(at) && at.y > area.y);
        list.is_some_and(|area| self.cursor.offset + usize::from(at.y - area.y - 1) == self.cursor.selected)
    }

    fn point_at(&mut self, at: Position, around: &Around) -> usize {
        let is_detail = self.panes(around).is_detail(self.detail.is_some(), at) == Some(true) && !self.is_empty();
        self.detail = is_detail.then_some(self.detail.unwrap_or(0));
        if is_detail { 3 } else { 1 }
    }

    fn dividers(&self, around: &Around) -> Vec<Divider> {
        if self.is_empty() { Vec::new() } else { self.panes(around).dividers() }
    }

    fn resized(&mut self, around: &Around) -> Vec<Wish> {
        self.settle(around);
        Vec::new()
    }

    fn wants_clock(&self) -> bool {
        self.count(ShelfStatus::Running) > 0 || self.pool.counts_down()
    }

    fn subject(&self, look: &Look, around: &Around) -> Subject {
        super::view::subject(self, look, around)
    }

    fn draw(&self, look: &Look, around: &Around, buffer: &mut ratatui::buffer::Buffer) {
        super::view::draw(self, look, around, buffer);
    }

    fn cursor(&self, around: &Around) -> Option<Position> {
        super::view::cursor(self, around)
    }
}
