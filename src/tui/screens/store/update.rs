//! What happens on the Store screen. Pure: what has to be fetched is said, a few at a time, what is in sight first.

use std::time::Duration;

use ratatui::layout::{Position, Rect};

use super::model::RepoRow;
use super::{Effect, Level, Model, Msg, Shelf};
use crate::tui::effect::Effect as Outer;
use crate::tui::keymap::{Action, Key, Motion, Scope};
use crate::tui::screens::{Around, Place, Screen, Subject, Wish};
use crate::tui::theme::Look;
use crate::tui::widgets::{Divider, Split, Table, Toast};

/// Images looked into at once.
const AT_ONCE: usize = 16;
/// The list's part of a wide body, in percent.
const SHARE: u16 = 54;
/// The list's columns at most: names must not drown in empty space.
const WIDEST: u16 = 88;

impl Model {
    /// Takes one message in.
    pub fn receive(&mut self, msg: Msg, around: &Around) -> Vec<Wish> {
        self.take_in(msg, around);
        self.settle(around)
    }

    /// After anything changed: keeps selections in the lists, asks for what is in sight and not yet known.
    fn settle(&mut self, around: &Around) -> Vec<Wish> {
        let height = self.height(around);
        match self.level {
            Level::Repositories => {
                if !self.moved {
                    // A heading is no place to begin.
                    let first = self.rows.iter().position(|row| matches!(row, RepoRow::Repo(..)));
                    self.repositories.selected = first.unwrap_or(0);
                }
                self.repositories.follow(self.rows.len(), height);
            }
            Level::Tags { .. } => {
                let len = self.tag_count();
                self.tags.follow(len, height);
            }
        }
        let mut wishes = self.ask_rows(height);
        wishes.extend(self.ask_image(around));
        wishes
    }

    /// The rows after the filter changed: what was selected stays so if it is let through, else the first that is.
    fn refilter(&mut self, around: &Around) -> Vec<Wish> {
        match self.level {
            Level::Repositories => {
                let was = self.selected_row();
                self.make_rows();
                let kept = was.filter(|row| matches!(row, RepoRow::Repo(..)));
                let kept = kept.and_then(|was| self.rows.iter().position(|row| *row == was));
                let first = || self.rows.iter().position(|row| matches!(row, RepoRow::Repo(..)));
                self.repositories.selected = kept.or_else(first).unwrap_or(0);
            }
            Level::Tags { .. } => {
                let was = self.shown_tags.get(self.tags.selected).copied();
                self.make_tags();
                let kept = was.and_then(|was| self.shown_tags.iter().position(|number| *number == was));
                self.tags.selected = kept.unwrap_or(0);
            }
        }
        self.moved = true;
        self.settle(around)
    }

    fn ask_rows(&mut self, height: usize) -> Vec<Wish> {
        let mut wanted: Vec<super::model::Spot> = Vec::new();
        match &self.level {
            Level::Repositories => {
                for row in &self.rows[self.repositories.window(self.rows.len(), height)] {
                    let RepoRow::Repo(store, repo) = *row else { continue };
                    let (shelf, repo) = (&self.shelves[store], &self.shelves[store].repos[repo]);
                    let newest = repo.tags.as_ref().and_then(|tags| tags.first());
                    wanted.extend(newest.map(|tag| (shelf.name.clone(), repo.name.clone(), tag.clone())));
                }
            }
            Level::Tags { store, repository } => {
                let window = self.tags.window(self.tag_count(), height);
                wanted.extend(self.tag_rows(window).map(|tag| (store.clone(), repository.clone(), tag.to_owned())));
            }
        }
        let free = AT_ONCE.saturating_sub(self.asked.len());
        let news: Vec<_> = wanted
            .into_iter()
            .filter(|spot| !self.seen.contains_key(spot) || self.old.contains(spot))
            .filter(|spot| !self.asked.contains(spot))
            .take(free)
            .collect();
        self.asked.extend(news.iter().cloned());
        let look = |(store, repository, tag)| Wish::Do(Outer::Store(Effect::Look { store, repository, tag }));
        news.into_iter().map(look).collect()
    }

    fn ask_image(&mut self, around: &Around) -> Option<Wish> {
        let Some(reference) = self.selected().map(|spot| Self::reference(&spot)) else {
            self.image = None;
            return None;
        };
        let is_shown = self.image.as_ref().is_some_and(|(shown, _)| *shown == reference);
        if is_shown && !self.image_is_old {
            // One that is not here is fetched for whoever opens it.
            let away = self.away.take_if(|away| self.detail.is_some() && *away == reference);
            return away.map(|reference| Wish::Do(Outer::Store(Effect::Export(reference))));
        }
        self.away = None;
        // What shows of an earlier survey shows on until the answer is there.
        self.image_is_old = false;
        if !is_shown {
            if let Some((_, Some(Ok(image)))) = self.image.replace((reference.clone(), None)) {
                self.before = Some((image, around.now + STANDING_IN));
            }
            if let Some(first) = &mut self.detail {
                *first = 0;
            }
        }
        Some(Wish::Do(Outer::Store(Effect::Inspect(reference))))
    }

