//! What the Store screen knows: stores, their repositories, their tags, what was looked into. Rows of the lists are made
//! when something changed, never at a key.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use time::OffsetDateTime;

use super::seal::Seal;
use crate::flows::browse::{Inspection, Listed};
use crate::report::Report;
use crate::tui::widgets::{Cursor, Filter};

/// How far a store's survey is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Loading {
    /// Under way.
    #[default]
    Going,
    /// Everything is there.
    Done,
    /// It could not be read; what is known stays.
    Failed(Report),
}

/// One repository.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repo {
    /// Its name.
    pub name: String,
    /// Its tags, newest first; `None` until they are there.
    pub tags: Option<Vec<String>>,
    /// Why its tags cannot be read.
    pub failure: Option<Report>,
}

/// One store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shelf {
    /// Its name in references.
    pub name: String,
    /// How far it is read.
    pub loading: Loading,
    /// Its repositories, in the order they came.
    pub repos: Vec<Repo>,
}

/// What the list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// Stores and their repositories.
    #[default]
    Repositories,
    /// The tags of one repository.
    Tags {
        /// Of this store.
        store: String,
        /// The repository.
        repository: String,
    },
}

/// An image's place: store, repository, tag.
pub type Spot = (String, String, String);

/// An image in full: as asked for, and what was seen once it is there.
pub type Shown = (String, Option<Result<Arc<Inspection>, Report>>);

/// The screen's state.
#[derive(Default)]
pub struct Model {
    /// The stores, in the order of the workspace.
    pub shelves: Vec<Shelf>,
    /// What was looked into.
    pub seen: HashMap<Spot, Result<Listed, Report>>,
    /// What is known of the signatures of what was looked into.
    pub seals: HashMap<Spot, Seal>,
    /// Facts of an earlier survey: they show until they are looked into again.
    pub(super) old: HashSet<Spot>,
    /// What is being looked into.
    pub(super) asked: BTreeSet<Spot>,
    /// The image at the right.
    pub image: Option<Shown>,
    /// An image that is not here, and was not asked for yet.
    pub(super) away: Option<String>,
    /// The image at the right is of an earlier survey.
    pub(super) image_is_old: bool,
    /// The image that was at the right before, and until when its facts stand in for those to come: what is there in a
    /// moment blanks nothing.
    pub(super) before: Option<(Arc<Inspection>, OffsetDateTime)>,
    /// What the list shows.
    pub level: Level,
    /// The selection of the repositories.
    pub repositories: Cursor,
    /// The selection of the tags.
    pub tags: Cursor,
    /// Whether the user has moved: until then the first repository is selected.
    pub(super) moved: bool,
    /// The filter of each level.
    pub filter: Filter,
    /// The filter of the repositories while tags show.
    pub(super) outer_filter: Filter,
    /// Marked images, by their references, in the order they were marked: of two compared the first is the one before.
    pub marked: Vec<String>,
    /// Whether the detail has the keys, and its first line shown.
    pub detail: Option<usize>,
    /// Repositories read anew while the old ones still show.
    pub(super) fresh: BTreeMap<String, Vec<Repo>>,
    /// The rows of the repositories' list.
    pub(super) rows: Vec<RepoRow>,
    /// The tags of the open repository the filter lets through, by number.
    pub(super) shown_tags: Vec<usize>,
}

/// A row of the repositories' list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepoRow {
    /// A store's heading.
    Store(usize),
    /// A repository: its store and its number there.
    Repo(usize, usize),
}

impl Model {
    /// The rows of the repositories' list: headings, and repositories the filter lets through.
    pub fn rows(&self) -> &[RepoRow] {
        &self.rows
    }

