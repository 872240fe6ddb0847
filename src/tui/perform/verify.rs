//! The Verify screen's effects: an image and its bases verified, or given up.

use std::sync::Arc;

use super::{Performer, Slot};
use crate::flows::verify::VerifyOptions;
use crate::tui::msg::Msg as Outer;
use crate::tui::screens::verify::{Effect, Msg};
use crate::tui::tasks::TaskKind;

impl Performer {
    pub(super) fn verify(&mut self, effect: Effect) {
        match effect {
            Effect::Verify { image, run } => {
                let (context, tell) = (Arc::clone(&self.context), self.tell.clone());
                let what = format!("verifying {image}");
                self.task(TaskKind::Verify, what, async move {
                    let verified = context.verify(&image, &VerifyOptions::default()).await.map(Arc::new);
                    // Nobody listens any more: the terminal UI is leaving.
                    let _ = tell.send(Outer::Verify(Msg::Verified { run, verified })).await;
                });
            }
            Effect::Stop => self.give_up(&Slot::Verify),
        }
    }
}
