//! Programs that put text into the desktop's clipboard: found, fed, and never waited for long. Knows not which one is
//! right here.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// One of those programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copier {
    /// Its name.
    pub name: &'static str,
    arguments: &'static [&'static str],
}

/// Of Wayland.
pub const WL_COPY: Copier = Copier { name: "wl-copy", arguments: &["--type", "text/plain;charset=utf-8"] };
/// Of X11.
pub const XCLIP: Copier = Copier { name: "xclip", arguments: &["-in", "-selection", "clipboard"] };
/// The same, another one.
pub const XSEL: Copier = Copier { name: "xsel", arguments: &["--clipboard", "--input"] };
/// Of macOS.
pub const PBCOPY: Copier = Copier { name: "pbcopy", arguments: &[] };
/// Of Windows, seen from its Linux.
pub const CLIP: Copier = Copier { name: "clip.exe", arguments: &[] };

/// Why a program did not take the text.
#[derive(Debug, thiserror::Error)]
pub enum CopierError {
    /// It cannot be started.
    #[error("`{0}` cannot be started")]
    Start(&'static str, #[source] io::Error),
    /// It did not read what it was given.
    #[error("`{0}` did not take the text")]
    Write(&'static str, #[source] io::Error),
    /// It says that something went wrong.
    #[error("`{0}` ended with {1}")]
    Ended(&'static str, std::process::ExitStatus),
    /// It did not come to an end.
    #[error("`{0}` took longer than {1:?}")]
    Slow(&'static str, Duration),
}

impl Copier {
    /// Whether it is installed.
    pub fn is_installed(&self) -> bool {
        super::probe::is_installed(self.name)
    }

    /// Hands the text over; a program that hangs is ended.
    pub async fn feed(&self, text: &str, patience: Duration) -> Result<(), CopierError> {
        let mut command = Command::new(self.name);
        command.args(self.arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // What it leaves behind to keep the text is not taken along when the terminal goes.
        command.kill_on_drop(true).process_group(0);
        let mut child = command.spawn().map_err(|error| CopierError::Start(self.name, error))?;
        let stdin = child.stdin.take();
        let fed = async {
            if let Some(mut stdin) = stdin {
                match stdin.write_all(&self.coded(text)).await {
                    // It says why by how it ends.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                    written => written.map_err(|error| CopierError::Write(self.name, error))?,
                }
            }
            let status = child.wait().await.map_err(|error| CopierError::Write(self.name, error))?;
            if status.success() { Ok(()) } else { Err(CopierError::Ended(self.name, status)) }
        };
        tokio::time::timeout(patience, fed).await.unwrap_or(Err(CopierError::Slow(self.name, patience)))
    }

    /// Windows takes other letters than ASCII in its own code only.
    fn coded(&self, text: &str) -> Vec<u8> {
        if self.name == CLIP.name && !text.is_ascii() {
            return std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        }
        text.as_bytes().to_vec()
    }
}
