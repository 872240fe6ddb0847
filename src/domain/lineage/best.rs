//! The one best thing to do with an image, once it is known what its base changed. Decides nothing of how it is done.

/// What to do with an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Best {
    /// Nothing: it is on what its base is now.
    UpToDate,
    /// Put it on its new base: nothing of its own meets what that changed.
    Rebase,
    /// Bake its recipe again: its own layers or its config stand in the way of a rebase.
    Rebake,
    /// Move what it is built on first; named as references name it, escaped.
    BaseFirst(String),
    /// It may not be moved; why, escaped.
    Blocked(String),
}

impl Best {
    /// Its name in results.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::UpToDate => "up-to-date",
            Self::Rebase => "rebase",
            Self::Rebake => "rebake",
            Self::BaseFirst(_) => "base-first",
            Self::Blocked(_) => "blocked",
        }
    }
}
