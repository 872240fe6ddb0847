//! Secrets: had from where settings say, when a step needs them. Writes none down, shows none (K-01).
//!
//! A file's and a variable's bytes are taken as they are, the newline at the end of a file too: keys and configuration
//! files need it. Of what a program prints one newline at the end is dropped, as `$(…)` does.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::domain::recipe::SecretSource;
use crate::domain::text::escape_bytes;
use crate::domain::yaml::nearest;
use crate::report::{Kind, Report};

/// Longest secret, in bytes.
pub const MAX_SECRET_BYTES: usize = 64 << 10;

/// Bytes of a program's complaint that are shown.
const MAX_COMPLAINT_BYTES: usize = 1024;

/// How long a program may take; long enough to unlock a store of passwords by hand.
const PATIENCE: Duration = Duration::from_secs(120);

/// A secret; overwritten in memory when dropped.
#[derive(Clone)]
pub struct Secret {
    name: String,
    value: Zeroizing<Vec<u8>>,
}

impl Secret {
    /// The name steps ask for it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its bytes.
    pub fn value(&self) -> &[u8] {
        &self.value
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}, ***)", self.name)
    }
}

/// A secret that cannot be had. No error holds a part of one.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Nobody said where it is.
    #[error("K-04: no secret named {name} is configured")]
    Unconfigured {
        /// The name.
        name: String,
        /// A configured name like it.
        nearest: Option<String>,
    },
    /// The environment variable is not set.
    #[error("K-04: secret {name}: the environment has no {variable}")]
    NoVariable {
        /// The name.
        name: String,
        /// The variable.
        variable: String,
    },
    /// The file or program cannot be read.
    #[error("secret {name}: {what} cannot be read")]
    Io {
        /// The name.
        name: String,
        /// Path of the file, name of the program.
        what: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A folder, FIFO, socket or device.
    #[error("secret {name}: {path} is no regular file")]
    NotAFile {
        /// The name.
        name: String,
        /// The path.
        path: String,
    },
    /// Nothing in it.
    #[error("secret {name} is empty")]
    Empty {
        /// The name.
        name: String,
    },
    /// Over [`MAX_SECRET_BYTES`].
    #[error("secret {name} is over 64 KiB long")]
    TooLong {
        /// The name.
        name: String,
    },
    /// The program said no.
    #[error("secret {name}: {program} failed ({status})")]
    Failed {
        /// The name.
        name: String,
        /// The program.
        program: String,
        /// How it ended.
        status: String,
        /// What it wrote to stderr, shortened.
        complaint: String,
    },
    /// The program did not end in time.
    #[error("secret {name}: {program} gave no answer in {} s", PATIENCE.as_secs())]
    NoAnswer {
        /// The name.
        name: String,
        /// The program.
        program: String,
    },
}

impl From<SecretError> for Report {
    fn from(error: SecretError) -> Self {
        let mut report = Self::new(Kind::Usage, &error);
        match error {
            SecretError::Unconfigured { nearest: Some(near), .. } => report.help(format!("did you mean `{near}`?")),
            SecretError::Unconfigured { .. } => {
                report.help("name its source under `secrets` in bakery.yaml or config.yaml, or give --secret")
            }
            SecretError::NoVariable { variable, .. } => report.help(format!("export {variable}, and bake again")),
            SecretError::Failed { complaint, .. } => {
                report.causes.extend((!complaint.is_empty()).then_some(complaint));
                report
            }
            _ => report,
        }
    }
}

/// Has every one of `names`.
pub fn resolve(names: &[String], sources: &BTreeMap<String, SecretSource>) -> Result<Vec<Secret>, SecretError> {
    let one = |name: &String| {
        let value = value_of(name, source_of(name, sources)?)?;
        match value.len() {
            0 => Err(SecretError::Empty { name: name.clone() }),
            1..=MAX_SECRET_BYTES => Ok(Secret { name: name.clone(), value }),
            _ => Err(SecretError::TooLong { name: name.clone() }),
        }
    };
    names.iter().map(one).collect()
}

/// Refuses names that cannot be had, before anything is done. Programs are not called for it.
pub fn require(names: &[String], sources: &BTreeMap<String, SecretSource>) -> Result<(), SecretError> {
    for name in names {
        if !matches!(source_of(name, sources)?, SecretSource::Command(_)) {
            resolve(std::slice::from_ref(name), sources)?;
        }
    }
    Ok(())
}

