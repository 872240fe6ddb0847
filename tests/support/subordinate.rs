//! An ordinary user of this machine with subordinate ids, and programs run as that user. Needs root; makes the user where
//! there is none, and leaves it there.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

const NAME: &str = "bakery-tester";

/// First subordinate id, of users and of groups alike, and how many.
const SUBORDINATE: (u32, u32) = (500_000, 65_536);

/// The user's id, which is its group's too.
pub fn user() -> u32 {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(kept).unwrap();
    let lock = File::create(kept.join("user.lock")).unwrap();
    lock.lock().unwrap();
    if say("id", &["-u", NAME]).is_none() {
        say("useradd", &["--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]).unwrap();
    }
    let (first, count) = SUBORDINATE;
    let range = format!("{first}-{}", first + count - 1);
    for (file, option) in [("/etc/subuid", "--add-subuids"), ("/etc/subgid", "--add-subgids")] {
        let known = std::fs::read_to_string(file).unwrap_or_default();
        if !known.lines().any(|line| line.starts_with(&format!("{NAME}:"))) {
            say("usermod", &[option, &range, NAME]).unwrap();
        }
    }
    say("id", &["-u", NAME]).unwrap().trim().parse().unwrap()
}

/// A command line of that user's, with nothing of our environment but the path, not started.
pub fn command(user: u32, program: &Path) -> Command {
    let id = user.to_string();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]).arg(program);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).stdin(Stdio::null());
    command
}

fn say(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().unwrap();
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
