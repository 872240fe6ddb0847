//! The root a step sees: the stacked snapshots with kernel file systems, devices, name resolution, secrets and caches on
//! top, put together by descriptor, so that no link in an image leads a mount astray (Y-05).

use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Dir, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, fsconfig_create,
    fsconfig_set_string, fsmount, fsopen, move_mount, open_tree, unmount,
};

use crate::adapters::sandbox::kernel;
use crate::adapters::sandbox::overlay::{self, OverlayError};
use crate::adapters::sandbox::wire::StepSpec;
use crate::domain::recipe::Network;

/// Kernel files that steps may read and not write.
const FROZEN: &[&str] = &["bus", "fs", "irq", "sys", "sysrq-trigger"];
/// Kernel files that tell of the host, or let one reach into it: docker's masked paths.
const MASKED: &[&str] = &[
    "acpi",
    "asound",
    "interrupts",
    "kcore",
    "keys",
    "kmsg",
    "latency_stats",
    "sched_debug",
    "scsi",
    "timer_list",
    "timer_stats",
];
const MASKED_SYS: &[&str] =
    &["devices/virtual/powercap", "firmware", "kernel/debug", "kernel/security", "kernel/tracing"];
/// Devices every image expects.
const DEVICES: &[&str] = &["full", "null", "random", "tty", "urandom", "zero"];

/// Debian's policy for starting services; what others have none of does them no harm.
const SERVICES: &str = "usr/sbin/policy-rc.d";
/// Most processes and threads of a step at a time: a step that multiplies takes nothing else along.
const MOST_PROCESSES: &str = "4096";
/// The first kernel whose bound belongs to a process namespace: before, the host's would be changed.
const BOUND_SINCE: (u32, u32) = (6, 14);

/// What could not be put into the root.
#[derive(Debug, thiserror::Error)]
pub(in crate::adapters::sandbox) enum RootError {
    /// The snapshots cannot be stacked.
    #[error(transparent)]
    Overlay(#[from] OverlayError),
    /// A place in the image is not what it must be.
    #[error("Y-05: {place} of the image cannot take a mount")]
    Place {
        /// Where.
        place: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A mount is refused by the host.
    #[error("{what} cannot be mounted")]
    Mount {
        /// What.
        what: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn refused(what: &str) -> impl Fn(Errno) -> RootError {
    move |source| RootError::Mount { what: what.to_owned(), source: source.into() }
}

/// The root, attached at the step's own folder; the descriptor is of the mount.
pub(super) fn assemble(spec: &StepSpec, rootless: bool, user: (u32, u32)) -> Result<OwnedFd, RootError> {
    let mut lowers: Vec<&Path> = spec.lowers.iter().map(std::path::PathBuf::as_path).collect();
    lowers.push(&spec.stub);
    // The kernel wants two folders where nothing takes changes.
    let empty = spec.stub.join("proc");
    if spec.writes.is_none() && lowers.len() == 1 {
        lowers.push(&empty);
    }
    let writes = spec.writes.as_ref().map(|(upper, work)| (upper.as_path(), work.as_path()));
    let root = if spec.served {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(CWD, &spec.merged, flags, Mode::empty()).map_err(refused("the root"))?
    } else {
        let root = overlay::mount(&lowers, writes, rootless)?;
        attach_at(&root, &spec.merged)?;
        root
    };
    let root = Root(root);
    root.kernel()?;
    root.devices()?;
    if spec.writes.is_none() {
        for (place, mode) in [("tmp", "1777"), ("var/tmp", "1777"), ("run", "0755")] {
            let scratch = memory(place, &[("mode", mode)])?;
            root.put(&scratch, place)?;
        }
    }
    root.names(spec.network)?;
    if !spec.services && is_stub(&spec.stub) {
        root.no_services()?;
    }
    root.secrets(&spec.secrets, user)?;
    for (place, folder) in &spec.caches {
        root.cache(place, folder, user)?;
    }
    Ok(root.0)
}

/// Places a step's mounts need, with whether each is a file.
pub(super) fn places(spec: &StepSpec) -> Vec<(String, bool)> {
    let folders = ["proc", "sys", "dev"].into_iter().map(|place| (place.to_owned(), false));
    let files = ["etc/resolv.conf", "etc/hosts"].into_iter().map(|place| (place.to_owned(), true));
    let mut places: Vec<(String, bool)> = folders.chain(files).collect();
    if !spec.services {
        places.push((SERVICES.into(), true));
    }
    if spec.writes.is_none() {
        places.extend(["tmp", "var/tmp", "run"].map(|place| (place.to_owned(), false)));
    } else if !spec.secrets.is_empty() {
        places.push(("run/secrets".into(), false));
    }
    places.extend(spec.caches.iter().map(|(place, _)| (place.trim_start_matches('/').to_owned(), false)));
    places
}

fn clone_flags() -> OpenTreeFlags {
    OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC
}

fn attach_at(mount: &OwnedFd, folder: &Path) -> Result<(), RootError> {
    move_mount(mount, "", CWD, folder, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH).map_err(refused("the root"))
}

fn attach_on(mount: BorrowedFd<'_>, place: BorrowedFd<'_>) -> rustix::io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount, "", place, "", flags)
}

/// A device of the host's, whose owner and mode there stay as they are.
fn device(path: &str) -> Result<OwnedFd, RootError> {
    let device = open_tree(CWD, path, clone_flags()).map_err(refused(path))?;
    kernel::freeze_device(device.as_fd()).map_err(|source| RootError::Mount { what: path.to_owned(), source })?;
    Ok(device)
}

/// A file system in memory, of its own.
fn memory(what: &str, options: &[(&str, &str)]) -> Result<OwnedFd, RootError> {
    fresh("tmpfs", what, options, MountAttrFlags::empty())
}

fn fresh(kind: &str, what: &str, options: &[(&str, &str)], more: MountAttrFlags) -> Result<OwnedFd, RootError> {
    let make = || {
        let fs = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
        for (key, value) in options {
            fsconfig_set_string(&fs, *key, *value)?;
        }
        fsconfig_create(&fs)?;
        let inert = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
        fsmount(&fs, FsMountFlags::FSMOUNT_CLOEXEC, inert | more)
    };
    make().map_err(refused(what))
}

/// A new file in a file system of ours.
fn write_file(folder: &OwnedFd, name: &str, content: &[u8], mode: u32) -> io::Result<OwnedFd> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = std::fs::File::from(openat(folder, name, flags, Mode::from_raw_mode(mode))?);
    file.write_all(content)?;
    Ok(file.into())
}

struct Root(OwnedFd);

impl Root {
    /// A place inside the root; links in the image are followed inside it only.
    fn place(&self, place: &str) -> Result<OwnedFd, RootError> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        openat2(&self.0, place, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve)
            .map_err(|source| RootError::Place { place: format!("/{place}"), source: source.into() })
    }

