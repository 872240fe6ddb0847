//! What matters of a host for steps that run, as plain data: so that what is said about a host can be tested without
//! having it. Judges nothing.

use std::path::PathBuf;

use super::Tried;

/// One host as one user finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFacts {
    /// Effective user id.
    pub uid: u32,
    /// The user's name; `None` where the machine has none for the id.
    pub user: Option<String>,
    /// Where this program really is: what an AppArmor profile has to name.
    pub program: PathBuf,
    /// `ID` and `ID_LIKE` of os-release: `debian`, `rhel fedora`, ….
    pub distribution: Vec<String>,
    /// In what kind of container this runs; `None` on a host of its own.
    pub container: Option<Container>,
    /// The kernel.
    pub kernel: KernelFacts,
    /// `CAP_SYS_ADMIN` is among the effective capabilities.
    pub sys_admin: bool,
    /// No program started from here gains privileges (`no_new_privs`).
    pub no_new_privs: bool,
    /// User namespaces.
    pub userns: UsernsFacts,
    /// Subordinate ids.
    pub ids: IdFacts,
    /// Overlay mounts.
    pub overlay: OverlayFacts,
}

/// Who made the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// Docker, or something that says it is.
    Docker,
    /// Podman.
    Podman,
    /// A pod of Kubernetes.
    Kubernetes,
    /// Something else.
    Other,
}

/// What the kernel offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelFacts {
    /// `6.1.0-18-amd64`.
    pub release: Option<String>,
    /// openat2(2) works.
    pub openat2: bool,
    /// System call filters can be loaded.
    pub seccomp: bool,
    /// overlayfs is built in or loaded.
    pub overlay: bool,
}

/// What stands in the way of user namespaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsernsFacts {
    /// The kernel has them at all.
    pub built_in: bool,
    /// `user.max_user_namespaces`.
    pub max: Option<u64>,
    /// `kernel.unprivileged_userns_clone`, on kernels that have the switch.
    pub clone: Option<bool>,
    /// `kernel.apparmor_restrict_unprivileged_userns`, on kernels that have the switch.
    pub apparmor_restricts: Option<bool>,
    /// What trying gave.
    pub tried: Tried,
}

/// A range of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdRange {
    /// The first.
    pub start: u64,
    /// How many.
    pub count: u64,
}

/// What `/etc/subuid` or `/etc/subgid` grants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    /// To this user.
    pub own: Vec<IdRange>,
    /// To anybody.
    pub all: Vec<IdRange>,
}

impl Granted {
    /// How many ids this user's largest range has: one is used, whole.
    pub fn count(&self) -> u64 {
        self.own.iter().map(|range| range.count).max().unwrap_or(0)
    }
}

/// A program that maps ids for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapTool {
    /// Where it is.
    pub path: PathBuf,
    /// It is set-user-ID root, or has the file capability.
    pub privileged: bool,
    /// It lies on a file system mounted `nosuid`, where neither counts.
    pub nosuid: bool,
}

/// Subordinate ids and who maps them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdFacts {
    /// User ids.
    pub uids: Granted,
    /// Group ids.
    pub gids: Granted,
    /// newuidmap(1).
    pub newuidmap: Option<MapTool>,
    /// newgidmap(1).
    pub newgidmap: Option<MapTool>,
}

/// Overlay mounts where snapshots are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverlayFacts {
    /// The folder.
    pub folder: PathBuf,
    /// The kind of file system it is on.
    pub filesystem: String,
    /// What trying gave.
    pub tried: Tried,
}
