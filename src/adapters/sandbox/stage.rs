//! From a fresh process to the keeper: namespaces first, then ids, then a child that is number one in there.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

use rustix::process::{Signal, getgid, getuid, set_parent_process_death_signal};
use rustix::thread::{Gid, Uid, set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use super::ids::map_single;
use super::keeper::{self, INSIDE};
use super::kernel::{self, UnshareFlags};
use super::step::Mapping;
use super::wire::{Refusal, Reply, reply};

/// How this program is started to make namespaces, and to be the keeper in them.
pub(super) const STAGE: &str = "__sandbox";
const KEEPER: &str = "__keeper";

/// If this process was started to be a part of the sandbox, it is that and nothing else.
pub fn take_part() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let part = arguments.next()?;
    let mut mapping = || {
        let text = arguments.next().and_then(|text| text.into_string().ok()).unwrap_or_default();
        serde_json::from_str::<Mapping>(&text).map_err(io::Error::from)
    };
    let part = part.to_str().filter(|part| [STAGE, KEEPER, INSIDE].contains(part))?;
    // One of them may be a folder of the host's, and `/proc/self/fd/7` a step's working folder (J-14).
    if let Err(error) = kernel::close_inherited() {
        return Some(ended(Err(error)));
    }
    match part {
        STAGE => Some(ended(mapping().and_then(unshare_and_wait))),
        KEEPER => Some(ended(mapping().and_then(keep))),
        INSIDE => Some(keeper::inside()),
        _ => None,
    }
}

/// What went wrong is said where the worker listens; it may be gone.
fn ended(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = reply(&Reply::Refused(Refusal::of(&error)));
            ExitCode::FAILURE
        }
    }
}

fn unshare_and_wait(mapping: Mapping) -> io::Result<()> {
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    let mut namespaces = UnshareFlags::NEWNS | UnshareFlags::NEWPID;
    if mapping.rootless {
        namespaces |= UnshareFlags::NEWUSER;
    }
    kernel::unshare(namespaces).map_err(|error| named("namespaces", &error))?;
    if mapping.rootless {
        if mapping.single {
            map_single(user, group).map_err(|error| named("mapping the one id", &error))?;
        } else {
            reply(&Reply::Unshared)?;
            // The worker has the ids mapped, and says so with one byte.
            io::stdin().read_exact(&mut [0]).map_err(|error| named("mapping ids", &error))?;
            set_thread_groups(&[])?;
        }
        set_thread_res_gid(Gid::ROOT, Gid::ROOT, Gid::ROOT)?;
        set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT)?;
    }
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let mut keeper = Command::new("/proc/self/exe")
        .arg0("bakery-keeper")
        .arg(KEEPER)
        .arg(serde_json::to_string(&mapping)?)
        .stdin(Stdio::from(io::stdin().as_fd().try_clone_to_owned()?))
        .spawn()?;
    keeper.wait()?;
    Ok(())
}

fn keep(mapping: Mapping) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    keeper::serve(mapping)
}

fn named(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
