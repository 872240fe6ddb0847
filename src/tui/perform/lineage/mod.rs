//! The Lineage screen's effects: the lineage read, images of it looked into, rebases and what-ifs.

mod rollout;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc::Sender;

use super::errands::wanted;
use super::{Performer, Slot};
use crate::domain::units::count;
use crate::flows::Context;
use crate::flows::lineage::{Lineage, LineageWatch};
use crate::flows::rebase::RebaseOptions;
use crate::flows::update::{UpdateOptions, Updated};
use crate::tui::effect::Effect as Outer;
use crate::tui::msg::Msg as Told;
use crate::tui::screens::Held;
use crate::tui::screens::lineage::{Effect, Msg};
use crate::tui::tasks::{News, TaskKind};

/// An image is looked into once the selection rests for so long.
const PAUSE: Duration = Duration::from_millis(60);

/// The lineage that is watched, kept from one visit of the screen to the next: connections, and what was answered.
pub(super) type Watched = tokio::sync::Mutex<Option<LineageWatch>>;

impl Performer {
    pub(super) fn lineage(&mut self, effect: Effect) {
        let (context, tell) = (Arc::clone(&self.context), self.tell.clone());
        match effect {
            Effect::Read { run } => self.read(run),
            Effect::Watch { run, lineage } => {
                let watched = Arc::clone(&self.watched);
                self.spawn(Slot::LineageWatch, async move { watch(&context, &watched, (run, lineage), &tell).await });
            }
            Effect::Assess { lineage, number } => self.spawn(Slot::Assess, async move {
                tokio::time::sleep(PAUSE).await;
                assess(context, lineage, number, tell).await;
            }),
            Effect::AssessAll { lineage, numbers } => {
                let what = format!("looking into {}", count(numbers.len() as u64, "stale image"));
                self.task(TaskKind::Assess, what, async move { assess_all(context, lineage, numbers, tell).await });
            }
            Effect::Rest => {
                self.give_up(&Slot::AssessAll);
                self.give_up(&Slot::Assess);
                self.give_up(&Slot::LineageWatch);
            }
            Effect::Rebase { image, dry_run } => self.rebase(image, dry_run),
            Effect::Update(recipes) => self.task(TaskKind::Update, "moving locks".into(), async move {
                let updated = context.update(&recipes, UpdateOptions::default()).await;
                let failure = match updated {
                    Ok(updated) => updated.into_iter().find_map(Updated::obstacle),
                    Err(report) => Some(report),
                };
                send(&tell, Msg::Updated { recipes, failure }).await;
            }),
            Effect::Impact { base, onto } => {
                let what = format!("finding out what {onto} as {base} would do");
                self.task(TaskKind::Asking, what, async move {
                    let hits = context.impact(&base, &onto).await.map(Held::new);
                    send(&tell, Msg::Impact { base, onto, hits }).await;
                });
            }
            other => self.rollout(other),
        }
    }

    /// Everything anew: whoever asks for that wants no store left alone.
    fn read(&mut self, run: u64) {
        let (context, tell, watched) = (Arc::clone(&self.context), self.tell.clone(), Arc::clone(&self.watched));
        self.give_up(&Slot::LineageWatch);
        self.task(TaskKind::Lineage, "reading who inherits from whom".into(), async move {
            let mut watched = watched.lock().await;
            let lineage = Held::of(watched.insert(context.watch_lineage(context.settings.watch_every)).next().await);
            drop(watched);
            send(&tell, Msg::Read { run, lineage }).await;
        });
    }

    fn rebase(&mut self, image: String, dry_run: bool) {
        let (context, tell) = (Arc::clone(&self.context), self.tell.clone());
        let again = || Outer::Lineage(Effect::Rebase { image: image.clone(), dry_run });
        if !dry_run && let Some(wanted) = wanted(&context, again()) {
            let slot = Slot::Rebase(image);
            return self.spawn(slot, async move { drop(tell.send(Told::Errand(wanted)).await) });
        }
        let (kind, what) = match dry_run {
            true => (TaskKind::Asking, format!("finding out whether {image} can be rebased")),
            false => (TaskKind::Rebase(image.clone()), format!("rebasing {image}")),
        };
        self.task(kind, what, async move {
            let options = RebaseOptions { dry_run, ..RebaseOptions::default() };
            let outcome = context.rebase(&image, &options).await.map(Box::new);
            send(&tell, Msg::Rebased { image, dry_run, outcome }).await;
        });
    }
}

pub(super) async fn send(tell: &Sender<Told>, msg: Msg) {
    // Nobody listens any more: the terminal UI is leaving.
    let _ = tell.send(Told::Lineage(msg)).await;
}

/// Tells of each look at all stores, without end. What was found when nobody listened is told first.
async fn watch(context: &Context, watched: &Watched, (run, known): (u64, Held<Lineage>), tell: &Sender<Told>) {
    let mut watched = watched.lock().await;
    let watching = watched.get_or_insert_with(|| context.watch_lineage(context.settings.watch_every));
    if let Some(last) = watching.last().filter(|last| !Arc::ptr_eq(last, &known.shared())) {
        let lineage = Some(Held::of(Arc::clone(last)));
        send(tell, Msg::Looked { run, lineage }).await;
    }
    loop {
        let lineage = watching.look().await.map(Held::of);
        send(tell, Msg::Looked { run, lineage }).await;
    }
}

async fn assess(context: Arc<Context>, lineage: Held<Lineage>, number: usize, tell: Sender<Told>) {
    let found = context.assess(&lineage, number).await.map(Held::new);
    send(&tell, Msg::Assessed { lineage, number, found }).await;
}

/// A few at a time; what several ask is asked once.
async fn assess_all(context: Arc<Context>, lineage: Held<Lineage>, numbers: Vec<usize>, tell: Sender<Told>) {
    let all = numbers.len();
    let mut assessed = context.assess_all(lineage.shared(), numbers);
    let mut done = 0;
    while let Some((number, found)) = assessed.next().await {
        send(&tell, Msg::Assessed { lineage: lineage.clone(), number, found: found.map(Held::new) }).await;
        done += 1;
        let news = News::Progress { kind: TaskKind::Assess, text: format!("{done} of {all}") };
        // The next one tells more.
        let _ = tell.try_send(Told::Task(news));
    }
}
