//! Finding and reading `bakery.yaml` and the user's `config.yaml`. Opens no store.

use std::io;
use std::path::{Path, PathBuf};

use super::forms::is_theme_name;
use super::{Paths, UserSettings, Workspace};
use crate::adapters::whole_file::read_bounded;
use crate::domain::yaml::{MAX_BYTES, Problem, Problems, Severity};
use crate::report::{Kind, Report};

/// Name of the workspace file.
pub const WORKSPACE_FILE: &str = "bakery.yaml";
/// Name of the user's settings.
const CONFIG_FILE: &str = "config.yaml";
/// Most entries of the folder of themes that are looked at.
const MAX_THEMES: usize = 1000;

/// Why settings cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// No `bakery.yaml` where it was looked for.
    #[error("no {WORKSPACE_FILE} in {folder} or above it")]
    NoWorkspace {
        /// Where the search began.
        folder: String,
    },
    /// `--workspace DIR` has none.
    #[error("no {WORKSPACE_FILE} in {folder}")]
    NotAWorkspace {
        /// The folder named.
        folder: String,
    },
    /// The file says something wrong.
    #[error("{file} is not usable")]
    Problems {
        /// Which file.
        file: String,
        /// All that is wrong.
        problems: Vec<Problem>,
    },
    /// The file system said no.
    #[error("read {path}")]
    Io {
        /// On what.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl From<SettingsError> for Report {
    fn from(error: SettingsError) -> Self {
        match &error {
            SettingsError::NoWorkspace { .. } => Self::new(Kind::Usage, &error)
                .help("`bakery init` makes one here; or name a workspace with --workspace DIR"),
            SettingsError::NotAWorkspace { .. } => {
                Self::new(Kind::Usage, &error).help("`bakery init` makes one; without --workspace the nearest is used")
            }
            SettingsError::Io { .. } => Self::new(Kind::Usage, &error),
            SettingsError::Problems { file, problems } => of_problems(file, problems),
        }
    }
}

/// One problem is the message itself; several are listed below it.
fn of_problems(file: &str, problems: &[Problem]) -> Report {
    let place = |problem: &Problem| format!("{file}:{}:{}: {}", problem.line, problem.column, problem.message);
    let mut report = match problems {
        [only] => Report::message(Kind::Usage, place(only)),
        all => {
            let mut report = Report::message(Kind::Usage, format!("{file} has {} problems", all.len()));
            report.causes = all.iter().map(|problem| crate::domain::text::escape(&place(problem))).collect();
            report
        }
    };
    report.help = problems.iter().find_map(|problem| problem.help.clone());
    report
}

impl Workspace {
    /// Reads the workspace in `folder`, or the one in the working directory or its nearest parent.
    pub fn load(folder: Option<&Path>, paths: &Paths) -> Result<Self, SettingsError> {
        let root = match folder {
            Some(folder) => absolute(folder)?,
            None => nearest(&absolute(Path::new("."))?)?,
        };
        let file = root.join(WORKSPACE_FILE);
        let Some(bytes) = read_file(&file)? else {
            return Err(SettingsError::NotAWorkspace { folder: root.display().to_string() });
        };
        let mut problems = Problems::new();
        let workspace = super::workspace::workspace(&bytes, (&root, paths), &mut problems);
        settled(workspace, problems, &file)
    }
}

impl UserSettings {
    /// Reads the user's `config.yaml`; the defaults where there is none.
    pub fn load(paths: &Paths) -> Result<Self, SettingsError> {
        let file = paths.config_file();
        let Some(bytes) = read_file(&file)? else { return Ok(Self::default()) };
        let mut problems = Problems::new();
        let settings = super::user::user(&bytes, &paths.config, &mut problems);
        settled(settings, problems, &file)
    }
}

impl Paths {
    /// The user's settings, whether they are there or not.
    pub fn config_file(&self) -> PathBuf {
        self.config.join(CONFIG_FILE)
    }

    /// The text of the user's settings; `None` where there is none.
    pub fn config_text(&self) -> Result<Option<String>, SettingsError> {
        let file = self.config_file();
        let Some(bytes) = read_file(&file)? else { return Ok(None) };
        let long = bytes.len() > MAX_BYTES;
        match String::from_utf8(bytes) {
            Ok(text) if !long => Ok(Some(text)),
            _ => Err(SettingsError::Io { path: file.display().to_string(), source: no_text() }),
        }
    }

    /// The names of the user's own themes, sorted.
    pub fn theme_names(&self) -> Result<Vec<String>, SettingsError> {
        let folder = self.config.join("themes");
        let failed = |source| SettingsError::Io { path: folder.display().to_string(), source };
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut names = Vec::new();
        for entry in entries.take(MAX_THEMES) {
            let name = entry.map_err(failed)?.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(".yaml"));
            names.extend(name.filter(|name| is_theme_name(name)).map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    /// The user's theme file of this name: where it is, and its text; `None` where there is none.
    pub fn theme_file(&self, name: &str) -> Result<Option<(String, String)>, SettingsError> {
        if !is_theme_name(name) {
            return Ok(None);
        }
        let file = self.config.join("themes").join(format!("{name}.yaml"));
        let path = file.display().to_string();
        let Some(bytes) = read_file(&file)? else { return Ok(None) };
        let long = bytes.len() > MAX_BYTES;
        match String::from_utf8(bytes) {
            Ok(text) if !long => Ok(Some((path, text))),
            _ => Err(SettingsError::Io { path, source: no_text() }),
        }
    }
}

fn no_text() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a text of at most 1 MiB")
}

fn settled<T>(value: Option<T>, problems: Problems, file: &Path) -> Result<T, SettingsError> {
    let failed = problems.has_errors();
    match value {
        Some(value) if !failed => Ok(value),
        _ => {
            let mut problems = problems.into_sorted();
            problems.retain(|problem| problem.severity == Severity::Error);
            Err(SettingsError::Problems { file: file.display().to_string(), problems })
        }
    }
}

fn absolute(folder: &Path) -> Result<PathBuf, SettingsError> {
    let failed = |source| SettingsError::Io { path: folder.display().to_string(), source };
    let absolute = std::path::absolute(folder).map_err(failed)?;
    // `.` and `..` go, links stay: a workspace is where the user says it is.
    match absolute.components().any(|part| part == std::path::Component::ParentDir) {
        true => std::fs::canonicalize(&absolute).map_err(failed),
        false => Ok(absolute),
    }
}

fn nearest(start: &Path) -> Result<PathBuf, SettingsError> {
    let found = start.ancestors().find(|folder| folder.join(WORKSPACE_FILE).is_file());
    match found {
        Some(folder) => Ok(folder.to_owned()),
        None => Err(SettingsError::NoWorkspace { folder: start.display().to_string() }),
    }
}

fn read_file(path: &Path) -> Result<Option<Vec<u8>>, SettingsError> {
    read_bounded(path, MAX_BYTES).map_err(|source| SettingsError::Io { path: path.display().to_string(), source })
}
