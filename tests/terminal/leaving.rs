//! However the UI ends or stops, the terminal is as it was (V-05).

use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{command, house, is_given_back, opened};
use crate::support::bakery::Bakery;
use crate::support::pty::{Terminal, state, wait_until};

/// The kinds of terminals and multiplexers people sit at.
const KINDS: [&str; 4] = ["xterm", "linux", "screen", "tmux-256color"];

fn leaves(name: &str, code: i32, end: impl Fn(&Terminal)) {
    let bakery = house();
    let fresh = Terminal::start(Command::new("true").env("PATH", std::env::var_os("PATH").unwrap()), 80, 24);
    for kind in KINDS {
        let mut terminal = opened(command(&bakery).env("TERM", kind), 80, 24);
        assert_ne!(terminal.modes(), fresh.modes(), "{name}: raw while it runs");
        let screen = terminal.screen();
        assert!(screen.alternate_screen() && screen.bracketed_paste() && screen.hide_cursor(), "{kind}");
        assert_ne!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "{kind}");
        end(&terminal);
        let took = terminal.ends_with(code);
        assert!(took < Duration::from_secs(1), "{name}, {kind}: {took:?}");
        terminal.wait_for("the terminal given back", is_given_back);
        assert_eq!(terminal.modes(), fresh.modes(), "{name}, {kind}");
        assert_eq!(terminal.screen().contents().trim(), "", "{name}, {kind}: nothing of ours stays");
    }
}

#[test]
fn v05_every_way_out_gives_the_terminal_back() {
    leaves("q", 0, |terminal| terminal.send("q"));
    leaves("Ctrl-c twice", 0, |terminal| terminal.send("\x03\x03"));
    leaves("SIGTERM", 143, |terminal| terminal.signal(Signal::TERM));
    leaves("SIGINT", 130, |terminal| terminal.signal(Signal::INT));
    leaves("SIGHUP", 129, |terminal| terminal.signal(Signal::HUP));
}

#[test]
fn v05_a_panic_gives_the_terminal_back_and_says_so() {
    for (kind, place) in KINDS.into_iter().flat_map(|kind| [(kind, "loop"), (kind, "thread")]) {
        let bakery = house();
        let fresh = Terminal::start(Command::new("true").env("PATH", std::env::var_os("PATH").unwrap()), 80, 24);
        let mut terminal = Terminal::start(command(&bakery).env("TERM", kind).env("BAKERY_PANIC", place), 80, 24);
        terminal.ends_with(101);
        let screen = terminal.wait_text("bakes go on");
        assert!(is_given_back(&screen), "{place}");
        assert!(screen.contents().contains("rehearsed"), "{place}: {}", screen.contents());
        assert_eq!(terminal.modes(), fresh.modes(), "{place}");
    }
}

/// A shell with job control, and `bakery` in it.
fn shell(bakery: &Bakery, kind: &str) -> Command {
    let mut shell = Command::new("bash");
    shell.args(["--norc", "--noprofile", "-i"]);
    let inside = command(bakery);
    for (name, value) in inside.get_envs() {
        shell.env(name, value.unwrap());
    }
    // bash would ask for bracketed paste itself, and hide whether `bakery` gave it back.
    shell.env("INPUTRC", bakery.write("inputrc", "set enable-bracketed-paste off\n"));
    shell
        .env("TERM", kind)
        .env("PS1", "shell> ")
        .env("BAKERY", inside.get_program())
        .current_dir(inside.get_current_dir().unwrap());
    shell
}

/// The shell's only child.
fn child_of(pid: u32) -> u32 {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    children.split_whitespace().next().expect("no child").parse().unwrap()
}

#[test]
fn v05_stopped_and_continued_it_gives_back_and_takes_again() {
    for kind in KINDS {
        stopped_and_continued(kind);
    }
}

fn stopped_and_continued(kind: &str) {
    let bakery = house();
    let terminal = Terminal::start(&shell(&bakery, kind), 80, 24);
    terminal.wait_text("shell>");
    terminal.send("stty -a > before; $BAKERY\r");
    terminal.wait_text("? help");
    let raw = terminal.modes();
    let viewer = child_of(terminal.pid());
    let stops: [(&str, &dyn Fn()); 2] = [
        ("Ctrl-z", &|| terminal.send("\x1a")),
        ("SIGTSTP", &|| kill_process(Pid::from_raw(viewer.try_into().unwrap()).unwrap(), Signal::TSTP).unwrap()),
    ];
    for (name, stop) in stops {
        stop();
        wait_until("the viewer stopped", || state(viewer) == Some('T'));
        let screen = terminal.wait_text("Stopped");
        assert!(is_given_back(&screen), "{name}");
        terminal.send("stty -a > stopped; echo looked\r");
        terminal.wait_for("stty done", |screen| screen.contents().lines().any(|line| line == "looked"));
        let modes = |name: &str| std::fs::read_to_string(bakery.path(name)).unwrap();
        assert_eq!(modes("stopped"), modes("before"), "{name}");
        terminal.send("clear; fg\r");
        let screen = terminal
            .wait_for("the screen again", |screen| screen.alternate_screen() && screen.contents().contains("? help"));
        assert!(screen.hide_cursor() && screen.bracketed_paste(), "{name}");
        wait_until("raw again", || terminal.modes() == raw);
    }
    terminal.send("q");
    terminal.wait_for("back in the shell", is_given_back_to_shell);
    terminal.send("stty -a > after; echo $? over\r");
    terminal.wait_text("0 over");
    assert_eq!(
        std::fs::read_to_string(bakery.path("after")).unwrap(),
        std::fs::read_to_string(bakery.path("before")).unwrap()
    );
}

fn is_given_back_to_shell(screen: &vt100::Screen) -> bool {
    is_given_back(screen) && screen.contents().trim_end().ends_with("shell>")
}

#[test]
fn v05_where_no_shell_waits_ctrl_z_says_so() {
    let bakery = house();
    let mut terminal = opened(&command(&bakery), 100, 24);
    terminal.send("\x1a");
    terminal.wait_text("no shell");
    terminal.send("q");
    terminal.ends_with(0);
}
