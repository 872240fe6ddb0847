//! Following the shelf: all bakes at once, then what changes, at most a few times a second. Costs nothing while nothing
//! happens. Writes nothing.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use super::watch::{Shelf, workspace_of};
use crate::adapters::journal::{BakeFolder, Notice, Reader, ShelfWatch, is_held};
use crate::domain::projection::{BakeView, Liveness, ShelfRow, ShelfStatus};
use crate::report::{Kind, Report};

/// Least time between two pieces of news.
const RHYTHM: Duration = Duration::from_millis(250);

/// What there is to know.
#[derive(Clone, Debug, PartialEq)]
pub enum ShelfNews {
    /// All bakes there are, newest first.
    All(Vec<ShelfRow>),
    /// Bakes that are new or stand elsewhere now, and bakes that are gone.
    Changed {
        /// New or other rows.
        rows: Vec<ShelfRow>,
        /// IDs.
        gone: Vec<String>,
    },
}

/// The shelf being followed.
#[derive(Debug)]
pub struct Following {
    shelf: Shelf,
    watch: ShelfWatch,
    /// Bakes without an end, as far as they are read.
    open: HashMap<String, Open>,
    is_new: bool,
}

/// A journal read up to where it ended last.
#[derive(Debug)]
struct Open {
    reader: Reader,
    view: BakeView,
    workspace: Option<PathBuf>,
}

impl Shelf {
    /// Follows all bakes from now on.
    pub fn follow(&self) -> Result<Following, Report> {
        let watch = ShelfWatch::open(self.bakes())?;
        Ok(Following { shelf: self.clone(), watch, open: HashMap::new(), is_new: true })
    }
}

impl Following {
    /// The news: everything at first, then what changes, waiting for it.
    pub async fn next(&mut self) -> Result<ShelfNews, Report> {
        if std::mem::take(&mut self.is_new) {
            return self.all().await;
        }
        loop {
            let mut notices = self.watch.changed().await?;
            // What comes close together is told together.
            let pause = tokio::time::sleep(RHYTHM);
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    () = &mut pause => break,
                    more = self.watch.changed() => notices.extend(more?),
                }
            }
            if notices.contains(&Notice::Everything) {
                return self.all().await;
            }
            let news = self.look_at(notices).await?;
            if news != (ShelfNews::Changed { rows: Vec::new(), gone: Vec::new() }) {
                return Ok(news);
            }
        }
    }

    async fn all(&mut self) -> Result<ShelfNews, Report> {
        let shelf = self.shelf.clone();
        let mut rows = blocking(move || shelf.list()).await?;
        let running: Vec<String> =
            rows.iter().filter(|row| row.status == ShelfStatus::Running).map(|row| row.bake.clone()).collect();
        self.open.clear();
        for id in running {
            // What happened between the two looks is in the second.
            let (row, _) = self.look(&id).await?;
            if let (Some(row), Some(old)) = (row, rows.iter_mut().find(|row| row.bake == id)) {
                *old = row;
            }
        }
        Ok(ShelfNews::All(rows))
    }

    async fn look_at(&mut self, notices: Vec<Notice>) -> Result<ShelfNews, Report> {
        let (mut changed, mut gone) = (BTreeSet::new(), BTreeSet::new());
        for notice in notices {
            match notice {
                Notice::Changed(id) => {
                    gone.remove(&id);
                    changed.insert(id);
                }
                Notice::Removed(id) => {
                    changed.remove(&id);
                    self.open.remove(&id);
                    gone.insert(id);
                }
                Notice::Everything => {}
            }
        }
        let mut rows = Vec::new();
        for id in changed {
            match self.look(&id).await? {
                (Some(row), _) => rows.push(row),
                (None, true) => {}
                (None, false) => {
                    gone.insert(id);
                }
            }
        }
        Ok(ShelfNews::Changed { rows, gone: gone.into_iter().collect() })
    }

    /// One bake as it stands now, and whether its folder is there. Bakes without an end are watched on.
    async fn look(&mut self, id: &str) -> Result<(Option<ShelfRow>, bool), Report> {
        let open = self.open.remove(id);
        // Before anything is read, so that nothing falls between.
        self.watch.add(id)?;
        let (bakes, name): (PathBuf, String) = (self.shelf.bakes().to_owned(), id.to_owned());
        let (row, open, is_there) = blocking(move || {
            let Some(folder) = BakeFolder::of(&bakes, &name) else { return Ok((None, None, false)) };
            if !folder.journal().exists() {
                return Ok((None, None, folder.path().exists()));
            }
            // Asked before the journal is read: a bake that ends in between is finished, never lost.
            let liveness = if is_held(&folder)? { Liveness::Alive } else { Liveness::Gone };
            let mut open = match open {
                Some(open) => open,
                None => {
                    let workspace = workspace_of(&folder);
                    Open { reader: Reader::open(&folder)?, view: BakeView::default(), workspace }
                }
            };
            while let Some(record) = open.reader.next_record()? {
                // A damaged line says nothing; the others still do.
                let event = record.ok().and_then(|record| record.event);
                event.iter().for_each(|event| open.view.apply(event));
            }
            let row = ShelfRow::of(&open.view, liveness);
            Ok((row.map(|row| ShelfRow { workspace: open.workspace.clone(), ..row }), Some(open), true))
        })
        .await?;
        match (&row, open) {
            (Some(row), Some(open)) if row.status == ShelfStatus::Running => {
                self.open.insert(id.to_owned(), open);
            }
            // A bake that has begun nothing yet is watched for its journal.
            (None, open) => self.open.extend(open.map(|open| (id.to_owned(), open))),
            _ => self.watch.remove(id),
        }
        Ok((row, is_there))
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Report> + Send + 'static) -> Result<T, Report> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Report::new(Kind::Failed, &error))?
}
