//! Starting the worker, and becoming one: a process of its own session that no terminal takes along.
//!
//! What only the starter knows, a passphrase, goes through the pipe that is the worker's stdin: never an argument, never a
//! file, never a variable (K-05). The worker says one line on the pipe that is its stdout: `ready PID`, or why it cannot; then it closes the pipe.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use zeroize::Zeroizing;

use super::identity::identity;
use crate::report::{Kind, Report};

/// The longest line a worker says before it detaches.
const MAX_HANDSHAKE_BYTES: u64 = 64 * 1024;

/// First byte of what a worker is told on its stdin: an empty passphrase is one, too.
const PASSPHRASE: u8 = 1;
/// Longest passphrase taken.
const MAX_PASSPHRASE_BYTES: u64 = 4096;

/// Why no worker runs.
#[derive(Debug, thiserror::Error)]
pub enum DetachError {
    /// It could not be started.
    #[error("cannot start the worker {}", program.display())]
    Start {
        /// What was started.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It ended without a word.
    #[error("the worker ended before it was ready")]
    Silent {
        /// Where it may have said more.
        log: PathBuf,
    },
}

impl From<DetachError> for Report {
    fn from(error: DetachError) -> Self {
        let report = Self::new(Kind::Failed, &error);
        match &error {
            DetachError::Silent { log } => report.help(format!("see {}", log.display())),
            DetachError::Start { .. } => report,
        }
    }
}

/// What a worker said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// It runs, under this pid.
    Ready(u32),
    /// It cannot; the line says why.
    Refused(String),
}

/// Starts this program again as the worker of bake `id` and waits for its word. `log` takes its stderr; `passphrase` is
/// what [`passphrase_given`] has there.
pub async fn start_worker(id: &str, log: &Path, passphrase: Option<&[u8]>) -> Result<Handshake, DetachError> {
    start_detached(["__worker", id], log, passphrase).await
}

/// The same with another of this program's hidden commands, and what that works on.
pub async fn start_detached(words: [&str; 2], log: &Path, passphrase: Option<&[u8]>) -> Result<Handshake, DetachError> {
    let program = std::env::current_exe()
        .map_err(|source| DetachError::Start { program: PathBuf::from("/proc/self/exe"), source })?;
    if user_systemd_is_there() {
        let mut scoped = Command::new("systemd-run");
        scoped.args(["--user", "--scope", "--quiet", "--collect", "--"]).arg(&program);
        // A refused scope costs nothing but the leave from the login session.
        if let Ok(handshake) = start(scoped, (words, log), passphrase, &program).await {
            return Ok(handshake);
        }
    }
    start(Command::new(&program), (words, log), passphrase, &program).await
}

async fn start(
    mut command: Command,
    (words, log): ([&str; 2], &Path),
    passphrase: Option<&[u8]>,
    program: &Path,
) -> Result<Handshake, DetachError> {
    let failed = |source| DetachError::Start { program: program.to_owned(), source };
    let stderr = OpenOptions::new().create(true).append(true).mode(0o600).open(log).map_err(failed)?;
    if let Some(home) = std::env::var_os("BAKERY_HOME").filter(|home| !home.is_empty()) {
        command.env("BAKERY_HOME", std::path::absolute(home).map_err(failed)?);
    }
    let stdin = if passphrase.is_some() { Stdio::piped() } else { Stdio::null() };
    command.args(words).current_dir("/").stdin(stdin).stdout(Stdio::piped()).stderr(stderr);
    // Dropped without a wait: the runtime reaps it should it end first, and nothing kills it.
    let mut child = command.spawn().map_err(failed)?;
    if let (Some(passphrase), Some(mut pipe)) = (passphrase, child.stdin.take()) {
        // A worker that has ended already says why on the other pipe.
        let _ = pipe.write_all(&[&[PASSPHRASE], passphrase].concat()).await;
        let _ = pipe.shutdown().await;
    }
    let mut line = String::new();
    if let Some(pipe) = child.stdout.take() {
        pipe.take(MAX_HANDSHAKE_BYTES).read_to_string(&mut line).await.map_err(failed)?;
    }
    let line = line.trim();
    if let Some(pid) = line.strip_prefix("ready ").and_then(|pid| pid.parse().ok()) {
        return Ok(Handshake::Ready(pid));
    }
    if line.is_empty() {
        return Err(DetachError::Silent { log: log.to_owned() });
    }
    Ok(Handshake::Refused(line.to_owned()))
}

/// Whether this user has a running systemd that can hold a scope.
fn user_systemd_is_there() -> bool {
    let socket = std::env::var_os("XDG_RUNTIME_DIR").map(|folder| Path::new(&folder).join("systemd/private"));
    socket.is_some_and(|socket| socket.exists())
}

/// Leaves the terminal's session, as the worker's first act. A leader of a group has left already.
pub fn leave_session() {
    let _ = rustix::process::setsid();
}

/// The passphrase this worker was given by whoever started it.
pub fn passphrase_given() -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut told = Zeroizing::new(Vec::with_capacity(4097));
    io::stdin().lock().take(MAX_PASSPHRASE_BYTES + 1).read_to_end(&mut told)?;
    Ok(told.strip_prefix(&[PASSPHRASE]).map(|bytes| Zeroizing::new(bytes.to_vec())))
}

impl Handshake {
    /// The pid of a worker that runs; else why it does not, in its own words.
    pub fn pid(self) -> Result<u32, Report> {
        match self {
            Self::Ready(pid) => Ok(pid),
            Self::Refused(line) => {
                Err(serde_json::from_str(&line).unwrap_or_else(|_| Report::message(Kind::Failed, line)))
            }
        }
    }

    /// Says to whoever started this process whether it runs: by what came of setting it up, which is given back.
    pub fn tell<T>(set_up: Result<T, Report>) -> Result<T, Report> {
        let said = match &set_up {
            Ok(_) => Self::Ready(identity().pid),
            Err(report) => Self::Refused(serde_json::to_string(report).unwrap_or_else(|_| report.message.clone())),
        };
        said.say().map_err(|error| Report::new(Kind::Failed, &error))?;
        set_up
    }

    /// Says this to whoever started the worker, and closes the pipe.
    fn say(&self) -> io::Result<()> {
        let line = match self {
            Self::Ready(pid) => format!("ready {pid}\n"),
            Self::Refused(why) => format!("{}\n", why.replace('\n', " ")),
        };
        // Whoever started the worker may be gone by now; the bake goes on.
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush());
        let nowhere = OpenOptions::new().read(true).write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdout(&nowhere)?;
        Ok(())
    }
}