/// One secret that is a line of text: without the line break at its end.
pub fn line_of(name: &str, source: &SecretSource) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let mut value = value_of(name, source)?;
    if value.len() > MAX_SECRET_BYTES {
        return Err(SecretError::TooLong { name: name.to_owned() });
    }
    while matches!(value.last(), Some(b'\n' | b'\r')) {
        value.pop();
    }
    Ok(value)
}

fn source_of<'a>(name: &str, sources: &'a BTreeMap<String, SecretSource>) -> Result<&'a SecretSource, SecretError> {
    sources.get(name).ok_or_else(|| SecretError::Unconfigured {
        name: name.to_owned(),
        nearest: nearest(name, sources.keys().map(String::as_str)).map(str::to_owned),
    })
}

fn value_of(name: &str, source: &SecretSource) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    match source {
        SecretSource::Env(variable) => match std::env::var_os(variable) {
            Some(value) => Ok(Zeroizing::new(value.into_vec())),
            None => Err(SecretError::NoVariable { name: name.to_owned(), variable: variable.clone() }),
        },
        SecretSource::File(path) => of_file(name, path),
        SecretSource::Command(words) => of_command(name, words, PATIENCE),
    }
}

/// Without waiting for a writer: a FIFO is refused, not read.
fn of_file(name: &str, path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let failed = |source| SecretError::Io { name: name.to_owned(), what: path.display().to_string(), source };
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    let file: File = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(SecretError::NotAFile { name: name.to_owned(), path: path.display().to_string() });
    }
    read_bounded(file, MAX_SECRET_BYTES + 1).map_err(failed)
}

/// Room for all of it from the start: what grows leaves copies behind.
fn read_bounded(from: impl Read, most: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(most));
    from.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn of_command(name: &str, words: &[String], patience: Duration) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let program = words.first().cloned().unwrap_or_default();
    let failed = |source| SecretError::Io { name: name.to_owned(), what: program.clone(), source };
    let mut command = Command::new(&program);
    command.args(words.iter().skip(1)).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let answer = answer_of(&mut child, patience);
    let ended = match &answer {
        Answer::Whole(..) => child.wait(),
        Answer::TooLong | Answer::Broken(_) | Answer::Late => child.kill().and_then(|()| child.wait()),
    };
    match answer {
        Answer::TooLong => Err(SecretError::TooLong { name: name.to_owned() }),
        Answer::Broken(source) => Err(failed(source)),
        Answer::Late => Err(SecretError::NoAnswer { name: name.to_owned(), program }),
        Answer::Whole(mut value, complaint) => {
            let status = ended.map_err(failed)?;
            if !status.success() {
                let complaint = escape_bytes(complaint.trim_ascii());
                let status = status.to_string();
                return Err(SecretError::Failed { name: name.to_owned(), program, status, complaint });
            }
            let end =
                value.strip_suffix(b"\n").map_or(value.len(), |value| value.strip_suffix(b"\r").unwrap_or(value).len());
            value.truncate(end);
            Ok(value)
        }
    }
}

/// What a program said.
enum Answer {
    /// Until it closed its ends: the value, and what it complained of.
    Whole(Zeroizing<Vec<u8>>, Vec<u8>),
    /// More than a secret is.
    TooLong,
    /// The pipe broke.
    Broken(io::Error),
    /// Nothing in time.
    Late,
}

