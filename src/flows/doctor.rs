//! `doctor`: what this machine can do for a baker, each finding with its mend. Changes nothing that stays.

use serde::Serialize;

use super::Context;
use crate::adapters::process::{self, probe};
use crate::adapters::settings::Paths;
use crate::report::Report;

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// There, and it works.
    Ok,
    /// Works, with less comfort.
    Weak,
    /// Not there; something bakery offers will not work.
    Lacking,
}

/// One thing looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable identifier: `userns`, `store.global`, ….
    pub id: String,
    /// How it stands.
    pub standing: Standing,
    /// What was found.
    pub found: String,
    /// What it is needed for.
    pub needed_for: &'static str,
    /// How to get it, where it lacks.
    pub mend: Option<String>,
}

impl Finding {
    fn ok(id: impl Into<String>, needed_for: &'static str, found: impl Into<String>) -> Self {
        Self { id: id.into(), standing: Standing::Ok, found: found.into(), needed_for, mend: None }
    }

    fn lacking(id: impl Into<String>, needed_for: &'static str, found: impl Into<String>, mend: &str) -> Self {
        let mend = Some(mend.to_owned());
        Self { id: id.into(), standing: Standing::Lacking, found: found.into(), needed_for, mend }
    }

    fn weak(self) -> Self {
        Self { standing: Standing::Weak, ..self }
    }
}

/// Looks at everything. `context` is the workspace when there is one, or why there is none.
pub async fn examine(context: Result<&Context, &Report>) -> Vec<Finding> {
    let paths = context.map_or_else(|_| Paths::from_environment(), |c| c.paths.clone());
    let mut findings = vec![
        local_storage(&paths),
        free_space(&paths),
        inputs(),
        detaching(),
        user_namespaces(),
        overlay(&paths),
        subordinate_ids(),
        terminal(),
    ];
    match context {
        Ok(context) => findings.extend(stores(context).await),
        Err(report) => findings.push(
            Finding::lacking("workspace", "everything but demo and init", &report.message, "`bakery init` makes one")
                .weak(),
        ),
    }
    findings
}

fn local_storage(paths: &Paths) -> Finding {
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

fn free_space(paths: &Paths) -> Finding {
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

fn inputs() -> Finding {
    let kernel = probe::first_line("/proc/sys/kernel/osrelease").unwrap_or_else(|| "unknown".into());
    let mut parts = kernel.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    let version = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    const FOR: &str = "reading inputs safely (openat2), overlay of many layers";
    if version >= (6, 5) {
        Finding::ok("kernel", FOR, kernel)
    } else if version >= (5, 6) {
        Finding { standing: Standing::Weak, ..Finding::ok("kernel", FOR, format!("{kernel}: no lowerdir+ before 6.5")) }
    } else {
        Finding::lacking("kernel", FOR, kernel, "a kernel of 5.6 or newer")
    }
}

fn detaching() -> Finding {
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

fn user_namespaces() -> Finding {
    const FOR: &str = "run and packages steps without root";
    if probe::user_id() == 0 {
        return Finding::ok("userns", FOR, "running as root: not needed");
    }
    match probe::attempt("unshare", &["--user", "--map-root-user", "true"]) {
        probe::Tried::Worked => Finding::ok("userns", FOR, "allowed"),
        probe::Tried::Absent => {
            Finding::lacking("userns", FOR, "cannot try: unshare is absent", "install util-linux").weak()
        }
        probe::Tried::Failed(words) => {
            let restricted = probe::first_line("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
            let mend = match restricted.as_deref() {
                Some("1") => {
                    "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile that allows userns"
                }
                _ => {
                    "sysctl kernel.unprivileged_userns_clone=1 (or user.max_user_namespaces above 0); in a container: --security-opt seccomp=unconfined --security-opt systempaths=unconfined"
                }
            };
            Finding::lacking("userns", FOR, words, mend)
        }
    }
}

fn overlay(paths: &Paths) -> Finding {
    const FOR: &str = "run and packages steps";
    let folder = if std::path::Path::new(&paths.cache).exists() { paths.cache.clone() } else { paths.state.clone() };
    match probe::attempt_overlay(&folder, probe::user_id() != 0) {
        probe::Tried::Worked => Finding::ok("overlay", FOR, format!("mounts below {}", folder.display())),
        probe::Tried::Absent => {
            Finding::lacking("overlay", FOR, "cannot try: unshare is absent", "install util-linux").weak()
        }
        probe::Tried::Failed(words) => Finding::lacking(
            "overlay",
            FOR,
            words,
            "put BAKERY_HOME on a file system overlayfs takes as upper (ext4, xfs, btrfs; in a container: a volume)",
        ),
    }
}

fn subordinate_ids() -> Finding {
    const FOR: &str = "exact owners in rootless run and packages steps";
    let id = probe::user_id();
    if id == 0 {
        return Finding::ok("subids", FOR, "running as root: not needed");
    }
    let user = process::environment("USER").unwrap_or_default();
    let uids = probe::subordinate_ids("/etc/subuid", &user, id);
    let gids = probe::subordinate_ids("/etc/subgid", &user, id);
    let tools = probe::is_installed("newuidmap") && probe::is_installed("newgidmap");
    if uids >= 65536 && gids >= 65536 && tools {
        Finding::ok("subids", FOR, format!("{uids} uids, {gids} gids, newuidmap"))
    } else {
        let found = format!("{uids} uids, {gids} gids, newuidmap {}", if tools { "there" } else { "absent" });
        let mend = "install uidmap, and as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER";
        Finding::lacking("subids", FOR, found, mend).weak()
    }
}

fn terminal() -> Finding {
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

async fn stores(context: &Context) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in context.workspace.stores.keys() {
        findings.push(store(context, name).await);
    }
    findings
}

async fn store(context: &Context, name: &str) -> Finding {
    const FOR: &str = "reading bases, publishing images";
    let id = format!("store.{name}");
    let listed = match context.open_store(name) {
        Ok(store) => store.repositories(None).await.map(|page| (store.name(), page.items.len())).map_err(Report::from),
        Err(report) => Err(report),
    };
    match listed {
        Ok((place, count)) => Finding::ok(id, FOR, format!("{place}: answers, {count} repositories on its first page")),
        Err(report) => {
            let found = std::iter::once(&report.message).chain(&report.causes).cloned().collect::<Vec<_>>().join(": ");
            let mend = report.help.unwrap_or_else(|| "see bakery.yaml".into());
            Finding::lacking(id, FOR, found, &mend)
        }
    }
}
