//! Kinds of terminals: each gets what it can show, and none is asked anything (V-03).

use super::{HELP, command, house};
use crate::support::pty::Terminal;

/// What a terminal would answer to, mixing with the keys: device attributes, status, colours, keyboard.
const QUERIES: [&str; 11] = [
    "\x1b[c",
    "\x1b[0c",
    "\x1b[>c",
    "\x1b[5n",
    "\x1b[6n",
    "\x1b]10;?",
    "\x1b]11;?",
    "\x1b[?u",
    "\x1bP",
    "$p",
    "\x1b[18t",
];

#[test]
fn v03_every_kind_of_terminal_starts_and_ends_cleanly_and_is_asked_nothing() {
    let bakery = house();
    let kinds = ["vt100", "linux", "xterm", "xterm-256color", "screen", "tmux-256color", "xterm-ghostty", ""];
    for kind in kinds {
        let mut command = command(&bakery);
        if kind.is_empty() {
            command.env_remove("TERM");
        } else {
            command.env("TERM", kind);
        }
        let mut terminal = Terminal::start(&command, 80, 24);
        terminal.wait_text("? help");
        terminal.send("q");
        terminal.ends_with(0);
        terminal.wait_for("the terminal given back", super::is_given_back);
        assert_eq!(terminal.screen().contents().trim(), "", "TERM={kind}: nothing of ours stays");
        let raw = String::from_utf8(terminal.raw()).unwrap();
        for query in QUERIES {
            assert!(!raw.contains(query), "TERM={kind} is asked {query:?}");
        }
    }
}

#[test]
fn v03_a_dumb_terminal_is_told_what_works_there() {
    let bakery = house();
    let mut terminal = Terminal::start(command(&bakery).env("TERM", "dumb"), 80, 24);
    terminal.ends_with(2);
    let screen = terminal.wait_text("TERM=dumb");
    assert!(!screen.alternate_screen() && !String::from_utf8(terminal.raw()).unwrap().contains("\x1b["));
}

#[test]
fn v03_without_utf8_every_byte_is_ascii() {
    let bakery = house();
    let mut plain = command(&bakery);
    plain.arg("--ascii");
    let mut posix = command(&bakery);
    posix.env("LANG", "C");
    let mut latin = command(&bakery);
    latin.env("LANG", "de_DE.ISO-8859-1");
    for command in [plain, posix, latin] {
        let mut terminal = Terminal::start(&command, 80, 24);
        terminal.wait_text("? help");
        terminal.send("?");
        terminal.wait_text(HELP);
        terminal.send("qq");
        terminal.ends_with(0);
        let raw = terminal.raw();
        assert!(raw.is_ascii(), "{}", String::from_utf8_lossy(&raw));
    }
}

#[test]
fn v03_no_color_means_none() {
    let bakery = house();
    let colours = |command: &std::process::Command| {
        let mut terminal = Terminal::start(command, 80, 24);
        terminal.wait_text("? help");
        terminal.send("q");
        terminal.ends_with(0);
        let raw = String::from_utf8(terminal.raw()).unwrap();
        let colour = regex::Regex::new("\x1b\\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m").unwrap();
        colour.find_iter(&raw).map(|found| format!("{:?}", found.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(colours(command(&bakery).env("NO_COLOR", "1")), Vec::<String>::new());
    assert!(!colours(&command(&bakery)).is_empty(), "with colours there are some");
}
