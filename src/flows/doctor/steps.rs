//! What a host lacks for steps that run, judged from its facts alone: each lack with the commands that mend it. Pure.

use super::mends;
use super::{Finding, Standing};
use crate::adapters::host::IdSetting;
use crate::adapters::process::probe::{HostFacts, MapTool, Tried};

/// Ids an image may use: 0 to 65535.
const IDS: u64 = 65536;

/// How trying the sandbox went: microseconds, or why it does not work.
pub(super) type Trial = Result<u64, String>;

/// Everything steps need, in the order one thing rests on the other; `setting` is the user's `id-mode`.
pub(super) fn judge(facts: &HostFacts, trial: &Trial, setting: Option<IdSetting>) -> Vec<Finding> {
    let mut facts = facts.clone();
    if trial.is_ok() {
        // What this program does counts, not what others may: a profile can be for it alone.
        (facts.userns.tried, facts.overlay.tried) = (Tried::Worked, Tried::Worked);
    }
    let facts = &facts;
    let mut findings = vec![
        kernel(facts, trial.is_ok()),
        openat2(facts),
        seccomp(facts),
        userns(facts),
        overlay(facts),
        subids(facts),
    ];
    findings.push(ids(facts, setting));
    let lacks =
        findings.iter().filter(|finding| finding.standing == Standing::Lacking).map(|finding| finding.id.clone());
    let lacks: Vec<String> = lacks.collect();
    findings.push(sandbox(trial, &lacks));
    findings
}

/// The whole of it, tried.
fn sandbox(trial: &Trial, lacks: &[String]) -> Finding {
    const FOR: &str = "run and packages steps, tests that run something, bakery shell";
    match trial {
        Ok(micros) => {
            let found = format!("works: a step begins within {}.{} ms", micros / 1000, micros % 1000 / 100);
            Finding::ok("sandbox", FOR, found)
        }
        Err(words) => {
            let mend = match lacks {
                [] => {
                    "nothing known here explains it; `cat /proc/sys/kernel/tainted; dmesg` of the time may".to_owned()
                }
                lacks => format!(
                    "first what {} says",
                    lacks.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
                ),
            };
            Finding::lacking("sandbox", FOR, words, &mend)
        }
    }
}

impl HostFacts {
    fn is_root(&self) -> bool {
        self.uid == 0
    }

    /// The kernel's version; 0.0 where nobody knows.
    fn version(&self) -> (u32, u32) {
        let release = self.kernel.release.as_deref().unwrap_or_default();
        let mut parts = release.split(['.', '-', '+']).map_while(|part| part.parse::<u32>().ok());
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    }

    /// The user as messages name them.
    fn who(&self) -> String {
        self.user.clone().unwrap_or_else(|| format!("uid {}", self.uid))
    }

    fn may_make_namespaces(&self) -> bool {
        if self.is_root() { self.sys_admin } else { self.userns.tried == Tried::Worked }
    }
}

fn kernel(facts: &HostFacts, works: bool) -> Finding {
    const FOR: &str = "sandboxed steps, overlays of many layers";
    let Some(release) = &facts.kernel.release else {
        return Finding::lacking("kernel", FOR, "unknown", "look with `uname -r`: 6.5 or newer").weak();
    };
    // Distributions carry news back to kernels of older names.
    if works || facts.version() >= (6, 5) {
        return Finding::ok("kernel", FOR, release);
    }
    let found = format!("{release}: layers are stacked in a way that came with 6.5 (lowerdir+)");
    Finding::lacking("kernel", FOR, found, &mends::kernel(facts))
}

fn openat2(facts: &HostFacts) -> Finding {
    const FOR: &str = "opening inputs and image files safely";
    if facts.kernel.openat2 {
        return Finding::ok("openat2", FOR, "works");
    }
    match facts.container {
        Some(_) if facts.version() >= (5, 6) => {
            Finding::lacking("openat2", FOR, "refused by the container's system call filter", &mends::container(facts))
        }
        _ => Finding::lacking("openat2", FOR, "the kernel does not have it", "boot a kernel of 5.6 or newer"),
    }
}

