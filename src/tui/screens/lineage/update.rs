//! What happens on the Lineage screen. Pure: what is to be looked into is said, what is selected first.

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::asks::wish;
use super::{Asked, Came, Effect, Model, Msg, Reading};
use crate::domain::lineage::{Holder, News, news};
use crate::domain::rollout::{Progress, RolloutStatus};
use crate::domain::units::count;
use crate::flows::lineage::Lineage;
use crate::report::{Kind, Report};
use crate::tui::keymap::{Action, Key, Scope};
use crate::tui::screens::{Around, Held, Place, Subject, Wish};
use crate::tui::theme::Look;
use crate::tui::widgets::{Divider, Toast};

impl Model {
    /// Reads all stores; what is known shows until the answer is there.
    pub(super) fn read(&mut self) -> Vec<Wish> {
        self.run += 1;
        self.reading = Reading::Going;
        vec![wish(Effect::Read { run: self.run })]
    }

    /// Something changed outside: it is read anew, once somebody looks.
    pub fn read_again(&mut self, on_show: bool) -> Vec<Wish> {
        if self.reading == Reading::Not {
            return Vec::new();
        }
        if on_show {
            return self.read();
        }
        self.is_old = true;
        Vec::new()
    }

    /// Reading was given up.
    pub fn give_up(&mut self) -> Vec<Wish> {
        if self.reading != Reading::Going {
            return Vec::new();
        }
        self.reading = Reading::Stopped;
        vec![Wish::Do(crate::tui::effect::Effect::GiveUp(crate::tui::tasks::TaskKind::Lineage))]
    }

    /// What was asked was given up.
    pub fn give_up_asking(&mut self) -> Vec<Wish> {
        self.broke_off(Report::message(Kind::Cancelled, "given up before its end"));
        Vec::new()
    }

    /// Goes to an image and selects it.
    pub fn reveal(&mut self, reference: &str, around: &Around) -> Vec<Wish> {
        let Some(number) = self.named(reference) else {
            let toast =
                Toast::warning(format!("{reference} is not in the lineage that was read")).next("r reads it again");
            return vec![Wish::Tell(toast)];
        };
        (self.circle, self.answer, self.onto, self.detail, self.live.is_open) = (None, None, None, None, false);
        self.filter.drop_it();
        let mut at = Some(number);
        while let (Some(here), Some(graph)) = (at, self.graph()) {
            let name = graph.images()[here].name();
            at = graph.base(here).map(|edge| edge.base);
            if here != number && !self.folded.remove(&name) && self.folded.is_empty() {
                break;
            }
        }
        self.make_rows();
        self.cursor.selected = self.row_of(number).unwrap_or(0);
        self.settle(around);
        Vec::new()
    }

    /// Takes one message in.
    pub fn receive(&mut self, msg: Msg, around: &Around) -> Vec<Wish> {
        match msg {
            // What was given up, or asked for before something else, is late.
            Msg::Read { run, lineage } if run == self.run && self.reading == Reading::Going => {
                self.looked = Some(around.now);
                self.take(lineage, |_| false);
                self.settle(around);
                // Where nobody looks, that is for when somebody does.
                if self.on_show { self.go_on_looking() } else { Vec::new() }
            }
            Msg::Read { .. } => Vec::new(),
            Msg::Looked { run, lineage } if run == self.run && self.reading == Reading::Done => {
                self.looked = Some(around.now);
                let mut wishes = lineage.map(|lineage| self.changed(lineage, around)).unwrap_or_default();
                // Somebody else may have begun one.
                wishes.push(wish(Effect::Newest));
                wishes
            }
            Msg::Looked { .. } => Vec::new(),
            Msg::Assessed { lineage, number, found } => {
                if self.lineage.as_ref() == Some(&lineage) {
                    self.assessed(number, found);
                    self.settle(around);
                }
                Vec::new()
            }
            Msg::Rebased { image, dry_run, outcome } => {
                let came = outcome.map_or_else(Came::Failed, Came::Rebase);
                self.answered(&Asked::Rebase { image, dry_run }, came, around)
            }
            Msg::Updated { failure: Some(report), .. } => vec![Wish::Tell(Toast::failure(&report))],
            Msg::Updated { recipes, failure: None } => vec![Wish::BakeAll(recipes)],
            Msg::Impact { base, onto, hits } => {
                let came = hits.map_or_else(Came::Failed, Came::Impact);
                self.answered(&Asked::Impact { base, onto }, came, around)
            }
            Msg::Planned { base, only, plan } => {
                let came = plan.map_or_else(Came::Failed, Came::Plan);
                self.answered(&Asked::Plan { base, only }, came, around)
            }
            other => self.rolled(other, around),
        }
    }

