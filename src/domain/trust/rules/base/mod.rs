//! Rules on an image as somebody's base, a file a check.

mod age;
mod allowed;
mod fresh;
mod signature;

pub(super) use age::age;
pub(super) use allowed::allowed;
pub(super) use fresh::fresh;
pub(super) use signature::{bad_outcome, signature, signed};

use super::Offence;
use crate::domain::trust::Evidence;

/// Something wrong with a base; exceptions name it as `base.allow` does.
fn about(base: &Evidence, reason: &'static str, line: impl Into<String>) -> Offence {
    Offence::about(reason, name(base), line)
}

/// `STORE/NAME`; of what lies under no store, the whole reference.
fn name(base: &Evidence) -> String {
    match &base.store {
        Some(store) => format!("{store}/{}", base.repository),
        None => base.reference.clone(),
    }
}
