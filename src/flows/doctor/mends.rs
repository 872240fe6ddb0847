//! The commands that mend a host, exact to the user, the paths and the numbers in its facts. Pure.

use std::path::Path;

use crate::adapters::process::probe::{Container, HostFacts, IdRange};

/// The name proposed for a user that has none.
pub(super) const NEW_NAME: &str = "baker";

/// A package by the name each family of distributions has for it: Debian, Fedora, Alpine, Arch, SUSE.
pub(super) type Package = [&'static str; 5];
/// newuidmap and newgidmap.
pub(super) const UIDMAP: Package = ["uidmap", "shadow-utils", "shadow-uidmap", "shadow", "shadow"];
/// unshare.
pub(super) const UTIL_LINUX: Package = ["util-linux"; 5];

/// The command that installs a package.
pub(super) fn install(facts: &HostFacts, package: Package) -> String {
    const FAMILIES: [(&[&str], &str); 5] = [
        (&["debian", "ubuntu"], "apt-get install"),
        (&["fedora", "rhel", "centos"], "dnf install"),
        (&["alpine"], "apk add"),
        (&["arch"], "pacman -S"),
        (&["suse", "opensuse"], "zypper install"),
    ];
    let is_of = |names: &[&str]| facts.distribution.iter().any(|name| names.contains(&name.as_str()));
    match FAMILIES.iter().zip(package).find(|((names, _), _)| is_of(names)) {
        Some(((_, command), package)) => format!("as root: {command} {package}"),
        None => format!("install the package {} (Debian's name)", package[0]),
    }
}

/// Sets a kernel switch, now and at every boot.
pub(super) fn sysctl(name: &str, value: &str) -> String {
    format!("as root: echo '{name} = {value}' > /etc/sysctl.d/90-bakery.conf && sysctl --system")
}

/// A profile that gives `program` its rights back, in one line that can be copied.
pub(super) fn apparmor(program: &Path) -> String {
    // Quoted thrice: for the profile, for printf and for the shell.
    let program = program.display().to_string().replace('\\', r"\\\\").replace('"', r#"\\""#);
    let program = program.replace('%', "%%").replace('\'', r"'\''");
    let profile = [
        "abi <abi/4.0>,",
        "include <tunables/global>",
        &format!("profile bakery \"{program}\" flags=(unconfined) {{"),
        "  userns,",
        "}",
    ]
    .join("\\n");
    format!(
        "as root, for this program alone: printf '{profile}\\n' > /etc/apparmor.d/bakery && apparmor_parser -r \
         /etc/apparmor.d/bakery\n\
         or for every program: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    )
}

/// What a container has to be started with.
pub(super) fn container(facts: &HostFacts) -> String {
    let admin = if facts.uid == 0 { "--cap-add SYS_ADMIN " } else { "" };
    let filters = "--security-opt seccomp=unconfined --security-opt apparmor=unconfined";
    match facts.container {
        Some(Container::Docker) => {
            format!("start the container with: docker run {admin}{filters} --security-opt systempaths=unconfined")
        }
        Some(Container::Podman) => {
            format!("start the container with: podman run {admin}{filters} --security-opt unmask=ALL")
        }
        Some(Container::Kubernetes) => {
            let admin = if facts.uid == 0 { ", capabilities: {add: [SYS_ADMIN]}" } else { "" };
            format!(
                "set in the pod: securityContext: {{seccompProfile: {{type: Unconfined}}, appArmorProfile: {{type: \
                 Unconfined}}, procMount: Unmasked{admin}}}"
            )
        }
        Some(Container::Other) => {
            "start the container without a system call filter, with /proc unmasked, and, for root, with CAP_SYS_ADMIN"
                .to_owned()
        }
        None => "start it where root has CAP_SYS_ADMIN, or as an ordinary user".to_owned(),
    }
}

/// A newer kernel, where the distribution has one beside its own.
pub(super) fn kernel(facts: &HostFacts) -> String {
    let is = |name: &str| facts.distribution.first().is_some_and(|id| id == name);
    let newer = "boot a kernel of 6.5 or newer";
    if is("debian") {
        return format!(
            "{newer}; as root: apt-get install -t $(. /etc/os-release; echo $VERSION_CODENAME)-backports linux-image-$(dpkg --print-architecture)"
        );
    }
    if is("ubuntu") {
        return format!("{newer}; as root: apt-get install linux-generic-hwe-$(. /etc/os-release; echo $VERSION_ID)");
    }
    newer.to_owned()
}

/// Whether overlayfs can take this file system for its upper folder, as far as names tell.
pub(super) fn takes_uppers(filesystem: &str) -> bool {
    !matches!(filesystem, "overlay" | "nfs" | "cifs" | "fuse" | "9p" | "vfat" | "ecryptfs" | "ceph")
}

/// Another folder for everything bakery keeps.
pub(super) fn other_folder(facts: &HostFacts) -> String {
    match facts.container {
        Some(Container::Docker | Container::Podman) => {
            let program = if facts.container == Some(Container::Podman) { "podman" } else { "docker" };
            format!("give it a volume: {program} run --volume bakery:/bakery --env BAKERY_HOME=/bakery")
        }
        Some(Container::Kubernetes) => {
            "mount an emptyDir or another volume into the pod, and point BAKERY_HOME at it".to_owned()
        }
        Some(Container::Other) | None => {
            "point BAKERY_HOME at a folder on ext4, xfs, btrfs or tmpfs of this machine".to_owned()
        }
    }
}

/// How a session comes to be allowed privileges again.
pub(super) fn no_new_privs(facts: &HostFacts) -> &'static str {
    match facts.container {
        Some(Container::Kubernetes) => "set in the pod: securityContext: {allowPrivilegeEscalation: true}",
        Some(_) => "start the container without --security-opt no-new-privileges",
        None => "start bakery from a session without it: a unit with NoNewPrivileges=no, no setpriv --no-new-privs",
    }
}

/// Grants the user what is lacking, in a range nobody has.
pub(super) fn subordinate_ids(facts: &HostFacts, count: u64) -> String {
    let ids = &facts.ids;
    let start = free_start(ids.uids.all.iter().chain(&ids.gids.all), count);
    let range = format!("{start}-{}", start.saturating_add(count - 1));
    let mut options = Vec::new();
    if ids.uids.count() < count {
        options.push(format!("--add-subuids {range}"));
    }
    if ids.gids.count() < count {
        options.push(format!("--add-subgids {range}"));
    }
    format!("as root: usermod {} {}", options.join(" "), facts.user.as_deref().unwrap_or(NEW_NAME))
}

/// The first start of `count` ids from 100000 on that no range touches: where useradd would begin, too.
fn free_start<'a>(taken: impl Iterator<Item = &'a IdRange>, count: u64) -> u64 {
    let mut taken: Vec<&IdRange> = taken.collect();
    taken.sort_by_key(|range| range.start);
    let mut start: u64 = 100_000;
    for range in taken {
        let end = range.start.saturating_add(range.count);
        if range.start < start.saturating_add(count) && end > start {
            start = end;
        }
    }
    start
}