    /// What was read is looked into, and followed.
    fn go_on_looking(&self) -> Vec<Wish> {
        let mut wishes = self.look_into_selected();
        wishes.extend(self.look_into_all());
        wishes.extend(self.watch());
        wishes
    }

    /// Follows the stores, while the screen is on show.
    fn watch(&self) -> Option<Wish> {
        let lineage = self.lineage.clone().filter(|_| self.on_show && self.reading == Reading::Done)?;
        Some(wish(Effect::Watch { run: self.run, lineage }))
    }

    /// Something is not what it was at the last look: what has to do with that is looked into again, and that a base has moved
    /// is told.
    fn changed(&mut self, lineage: Held<Lineage>, around: &Around) -> Vec<Wish> {
        let Some(before) = self.lineage.clone() else { return Vec::new() };
        let news = news(&before.graph, &lineage.graph);
        let touched: BTreeSet<usize> = news.iter().filter_map(News::number).collect();
        let is_ours = news.iter().any(|one| one.place().holder == Holder::Local);
        let after = lineage.clone();
        self.take(lineage, |number| {
            let holder = after.graph.images()[number].holder();
            // A copy of ours asks for what ours asks for.
            !touched.contains(&number) && (holder == Holder::Local || !is_ours)
        });
        self.settle(around);
        let moved = news.iter().filter(|one| matches!(one, News::Moved { .. }) && one.place().holder == Holder::Global);
        let moved: Vec<String> = moved.map(|one| one.place().to_string()).collect();
        let text = match moved.as_slice() {
            [] => None,
            [one] => Some(format!("{one} has moved")),
            several => Some(format!("{} tags of bases have moved", several.len())),
        };
        let stale = self.facts.totals().stale;
        let told = text.map(|text| {
            Toast::done(text).next(format!("{} stale now; n goes to the next", count(stale as u64, "image")))
        });
        let mut wishes: Vec<Wish> = told.map(Wish::Tell).into_iter().collect();
        wishes.extend(self.look_into_selected());
        wishes.extend(self.look_into_all());
        wishes
    }

    /// Of a roll-out.
    fn rolled(&mut self, msg: Msg, around: &Around) -> Vec<Wish> {
        match msg {
            Msg::Begun(Ok(id)) => {
                (self.live.is_open, self.live.moved, self.answer) = (true, false, None);
                self.marked.clear();
                self.live.follow(&id)
            }
            Msg::Begun(Err(report)) => vec![Wish::Tell(Toast::failure(&report))],
            Msg::Newest(Ok(Some(progress))) => self.newest(progress, around),
            Msg::Newest(Ok(None)) if std::mem::take(&mut self.live.is_wanted) => {
                vec![Wish::Tell(
                    Toast::done("there was no roll-out yet").next("A on a base begins one, after its plan"),
                )]
            }
            Msg::Newest(Err(report)) if std::mem::take(&mut self.live.is_wanted) => {
                vec![Wish::Tell(Toast::failure(&report))]
            }
            // A workspace whose roll-outs cannot be read says so when one is wanted.
            Msg::Newest(_) => Vec::new(),
            Msg::Progress(progress) => self.live.take(progress, around),
            Msg::Unfollowed { id, failure } => {
                self.live.unfollowed(&id);
                failure.map(|report| Wish::Tell(Toast::failure(&report))).into_iter().collect()
            }
            Msg::Told { failure: Some(report), .. } => vec![Wish::Tell(Toast::failure(&report))],
            Msg::Told { id, resume: true, failure: None } => {
                self.live.moved = false;
                // Whoever followed it has seen its end.
                self.live.unfollowed(&id);
                self.live.follow(&id)
            }
            Msg::Told { resume: false, .. } => {
                vec![Wish::Tell(Toast::done("asked it to stop").next("what is under way comes to its end first"))]
            }
            _ => Vec::new(),
        }
    }

