//! The Bakes screen's effects: the shelf as it changes, a wish to stop.

use super::{Performer, Slot};
use crate::flows::watch::Shelf;
use crate::report::Report;
use crate::tui::msg::Msg as Outer;
use crate::tui::screens::bakes::{Effect, Msg};

impl Performer {
    pub(super) fn bakes(&mut self, effect: Effect) {
        let (tell, shelf) = (self.tell.clone(), Shelf::from_environment());
        match effect {
            Effect::List => self.spawn(Slot::Shelf, async move {
                let failure: Report = match shelf.follow() {
                    Err(report) => report,
                    Ok(mut following) => loop {
                        match following.next().await {
                            Err(report) => break report,
                            Ok(rows) => {
                                if tell.send(Outer::Bakes(Msg::Listed(Ok(rows)))).await.is_err() {
                                    return;
                                }
                            }
                        }
                    },
                };
                // Nobody listens any more: the terminal UI is leaving.
                let _ = tell.send(Outer::Bakes(Msg::Listed(Err(failure)))).await;
            }),
            Effect::Cancel(bake) => {
                self.blocking(Slot::Cancel(bake.clone()), move || Outer::Bakes(Msg::Cancelled(shelf.cancel(&bake))));
            }
        }
    }
}