    /// Makes the rows anew, after names or the filter changed. A filter also hides stores it leaves nothing of.
    pub(super) fn make_rows(&mut self) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.clear();
        let filter = self.repo_filter();
        for (at, shelf) in self.shelves.iter().enumerate() {
            rows.push(RepoRow::Store(at));
            let lets = |(_, repo): &(usize, &Repo)| filter.lets(&repo.name);
            rows.extend(shelf.repos.iter().enumerate().filter(lets).map(|(number, _)| RepoRow::Repo(at, number)));
            if filter.is_active() && rows.last() == Some(&RepoRow::Store(at)) {
                rows.pop();
            }
        }
        self.rows = rows;
    }

    /// The same for the tags.
    pub(super) fn make_tags(&mut self) {
        let tags = self.open_repo().and_then(|repo| repo.tags.as_deref()).unwrap_or_default();
        let lets = |(_, tag): &(usize, &String)| self.filter.lets(tag);
        self.shown_tags = tags.iter().enumerate().filter(lets).map(|(number, _)| number).collect();
    }

    /// The filter in force for repositories.
    pub fn repo_filter(&self) -> &Filter {
        if self.level == Level::Repositories { &self.filter } else { &self.outer_filter }
    }

    /// How many tags the list has.
    pub fn tag_count(&self) -> usize {
        self.shown_tags.len()
    }

    /// The tags in these rows of the list, newest first.
    pub fn tag_rows(&self, rows: std::ops::Range<usize>) -> impl Iterator<Item = &str> {
        let tags = self.open_repo().and_then(|repo| repo.tags.as_deref()).unwrap_or_default();
        let numbers = self.shown_tags.get(rows).unwrap_or_default();
        numbers.iter().filter_map(|number| tags.get(*number)).map(String::as_str)
    }

    /// The repository whose tags show.
    pub fn open_repo(&self) -> Option<&Repo> {
        let Level::Tags { store, repository } = &self.level else { return None };
        self.shelf(store)?.repos.iter().find(|repo| repo.name == *repository)
    }

    /// A store by name.
    pub fn shelf(&self, name: &str) -> Option<&Shelf> {
        self.shelves.iter().find(|shelf| shelf.name == name)
    }

    /// The repository row that is selected.
    pub fn selected_row(&self) -> Option<RepoRow> {
        self.rows.get(self.repositories.selected).copied()
    }

    /// The repository that is selected, with its store.
    pub fn selected_repo(&self) -> Option<(&Shelf, &Repo)> {
        let RepoRow::Repo(store, repo) = self.selected_row()? else { return None };
        let shelf = self.shelves.get(store)?;
        Some((shelf, shelf.repos.get(repo)?))
    }

    /// The image that is selected: of a repository its newest tag.
    pub fn selected(&self) -> Option<Spot> {
        match &self.level {
            Level::Repositories => {
                let (shelf, repo) = self.selected_repo()?;
                Some((shelf.name.clone(), repo.name.clone(), repo.tags.as_ref()?.first()?.clone()))
            }
            Level::Tags { store, repository } => {
                let at = self.tags.selected;
                let tag = self.tag_rows(at..at + 1).next()?.to_owned();
                Some((store.clone(), repository.clone(), tag))
            }
        }
    }

    /// Marks the selected image, or takes its mark away.
    pub(super) fn mark(&mut self) {
        let Some(reference) = self.selected().map(|spot| Self::reference(&spot)) else { return };
        let count = self.marked.len();
        self.marked.retain(|marked| *marked != reference);
        if self.marked.len() == count {
            self.marked.push(reference);
        }
    }

    /// As it is written in a reference.
    pub fn reference((store, repository, tag): &Spot) -> String {
        format!("{store}/{repository}:{tag}")
    }

    /// Repositories and tags known of all stores, or of one.
    pub fn counts(&self, store: Option<&str>) -> (usize, usize) {
        let shelves = || self.shelves.iter().filter(|shelf| store.is_none_or(|name| name == shelf.name));
        let tags = |repo: &Repo| repo.tags.as_ref().map_or(0, Vec::len);
        (shelves().map(|shelf| shelf.repos.len()).sum(), shelves().flat_map(|shelf| &shelf.repos).map(tags).sum())
    }
}
