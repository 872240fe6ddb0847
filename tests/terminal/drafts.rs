//! What was typed into a recipe outlives the editor that is killed.

use std::time::Duration;

use rustix::process::Signal;

use super::{command, house};
use crate::support::bakery::Bakery;
use crate::support::pty::Terminal;

const RECIPE: &str = "recipe: 1\nname: team-a/x\ntag: \"1\"\nbase: scratch\nsteps:\n  - write: {to: /a, content: b}\n";

/// The recipe in the editor.
fn editing(bakery: &Bakery) -> Terminal {
    let terminal = Terminal::start(&command(bakery), 100, 30);
    terminal.wait_text("? help");
    terminal.send("2");
    terminal.wait_text("team-a/x:1");
    terminal.send("e");
    terminal.wait_text("base: scratch");
    terminal
}

#[test]
fn kill_9_while_editing_loses_nothing_typed_more_than_a_second_ago() {
    let bakery = house();
    let file = bakery.write("recipes/x.yaml", RECIPE);
    let mut terminal = editing(&bakery);
    terminal.send("# first words, ");
    terminal.wait_text("# first words,");
    terminal.send("then more\r");
    terminal.wait_text("line 2, column 1");
    // More than a second: what is typed is kept at most every 600 ms.
    terminal.settle(Duration::from_millis(1500));
    terminal.signal(Signal::KILL);
    terminal.ended();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), RECIPE, "nothing of it went into the file by itself");

    let mut terminal = editing(&bakery);
    terminal.wait_text("use what was typed");
    terminal.send("\r");
    terminal.wait_text("# first words, then more");
    terminal.send("\x0f");
    terminal.wait_text("saved recipes/x.yaml");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("# first words, then more\n{RECIPE}"));
    terminal.send("\x1b");
    terminal.wait_text("? help");
    terminal.send("q");
    terminal.ends_with(0);

    let terminal = editing(&bakery);
    terminal.wait_text("# first words, then more");
    terminal.settle(Duration::from_millis(300));
    assert!(!terminal.screen().contents().contains("use what was typed"), "what was saved is not offered again");
}

#[test]
fn what_was_discarded_is_not_offered_again() {
    let bakery = house();
    bakery.write("recipes/x.yaml", RECIPE);
    let mut terminal = editing(&bakery);
    terminal.send("# discarded ");
    terminal.wait_text("# discarded");
    // Twice ctrl-c leaves, asked about what is not saved.
    terminal.send("\x03\x03");
    terminal.wait_text("discard");
    terminal.send("\x1b[C\x1b[C\r");
    terminal.ends_with(0);
    let terminal = editing(&bakery);
    terminal.settle(Duration::from_millis(300));
    assert!(!terminal.screen().contents().contains("use what was typed"));
}
