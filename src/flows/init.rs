//! A new workspace: the workspace file, a first recipe, what git should not keep. Never overwrites, bakes nothing.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::adapters::files::{self, FilesError};
use crate::report::Report;

const WORKSPACE: &str = include_str!("templates/bakery.yaml");
const FIRST_RECIPE: &str = include_str!("templates/first.yaml");
const IGNORED: &str = "/local-store/\n*.key\n";

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewWorkspace {
    /// The folder.
    pub workspace: PathBuf,
    /// The files, relative to it.
    pub files: Vec<&'static str>,
    /// Lines an existing `.gitignore` should get; it was left alone.
    pub ignore: Vec<&'static str>,
}

/// Makes a workspace in `folder`, else in the working directory; refuses before writing when a file is there.
pub fn init(folder: Option<&Path>) -> Result<NewWorkspace, Report> {
    let root = match folder {
        Some(folder) => files::absolute(folder)?,
        None => files::working_folder()?,
    };
    let mut wanted = vec![("bakery.yaml", WORKSPACE), ("recipes/first/first.yaml", FIRST_RECIPE)];
    for (name, _) in &wanted {
        let path = root.join(name);
        if files::is_there(&path) {
            return Err(FilesError::Exists { path: path.display().to_string() }.into());
        }
    }
    // A project has its own: it is not ours to change.
    let has_ignore_file = files::is_there(&root.join(".gitignore"));
    if !has_ignore_file {
        wanted.push((".gitignore", IGNORED));
    }
    // The workspace file comes last: where it stands, everything else does.
    for (name, content) in wanted.iter().rev() {
        files::make_file(&root.join(name), content.as_bytes(), 0o644)?;
    }
    Ok(NewWorkspace {
        workspace: root,
        files: wanted.iter().map(|(name, _)| *name).collect(),
        ignore: if has_ignore_file { IGNORED.lines().collect() } else { Vec::new() },
    })
}
