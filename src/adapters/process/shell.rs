//! A shell in an image, as `bakery shell` gives it, with the terminal lent to it.

use std::io;
use std::path::Path;
use std::process::ExitStatus;

use tokio::process::Command;

/// Why there was no shell.
#[derive(Debug, thiserror::Error)]
#[error("bakery cannot start itself for a shell")]
pub struct ShellError(#[source] pub io::Error);

/// Runs `bakery shell TARGET` in the workspace `workspace` and waits for it; gives how it ended.
pub async fn shell(workspace: &Path, target: &str) -> Result<ExitStatus, ShellError> {
    let program = std::env::current_exe().map_err(ShellError)?;
    let mut command = Command::new(program);
    command.arg("--workspace").arg(workspace).arg("shell").arg(target);
    command.status().await.map_err(ShellError)
}
