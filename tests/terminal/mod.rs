//! The terminal UI in a real terminal: what it costs, what it does to the terminal, what a terminal can do to it.

mod assisting;
mod bakes;
mod clipboard;
mod cost;
mod drafts;
mod flood;
mod hangup;
mod hostile;
mod journey;
mod kinds;
mod leaving;
mod lineage;
mod linear;
mod palette;
mod pool;
mod stress;
mod themes;

use std::process::Command;

use crate::support::bakery::Bakery;
use crate::support::pty::Terminal;

/// What only the list of keys says.
const HELP: &str = "left, or back";

/// The screen's text; blanks at the ends of lines say nothing.
fn text(screen: &vt100::Screen) -> String {
    screen.contents().lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

/// How often or how long, where an environment variable asks for more than the suite has time for.
fn number(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

/// A workspace with two empty stores.
fn house() -> Bakery {
    Bakery::new()
}

/// The demo: ten repositories in its global store.
fn stocked() -> Bakery {
    let bakery = Bakery::new();
    bakery.ok(&["demo", "--dir", "shop", "-q"]);
    bakery
}

/// `bakery` in the demo's folder.
fn in_demo(bakery: &Bakery) -> Command {
    let mut command = command(bakery);
    command.current_dir(bakery.path("shop"));
    command
}

/// `bakery` as a person starts it in a terminal of their own.
pub fn command(bakery: &Bakery) -> Command {
    let mut command = bakery.command(&[]);
    command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
    command
}

/// The UI with its first screen complete.
fn open(bakery: &Bakery) -> Terminal {
    opened(&command(bakery), 80, 24)
}

/// The same, of any command and size.
pub fn opened(command: &Command, columns: u16, rows: u16) -> Terminal {
    let terminal = Terminal::start(command, columns, rows);
    terminal.wait_text("? help");
    terminal
}

/// Whether the terminal is as programs expect to find it.
fn is_given_back(screen: &vt100::Screen) -> bool {
    !screen.alternate_screen()
        && !screen.hide_cursor()
        && !screen.bracketed_paste()
        && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
}
