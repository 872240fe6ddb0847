//! `image.signature`: whether a published image is signed by a key of its own store.

use super::super::base::signed;
use super::super::judged::{Judged, Offence};
use super::super::judging::Judging;

pub fn signature(judging: &Judging<'_>) -> Judged {
    signed(judging.case.evidence, Offence::new)
}
