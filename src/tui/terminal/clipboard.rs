//! Copying through the terminal (OSC 52): it reaches the machine the user sits at, over SSH too. Asks nothing back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Bytes terminals take in one sequence, as base64.
const MOST: usize = 74_994;

/// What is sent to copy `text`; `None` where terminals would not take so much.
pub(in crate::tui) fn sequence(text: &str, inside_tmux: bool) -> Option<Vec<u8>> {
    let coded = STANDARD.encode(text);
    if coded.len() > MOST {
        return None;
    }
    let plain = format!("\x1b]52;c;{coded}\x07");
    // tmux takes the first with `set-clipboard on`, and hands the second through with `allow-passthrough on`.
    let wrapped =
        if inside_tmux { format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")) } else { String::new() };
    Some(format!("{plain}{wrapped}").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_coded_and_bounded() {
        assert_eq!(sequence("a\x1b", false).unwrap(), b"\x1b]52;c;YRs=\x07");
        let wrapped = String::from_utf8(sequence("hi", true).unwrap()).unwrap();
        assert_eq!(wrapped, "\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\");
        assert_eq!(sequence(&"x".repeat(60_000), false), None);
    }
}
