//! Copying, and what the user is told of it.

use std::sync::Arc;

use super::{Performer, Slot};
use crate::domain::text::escape;
use crate::flows::clipboard::Copied;
use crate::tui::msg::Msg;
use crate::tui::terminal::{clipboard_fits, clipboard_sequence};
use crate::tui::widgets::Toast;

impl Performer {
    pub(super) fn copy(&mut self, text: String) {
        let (context, tell) = (Arc::clone(&self.context), self.tell.clone());
        self.spawn(Slot::Copy, async move {
            let msg = match context.copy(&text, clipboard_fits(&text)).await {
                Ok(Copied::By(program)) => Msg::Tell(copied(&text).next(format!("by {program}"))),
                Ok(Copied::Terminal(between, refused)) => {
                    let why = refused.map(|why| format!("; {why}")).unwrap_or_default();
                    let told = copied(&text).next(format!("through the terminal (OSC 52){why}"));
                    Msg::ThroughTerminal { bytes: clipboard_sequence(&text, between), told }
                }
                Ok(Copied::File(path)) => {
                    let text = "that is more than the terminal takes, or it takes nothing";
                    Msg::Tell(Toast::warning(text).next(format!("it is in {}", path.display())))
                }
                Err(report) => Msg::Tell(Toast::failure(&report)),
            };
            let _ = tell.send(msg).await;
        });
    }
}

fn copied(text: &str) -> Toast {
    let told = match text.lines().count() {
        0 | 1 => escape(text),
        lines => format!("{lines} lines"),
    };
    Toast::done(format!("copied {told}"))
}