fn seccomp(facts: &HostFacts) -> Finding {
    const FOR: &str = "refusing steps the system calls they have no use for";
    if facts.kernel.seccomp {
        return Finding::ok("seccomp", FOR, "filters can be loaded");
    }
    let mend = "boot a kernel built with CONFIG_SECCOMP_FILTER=y";
    Finding::lacking("seccomp", FOR, "the kernel has no system call filters", mend)
}

fn userns(facts: &HostFacts) -> Finding {
    const FOR: &str = "run and packages steps, and bakery shell, without root";
    if facts.is_root() {
        return match facts.sys_admin {
            true => Finding::ok("userns", FOR, "running as root: not needed"),
            false => {
                let found = "running as root without CAP_SYS_ADMIN: neither mounts nor namespaces";
                Finding::lacking("userns", FOR, found, &mends::container(facts))
            }
        };
    }
    let userns = &facts.userns;
    let (found, mend) = match &userns.tried {
        Tried::Worked => return Finding::ok("userns", FOR, "allowed"),
        _ if !userns.built_in => (
            "the kernel has no user namespaces".to_owned(),
            "boot a kernel built with CONFIG_USER_NS=y, or bake as root".to_owned(),
        ),
        _ if userns.max == Some(0) => (
            "forbidden: user.max_user_namespaces is 0".to_owned(),
            mends::sysctl("user.max_user_namespaces", "15000"),
        ),
        _ if userns.clone == Some(false) => (
            "forbidden to ordinary users: kernel.unprivileged_userns_clone is 0".to_owned(),
            mends::sysctl("kernel.unprivileged_userns_clone", "1"),
        ),
        _ if facts.container.is_some() => {
            ("refused by the container this runs in".to_owned(), mends::container(facts))
        }
        _ if userns.apparmor_restricts == Some(true) => (
            "AppArmor takes their rights away: kernel.apparmor_restrict_unprivileged_userns is 1".to_owned(),
            mends::apparmor(&facts.program),
        ),
        Tried::Absent => {
            let found = "cannot be tried: unshare is absent";
            return Finding::lacking("userns", FOR, found, &mends::install(facts, mends::UTIL_LINUX)).weak();
        }
        Tried::Failed(words) => (
            format!("refused: {words}"),
            "no switch known here forbids them: ask whoever runs this machine which security module does, or bake as root"
                .to_owned(),
        ),
    };
    Finding::lacking("userns", FOR, found, &mend)
}

fn overlay(facts: &HostFacts) -> Finding {
    const FOR: &str = "run and packages steps, bakery shell";
    let overlay = &facts.overlay;
    let place = format!("{} ({})", overlay.folder.display(), overlay.filesystem);
    let (found, mend) = match &overlay.tried {
        Tried::Worked => return Finding::ok("overlay", FOR, format!("mounts below {place}")),
        _ if !facts.may_make_namespaces() => {
            let found = "cannot be tried without a namespace to mount in";
            return Finding::lacking("overlay", FOR, found, "first what `userns` says").weak();
        }
        Tried::Absent => {
            let found = "cannot be tried: unshare is absent";
            return Finding::lacking("overlay", FOR, found, &mends::install(facts, mends::UTIL_LINUX)).weak();
        }
        _ if !facts.kernel.overlay => (
            "the kernel has no overlayfs loaded".to_owned(),
            "as root: modprobe overlay && echo overlay > /etc/modules-load.d/overlay.conf".to_owned(),
        ),
        _ if facts.version() < (6, 5) => {
            ("not as this kernel stacks them".to_owned(), "first what `kernel` says".to_owned())
        }
        _ if !mends::takes_uppers(&overlay.filesystem) => (
            format!("none can be written to at {place}: overlayfs takes no such file system for its upper folder"),
            mends::other_folder(facts),
        ),
        Tried::Failed(words) => (format!("does not mount below {place}: {words}"), mends::other_folder(facts)),
    };
    Finding::lacking("overlay", FOR, found, &mend)
}

