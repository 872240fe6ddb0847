//! The Recipes screen's effects.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::mpsc::Sender;

use super::{Performer, Slot};
use crate::flows::bake::{BakeOptions, read_requests, start};
use crate::flows::watch::Shelf;
use crate::flows::{Context, PrepareOptions};
use crate::report::{Kind, Report};
use crate::tui::msg::Msg as Outer;
use crate::tui::screens::recipes::{Effect, Msg};

/// Bases asked for at once.
const AT_ONCE: usize = 8;

impl Performer {
    pub(super) fn recipes(&mut self, effect: Effect) {
        let (context, tell) = (Arc::clone(&self.context), self.tell.clone());
        match effect {
            Effect::List => self.spawn(Slot::Recipes, async move { list(&context, &tell).await }),
            Effect::Plan(file) => self.spawn(Slot::Plan, async move {
                let plan = plan(&context, &file).await;
                send(&tell, Msg::Planned { file, plan }).await;
            }),
            Effect::Bake(file) => self.spawn(Slot::Bake(file.clone()), async move {
                send(&tell, Msg::Begun(begin(&context, file).await)).await;
            }),
            Effect::SetBase { file, image } => self.blocking(Slot::Write(file.clone()), move || {
                let change = context.set_base(&file, &image);
                Outer::Recipes(Msg::BaseSet { file, image, change })
            }),
            Effect::TakeBack { file, change } => self.blocking(Slot::Write(file.clone()), move || {
                let taken = context.take_back(&file, &change).map(|()| change.shown);
                Outer::Recipes(Msg::TakenBack(taken))
            }),
            Effect::Editor(effect) => self.editor(effect),
        }
    }
}

async fn send(tell: &Sender<Outer>, msg: Msg) {
    // Nobody listens any more: the terminal UI is leaving.
    let _ = tell.send(Outer::Recipes(msg)).await;
}

/// What lies here at once; then where each pinned base points now.
async fn list(context: &Context, tell: &Sender<Outer>) {
    let listed = context.standings(&Shelf::from_environment()).await;
    let pinned: Vec<PathBuf> =
        listed.iter().flatten().filter(|card| card.pinned.is_some()).map(|card| card.file.clone()).collect();
    send(tell, Msg::Listed(listed)).await;
    let asked = stream::iter(pinned).map(|file| async move {
        let now = context.base_now(file.clone()).await;
        send(tell, Msg::BaseNow { file, now }).await;
    });
    asked.buffer_unordered(AT_ONCE).collect::<()>().await;
}

async fn plan(context: &Context, file: &std::path::Path) -> Result<Arc<crate::domain::plan::Plan>, Report> {
    let loaded = context.recipes(&[file.to_owned()])?.into_iter().next();
    let loaded = loaded.ok_or_else(|| Report::message(Kind::Usage, "no such recipe"))?;
    let prepared = context.prepare(&loaded, PrepareOptions::default()).await?;
    Ok(Arc::new(prepared.plan))
}

async fn begin(context: &Context, file: PathBuf) -> Result<String, Report> {
    let asked = read_requests(context, &[file], &BakeOptions::default())?;
    let request = asked.requests.first().ok_or_else(|| Report::message(Kind::Usage, "no such recipe"))?;
    start(context, request, false).await.map(|started| started.bake)
}