    /// The newest roll-out there is, whoever began it.
    fn newest(&mut self, progress: Held<Progress>, around: &Around) -> Vec<Wish> {
        let (id, base, status) = (progress.id.clone(), progress.base.clone(), progress.status);
        let is_news = self.live.progress.as_ref().is_none_or(|before| before.id != id);
        self.live.is_open |= std::mem::take(&mut self.live.is_wanted);
        let mut wishes = self.live.take(progress, around);
        if status == RolloutStatus::Running {
            wishes.extend(self.live.follow(&id));
        }
        let news = news_of(status, &base);
        wishes.extend(news.filter(|_| is_news && !self.live.is_open).map(Wish::Tell));
        wishes
    }

    /// What was found of an image; the rows follow where that changes what is looked for.
    fn assessed(&mut self, number: usize, found: super::known::Found) {
        let is_hit = |model: &Self| {
            let graph = model.graph().filter(|_| model.filter.is_active());
            graph.is_some_and(|graph| super::rows::is_hit(model, graph, number))
        };
        let before = is_hit(self);
        self.known.take(number, found);
        if is_hit(self) != before {
            self.remake();
        }
    }

    /// Has the selected image looked into, where that was not done.
    fn look_into_selected(&self) -> Vec<Wish> {
        let (Some(lineage), Some(number)) = (&self.lineage, self.selected()) else { return Vec::new() };
        if self.known.is_fresh(number) || lineage.graph.images()[number].places.is_empty() {
            return Vec::new();
        }
        vec![wish(Effect::Assess { lineage: lineage.clone(), number })]
    }

    /// Has everything stale looked into, as far as that is still to be done.
    fn look_into_all(&self) -> Vec<Wish> {
        let numbers = self.known.missing();
        match &self.lineage {
            Some(lineage) if !numbers.is_empty() => {
                vec![wish(Effect::AssessAll { lineage: lineage.clone(), numbers })]
            }
            _ => Vec::new(),
        }
    }

    fn retyped(&mut self, around: &Around) -> Vec<Wish> {
        if let Some(onto) = &mut self.onto {
            (onto.cursor, onto.moved) = (Default::default(), false);
            return Vec::new();
        }
        let before = self.selected();
        self.remake();
        // What is looked for is selected, not what shows for its sake.
        if self.rows.get(self.cursor.selected).is_some_and(|row| !row.is_hit)
            && let Some(at) = self.rows.iter().position(|row| row.is_hit)
        {
            self.cursor.selected = at;
        }
        self.settle(around);
        self.after(before)
    }

    /// After the selection may have moved.
    fn after(&mut self, before: Option<usize>) -> Vec<Wish> {
        if self.selected() == before {
            return Vec::new();
        }
        self.detail = self.detail.map(|_| 0);
        // What was said of another image is not this one's.
        self.answer = None;
        self.look_into_selected()
    }
}

/// What is told of a roll-out that nobody has opened.
pub(super) fn news_of(status: RolloutStatus, base: &str) -> Option<Toast> {
    let text = match status {
        RolloutStatus::Running => format!("a roll-out of {base} is under way"),
        RolloutStatus::Lost => format!("a roll-out of {base} broke off: its process is gone"),
        _ => return None,
    };
    Some(Toast::done(text).next("L shows it"))
}

