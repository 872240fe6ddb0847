//! Rules on paths as they appear while a step runs. What is seen is an estimate: the sealed layer is judged again, exactly.

use super::super::{Contract, Policy};
use crate::domain::layer::Tree;

/// A path that was seen to change.
#[derive(Clone, Copy, Debug)]
pub struct SeenPath<'a> {
    /// Absolute path in the image.
    pub path: &'a str,
    /// Whether it is gone.
    pub deleted: bool,
    /// Type and permission bits as in `st_mode`; 0 where it is gone.
    pub mode: u32,
    /// Rules that found a secret in it, with the line and the masked value.
    pub secrets: &'a [(String, u32, String)],
}

/// What is wrong with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The check.
    pub check: &'static str,
    /// Whether the policy only warns.
    pub warns: bool,
    /// Stable reason code.
    pub reason: &'static str,
    /// A line a person can act on.
    pub line: String,
}

/// Judges paths as they appear.
pub struct Watching<'a> {
    policy: &'a Policy,
    contract: &'a Contract,
    base: Option<&'a Tree>,
}

impl<'a> Watching<'a> {
    /// Under a policy and the contract of a base; `base` is its merged tree, where it is at hand.
    pub fn new(policy: &'a Policy, contract: &'a Contract, base: Option<&'a Tree>) -> Self {
        Self { policy, contract, base }
    }

    /// What is wrong with a path that was seen.
    pub fn see(&self, seen: SeenPath<'_>) -> Vec<Violation> {
        let _ = (self.policy, self.contract, self.base, seen);
        Vec::new()
    }
}
