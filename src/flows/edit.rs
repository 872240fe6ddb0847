//! Changing recipes: reading one to be edited, judging a text that is not saved yet, saving, setting a base; making a new one
//! is in `new_recipe`. Writes whole files, and only over what was read.

use std::path::Path;

use super::Context;
pub use super::new_recipe::{NewRecipe, kind_for, recipe_kinds};
use crate::adapters::files::{self, FilesError};
use crate::adapters::recipes::{self, RecipesError};
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

/// What became of a text that was to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It stands in its file.
    Written,
    /// Nothing was written: something else stands there than was expected; nothing, where the file is gone.
    Changed(Option<Vec<u8>>),
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
        self.check_text(file, text.as_bytes())
    }

    /// What stands in a file now; nothing, where there is none or it cannot be read.
    pub fn in_file(&self, file: &Path) -> Option<Vec<u8>> {
        recipes::read(file).ok()
    }

    /// Saves a text over what is expected in its file, `None` where no file is; anything else there is left alone.
    pub fn save_edit(&self, file: &Path, expected: Option<&[u8]>, text: &str) -> Result<Saved, Report> {
        if text.len() > MAX_BYTES {
            let shown = self.shown(file);
            let refused = Report::message(Kind::Usage, format!("{shown} would be larger than a recipe may be"));
            return Err(refused.help("keep large content in a file and `copy` it"));
        }
        let Some(expected) = expected else { return self.save_anew(file, text) };
        if !files::is_there(file) {
            return Ok(Saved::Changed(None));
        }
        match recipes::replace(file, expected, text.as_bytes()) {
            Ok(()) => Ok(Saved::Written),
            Err(RecipesError::Changed { .. }) => Ok(Saved::Changed(Some(recipes::read(file)?))),
            Err(error) => Err(error.into()),
        }
    }

    /// Saves where no file is any more.
    fn save_anew(&self, file: &Path, text: &str) -> Result<Saved, Report> {
        match files::make_file(file, text.as_bytes(), 0o644) {
            Ok(()) => Ok(Saved::Written),
            Err(FilesError::Exists { .. }) => Ok(Saved::Changed(Some(recipes::read(file)?))),
            Err(error) => Err(error.into()),
        }
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