/// What lacks for this user to have subordinate ids, each with its mend.
fn missing_ids(facts: &HostFacts) -> Vec<(String, String)> {
    let mut missing = Vec::new();
    if facts.user.is_none() {
        let found = format!("uid {} has no name, and newuidmap maps for nobody without one", facts.uid);
        missing.push((found, format!("as root: useradd --no-create-home --uid {} {}", facts.uid, mends::NEW_NAME)));
    }
    let tools = [("newuidmap", &facts.ids.newuidmap), ("newgidmap", &facts.ids.newgidmap)];
    if tools.iter().any(|(_, tool)| tool.is_none()) {
        let absent: Vec<&str> = tools.iter().filter(|(_, tool)| tool.is_none()).map(|(name, _)| *name).collect();
        missing.push((format!("{} not installed", absent.join(" and ")), mends::install(facts, mends::UIDMAP)));
    }
    for (name, tool) in tools {
        match tool {
            Some(MapTool { path, nosuid: true, .. }) => missing.push((
                format!("{name} lies on a file system mounted nosuid"),
                format!(
                    "as root: install -o root -m 4755 {} DIR, with DIR in PATH and not mounted nosuid",
                    path.display()
                ),
            )),
            Some(MapTool { path, privileged: false, .. }) => missing.push((
                format!("{name} is neither set-user-ID root nor has its file capability"),
                format!("as root: chmod u+s {}", path.display()),
            )),
            _ => {}
        }
    }
    if facts.no_new_privs {
        missing.push((
            "no program gains privileges in this session (no_new_privs), newuidmap neither".to_owned(),
            mends::no_new_privs(facts).to_owned(),
        ));
    }
    let granted = [("uids", facts.ids.uids.count()), ("gids", facts.ids.gids.count())];
    let short: Vec<String> = granted
        .iter()
        .filter(|(_, count)| *count < IDS)
        .map(|(kind, count)| match count {
            0 => format!("no subordinate {kind} for {}", facts.who()),
            few => format!("only {few} subordinate {kind} for {}", facts.who()),
        })
        .collect();
    if !short.is_empty() {
        missing.push((short.join(", "), mends::subordinate_ids(facts, IDS)));
    }
    missing
}

fn subids(facts: &HostFacts) -> Finding {
    const FOR: &str = "exact owners in run and packages steps without root";
    if facts.is_root() {
        return Finding::ok("subids", FOR, "running as root: not needed");
    }
    let missing = missing_ids(facts);
    if missing.is_empty() {
        let (uids, gids) = (facts.ids.uids.count(), facts.ids.gids.count());
        return Finding::ok("subids", FOR, format!("{uids} uids and {gids} gids for {}, newuidmap", facts.who()));
    }
    let (found, mends): (Vec<String>, Vec<String>) = missing.into_iter().unzip();
    Finding::lacking("subids", FOR, found.join("; "), &mends.join("\n")).weak()
}

/// Which ids a step's files get: what the findings before this one and the user's wish come to.
fn ids(facts: &HostFacts, setting: Option<IdSetting>) -> Finding {
    const FOR: &str = "who owns what steps make";
    const LOST: &str = "every file of a step is yours alone. chown and set*id do nothing and say they did, so what packages \
                        own by other users ends up owned by root in the layer; bakes say so";
    if !facts.may_make_namespaces() {
        return Finding::lacking("ids", FOR, "none: steps cannot be run", "first what `userns` says");
    }
    if facts.is_root() {
        return Finding::ok("ids", FOR, "root: the image's ids are this machine's, owners are exact");
    }
    let complete = missing_ids(facts).is_empty();
    match setting {
        Some(IdSetting::Strict) => {
            let found = "strict, as `id-mode` says: every file of a step is yours alone, and chown to others fails";
            Finding::ok("ids", FOR, found).weak()
        }
        Some(IdSetting::Single) => Finding::ok("ids", FOR, format!("single, as `id-mode` says: {LOST}")).weak(),
        None | Some(IdSetting::Subordinate) if complete => {
            let found = "subordinate: the image's ids are ids set aside for you, owners are exact";
            Finding::ok("ids", FOR, found)
        }
        Some(IdSetting::Subordinate) => {
            let found = "none: `id-mode: subordinate` refuses to run steps without subordinate ids";
            Finding::lacking("ids", FOR, found, "what `subids` says, or `id-mode: single` in config.yaml")
        }
        None => {
            let mend = "what `subids` says; until then `id-mode: strict` in config.yaml lets such steps fail";
            Finding::lacking("ids", FOR, format!("single: {LOST}"), mend).weak()
        }
    }
}
