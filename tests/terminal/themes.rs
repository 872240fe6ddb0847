//! A theme tried on and kept in a real terminal: the colours change at once, the user's file keeps every other byte.

use vt100::Color;

use super::{command, house, opened};

const FILE: &str = "home/config/config.yaml";
const MINE: &str = "# mine\r\nparallel: 2   # at once\r\n";

/// The colour of the tab that is open, in the top line.
fn tab(screen: &vt100::Screen) -> Option<Color> {
    screen.cell(0, 11).map(vt100::Cell::bgcolor)
}

#[test]
fn tried_on_taken_back_and_kept() {
    let bakery = house();
    bakery.write(FILE, MINE);
    bakery.write("home/config/themes/mine.yaml", "theme: 1\ninherits: dark\nroles: {selection: {bg: \"#010203\"}}\n");
    let mut command = command(&bakery);
    command.env("COLORTERM", "truecolor");
    let mut terminal = opened(&command, 100, 30);
    let dark = tab(&terminal.screen());
    assert_eq!(dark, Some(Color::Rgb(0x34, 0x2b, 0x4a)));
    terminal.send("\x14");
    terminal.wait_text("bakery's own, for light terminals");
    terminal.send("mine");
    terminal.wait_for("the theme of one's own", |screen| tab(screen) == Some(Color::Rgb(1, 2, 3)));
    terminal.send("\x1b");
    terminal.wait_for("the theme there was", |screen| tab(screen) == dark);
    terminal.send("\x14");
    terminal.wait_text("bakery's own, for light terminals");
    terminal.send("\x1b[B");
    terminal.wait_for("light", |screen| tab(screen) == Some(Color::Rgb(0xe6, 0xdc, 0xf7)));
    assert_eq!(std::fs::read_to_string(bakery.path(FILE)).unwrap(), MINE, "trying on writes nothing");
    terminal.send("\r");
    terminal.wait_text("theme light");
    assert_eq!(std::fs::read_to_string(bakery.path(FILE)).unwrap(), format!("{MINE}theme: light\r\n"));
    terminal.send("q");
    terminal.ends_with(0);
    let terminal = opened(&command, 100, 30);
    assert_eq!(tab(&terminal.screen()), Some(Color::Rgb(0xe6, 0xdc, 0xf7)), "the next time it is there at once");
}

#[test]
fn plain_characters_and_no_colours_as_settings_and_environment_say() {
    let bakery = house();
    bakery.write(FILE, "ascii: true\ntheme: nord\n");
    let mut command = command(&bakery);
    command.env("NO_COLOR", "1");
    let terminal = opened(&command, 80, 24);
    assert!(terminal.screen().contents().is_ascii(), "{}", terminal.screen().contents());
    terminal.send("\x14");
    terminal.wait_text("nord, for dark terminals");
    terminal.send("\x1b[B");
    let screen = terminal.wait_for("the next one", |screen| screen.contents().contains("> solarized-dark"));
    let cells = (0..24).flat_map(|row| (0..80).map(move |column| (row, column)));
    let coloured = cells
        .filter_map(|(row, column)| screen.cell(row, column))
        .filter(|cell| cell.fgcolor() != Color::Default || cell.bgcolor() != Color::Default);
    assert_eq!(coloured.count(), 0, "NO_COLOR counts whatever is tried on");
}
