//! Drafts on disk: one file a recipe that is being edited, below the state folder, named by the recipe's absolute path. Whole
//! or not at all, synced, readable by its owner only. One that cannot be read is set aside and told; nothing is lost.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::adapters::clock;
use crate::adapters::files::{self, FilesError};
use crate::adapters::whole_file::read_bounded;
use crate::domain::oci::Digest;

/// Largest text kept, in bytes: more than a recipe may have, since what is typed may be too much.
pub const MAX_TEXT: usize = 8 << 20;
/// Largest file read: both texts, each character escaped.
const MAX_FILE: usize = 6 * 2 * MAX_TEXT + (64 << 10);
/// The form of the file.
const FORMAT: u32 = 1;

/// Why a draft cannot be kept or had.
#[derive(Debug, thiserror::Error)]
pub enum DraftsError {
    /// More text than is kept.
    #[error("the text is larger than {MAX_TEXT} bytes")]
    TooLarge,
    /// It is none, or one of a newer program.
    #[error("the draft of {recipe} cannot be read: {why}")]
    Unreadable {
        /// Of which recipe.
        recipe: String,
        /// What is wrong with it.
        why: String,
        /// Where it lies now.
        aside: String,
    },
    /// The file system said no.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file system said no.
    #[error(transparent)]
    File(#[from] FilesError),
    /// It cannot be written as JSON.
    #[error("the draft cannot be written")]
    Form(#[from] serde_json::Error),
}

/// A draft as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptDraft {
    draft: u32,
    /// The recipe's absolute path, for people.
    pub recipe: String,
    /// When it was kept (RFC 3339).
    pub at: String,
    /// What stood in the file when typing began.
    pub before: String,
    /// The text.
    pub text: String,
}

/// The drafts of a user.
#[derive(Clone, Debug)]
pub struct Drafts {
    folder: PathBuf,
}

impl Drafts {
    /// Below the state folder; nothing is made until something is kept.
    pub fn new(state: &Path) -> Self {
        Self { folder: state.join("drafts") }
    }

    /// Keeps a text that was typed into `recipe` over `before`; the one kept before gives way.
    pub fn keep(&self, recipe: &Path, before: &str, text: &str) -> Result<(), DraftsError> {
        if before.len() > MAX_TEXT || text.len() > MAX_TEXT {
            return Err(DraftsError::TooLarge);
        }
        let recipe = files::absolute(recipe)?;
        let kept = KeptDraft {
            draft: FORMAT,
            recipe: recipe.display().to_string(),
            at: clock::now_rfc3339(),
            before: before.to_owned(),
            text: text.to_owned(),
        };
        Ok(files::replace_file(&self.path(&recipe), &serde_json::to_vec(&kept)?, 0o600)?)
    }

    /// The draft of a recipe. One that cannot be read is moved aside, so that the next one does not replace it.
    pub fn read(&self, recipe: &Path) -> Result<Option<KeptDraft>, DraftsError> {
        let recipe = files::absolute(recipe)?;
        let path = self.path(&recipe);
        let failed = |source| DraftsError::Io { action: "read", path: path.display().to_string(), source };
        let Some(bytes) = read_bounded(&path, MAX_FILE).map_err(failed)? else { return Ok(None) };
        let why = match serde_json::from_slice::<KeptDraft>(&bytes) {
            _ if bytes.len() > MAX_FILE => "it is too large".to_owned(),
            Ok(kept) if kept.draft == FORMAT => return Ok(Some(kept)),
            Ok(kept) => format!("its format {} is newer than this program", kept.draft),
            Err(error) => error.to_string(),
        };
        let aside = self.folder.join(format!("{}.unreadable-{}", stem(&recipe), ulid::Ulid::generate()));
        let moved = |source| DraftsError::Io { action: "move aside", path: path.display().to_string(), source };
        std::fs::rename(&path, &aside).map_err(moved)?;
        let (recipe, aside) = (recipe.display().to_string(), aside.display().to_string());
        Err(DraftsError::Unreadable { recipe, why, aside })
    }

    /// Forgets the draft of a recipe; that there is none is no error.
    pub fn remove(&self, recipe: &Path) -> Result<(), DraftsError> {
        let path = self.path(&files::absolute(recipe)?);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(files::sync_folder_of(&path)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(DraftsError::Io { action: "remove", path: path.display().to_string(), source }),
        }
    }

    fn path(&self, recipe: &Path) -> PathBuf {
        self.folder.join(format!("{}.json", stem(recipe)))
    }
}

/// A name for any path, whatever bytes it has.
fn stem(recipe: &Path) -> String {
    Digest::of(recipe.as_os_str().as_encoded_bytes()).encoded().to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_draft_is_kept_replaced_and_forgotten() {
        let state = tempfile::tempdir().unwrap();
        let drafts = Drafts::new(state.path());
        let recipe = Path::new("/w/recipes/app/app.yaml");
        assert_eq!(drafts.read(recipe).unwrap(), None);
        drafts.remove(recipe).unwrap();
        assert!(!state.path().join("drafts").exists(), "looking makes nothing");
        drafts.keep(recipe, "old", "one").unwrap();
        drafts.keep(recipe, "old", "t\u{0}w\no \u{202e}").unwrap();
        let kept = drafts.read(recipe).unwrap().unwrap();
        assert_eq!((kept.before.as_str(), kept.text.as_str()), ("old", "t\u{0}w\no \u{202e}"));
        assert_eq!(
            (kept.recipe.as_str(), drafts.read(Path::new("/w/other.yaml")).unwrap()),
            ("/w/recipes/app/app.yaml", None)
        );
        let mode = drafts.path(recipe).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drafts.remove(recipe).unwrap();
        assert_eq!(drafts.read(recipe).unwrap(), None);
        assert!(matches!(drafts.keep(recipe, "", &"x".repeat(MAX_TEXT + 1)), Err(DraftsError::TooLarge)));
    }

    #[test]
    fn what_cannot_be_read_is_told_once_and_kept_aside() {
        let state = tempfile::tempdir().unwrap();
        let drafts = Drafts::new(state.path());
        let recipe = Path::new("/w/app.yaml");
        drafts.keep(recipe, "", "mine").unwrap();
        let good = std::fs::read(drafts.path(recipe)).unwrap();
        let newer = String::from_utf8(good.clone()).unwrap().replace("\"draft\":1", "\"draft\":2");
        for content in [&b""[..], &good[..good.len() - 3], b"[]", newer.as_bytes(), b"\xff"] {
            std::fs::write(drafts.path(recipe), content).unwrap();
            let Err(DraftsError::Unreadable { aside, .. }) = drafts.read(recipe) else { panic!("{content:?}") };
            assert_eq!(std::fs::read(aside).unwrap(), content, "not a byte is lost");
            assert_eq!(drafts.read(recipe).unwrap(), None, "told once");
        }
        drafts.keep(recipe, "", "mine").unwrap();
        assert_eq!(drafts.read(recipe).unwrap().unwrap().text, "mine");
    }
}