    /// As [`place`](Self::place), where a link would let an image choose which folder of its own is hidden.
    fn real_folder(&self, place: &str) -> Result<OwnedFd, RootError> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat2(&self.0, place, flags, Mode::empty(), resolve)
            .map_err(|source| RootError::Place { place: format!("/{place}"), source: source.into() })
    }

    fn put(&self, mount: &OwnedFd, place: &str) -> Result<(), RootError> {
        attach_on(mount.as_fd(), self.place(place)?.as_fd())
            .map_err(|source| RootError::Place { place: format!("/{place}"), source: source.into() })
    }

    /// `/proc` and `/sys`: nothing in them can be written but what belongs to the step's own processes.
    fn kernel(&self) -> Result<(), RootError> {
        let proc = fresh("proc", "/proc", &[], MountAttrFlags::MOUNT_ATTR_NOEXEC)?;
        attach_on(proc.as_fd(), self.real_folder("proc")?.as_fd()).map_err(refused("/proc"))?;
        bound_processes(&proc)?;
        for name in FROZEN {
            self.freeze(&proc, name, &format!("/proc/{name}"))?;
        }
        mask(&proc, MASKED, "/proc")?;
        let recursive = clone_flags() | OpenTreeFlags::AT_RECURSIVE;
        let sys = open_tree(CWD, "/sys", recursive).map_err(refused("/sys"))?;
        kernel::freeze_recursively(sys.as_fd()).map_err(|source| RootError::Mount { what: "/sys".into(), source })?;
        attach_on(sys.as_fd(), self.real_folder("sys")?.as_fd()).map_err(refused("/sys"))?;
        mask(&sys, MASKED_SYS, "/sys")
    }

    fn freeze(&self, folder: &OwnedFd, name: &str, what: &str) -> Result<(), RootError> {
        let tree = match open_tree(folder, name, clone_flags() | OpenTreeFlags::AT_RECURSIVE) {
            Ok(tree) => tree,
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(refused(what)(error)),
        };
        kernel::freeze_recursively(tree.as_fd())
            .map_err(|source| RootError::Mount { what: what.to_owned(), source })?;
        let place = openat(folder, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
        attach_on(tree.as_fd(), place.map_err(refused(what))?.as_fd()).map_err(refused(what))
    }

    /// A minimal `/dev`: six devices of the host's, terminals and shared memory of its own.
    fn devices(&self) -> Result<(), RootError> {
        let what = "/dev";
        let dev = memory(what, &[("mode", "0755"), ("size", "64k"), ("nr_inodes", "1k")])?;
        let links = [
            ("fd", "/proc/self/fd"),
            ("stdin", "/proc/self/fd/0"),
            ("stdout", "/proc/self/fd/1"),
            ("stderr", "/proc/self/fd/2"),
            ("ptmx", "pts/ptmx"),
        ];
        for (name, target) in links {
            rustix::fs::symlinkat(target, &dev, name).map_err(refused(what))?;
        }
        for name in ["pts", "shm"] {
            rustix::fs::mkdirat(&dev, name, Mode::from_raw_mode(0o755)).map_err(refused(what))?;
        }
        attach_on(dev.as_fd(), self.real_folder("dev")?.as_fd()).map_err(refused(what))?;
        // Kernels before 6.15 take mounts only where something is attached already.
        for name in DEVICES {
            let device = device(&format!("/dev/{name}"))?;
            let at =
                write_file(&dev, name, b"", 0o666).map_err(|source| RootError::Mount { what: what.into(), source })?;
            attach_on(device.as_fd(), at.as_fd()).map_err(refused(what))?;
        }
        let terminals =
            fresh("devpts", "/dev/pts", &[("ptmxmode", "0666"), ("mode", "0620")], MountAttrFlags::MOUNT_ATTR_NOEXEC)?;
        self.put(&terminals, "dev/pts")?;
        self.put(&memory("/dev/shm", &[("mode", "1777")])?, "dev/shm")
    }

    /// A file in memory, of its own; detached. Kernels before 6.15 take a file only out of what is attached: for a moment
    /// it is, on `/dev`.
    fn file(&self, name: &str, content: &[u8], mode: u32) -> Result<OwnedFd, RootError> {
        let memory = memory(name, &[("mode", "0755"), ("size", "1m")])?;
        write_file(&memory, name, content, mode)
            .map_err(|source| RootError::Mount { what: name.to_owned(), source })?;
        attach_on(memory.as_fd(), self.real_folder("dev")?.as_fd()).map_err(refused(name))?;
        let file = open_tree(&memory, name, clone_flags());
        let path = format!("/proc/self/fd/{}", memory.as_raw_fd());
        unmount(path, UnmountFlags::DETACH).map_err(refused(name))?;
        file.map_err(refused(name))
    }

    /// Name resolution as the host has it; what a step writes there is gone with it.
    fn names(&self, network: Network) -> Result<(), RootError> {
        let (resolv, hosts) = match network {
            Network::Host => (host_file("/etc/resolv.conf"), host_file("/etc/hosts")),
            Network::None => (Vec::new(), b"127.0.0.1 localhost\n::1 localhost\n".to_vec()),
        };
        for (name, content, place) in [("resolv.conf", resolv, "etc/resolv.conf"), ("hosts", hosts, "etc/hosts")] {
            self.put(&self.file(name, &content, 0o644)?, place)?;
        }
        Ok(())
    }

    /// What keeps packages from starting their services (`invoke-rc.d` asks it), where the image has none of its own.
    fn no_services(&self) -> Result<(), RootError> {
        let file = self.file("policy-rc.d", b"#!/bin/sh\nexit 101\n", 0o755)?;
        // Where a layer took it away, its place in the stub does not show; services start, as the image has it.
        let Ok(place) = self.place(SERVICES) else { return Ok(()) };
        attach_on(file.as_fd(), place.as_fd()).map_err(refused(SERVICES))
    }

    /// Secrets in memory, for the step's user alone.
    fn secrets(&self, secrets: &[(String, Vec<u8>)], (uid, gid): (u32, u32)) -> Result<(), RootError> {
        if secrets.is_empty() {
            return Ok(());
        }
        let what = "/run/secrets";
        let folder = memory(what, &[("mode", "0755"), ("size", "16m")])?;
        let fail = |source: io::Error| RootError::Mount { what: what.into(), source };
        for (name, content) in secrets {
            let file = write_file(&folder, name, content, 0o400).map_err(fail)?;
            if (uid, gid) != (0, 0) {
                let ids = (rustix::fs::Uid::from_raw(uid), rustix::fs::Gid::from_raw(gid));
                rustix::fs::fchown(&file, Some(ids.0), Some(ids.1)).map_err(refused(what))?;
            }
        }
        if self.place("run/secrets").is_err() {
            // A read-only root has a scratch `/run`.
            let run = self.place("run")?;
            let run = openat(&run, ".", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(refused(what))?;
            rustix::fs::mkdirat(&run, "secrets", Mode::from_raw_mode(0o755)).map_err(refused(what))?;
        }
        self.put(&folder, "run/secrets")
    }

    /// A folder of the host that outlives the step: a fresh one belongs to the step's user. It is no part of the overlay,
    /// which knows no devices, so it must be told to.
    fn cache(&self, place: &str, folder: &Path, user: (u32, u32)) -> Result<(), RootError> {
        let what = format!("cache {place}");
        let tree = open_tree(CWD, folder, clone_flags()).map_err(refused(&what))?;
        kernel::make_inert(tree.as_fd()).map_err(|source| RootError::Mount { what: what.clone(), source })?;
        if user != (0, 0) {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let inside = openat(&tree, ".", flags, Mode::empty()).map_err(refused(&what))?;
            give_if_empty(&inside, user).map_err(refused(&what))?;
        }
        self.put(&tree, place.trim_start_matches('/'))
    }
}

/// Gives an empty folder to an account; what others have filled stays theirs.
fn give_if_empty(folder: &OwnedFd, (uid, gid): (u32, u32)) -> rustix::io::Result<()> {
    let names = Dir::read_from(folder)?;
    for entry in names {
        if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
            return Ok(());
        }
    }
    rustix::fs::fchown(folder, Some(rustix::fs::Uid::from_raw(uid)), Some(rustix::fs::Gid::from_raw(gid)))
}

