//! What stores answer, taken into the model: names as they come, facts, failures. The selection stays on what it was on,
//! and on its line of the screen. Asks for nothing itself.

use super::model::RepoRow;
use super::{Level, Loading, Model, Msg, Repo, Seal, Shelf, order};
use crate::flows::browse::Found;
use crate::report::Report;
use crate::tui::screens::Around;

/// What is selected, by name.
struct Anchor {
    store: String,
    repository: Option<String>,
    tag: Option<String>,
}

impl Model {
    /// Takes one message in.
    pub(super) fn take_in(&mut self, msg: Msg, around: &Around) {
        match msg {
            Msg::Begun(store) => self.begin(&store, around),
            Msg::Found { store, found } => self.keeping_selection(|model| model.found(&store, found)),
            Msg::Surveyed { store, failure } => self.keeping_selection(|model| {
                model.surveyed(&store, failure);
                true
            }),
            Msg::Looked { store, repository, tag, seen } => {
                let spot = (store, repository, tag);
                self.asked.remove(&spot);
                self.old.remove(&spot);
                match seen.as_ref().ok().and_then(Seal::of) {
                    Some(seal) => self.seals.insert(spot.clone(), seal),
                    None => self.seals.remove(&spot),
                };
                self.seen.insert(spot, seen);
            }
            Msg::Away(reference) => {
                if let Some((asked, slot)) = &mut self.image
                    && *asked == reference
                {
                    (*slot, self.before, self.away) = (None, None, Some(reference));
                }
            }
            Msg::Inspected { reference, seen } => {
                let spot = self.selected().filter(|spot| Self::reference(spot) == reference);
                // A row that was told of before anybody had the image.
                if let (Some(Ok(row)), Ok(image)) = (spot.and_then(|spot| self.seen.get_mut(&spot)), &seen) {
                    row.digest.get_or_insert_with(|| image.digest.clone());
                }
                if let Some((asked, slot)) = &mut self.image
                    && *asked == reference
                {
                    *slot = Some(seen);
                    self.before = None;
                }
            }
        }
    }

    fn begin(&mut self, store: &str, around: &Around) {
        if self.shelf(store).is_none() {
            let at = |name: &str| around.stores.iter().position(|known| known.name == name).unwrap_or(usize::MAX);
            let before = self.shelves.iter().take_while(|shelf| at(&shelf.name) < at(store)).count();
            let shelf = Shelf { name: store.to_owned(), ..Shelf::default() };
            self.keeping_selection(|model| {
                model.shelves.insert(before, shelf);
                true
            });
        }
        self.fresh.insert(store.to_owned(), Vec::new());
        if let Some(shelf) = self.shelves.iter_mut().find(|shelf| shelf.name == store) {
            shelf.loading = Loading::Going;
        }
        self.asked.retain(|(of, ..)| of != store);
    }

    /// Takes names in: at once where the store was empty, else beside what shows until the survey is over. Whether rows
    /// have to be made anew.
    fn found(&mut self, store: &str, found: Found) -> bool {
        let Some(shelf) = self.shelves.iter_mut().find(|shelf| shelf.name == store) else { return false };
        let is_first = self.fresh.get(store).is_none_or(Vec::is_empty) && shelf.repos.is_empty();
        let direct = is_first || !self.fresh.contains_key(store);
        if direct {
            self.fresh.remove(store);
        }
        let repos = if direct { &mut shelf.repos } else { self.fresh.entry(store.to_owned()).or_default() };
        let before = repos.len();
        let is_open = matches!(&self.level, Level::Tags { store: of, .. } if of == store);
        match found {
            Found::Repositories(names) => {
                repos.extend(names.into_iter().map(|name| Repo { name, ..Repo::default() }));
            }
            Found::Tags { repository, mut tags } => {
                order::newest_first(&mut tags);
                entry(repos, &repository).tags = Some(tags);
            }
            Found::Unreadable { repository, report } => entry(repos, &repository).failure = Some(report),
        }
        direct && (is_open || repos.len() != before)
    }

    fn surveyed(&mut self, store: &str, failure: Option<Report>) {
        let Some(shelf) = self.shelves.iter_mut().find(|shelf| shelf.name == store) else { return };
        match (self.fresh.remove(store), &failure) {
            (Some(fresh), None) => {
                shelf.repos = fresh;
                // Tags may have moved: what was seen shows until it is looked into again.
                self.old.extend(self.seen.keys().filter(|(of, ..)| of == store).cloned());
                self.image_is_old |=
                    self.image.as_ref().is_some_and(|(shown, _)| shown.split('/').next() == Some(store));
            }
            (Some(fresh), Some(_)) if shelf.repos.is_empty() => shelf.repos = fresh,
            _ => {}
        }
        shelf.loading = failure.map_or(Loading::Done, Loading::Failed);
    }

    /// Changes names; what was selected stays selected, and the rows in sight stay where they are.
    fn keeping_selection(&mut self, change: impl FnOnce(&mut Self) -> bool) {
        let anchor = self.anchor();
        if !change(self) {
            return;
        }
        self.make_rows();
        self.make_tags();
        let Some(anchor) = anchor else { return };
        let row = self.rows.iter().position(|row| self.is_row(*row, &anchor));
        if let Some(at) = row {
            let above = self.repositories.selected - self.repositories.offset.min(self.repositories.selected);
            // At the top the beginning of the list stays in sight.
            if self.repositories.offset > 0 {
                self.repositories.offset = at.saturating_sub(above);
            }
            self.repositories.selected = at;
        }
        let Some(tag) = anchor.tag else { return };
        let at = self.tag_rows(0..self.tag_count()).position(|shown| shown == tag);
        if let Some(at) = at {
            self.tags.selected = at;
        }
    }

    fn anchor(&self) -> Option<Anchor> {
        let (store, repository) = match self.selected_row()? {
            RepoRow::Store(at) => (self.shelves.get(at)?.name.clone(), None),
            RepoRow::Repo(..) => {
                let (shelf, repo) = self.selected_repo()?;
                (shelf.name.clone(), Some(repo.name.clone()))
            }
        };
        let tag = (self.level != Level::Repositories).then(|| self.selected()).flatten().map(|(.., tag)| tag);
        Some(Anchor { store, repository, tag })
    }

    fn is_row(&self, row: RepoRow, anchor: &Anchor) -> bool {
        match row {
            RepoRow::Store(at) => anchor.repository.is_none() && self.shelves[at].name == anchor.store,
            RepoRow::Repo(at, number) => {
                let shelf = &self.shelves[at];
                shelf.name == anchor.store && Some(&shelf.repos[number].name) == anchor.repository.as_ref()
            }
        }
    }
}

/// The repository of this name, made where it is new.
fn entry<'a>(repos: &'a mut Vec<Repo>, name: &str) -> &'a mut Repo {
    let at = repos.iter().position(|repo| repo.name == name).unwrap_or_else(|| {
        repos.push(Repo { name: name.to_owned(), ..Repo::default() });
        repos.len() - 1
    });
    &mut repos[at]
}
