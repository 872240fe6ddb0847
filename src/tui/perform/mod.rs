//! Does what `update` wanted done, in tasks that answer with messages. The only async of the terminal UI besides the loop.

mod bake;
mod bakes;
mod clipboard;
mod diff;
mod editor;
mod errands;
mod lineage;
mod recipes;
mod store;
mod task;
mod themes;
mod verify;

pub(super) use bake::told;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio_util::task::JoinMap;

use super::effect::Effect;
use super::msg::Msg;
use crate::flows::Context;

/// What a task is for. A second task for the same replaces the first: the newest wish counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    /// A survey of this store.
    Survey(String),
    /// One image looked into.
    Look(String),
    /// The image in full.
    Inspect,
    /// The bake on show.
    Viewing,
    /// The newest bake.
    Newest,
    /// The shelf as it changes.
    Shelf,
    /// All recipes.
    Recipes,
    /// The plan of the selected recipe.
    Plan,
    /// A bake of this recipe being begun.
    Bake(PathBuf),
    /// A change to this file.
    Write(PathBuf),
    /// A new recipe being made.
    New,
    /// The images a new recipe may be based on.
    Images,
    /// A text being judged.
    Judge,
    /// What may stand at the cursor.
    Complete,
    /// What stands at the cursor means.
    Explain,
    /// What a bake of a text would do.
    Foresee,
    /// What is typed into this file, being kept.
    Draft(PathBuf),
    /// An answer on its way back.
    Answer,
    /// The exact changes of the layer on show.
    Changes,
    /// Images being opened.
    Open,
    /// The list of files.
    List,
    /// What is in the selected file.
    Content,
    /// A file being written.
    Export(String),
    /// A chain being verified.
    Verify,
    /// Two chains being verified, to be compared.
    Trust,
    /// Something being copied.
    Copy,
    /// A wish to stop this bake.
    Cancel(String),
    /// The themes there are.
    Themes,
    /// A theme being kept.
    KeepTheme,
    /// Several bakes, bases first.
    Batch,
    /// Several images being verified.
    VerifyAll,
    /// Images being published, or what that would do.
    Publish,
    /// What nothing refers to being counted or freed.
    Unused,
    /// A key being opened.
    Unlock,
    /// The palette going on.
    Find,
    /// Who inherits from whom being read.
    Lineage,
    /// The same as it changes.
    LineageWatch,
    /// The selected image of it being looked into.
    Assess,
    /// All stale ones being looked into.
    AssessAll,
    /// What would come of something being found out.
    Asking,
    /// This image being rebased.
    Rebase(String),
    /// Locks being moved.
    Update,
    /// A roll-out being begun, or gone on with.
    BeginRollOut,
    /// The newest roll-out being looked for.
    NewestRollOut,
    /// A roll-out being followed.
    RollOut,
    /// A wish to stop one.
    CancelRollOut,
}

/// Where tasks run and answer.
pub(super) struct Performer {
    context: Arc<Context>,
    /// The same with a passphrase somebody typed, from the next effect on.
    unlocked: Arc<Mutex<Option<Arc<Context>>>>,
    tasks: JoinMap<Slot, ()>,
    tell: mpsc::Sender<Msg>,
    /// How many times as fast bakes are played again.
    speed: f64,
    drafts: editor::Drafts,
    /// Who inherits from whom.
    watched: Arc<lineage::Watched>,
    /// Several bakes, while they are followed.
    batch: Option<errands::Underway>,
    /// How many tasks were told of.
    told: u64,
}

/// What has been told at least once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// The shelf of bakes.
    pub(super) shelf: bool,
    /// The recipes, and where their bases point.
    pub(super) recipes: bool,
    /// A bake that goes on, up to what has happened so far.
    pub(super) viewing: bool,
    /// How far a roll-out that goes on is.
    pub(super) rollout: bool,
}

/// What tasks are still to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnderWay {
    /// No task is left.
    Nothing,
    /// Only what never ends by itself: the shelf, a bake being watched.
    Endless,
    /// Answers.
    Answers,
}

