//! `bakery cat`: one file of an image, byte by byte to whoever reads; to a terminal only what cannot steer it.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Stdout, Write};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::looking::{self, Unread};
use super::output::{CLOSED_PIPE, unprinted};
use super::run::Session;
use crate::domain::layer::Seen;
use crate::domain::oci::Platform;
use crate::domain::text::{escape, escape_bytes};
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// STORE/NAME[:TAG][@DIGEST], HOST/NAME… or oci:PATH:NAME:TAG
    image: String,
    /// Path in the image; symlinks are followed inside it. A terminal is shown controls as escapes, anything else the
    /// bytes as they are
    path: OsString,
    /// Which image of an index, as os/architecture; this machine's where none is named
    #[arg(long)]
    platform: Option<Platform>,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    if session.output.json {
        return Err(Report::message(Kind::Usage, "a file is bytes, not JSON").help("leave out --json"));
    }
    let context = session.context()?;
    let opened = context.open_image_for(&args.image, args.platform.as_ref()).await?;
    let unread = Unread::tell(&opened, session);
    let (_, seen) = looking::find(&opened, &args.path)?;
    if !seen.is_file() {
        return Err(no_file(&args, &seen));
    }
    let closed = Arc::new(AtomicBool::new(false));
    let watched = Watched { out: io::stdout(), closed: Arc::clone(&closed) };
    let out: Box<dyn Write + Send> =
        if io::stdout().is_terminal() { Box::new(Escaping::new(watched)) } else { Box::new(watched) };
    let copied = context.copy_file(&opened, (args.path.as_bytes(), opened.tree.layers()), out).await;
    if closed.load(Ordering::Relaxed) {
        return Err(Report::message(Kind::Failed, CLOSED_PIPE));
    }
    copied?;
    io::stdout().flush().map_err(|error| unprinted(&error))?;
    unread.end()
}

fn no_file(args: &Args, seen: &Seen<'_>) -> Report {
    let path = escape_bytes(args.path.as_bytes());
    let kind = match seen.type_name() {
        "char" => "a character device",
        "block" => "a block device",
        "fifo" => "a named pipe",
        _ => "a folder",
    };
    let report = Report::message(Kind::Failed, format!("{path} is {kind}, not a file"));
    if seen.is_folder() {
        return report.help(format!("see what is in it: bakery files {} {path}", escape(&args.image)));
    }
    report
}

/// Standard output, and whether its reader went away.
struct Watched {
    out: Stdout,
    closed: Arc<AtomicBool>,
}

impl Watched {
    fn heed<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            self.closed.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl Write for Watched {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        self.heed(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.heed(flushed)
    }
}

/// Text on its way to a terminal: lines and tabs stay, everything else that could steer it becomes an escape.
struct Escaping<W: Write> {
    out: W,
    /// The beginning of a character whose rest has not come yet.
    begun: Vec<u8>,
}

impl<W: Write> Escaping<W> {
    fn new(out: W) -> Self {
        Self { out, begun: Vec::new() }
    }
}

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        let whole = all.len() - unfinished(&all);
        self.begun = all.split_off(whole);
        self.out.write_all(visible(&all).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Drop for Escaping<W> {
    fn drop(&mut self) {
        let begun = visible(&self.begun);
        let _ = self.out.write_all(begun.as_bytes());
    }
}

/// How many bytes at the end are the beginning of a character.
fn unfinished(bytes: &[u8]) -> usize {
    let longest = bytes.len().min(3);
    let begins = |length: &usize| {
        let end = &bytes[bytes.len() - length..];
        std::str::from_utf8(end).is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    (1..=longest).rev().find(begins).unwrap_or(0)
}

fn visible(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|b| matches!(b, b'\n' | b'\t')) {
        out.push_str(&escape_bytes(&rest[..at]));
        out.push(char::from(rest[at]));
        rest = &rest[at + 1..];
    }
    out.push_str(&escape_bytes(rest));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_shown_text_and_never_steered_wherever_it_is_cut() {
        let text = "naïve\tline 名前\n\x1b[2J\u{9b}31m\r\u{202e}end \u{1f600}".as_bytes();
        let text = [text, b"\xff\xf0\x9f"].concat();
        let expected = "naïve\tline 名前\n\\x1b[2J\\x9b31m\\r\\u{202e}end \u{1f600}\\xff\\xf0\\x9f";
        for size in 1..9 {
            let mut out = Vec::new();
            let mut escaping = Escaping::new(&mut out);
            text.chunks(size).for_each(|chunk| escaping.write_all(chunk).unwrap());
            drop(escaping);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{size}");
        }
    }
}
