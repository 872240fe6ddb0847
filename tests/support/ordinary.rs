//! bakery as an ordinary user with subordinate ids, in a workspace of that user's. Needs root, to be somebody else.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::bakery::{Bakery, succeeded};
use super::subordinate;

/// What it needs.
pub const PROGRAMS: [&str; 5] = ["useradd", "usermod", "setpriv", "newuidmap", "newgidmap"];

/// A workspace that belongs to the ordinary user, home and all.
pub struct Ordinary {
    bakery: Bakery,
    user: u32,
    program: PathBuf,
}

impl Ordinary {
    /// Gives the workspace to the user.
    pub fn new(bakery: Bakery) -> Self {
        let user = subordinate::user();
        // What cargo makes may lie below a home others cannot enter.
        let program = bakery.path("bakery");
        let made = Path::new(env!("CARGO_BIN_EXE_bakery"));
        std::fs::hard_link(made, &program).or_else(|_| std::fs::copy(made, &program).map(|_| ())).unwrap();
        own(&bakery.path(""), user, &program);
        Self { bakery, user, program }
    }

    /// The workspace.
    pub fn bakery(&self) -> &Bakery {
        &self.bakery
    }

    /// The workspace, to be looked at as root again.
    pub fn into_bakery(self) -> Bakery {
        self.bakery
    }

    /// A command line of the user's, not started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = subordinate::command(self.user, &self.program);
        command.args(arguments).current_dir(self.bakery.path(""));
        command.env("HOME", self.bakery.path("user")).env("BAKERY_HOME", self.bakery.path("home"));
        command
    }

    /// Bakes one recipe; gives the events.
    pub fn bake(&self, recipe: &str) -> Vec<serde_json::Value> {
        let text = succeeded(&self.command(&["bake", recipe, "--json"]).output().unwrap(), &format!("bake {recipe}"));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// What tests write belongs to root until now; the program may be linked from elsewhere, and stays as it is.
fn own(folder: &Path, user: u32, program: &Path) {
    chown(folder, Some(user), Some(user)).unwrap();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            own(&entry.path(), user, program);
        } else if kind.is_file() && entry.path() != program {
            chown(entry.path(), Some(user), Some(user)).unwrap();
        }
    }
}
