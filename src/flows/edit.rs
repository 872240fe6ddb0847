//! Changing recipes: reading one to be edited, judging a text that is not saved yet, saving, setting a base. Writes whole
//! files, and only over what was read.

use std::path::Path;

use super::Context;
use crate::adapters::recipes;
use crate::domain::recipe::{self, Problem};
use crate::domain::yaml::MAX_BYTES;
use crate::report::{Kind, Report};

/// A change that was made, and what takes it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The file as people name it.
    pub shown: String,
    /// What it was.
    pub before: Vec<u8>,
    /// What it is.
    pub after: Vec<u8>,
}

impl Context {
    /// A recipe's text to be edited, with what is wrong with it.
    pub fn read_to_edit(&self, file: &Path) -> Result<(String, Vec<Problem>), Report> {
        let bytes = recipes::read(file)?;
        let shown = self.shown(file);
        let refuse = |why: &str| Report::message(Kind::Usage, format!("{shown} cannot be edited here: {why}"));
        if bytes.len() > MAX_BYTES {
            return Err(refuse("it is larger than a recipe may be").help("E opens it in $EDITOR"));
        }
        let text = String::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8").help("E opens it in $EDITOR"))?;
        let problems = self.judge_text(file, &text)?;
        Ok((text, problems))
    }

    /// What is wrong with a text, as if it stood in `file`.
    pub fn judge_text(&self, file: &Path, text: &str) -> Result<Vec<Problem>, Report> {
        Ok(self.judge(file, &self.shown(file), text.as_bytes().to_vec())?.problems)
    }

    /// Saves a text over what was read; refuses where the file has changed since.
    pub fn save_edit(&self, file: &Path, before: &str, text: &str) -> Result<(), Report> {
        Ok(recipes::replace(file, before.as_bytes(), text.as_bytes())?)
    }

    /// Makes `image` the base of a recipe; every other byte stays.
    pub fn set_base(&self, file: &Path, image: &str) -> Result<Change, Report> {
        self.parse_reference(image)?;
        let shown = self.shown(file);
        let cannot = |error: &(dyn std::error::Error + 'static)| {
            Report::new(Kind::Usage, error)
                .while_doing(format!("the base of {shown} cannot be set"))
                .help("write it into the recipe by hand")
        };
        let before = recipes::read(file)?;
        let text = std::str::from_utf8(&before).map_err(|error| cannot(&error))?;
        let after = recipe::set_base(text, image).map_err(|error| cannot(&error))?.into_bytes();
        recipes::replace(file, &before, &after)?;
        Ok(Change { shown, before, after })
    }

    /// Takes a change back where nothing else was changed since.
    pub fn take_back(&self, file: &Path, change: &Change) -> Result<(), Report> {
        Ok(recipes::replace(file, &change.after, &change.before)?)
    }
}
