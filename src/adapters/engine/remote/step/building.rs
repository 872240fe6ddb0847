//! Steps that are carried out together, while it is built on a thread of its own: what comes of the first of them is here
//! before the last are done. Seals nothing.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::away::Away;
use super::dockerfile::{On, Written};
use super::group::Group;
use super::heard::{Early, Following};
use crate::adapters::engine::embedded::{LAST_LINES, RunError, StepError, Work};
use crate::adapters::engine::remote::{Builder, BuilderError, GroundImage, LayerFile, Order};
use crate::domain::oci::ChainId;

/// Where a group is built, and upon what. What lies there goes with it.
pub(super) struct Site {
    folder: TempDir,
    /// The image it stands on, at the builder and here; `None`: an archive in the context.
    pub(super) ground: Option<(String, GroundImage)>,
    /// What tells this build from others.
    pub(super) mark: Option<String>,
}

impl Site {
    pub(super) fn in_folder(folder: TempDir) -> Result<Self, StepError> {
        let site = Self { folder, ground: None, mark: None };
        for name in ["context", "result", "early"] {
            site.empty(name)?;
        }
        Ok(site)
    }

    /// An empty folder in it.
    pub(super) fn empty(&self, name: &str) -> Result<PathBuf, StepError> {
        let path = self.folder.path().join(name);
        let made = fs::create_dir(&path);
        made.map_err(|source| BuilderError::Io { action: "make", path: path.clone(), source })?;
        Ok(path)
    }

    pub(super) fn context(&self) -> PathBuf {
        self.folder.path().join("context")
    }

    pub(super) fn result(&self) -> PathBuf {
        self.folder.path().join("result")
    }

    pub(super) fn on(&self) -> On<'_> {
        On { from: self.ground.as_ref().map(|(name, _)| name.as_str()), mark: self.mark.as_deref() }
    }

    /// What is asked of the builder, its text written.
    pub(super) fn order(&self, work: &Work<'_>, group: &Group, text: &Written) -> Result<Order, StepError> {
        let file = self.context().join("Dockerfile");
        let written = fs::write(&file, &text.text);
        written.map_err(|source| BuilderError::Io { action: "write", path: file, source })?;
        Ok(Order {
            context: self.context(),
            platform: work.platform.clone(),
            secrets: group.secrets(),
            no_cache: work.no_cache,
            host_network: group.has_network(),
            result: self.result(),
            early: self.folder.path().join("early"),
        })
    }
}

/// A step that was carried out.
pub(super) struct Came {
    pub(super) member: usize,
    pub(super) layers: Result<Vec<LayerFile>, StepError>,
    pub(super) millis: u64,
}

/// How a build ended.
pub(super) struct Over {
    /// How many of its steps are done.
    pub(super) done: usize,
    /// Why the next one failed; `None` also where the builder does not tell: alone it may.
    pub(super) failure: Option<StepError>,
    /// No step failed, but whoever carries them out.
    pub(super) fatal: bool,
    /// The step that was under way.
    pub(super) at: usize,
    /// How long each took.
    pub(super) times: Vec<u64>,
}

enum News {
    Early(Early),
    Over(Box<Over>),
}

