//! What happens on the Store screen. Pure: what has to be fetched is said, a few at a time, what is in sight first.

use ratatui::layout::{Position, Rect};

use super::model::RepoRow;
use super::{Effect, Level, Loading, Model, Msg, Repo, Shelf, order};
use crate::flows::browse::Found;
use crate::tui::effect::Effect as Outer;
use crate::tui::keymap::{Action, Key, Motion, Scope};
use crate::tui::screens::{Around, Place, Subject, Wish};
use crate::tui::theme::Look;
use crate::tui::widgets::{Split, Table, Toast, split};

/// Images looked into at once.
const AT_ONCE: usize = 16;
/// The list's part of a wide body, in percent.
pub(super) const SHARE: u16 = 54;

impl Model {
    /// Takes one message in.
    pub fn receive(&mut self, msg: Msg, around: &Around) -> Vec<Wish> {
        match msg {
            Msg::Begun(store) => {
                self.begin(&store, around);
                Vec::new()
            }
            Msg::Found { store, found } => {
                self.found(&store, found);
                self.settle(around)
            }
            Msg::Surveyed { store, failure } => {
                self.surveyed(&store, failure);
                self.settle(around)
            }
            Msg::Looked { store, repository, tag, seen } => {
                let spot = (store, repository, tag);
                self.asked.remove(&spot);
                self.seen.insert(spot, seen);
                self.settle(around)
            }
            Msg::Inspected { reference, seen } => {
                if let Some((asked, slot)) = &mut self.image
                    && *asked == reference
                {
                    *slot = Some(seen);
                }
                Vec::new()
            }
        }
    }

    fn begin(&mut self, store: &str, around: &Around) {
        if self.shelf(store).is_none() {
            let at = |name: &str| around.stores.iter().position(|known| known.name == name).unwrap_or(usize::MAX);
            let before = self.shelves.iter().take_while(|shelf| at(&shelf.name) < at(store)).count();
            self.shelves.insert(before, Shelf { name: store.to_owned(), ..Shelf::default() });
        }
        self.fresh.insert(store.to_owned(), Vec::new());
        if let Some(shelf) = self.shelves.iter_mut().find(|shelf| shelf.name == store) {
            shelf.loading = Loading::Going;
        }
        // What was seen may have moved: rows show what they know until they are looked into again.
        self.asked.retain(|(of, ..)| of != store);
    }

    /// Takes names in: at once where the store was empty, else beside what shows until the survey is over.
    fn found(&mut self, store: &str, found: Found) {
        let Some(shelf) = self.shelves.iter_mut().find(|shelf| shelf.name == store) else { return };
        let is_first = self.fresh.get(store).is_none_or(Vec::is_empty) && shelf.repos.is_empty();
        let direct = is_first || !self.fresh.contains_key(store);
        if direct {
            self.fresh.remove(store);
        }
        let repos = if direct { &mut shelf.repos } else { self.fresh.entry(store.to_owned()).or_default() };
        let find = |repos: &mut Vec<Repo>, name: &str| -> usize {
            repos.iter().position(|repo| repo.name == name).unwrap_or_else(|| {
                repos.push(Repo { name: name.to_owned(), ..Repo::default() });
                repos.len() - 1
            })
        };
        match found {
            Found::Repositories(names) => {
                repos.extend(names.into_iter().map(|name| Repo { name, ..Repo::default() }));
            }
            Found::Tags { repository, mut tags } => {
                order::newest_first(&mut tags);
                let at = find(repos, &repository);
                repos[at].tags = Some(tags);
            }
            Found::Unreadable { repository, report } => {
                let at = find(repos, &repository);
                repos[at].failure = Some(report);
            }
        }
    }

