//! Where words go: results to stdout, progress to stderr; colours by terminal; a closed pipe ends quietly (V-04).

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::arguments::{ColorChoice, Global};
use crate::domain::text::is_hazardous;
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
}

impl Output {
    pub(super) fn new(global: &Global, no_color: bool, utf8: bool, dumb: bool) -> Self {
        let wanted = |terminal: bool| match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !no_color && !dumb,
        };
        Self {
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            ascii: global.ascii || !utf8,
            never_colors: global.color == ColorChoice::Never,
            color: wanted(io::stdout().is_terminal()),
            color_stderr: wanted(io::stderr().is_terminal()),
            live: io::stderr().is_terminal() && !dumb,
        }
    }

    /// One line of result. The caller has escaped what came from outside.
    pub fn line(&self, text: impl AsRef<str>) -> Result<(), Report> {
        write_all(io::stdout().lock(), &self.shown(text.as_ref()))
    }

    /// One line about what is going on; silent with `--quiet`.
    pub fn note(&self, text: impl AsRef<str>) {
        if !self.quiet {
            // Nobody reads stderr: that is no reason to fail.
            let _ = write_all(io::stderr().lock(), &self.shown(text.as_ref()));
        }
    }

    /// A failure on stderr, also with `--quiet`.
    pub fn failure(&self, report: &Report) {
        let text = report.to_string();
        let shown = if self.color_stderr { text.replacen("error:", "\x1b[1;31merror:\x1b[0m", 1) } else { text };
        let _ = write_all(io::stderr().lock(), &self.shown(&shown));
    }

    /// Text for people, in the characters their terminal has.
    fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.ascii { plain_characters(text) } else { Cow::Borrowed(text) }
    }

    /// One JSON document on its own line.
    pub fn json(&self, value: &impl Serialize) -> Result<(), Report> {
        let text = serde_json::to_string(value).map_err(|error| Report::new(Kind::Failed, &error))?;
        write_all(io::stdout().lock(), &escape_json(&text))
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
        '│' => "|".to_owned(),
        other => other.to_string(),
    };
    Cow::Owned(text.chars().map(plain).collect())
}

/// JSON with every character that could steer a terminal as a `\u` escape. Such characters stand in strings only.
fn escape_json(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hazardous) {
        return Cow::Borrowed(text);
    }
    let mut units = [0; 2];
    let escaped = text.chars().map(|c| match c {
        c if is_hazardous(c) => c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
        c => c.to_string(),
    });
    Cow::Owned(escaped.collect())
}

fn write_all(mut out: impl Write, text: &str) -> Result<(), Report> {
    let written = out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Report::message(Kind::Failed, CLOSED_PIPE),
        _ => Report::new(Kind::Failed, &error).while_doing("cannot print"),
    })
}

/// The reader went away (`bakery … | head`): not an error worth words.
pub(super) const CLOSED_PIPE: &str = "output closed";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glyphs_have_plain_forms() {
        assert_eq!(plain_characters("✔ a  ⟳ 3f9a…c1  naïve"), "[ok] a  [^] 3f9a..c1  naïve");
    }

    #[test]
    fn x06_json_steers_no_terminal_and_says_the_same() {
        let value = serde_json::json!({"label": "a\u{9b}31m\u{202e}b\u{e0001}", "plain": "naïve"});
        let text = serde_json::to_string(&value).unwrap();
        let shown = escape_json(&text);
        assert!(!shown.chars().any(is_hazardous), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
