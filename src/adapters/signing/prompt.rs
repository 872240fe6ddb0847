//! Asks the terminal for a secret without echo; the terminal is put back however it ends. Knows nothing of keys.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::passphrase::{MAX_PASSPHRASE_BYTES, Passphrase};

/// Why nothing was typed.
#[derive(Debug)]
pub(super) enum PromptError {
    /// Interrupt, or the end of input.
    Cancelled,
    /// The terminal failed.
    Terminal(io::Error),
}

/// The controlling terminal, silent until dropped.
pub(super) struct Prompt {
    terminal: File,
    before: Termios,
}

impl Prompt {
    /// Opens the controlling terminal, wherever stdin and stdout go. Signals are keys while it is open, so that an
    /// interrupt cannot leave the terminal silent.
    pub(super) fn open() -> io::Result<Self> {
        let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }

    /// Shows `question`, reads one line.
    pub(super) fn ask(&mut self, question: &str) -> Result<Passphrase, PromptError> {
        let question = crate::domain::text::escape(question);
        self.terminal.write_all(question.as_bytes()).map_err(PromptError::Terminal)?;
        let answer = self.read_line();
        self.terminal.write_all(b"\r\n").map_err(PromptError::Terminal)?;
        answer.map(Passphrase::from_bytes)
    }

    fn read_line(&mut self) -> Result<Zeroizing<Vec<u8>>, PromptError> {
        // Never grows, so that no copy of it stays behind.
        let limit = usize::try_from(MAX_PASSPHRASE_BYTES).unwrap_or(4096);
        let mut line = Zeroizing::new(Vec::with_capacity(limit));
        loop {
            let mut byte = [0_u8; 1];
            match self.terminal.read(&mut byte) {
                Ok(0) => return Err(PromptError::Cancelled),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(PromptError::Terminal(error)),
            }
            match byte[0] {
                b'\r' | b'\n' => return Ok(line),
                // ^C, ^\, and ^D with nothing typed.
                0x03 | 0x1c => return Err(PromptError::Cancelled),
                0x04 if line.is_empty() => return Err(PromptError::Cancelled),
                0x04 => return Ok(line),
                0x08 | 0x7f => remove_last_char(&mut line),
                0x15 => line.clear(),
                byte if line.len() < limit => line.push(byte),
                _ => return Err(PromptError::Terminal(io::Error::other("longer than 4096 bytes"))),
            }
        }
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        // The terminal may be gone; then there is nothing to put back.
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

/// One whole character: UTF-8 continuation bytes and their first byte.
fn remove_last_char(line: &mut Vec<u8>) {
    while let Some(byte) = line.pop() {
        if byte & 0xc0 != 0x80 {
            break;
        }
    }
}
