//! The user's settings: what counts and where it comes from, a commented file of all of them, a theme kept there. Prints
//! nothing, asks nothing.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::context::key_entries;
use super::{Context, KeyEntry};
use crate::adapters::settings::Paths;
pub use crate::adapters::settings::UserSettings;
use crate::adapters::settings::Workspace;
use crate::adapters::{files, recipes};
use crate::domain::document::{Field, SETTINGS, Shape, commented};
use crate::domain::recipe::set_key;
use crate::domain::yaml::{self, Node, NodeKind, Problems};
use crate::report::{Kind, Report};

/// The first lines of a new file.
const HEADING: &[&str] = &[
    "bakery's settings. Every one of them is here, with what counts where it is left out, or an example;",
    "take the # before a key away to set it. `bakery config show` says what counts, and why.",
];

/// The settings as a file of comments.
pub fn default_text() -> String {
    commented(HEADING, SETTINGS)
}

/// Whether the user settled on plain characters; a file that cannot be read settles nothing, and is told of elsewhere.
pub fn plain_characters() -> bool {
    UserSettings::load(&Paths::from_environment()).is_ok_and(|settings| settings.ascii)
}

/// One setting, as it counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Its key; below another, `pack.level`.
    pub key: String,
    /// What counts; `null` where no value says it.
    pub value: Value,
    /// The same in words, where no value says it.
    pub otherwise: &'static str,
    /// Its line in the file; `None` where it is left out.
    pub line: Option<u32>,
    /// Whether the workspace says it, over what the user settled: the line is that of `bakery.yaml`.
    pub by_workspace: bool,
    /// What it is for.
    pub about: &'static str,
}

/// The user's settings with the file they come from.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the file is, or would be.
    pub file: PathBuf,
    /// Whether it is there.
    pub exists: bool,
    /// What it says.
    pub user: UserSettings,
    text: String,
    paths: Paths,
    /// What the workspace says bakes, and its line.
    engine: Option<(String, u32)>,
}

impl Config {
    /// Where the file is, or would be.
    pub fn place() -> PathBuf {
        Paths::from_environment().config_file()
    }

    /// Reads it; all that is wrong with it is the error.
    pub fn open() -> Result<Self, Report> {
        let paths = Paths::from_environment();
        let text = paths.config_text()?;
        let user = UserSettings::load(&paths)?;
        let (file, exists) = (paths.config_file(), text.is_some());
        Ok(Self { file, exists, user, text: text.unwrap_or_default(), paths, engine: None })
    }

    /// The same within a workspace, where there is one: what it says counts before the user's own.
    pub fn within(self, folder: Option<&Path>) -> Self {
        // What is wrong with it is for those to tell who need one.
        let engine = Workspace::load(folder, &self.paths).ok().and_then(|workspace| workspace.engine);
        Self { engine, ..self }
    }

    /// Makes the commented file where there is none; `false` where there is one.
    pub fn make() -> Result<bool, Report> {
        let file = Self::place();
        if files::is_there(&file) {
            return Ok(false);
        }
        files::make_file(&file, default_text().as_bytes(), 0o644)?;
        Ok(true)
    }

    /// Every setting.
    pub fn rows(&self) -> Vec<Row> {
        let tree = yaml::read(self.text.as_bytes(), &mut Problems::new());
        let said = serde_yaml::from_str(&self.text).unwrap_or(Value::Null);
        let mut rows = Vec::new();
        for field in SETTINGS {
            let (node, value) = (tree.as_ref(), &said);
            match field.shape {
                Shape::Mapping(below, _) => {
                    let node = node.and_then(|node| node.value(field.key));
                    let of =
                        |inner: &Field| row(format!("{}.{}", field.key, inner.key), inner, node, &value[field.key]);
                    rows.extend(below.iter().map(of));
                }
                _ => rows.push(row(field.key.to_owned(), field, node, value)),
            }
        }
        if let Some((engine, line)) = &self.engine
            && let Some(row) = rows.iter_mut().find(|row| row.key == "engine")
        {
            (row.value, row.line, row.by_workspace) = (Value::from(engine.as_str()), Some(*line), true);
        }
        rows
    }

    /// The user's theme file of this name: where it is, and its text; `None` where there is none.
    pub fn theme_file(&self, name: &str) -> Result<Option<(String, String)>, Report> {
        Ok(self.paths.theme_file(name)?)
    }

    /// The names of the user's own themes.
    pub fn theme_names(&self) -> Result<Vec<String>, Report> {
        Ok(self.paths.theme_names()?)
    }

    /// Keys of the user's own.
    pub fn key_settings(&self) -> Vec<KeyEntry> {
        key_entries(&self.user)
    }
}

fn row(key: String, field: &Field, node: Option<&Node>, said: &Value) -> Row {
    let line = node.and_then(|node| match &node.kind {
        NodeKind::Mapping(entries) => entries.iter().find(|entry| entry.key == field.key),
        _ => None,
    });
    let default = || field.default.and_then(|yaml| serde_yaml::from_str(yaml).ok()).unwrap_or(Value::Null);
    let value = if line.is_some() { said[field.key].clone() } else { default() };
    let line = line.map(|entry| entry.span.start.line);
    Row { key, value, otherwise: field.absent, line, by_workspace: false, about: field.about }
}

impl Context {
    /// The names of the user's own themes.
    pub fn theme_names(&self) -> Result<Vec<String>, Report> {
        Ok(self.paths.theme_names()?)
    }

    /// Writes a theme's name into the user's settings; every other byte stays. Gives the file.
    pub fn keep_theme(&self, name: &str) -> Result<PathBuf, Report> {
        keep(&self.paths, name)
    }
}

fn keep(paths: &Paths, theme: &str) -> Result<PathBuf, Report> {
    let file = paths.config_file();
    let Some(before) = paths.config_text()? else {
        files::make_file(&file, format!("theme: {theme}\n").as_bytes(), 0o644)?;
        return Ok(file);
    };
    let after = set_key(&before, "theme", theme).map_err(|error| unkept(&file, theme, &error))?;
    recipes::replace(&file, before.as_bytes(), after.as_bytes())?;
    Ok(file)
}

fn unkept(file: &Path, theme: &str, error: &(dyn std::error::Error + 'static)) -> Report {
    Report::new(Kind::Usage, error)
        .while_doing(format!("the theme cannot be kept in {}", file.display()))
        .help(format!("write `theme: {theme}` there by hand: `bakery config edit`"))
}
