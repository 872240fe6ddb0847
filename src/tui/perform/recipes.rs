//! The Recipes screen's effects.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::mpsc::Sender;

use super::errands::wanted;
use super::{Performer, Slot};
use crate::domain::projection::ShelfStatus;
use crate::flows::Context;
use crate::flows::bake::{BakeOptions, read_requests, start};
use crate::flows::browse::Found;
use crate::flows::follow::{Following, ShelfNews};
use crate::flows::watch::Shelf;
use crate::report::{Kind, Report};
use crate::tui::effect::Effect as Outer;
use crate::tui::msg::Msg as Told;
use crate::tui::screens::recipes::{Effect, Msg, wizard};

/// Bases asked for at once.
const AT_ONCE: usize = 8;
/// A recipe is planned once the selection rests for so long.
const PAUSE: Duration = Duration::from_millis(40);

impl Performer {
    pub(super) fn recipes(&mut self, effect: Effect) {
        let (context, tell) = (Arc::clone(&self.context), self.tell.clone());
        match effect {
            Effect::List => self.spawn(Slot::Recipes, async move { list(&context, &tell).await }),
            Effect::Plan { file, ask } => self.spawn(Slot::Plan, async move {
                tokio::time::sleep(PAUSE).await;
                let plan = context.prospect(&file, ask).await.map(Arc::new);
                send(&tell, Msg::Planned { file, plan }).await;
            }),
            Effect::Bake(file) => match wanted(&context, Outer::Recipes(Effect::Bake(file.clone()))) {
                // Nobody listens any more: the terminal UI is leaving.
                Some(wanted) => self.spawn(Slot::Unlock, async move { drop(tell.send(Told::Errand(wanted)).await) }),
                // Where there are builders, one of them gets it.
                None if !context.builders().is_empty() => self.bake_one(file),
                None => self.spawn(Slot::Bake(file.clone()), async move {
                    send(&tell, Msg::Begun(begin(&context, file).await)).await;
                }),
            },
            Effect::SetBase { file, image } => self.blocking(Slot::Write(file.clone()), move || {
                let change = context.set_base(&file, &image);
                Told::Recipes(Msg::BaseSet { file, image, change })
            }),
            Effect::Wizard(wizard::Effect::Begin(base)) => self.spawn(Slot::Answer, async move {
                send(&tell, Msg::Wizard(wizard::Msg::Begin(base))).await;
            }),
            Effect::Wizard(wizard::Effect::Images) => self.spawn(Slot::Images, async move {
                let failure = images(&context, &tell).await.err();
                send(&tell, Msg::Wizard(wizard::Msg::Read(failure))).await;
            }),
            Effect::Wizard(wizard::Effect::Make(asked)) => self.blocking(Slot::New, move || {
                Told::Recipes(Msg::Wizard(wizard::Msg::Made(context.new_recipe_as(&asked))))
            }),
            Effect::TakeBack { file, change } => self.blocking(Slot::Write(file.clone()), move || {
                let taken = context.take_back(&file, &change).map(|()| change.shown);
                Told::Recipes(Msg::TakenBack(taken))
            }),
            Effect::Editor(effect) => self.editor(effect),
        }
    }
}

async fn send(tell: &Sender<Told>, msg: Msg) {
    // Nobody listens any more: the terminal UI is leaving.
    let _ = tell.send(Told::Recipes(msg)).await;
}

/// The images of every store, a repository at a time; a store that cannot be listed keeps none of the others.
async fn images(context: &Context, tell: &Sender<Told>) -> Result<(), Report> {
    let mut failure = Ok(());
    for store in context.store_names().map(str::to_owned).collect::<Vec<_>>() {
        for source in context.sources(Some(&store))? {
            let mut survey = source.survey();
            while let Some(found) = survey.next().await {
                match found {
                    Ok(Found::Tags { repository, tags }) => {
                        let named = tags.iter().map(|tag| format!("{store}/{repository}:{tag}"));
                        send(tell, Msg::Wizard(wizard::Msg::Images(named.collect()))).await;
                    }
                    Ok(Found::Repositories(_)) => {}
                    Ok(Found::Unreadable { report, .. }) | Err(report) => failure = Err(report),
                }
            }
        }
    }
    failure
}

/// What lies here at once; then where each pinned base points now, each asked once; again whenever a bake begins or ends.
async fn list(context: &Context, tell: &Sender<Told>) {
    let shelf = Shelf::from_environment();
    // Before the first look, so that nothing falls between. A shelf that cannot be followed stands still.
    let (mut following, mut known) = (shelf.follow().ok(), HashMap::new());
    if let Some(following) = &mut following {
        turn(following, &mut known).await;
    }
    let listed = context.standings(&shelf).await;
    let asks: BTreeSet<String> = listed.iter().flatten().filter_map(|card| card.asks.clone()).collect();
    send(tell, Msg::Listed(listed)).await;
    tokio::join!(ask(context, asks.clone(), tell), async {
        let Some(following) = &mut following else { return };
        let mut asked = asks;
        while turn(following, &mut known).await {
            let listed = context.standings(&shelf).await;
            let cards = listed.iter().flatten();
            let new: BTreeSet<String> =
                cards.filter_map(|card| card.asks.clone()).filter(|asks| asked.insert(asks.clone())).collect();
            send(tell, Msg::Listed(listed)).await;
            ask(context, new, tell).await;
        }
    });
}

async fn ask(context: &Context, asks: BTreeSet<String>, tell: &Sender<Told>) {
    let asked = stream::iter(asks).map(|asks| async move {
        let now = context.base_now(&asks).await;
        send(tell, Msg::BaseNow { asks, now }).await;
    });
    asked.buffer_unordered(AT_ONCE).collect::<()>().await;
}

/// Takes the first look, then waits until a bake begins or ends; `false` where the shelf cannot be followed any more.
async fn turn(following: &mut Following, known: &mut HashMap<String, ShelfStatus>) -> bool {
    loop {
        let Ok(news) = following.next().await else { return false };
        // All of them: at the beginning, or when so much happened that nobody told what.
        let (rows, mut has_turned) = match news {
            ShelfNews::All(rows) => (rows, true),
            ShelfNews::Changed { rows, .. } => (rows, false),
        };
        for row in rows {
            has_turned |= known.insert(row.bake, row.status) != Some(row.status);
        }
        if has_turned {
            return true;
        }
    }
}

async fn begin(context: &Context, file: PathBuf) -> Result<String, Report> {
    let of = context.clone();
    let read = move || read_requests(&of, &[file], &BakeOptions::default());
    let asked = tokio::task::spawn_blocking(read).await.map_err(|error| Report::new(Kind::Failed, &error))??;
    let request = asked.requests.first().ok_or_else(|| Report::message(Kind::Usage, "no such recipe"))?;
    start(context, request, false).await.map(|started| started.bake)
}
