//! From a recipe to a Dockerfile that builds the same files and config, with a note for whatever it cannot say.

mod bake_file;
mod config;
mod steps;
mod writing;

use crate::domain::plan::{InputKind, InputManifest};
use crate::domain::recipe::{Installer, Recipe};

pub use bake_file::{BakeTarget, bake_file};
pub(super) use steps::packages_script;

/// What is known of the base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseFacts {
    /// What `FROM` says.
    pub from: String,
    /// Lines about how to come by it.
    pub about: Vec<String>,
    /// The user its containers run as; empty where it says none. `None`: not known.
    pub user: Option<String>,
    /// What installs packages in it.
    pub installer: Option<Installer>,
    /// Seconds since 1970 that scripts of packages are told.
    pub created: i64,
}

/// How a Dockerfile is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Without heredocs, as builders before them read it: Docker 20, buildah before 1.33.
    pub plain: bool,
    /// Files lie in a build context of its own, with the modes the recipe gives them and without what it leaves out; else
    /// beside the recipe, as they are.
    pub gathered: bool,
}

/// A file of the build context that the recipe holds the text of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextFile {
    /// Where, relative to the context.
    pub path: String,
    /// What.
    pub content: String,
    /// Mode.
    pub mode: u32,
}

/// A recipe as a Dockerfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// The Dockerfile.
    pub dockerfile: String,
    /// Files beside it, of `write` steps.
    pub files: Vec<ContextFile>,
    /// Folders of the context by the number of the step whose files lie there, from 0.
    pub inputs: Vec<(usize, String)>,
    /// What is not said, or not exactly: for people.
    pub notes: Vec<String>,
}

/// Writes a recipe as a Dockerfile. `inputs`: what its steps read, where that is known.
pub fn export(recipe: &Recipe, inputs: &[Option<InputManifest>], base: &BaseFacts, style: Style) -> Exported {
    let mut export = Export { base, style, user: Some(String::new()), out: Exported::default(), lines: Vec::new() };
    if base.user.as_deref().is_none_or(|user| !is_root(user)) && base.from != "scratch" {
        export.user = base.user.clone();
    }
    export.head(recipe);
    for (number, step) in recipe.steps.iter().enumerate() {
        let read = inputs.get(number).and_then(Option::as_ref);
        export.step((number, step), read);
    }
    export.config(recipe);
    export.out.dockerfile = format!("{}\n", export.lines.join("\n"));
    export.out
}

/// A Dockerfile being written.
struct Export<'a> {
    base: &'a BaseFacts,
    style: Style,
    /// Who runs what comes next, as far as is known; empty for root.
    user: Option<String>,
    out: Exported,
    lines: Vec<String>,
}

impl Export<'_> {
    fn head(&mut self, recipe: &Recipe) {
        if !self.style.plain {
            self.line("# syntax=docker/dockerfile:1");
        }
        self.line(format!("# {}, from its recipe by `bakery export dockerfile`.", recipe.reference()));
        for about in &self.base.about {
            self.lines.push(format!("# {about}"));
        }
        let platform = match recipe.platforms.as_slice() {
            [platform] => format!("--platform={platform} "),
            _ => String::new(),
        };
        self.line(format!("FROM {platform}{}", self.base.from));
    }

    fn line(&mut self, text: impl Into<String>) {
        self.lines.push(text.into());
    }

    /// Says something of the Dockerfile to people, in it and beside it.
    fn note(&mut self, line: u32, text: impl std::fmt::Display) {
        self.lines.push(format!("# {text}"));
        let place = if line > 0 { format!("line {line}: ") } else { String::new() };
        self.out.notes.push(format!("{place}{text}"));
    }

    /// What comes next runs as this user; empty for root.
    fn become_user(&mut self, user: &str) {
        if self.user.as_deref() != Some(user) {
            self.line(format!("USER {}", if user.is_empty() { "root" } else { user }));
            self.user = Some(user.to_owned());
        }
    }
}

fn is_root(user: &str) -> bool {
    matches!(user, "" | "0" | "root" | "0:0" | "root:root")
}

fn is_folder(inputs: Option<&InputManifest>) -> bool {
    inputs.and_then(|inputs| inputs.entries.first()).is_some_and(|first| matches!(first.kind, InputKind::Folder))
}

#[cfg(test)]
mod tests;