    /// The two panes.
    pub(super) fn panes(&self, around: &Around) -> Split {
        around.sizes(Screen::Store).split(around.body, (SHARE, WIDEST), self.detail.is_some())
    }

    fn list_area(&self, around: &Around) -> Option<Rect> {
        self.panes(around).list(self.detail.is_some())
    }

    fn height(&self, around: &Around) -> usize {
        Table::height(self.list_area(around).unwrap_or(around.body), true)
    }

    fn step(&mut self, motion: Motion, around: &Around) -> Vec<Wish> {
        if let Some(first) = self.detail {
            let pane = self.panes(around).detail(true).unwrap_or(around.body);
            let page = usize::from(pane.height).max(2);
            let lines = self.detail_lines(&Look::of_roles(false), around, usize::from(pane.width));
            let last = lines.len().saturating_sub(page);
            if motion == Motion::Left {
                self.detail = None;
                return Vec::new();
            }
            self.detail = Some(motion.leads(first, page).min(last));
            return Vec::new();
        }
        match motion {
            Motion::Left => return self.back(around),
            Motion::Right => return self.open(around),
            _ => {}
        }
        self.moved = true;
        let height = self.height(around);
        match self.level {
            Level::Repositories => self.repositories.step(motion, self.rows.len(), height),
            Level::Tags { .. } => {
                let len = self.tag_count();
                self.tags.step(motion, len, height);
            }
        }
        self.settle(around)
    }

    fn open(&mut self, around: &Around) -> Vec<Wish> {
        if self.filter.editing {
            self.filter.keep();
            return Vec::new();
        }
        match (&self.level, self.selected_repo()) {
            (Level::Repositories, Some((shelf, repo))) => {
                self.level = Level::Tags { store: shelf.name.clone(), repository: repo.name.clone() };
                self.moved = true;
                self.tags = Default::default();
                self.outer_filter = std::mem::take(&mut self.filter);
                self.make_tags();
                self.settle(around)
            }
            _ => {
                self.detail = self.detail.or(Some(0));
                self.ask_image(around).into_iter().collect()
            }
        }
    }

    fn back(&mut self, around: &Around) -> Vec<Wish> {
        if self.detail.take().is_some() {
            return Vec::new();
        }
        if self.filter.drop_it() {
            return self.refilter(around);
        }
        if self.level != Level::Repositories {
            self.level = Level::Repositories;
            self.filter = std::mem::take(&mut self.outer_filter);
        } else {
            self.marked.clear();
        }
        self.settle(around)
    }

    /// Goes to an image and selects it.
    pub fn reveal(&mut self, reference: &str, around: &Around) -> Vec<Wish> {
        let spot = reference.split_once('/').and_then(|(store, rest)| Some((store, rest.rsplit_once(':')?)));
        let Some((store, (repository, tag))) = spot else { return Vec::new() };
        let is_there = self.shelf(store).is_some_and(|shelf| shelf.repos.iter().any(|repo| repo.name == repository));
        if !is_there {
            let toast = Toast::warning(format!("{reference} is not there any more")).next("r reads the stores again");
            return vec![Wish::Tell(toast)];
        }
        if self.level == Level::Repositories {
            self.outer_filter = std::mem::take(&mut self.filter);
        }
        self.filter.drop_it();
        (self.detail, self.moved) = (None, true);
        self.level = Level::Tags { store: store.to_owned(), repository: repository.to_owned() };
        self.make_tags();
        let at = self.tag_rows(0..self.tag_count()).position(|shown| shown == tag).unwrap_or(0);
        let (len, height) = (self.tag_count(), self.height(around));
        self.tags.go(at, len, height);
        // Going back leads to the repository, not to where one was before.
        let is_it = |row: &RepoRow| match *row {
            RepoRow::Repo(at, repo) => {
                self.shelves[at].name == store && self.shelves[at].repos[repo].name == repository
            }
            RepoRow::Store(_) => false,
        };
        if let Some(row) = self.rows.iter().position(is_it) {
            self.repositories.selected = row;
        }
        self.settle(around)
    }

    fn refresh(&mut self, around: &Around) -> Vec<Wish> {
        // What could not be read is asked for at once; the rest shows until the survey is over.
        self.old.extend(self.seen.iter().filter(|(_, seen)| seen.is_err()).map(|(spot, _)| spot.clone()));
        self.image_is_old = self.image.is_some();
        let mut wishes = vec![Wish::Do(Outer::Store(Effect::ReadAgain))];
        wishes.extend(self.settle(around));
        wishes
    }

    /// The digest where the detail has the keys, else the reference.
    fn copy(&self) -> Vec<Wish> {
        let digest = match (&self.detail, &self.image) {
            (Some(_), Some((_, Some(Ok(image))))) => Some(image.digest.to_string()),
            _ => None,
        };
        match digest.or_else(|| self.selected().map(|spot| Self::reference(&spot))) {
            Some(text) => {
                vec![Wish::Do(Outer::Copy(text))]
            }
            None => Vec::new(),
        }
    }

