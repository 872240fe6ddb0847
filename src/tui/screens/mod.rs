//! The places of the terminal UI. Each has a model, messages, effects, a pure update and a view; none knows another. What
//! a screen wants of the whole it says as a [`Wish`].

pub mod bake;
pub mod bakes;
pub mod diff;
mod held;
pub mod lineage;
pub mod recipes;
pub mod store;
pub mod verify;

use std::path::PathBuf;

pub use self::held::Held;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use time::OffsetDateTime;

use super::effect::Effect;
use super::keymap::{Action, Key, Scope};
use super::theme::Look;
use super::widgets::{Confirm, Divider, PassphrasePrompt, Picker, Sizes, Toast, TypedConfirm, cut};

/// A screen, in the order of the tabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Screen {
    Store,
    Recipes,
    Bake,
    Verify,
    Diff,
    Lineage,
    Bakes,
}

impl Screen {
    /// All of them, in the order of the tabs.
    pub const ALL: [Self; 7] =
        [Self::Store, Self::Recipes, Self::Bake, Self::Verify, Self::Diff, Self::Lineage, Self::Bakes];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Store => "Store",
            Self::Recipes => "Recipes",
            Self::Bake => "Bake",
            Self::Verify => "Verify",
            Self::Diff => "Diff",
            Self::Lineage => "Lineage",
            Self::Bakes => "Bakes",
        }
    }
}

/// What a screen asks of the whole.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Something outside.
    Do(Effect),
    /// Tell the user.
    Tell(Toast),
    /// What was told is news no more: the user went after it.
    Untell(Toast),
    /// Ask the user.
    Ask(Confirm),
    /// Ask the user, who has to type a word to say yes.
    AskTyped(TypedConfirm),
    /// Ask for a passphrase.
    AskPassphrase(PassphrasePrompt),
    /// Let the user choose.
    Pick(Picker),
    /// What a key would ask for.
    Act(Action),
    /// Go where something is, and select it.
    Reveal(Reveal),
    /// Go to a screen.
    Go(Screen),
    /// Watch a bake from its beginning.
    Watch {
        /// Its ID.
        bake: String,
        /// Play it again rather than follow it.
        replay: bool,
    },
    /// Look into images, or compare them.
    Compare(Compare),
    /// Verify an image and its bases, by its reference.
    Verify(String),
    /// Edit the recipe that makes this image.
    EditMaker(String),
    /// Bake a recipe.
    Bake(PathBuf),
    /// Bake several recipes.
    BakeAll(Vec<PathBuf>),
    /// Bake the recipes that make these images again, on what their bases are now.
    Rebake(Vec<String>),
    /// What can be done about who inherits from whom.
    Inherit(Inherit),
    /// Choose a recipe for this image to be the base of.
    ChooseRecipeFor(String),
    /// Stores, recipes and the shelf may have changed.
    ReadAgain,
    /// Put a theme on, for good or while it is tried.
    Theme {
        /// Its name.
        name: String,
        /// For good.
        keep: bool,
    },
    /// Leave without asking again.
    Leave,
}

/// Something that has its place on a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reveal {
    /// An image, by its reference.
    Image(String),
    /// A recipe, by its file.
    Recipe(PathBuf),
    /// A file of what the Diff screen looks into, by its path as it is shown.
    File(String),
}

/// What can be asked about who inherits from whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inherit {
    /// Where an image stands, by its reference.
    Show(String),
    /// What a rebase of it would come to.
    Rebase(String),
    /// What a roll-out of a base's tag would do.
    RollOut(String),
    /// What would become of everything on a base's tag.
    Impact {
        /// The tag.
        base: String,
        /// What it would point to.
        onto: String,
    },
}

/// What can be looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compare {
    /// One image, by its reference.
    Image(String),
    /// Two, by their references.
    Images {
        /// The one compared with.
        before: String,
        /// The one compared.
        after: String,
    },
    /// What a bake makes, against what the local store has under its name.
    Bake {
        /// Its ID.
        bake: String,
        /// The name of what it makes: repository and tag.
        reference: String,
    },
}

/// What is around a screen: read only.
#[derive(Clone, Debug, PartialEq)]
pub struct Around {
    /// Where it may draw.
    pub body: Rect,
    /// What time it is.
    pub now: OffsetDateTime,
    /// The stores of the workspace.
    pub stores: Vec<StoreName>,
    /// What the user made of each screen's panes, in the order of the tabs.
    pub sizes: [Sizes; Screen::ALL.len()],
}

