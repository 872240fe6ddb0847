//! The editor's effects: reading, judging, saving a recipe's text.

use std::sync::Arc;
use std::time::Duration;

use super::{Performer, Slot};
use crate::tui::msg::Msg as Outer;
use crate::tui::screens::recipes;
use crate::tui::screens::recipes::editor::{Effect, Msg};

/// A text is judged once typing pauses for so long.
const PAUSE: Duration = Duration::from_millis(80);

fn outer(msg: Msg) -> Outer {
    Outer::Recipes(recipes::Msg::Editor(msg))
}

impl Performer {
    pub(super) fn editor(&mut self, effect: Effect) {
        let context = Arc::clone(&self.context);
        match effect {
            Effect::Read(file) => self.blocking(Slot::Write(file.clone()), move || {
                let read = context.read_to_edit(&file);
                outer(Msg::Text { file, read })
            }),
            Effect::Judge { file, text, version } => {
                let tell = self.tell.clone();
                self.spawn(Slot::Judge, async move {
                    tokio::time::sleep(PAUSE).await;
                    let work = move || {
                        let problems = context.judge_text(&file, &text);
                        outer(Msg::Judged { file, version, problems })
                    };
                    if let Ok(msg) = tokio::task::spawn_blocking(work).await {
                        let _ = tell.send(msg).await;
                    }
                });
            }
            Effect::Save { file, expected, text } => self.blocking(Slot::Write(file.clone()), move || {
                let outcome = context.save_edit(&file, expected.as_deref(), &text);
                outer(Msg::Saved { file, text, outcome })
            }),
            Effect::Answer(answer) => {
                let tell = self.tell.clone();
                self.spawn(Slot::Answer, async move {
                    let _ = tell.send(outer(Msg::Answer(answer))).await;
                });
            }
        }
    }
}
