//! An ordinary user of this machine with subordinate ids, and bakery run as that user. Needs root, to make the user; the
//! user stays.

use std::fs::File;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::bakery::{Bakery, peer, succeeded};

/// What it needs.
pub const PROGRAMS: [&str; 5] = ["useradd", "usermod", "setpriv", "newuidmap", "newgidmap"];

const NAME: &str = "bakery-tester";

/// First subordinate id, of users and of groups alike, and how many.
const SUBORDINATE: (u32, u32) = (500_000, 65_536);

/// A workspace that belongs to the ordinary user, home and all.
pub struct Ordinary {
    bakery: Bakery,
    id: u32,
    program: PathBuf,
}

impl Ordinary {
    /// Gives the workspace to the user, whom it makes where there is none yet.
    pub fn new(bakery: Bakery) -> Self {
        let id = user();
        // What cargo makes may lie below a home others cannot enter.
        let program = bakery.path("bakery");
        let made = Path::new(env!("CARGO_BIN_EXE_bakery"));
        std::fs::hard_link(made, &program).or_else(|_| std::fs::copy(made, &program).map(|_| ())).unwrap();
        let ordinary = Self { bakery, id, program };
        ordinary.own(&ordinary.bakery.path(""));
        ordinary
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
        let id = self.id.to_string();
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid", &id, "--regid", &id, "--clear-groups"])
            .arg(&self.program)
            .args(arguments)
            .current_dir(self.bakery.path(""))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.bakery.path("user"))
            .env("BAKERY_HOME", self.bakery.path("home"))
            .stdin(Stdio::null());
        command
    }

    /// Bakes one recipe; gives the events.
    pub fn bake(&self, recipe: &str) -> Vec<serde_json::Value> {
        let text = succeeded(&self.command(&["bake", recipe, "--json"]).output().unwrap(), &format!("bake {recipe}"));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Files made by tests belong to root; links are left alone, and so is what the program is a link to.
    fn own(&self, folder: &Path) {
        chown(folder, Some(self.id), Some(self.id)).unwrap();
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && !entry.path().ends_with("home") {
                self.own(&entry.path());
            } else if kind.is_file() && entry.path() != self.program {
                chown(entry.path(), Some(self.id), Some(self.id)).unwrap();
            }
        }
    }
}

/// The user's id, which is its group's too.
fn user() -> u32 {
    let lock = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("user.lock")).unwrap();
    lock.lock().unwrap();
    if !Command::new("id").args(["-u", NAME]).output().unwrap().status.success() {
        peer("useradd", &["--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]);
    }
    let (first, count) = SUBORDINATE;
    let range = format!("{first}-{}", first + count - 1);
    for (file, option) in [("/etc/subuid", "--add-subuids"), ("/etc/subgid", "--add-subgids")] {
        let known = std::fs::read_to_string(file).unwrap_or_default();
        if !known.lines().any(|line| line.starts_with(&format!("{NAME}:"))) {
            peer("usermod", &[option, &range, NAME]);
        }
    }
    peer("id", &["-u", NAME]).trim().parse().unwrap()
}
