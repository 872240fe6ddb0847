//! Following a roll-out: what its journal says, then what comes, to its end or to the end of the process at work. Never polls.

use std::path::Path;

use crate::adapters::journal::{BakeFolder, ShelfWatch, is_held};
use crate::adapters::rollouts::{Line, Lines};
use crate::domain::rollout::{Progress, State};
use crate::report::{Kind, Report};

/// What there is to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// How far it is.
    pub progress: Progress,
    /// The lines that came since the last news.
    pub lines: Vec<Line>,
    /// Lines that cannot be read, in words; escaped.
    pub damage: Vec<String>,
}

/// A roll-out being followed.
#[derive(Debug)]
pub struct Following {
    folder: BakeFolder,
    watch: ShelfWatch,
    lines: Lines,
    state: State,
    is_new: bool,
    over: bool,
}

impl Following {
    pub(super) fn open(rollouts: &Path, folder: BakeFolder) -> Result<Self, Report> {
        let mut watch = ShelfWatch::open(rollouts)?;
        // Before anything is read, so that nothing falls between.
        watch.add(folder.id())?;
        let lines = Lines::open(&folder)?;
        Ok(Self { folder, watch, lines, state: State::default(), is_new: true, over: false })
    }

    /// Its ULID.
    pub fn id(&self) -> &str {
        self.folder.id()
    }

    /// How the command that follows it ends, once it is over: as the worst of what failed, where something was left.
    pub fn ending(&self) -> Result<(), Kind> {
        use crate::domain::rollout::RolloutStatus;
        match self.state.ended() {
            Some(RolloutStatus::Done) => Ok(()),
            Some(RolloutStatus::Cancelled) => Err(Kind::Cancelled),
            _ => Err(Kind::of_exit_code(self.state.worst())),
        }
    }

    /// How far it is, each time that changes; `None` when it has ended and all was told. May be dropped at any await.
    pub async fn next(&mut self) -> Result<Option<Progress>, Report> {
        Ok(self.news().await?.map(|news| news.progress))
    }

    /// The same, with the lines of its journal.
    pub async fn news(&mut self) -> Result<Option<News>, Report> {
        loop {
            if self.over {
                return Ok(None);
            }
            // Asked before the journal is read: one that ends in between is finished, never lost.
            let alive = is_held(&self.folder)?;
            let (lines, damage) = self.read()?;
            let ended = self.state.ended().is_some();
            self.over = ended || !alive;
            if (self.over || self.is_new || !lines.is_empty() || !damage.is_empty())
                && let Some(progress) = self.state.progress(alive)
            {
                self.is_new = false;
                return Ok(Some(News { progress, lines, damage }));
            }
            if !self.over {
                self.watch.changed().await?;
            }
        }
    }

    fn read(&mut self) -> Result<(Vec<Line>, Vec<String>), Report> {
        let (mut read, mut damage) = (Vec::new(), Vec::new());
        while let Some(line) = self.lines.next_line()? {
            match line {
                Ok(line) => {
                    line.event.iter().for_each(|event| self.state.apply(event));
                    read.push(line);
                }
                Err(found) => {
                    let report = Report::new(Kind::Failed, &found);
                    damage.push(format!("{} ({})", report.message, report.causes.join(": ")));
                }
            }
        }
        Ok((read, damage))
    }
}

/// What a journal comes to now. A damaged line says nothing; the others still do.
pub(super) fn read(folder: &BakeFolder) -> Result<State, Report> {
    let (mut lines, mut state) = (Lines::open(folder)?, State::default());
    while let Some(line) = lines.next_line()? {
        line.iter().filter_map(|line| line.event.as_ref()).for_each(|event| state.apply(event));
    }
    Ok(state)
}
