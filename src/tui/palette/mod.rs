//! The palette: anything there is, by name. Commands with their arguments, actions of where one is, images, recipes, bakes,
//! files; found by a few letters. Pure: what follows is said as wishes.

mod find;
mod names;
mod stock;
mod update;
mod verbs;
mod view;

pub use find::Finder;
pub use names::Names;
pub use stock::{Kind, Stock, Thing, gather, of_scopes};
pub use update::Answer;
pub use verbs::{Takes, VERBS, Verb, VerbRow};
pub use view::PaletteBox;

use std::sync::Arc;

use super::widgets::Cursor;

/// The palette while it is open.
#[derive(Clone, Debug, PartialEq)]
pub struct Palette {
    /// What was typed.
    pub text: String,
    /// All there is.
    pub stock: Arc<Stock>,
    /// What of it fits.
    pub finder: Finder,
    /// Which is selected.
    pub cursor: Cursor,
    /// Whether the selection was moved: then it is what is meant.
    pub moved: bool,
    /// What is wrong with what was typed.
    pub problem: Option<String>,
}

impl Palette {
    /// Opened on all of `stock`.
    pub fn new(stock: Stock) -> Self {
        let mut palette = Self {
            text: String::new(),
            stock: Arc::new(stock),
            finder: Finder::default(),
            cursor: Cursor::default(),
            moved: false,
            problem: None,
        };
        palette.retyped();
        palette
    }

    /// The command whose argument is being typed, and that argument as far as it stands.
    pub fn argument(&self) -> Option<(&'static VerbRow, &str)> {
        let (name, rest) = self.text.trim_start().split_once(' ')?;
        let row = VERBS.iter().find(|row| row.name == name && row.takes != Takes::Nothing)?;
        Some((row, rest.rsplit(' ').next().unwrap_or("")))
    }

    /// What is selected.
    pub fn selected(&self) -> Option<Thing> {
        self.finder.hits.get(self.cursor.selected).and_then(|at| self.stock.thing(*at))
    }

    /// Finds again, after what was typed changed.
    fn retyped(&mut self) {
        let argument = self.argument().map(|(row, word)| (row.takes, word.to_owned()));
        match &argument {
            Some((takes, word)) => self.finder.find(&self.stock, word, Some(*takes)),
            None => self.finder.find(&self.stock, self.text.trim_start(), None),
        }
        (self.cursor, self.moved, self.problem) = (Cursor::default(), false, None);
    }
}
