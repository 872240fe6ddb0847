//! The recipe as a value: what a valid recipe file says, with nothing unresolved but names. Holds no positions of text
//! beyond the line of each step, reads no file.
//!
//! Source: contract section 4.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::oci::{Digest, ImageRef, Platform, Repository, Tag};

/// A valid recipe.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recipe {
    /// Repository in the local store.
    pub name: Repository,
    /// Tag in the local store.
    pub tag: Tag,
    /// What it inherits from.
    pub base: Base,
    /// Target platforms; empty means the host's.
    pub platforms: Vec<Platform>,
    /// Steps in order; each makes at most one layer.
    pub steps: Vec<Step>,
    /// Changes to the image config.
    pub config: ConfigChange,
    /// Tests run inside the baked image.
    pub tests: Vec<TestCase>,
}

impl Recipe {
    /// `NAME:TAG`, as it stands in the local store.
    pub fn reference(&self) -> String {
        format!("{}:{}", self.name, self.tag)
    }

    /// Whether a bake of it runs anything in the image.
    pub fn runs(&self) -> bool {
        let tests = self.tests.iter().any(|test| matches!(test.kind, TestKind::Run(_)));
        tests || self.steps.iter().any(|step| step.action.runs())
    }
}

/// What an image inherits from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// Nothing: how the global team makes its own images.
    Scratch,
    /// Another image.
    Image(ImageRef),
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scratch => f.write_str("scratch"),
            Self::Image(reference) => reference.fmt(f),
        }
    }
}

impl Serialize for Base {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One entry of `steps`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// What it does.
    #[serde(flatten)]
    pub action: Action,
    /// 1-based line in the recipe file, for messages; never part of a cache key.
    #[serde(skip)]
    pub line: u32,
}

/// What a step does. The serialized form is canonical: it goes into cache keys.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Installs packages with the base's own manager.
    Packages(Packages),
    /// Copies files from beside the recipe.
    Copy(Copy),
    /// Writes one file from the recipe's own text.
    Write(Write),
    /// Runs a script in the image.
    Run(Run),
    /// Removes paths.
    Remove(Remove),
    /// Unpacks an archive from beside the recipe.
    Unpack(Unpack),
}

impl Action {
    /// The step's kind as written in a recipe.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Packages(_) => "packages",
            Self::Copy(_) => "copy",
            Self::Write(_) => "write",
            Self::Run(_) => "run",
            Self::Remove(_) => "remove",
            Self::Unpack(_) => "unpack",
        }
    }

    /// Whether processes run in the image for it.
    pub fn runs(&self) -> bool {
        matches!(self, Self::Run(_) | Self::Packages(_))
    }

    /// One line that tells this step from others: `app -> /srv/app`.
    pub fn summary(&self) -> String {
        match self {
            Self::Packages(step) => step.names.join(" "),
            Self::Copy(step) => format!("{} -> {}", step.from, step.to),
            Self::Write(step) => step.to.to_string(),
            Self::Run(step) => step.script.lines().find(|l| !l.trim().is_empty()).unwrap_or("").trim().to_owned(),
            Self::Remove(step) => step.paths.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            Self::Unpack(step) => format!("{} -> {}", step.from, step.to),
        }
    }
}

/// `packages: [NAME, …]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Packages {
    /// Package names, as the base's manager writes them.
    pub names: Vec<String>,
}

/// `copy: {from, to, owner, mode, exclude}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Copy {
    /// File or folder, relative to the recipe's folder. A folder's content is copied, not the folder itself.
    pub from: String,
    /// Where to; ending in `/` means into that folder.
    pub to: ImagePath,
    /// Owner of everything copied; `0:0` where absent.
    pub owner: Option<Owner>,
    /// Mode of files; folders get `x` wherever this has `r`. Absent: the files' own, less group and other write.
    pub mode: Option<Mode>,
    /// Globs relative to `from`.
    pub exclude: Vec<String>,
}

/// `write: {to, content, owner, mode}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Write {
    /// The file.
    pub to: ImagePath,
    /// Its content.
    pub content: String,
    /// Owner; `0:0` where absent.
    pub owner: Option<Owner>,
    /// Mode; `0644` where absent.
    pub mode: Option<Mode>,
}