/// A group that is carried out.
pub(super) struct Building {
    pub(super) group: Arc<Group>,
    pub(super) site: Site,
    /// The builder does not tell which layers are whose.
    pub(super) unclear: bool,
    /// The step whose turn it is.
    at: usize,
    /// What lies below it where it is right; `None` before the first.
    below: Option<Option<ChainId>>,
    came: VecDeque<Came>,
    /// Layers that came early, of the first steps.
    early: Vec<Vec<LayerFile>>,
    /// Of how many of the first steps it is known that they are what this build made.
    proven: usize,
    is_over: bool,
    news: mpsc::Receiver<News>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Building {
    pub(super) fn begin(away: &Away, work: &Work<'_>, (group, site): (Group, Site), order: Order) -> Self {
        let (group, stop) = (Arc::new(group), work.around.cancel.child_token());
        let (heard, following) = Following::begin(&work.around, &work.away.turns, &group);
        let (sender, news) = mpsc::channel();
        let (builder, stopped) = (Arc::clone(&away.builder), stop.clone());
        let building = away.handle.spawn({
            let (builder, stop) = (Arc::clone(&builder), stop.clone());
            async move { builder.build(&order, &heard, &stop).await }
        });
        let (handle, timeout, with) = (away.handle.clone(), work.around.timeout, Arc::clone(&group));
        let thread = thread::spawn(move || {
            let mut watch = Watch { following, builder, group: with, timeout };
            watch.following.follow(&stopped, &mut |early| {
                // Nobody waits for it any more where it cannot be said.
                let _ = sender.send(News::Early(early));
            });
            let ended = match handle.block_on(building) {
                Ok(ended) => ended,
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => Err(BuilderError::Cancelled),
            };
            let _ = sender.send(News::Over(Box::new(watch.over(ended))));
        });
        Self {
            group,
            site,
            unclear: false,
            at: 0,
            below: None,
            came: VecDeque::new(),
            early: Vec::new(),
            proven: 0,
            is_over: false,
            news,
            stop,
            thread: Some(thread),
        }
    }

    /// How many of its steps were taken.
    pub(super) fn taken(&self) -> usize {
        self.at
    }

    /// Whether the step whose turn it is in the bake is the one that comes next here, and what it asked still is what it asks.
    pub(super) fn is_at(&self, work: &Work<'_>, here: &Option<ChainId>) -> bool {
        let member = self.group.members.get(self.at);
        self.below.as_ref() == Some(here)
            && member.is_some_and(|member| member.step == *work.around.step && member.asked.holds(work.action, work))
    }

    /// The step whose turn it was is sealed; the next one stands on this.
    pub(super) fn advance(&mut self, below: Option<ChainId>) {
        self.at += 1;
        self.below = Some(below);
    }

    /// What came of the step whose turn it is, if it is here. The last one is not given away before all is over: with it those
    /// before it are what they were said to be.
    pub(super) fn take(&mut self) -> Option<Came> {
        let may = self.is_over || self.at + 1 < self.group.members.len();
        if may { self.came.pop_front() } else { None }
    }

    /// Nothing more comes of it.
    pub(super) fn is_done(&self) -> bool {
        self.is_over && self.came.is_empty()
    }

    /// Waits for what comes next; gives how it ended where that is it.
    pub(super) fn wait(&mut self) -> Option<Over> {
        match self.news.recv() {
            Ok(News::Early(Early { member, layers, proven, millis })) => {
                // One that is missing takes those after it along.
                if member == self.early.len() {
                    self.proven += usize::from(proven && self.proven == member);
                    self.early.push(layers.clone());
                    self.came.push_back(Came { member, layers: Ok(layers), millis });
                }
                None
            }
            Ok(News::Over(over)) => {
                self.is_over = true;
                Some(*over)
            }
            // It ends without a word only where it panics.
            Err(_) => match self.thread.take().map(JoinHandle::join) {
                Some(Err(broken)) => std::panic::resume_unwind(broken),
                _ => {
                    let (failure, at) = (Some(StepError::Cancelled), self.at);
                    Some(Over { done: at, failure, fatal: true, at, times: Vec::new() })
                }
            },
        }
    }

    /// Whether all that came early is what these first steps have.
    pub(super) fn is_of(&self, layers: &[Vec<LayerFile>]) -> bool {
        are_of(&self.early, layers)
    }

    /// Whether what was taken of it is.
    pub(super) fn is_taken_of(&self, layers: &[Vec<LayerFile>]) -> bool {
        are_of(&self.early[..self.at.min(self.early.len())], layers)
    }

    /// Whether all of its first `done` steps came early.
    pub(super) fn has(&self, done: usize) -> bool {
        self.early.len() >= done
    }

    /// Whether it is known of all of them that they are what this build made.
    pub(super) fn has_proven(&self, done: usize) -> bool {
        self.proven >= done
    }

    /// It is known of all of them.
    pub(super) fn proven(&mut self) {
        self.proven = self.group.members.len();
    }

    /// The layers of the first steps, and why the one after them failed: what did not come early comes now.
    pub(super) fn arrive(&mut self, layers: Vec<Vec<LayerFile>>, times: &[u64], failure: Option<StepError>) {
        let took = |member: usize| times.get(member).copied().unwrap_or(0);
        let failed = layers.len().max(self.early.len());
        for (member, layers) in layers.into_iter().enumerate().skip(self.early.len()) {
            self.came.push_back(Came { member, layers: Ok(layers), millis: took(member) });
        }
        let failed = failure.map(|failure| Came { member: failed, layers: Err(failure), millis: took(failed) });
        self.came.extend(failed);
    }

    /// Ends it where it still goes on.
    pub(super) fn stop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // What it had to say nobody waits for.
            let _ = thread.join();
        }
        self.is_over = true;
    }
}

fn are_of(early: &[Vec<LayerFile>], layers: &[Vec<LayerFile>]) -> bool {
    let same = |(early, late): (&Vec<LayerFile>, &Vec<LayerFile>)| {
        early.len() == late.len() && early.iter().zip(late).all(|(a, b)| a.descriptor == b.descriptor)
    };
    early.len() <= layers.len() && early.iter().zip(layers).all(same)
}

impl Drop for Building {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whoever follows the build.
struct Watch {
    following: Following,
    builder: Arc<dyn Builder>,
    group: Arc<Group>,
    timeout: Option<Duration>,
}

impl Watch {
    /// What the end of the build is for its steps.
    fn over(&mut self, ended: Result<(), BuilderError>) -> Over {
        let Self { following, builder, group, timeout } = self;
        let members = group.members.len();
        let cancelled = matches!(ended, Err(BuilderError::Cancelled));
        let done = match (&ended, following.late) {
            (Ok(()), _) => members,
            (Err(_), Some(late)) => late,
            (Err(BuilderError::Instruction { line, .. }), None) => {
                group.at(*line).map_or(following.current(), |(member, _)| member)
            }
            (Err(_), None) => following.current(),
        };
        let at = done.min(members - 1);
        let mut told = following.reach(at) && following.end();
        if told && cancelled && !builder.ends_cancelled() {
            told = following.say(at, &format!("{} may let this step go on to its end all the same", builder.name()));
        }
        let over = |failure, fatal| Over { done, failure, fatal, at, times: following.times() };
        if !told {
            return over(Some(StepError::Cancelled), true);
        }
        let last = || following.last_lines(done, LAST_LINES);
        let what = |line: usize| group.members[done].asked.what(group.at(line).map_or(0, |(_, command)| command));
        match (ended.err(), following.late, *timeout) {
            (None, ..) => over(None, false),
            (Some(_), Some(_), Some(limit)) => {
                over(Some(RunError::Timeout { what: what(0), limit, last: last() }.into()), false)
            }
            (Some(BuilderError::Instruction { line, exit_code: Some(code), .. }), ..) => {
                over(Some(RunError::Status { what: what(line), code, last: last() }.into()), false)
            }
            // The builder does not say what failed: alone it may, or this machine before it.
            (Some(BuilderError::Instruction { .. }), ..) if done > 0 => over(None, false),
            (Some(error), ..) => over(Some(error.into()), true),
        }
    }
}
