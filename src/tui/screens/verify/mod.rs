//! Verify: an image and what it is built on as one path of certificates, root first; each level opens to its checks, each
//! check to its evidence, the rule and the mend. Judges nothing.

mod detail;
mod exception;
mod model;
mod update;
mod view;

pub use model::{Model, Row, Standing};

use std::sync::Arc;

use crate::domain::trust::Verified;
use crate::report::Report;

/// What the Verify screen wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Verifies an image and its bases; the newest wish counts.
    Verify {
        /// Its reference.
        image: String,
        /// Which run this is.
        run: u64,
    },
    /// Gives up what is under way.
    Stop,
}

/// What the Verify screen is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// An image was verified, or could not be.
    Verified {
        /// The run.
        run: u64,
        /// What was found.
        verified: Result<Arc<Verified>, Report>,
    },
}
