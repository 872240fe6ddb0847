//! Sizes that change all the time, input in pieces, input without end (V-02, V-06).

use std::time::{Duration, Instant};

use super::{HELP, command, house, open, opened, text};

#[test]
fn v02_a_storm_of_sizes_ends_in_the_right_screen() {
    let bakery = house();
    let terminal = open(&bakery);
    let before = terminal.settle(Duration::from_millis(300));
    let odd = [(1, 1), (0, 0), (500, 2), (2, 200), (61, 16), (3, 3), (0, 40), (200, 60)];
    for round in 0..1000_usize {
        let (columns, rows) = odd[round % odd.len()];
        terminal.resize(columns, rows);
    }
    terminal.resize(100, 30);
    terminal.wait_text("? help");
    let after = terminal.settle(Duration::from_millis(300));
    assert!(after - before < 1_000_000, "one draw for many sizes: {} bytes", after - before);
    let other = opened(&command(&bakery), 100, 30);
    other.settle(Duration::from_millis(500));
    let wanted = text(&other.screen());
    terminal.wait_for("what a fresh start shows", |screen| text(screen) == wanted);
}

#[test]
fn v02_a_terminal_that_does_not_know_its_size_gets_80_by_24() {
    let bakery = house();
    let mut terminal = crate::support::pty::Terminal::start(&command(&bakery), 80, 24);
    terminal.wait_text("? help");
    terminal.resize(0, 0);
    terminal.send("?");
    terminal.wait_text(HELP);
    terminal.send("qq");
    terminal.ends_with(0);
}

#[test]
fn v06_a_key_in_pieces_is_one_key() {
    let bakery = house();
    let mut terminal = open(&bakery);
    for piece in ["\x1b", "[", "1", "5", "~", "\x1b", "[", "B"] {
        terminal.send(piece);
        std::thread::sleep(Duration::from_millis(1));
    }
    terminal.send("?");
    terminal.wait_for("help, not a filter with the pieces", |screen| {
        screen.contents().contains(HELP) && !screen.contents().contains("[15~")
    });
    terminal.send("qq");
    terminal.ends_with(0);
}

#[test]
fn v06_a_megabyte_pasted_loses_no_key_after_it() {
    // Without brackets each letter is a key: fewer, since builds for tests are slow.
    for (begin, end, size) in [("\x1b[200~", "\x1b[201~", 1 << 20), ("", "", 1 << 14)] {
        let bakery = house();
        let mut terminal = open(&bakery);
        let from = Instant::now();
        terminal.send(begin);
        // A key nothing is bound to.
        terminal.send("Z".repeat(size));
        terminal.send(end);
        terminal.send("?");
        terminal.wait_text(HELP);
        let took = from.elapsed();
        assert!(took < Duration::from_secs(10), "{took:?}");
        eprintln!("{size} bytes pasted, bracketed: {}: {took:?}", !begin.is_empty());
        terminal.send("qq");
        terminal.ends_with(0);
    }
}

#[test]
fn v06_a_paste_without_brackets_loses_no_letter() {
    let bakery = house();
    let recipe = bakery.write("recipes/app.yaml", "recipe: 1\nname: team-a/app\ntag: \"1.0\"\nbase: scratch\n");
    let before = std::fs::read_to_string(&recipe).unwrap();
    let mut terminal = open(&bakery);
    terminal.send("2");
    terminal.wait_text("team-a/app:1.0");
    terminal.send("e");
    terminal.wait_text("Ctrl-o save");
    let lines: String = (0..400).map(|number| format!("# {number:060}\r")).collect();
    terminal.send(&lines);
    terminal.wait_text(&format!("{:060}", 399));
    terminal.send("\x0f");
    terminal.wait_text("saved ");
    let after = std::fs::read_to_string(&recipe).unwrap();
    let wanted = lines.replace('\r', "\n") + &before;
    let differs = after.lines().zip(wanted.lines()).position(|(is, wanted)| is != wanted);
    assert!(
        after == wanted,
        "line {differs:?} of {} is {:?}",
        wanted.lines().count(),
        differs.and_then(|at| after.lines().nth(at))
    );
    terminal.send("\x1b");
    terminal.wait_for("the recipes", |screen| !screen.contents().contains("Ctrl-o save"));
    terminal.send("q");
    terminal.ends_with(0);
}
