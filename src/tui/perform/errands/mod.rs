//! Errands: publishing, freeing, several bakes or verifications, a key unlocked.

mod batch;

pub(super) use batch::Underway;

use std::sync::{Arc, PoisonError};

use tokio::sync::mpsc::Sender;

use super::{Performer, Slot};
use crate::domain::units;
use crate::flows::Context;
use crate::flows::prune::{Freeing, gc};
use crate::flows::publish;
use crate::flows::verify::VerifyOptions;
use crate::report::Report;
use crate::tui::effect::Effect as Outer;
use crate::tui::errands::Hidden;
use crate::tui::errands::{Effect, Msg};
use crate::tui::msg::Msg as Told;
use crate::tui::tasks::{News, TaskKind};

impl Performer {
    pub(super) fn errand(&mut self, effect: Effect) {
        let (context, tell) = (Arc::clone(&self.context), self.tell.clone());
        match effect {
            Effect::PlanPublish(images) => {
                let what = format!("looking at what publishing {} would do", named(&images));
                self.task(TaskKind::Publish, what, async move {
                    let mut plans = Vec::with_capacity(images.len());
                    for image in &images {
                        plans.push(context.plan_publish(image).await);
                    }
                    send(&tell, Msg::Planned(plans)).await;
                });
            }
            Effect::Publish(images) => {
                let what = format!("publishing {}", named(&images));
                self.task(TaskKind::Publish, what, async move { publish(&context, images, &tell).await });
            }
            Effect::CountUnused => self.task(TaskKind::Unused, "counting what nothing refers to".into(), async move {
                let counted = gc(&context, Freeing { dry_run: true, ..Freeing::default() }).await;
                send(&tell, Msg::Counted(counted)).await;
            }),
            Effect::FreeUnused => self.task(TaskKind::Unused, "freeing what nothing refers to".into(), async move {
                send(&tell, Msg::Freed(gc(&context, Freeing::default()).await)).await;
            }),
            Effect::VerifyAll(images) => {
                let what = format!("verifying {}", named(&images));
                self.task(TaskKind::VerifyAll, what, async move { verify(&context, images, &tell).await });
            }
            Effect::BakeAll(files) => {
                if let Some(wanted) = wanted(&context, Outer::Errand(Effect::BakeAll(files.clone()))) {
                    return self.spawn(Slot::Unlock, async move { send(&tell, wanted).await });
                }
                self.bake_all(files);
            }
            Effect::StopBatch => self.stop_batch(),
            Effect::Unlock { passphrase, then } => {
                let unlocked = Arc::clone(&self.unlocked);
                self.blocking(Slot::Unlock, move || {
                    Told::Errand(match unlock(&context, &passphrase) {
                        Ok(context) => {
                            *unlocked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(context));
                            Msg::Unlocked(then)
                        }
                        Err(report) => {
                            let problem = Some([&[report.message], report.causes.as_slice()].concat().join(": "));
                            Msg::PassphraseWanted { key: key(&context).unwrap_or_default(), problem, then }
                        }
                    })
                });
            }
        }
    }
}

/// Asks for a passphrase, where a bake would need one that nobody told.
pub(super) fn wanted(context: &Context, then: Outer) -> Option<Msg> {
    Some(Msg::PassphraseWanted { key: key(context)?, problem: None, then: vec![then] })
}

/// The file, from the workspace, of the key whose passphrase nobody told. What is wrong with settings the bake itself tells.
fn key(context: &Context) -> Option<String> {
    let key = context.passphrase_wanted().ok().flatten()?;
    Some(key.strip_prefix(&context.workspace.root).unwrap_or(&key).display().to_string())
}

fn unlock(context: &Context, passphrase: &Hidden) -> Result<Context, Report> {
    context.clone().with_passphrase(passphrase.reveal())
}

/// One by its name, several by their number.
fn named(images: &[String]) -> String {
    match images {
        [one] => one.clone(),
        several => units::count(several.len() as u64, "image"),
    }
}

async fn send(tell: &Sender<Told>, msg: Msg) {
    // Nobody listens any more: the terminal UI is leaving.
    let _ = tell.send(Told::Errand(msg)).await;
}

fn progress(tell: &Sender<Told>, kind: TaskKind, text: String) {
    // The next one tells more.
    let _ = tell.try_send(Told::Task(News::Progress { kind, text }));
}

async fn publish(context: &Context, images: Vec<String>, tell: &Sender<Told>) {
    let all = images.len();
    for (number, image) in images.into_iter().enumerate() {
        let which = if all > 1 { format!("{} of {all}, ", number + 1) } else { String::new() };
        let told = |underway: publish::Underway| {
            let publish::Underway { blobs, of, bytes } = underway;
            progress(tell, TaskKind::Publish, format!("{which}{blobs} of {of} blobs, {} sent", units::bytes(bytes)));
        };
        let outcome = context.publish_watched(&image, None, told).await;
        send(tell, Msg::Published { image, outcome }).await;
    }
}

async fn verify(context: &Context, images: Vec<String>, tell: &Sender<Told>) {
    let mut all = Vec::with_capacity(images.len());
    for image in images {
        progress(tell, TaskKind::VerifyAll, image.clone());
        let verified = context.verify(&image, &VerifyOptions::default()).await;
        all.push((image, verified.map(|verified| verified.verdict)));
    }
    send(tell, Msg::VerifiedAll(all)).await;
}
