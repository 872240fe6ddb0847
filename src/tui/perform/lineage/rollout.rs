//! Roll-outs: planned, begun, followed, stopped, gone on with.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use super::super::errands::wanted;
use super::super::{Performer, Slot};
use super::send;
use crate::flows::Context;
use crate::flows::rollout::RolloutOptions;
use crate::report::Report;
use crate::tui::effect::Effect as Outer;
use crate::tui::msg::Msg as Told;
use crate::tui::screens::Held;
use crate::tui::screens::lineage::{Effect, Msg};
use crate::tui::tasks::TaskKind;

impl Performer {
    pub(super) fn rollout(&mut self, effect: Effect) {
        let (context, tell) = (Arc::clone(&self.context), self.tell.clone());
        let needs_key = matches!(effect, Effect::Begin { .. } | Effect::Resume(_));
        if needs_key && let Some(wanted) = wanted(&context, Outer::Lineage(effect.clone())) {
            return self.spawn(Slot::BeginRollOut, async move { drop(tell.send(Told::Errand(wanted)).await) });
        }
        match effect {
            Effect::Plan { base, only } => {
                let what = format!("finding out what a roll-out of {base} would do");
                self.task(TaskKind::Asking, what, async move {
                    let plan = context.plan_rollout(&base, &options(&only)).await.map(Held::new);
                    send(&tell, Msg::Planned { base, only, plan }).await;
                });
            }
            Effect::Begin { base, only } => self.spawn(Slot::BeginRollOut, async move {
                let begun = context.begin_rollout(&base, &options(&only)).await;
                send(&tell, Msg::Begun(begun)).await;
            }),
            Effect::Newest => self.blocking(Slot::NewestRollOut, move || {
                Told::Lineage(Msg::Newest(context.newest_rollout().map(|newest| newest.map(Held::new))))
            }),
            Effect::Follow(id) => self.spawn(Slot::RollOut, async move {
                let failure = follow(&context, &id, &tell).await.err();
                send(&tell, Msg::Unfollowed { id, failure }).await;
            }),
            Effect::Cancel(id) => self.blocking(Slot::CancelRollOut, move || {
                let failure = context.cancel_rollout(&id).err();
                Told::Lineage(Msg::Told { id, resume: false, failure })
            }),
            Effect::Resume(id) => self.spawn(Slot::BeginRollOut, async move {
                let failure = context.resume_rollout(&id).await.err();
                send(&tell, Msg::Told { id, resume: true, failure }).await;
            }),
            _ => {}
        }
    }
}

fn options(only: &[String]) -> RolloutOptions {
    RolloutOptions { only: only.to_vec(), ..RolloutOptions::default() }
}

/// Tells each step of it, until it ends.
async fn follow(context: &Context, id: &str, tell: &Sender<Told>) -> Result<(), Report> {
    let mut following = context.follow_rollout(id)?;
    while let Some(progress) = following.next().await? {
        send(tell, Msg::Progress(Held::new(progress))).await;
    }
    Ok(())
}
