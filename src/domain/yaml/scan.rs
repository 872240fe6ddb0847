//! What a text must not hold before anybody parses it: size, encoding, characters that hide or steer (Y-10).

use super::node::{Position, Span};
use super::problem::Problems;

/// `bytes` as text without its byte order mark; `None` when it is too large, not UTF-8, or its lines are not what they
/// look like. Other characters that are refused are reported and the text is still given, so that parsing finds the rest.
pub(super) fn text_of<'a>(bytes: &'a [u8], limit: usize, problems: &mut Problems) -> Option<&'a str> {
    if bytes.len() > limit {
        let message = format!("Y-10: more than {limit} bytes");
        problems.error(Span::at(Position::START), message).help("keep content in files beside it and copy them");
        return None;
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        problems.error(Span::at(Position::START), "Y-10: UTF-16 text").help("save the file as UTF-8");
        return None;
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            // YAML takes a lone carriage return for a line's end, editors do not: places would not be where people look.
            characters(text, problems).then_some(text)
        }
        Err(error) => {
            let valid = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or("");
            let bad = bytes.get(error.valid_up_to()).copied().unwrap_or(0);
            let place = end_of(valid);
            problems
                .error(Span::at(place), format!("Y-10: byte 0x{bad:02x} is not UTF-8"))
                .help("save the file as UTF-8");
            None
        }
    }
}

/// The place behind the last character of `text`.
fn end_of(text: &str) -> Position {
    let line = text.matches('\n').count() + 1;
    let column = text.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    Position { byte: text.len(), line: small(line), column: small(column) }
}

/// Lines and columns of bounded texts fit.
pub(super) fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Notes what hides or steers; whether lines are what they look like.
fn characters(text: &str, problems: &mut Problems) -> bool {
    let mut lines_hold = true;
    let mut place = Position::START;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let mut end = place;
        end.byte += c.len_utf8();
        end.column += 1;
        let span = Span { start: place, end };
        match c {
            '\n' => end = Position { byte: end.byte, line: place.line + 1, column: 1 },
            '\t' => {}
            '\r' if rest.peek() == Some(&'\n') => {}
            '\r' => {
                lines_hold = false;
                problems
                    .error(span, "Y-10: carriage return without line feed")
                    .help("save the file with LF or CRLF line ends");
            }
            c if c.is_control() => {
                problems
                    .error(span, format!("Y-10: control character U+{:04X}", u32::from(c)))
                    .help(format!("remove it, or write \"\\x{:02x}\" within double quotes", u32::from(c)));
            }
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                problems
                    .error(
                        span,
                        format!("Y-10: direction character U+{:04X} makes text read other than it is", u32::from(c)),
                    )
                    .help(format!("remove it, or write \"\\u{:04x}\" within double quotes", u32::from(c)));
            }
            '\u{00ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}' => {
                problems
                    .warning(span, format!("Y-10: invisible character U+{:04X}", u32::from(c)))
                    .help("remove it unless it is meant");
            }
            _ => {}
        }
        place = end;
    }
    lines_hold
}
