//! Where words go: results to stdout, progress to stderr; colours by terminal; a closed pipe ends quietly (V-04).

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::arguments::{ColorChoice, Global};
use crate::domain::text::escape_json;
use crate::report::{Kind, Report};

/// How this invocation prints.
#[derive(Clone, Debug)]
pub struct Output {
    /// JSON on stdout.
    pub json: bool,
    /// Results only.
    pub quiet: bool,
    /// How much more to say.
    pub verbose: u8,
    /// Plain characters only.
    pub ascii: bool,
    /// Colours on stdout.
    pub color: bool,
    /// Colours on stderr.
    pub color_stderr: bool,
    /// No colours were asked for.
    pub never_colors: bool,
    /// stderr is a terminal that can move its cursor: bars may move.
    pub live: bool,
    /// What goes to stderr goes to stdout: one thing is told after the other.
    pub together: bool,
}

impl Output {
    pub(super) fn new(global: &Global, no_color: bool, utf8: bool, dumb: bool) -> Self {
        let wanted = |terminal: bool| match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !no_color && !dumb && !global.linear,
        };
        Self {
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            ascii: global.ascii || !utf8,
            never_colors: global.color == ColorChoice::Never,
            color: wanted(io::stdout().is_terminal()),
            color_stderr: wanted(io::stderr().is_terminal()),
            live: io::stderr().is_terminal() && !dumb && !global.linear,
            together: false,
        }
    }

    /// One line of result. The caller has escaped what came from outside.
    pub fn line(&self, text: impl AsRef<str>) -> Result<(), Report> {
        write_all(io::stdout().lock(), &self.shown(text.as_ref()))
    }

    /// One line about what is going on; silent with `--quiet`.
    pub fn note(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.aside(&self.shown(text.as_ref()));
        }
    }

    /// A failure on stderr, also with `--quiet`.
    pub fn failure(&self, report: &Report) {
        let text = report.to_string();
        let shown = if self.color_stderr { text.replacen("error:", "\x1b[1;31merror:\x1b[0m", 1) } else { text };
        self.aside(&self.shown(&shown));
    }

    /// Nobody reads it: that is no reason to fail.
    fn aside(&self, text: &str) {
        let _ = if self.together { write_all(io::stdout().lock(), text) } else { write_all(io::stderr().lock(), text) };
    }

    /// Text for people, in the characters their terminal has.
    fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.ascii { plain_characters(text) } else { Cow::Borrowed(text) }
    }

    /// One JSON document on its own line.
    pub fn json(&self, value: &impl Serialize) -> Result<(), Report> {
        let mut printer = self.printer();
        printer.json(value)?;
        printer.finish()
    }

    /// Where long results go, without a system call a line.
    pub fn printer(&self) -> Printer {
        Printer { out: BufWriter::with_capacity(1 << 16, io::stdout().lock()), output: self.clone() }
    }
}

/// Results through one buffer: lines or JSON, as they come. All is printed once it is finished.
#[derive(Debug)]
pub struct Printer {
    out: BufWriter<StdoutLock<'static>>,
    output: Output,
}

impl Printer {
    /// One line of result. The caller has escaped what came from outside.
    pub fn line(&mut self, text: impl AsRef<str>) -> Result<(), Report> {
        let text = self.output.shown(text.as_ref());
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.write_all(b"\n")).map_err(|error| unprinted(&error))
    }

    /// One JSON document on its own line, written as it is serialised: a sequence is never held as a whole.
    pub fn json(&mut self, value: &impl Serialize) -> Result<(), Report> {
        let written = value.serialize(&mut Serializer::with_formatter(&mut self.out, Harmless));
        written.map_err(io::Error::from).and_then(|()| self.out.write_all(b"\n")).map_err(|error| unprinted(&error))
    }

    /// Prints what is left.
    pub fn finish(mut self) -> Result<(), Report> {
        self.out.flush().map_err(|error| unprinted(&error))
    }
}

/// bakery's own glyphs as plain characters; other people's text stays what it is.
fn plain_characters(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let plain = |c: char| match c {
        '✔' => "[ok]".to_owned(),
        '▲' => "[!]".to_owned(),
        '✖' | '✘' => "[x]".to_owned(),
        '○' => "[o]".to_owned(),
        '●' => "[*]".to_owned(),
        '◌' => "[~]".to_owned(),
        '⟳' => "[^]".to_owned(),
        '◆' => "[G]".to_owned(),
        '◇' => "[L]".to_owned(),
        '…' => "..".to_owned(),
        '→' => "->".to_owned(),
        '─' => "-".to_owned(),
        '└' => "`".to_owned(),
        '·' => "[.]".to_owned(),
        '│' => "|".to_owned(),
        other => other.to_string(),
    };
    Cow::Owned(text.chars().map(plain).collect())
}

/// JSON with every character that could steer a terminal as a `\u` escape. Such characters stand in strings only.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        out.write_all(escape_json(fragment).as_bytes())
    }
}

fn write_all(mut out: impl Write, text: &str) -> Result<(), Report> {
    let written = out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
    written.map_err(|error| unprinted(&error))
}

/// What did not get out.
pub(super) fn unprinted(error: &io::Error) -> Report {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Report::message(Kind::Failed, CLOSED_PIPE),
        _ => Report::new(Kind::Failed, error).while_doing("cannot print"),
    }
}

/// The reader went away (`bakery … | head`): not an error worth words.
pub(super) const CLOSED_PIPE: &str = "output closed";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::is_hazardous;

    #[test]
    fn glyphs_have_plain_forms() {
        assert_eq!(plain_characters("✔ a  ⟳ 3f9a…c1  naïve"), "[ok] a  [^] 3f9a..c1  naïve");
    }

    #[test]
    fn x06_json_steers_no_terminal_and_says_the_same() {
        let value = serde_json::json!({"label": "a\u{9b}31m\u{202e}b\u{e0001}", "plain": "naïve"});
        let mut shown = Vec::new();
        value.serialize(&mut Serializer::with_formatter(&mut shown, Harmless)).unwrap();
        let shown = String::from_utf8(shown).unwrap();
        assert!(!shown.chars().any(is_hazardous), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
