//! The process of a step, from its birth in new namespaces to the program it becomes. It is number one in its own: when
//! it ends, the kernel ends everything it has started.

use std::convert::Infallible;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fchown, fstat, openat, openat2};
use rustix::mount::{MountPropagationFlags, UnmountFlags, mount_change, unmount};
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, Gid, Uid, clear_ambient_capability_set, remove_capability_from_bounding_set,
    set_capabilities, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

use super::accounts::{Account, AccountError, look_up};
use super::root::{RootError, assemble};
use super::{filter, loopback};
use crate::adapters::sandbox::kernel::{self, UnshareFlags};
use crate::adapters::sandbox::overlay;
use crate::adapters::sandbox::wire::StepSpec;
use crate::domain::recipe::Network;

/// Most open files; most processes.
const OPEN_FILES: u64 = 65_536;
const PROCESSES: u64 = 4096;

/// How the keeper's ids are mapped: what a step's process has to know of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(in crate::adapters::sandbox) struct Mapping {
    /// In a user namespace.
    pub(in crate::adapters::sandbox) rootless: bool,
    /// With one id only.
    pub(in crate::adapters::sandbox) single: bool,
    /// Whose chown and set-id calls are answered as if they had worked.
    pub(in crate::adapters::sandbox) pretend: bool,
}

/// What a step's process is started with.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(in crate::adapters::sandbox) struct Birth {
    pub(in crate::adapters::sandbox) spec: StepSpec,
    pub(in crate::adapters::sandbox) mapping: Mapping,
}

