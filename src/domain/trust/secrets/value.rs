//! Values: which are only examples, and how one is told without being told.

/// Parts of what stands for a secret in documentation.
const STAND_INS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change-me",
    "change_me",
    "your",
    "dummy",
    "redacted",
    "xxxx",
    "sample",
    "....",
    "***",
    "insert",
    "replace",
    "foobar",
    "0123456789",
    "1234567890",
    "abcdefgh",
    "deadbeef",
    "secretkey",
    "mysecret",
];
/// Whole values of which everybody knows that they are none.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "pwd",
    "pw",
    "secret",
    "token",
    "none",
    "null",
    "true",
    "false",
    "undefined",
    "optional",
    "required",
    "bar",
    "user",
    "username",
    "test",
    "passphrase",
    "string",
    "empty",
    "prompt",
    "default",
];

/// Whether a value only stands for one: an example, a variable, a word.
pub(super) fn is_stand_in(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let text = String::from_utf8_lossy(&lower);
    let marks = ["${", "$(", "{{", "<%", "%(", "%s", "<", ">"];
    text.starts_with(['$', '%', '@', '{', '*', '[', '!', '&', '('])
        || WORDS.contains(&&*text)
        || marks.iter().any(|mark| text.contains(mark))
        || STAND_INS.iter().any(|part| text.contains(part))
        || distinct(value) < 4
}

/// How many different bytes a value has.
pub(super) fn distinct(value: &[u8]) -> usize {
    let mut seen = [false; 256];
    value.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    seen.iter().filter(|seen| **seen).count()
}

/// Bits of chance a byte of a value holds (Shannon): a word has about 3, a token of 36 characters 4.5.
pub(super) fn chance(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    value.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let length = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX)).max(1.0);
    counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / length).map(|p| -p * p.log2()).sum()
}

/// How a value is told: how it begins, where that gives nothing away, and how long it is.
pub(super) fn masked(value: &[u8]) -> String {
    let plain = |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' };
    let start: String = value.iter().take(if value.len() >= 12 { 4 } else { 0 }).map(plain).collect();
    format!("{start}*** ({} characters)", value.len())
}