    fn surveyed(&mut self, store: &str, failure: Option<crate::report::Report>) {
        let selected = self.selected();
        let Some(shelf) = self.shelves.iter_mut().find(|shelf| shelf.name == store) else { return };
        match (self.fresh.remove(store), &failure) {
            (Some(fresh), None) => {
                shelf.repos = fresh;
                self.seen.retain(|(of, ..), _| of != store);
            }
            (Some(fresh), Some(_)) if shelf.repos.is_empty() => shelf.repos = fresh,
            _ => {}
        }
        shelf.loading = failure.map_or(Loading::Done, Loading::Failed);
        if let Some(spot) = selected {
            self.select_repo(&spot.0, &spot.1);
        }
    }

    fn select_repo(&mut self, store: &str, name: &str) {
        let at = self.rows().iter().position(|row| match row {
            RepoRow::Repo(s, r) => self.shelves[*s].name == store && self.shelves[*s].repos[*r].name == name,
            RepoRow::Store(_) => false,
        });
        if let Some(at) = at.filter(|_| self.level == Level::Repositories) {
            self.repositories.selected = at;
        }
    }

    /// After anything changed: keeps selections in the lists, asks for what is in sight and not yet known.
    fn settle(&mut self, around: &Around) -> Vec<Wish> {
        let height = self.height(around);
        match self.level {
            Level::Repositories => {
                let rows = self.rows();
                // A heading is no place to begin.
                if self.repositories.selected == 0
                    && matches!(rows.get(1), Some(RepoRow::Repo(..)))
                    && self.image.is_none()
                {
                    self.repositories.selected = 1;
                }
                self.repositories.follow(rows.len(), height);
            }
            Level::Tags { .. } => {
                let len = self.tag_rows().len();
                self.tags.follow(len, height);
            }
        }
        let mut wishes = self.ask_rows(height);
        wishes.extend(self.ask_image());
        wishes
    }

    fn ask_rows(&mut self, height: usize) -> Vec<Wish> {
        let mut wanted: Vec<super::model::Spot> = Vec::new();
        match &self.level {
            Level::Repositories => {
                let rows = self.rows();
                for row in &rows[self.repositories.window(rows.len(), height)] {
                    let RepoRow::Repo(store, repo) = *row else { continue };
                    let (shelf, repo) = (&self.shelves[store], &self.shelves[store].repos[repo]);
                    let newest = repo.tags.as_ref().and_then(|tags| tags.first());
                    wanted.extend(newest.map(|tag| (shelf.name.clone(), repo.name.clone(), tag.clone())));
                }
            }
            Level::Tags { store, repository } => {
                let tags = self.tag_rows();
                let window = self.tags.window(tags.len(), height);
                wanted.extend(tags[window].iter().map(|tag| (store.clone(), repository.clone(), (*tag).to_owned())));
            }
        }
        let free = AT_ONCE.saturating_sub(self.asked.len());
        let news: Vec<_> = wanted
            .into_iter()
            .filter(|spot| !self.seen.contains_key(spot) && !self.asked.contains(spot))
            .take(free)
            .collect();
        self.asked.extend(news.iter().cloned());
        let look = |(store, repository, tag)| Wish::Do(Outer::Store(Effect::Look { store, repository, tag }));
        news.into_iter().map(look).collect()
    }

    fn ask_image(&mut self) -> Option<Wish> {
        let reference = self.selected().map(|spot| Self::reference(&spot))?;
        if self.image.as_ref().is_some_and(|(shown, _)| *shown == reference) {
            return None;
        }
        self.image = Some((reference.clone(), None));
        if let Some(first) = &mut self.detail {
            *first = 0;
        }
        Some(Wish::Do(Outer::Store(Effect::Inspect(reference))))
    }

    /// The two panes.
    pub(super) fn panes(&self, around: &Around) -> Split {
        split(around.body, SHARE)
    }

    fn list_area(&self, around: &Around) -> Option<Rect> {
        self.panes(around).list(self.detail.is_some())
    }

    fn height(&self, around: &Around) -> usize {
        Table::height(self.list_area(around).unwrap_or(around.body), true)
    }