impl Place for Model {
    fn scopes(&self) -> Vec<Scope> {
        if self.filter.editing {
            vec![Scope::Line]
        } else if self.live.is_open {
            self.live.scopes()
        } else if self.onto.is_some() {
            vec![Scope::LineageOnto]
        } else if self.answer.is_some() {
            vec![Scope::LineageAnswer, Scope::List]
        } else if self.detail.is_some() {
            vec![Scope::LineageDetail, Scope::List]
        } else {
            vec![Scope::Lineage, Scope::List]
        }
    }

    fn takes_back(&self) -> bool {
        self.is_deep() || self.reading == Reading::Going
    }

    fn enter(&mut self, around: &Around) -> Vec<Wish> {
        self.settle(around);
        self.on_show = true;
        let mut wishes = vec![wish(Effect::Newest)];
        match self.reading {
            Reading::Not => wishes.extend(self.read()),
            Reading::Done if self.is_old => wishes.extend(self.read()),
            _ => wishes.extend(self.go_on_looking()),
        }
        wishes
    }

    fn left(&mut self) -> Vec<Wish> {
        self.on_show = false;
        if self.reading == Reading::Not { Vec::new() } else { vec![wish(Effect::Rest)] }
    }

    fn offers(&self, action: Action) -> bool {
        self.live.is_open || self.can(action)
    }

    fn act(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        let before = self.selected();
        let mut wishes = self.obeyed(action, around);
        self.settle(around);
        wishes.extend(self.after(before));
        wishes
    }

    fn typed(&mut self, key: Key, around: &Around) -> Vec<Wish> {
        let typed = match &mut self.onto {
            Some(onto) => &mut onto.typed,
            None => &mut self.filter,
        };
        if typed.typed(key) { self.retyped(around) } else { Vec::new() }
    }

    fn pasted(&mut self, text: &str, around: &Around) -> Vec<Wish> {
        match &mut self.onto {
            Some(onto) => onto.typed.pasted(text),
            None => self.filter.pasted(text),
        }
        self.retyped(around)
    }

    fn clicked(&mut self, at: Position, around: &Around) -> Vec<Wish> {
        let before = self.selected();
        self.click(at, around);
        self.settle(around);
        self.after(before)
    }

    fn opens(&self, at: Position, around: &Around) -> bool {
        let (list, cursor) = if self.live.is_open {
            (self.live.panes(around).list(self.live.detail.is_some()), self.live.cursor)
        } else {
            (self.list_area(around), self.cursor)
        };
        let list = list.filter(|area| area.contains(at) && at.y > area.y);
        list.is_some_and(|area| cursor.offset + usize::from(at.y - area.y - 1) == cursor.selected)
    }

    fn point_at(&mut self, at: Position, around: &Around) -> usize {
        if self.live.is_open {
            let detail = self.live.detail;
            let is_detail = self.live.panes(around).is_detail(detail.is_some(), at) == Some(true);
            self.live.detail = is_detail.then_some(detail.unwrap_or(0));
            return if is_detail { 3 } else { 1 };
        }
        let is_right = self.panes(around).is_detail(self.is_right(), at) == Some(true);
        if self.answer.is_some() || self.onto.is_some() {
            return if is_right { 3 } else { 1 };
        }
        self.detail = (is_right && !self.rows.is_empty()).then_some(self.detail.unwrap_or(0));
        if is_right { 3 } else { 1 }
    }

    fn dividers(&self, around: &Around) -> Vec<Divider> {
        if self.live.is_open {
            return self.live.panes(around).dividers();
        }
        if self.rows.is_empty() && !self.is_right() { Vec::new() } else { self.panes(around).dividers() }
    }

    fn resized(&mut self, around: &Around) -> Vec<Wish> {
        self.settle(around);
        Vec::new()
    }

    fn wants_clock(&self) -> bool {
        self.live.is_running()
    }

    fn subject(&self, look: &Look, around: &Around) -> Subject {
        super::view::subject(self, look, around)
    }

    fn draw(&self, look: &Look, around: &Around, buffer: &mut Buffer) {
        super::view::draw(self, look, around, buffer);
    }

    fn cursor(&self, around: &Around) -> Option<Position> {
        super::view::cursor(self, around)
    }
}
