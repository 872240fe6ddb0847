//! `layer.world-writable`: what anybody may write. A folder with the sticky bit is as it should be; a symlink has no mode.

use super::super::super::reason;
use super::super::judged::Judged;
use super::super::judging::Judging;

pub fn world_writable(judging: &Judging<'_>) -> Judged {
    let demand = judging.case.policy.image.world_writable;
    super::each_path(judging, demand, reason::LAYER_WRITABLE, |seen, _| {
        let kind = seen.type_name();
        let wrong = matches!(kind, "file" | "folder" | "fifo") && is_open(seen.mode(), seen.is_folder());
        wrong.then(|| format!("anybody may write this {kind}; {:04o}", seen.mode()))
    })
}

/// Whether a mode lets anybody write.
pub fn is_open(mode: u32, is_folder: bool) -> bool {
    mode & 0o002 != 0 && !(is_folder && mode & 0o1000 != 0)
}
