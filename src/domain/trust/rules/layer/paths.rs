//! `layer.paths`: paths the policy forbids.

use super::super::super::policy::Demand;
use super::super::super::{Globs, reason};
use super::super::judged::Judged;
use super::super::judging::Judging;
use crate::domain::text::escape;

pub fn paths(judging: &Judging<'_>) -> Judged {
    let forbidden = &judging.case.policy.image.forbid_paths;
    if forbidden.is_empty() {
        return Judged::not_asked();
    }
    match Globs::new(forbidden) {
        Err(error) => Judged::unusable(&error),
        Ok(globs) => super::each_path(judging, Demand::Forbid, reason::LAYER_PATH, |seen, path| {
            globs.which(&path()).map(|glob| format!("this {} is forbidden by {}", seen.type_name(), escape(glob)))
        }),
    }
}
