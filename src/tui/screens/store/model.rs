//! What the Store screen knows: stores, their repositories, their tags, what was looked into.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

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

/// The screen's state.
#[derive(Default)]
pub struct Model {
    /// The stores, in the order of the workspace.
    pub shelves: Vec<Shelf>,
    /// What was looked into.
    pub seen: HashMap<Spot, Result<Listed, Report>>,
    /// What is being looked into.
    pub(super) asked: BTreeSet<Spot>,
    /// The image in full: as asked for, and what was seen.
    pub image: Option<(String, Option<Result<Arc<Inspection>, Report>>)>,
    /// What the list shows.
    pub level: Level,
    /// The selection of the repositories.
    pub repositories: Cursor,
    /// The selection of the tags.
    pub tags: Cursor,
    /// The filter of each level.
    pub filter: Filter,
    /// The filter of the repositories while tags show.
    pub(super) outer_filter: Filter,
    /// Whether the detail has the keys, and its first line shown.
    pub detail: Option<usize>,
    /// Repositories read anew while the old ones still show.
    pub(super) fresh: BTreeMap<String, Vec<Repo>>,
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
    pub fn rows(&self) -> Vec<RepoRow> {
        let mut rows = Vec::new();
        for (at, shelf) in self.shelves.iter().enumerate() {
            rows.push(RepoRow::Store(at));
            let lets = |(_, repo): &(usize, &Repo)| self.repo_filter().lets(&repo.name);
            rows.extend(shelf.repos.iter().enumerate().filter(lets).map(|(number, _)| RepoRow::Repo(at, number)));
        }
        rows
    }

    /// The filter in force for repositories.
    pub fn repo_filter(&self) -> &Filter {
        if self.level == Level::Repositories { &self.filter } else { &self.outer_filter }
    }

    /// The tags of the list, newest first, those the filter lets through.
    pub fn tag_rows(&self) -> Vec<&str> {
        let tags = self.open_repo().and_then(|repo| repo.tags.as_deref()).unwrap_or_default();
        tags.iter().map(String::as_str).filter(|tag| self.filter.lets(tag)).collect()
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
        self.rows().get(self.repositories.selected).copied()
    }

    /// The image that is selected: of a repository its newest tag.
    pub fn selected(&self) -> Option<Spot> {
        match &self.level {
            Level::Repositories => {
                let RepoRow::Repo(store, repo) = self.selected_row()? else { return None };
                let (shelf, repo) = (&self.shelves[store], &self.shelves[store].repos[repo]);
                Some((shelf.name.clone(), repo.name.clone(), repo.tags.as_ref()?.first()?.clone()))
            }
            Level::Tags { store, repository } => {
                let tag = self.tag_rows().get(self.tags.selected)?.to_string();
                Some((store.clone(), repository.clone(), tag))
            }
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
