//! The user's own editor, with the terminal lent to it.

use std::io;
use std::path::Path;

use tokio::process::Command;

/// Why a file was not edited.
#[derive(Debug, thiserror::Error)]
pub enum EditorError {
    /// It cannot be started.
    #[error("the editor `{0}` cannot be started")]
    Start(String, #[source] io::Error),
    /// It was started, and says that something went wrong.
    #[error("the editor `{0}` ended with {1}")]
    Ended(String, std::process::ExitStatus),
}

/// Opens `path` in `$VISUAL`, else `$EDITOR`, else `vi`, and waits for it.
pub async fn edit(path: &Path) -> Result<(), EditorError> {
    let named = ["VISUAL", "EDITOR"].into_iter().filter_map(super::environment).find(|name| !name.trim().is_empty());
    let editor = named.unwrap_or_else(|| "vi".to_owned());
    // Editors are given with arguments (`code -w`): a shell splits them as the user expects.
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("exec {editor} \"$1\"")).arg("sh").arg(path);
    let status = command.status().await.map_err(|error| EditorError::Start(editor.clone(), error))?;
    if status.success() { Ok(()) } else { Err(EditorError::Ended(editor, status)) }
}