/// Whether the image lacks a policy for services: its place was made in the stub.
fn is_stub(stub: &Path) -> bool {
    stub.join(SERVICES).exists()
}

/// A bound that holds for root, too, as `RLIMIT_NPROC` does not; on kernels that have none of their own for a namespace
/// there is only that limit.
fn bound_processes(proc: &OwnedFd) -> Result<(), RootError> {
    let release = rustix::system::uname();
    let release = release.release().to_string_lossy();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse::<u32>().unwrap_or(0));
    if (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) < BOUND_SINCE {
        return Ok(());
    }
    let set = || -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let mut file = std::fs::File::from(openat(proc, "sys/kernel/pid_max", flags, Mode::empty())?);
        file.write_all(MOST_PROCESSES.as_bytes())
    };
    match set() {
        // A namespace that is not allowed to is bound by its user's limits.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        done => done.map_err(|source| RootError::Mount { what: "/proc/sys/kernel/pid_max".into(), source }),
    }
}

/// Hides what tells of the host: files behind `/dev/null`, folders behind an empty one.
fn mask(folder: &OwnedFd, names: &[&str], above: &str) -> Result<(), RootError> {
    for name in names {
        let what = format!("{above}/{name}");
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        let Ok(place) = openat2(folder, *name, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve) else {
            continue;
        };
        let is_folder = rustix::fs::fstat(&place)
            .is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::Directory);
        let cover = if is_folder {
            fresh("tmpfs", &what, &[("mode", "0555"), ("size", "4k")], MountAttrFlags::MOUNT_ATTR_RDONLY)?
        } else {
            device("/dev/null")?
        };
        attach_on(cover.as_fd(), place.as_fd()).map_err(refused(&what))?;
    }
    Ok(())
}

/// A small file of the host's, or nothing.
fn host_file(path: &str) -> Vec<u8> {
    use std::io::Read as _;
    let mut content = Vec::new();
    if let Ok(file) = std::fs::File::open(path) {
        let _ = file.take(256 << 10).read_to_end(&mut content);
    }
    content
}
