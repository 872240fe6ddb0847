//! The Store screen's effects: surveys, rows, one image in full.

use std::sync::Arc;

use futures_util::StreamExt;
use tokio::sync::mpsc::Sender;

use super::{Performer, Slot};
use crate::flows::Context;
use crate::report::Report;
use crate::tui::msg::Msg as Outer;
use crate::tui::screens::store::{Effect, Msg};
use crate::tui::tasks::TaskKind;

impl Performer {
    pub(super) fn store(&mut self, effect: Effect) {
        let (context, tell) = (Arc::clone(&self.context), self.tell.clone());
        match effect {
            Effect::Survey | Effect::ReadAgain => {
                let names: Vec<String> = context.store_names().map(str::to_owned).collect();
                for name in names {
                    let (context, tell) = (Arc::clone(&context), tell.clone());
                    let (kind, what) = (TaskKind::Survey(name.clone()), format!("reading the store {name}"));
                    self.task(kind, what, async move { survey(&context, name, &tell).await });
                }
            }
            Effect::Look { store, repository, tag } => {
                let slot = Slot::Look(format!("{store}/{repository}:{tag}"));
                self.spawn(slot, async move {
                    let seen = look(&context, &store, &repository, &tag).await;
                    send(&tell, Msg::Looked { store, repository, tag, seen }).await;
                });
            }
            Effect::Inspect(reference) => self.spawn(Slot::Inspect, async move {
                let msg = match context.inspect_at_hand(&reference).await {
                    Ok(None) => Msg::Away(reference),
                    Ok(Some(seen)) => Msg::Inspected { reference, seen: Ok(Arc::new(seen)) },
                    Err(report) => Msg::Inspected { reference, seen: Err(report) },
                };
                send(&tell, msg).await;
            }),
            Effect::Export(reference) => self.spawn(Slot::Inspect, async move {
                let seen = context.inspect(&reference, None).await.map(Arc::new);
                send(&tell, Msg::Inspected { reference, seen }).await;
            }),
        }
    }
}

async fn send(tell: &Sender<Outer>, msg: Msg) {
    // Nobody listens any more: the terminal UI is leaving.
    let _ = tell.send(Outer::Store(msg)).await;
}

async fn survey(context: &Context, store: String, tell: &Sender<Outer>) {
    send(tell, Msg::Begun(store.clone())).await;
    let failure = found(context, &store, tell).await.err();
    send(tell, Msg::Surveyed { store, failure }).await;
}

async fn found(context: &Context, store: &str, tell: &Sender<Outer>) -> Result<(), Report> {
    for source in context.sources(Some(store))? {
        let mut survey = source.survey();
        while let Some(found) = survey.next().await {
            send(tell, Msg::Found { store: store.to_owned(), found: found? }).await;
        }
    }
    Ok(())
}

async fn look(
    context: &Context,
    store: &str,
    repository: &str,
    tag: &str,
) -> Result<crate::flows::browse::Listed, Report> {
    let gone = || Report::message(crate::report::Kind::Failed, format!("{store}/{repository}:{tag} is gone"));
    let source = context.sources(Some(store))?.into_iter().next().ok_or_else(gone)?;
    source.look(repository, tag).await.map_err(|unlisted| unlisted.report)
}
