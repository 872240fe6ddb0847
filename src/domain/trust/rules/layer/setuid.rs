//! `layer.setuid`: files that run as their owner or group, whoever starts them.

use super::super::super::reason;
use super::super::judged::Judged;
use super::super::judging::Judging;

pub fn setuid(judging: &Judging<'_>) -> Judged {
    super::each_path(judging, judging.case.policy.image.setuid, reason::LAYER_SETUID, |seen, _| {
        let what = if seen.is_file() { as_whom(seen.mode()) } else { None };
        what.map(|what| format!("{what}; {:04o} {}:{}", seen.mode(), seen.uid(), seen.gid()))
    })
}

/// What the mode of a file says of whom it runs as.
pub fn as_whom(mode: u32) -> Option<&'static str> {
    match (mode & 0o4000 != 0, mode & 0o2000 != 0) {
        (true, true) => Some("runs as its owner and group (setuid, setgid)"),
        (true, false) => Some("runs as its owner (setuid)"),
        (false, true) => Some("runs as its group (setgid)"),
        (false, false) => None,
    }
}
