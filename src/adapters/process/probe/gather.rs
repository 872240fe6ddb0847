//! Gathering the facts: reads what the host says of itself and tries what only trying tells. Judges nothing, changes
//! nothing that stays.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, StatVfsMountFlags};

use super::facts::{Container, Granted, HostFacts, IdFacts, IdRange, KernelFacts, MapTool, OverlayFacts, UsernsFacts};
use super::{attempt_overlay, attempt_userns, first_line};
use crate::adapters::process::environment;
use crate::adapters::process::identity::user_name;

/// Largest system file read.
const MAX_FILE: usize = 1 << 20;
/// Bit of `CAP_SYS_ADMIN` in a set of capabilities.
const CAP_SYS_ADMIN: u32 = 21;

/// The facts of this host, for this user; snapshots would be kept below `cache`.
pub fn gather(cache: &Path) -> HostFacts {
    let uid = rustix::process::geteuid().as_raw();
    let user = user_name(uid);
    let rootless = uid != 0;
    HostFacts {
        uid,
        program: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("bakery")),
        distribution: distribution(),
        container: container(),
        kernel: KernelFacts {
            release: first_line("/proc/sys/kernel/osrelease"),
            openat2: openat2_works(),
            seccomp: Path::new("/proc/sys/kernel/seccomp/actions_avail").exists(),
            overlay: text("/proc/filesystems").lines().any(|line| line.trim_start_matches("nodev").trim() == "overlay"),
        },
        sys_admin: status("CapEff")
            .and_then(|set| u64::from_str_radix(&set, 16).ok())
            .is_some_and(|set| set >> CAP_SYS_ADMIN & 1 == 1),
        no_new_privs: status("NoNewPrivs").as_deref() == Some("1"),
        userns: UsernsFacts {
            built_in: Path::new("/proc/self/ns/user").exists(),
            max: first_line("/proc/sys/user/max_user_namespaces").and_then(|text| text.parse().ok()),
            clone: switch("/proc/sys/kernel/unprivileged_userns_clone"),
            apparmor_restricts: switch("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            tried: attempt_userns(),
        },
        ids: IdFacts {
            uids: granted(&text("/etc/subuid"), user.as_deref(), uid),
            gids: granted(&text("/etc/subgid"), user.as_deref(), uid),
            newuidmap: map_tool("newuidmap"),
            newgidmap: map_tool("newgidmap"),
        },
        overlay: overlay(cache, rootless),
        user,
    }
}

fn text(path: &str) -> String {
    let bytes = crate::adapters::whole_file::read_bounded(Path::new(path), MAX_FILE).ok().flatten();
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

/// A switch of the kernel: `None` where it does not have it.
fn switch(path: &str) -> Option<bool> {
    first_line(path).map(|line| line != "0")
}

/// A field of `/proc/self/status`.
fn status(field: &str) -> Option<String> {
    let text = text("/proc/self/status");
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

fn distribution() -> Vec<String> {
    let text = text("/etc/os-release");
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
    };
    let names = format!("{} {}", value("ID"), value("ID_LIKE"));
    names.split_whitespace().map(str::to_owned).collect()
}

fn container() -> Option<Container> {
    if environment("KUBERNETES_SERVICE_HOST").is_some() {
        return Some(Container::Kubernetes);
    }
    if Path::new("/run/.containerenv").exists() {
        return Some(Container::Podman);
    }
    if Path::new("/.dockerenv").exists() {
        return Some(Container::Docker);
    }
    match environment("container").as_deref() {
        Some("podman") => Some(Container::Podman),
        Some("docker") => Some(Container::Docker),
        Some("" | "systemd-nspawn") | None => None,
        Some(_) => Some(Container::Other),
    }
}

fn openat2_works() -> bool {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat2(rustix::fs::CWD, "/", flags, Mode::empty(), ResolveFlags::IN_ROOT).is_ok()
}

/// The ranges a file such as `/etc/subuid` grants: lines of `USER-OR-ID:START:COUNT`.
fn granted(text: &str, user: Option<&str>, id: u32) -> Granted {
    let mut granted = Granted::default();
    let id = id.to_string();
    for line in text.lines() {
        let mut parts = line.trim().splitn(3, ':');
        let (Some(name), Some(start), Some(count)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let (Ok(start), Ok(count)) = (start.parse(), count.trim().parse()) else { continue };
        let range = IdRange { start, count };
        granted.all.push(range);
        if Some(name) == user || name == id {
            granted.own.push(range);
        }
    }
    granted
}

fn map_tool(name: &str) -> Option<MapTool> {
    let path = super::find_program(name)?;
    let metadata = std::fs::metadata(&path).ok()?;
    let set_id = metadata.uid() == 0 && metadata.mode() & 0o4000 != 0;
    let capable = rustix::fs::getxattr(&path, "security.capability", &mut [0_u8; 64]).is_ok_and(|length| length > 0);
    let nosuid = rustix::fs::statvfs(&path).is_ok_and(|stat| stat.f_flag.contains(StatVfsMountFlags::NOSUID));
    Some(MapTool { path, privileged: set_id || capable, nosuid })
}

fn overlay(cache: &Path, rootless: bool) -> OverlayFacts {
    let folder = cache.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/")).to_owned();
    OverlayFacts { filesystem: filesystem(&folder), tried: attempt_overlay(&folder, rootless), folder }
}

/// The name of a folder's file system, by the number the kernel gives its kind (linux/magic.h).
fn filesystem(folder: &Path) -> String {
    let Ok(stat) = rustix::fs::statfs(folder) else { return "unknown".into() };
    // The numbers have 32 bits, whatever the field has.
    let number = u32::try_from(stat.f_type & 0xffff_ffff).unwrap_or_default();
    let name = match number {
        0xef53 => "ext4",
        0x5846_5342 => "xfs",
        0x9123_683e => "btrfs",
        0x0102_1994 => "tmpfs",
        0x794c_7630 => "overlay",
        0x2fc1_2fc1 => "zfs",
        0xf2f5_2010 => "f2fs",
        0x6969 => "nfs",
        0xff53_4d42 | 0xfe53_4d42 => "cifs",
        0x6573_5546 => "fuse",
        0x0102_1997 => "9p",
        0x4d44 => "vfat",
        0xf15f => "ecryptfs",
        0x00c3_6400 => "ceph",
        _ => return format!("kind {number:#x}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_by_name_and_by_number() {
        let text = "root:100000:65536\nalice:165536:65536\n1001:300000:10\n# words\nbob:x:1\nalice:400000:1 \n:::\n";
        let granted = granted(text, Some("alice"), 1001);
        let starts: Vec<u64> = granted.own.iter().map(|range| range.start).collect();
        assert_eq!(starts, [165_536, 300_000, 400_000]);
        assert_eq!((granted.count(), granted.all.len()), (65_536, 4));
        assert_eq!(super::granted(text, None, 7).own, []);
    }
}
