//! Passphrases: from the environment, a file it names, or the terminal. Never from a flag, never shown (K-05).

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::prompt::{Prompt, PromptError};
use crate::report::{Kind, Report};

/// Longer than any passphrase; shorter than a file named by mistake.
pub(super) const MAX_PASSPHRASE_BYTES: u64 = 4096;

/// Variables in the order they are asked; the `_FILE` ones name a file.
const SOURCES: [(&str, bool); 4] = [
    ("BAKERY_PASSWORD", false),
    ("BAKERY_PASSWORD_FILE", true),
    ("COSIGN_PASSWORD", false),
    ("COSIGN_PASSWORD_FILE", true),
];

/// A passphrase; overwritten in memory when dropped.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<Vec<u8>>);

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// The file a variable names cannot be used.
    #[error("passphrase file {path} (from {variable}) cannot be read")]
    File {
        /// The variable.
        variable: &'static str,
        /// The file it names.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No variable is set, and there is no terminal to ask.
    #[error("no passphrase for {purpose}: no variable holds one and there is no terminal to ask")]
    NoTerminal {
        /// What it is for.
        purpose: String,
    },
    /// Two entries differ.
    #[error("the two passphrases differ")]
    Differ,
    /// An empty entry for a new key.
    #[error("the passphrase is empty")]
    Empty,
    /// The user pressed the interrupt key.
    #[error("cancelled")]
    Cancelled,
    /// The terminal failed.
    #[error("cannot ask for a passphrase")]
    Terminal(#[source] io::Error),
}

impl Passphrase {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// For opening a key: from the environment, else asked once.
    pub fn find(purpose: &str) -> Result<Self, PassphraseError> {
        match Self::from_environment()? {
            Some(found) => Ok(found),
            None => Self::open_prompt(purpose)?.ask(&format!("Passphrase for {purpose}: ")).map_err(Into::into),
        }
    }

    /// For a new key: from the environment, else asked twice; an empty one only from the environment.
    pub fn choose(purpose: &str) -> Result<Self, PassphraseError> {
        if let Some(found) = Self::from_environment()? {
            return Ok(found);
        }
        let mut prompt = Self::open_prompt(purpose)?;
        let first = prompt.ask(&format!("New passphrase for {purpose}: "))?;
        if first.0.is_empty() {
            return Err(PassphraseError::Empty);
        }
        let second = prompt.ask("The same again: ")?;
        if first.0 == second.0 { Ok(first) } else { Err(PassphraseError::Differ) }
    }

    /// From the first variable that is set; a set but empty one is an empty passphrase, as for cosign.
    pub fn from_environment() -> Result<Option<Self>, PassphraseError> {
        for (variable, names_file) in SOURCES {
            let Some(value) = std::env::var_os(variable) else { continue };
            if names_file {
                return Self::from_file(variable, value).map(Some);
            }
            return Ok(Some(Self(Zeroizing::new(value.into_vec()))));
        }
        Ok(None)
    }

    /// A file's content without the line break at its end. Pipes (`<(…)`) are fine.
    fn from_file(variable: &'static str, path: OsString) -> Result<Self, PassphraseError> {
        let path = PathBuf::from(path);
        let fail = |source| PassphraseError::File { variable, path: path.display().to_string(), source };
        let mut bytes = Zeroizing::new(Vec::new());
        let file = File::open(&path).map_err(fail)?;
        file.take(MAX_PASSPHRASE_BYTES + 1).read_to_end(&mut bytes).map_err(fail)?;
        if bytes.len() as u64 > MAX_PASSPHRASE_BYTES {
            return Err(fail(io::Error::other(format!("longer than {MAX_PASSPHRASE_BYTES} bytes"))));
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        Ok(Self(bytes))
    }

    /// Bytes that were had elsewhere.
    pub fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    fn open_prompt(purpose: &str) -> Result<Prompt, PassphraseError> {
        Prompt::open().map_err(|_| PassphraseError::NoTerminal { purpose: purpose.to_owned() })
    }
}

impl From<&str> for Passphrase {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.as_bytes().to_vec()))
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

impl From<PromptError> for PassphraseError {
    fn from(error: PromptError) -> Self {
        match error {
            PromptError::Cancelled => Self::Cancelled,
            PromptError::Terminal(source) => Self::Terminal(source),
        }
    }
}

impl From<PassphraseError> for Report {
    fn from(error: PassphraseError) -> Self {
        let (kind, help) = match &error {
            PassphraseError::Cancelled => (Kind::Cancelled, None),
            PassphraseError::NoTerminal { .. } => (
                Kind::Usage,
                Some(
                    "set BAKERY_PASSWORD or COSIGN_PASSWORD, or name a file in BAKERY_PASSWORD_FILE or COSIGN_PASSWORD_FILE",
                ),
            ),
            PassphraseError::Empty => (
                Kind::Usage,
                Some("type one; a key without a passphrase takes an empty BAKERY_PASSWORD in the environment"),
            ),
            PassphraseError::Differ => (Kind::Usage, Some("run the command again")),
            PassphraseError::File { .. } | PassphraseError::Terminal(_) => (Kind::Failed, None),
        };
        let report = Report::new(kind, &error);
        match help {
            Some(help) => report.help(help),
            None => report,
        }
    }
}
