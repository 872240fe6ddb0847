//! Steps that run something, carried out beyond this machine: what a bake asks of whoever does it. Knows no builder.

use std::path::Path;

use super::base::Ground;
use super::running::StepRun;
use super::seal::Sealed;
use super::steps::{Remembered, StepError};
use crate::adapters::engine::BaseImage;
use crate::adapters::sandbox::Counts;
use crate::domain::layer::Tree;
use crate::domain::oci::Platform;
use crate::domain::recipe::{Action, Installed};

/// Carries out steps that run something. Called on a bake's own thread, which may wait.
pub(in crate::adapters::engine) trait Elsewhere: Send + Sync {
    /// Which kind of engine it is: goes into the keys of what it makes.
    fn kind(&self) -> &'static str;

    /// Whether it runs programs of a platform.
    fn runs(&self, platform: &Platform) -> bool;

    /// Carries out a step; its layer is in the layout then, and what it changes in the tree.
    fn carry_out(&self, work: Work<'_>) -> Result<Brought, StepError>;
}

/// A step, and everything around it.
pub(in crate::adapters::engine) struct Work<'a> {
    pub(in crate::adapters::engine) around: StepRun<'a>,
    pub(in crate::adapters::engine) action: &'a Action,
    pub(in crate::adapters::engine) platform: &'a Platform,
    pub(in crate::adapters::engine) base: Option<&'a BaseImage>,
    /// What lies below, merged.
    pub(in crate::adapters::engine) tree: &'a mut Tree,
    pub(in crate::adapters::engine) remembered: &'a Remembered,
    pub(in crate::adapters::engine) cache: &'a Path,
    pub(in crate::adapters::engine) no_cache: bool,
}

impl Work<'_> {
    /// The layers below, bottom first.
    pub(in crate::adapters::engine) fn layers(&self) -> &[Ground] {
        self.around.layers
    }
}

/// What a step left.
pub(in crate::adapters::engine) struct Brought {
    pub(in crate::adapters::engine) counts: Counts,
    /// Its layer; `None` where it changed nothing.
    pub(in crate::adapters::engine) sealed: Option<Sealed>,
    /// Packages it was asked for, in the versions that came.
    pub(in crate::adapters::engine) packages: Vec<Installed>,
}
