//! The Bakes screen's effects: following the shelf, asking a bake to stop.

use tokio::sync::mpsc::Sender;

use super::{Performer, Slot};
use crate::flows::watch::Shelf;
use crate::report::Report;
use crate::tui::msg::Msg as Outer;
use crate::tui::screens::bakes::{Effect, Msg};

impl Performer {
    pub(super) fn bakes(&mut self, effect: Effect) {
        let tell = self.tell.clone();
        match effect {
            Effect::List => self.spawn(Slot::Shelf, async move {
                if let Err(report) = follow(&tell).await {
                    send(&tell, Msg::Unreadable(report)).await;
                }
            }),
            Effect::Cancel(bake) => self.blocking(Slot::Cancel(bake.clone()), move || {
                let failure = Shelf::from_environment().cancel(&bake).err();
                Outer::Bakes(Msg::Asked { bake, failure })
            }),
        }
    }
}

/// Until the terminal UI leaves, or the shelf cannot be read.
async fn follow(tell: &Sender<Outer>) -> Result<(), Report> {
    let mut following = Shelf::from_environment().follow()?;
    loop {
        send(tell, Msg::News(following.next().await?)).await;
    }
}

async fn send(tell: &Sender<Outer>, msg: Msg) {
    // Nobody listens any more: the terminal UI is leaving.
    let _ = tell.send(Outer::Bakes(msg)).await;
}
