//! Copying through the terminal (OSC 52): it reaches the machine the user sits at, over SSH too. Asks nothing back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::flows::clipboard::Between;

/// Bytes terminals take in one sequence, as base64.
const MOST: usize = 74_994;
/// Bytes GNU screen hands through at once, those that say so included.
const SCREEN_CHUNK: usize = 768;

/// Whether terminals take so much.
pub(in crate::tui) fn fits(text: &str) -> bool {
    text.len().div_ceil(3) * 4 <= MOST
}

/// What is sent to copy `text`.
pub(in crate::tui) fn sequence(text: &str, between: Between) -> Vec<u8> {
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    match between {
        Between::Nothing => plain.into_bytes(),
        // tmux takes the first with `set-clipboard on`, and hands the second through with `allow-passthrough on`.
        Between::Tmux => format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")).into_bytes(),
        Between::Screen => {
            let chunks = plain.as_bytes().chunks(SCREEN_CHUNK - 4);
            chunks.flat_map(|chunk| [b"\x1bP", chunk, b"\x1b\\"].concat()).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_coded_wrapped_and_bounded() {
        assert_eq!(sequence("a\x1b", Between::Nothing), b"\x1b]52;c;YRs=\x07");
        let wrapped = String::from_utf8(sequence("hi", Between::Tmux)).unwrap();
        assert_eq!(wrapped, "\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\");
        assert_eq!(sequence("hi", Between::Screen), b"\x1bP\x1b]52;c;aGk=\x07\x1b\\");
        assert!(fits(&"x".repeat(56_244)) && !fits(&"x".repeat(56_246)));
    }

    #[test]
    fn screen_gets_pieces_it_takes_and_the_terminal_the_whole() {
        let text = "x".repeat(5000);
        let sent = String::from_utf8(sequence(&text, Between::Screen)).unwrap();
        let pieces: Vec<&str> = sent.split_inclusive("\x1b\\").collect();
        assert!(pieces.len() > 8 && pieces.iter().all(|piece| piece.len() <= 768 && piece.starts_with("\x1bP")));
        let through: String = pieces.iter().map(|piece| &piece[2..piece.len() - 2]).collect();
        assert_eq!(through.into_bytes(), sequence(&text, Between::Nothing));
    }
}