/// Reads both ends at once, so that a full pipe blocks neither. The threads end when the program's ends close.
fn answer_of(child: &mut Child, patience: Duration) -> Answer {
    let (Some(stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else { return Answer::Late };
    let (said, answers) = mpsc::channel();
    let of_stderr = std::thread::spawn({
        move || {
            let complaint = read_bounded(&mut stderr, MAX_COMPLAINT_BYTES).map(|bytes| bytes.to_vec());
            // The rest is let go, so that the program is not stopped by it.
            let _ = io::copy(&mut stderr, &mut io::sink());
            complaint.unwrap_or_default()
        }
    });
    std::thread::spawn(move || {
        let value = read_bounded(stdout, MAX_SECRET_BYTES + 2);
        let long = matches!(&value, Ok(value) if value.len() > MAX_SECRET_BYTES + 1);
        // What is too long needs no complaint, and its program may still be writing.
        let complaint = if long { Vec::new() } else { of_stderr.join().unwrap_or_default() };
        // Nobody listens any more where it took too long.
        let _ = said.send((value, long, complaint));
    });
    match answers.recv_timeout(patience) {
        Err(_) => Answer::Late,
        Ok((_, true, _)) => Answer::TooLong,
        Ok((Err(error), ..)) => Answer::Broken(error),
        Ok((Ok(value), false, complaint)) => Answer::Whole(value, complaint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(source: SecretSource) -> BTreeMap<String, SecretSource> {
        BTreeMap::from([("token".to_owned(), source)])
    }

    fn had(source: SecretSource) -> Result<Vec<u8>, SecretError> {
        resolve(&["token".to_owned()], &sources(source)).map(|secrets| secrets[0].value().to_vec())
    }

    fn sh(script: &str) -> SecretSource {
        SecretSource::Command(["/bin/sh", "-c", script].map(str::to_owned).to_vec())
    }

    #[test]
    fn files_are_taken_as_they_are_and_answers_without_their_newline() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "hunter2\n\n").unwrap();
        assert_eq!(had(SecretSource::File(file)).unwrap(), b"hunter2\n\n");
        assert_eq!(had(sh("printf 'hunter2\\n\\n'; echo noise >&2")).unwrap(), b"hunter2\n");
        assert_eq!(had(sh("printf 'hunter2\\r\\n'")).unwrap(), b"hunter2");
        assert_eq!(had(SecretSource::Env("PATH".into())).unwrap(), std::env::var("PATH").unwrap().as_bytes());
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = &resolve(&["token".to_owned()], &sources(sh("echo hunter2"))).unwrap()[0];
        assert_eq!((secret.name(), format!("{secret:?}").as_str()), ("token", "Secret(token, ***)"));
        let error = had(sh("echo hunter2; echo 'locked \x1b[2J' >&2; exit 3")).unwrap_err();
        assert!(
            matches!(&error, SecretError::Failed { complaint, .. } if complaint.starts_with("locked ")),
            "{error:?}"
        );
        let report = Report::from(error);
        let shown = format!("{report:?}");
        assert!(shown.contains("locked") && shown.contains("exit status: 3"), "{shown}");
        assert!(!shown.contains("hunter2") && !report.causes.iter().any(|cause| cause.contains('\x1b')), "{shown}");
    }

    #[test]
    fn k04_what_cannot_be_had_is_a_typed_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let missing = had(SecretSource::Env("BAKERY_NO_SUCH_VARIABLE".into())).unwrap_err();
        assert!(matches!(missing, SecretError::NoVariable { .. }), "{missing:?}");
        let named = resolve(&["tokn".to_owned()], &sources(sh("true"))).unwrap_err();
        assert!(
            matches!(&named, SecretError::Unconfigured { nearest: Some(near), .. } if near == "token"),
            "{named:?}"
        );
        assert!(matches!(had(SecretSource::File(path("none"))), Err(SecretError::Io { .. })));
        assert!(matches!(had(SecretSource::File(folder.path().to_owned())), Err(SecretError::NotAFile { .. })));
        let fifo = path("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(matches!(had(SecretSource::File(fifo)), Err(SecretError::NotAFile { .. })));
        std::fs::write(path("long"), vec![b'x'; MAX_SECRET_BYTES + 1]).unwrap();
        assert!(matches!(had(SecretSource::File(path("long"))), Err(SecretError::TooLong { .. })));
        std::fs::write(path("most"), vec![b'x'; MAX_SECRET_BYTES]).unwrap();
        assert_eq!(had(SecretSource::File(path("most"))).unwrap().len(), MAX_SECRET_BYTES);
        std::fs::write(path("empty"), "").unwrap();
        assert!(matches!(had(SecretSource::File(path("empty"))), Err(SecretError::Empty { .. })));
        assert!(matches!(had(sh("echo")), Err(SecretError::Empty { .. })));
        assert!(matches!(had(sh("yes")), Err(SecretError::TooLong { .. })));
        let program = SecretSource::Command(vec!["bakery-no-such-program".into()]);
        assert!(matches!(had(program), Err(SecretError::Io { .. })));
    }

    #[test]
    fn a_program_that_does_not_answer_is_given_up() {
        let words = ["sleep", "600"].map(str::to_owned);
        let error = of_command("token", &words, Duration::from_millis(50)).unwrap_err();
        assert!(matches!(error, SecretError::NoAnswer { .. }), "{error:?}");
    }

    #[test]
    fn programs_are_not_called_to_see_whether_they_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let called = folder.path().join("called");
        let touch = SecretSource::Command(vec!["touch".into(), called.display().to_string()]);
        require(&["token".to_owned()], &sources(touch)).unwrap();
        assert!(!called.exists());
        let missing = sources(SecretSource::Env("BAKERY_NO_SUCH_VARIABLE".into()));
        assert!(require(&["token".to_owned()], &missing).is_err());
    }
}
