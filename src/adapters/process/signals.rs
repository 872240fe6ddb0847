//! Signals: asking a worker to stop, and being asked. A pid is never trusted alone: it may belong to another by now.

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// Why a signal was not sent or cannot be waited for.
#[derive(Debug, thiserror::Error)]
pub enum SignalError {
    /// The process is gone, or the number belongs to another process by now.
    #[error("process {0} is gone")]
    Gone(u32),
    /// The kernel refuses.
    #[error("cannot signal process {pid}")]
    Refused {
        /// Which.
        pid: u32,
        /// Why.
        source: std::io::Error,
    },
    /// No signal can be waited for.
    #[error("cannot wait for signals")]
    Wait(#[source] std::io::Error),
}

/// Sends SIGTERM to `pid`, holding on to that process while `is_it` says whether it is still the one meant: what held
/// before and holds now held when the process was opened (H-05).
pub fn ask_to_stop(pid: u32, is_it: impl FnOnce() -> bool) -> Result<(), SignalError> {
    let refused = |error: Errno| match error {
        Errno::SRCH => SignalError::Gone(pid),
        other => SignalError::Refused { pid, source: other.into() },
    };
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(SignalError::Gone(pid))?;
    let process = pidfd_open(number, PidfdFlags::empty()).map_err(refused)?;
    if !is_it() {
        return Err(SignalError::Gone(pid));
    }
    pidfd_send_signal(&process, Signal::TERM).map_err(refused)
}

/// Requests to stop this process. While this lives, those it takes do not end the process by themselves.
#[derive(Debug)]
pub struct Stops {
    interrupt: Stream,
    terminate: Option<Stream>,
    /// Held so that a terminal that disappears ends nothing (V-01, H-09).
    _hangup: Option<Stream>,
}

impl Stops {
    /// For a worker: SIGINT and SIGTERM ask; SIGHUP is shrugged at.
    pub fn of_worker() -> Result<Self, SignalError> {
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: Some(listen(SignalKind::terminate())?),
            _hangup: Some(listen(SignalKind::hangup())?),
        })
    }

    /// For a viewer: only SIGINT asks, which a person types. Losing the session ends the viewer and nothing else.
    pub fn of_viewer() -> Result<Self, SignalError> {
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: None, _hangup: None })
    }

    /// Waits for the next request; gives the signal's name.
    pub async fn next(&mut self) -> &'static str {
        let Some(terminate) = &mut self.terminate else {
            self.interrupt.recv().await;
            return "SIGINT";
        };
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
        }
    }
}

/// What a signal asks of a program that has the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// End: SIGTERM, SIGHUP, or SIGINT from outside. The exit code is what a shell shows for that signal.
    End(i32),
    /// Stop until continued: SIGTSTP from outside.
    Suspend,
    /// Continued: SIGCONT.
    Resumed,
}

/// Signals to a program that has the terminal. While this lives, none of them acts by itself.
#[derive(Debug)]
pub struct Calls {
    interrupt: Stream,
    terminate: Stream,
    hangup: Stream,
    suspend: Stream,
    resume: Stream,
}

impl Calls {
    /// Listens from now on.
    pub fn listen() -> Result<Self, SignalError> {
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
            suspend: listen(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
            resume: listen(SignalKind::from_raw(Signal::CONT.as_raw()))?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Call {
        tokio::select! {
            _ = self.interrupt.recv() => Call::End(130),
            _ = self.terminate.recv() => Call::End(143),
            _ = self.hangup.recv() => Call::End(129),
            _ = self.suspend.recv() => Call::Suspend,
            _ = self.resume.recv() => Call::Resumed,
        }
    }
}

/// Stops this process and its job until somebody continues it. `false` where nobody could: the session's leader has no
/// shell above it.
pub fn stop_until_continued() -> bool {
    let group = rustix::process::getpgrp();
    let leader = rustix::process::getsid(None);
    if leader.is_ok_and(|leader| rustix::process::getpgid(Some(leader)).is_ok_and(|of_leader| of_leader == group)) {
        return false;
    }
    // The whole job, as the terminal itself would: whoever started us waits for all of it.
    rustix::process::kill_current_process_group(Signal::STOP).is_ok()
}

fn listen(kind: SignalKind) -> Result<Stream, SignalError> {
    signal(kind).map_err(SignalError::Wait)
}
