//! A shell at a terminal: keys, sizes and signals go where they belong, and the terminal is given back.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{at, leftovers, running, stocked};
use crate::support::bakery::Bakery;
use crate::support::pty::{Terminal, cpu, wait_until};

/// The modes of a terminal nobody has touched.
fn untouched() -> String {
    Terminal::start(Command::new("true").env("PATH", std::env::var_os("PATH").unwrap()), 80, 24).modes()
}

fn open(bakery: &Bakery, arguments: &[&str]) -> Terminal {
    let mut command = at(bakery, &[&["shell"], arguments].concat());
    command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8").env("CANARY", "of the host");
    let terminal = Terminal::start(&command, 80, 24);
    terminal.wait_text("thrown away");
    terminal
}

#[test]
fn a_person_works_in_it_as_at_home() {
    let Some(bakery) = stocked() else { return };
    let mut terminal = open(&bakery, &["global/os:12"]);
    terminal.send("PS1='> '; test -t 0 && test -t 1 && test -t 2 && echo a ter''minal\r");
    terminal.wait_text("a terminal");
    terminal.send("echo $TERM:$CANARY:\r");
    terminal.wait_text("xterm-256color::");
    // Without job control there would be a warning, and Ctrl-C would end the shell.
    assert!(!terminal.screen().contents().contains("job control"), "{}", terminal.screen().contents());
    terminal.send("sleep 600; echo stat''us $?\r");
    terminal.settle(Duration::from_millis(200));
    terminal.send("\x03");
    terminal.wait_for("a prompt again", |screen| screen.contents().trim_end().ends_with('>'));
    terminal.send("sh -c 'sleep 600; echo never'\r");
    terminal.settle(Duration::from_millis(200));
    terminal.send("\x1a");
    terminal.wait_text("Stopped");
    terminal.send("kill %1; exit 3\r");
    terminal.settle(Duration::from_millis(200));
    terminal.send("exit 3\r");
    terminal.ends_with(3);
    assert_eq!(terminal.modes(), untouched());
    assert_eq!(leftovers(&bakery), [""; 0]);
}

#[test]
fn its_size_is_the_terminals_from_the_start_and_when_it_changes() {
    let Some(bakery) = stocked() else { return };
    let mut terminal = open(&bakery, &["global/os:12"]);
    terminal.send("PS1='> '; shopt -s checkwinsize; /bin/true; echo $LINES by $COLUMNS\r");
    terminal.wait_text("24 by 80");
    terminal.resize(100, 40);
    terminal.settle(Duration::from_millis(100));
    terminal.send("/bin/true; echo $LINES by $COLUMNS\r");
    terminal.wait_text("40 by 100");
    terminal.send("exit\r");
    terminal.ends_with(0);
}

#[test]
fn the_end_of_input_ends_it() {
    let Some(bakery) = stocked() else { return };
    let mut terminal = open(&bakery, &["global/os:12", "--", "cat"]);
    terminal.send("hel\r");
    terminal.wait_text("hel\nhel");
    terminal.send("\x04");
    terminal.ends_with(0);
    assert_eq!(terminal.modes(), untouched());
}

#[test]
fn nothing_is_lost_at_the_end_and_waiting_costs_nothing() {
    let Some(bakery) = stocked() else { return };
    let script = "read line; i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo line $i; done; echo the last";
    let mut terminal = open(&bakery, &["global/os:12", "--", "sh", "-c", script]);
    terminal.settle(Duration::from_millis(300));
    let before = cpu(terminal.pid());
    std::thread::sleep(Duration::from_secs(1));
    assert!(cpu(terminal.pid()).saturating_sub(before) <= Duration::from_millis(20), "it spins");
    terminal.send("\r");
    terminal.ends_with(0);
    terminal.wait_text("the last");
    let raw = terminal.raw();
    let said = String::from_utf8_lossy(&raw);
    assert!(said.contains("line 1\r\n") && said.contains("line 4999\r\nline 5000\r\nthe last\r\n"));
}

#[test]
fn v05_signals_give_the_terminal_back_and_leave_nothing() {
    let Some(bakery) = stocked() else { return };
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        let word = format!("{}.25", 8_000_000 + std::process::id());
        let mut terminal = open(&bakery, &["global/os:12", "--", "sleep", &word]);
        wait_until("the program runs", || running(&word).len() > 1);
        assert_ne!(terminal.modes(), untouched(), "raw while it runs");
        terminal.signal(signal);
        terminal.ends_with(code);
        assert_eq!(terminal.modes(), untouched(), "{signal:?}");
        assert_eq!((running(&word), leftovers(&bakery)), (Vec::new(), Vec::new()), "{signal:?}");
    }
}

#[test]
fn v01_a_terminal_that_goes_away_takes_everything_along() {
    let Some(bakery) = stocked() else { return };
    let word = format!("{}.125", 9_000_000 + std::process::id());
    // A program that does not care.
    let script = format!("trap '' HUP; sleep {word}");
    let mut terminal = open(&bakery, &["global/os:12", "--", "sh", "-c", &script]);
    wait_until("the program runs", || running(&word).len() == 1);
    terminal.hang_up();
    terminal.ends_with(129);
    wait_until("everything it started is gone", || running(&word).is_empty());
    assert_eq!(leftovers(&bakery), [""; 0]);
}

#[test]
fn stopped_from_outside_it_gives_the_terminal_to_the_shell_and_comes_back() {
    let Some(bakery) = stocked() else { return };
    const SCRIPT: &str = "echo re''ady; read line; echo got $line";
    // A shell above it, as a person has one.
    let inner = at(&bakery, &["shell", "-q", "global/os:12", "--", "sh", "-c", SCRIPT]);
    let words: Vec<String> = std::iter::once(inner.get_program())
        .chain(inner.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap().replace('\'', r"'\''")))
        .collect();
    let mut shell = Command::new("bash");
    shell.args(["--norc", "--noprofile", "-i"]).current_dir(bakery.path("shop")).env("PS1", "$ ").env("TERM", "dumb");
    shell.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut terminal = Terminal::start(&shell, 200, 24);
    terminal.wait_text("$ ");
    terminal.send(format!("{}; echo en''ded $?\r", words.join(" ")));
    terminal.wait_text("ready");
    // The program in the sandbox has the same words; bakery alone is called so.
    let is_bakery = |folder: &&String| {
        std::fs::read_link(format!("{folder}/exe")).is_ok_and(|path| path == Path::new(inner.get_program()))
    };
    let found = running(SCRIPT);
    let folder = found.iter().find(is_bakery).expect("bakery runs");
    let pid: i32 = folder.rsplit('/').next().unwrap().parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::TSTP).unwrap();
    terminal.wait_text("Stopped");
    terminal.send("echo bet''ween\r");
    terminal.wait_text("between");
    terminal.send("fg\r");
    terminal.settle(Duration::from_millis(200));
    terminal.send("words\r");
    terminal.wait_text("got words");
    terminal.wait_for("the shell's prompt", |screen| screen.contents().trim_end().ends_with('$'));
    terminal.send("exit\r");
    terminal.ends_with(0);
}