/// Messages on their way at most: whoever has more waits.
const ON_THE_WAY: usize = 1024;

impl Performer {
    /// Answers come out of the receiver.
    pub(super) fn new(context: Arc<Context>) -> (Self, mpsc::Receiver<Msg>) {
        let (tell, messages) = mpsc::channel(ON_THE_WAY);
        let performer = Self {
            context,
            unlocked: Arc::default(),
            tasks: JoinMap::new(),
            tell,
            speed: 1.0,
            drafts: editor::Drafts::default(),
            watched: Arc::default(),
            batch: None,
            told: 0,
        };
        (performer, messages)
    }

    /// Plays bakes again so many times as fast.
    pub(super) fn replay_at(&mut self, speed: f64) {
        self.speed = speed;
    }

    /// Starts one effect. Those of the terminal itself are the loop's.
    pub(super) fn perform(&mut self, effect: Effect) {
        self.reap();
        if let Some(unlocked) = self.unlocked.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.context = unlocked;
        }
        match effect {
            Effect::Store(effect) => self.store(effect),
            Effect::Recipes(effect) => self.recipes(effect),
            Effect::Bake(effect) => self.bake(effect),
            Effect::Verify(effect) => self.verify(effect),
            Effect::Diff(effect) => self.diff(effect),
            Effect::Lineage(effect) => self.lineage(effect),
            Effect::Bakes(effect) => self.bakes(effect),
            Effect::Themes => self.themes(),
            Effect::Theme { name, keep: true } => self.keep_theme(name),
            Effect::Copy(text) => self.copy(text),
            Effect::Errand(effect) => self.errand(effect),
            Effect::FindMore => {
                let tell = self.tell.clone();
                self.spawn(Slot::Find, async move {
                    // Nobody listens any more: the terminal UI is leaving.
                    let _ = tell.send(Msg::FindMore).await;
                });
            }
            Effect::GiveUp(kind) => self.give_up(&Slot::of(&kind)),
            Effect::Theme { .. }
            | Effect::Send(_)
            | Effect::EditOutside(_)
            | Effect::Shell(_)
            | Effect::Leave
            | Effect::Suspend
            | Effect::Redraw
            | Effect::Mouse(_) => {}
        }
    }

    /// What is still under way; what is followed without end counts as such once it was `told` for the first time.
    pub(super) fn under_way(&self, told: Told) -> UnderWay {
        let endless = |slot: &Slot| match slot {
            Slot::Viewing => told.viewing,
            Slot::Shelf => told.shelf,
            Slot::Recipes => told.recipes,
            Slot::RollOut => told.rollout,
            // It was read before.
            Slot::LineageWatch => true,
            _ => false,
        };
        let (mut tasks, mut open) = (0, 0);
        for slot in self.tasks.keys() {
            tasks += 1;
            open += usize::from(!endless(slot));
        }
        match (tasks, open) {
            (0, _) => UnderWay::Nothing,
            (_, 0) => UnderWay::Endless,
            _ => UnderWay::Answers,
        }
    }

    /// Waits until a task is over; for ever where there is none.
    pub(super) async fn one_over(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Forgets tasks that are over.
    fn reap(&mut self) {
        use futures_util::FutureExt;
        while let Some(Some(_)) = self.tasks.join_next().now_or_never() {}
    }

    fn spawn(&mut self, slot: Slot, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(slot, task);
    }

    /// Gives up what is under way there.
    fn give_up(&mut self, slot: &Slot) {
        self.tasks.abort(slot);
    }

    /// Work that waits for the disk, answered with one message.
    fn blocking(&mut self, slot: Slot, work: impl FnOnce() -> Msg + Send + 'static) {
        let tell = self.tell.clone();
        self.spawn(slot, async move {
            // A panic in there has ended the viewer; nobody listening means that it is leaving.
            if let Ok(msg) = tokio::task::spawn_blocking(work).await {
                let _ = tell.send(msg).await;
            }
        });
    }
}
