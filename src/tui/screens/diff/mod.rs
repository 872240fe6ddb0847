//! Diff: into an image, layer by layer, and what is not the same between two: files, contents, packages, settings, layers.
//! Everything that grows with the image is made outside `update` and shared; moving through it touches what is in sight.

mod content;
mod detail;
mod files;
mod matter;
mod model;
mod obey;
mod pane;
mod pointing;
mod tabs;
mod update;
mod view;

pub use super::held::Held;
pub use content::{Body, Shown, Source, Sources, Tag, Wanted};
pub use files::{Files, Listed, Listing, Query, Request, Row, Sieve, Sort};
pub use matter::{Fate, LayerRow, Matter, Part, Which};
pub use model::{Model, Reading, Standing, Tab};
pub use tabs::facts::FactRow;
pub use tabs::trust::{Trust, TrustRow};

use std::sync::Arc;

use tabs::{facts, layers, trust};

use super::Compare;
use crate::domain::trust::Verified;
use crate::report::Report;

/// What the Diff screen wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Opens images; the newest wish counts.
    Open(Compare),
    /// Makes the list of files; the newest wish counts.
    List(Box<Request>),
    /// Reads what is in a file; the newest wish counts.
    Content(Box<Wanted>),
    /// Verifies both images; the newest wish counts.
    Trust {
        /// The one compared with.
        before: String,
        /// The one compared.
        after: String,
    },
    /// Writes a file of an image to where the user wants it.
    Save {
        /// Which image.
        matter: Held<Matter>,
        /// Which file.
        source: Box<Source>,
        /// Where to, from the working directory.
        to: String,
        /// Whether what is there may be replaced.
        replace: bool,
    },
}

/// What came of writing a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Saved {
    /// So many bytes were written.
    Written(u64),
    /// Something is there already, and was left alone.
    Exists,
}

/// What the Diff screen is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// Images were opened, or could not be.
    Opened {
        /// As asked for.
        asked: Compare,
        /// What is to be shown.
        matter: Result<Held<Matter>, Report>,
    },
    /// The list of files.
    Listed(Box<Listed>),
    /// What is in a file, or why that cannot be told.
    Content {
        /// Which.
        sources: Sources,
        /// It, ready to be drawn.
        shown: Result<Held<Shown>, Report>,
    },
    /// Both images were verified, or could not be.
    Trusted {
        /// The one compared with.
        before: (String, Result<Arc<Verified>, Report>),
        /// The one compared.
        after: (String, Result<Arc<Verified>, Report>),
    },
    /// A file was to be written.
    Saved {
        /// Which effect that was, to be had again.
        effect: Box<Effect>,
        /// What came of it.
        outcome: Result<Saved, Report>,
    },
}
