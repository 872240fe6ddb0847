//! Private keys in PEM, as they stand in key files, and with `\n` for line ends as they stand in JSON and in variables.

use std::ops::Range;

use super::value::distinct;

/// Most bytes of a key that are looked at.
const LONGEST: usize = 16 << 10;
/// Most lines between a label and its key.
const MAX_HEADERS: usize = 8;
/// Characters of the shortest key: an Ed25519 key in PKCS#8 has just as many.
const SHORTEST: usize = 64;

/// Whose key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// RSA, EC, DSA, OpenSSH, PKCS#8, of whatever says nothing else.
    Plain,
    /// PKCS#8 under a passphrase.
    Encrypted,
    Pgp,
    /// cosign's, of whatever age.
    Cosign,
}

/// The key whose label has `PRIVATE KEY` at `at`: its kind, where its first line of content stands, and the content.
pub(super) fn key(content: &[u8], at: usize) -> Option<(Kind, Range<usize>, Vec<u8>)> {
    let start = at.saturating_sub(48);
    let before = &content[start..at];
    let begin = before.windows(BEGIN.len()).rposition(|window| window == BEGIN)? + BEGIN.len();
    let label = &before[begin..];
    if !label.iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b' ' | b'0'..=b'9')) {
        return None;
    }
    let after = &content[at + LITERAL.len()..];
    let dashes = [&b" BLOCK-----"[..], b"-----"].into_iter().find(|end| after.starts_with(end))?;
    let from = at + LITERAL.len() + dashes.len();
    let (first, body) = body(&content[from..content.len().min(from + LONGEST)])?;
    let has = |word: &[u8]| label.windows(word.len()).any(|window| window == word);
    let kind = match () {
        () if has(b"COSIGN") || has(b"SIGSTORE") => Kind::Cosign,
        () if has(b"PGP") => Kind::Pgp,
        () if has(b"ENCRYPTED") => Kind::Encrypted,
        () => Kind::Plain,
    };
    // Told at the line of its label.
    Some((kind, at..from + first + 1, body))
}

/// What every label has.
pub(super) const LITERAL: &[u8] = b"PRIVATE KEY";
const BEGIN: &[u8] = b"-----BEGIN ";

/// The base64 that follows a label, and where it begins.
fn body(rest: &[u8]) -> Option<(usize, Vec<u8>)> {
    let (mut body, mut first, mut at, mut headers) = (Vec::new(), None, 0, 0);
    while at < rest.len() {
        let (line, next) = line(rest, at);
        let skip = line.iter().take_while(|byte| is_around(**byte)).count();
        let kept = &line[skip..];
        let kept = &kept[..kept.len() - kept.iter().rev().take_while(|byte| is_around(**byte)).count()];
        let is_base64 = kept.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
        // `Proc-Type: 4,ENCRYPTED` and its like stand before the key.
        let is_header = body.is_empty() && kept.contains(&b':') && headers < MAX_HEADERS;
        headers += usize::from(is_header);
        if !kept.is_empty() && !is_header {
            if !is_base64 {
                break;
            }
            first.get_or_insert(at + skip);
            body.extend_from_slice(kept);
        }
        at = next;
    }
    (body.len() >= SHORTEST && distinct(&body) >= 12).then_some((first.unwrap_or(0), body))
}

/// The line at `at`, and where the next one begins. A backslash with an `n` ends a line, too.
fn line(rest: &[u8], at: usize) -> (&[u8], usize) {
    let mut end = at;
    while end < rest.len() {
        match (rest[end], rest.get(end + 1)) {
            (b'\n', _) => return (&rest[at..end], end + 1),
            (b'\\', Some(b'n' | b'r')) => return (&rest[at..end], end + 2),
            _ => end += 1,
        }
    }
    (&rest[at..], rest.len())
}

/// What may stand around a line of a key in a program's text.
fn is_around(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b',' | b'\\' | b'|' | b'>' | b'`')
}
