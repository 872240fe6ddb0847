//! A pool as it stands at a moment, for those who look at it. Decides nothing.

use std::collections::BTreeSet;

use crate::domain::oci::Platform;

/// All builders, and what waits for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// In the workspace's order.
    pub builders: Vec<Seats>,
    /// Images (`NAME:TAG`) whose bake has not begun, in the order they were asked for.
    pub waiting: Vec<String>,
}

/// A builder and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seats {
    /// What the workspace calls it.
    pub name: String,
    /// Bakes it takes at once.
    pub slots: usize,
    /// Platforms it has natively; `None`: any.
    pub platforms: Option<BTreeSet<Platform>>,
    /// Whether it is given bakes.
    pub health: Health,
    /// Images baked there now.
    pub baking: Vec<String>,
}

/// Whether a builder is given bakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Nothing is known against it.
    In,
    /// It was at fault, and is left alone for so many milliseconds more.
    Out {
        /// Milliseconds from the moment this was asked.
        left: u64,
    },
    /// It was at fault; one bake tries it.
    OnTrial,
}
