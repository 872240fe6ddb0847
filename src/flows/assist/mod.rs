//! Help while a recipe is written: completion and meaning from the base itself, and what a bake of the text would do.
//! Writes nothing.
//!
//! Reading order: `known` (what is remembered), `base` (the base a text names, found and read), `found` (what may stand at a
//! place), `told` (what stands there means), `foresee` (what a bake of the text would do and find).

mod base;
mod foresee;
mod found;
mod known;
mod told;

pub use known::Known;

use std::path::Path;

use self::found::Candidates;
use super::Context;
use super::standing::Prospect;
use crate::domain::recipe::assist::{self, Completions, Hover};
use crate::domain::trust::CheckVerdict;

/// What a bake of a text would do and find, as far as it can be told before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foresight {
    /// What would run, and what is cached.
    pub prospect: Prospect,
    /// Bytes of the base that are not here yet.
    pub pulls: u64,
    /// How long the newest bake that went well took, in milliseconds.
    pub took: Option<u64>,
    /// Checks whose outcome shows in the text already.
    pub checks: Vec<Foreseen>,
}

/// A check whose outcome shows before the bake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// Its identifier.
    pub id: String,
    /// How it would end.
    pub verdict: CheckVerdict,
    /// Why, in a few words.
    pub why: String,
    /// The line of the recipe that decides it, from 1.
    pub line: Option<u32>,
}

impl Context {
    /// What may stand at a line and character (from 0) of a recipe's text. Fetches no layer, and waits for no store longer
    /// than a moment; what is not known for that is told in `what`.
    pub async fn complete(&self, file: &Path, text: &str, at: (usize, usize)) -> Completions {
        let nothing = || Completions { line: at.0, from: at.1, to: at.1, ..Completions::default() };
        let Some(asked) = assist::asked(text, at) else { return nothing() };
        let Candidates { found, lacking } = self.candidates(file, &asked).await;
        let mut completions = asked.offer(found);
        if let Some(lacking) = lacking {
            completions.what = format!("{}: {lacking}", completions.what);
        }
        completions
    }

    /// What stands at a line and character (from 0) means.
    pub async fn hover(&self, file: &Path, text: &str, at: (usize, usize)) -> Option<Hover> {
        let pointed = assist::pointed(text, at)?;
        let told = self.told(file, &pointed).await;
        pointed.hover(told)
    }
}
