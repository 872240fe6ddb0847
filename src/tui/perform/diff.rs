//! The Diff screen's effects: images opened, lists made and contents read, all that takes long on threads of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use super::{Performer, Slot};
use crate::domain::layer::CompareOptions;
use crate::flows::Context;
use crate::flows::compare::{Compared, Content, Opened};
use crate::flows::export::Export;
use crate::flows::verify::VerifyOptions;
use crate::report::{Kind, Report};
use crate::tui::msg::Msg as Outer;
use crate::tui::screens::Compare;
use crate::tui::screens::diff::{Effect, Held, Matter, Msg, Request, Saved, Shown, Source, Wanted};
use crate::tui::tasks::TaskKind;

/// Contents are read once the selection rests for so long, and what is typed is looked for once typing pauses.
const PAUSE: Duration = Duration::from_millis(40);
/// A comparison of lines that takes longer ends roughly.
const PATIENCE: Duration = Duration::from_millis(500);

impl Performer {
    pub(super) fn diff(&mut self, effect: Effect) {
        let (context, tell) = (Arc::clone(&self.context), self.tell.clone());
        match effect {
            Effect::Open(asked) => self.task(TaskKind::Open, opening(&asked), async move {
                let matter = open(&context, &asked).await;
                send(&tell, Msg::Opened { asked, matter }).await;
            }),
            Effect::List(request) => self.spawn(Slot::List, list(request, tell)),
            Effect::Content(wanted) => self.spawn(Slot::Content, async move {
                tokio::time::sleep(PAUSE).await;
                let shown = content(&context, &wanted).await;
                let Wanted { sources, .. } = *wanted;
                send(&tell, Msg::Content { sources, shown }).await;
            }),
            Effect::Trust { before, after } => {
                self.task(TaskKind::Trust, format!("verifying {before} and {after}"), async move {
                    let verify = async |image: String| {
                        let verified = context.verify(&image, &VerifyOptions::default()).await.map(Arc::new);
                        (image, verified)
                    };
                    let (before, after) = futures_util::future::join(verify(before), verify(after)).await;
                    send(&tell, Msg::Trusted { before, after }).await;
                });
            }
            Effect::Save { ref matter, ref source, ref to, replace } => {
                let (matter, source, to) = (matter.clone(), source.clone(), to.clone());
                self.task(TaskKind::Export(to.clone()), format!("writing {to}"), async move {
                    let image = matter.image(source.which);
                    let outcome = context.export_file(image, (&source.path, source.level), &to, replace).await;
                    let outcome = outcome.map(|export| match export {
                        Export::Written(bytes) => Saved::Written(bytes),
                        Export::Exists => Saved::Exists,
                    });
                    let effect = Box::new(Effect::Save { matter, source, to, replace });
                    send(&tell, Msg::Saved { effect, outcome }).await;
                });
            }
        }
    }
}

fn opening(asked: &Compare) -> String {
    match asked {
        Compare::Image(image) => format!("reading {image}"),
        Compare::Images { before, after } => format!("comparing {before} and {after}"),
        Compare::Bake { reference, .. } => format!("reading what was baked of {reference}"),
    }
}

async fn send(tell: &Sender<Outer>, msg: Msg) {
    // Nobody listens any more: the terminal UI is leaving.
    let _ = tell.send(Outer::Diff(msg)).await;
}

async fn open(context: &Context, asked: &Compare) -> Result<Held<Matter>, Report> {
    let (before, after) = match asked {
        Compare::Image(image) => (None, context.open_image(image, None).await?),
        Compare::Images { before, after } => {
            let before = context.open_image(before, None).await?;
            let after = context.open_image(after, Some(&before.platform)).await?;
            (Some(before), after)
        }
        Compare::Bake { bake, reference } => {
            let after = context.open_bake(bake).await?;
            (named_before(context, reference, &after).await, after)
        }
    };
    let made = move || match before {
        Some(before) => Matter::pair(Compared::of(before, after, CompareOptions::default())),
        None => Matter::alone(after),
    };
    let matter = tokio::task::spawn_blocking(made).await.map_err(|error| Report::new(Kind::Failed, &error))?;
    Ok(Held::new(matter))
}

/// What the local store has under the name of what a bake makes, unless it is that very image. Where there is none, or none
/// that can be read, the bake is looked into alone.
async fn named_before(context: &Context, reference: &str, after: &Opened) -> Option<Opened> {
    let before = context.open_image(&format!("local/{reference}"), Some(&after.platform)).await.ok()?;
    (before.digest.is_none() || before.digest != after.digest).then_some(before)
}

/// Says to whoever works on a thread that nobody waits any more, when it is dropped.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

async fn list(request: Box<Request>, tell: Sender<Outer>) {
    let over = Arc::new(AtomicBool::new(false));
    let waiting = Waiting(Arc::clone(&over));
    if request.query.sieve.is_typed() {
        tokio::time::sleep(PAUSE).await;
    }
    let answer = move || request.answer(&|| over.load(Ordering::Relaxed));
    // A panic in there has ended the viewer.
    if let Ok(listed) = tokio::task::spawn_blocking(answer).await {
        send(&tell, Msg::Listed(Box::new(listed))).await;
    }
    drop(waiting);
}

async fn content(context: &Context, wanted: &Wanted) -> Result<Held<Shown>, Report> {
    let read = |source: Option<Source>| async move {
        let Some(source) = source else { return Ok::<Option<Content>, Report>(None) };
        let image = wanted.matter.image(source.which);
        context.file_content(image, &source.path, source.level).await.map(Some)
    };
    let before = read(wanted.sources.before.clone()).await?;
    let after = read(wanted.sources.after.clone()).await?;
    let deadline = (Instant::now() + PATIENCE).into_std();
    let made = move || Shown::of(before.as_ref(), after.as_ref(), Some(deadline));
    let shown = tokio::task::spawn_blocking(made).await.map_err(|error| Report::new(Kind::Failed, &error))?;
    Ok(Held::new(shown))
}
