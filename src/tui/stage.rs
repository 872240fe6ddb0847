//! The terminal UI without a terminal: the same model, update, effects and view, until nothing is under way. What pictures
//! and recordings are made of. Reads no input, writes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::dress::of_context;
use super::effect::Effect;
use super::keymap::Key;
use super::model::Model;
use super::msg::Msg;
use super::perform::{Performer, Told, UnderWay};
use super::run::surroundings;
use super::screens::{bake, bakes, lineage, recipes};
use super::theme::{self, Depth, Look};
use super::update::update;
use super::view::draw;
use crate::flows::Context;
use crate::report::Report;

/// How a stage looks.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenery {
    /// Columns and rows.
    pub size: Size,
    /// Name of the theme; the user's own, else `dark`.
    pub theme: Option<String>,
    /// Plain characters only.
    pub ascii: bool,
}

/// How long what never ends must be silent.
const QUIET: Duration = Duration::from_millis(300);

/// A terminal UI nobody sits at.
pub(super) struct Stage {
    pub(super) model: Model,
    pub(super) look: Look,
    performer: Performer,
    results: mpsc::Receiver<Msg>,
    known: Told,
    /// Bases whose tags the recipes still ask about.
    asked: BTreeSet<String>,
    /// The terminal UI was left.
    pub(super) over: bool,
}

impl Stage {
    /// Nothing shows yet.
    pub(super) fn new(context: &Arc<Context>, scenery: &Scenery, now: OffsetDateTime) -> Result<Self, Report> {
        let look = look(context, scenery)?;
        let mut here = surroundings(context);
        // What is made here is for others: which machine it was made on does not matter to them.
        here.host = String::new();
        let (performer, results) = Performer::new(Arc::clone(context));
        let mut model = Model::new(here, scenery.size, now);
        model.bakes.pool.builders = context.builders();
        model.bakes.home = Some(context.home());
        Ok(Self { model, look, performer, results, known: Told::default(), asked: BTreeSet::new(), over: false })
    }

    /// Has done what an update wanted. What is the terminal's own nobody does.
    pub(super) fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.over |= effect == Effect::Leave;
            self.performer.perform(effect);
        }
    }

    /// Takes one message in.
    pub(super) fn take(&mut self, msg: Msg) {
        match &msg {
            Msg::Bakes(bakes::Msg::News(_)) => self.known.shelf = true,
            Msg::Lineage(lineage::Msg::Progress(_)) => self.known.rollout = true,
            Msg::Recipes(recipes::Msg::Listed(cards)) => {
                self.asked.extend(cards.iter().flatten().filter_map(|card| card.asks.clone()));
                self.known.recipes = self.asked.is_empty();
            }
            Msg::Recipes(recipes::Msg::BaseNow { asks, .. }) => {
                self.asked.remove(asks);
                self.known.recipes = self.asked.is_empty();
            }
            _ => {}
        }
        // A journal from elsewhere has its layers elsewhere: then what was seen is shown.
        if matches!(msg, Msg::Bake(bake::Msg::Changes { read: Err(_), .. })) {
            return;
        }
        let told = matches!(msg, Msg::Bake(bake::Msg::Records { .. }));
        let effects = update(&mut self.model, msg);
        // What has an end in its journal is read to it; what has none yet goes on without end.
        self.known.viewing = self.model.bake.is_running() && (told || self.known.viewing);
        self.perform(effects);
    }

    /// Presses a key and takes in what it asks for.
    pub(super) async fn press(&mut self, key: Key, patience: Instant) {
        self.take(Msg::Key(key));
        while self.under_way() == UnderWay::Answers && Instant::now() < patience {
            self.next(patience).await;
        }
        self.drain();
    }

    /// Takes in all that comes until nothing is under way, or what never ends is silent; `false` where `patience` ran out.
    pub(super) async fn settle(&mut self, patience: Instant) -> bool {
        loop {
            let until = match self.under_way() {
                UnderWay::Nothing => Instant::now(),
                UnderWay::Endless => Instant::now() + QUIET,
                UnderWay::Answers => patience,
            };
            if !self.next(until.min(patience)).await {
                return self.under_way() != UnderWay::Answers;
            }
        }
    }

    /// Waits for one message, or for a task to end; `false` where neither came in time.
    pub(super) async fn next(&mut self, until: Instant) -> bool {
        tokio::select! {
            biased;
            // The performer holds a sender: this end stays open.
            Some(msg) = self.results.recv() => self.take(msg),
            // Whoever is over has sent its answer before.
            () = self.performer.one_over() => {}
            () = sleep_until(until) => return false,
        }
        true
    }

    /// Takes in what is there already.
    pub(super) fn drain(&mut self) {
        while let Ok(msg) = self.results.try_recv() {
            self.take(msg);
        }
    }

    /// What is still to be said.
    pub(super) fn under_way(&self) -> UnderWay {
        self.performer.under_way(self.known)
    }

    /// What shows, and where the cursor stands.
    pub(super) fn frame(&self) -> (Buffer, Option<Position>) {
        let mut buffer = Buffer::empty(Rect::from((Position::ORIGIN, self.model.size)));
        let cursor = draw(&self.model, &self.look, &mut buffer);
        (buffer, cursor)
    }
}

/// All colours, whatever this terminal has: what is made here is looked at elsewhere.
fn look(context: &Context, scenery: &Scenery) -> Result<Look, Report> {
    let wanted = scenery.theme.as_deref().or(context.settings.theme.as_deref());
    let name = theme::automatic(Depth::True, wanted, None);
    Ok(of_context(context, &name)?.look(Depth::True, scenery.ascii))
}