    fn step(&mut self, motion: Motion, around: &Around) -> Vec<Wish> {
        if let Some(first) = self.detail {
            let page = usize::from(self.panes(around).detail(true).map_or(0, |area| area.height)).max(2);
            let last = self.detail_lines(&Look::of_roles(false), around, 200).len().saturating_sub(page);
            let to = match motion {
                Motion::Up => first.saturating_sub(1),
                Motion::Down => first + 1,
                Motion::HalfUp => first.saturating_sub(page / 2),
                Motion::HalfDown => first + page / 2,
                Motion::PageUp => first.saturating_sub(page),
                Motion::PageDown => first + page,
                Motion::Top => 0,
                Motion::Bottom => last,
                Motion::Left => {
                    self.detail = None;
                    return Vec::new();
                }
                Motion::Right => first,
            };
            self.detail = Some(to.min(last));
            return Vec::new();
        }
        match motion {
            Motion::Left => return self.back(around),
            Motion::Right => return self.open(around),
            _ => {}
        }
        let height = self.height(around);
        match self.level {
            Level::Repositories => {
                let len = self.rows().len();
                self.repositories.step(motion, len, height);
            }
            Level::Tags { .. } => {
                let len = self.tag_rows().len();
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
        match (&self.level, self.selected_row()) {
            (Level::Repositories, Some(RepoRow::Repo(store, repo))) => {
                let shelf = &self.shelves[store];
                let level = Level::Tags { store: shelf.name.clone(), repository: shelf.repos[repo].name.clone() };
                self.level = level;
                self.tags = Default::default();
                self.outer_filter = std::mem::take(&mut self.filter);
                self.settle(around)
            }
            (Level::Repositories, _) => Vec::new(),
            (Level::Tags { .. }, _) => {
                self.detail = self.detail.or(Some(0));
                Vec::new()
            }
        }
    }

    fn back(&mut self, around: &Around) -> Vec<Wish> {
        if self.detail.take().is_some() {
            return Vec::new();
        }
        if self.filter.drop_it() {
            return self.settle(around);
        }
        if self.level != Level::Repositories {
            self.level = Level::Repositories;
            self.filter = std::mem::take(&mut self.outer_filter);
        }
        self.settle(around)
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
        self.step(if forward { Motion::Down } else { Motion::Up }, around)
    }
}

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

    fn enter(&mut self, around: &Around) -> Vec<Wish> {
        if self.shelves.is_empty() {
            for store in &around.stores {
                self.shelves.push(Shelf { name: store.name.clone(), ..Shelf::default() });
            }
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
            Action::ChooseBase => self.choose_base(),
            Action::Copy => {
                self.selected().map(|spot| Wish::Do(Outer::Copy(Self::reference(&spot)))).into_iter().collect()
            }
            Action::Refresh => {
                self.seen.clear();
                self.image = None;
                vec![Wish::Do(Outer::Store(Effect::ReadAgain))]
            }
            _ => Vec::new(),
        }
    }

    fn typed(&mut self, key: Key, around: &Around) -> Vec<Wish> {
        if self.filter.typed(key) { self.settle(around) } else { Vec::new() }
    }

    fn pasted(&mut self, text: &str, around: &Around) -> Vec<Wish> {
        self.filter.pasted(text);
        self.settle(around)
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
        let row = usize::from(at.y - area.y - 1);
        let height = Table::height(area, true);
        let (cursor, len) = match self.level {
            Level::Repositories => (self.repositories, self.rows().len()),
            Level::Tags { .. } => (self.tags, self.tag_rows().len()),
        };
        if cursor.offset + row >= len {
            return Vec::new();
        }
        if cursor.offset + row == cursor.selected {
            return self.open(around);
        }
        match self.level {
            Level::Repositories => self.repositories.go(cursor.offset + row, len, height),
            Level::Tags { .. } => self.tags.go(cursor.offset + row, len, height),
        }
        self.settle(around)
    }

    fn resized(&mut self, around: &Around) -> Vec<Wish> {
        self.settle(around)
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
