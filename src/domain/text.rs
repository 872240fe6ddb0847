//! `Untrusted`: text from outside, whose only way to a reader escapes what would steer a terminal.
//!
//! Hostile-input families X-01 to X-04: control characters, C1, bidi and invisible format characters become visible
//! escapes; newlines and tabs too, since an untrusted text is always shown on one line.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Text that bakery did not write.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(String);

impl Untrusted {
    /// Takes text from outside.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The raw text, for comparing and storing; never for showing.
    pub fn raw(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&escape(&self.0))
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// Whether a character must not reach a terminal as it is.
pub fn is_hazardous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// `text` with every hazardous character as a visible escape: `\x1b`, `\n`, `\u{202e}`.
pub fn escape(text: &str) -> String {
    if !text.chars().any(is_hazardous) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hazardous(c) && (c as u32) < 0x100 => out.push_str(&format!("\\x{:02x}", c as u32)),
            c if is_hazardous(c) => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// JSON text with every hazardous character as a `\u` escape: it says the same, and steers nothing (X-06). Such characters
/// stand in its strings only; newlines and tabs between them are its own.
pub fn escape_json(json: &str) -> Cow<'_, str> {
    let harms = |c: char| is_hazardous(c) && !matches!(c, '\n' | '\r' | '\t');
    if !json.chars().any(harms) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match c {
            c if harms(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Bytes from outside as shown text: invalid UTF-8 becomes `\xNN`, the rest as [`escape`] does.
pub fn escape_bytes(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        out.push_str(&escape(chunk.valid()));
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x01_x04_nothing_steers_the_terminal() {
        for text in
            ["\x1b[2J", "\u{9b}31m", "\x1b]52;c;aGk=\x07", "a\rb", "\u{202e}evil", "zero\u{200b}width", "tab\there"]
        {
            let shown = Untrusted::from(text).to_string();
            assert!(!shown.chars().any(is_hazardous), "{shown:?}");
        }
        assert_eq!(Untrusted::from("naïve 名前").to_string(), "naïve 名前");
        assert_eq!(escape_bytes(b"a\xffb\x1b"), "a\\xffb\\x1b");
    }
}
