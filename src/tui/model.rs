//! Everything the terminal UI knows. Views read it, `update` alone changes it.

use ratatui::layout::{Rect, Size};
use time::OffsetDateTime;

use super::commands::Commands;
use super::keymap::{Bound, Key, Scope};
use super::mouse::Pointer;
use super::palette::{Palette, Thing};
use super::screens::{Around, Place, Screen, StoreName, bake, bakes, diff, lineage, recipes, store, verify};
use super::settled::Settled;
use super::tasks::Tasks;
use super::theme::Look;
use super::tour::{self, Tour};
use super::widgets::{Confirm, PassphrasePrompt, Picker, Toasts, TypedConfirm};

/// Where bakery runs and on what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The workspace's name.
    pub workspace: String,
    /// This machine.
    pub host: String,
    /// The workspace's stores, global ones first.
    pub stores: Vec<StoreName>,
}

/// What lies over the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The keys of where one is, from this line.
    Help(usize),
    /// A question.
    Confirm(Confirm),
    /// A question answered by typing a word.
    Typed(TypedConfirm),
    /// A passphrase asked for.
    Passphrase(PassphrasePrompt),
    /// Something to choose.
    Picker(Picker),
    /// Anything there is, by name.
    Palette(Palette),
    /// What is under way.
    Tasks,
    /// What was done, as commands.
    Commands,
}

impl Overlay {
    /// Whether it is a question: turning the wheel answers none.
    pub fn asks(&self) -> bool {
        matches!(self, Self::Confirm(_) | Self::Typed(_) | Self::Passphrase(_))
    }
}

/// The whole state.
pub struct Model {
    /// Where bakery runs.
    pub here: Surroundings,
    /// The terminal's size.
    pub size: Size,
    /// What time it is.
    pub now: OffsetDateTime,
    /// What was settled before it began.
    pub settled: Settled,
    /// The screen that shows.
    pub screen: Screen,
    /// The screens that led to it.
    pub trail: Vec<Screen>,
    /// Store.
    pub store: store::Model,
    /// Recipes.
    pub recipes: recipes::Model,
    /// Bake.
    pub bake: bake::Model,
    /// Verify.
    pub verify: verify::Model,
    /// Diff.
    pub diff: diff::Model,
    /// Lineage.
    pub lineage: lineage::Model,
    /// Bakes.
    pub bakes: bakes::Model,
    /// What lies over it.
    pub overlay: Overlay,
    /// News.
    pub toasts: Toasts,
    /// What is under way.
    pub tasks: Tasks,
    /// What was done from here.
    pub commands: Commands,
    /// What was chosen in the palette, the newest first.
    pub recent: Vec<Thing>,
    /// Keys pressed of a sequence that has not ended, and whether `Ctrl-c` was the last key.
    pub pending: Pending,
    /// Whether the mouse is bakery's.
    pub mouse: bool,
    /// The name of the theme that is kept, whatever is tried on.
    pub theme: String,
    /// What the mouse did, and made of the panes.
    pub pointer: Pointer,
    /// The tour, while it is on.
    pub tour: Option<Tour>,
}

/// What earlier keys left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// The beginning of a sequence.
    pub keys: Vec<Key>,
    /// `Ctrl-c` was the last key: once more leaves.
    pub cancelled: bool,
}

/// Smaller terminals are asked for more room (contract section 10).
pub const LEAST: Size = Size { width: 60, height: 16 };

impl Model {
    /// Nothing known yet but where we are.
    pub fn new(here: Surroundings, size: Size, now: OffsetDateTime) -> Self {
        Self {
            here,
            size,
            now,
            settled: Settled::default(),
            screen: Screen::Store,
            trail: Vec::new(),
            store: store::Model::default(),
            recipes: recipes::Model::default(),
            bake: bake::Model::default(),
            verify: verify::Model::default(),
            diff: diff::Model::default(),
            lineage: lineage::Model::default(),
            bakes: bakes::Model::default(),
            overlay: Overlay::None,
            toasts: Toasts::default(),
            tasks: Tasks::default(),
            commands: Commands::default(),
            recent: Vec::new(),
            pending: Pending::default(),
            mouse: true,
            theme: "dark".to_owned(),
            pointer: Pointer::default(),
            tour: None,
        }
    }

    /// The screen that shows.
    pub fn place(&self) -> &dyn Place {
        match self.screen {
            Screen::Store => &self.store,
            Screen::Recipes => &self.recipes,
            Screen::Bake => &self.bake,
            Screen::Verify => &self.verify,
            Screen::Diff => &self.diff,
            Screen::Lineage => &self.lineage,
            Screen::Bakes => &self.bakes,
        }
    }

    /// The same, to be changed.
    pub(super) fn place_mut(&mut self) -> &mut dyn Place {
        self.screen_mut(self.screen)
    }

    /// The same of any screen.
    pub(super) fn screen_mut(&mut self, screen: Screen) -> &mut dyn Place {
        match screen {
            Screen::Store => &mut self.store,
            Screen::Recipes => &mut self.recipes,
            Screen::Bake => &mut self.bake,
            Screen::Verify => &mut self.verify,
            Screen::Diff => &mut self.diff,
            Screen::Lineage => &mut self.lineage,
            Screen::Bakes => &mut self.bakes,
        }
    }

    /// Whether a key is offered: none that a read-only session refuses, none that does nothing with what is selected.
    pub fn offers(&self, bound: &Bound) -> bool {
        let is_refused = self.settled.readonly && bound.action.changes();
        !is_refused && (!self.place().scopes().contains(&bound.scope) || self.place().offers(bound.action))
    }

    /// What screens may know of what is around them.
    pub fn around(&self) -> Around {
        let sizes = self.pointer.sizes;
        Around { body: self.body(), now: self.now, stores: self.here.stores.clone(), sizes }
    }

    /// Between the two lines at the top and the one at the bottom, or the tour's caption.
    pub fn body(&self) -> Rect {
        let below = 3 + if self.tour.is_some() { tour::ROWS } else { 0 };
        Rect {
            x: 0,
            y: 2.min(self.size.height),
            width: self.size.width,
            height: self.size.height.saturating_sub(below),
        }
    }

    /// Where keys are looked up, innermost first.
    pub fn scopes(&self) -> Vec<Scope> {
        let mut scopes = match &self.overlay {
            Overlay::None => self.place().scopes(),
            Overlay::Help(_) => vec![Scope::Help, Scope::List],
            Overlay::Confirm(_) => vec![Scope::Confirm],
            Overlay::Typed(_) => vec![Scope::Typed],
            Overlay::Passphrase(_) => vec![Scope::Secret],
            Overlay::Picker(_) => vec![Scope::Picker],
            Overlay::Palette(_) => vec![Scope::Palette],
            Overlay::Tasks => vec![Scope::Tasks, Scope::List],
            Overlay::Commands => vec![Scope::Commands, Scope::List],
        };
        scopes.push(Scope::Everywhere);
        scopes
    }

    /// Whether something on show changes with the time alone.
    pub fn wants_clock(&self) -> bool {
        let counts = self.overlay == Overlay::Tasks && !super::update::under_way(self).is_empty();
        counts || self.tour.is_some() || !self.toasts.is_empty() || self.place().wants_clock()
    }

    /// Line 2 of the screen.
    pub fn subject(&self, look: &Look) -> super::screens::Subject {
        self.place().subject(look, &self.around())
    }
}
