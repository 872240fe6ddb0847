//! What an engine can do, as it declares: screens say what is not available, `plan` refuses early what cannot be done.

use std::collections::BTreeSet;

use crate::domain::oci::Platform;

/// What an engine can do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Capabilities {
    /// Shows the files a step changes while it runs.
    pub live_changes: bool,
    /// Carries out steps that run something.
    pub run_steps: bool,
    /// Hands secrets to steps.
    pub secrets: bool,
    /// Keeps folders between bakes (`cache:`).
    pub cache_mounts: bool,
    /// Cuts a step off from the network (`network: none`).
    pub no_network: bool,
    /// The same recipe gives the same digest.
    pub reproducible: bool,
    /// Platforms it runs programs of; `None` where it does not tell.
    pub platforms: Option<BTreeSet<Platform>>,
}
