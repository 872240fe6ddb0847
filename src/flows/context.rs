//! What every flow starts from: where things are kept, the workspace, the user's settings. Opens stores by name.

use std::path::Path;

use crate::adapters::settings::{Paths, UserSettings, Workspace};
use crate::report::{Kind, Report};

/// One value passed down instead of globals.
#[derive(Clone, Debug)]
pub struct Context {
    /// Where bakery keeps things.
    pub paths: Paths,
    /// The workspace.
    pub workspace: Workspace,
    /// The user's settings.
    pub settings: UserSettings,
}

impl Context {
    /// Finds and reads the workspace (`folder`, else the working directory or its nearest parent with a `bakery.yaml`)
    /// and the user's settings.
    pub fn load(_folder: Option<&Path>) -> Result<Self, Report> {
        Err(Report::message(Kind::Failed, "not built yet"))
    }
}
