//! The editor's effects: reading, judging, keeping, saving a recipe's text, and what is known of it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Performer, Slot};
use crate::report::Report;
use crate::tui::msg::Msg as Outer;
use crate::tui::screens::recipes;
use crate::tui::screens::recipes::editor::{Asked, Effect, Msg};

/// What may stand at the cursor is looked for once typing pauses for so long.
const COMPLETE: Duration = Duration::from_millis(60);
/// What stands there means, once the cursor rests for so long.
const EXPLAIN: Duration = Duration::from_millis(200);
/// What a bake would do, once typing pauses for so long.
const FORESEE: Duration = Duration::from_millis(300);
/// Between two drafts; what is typed meanwhile is in the next one.
const KEEP: Duration = Duration::from_millis(600);

fn outer(msg: Msg) -> Outer {
    Outer::Recipes(recipes::Msg::Editor(msg))
}

/// Drafts are kept and forgotten in the order in which that was wished, whatever the disk does.
#[derive(Clone, Default)]
pub(super) struct Drafts {
    /// The newest wish for each file.
    newest: Arc<Mutex<HashMap<PathBuf, u64>>>,
    /// Held while one is written or removed.
    writing: Arc<Mutex<()>>,
}

impl Drafts {
    fn wish(&self, file: &Path) -> u64 {
        let mut newest = held(&self.newest);
        let wish = newest.entry(file.to_owned()).or_default();
        *wish += 1;
        *wish
    }

    /// Does it unless something newer was wished.
    fn fulfil(&self, file: &Path, wish: u64, work: impl FnOnce() -> Result<(), Report>) -> Result<(), Report> {
        let _writing = held(&self.writing);
        let is_newest = held(&self.newest).get(file) == Some(&wish);
        if is_newest { work() } else { Ok(()) }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Performer {
    pub(super) fn editor(&mut self, effect: Effect) {
        let (context, tell) = (Arc::clone(&self.context), self.tell.clone());
        let say = move |msg: Msg| async move {
            // Nobody listens any more: the terminal UI is leaving.
            let _ = tell.send(outer(msg)).await;
        };
        match effect {
            Effect::Read(file) => self.spawn(Slot::Write(file.clone()), async move {
                let read = move || {
                    let draft = context.draft(&file);
                    (context.read_to_edit(&file), draft, file)
                };
                let Ok((read, draft, file)) = tokio::task::spawn_blocking(read).await else { return };
                say.clone()(Msg::Text { file: file.clone(), read }).await;
                if !matches!(draft, Ok(None)) {
                    say(Msg::Draft { file, draft }).await;
                }
            }),
            Effect::Judge(Asked { file, text, version, .. }) => self.blocking(Slot::Judge, move || {
                let problems = context.judge_text(&file, &text);
                outer(Msg::Judged { file, version, problems })
            }),
            Effect::Complete(Asked { file, text, version, at }) => self.spawn(Slot::Complete, async move {
                tokio::time::sleep(COMPLETE).await;
                let completions = context.complete(&file, &text, at).await;
                say(Msg::Completed { file, version, at, completions }).await;
            }),
            Effect::Explain(Asked { file, text, version, at }) => self.spawn(Slot::Explain, async move {
                tokio::time::sleep(EXPLAIN).await;
                let hover = context.hover(&file, &text, at).await;
                say(Msg::Explained { file, version, at, hover }).await;
            }),
            Effect::Foresee(Asked { file, text, version, .. }) => self.spawn(Slot::Foresee, async move {
                tokio::time::sleep(FORESEE).await;
                let foresight = context.foresee(&file, &text).await.map(Arc::new);
                say(Msg::Foreseen { file, version, foresight }).await;
            }),
            Effect::KeepDraft { asked, before } => self.keep(asked, before),
            Effect::DropDraft(file) => {
                let wish = self.drafts.wish(&file);
                // At once: bakery may be about to leave. One that cannot be removed is offered again, no more.
                let _ = self.drafts.fulfil(&file, wish, || context.drop_draft(&file));
            }
            Effect::Look(file) => self.blocking(Slot::Look(file.display().to_string()), move || {
                let now = context.in_file(&file);
                outer(Msg::OnDisk { file, now })
            }),
            Effect::Save { file, expected, text } => self.blocking(Slot::Write(file.clone()), move || {
                let outcome = context.save_edit(&file, expected.as_deref(), &text);
                outer(Msg::Saved { file, text, outcome })
            }),
            Effect::Answer(answer) => self.spawn(Slot::Answer, say(Msg::Answer(answer))),
        }
    }

    /// Keeps a draft at once; says so a while later, when the next one may be kept.
    fn keep(&mut self, asked: Asked, before: String) {
        let (context, tell, drafts) = (Arc::clone(&self.context), self.tell.clone(), self.drafts.clone());
        let Asked { file, text, version, .. } = asked;
        let wish = drafts.wish(&file);
        self.spawn(Slot::Draft(file.clone()), async move {
            let of = file.clone();
            let work = move || drafts.fulfil(&of, wish, || context.keep_draft(&of, &before, &text));
            let Ok(outcome) = tokio::task::spawn_blocking(work).await else { return };
            tokio::time::sleep(KEEP).await;
            let _ = tell.send(outer(Msg::Kept { file, version, outcome })).await;
        });
    }
}