/// Why the program never began.
#[derive(Debug, thiserror::Error)]
pub(in crate::adapters::sandbox) enum InsideError {
    /// The root.
    #[error(transparent)]
    Root(#[from] RootError),
    /// The user.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// A system call.
    #[error("{what} failed")]
    Call {
        /// What was tried.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The program itself.
    #[error("{program} cannot be started in the image")]
    Program {
        /// Its path.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn failed<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> InsideError {
    move |source| InsideError::Call { what, source: source.into() }
}

/// Becomes the program, which reads `stdin`, or nothing; comes back only with an error.
pub(in crate::adapters::sandbox) fn become_step(
    birth: Birth,
    stdin: Option<OwnedFd>,
) -> Result<Infallible, InsideError> {
    let Birth { spec, mapping } = birth;
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(failed("death signal"))?;
    // What whoever started bakery had left open is no step's business: it may lead anywhere on the host.
    kernel::keep_standard_descriptors().map_err(failed("descriptors"))?;
    let mut namespaces = UnshareFlags::NEWNS | UnshareFlags::NEWIPC | UnshareFlags::NEWUTS;
    if spec.network == Network::None {
        namespaces |= UnshareFlags::NEWNET;
    }
    kernel::unshare(namespaces).map_err(failed("unshare"))?;
    mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE).map_err(failed("private mounts"))?;
    if spec.network == Network::None {
        loopback::raise().map_err(failed("loopback"))?;
    }
    let account = account(&spec, mapping)?;
    let root = assemble(&spec, mapping.rootless, (account.uid, account.gid))?;
    rustix::process::fchdir(&root).map_err(failed("entering the root"))?;
    rustix::process::pivot_root(".", ".").map_err(failed("pivot_root"))?;
    unmount(".", UnmountFlags::DETACH).map_err(failed("leaving the host's root"))?;
    rustix::process::chdir("/").map_err(failed("entering the root"))?;
    drop(root);
    rustix::system::sethostname(spec.hostname.as_bytes()).map_err(failed("host name"))?;
    limits(&spec)?;
    // Its signals to "its group" are for itself, and no terminal but its own is its own.
    rustix::process::setsid().map_err(failed("setsid"))?;
    if spec.terminal {
        rustix::process::ioctl_tiocsctty(io::stdout()).map_err(failed("controlling terminal"))?;
    }
    hand_over(io::stdout(), &account);
    hand_over(io::stderr(), &account);
    descend(&account, mapping)?;
    execute(spec, &account, stdin)
}

/// The user, as the snapshots know it; looked up before anything is mounted over them.
fn account(spec: &StepSpec, mapping: Mapping) -> Result<Account, InsideError> {
    let root = Account { uid: 0, gid: 0, groups: Vec::new(), home: "/root".into() };
    let user = spec.user.as_deref().unwrap_or_default();
    if user.is_empty() || matches!(user, "0" | "root" | "0:0" | "root:root") {
        return Ok(root);
    }
    let view = overlay::view(&spec.lowers, mapping.rootless).map_err(RootError::from)?;
    let account = match &view {
        Some(view) => look_up(view.as_fd(), user)?,
        None => {
            let stub = openat(CWD, &spec.stub, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
            look_up(stub.map_err(failed("opening the root"))?.as_fd(), user)?
        }
    };
    // There is one id: everybody is root, and nothing more.
    Ok(if mapping.single { Account { home: account.home, ..root } } else { account })
}

fn limits(spec: &StepSpec) -> Result<(), InsideError> {
    let limit = |resource, most: u64| {
        let hard = rustix::process::getrlimit(resource).maximum.map_or(most, |hard| hard.min(most));
        setrlimit(resource, Rlimit { current: Some(hard), maximum: Some(hard) }).map_err(failed("limits"))
    };
    // A core would hold what is secret.
    limit(Resource::Core, 0)?;
    limit(Resource::Nofile, OPEN_FILES)?;
    if spec.writes.is_some() || !spec.terminal {
        limit(Resource::Nproc, PROCESSES)?;
    }
    Ok(())
}

/// The pipe that takes what the step says becomes its user's, as under other runtimes: programs open `/dev/stdout`.
fn hand_over(stream: impl AsFd, account: &Account) {
    let is_pipe = fstat(&stream).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo);
    if is_pipe && account.uid != 0 {
        // Where that is refused, only opening by name fails.
        let _ = fchown(&stream, Some(Uid::from_raw(account.uid)), Some(Gid::from_raw(account.gid)));
    }
}

/// Gives up everything a step is not to have.
fn descend(account: &Account, mapping: Mapping) -> Result<(), InsideError> {
    let keep = filter::kept_capabilities();
    for capability in CapabilitySet::all().iter().filter(|one| !keep.contains(*one)) {
        // Newer names than this kernel has are not there to be dropped.
        let _ = remove_capability_from_bounding_set(capability);
    }
    let _ = clear_ambient_capability_set();
    rustix::process::umask(Mode::from_raw_mode(0o022));
    // Loaded while there is CAP_SYS_ADMIN still.
    if !mapping.single {
        let groups: Vec<Gid> = account.groups.iter().map(|id| Gid::from_raw(*id)).collect();
        set_thread_groups(&groups).map_err(failed("groups"))?;
        let gid = Gid::from_raw(account.gid);
        set_thread_res_gid(gid, gid, gid).map_err(failed("group"))?;
    }
    filter::load(mapping.pretend).map_err(failed("system call filter"))?;
    if account.uid != 0 {
        let uid = Uid::from_raw(account.uid);
        set_thread_res_uid(uid, uid, uid).map_err(failed("user"))?;
        // Credentials changed: the kernel has forgotten whose death is ours.
        set_parent_process_death_signal(Some(Signal::KILL)).map_err(failed("death signal"))?;
        return Ok(());
    }
    let sets = CapabilitySets { effective: keep, permitted: keep, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets).map_err(failed("capabilities"))
}

fn execute(spec: StepSpec, account: &Account, stdin: Option<OwnedFd>) -> Result<Infallible, InsideError> {
    let workdir = if spec.workdir.is_empty() { "/" } else { spec.workdir.as_str() };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    // Never through an open descriptor (J-14).
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    openat2(CWD, workdir, flags, Mode::empty(), resolve)
        .and_then(rustix::process::fchdir)
        .map_err(|error| InsideError::Program { program: format!("working folder {workdir}"), source: error.into() })?;
    let Some((program, arguments)) = spec.argv.split_first() else {
        return Err(InsideError::Program { program: "nothing".into(), source: io::ErrorKind::InvalidInput.into() });
    };
    // What it was born with came in by its standard input.
    let stdin = match stdin {
        Some(stdin) => stdin,
        None => openat(CWD, "/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .map_err(failed("standard input"))?,
    };
    rustix::stdio::dup2_stdin(stdin).map_err(failed("standard input"))?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("HOME", &account.home).envs(spec.env);
    let source = command.exec();
    Err(InsideError::Program { program: program.clone(), source })
}