/// `run: |` or `run: {…}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// The script.
    pub script: String,
    /// Interpreter and its arguments; `["/bin/sh", "-eu"]` where absent.
    pub shell: Vec<String>,
    /// What network the script sees.
    pub network: Network,
    /// Environment beside the image's own.
    pub env: BTreeMap<String, String>,
    /// Names of secrets mounted while it runs.
    pub secrets: Vec<String>,
    /// Folders kept outside the image between bakes.
    pub cache: Vec<ImagePath>,
    /// User it runs as; root where absent.
    pub user: Option<String>,
}

/// Network of a `run` step or a test that runs something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// The host's.
    #[default]
    Host,
    /// None at all.
    None,
}

/// `remove: [PATH, …]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remove {
    /// Absolute paths; each must exist.
    pub paths: Vec<ImagePath>,
}

/// `unpack: {from, to, owner}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unpack {
    /// A tar archive, plain, gzip or zstd, relative to the recipe's folder.
    pub from: String,
    /// Folder to unpack into.
    pub to: ImagePath,
    /// Owner of everything unpacked; the archive's own numbers where absent.
    pub owner: Option<Owner>,
}

/// An absolute path in an image: begins with `/`, no `..`, no NUL; a trailing `/` is kept as written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ImagePath(String);

/// Why a text is no path in an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImagePathError {
    /// Does not begin with `/`.
    #[error("not an absolute path: {0:?} (paths in the image begin with /)")]
    Relative(String),
    /// A `..` part.
    #[error("Y-04: path leaves its folder: {0:?} (no .. in image paths)")]
    Escapes(String),
    /// NUL, or over 4096 bytes, or a part over 255.
    #[error("T-14: path is unusable: {0:?} (no NUL, at most 4096 bytes, 255 a part)")]
    Unusable(String),
}

impl FromStr for ImagePath {
    type Err = ImagePathError;