impl Around {
    /// What the user made of a screen's panes.
    pub fn sizes(&self, screen: Screen) -> Sizes {
        self.sizes[screen as usize]
    }
}

/// A store of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreName {
    /// Its name in references.
    pub name: String,
    /// Where it is, for people.
    pub place: String,
    /// Made here, not inherited.
    pub is_local: bool,
}

/// What line 2 says: what is looked at, and how it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subject {
    /// At the left.
    pub what: Vec<Span<'static>>,
    /// At the right.
    pub verdict: Vec<Span<'static>>,
}

impl Subject {
    /// Both with what is typed between them, on a line of `width` columns. Where all of `what` has no room, it is asked to be short.
    pub fn fitting(
        look: &Look,
        width: u16,
        verdict: Vec<Span<'static>>,
        typed: impl FnOnce(usize) -> Vec<Span<'static>>,
        what: impl Fn(bool) -> Vec<Span<'static>>,
    ) -> Self {
        let columns = |spans: &[Span<'static>]| spans.iter().map(Span::width).sum::<usize>();
        let room = usize::from(width).saturating_sub(6 + columns(&verdict));
        // The cursor may stand in the gap before the verdict.
        let typed = typed((room + 1).saturating_sub(columns(&what(true))).max(room / 2));
        let left = room.saturating_sub(columns(&typed));
        let full = what(false);
        let what = if columns(&full) <= left { full } else { what(true) };
        let mut what = cut(look, &Line::from(what), left).spans;
        what.extend(typed);
        Self { what, verdict }
    }

    /// Where text is typed: after the words of line 2, which begin in column 2.
    pub fn end(&self, width: u16) -> Option<Position> {
        let words: usize = self.what.iter().map(Span::width).sum();
        let x = u16::try_from(2 + words).ok()?.min(width.saturating_sub(1));
        Some(Position { x, y: 1 })
    }
}

/// What every screen can do.
pub trait Place {
    /// Where keys are looked up, innermost first.
    fn scopes(&self) -> Vec<Scope>;
    /// The screen comes up.
    fn enter(&mut self, around: &Around) -> Vec<Wish>;
    /// Another screen comes up in its place.
    fn left(&mut self) -> Vec<Wish> {
        Vec::new()
    }
    /// Whether a key's action does something with what is selected. What does nothing is not offered; pressed all the same, it
    /// says why.
    fn offers(&self, _action: Action) -> bool {
        true
    }
    /// A key's action.
    fn act(&mut self, action: Action, around: &Around) -> Vec<Wish>;
    /// A key while text is typed.
    fn typed(&mut self, _key: Key, _around: &Around) -> Vec<Wish> {
        Vec::new()
    }
    /// Text pasted while text is typed.
    fn pasted(&mut self, _text: &str, _around: &Around) -> Vec<Wish> {
        Vec::new()
    }
    /// A click into the body.
    fn clicked(&mut self, _at: Position, _around: &Around) -> Vec<Wish> {
        Vec::new()
    }
    /// Whether what is selected stands there: a second click opens it.
    fn opens(&self, _at: Position, _around: &Around) -> bool {
        false
    }
    /// The pane at `at` gets the keys, nothing in it is selected; how many lines a turn of the wheel moves it by.
    fn point_at(&mut self, _at: Position, _around: &Around) -> usize {
        1
    }
    /// The rules between its panes.
    fn dividers(&self, _around: &Around) -> Vec<Divider> {
        Vec::new()
    }
    /// The body, or a pane of it, has another size.
    fn resized(&mut self, around: &Around) -> Vec<Wish>;
    /// Whether going back has something to close on this screen first.
    fn takes_back(&self) -> bool {
        false
    }
    /// The screen is asked to make room for leaving; a question where something would be lost.
    fn before_leaving(&self) -> Option<Confirm> {
        None
    }
    /// Whether something on it changes with the time alone.
    fn wants_clock(&self) -> bool {
        false
    }
    /// Line 2.
    fn subject(&self, look: &Look, around: &Around) -> Subject;
    /// The body.
    fn draw(&self, look: &Look, around: &Around, buffer: &mut Buffer);
    /// Where the terminal's cursor stands, where text is typed.
    fn cursor(&self, _around: &Around) -> Option<Position> {
        None
    }
}
