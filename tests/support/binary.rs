//! The real program, run with an environment of its own: no passphrase, no settings, no home of the user's.

use std::path::Path;
use std::process::{Command, Output};

/// `bakery` with its home and working directory below `folder`.
pub fn bakery(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bakery"));
    command.current_dir(folder).env("BAKERY_HOME", folder.join(".home"));
    for name in ["BAKERY_PASSWORD", "BAKERY_PASSWORD_FILE", "COSIGN_PASSWORD", "COSIGN_PASSWORD_FILE"] {
        command.env_remove(name);
    }
    command
}

/// stdout of a run that succeeded.
pub fn stdout_of(output: &Output) -> String {
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// stderr of a run that ended with `code`.
pub fn failure_of(output: &Output, code: i32) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    stderr
}
