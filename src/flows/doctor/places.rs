//! Where bakery keeps things, how bakes detach, what the terminal is: each as a finding. Knows nothing of namespaces.

use super::Finding;
use crate::adapters::process::{self, probe};
use crate::adapters::settings::Paths;

pub(super) fn local_storage(paths: &Paths) -> Finding {
    const FOR: &str = "bakes and the local store";
    match probe::sync_micros(&paths.state) {
        Ok(micros) => {
            let found = format!(
                "{} writable, a sync takes {}.{} ms",
                paths.state.display(),
                micros / 1000,
                micros % 1000 / 100
            );
            Finding::ok("storage", FOR, found)
        }
        Err(error) => Finding::lacking(
            "storage",
            FOR,
            format!("cannot write below {}: {error}", paths.state.display()),
            "make it writable, or point BAKERY_HOME at a folder that is",
        ),
    }
}

pub(super) fn free_space(paths: &Paths) -> Finding {
    const FOR: &str = "bakes and the local store";
    match probe::free_bytes(&paths.data) {
        Some(free) if free >= 1 << 30 => Finding::ok("space", FOR, format!("{} GB free", free / 1_000_000_000)),
        Some(free) => Finding::lacking(
            "space",
            FOR,
            format!("{} MB free at {}", free / 1_000_000, paths.data.display()),
            "free some: `bakery gc` drops what nothing refers to",
        )
        .weak(),
        None => Finding::lacking("space", FOR, "unknown", "look with `df`").weak(),
    }
}

pub(super) fn detaching() -> Finding {
    let runtime = process::environment("XDG_RUNTIME_DIR").unwrap_or_default();
    let systemd = !runtime.is_empty() && std::path::Path::new(&runtime).join("systemd/private").exists();
    const FOR: &str = "bakes that outlive the terminal";
    if systemd && probe::is_installed("systemd-run") {
        Finding::ok("detach", FOR, "systemd user scope: bakes survive logout even with KillUserProcesses=yes")
    } else {
        let found = "own session (setsid): bakes survive a closed terminal and a dropped connection";
        Finding::ok("detach", FOR, found)
    }
}

pub(super) fn terminal() -> Finding {
    const FOR: &str = "progress bars and screens";
    let terminal = probe::terminal();
    let term = terminal.term.unwrap_or_else(|| "unset".into());
    if !terminal.is_terminal {
        return Finding::ok("terminal", FOR, "output is not a terminal: plain lines");
    }
    let size = terminal.size.map_or_else(|| "unknown size".into(), |(columns, rows)| format!("{columns}x{rows}"));
    let depth = match terminal.color.as_deref() {
        Some("truecolor" | "24bit") => "true colour",
        _ if term.contains("256color") => "256 colours",
        _ => "16 colours",
    };
    let charset = if terminal.utf8 { "UTF-8" } else { "not UTF-8: plain characters" };
    let found = crate::domain::text::escape(&format!("{term}, {size}, {depth}, {charset}"));
    match (term.as_str(), terminal.size) {
        ("dumb" | "unset", _) => Finding::lacking("terminal", FOR, found, "set TERM to what your terminal is").weak(),
        (_, Some((columns, rows))) if columns < 80 || rows < 24 => {
            Finding::lacking("terminal", FOR, found, "80x24 shows everything").weak()
        }
        _ => Finding::ok("terminal", FOR, found),
    }
}
