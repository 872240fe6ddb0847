//! Drafts: what was typed into a recipe and not saved yet, kept so that no crash loses more than a second of it.

use std::path::Path;

use super::Context;
use crate::adapters::drafts::{Drafts, DraftsError};
use crate::adapters::files;
use crate::adapters::recipes;
use crate::report::{Kind, Report};

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

impl From<DraftsError> for Report {
    fn from(error: DraftsError) -> Self {
        let report = Self::new(Kind::Failed, &error);
        match &error {
            DraftsError::Unreadable { aside, .. } => report.help(format!("it was kept as {aside}")),
            DraftsError::TooLarge => report.help("save it: no draft of it is kept"),
            DraftsError::Io { .. } | DraftsError::File(_) | DraftsError::Form(_) => report,
        }
    }
}

impl Context {
    /// Keeps a draft of the recipe in `file`, where `before` stood when typing began; the one before gives way.
    pub fn keep_draft(&self, file: &Path, before: &str, text: &str) -> Result<(), Report> {
        Ok(self.drafts().keep(file, before, text)?)
    }

    /// The draft of a recipe, where one was left behind by an editor that is gone, and says something else than the file.
    /// One that cannot be read is told once, and lies aside from then on.
    pub fn draft(&self, file: &Path) -> Result<Option<Draft>, Report> {
        let Some(kept) = self.drafts().read(file)? else { return Ok(None) };
        let is_saved = files::is_there(file) && recipes::read(file).is_ok_and(|bytes| bytes == kept.text.as_bytes());
        Ok((!is_saved).then_some(Draft { text: kept.text, before: kept.before, at: kept.at }))
    }

    /// Forgets a draft: it was saved, or given up.
    pub fn drop_draft(&self, file: &Path) -> Result<(), Report> {
        Ok(self.drafts().remove(file)?)
    }

    fn drafts(&self) -> Drafts {
        Drafts::new(&self.paths.state)
    }
}