    fn from_str(text: &str) -> Result<Self, ImagePathError> {
        let shown = || text.chars().take(120).collect::<String>();
        if !text.starts_with('/') {
            return Err(ImagePathError::Relative(shown()));
        }
        if text.split('/').any(|part| part == "..") {
            return Err(ImagePathError::Escapes(shown()));
        }
        if text.contains('\0') || text.len() > 4096 || text.split('/').any(|part| part.len() > 255) {
            return Err(ImagePathError::Unusable(shown()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl ImagePath {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it was written with a trailing `/`.
    pub fn names_folder(&self) -> bool {
        self.0.ends_with('/')
    }

    /// Its parts, without empty ones and `.`.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty() && *part != ".")
    }
}

impl fmt::Display for ImagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `user[:group]`, each a name or a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// User.
    pub user: Account,
    /// Group; where absent a named user's primary group, else the user's number.
    pub group: Option<Account>,
}

/// A user or group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Account {
    /// By number.
    Id(u32),
    /// By name, looked up in the image's own `/etc/passwd` or `/etc/group`.
    Name(String),
}

/// Not `user[:group]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an owner: {0:?} (expected user, user:group or numbers such as \"1000:1000\", at most 4294967294)")]
pub struct OwnerError(String);

impl FromStr for Owner {
    type Err = OwnerError;

    fn from_str(text: &str) -> Result<Self, OwnerError> {
        let refuse = || OwnerError(text.chars().take(120).collect());
        let account = |part: &str| -> Result<Account, OwnerError> {
            if part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty() {
                // 2^32-1 is "no change" to chown(2).
                return part.parse().ok().filter(|id| *id != u32::MAX).map(Account::Id).ok_or_else(refuse);
            }
            let first = part.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
            let rest = part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$'));
            if first && rest && part.len() <= 32 { Ok(Account::Name(part.to_owned())) } else { Err(refuse()) }
        };
        match text.split_once(':') {
            Some((user, group)) => Ok(Self { user: account(user)?, group: Some(account(group)?) }),
            None => Ok(Self { user: account(text)?, group: None }),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |account: &Account| match account {
            Account::Id(id) => id.to_string(),
            Account::Name(name) => name.clone(),
        };
        f.write_str(&show(&self.user))?;
        match &self.group {
            Some(group) => write!(f, ":{}", show(group)),
            None => Ok(()),
        }
    }
}

/// Permission bits, `0` to `07777`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mode(pub u32);

/// Not an octal mode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a mode: {0:?} (expected three or four octal digits in quotes, such as \"0644\")")]
pub struct ModeError(String);

impl FromStr for Mode {
    type Err = ModeError;

    fn from_str(text: &str) -> Result<Self, ModeError> {
        let octal = (3..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
        match u32::from_str_radix(text, 8) {
            Ok(bits) if octal => Ok(Self(bits)),
            _ => Err(ModeError(text.chars().take(40).collect())),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// `config:` — what changes in the image config. `None` leaves the base's value, `Some(empty)` clears it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ConfigChange {
    /// Added to or replacing the base's environment.
    pub env: BTreeMap<String, String>,
    /// User the container runs as.
    pub user: Option<String>,
    /// Working directory.
    pub workdir: Option<ImagePath>,
    /// Command prefix. Setting it without `cmd` clears the base's `cmd`, as Docker does.
    pub entrypoint: Option<Vec<String>>,
    /// Command.
    pub cmd: Option<Vec<String>>,
    /// Ports, added to the base's: `8080/tcp`.
    pub expose: Vec<String>,
    /// Labels, added to or replacing the base's.
    pub labels: BTreeMap<String, String>,
    /// Volumes, added to the base's.
    pub volumes: Vec<ImagePath>,
    /// Signal that stops the container.
    pub stop_signal: Option<String>,
    /// Health check.
    pub healthcheck: Option<Healthcheck>,
}

/// `healthcheck: {test, interval, timeout, start-period, retries}`; durations such as `30s`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Healthcheck {
    /// `["CMD", …]`, `["CMD-SHELL", "…"]` or `["NONE"]`; a plain string in the recipe means `CMD-SHELL`.
    pub test: Vec<String>,
    /// Nanoseconds between checks.
    pub interval: Option<u64>,
    /// Nanoseconds before one check counts as failed.
    pub timeout: Option<u64>,
    /// Nanoseconds before failures count.
    pub start_period: Option<u64>,
    /// Failures before unhealthy.
    pub retries: Option<u32>,
}

/// One entry of `tests`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestCase {
    /// Its name; the check is `test.NAME`.
    pub name: String,
    /// What it asks.
    #[serde(flatten)]
    pub kind: TestKind,
    /// 1-based line in the recipe file.
    #[serde(skip)]
    pub line: u32,
}

/// What a test asks.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestKind {
    /// Runs a command.
    Run(RunTest),
    /// Looks at a file.
    File(FileTest),
}

/// `{run, network, user, expect: {exit, stdout, stderr}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunTest {
    /// The command line, for `/bin/sh -c`.
    pub command: String,
    /// What network the command sees; none where absent.
    pub network: Network,
    /// User it runs as; the image's own where absent.
    pub user: Option<String>,
    /// Expected exit status.
    pub exit: i32,
    /// Regular expression stdout must match.
    pub stdout: Option<String>,
    /// Regular expression stderr must match.
    pub stderr: Option<String>,
}

/// `{file: {path, mode, owner, contains, absent}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileTest {
    /// The path.
    pub path: ImagePath,
    /// Expected mode.
    pub mode: Option<Mode>,
    /// Expected owner.
    pub owner: Option<Owner>,
    /// Regular expression the content must match.
    pub contains: Option<String>,
    /// The path must not exist.
    pub absent: bool,
}

/// What a lock pins: the base's digest for each platform, and when it was resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Format version, 1.
    pub lock: u32,
    /// The base as the recipe names it.
    pub base: String,
    /// What its tag pointed at (the index, where it is one).
    pub digest: Digest,
    /// Manifest digest per platform.
    pub platforms: BTreeMap<Platform, Digest>,
    /// When it was resolved (RFC 3339, UTC).
    pub resolved: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_modes_and_paths() {
        assert_eq!("1000:1000".parse::<Owner>().unwrap().to_string(), "1000:1000");
        assert_eq!("www-data".parse::<Owner>().unwrap().group, None);
        for text in ["", ":", "a:", "4294967295", "99999999999", "a b", "-x", "a:b:c"] {
            assert!(text.parse::<Owner>().is_err(), "{text}");
        }
        assert_eq!("0644".parse::<Mode>().unwrap(), Mode(0o644));
        for text in ["", "9", "0o644", "rw", "00644", "0888"] {
            assert!(text.parse::<Mode>().is_err(), "{text}");
        }
        for text in ["a", "", "/a/../b", "/a\0"] {
            assert!(text.parse::<ImagePath>().is_err(), "{text:?}");
        }
    }
}