    fn choose_base(&self) -> Vec<Wish> {
        match self.selected() {
            Some(spot) => vec![Wish::ChooseRecipeFor(Self::reference(&spot))],
            None => {
                vec![Wish::Tell(Toast::warning("no image is selected").next("select a repository or one of its tags"))]
            }
        }
    }

    fn match_step(&mut self, forward: bool, around: &Around) -> Vec<Wish> {
        // With a filter in force every row matches: the next one is the next row.
        if !self.filter.is_active() {
            return Vec::new();
        }
        let motion = if forward { Motion::Down } else { Motion::Up };
        let mut wishes = self.step(motion, around);
        // A heading is no match.
        let is_heading = self.detail.is_none() && matches!(self.selected_row(), Some(RepoRow::Store(_)));
        if self.level == Level::Repositories && is_heading {
            let at_top = self.repositories.selected == 0;
            wishes.extend(self.step(if at_top { Motion::Down } else { motion }, around));
        }
        wishes
    }
}

/// How long facts of the image before may stand in.
const STANDING_IN: Duration = Duration::from_millis(300);

impl Place for Model {
    fn scopes(&self) -> Vec<Scope> {
        if self.filter.editing {
            vec![Scope::Line]
        } else if self.detail.is_some() {
            vec![Scope::StoreDetail, Scope::List]
        } else {
            vec![Scope::Store, Scope::List]
        }
    }

    fn takes_back(&self) -> bool {
        let is_deep = self.detail.is_some() || self.level != Level::Repositories;
        is_deep || self.filter.editing || self.filter.is_active() || !self.marked.is_empty()
    }

    fn enter(&mut self, around: &Around) -> Vec<Wish> {
        if self.shelves.is_empty() {
            for store in &around.stores {
                self.shelves.push(Shelf { name: store.name.clone(), ..Shelf::default() });
            }
            self.make_rows();
            return vec![Wish::Do(Outer::Store(Effect::Survey))];
        }
        self.settle(around)
    }

    fn act(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        match action {
            Action::Move(motion) => self.step(motion, around),
            Action::Open => self.open(around),
            Action::Back => self.back(around),
            Action::OtherPane => {
                self.detail = if self.detail.is_some() { None } else { Some(0) };
                Vec::new()
            }
            Action::Filter => {
                self.filter.begin();
                Vec::new()
            }
            Action::NextMatch => self.match_step(true, around),
            Action::PreviousMatch => self.match_step(false, around),
            Action::Mark => {
                self.mark();
                Vec::new()
            }
            Action::Unmark => {
                self.marked.clear();
                Vec::new()
            }
            Action::Compare => self.compare(),
            Action::Verify => self.verify(),
            Action::Publish => self.publish(around),
            Action::ChooseBase => self.choose_base(),
            Action::Copy => self.copy(),
            Action::Refresh => self.refresh(around),
            _ => Vec::new(),
        }
    }

    fn typed(&mut self, key: Key, around: &Around) -> Vec<Wish> {
        if self.filter.typed(key) { self.refilter(around) } else { Vec::new() }
    }

    fn pasted(&mut self, text: &str, around: &Around) -> Vec<Wish> {
        self.filter.pasted(text);
        self.refilter(around)
    }

    fn clicked(&mut self, at: Position, around: &Around) -> Vec<Wish> {
        let panes = self.panes(around);
        if panes.detail(self.detail.is_some()).is_some_and(|area| area.contains(at)) {
            self.detail = self.detail.or(Some(0));
            return Vec::new();
        }
        let Some(area) = panes.list(self.detail.is_some()).filter(|area| area.contains(at) && at.y > area.y) else {
            return Vec::new();
        };
        self.detail = None;
        self.moved = true;
        let row = usize::from(at.y - area.y - 1);
        let height = Table::height(area, true);
        let (cursor, len) = match self.level {
            Level::Repositories => (self.repositories, self.rows.len()),
            Level::Tags { .. } => (self.tags, self.tag_count()),
        };
        if cursor.offset + row >= len {
            return Vec::new();
        }
        match self.level {
            Level::Repositories => self.repositories.go(cursor.offset + row, len, height),
            Level::Tags { .. } => self.tags.go(cursor.offset + row, len, height),
        }
        self.settle(around)
    }

    fn opens(&self, at: Position, around: &Around) -> bool {
        let cursor = if self.level == Level::Repositories { self.repositories } else { self.tags };
        let list = self.list_area(around).filter(|area| area.contains(at) && at.y > area.y);
        list.is_some_and(|area| cursor.offset + usize::from(at.y - area.y - 1) == cursor.selected)
    }

    fn point_at(&mut self, at: Position, around: &Around) -> usize {
        match self.panes(around).is_detail(self.detail.is_some(), at) {
            Some(true) => {
                self.detail = self.detail.or(Some(0));
                3
            }
            Some(false) => {
                self.detail = None;
                1
            }
            None => 1,
        }
    }

    fn dividers(&self, around: &Around) -> Vec<Divider> {
        self.panes(around).dividers()
    }

    fn resized(&mut self, around: &Around) -> Vec<Wish> {
        self.settle(around)
    }

    fn wants_clock(&self) -> bool {
        self.before.is_some()
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
