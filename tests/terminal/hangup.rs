//! A terminal that goes away or takes nothing: the viewer ends, and soon (V-01, V-04, V-07).

use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use super::{HELP, command, house, number, open, opened, text};
use crate::support::pty::{cpu, state, wait_until};

/// `bakery` with SIGHUP ignored from its birth, as below `nohup`.
fn deaf(bakery: &crate::support::bakery::Bakery) -> Command {
    let inside = command(bakery);
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\""]).arg(inside.get_program());
    for (name, value) in inside.get_envs() {
        shell.env(name, value.unwrap());
    }
    shell.current_dir(inside.get_current_dir().unwrap());
    shell
}

#[test]
fn v01_a_closed_terminal_ends_the_viewer_within_a_second() {
    let bakery = house();
    for command in [command(&bakery), deaf(&bakery)] {
        let mut terminal = opened(&command, 80, 24);
        let before = cpu(terminal.pid());
        let pid = terminal.pid();
        let watch = std::thread::spawn(move || {
            // The last that can be read of what it cost.
            let mut most = before;
            while state(pid).is_some_and(|state| state != 'Z') {
                most = most.max(cpu(pid));
                std::thread::sleep(Duration::from_millis(10));
            }
            most - before
        });
        terminal.hang_up();
        let took = terminal.ends_with(129);
        assert!(took < Duration::from_millis(1500), "{took:?}");
        let spent = watch.join().unwrap_or_default();
        assert!(spent < Duration::from_millis(700), "it spins: {spent:?} of processor time");
    }
}

#[test]
fn v01_with_sighup_ignored_the_viewer_is_gone_every_time() {
    let bakery = house();
    // A hundred: BAKERY_KILLS=100.
    let rounds = number("BAKERY_KILLS", 20);
    let mut slowest = Duration::ZERO;
    for round in 0..rounds {
        let mut terminal = opened(&deaf(&bakery), 80, 24);
        if round % 2 == 0 {
            // In the middle of something.
            terminal.send("?j");
        }
        terminal.hang_up();
        slowest = slowest.max(terminal.ends_with(129));
    }
    eprintln!("gone {rounds} times of {rounds}, after {slowest:?} at most");
    assert!(slowest < Duration::from_millis(1500), "{slowest:?}");
}

#[test]
fn v07_a_reader_that_stalls_holds_up_nobody() {
    for (name, code) in [("q", 0), ("SIGTERM", 143)] {
        let bakery = house();
        let mut terminal = open(&bakery);
        terminal.stall();
        // Frames until the terminal takes no more: each of these draws everything.
        for round in 0..40 {
            terminal.resize(180 + round % 2, 50);
            std::thread::sleep(Duration::from_millis(20));
        }
        match name {
            "q" => terminal.send("q"),
            _ => terminal.signal(Signal::TERM),
        }
        let took = terminal.ends_with(code);
        assert!(took < Duration::from_millis(1500), "{name}: {took:?}");
    }
}

#[test]
fn v07_frames_are_dropped_and_the_last_one_is_right() {
    let bakery = house();
    let terminal = open(&bakery);
    terminal.stall();
    for round in 0..40 {
        terminal.resize(180 + round % 2, 50);
        std::thread::sleep(Duration::from_millis(5));
    }
    terminal.send("?");
    terminal.resize(80, 24);
    terminal.resume();
    terminal.wait_text(HELP);
    terminal.settle(Duration::from_millis(300));
    let other = opened(&command(&bakery), 80, 24);
    other.send("?");
    let wanted = text(&terminal.screen());
    other.wait_for("the same screen", |screen| text(screen) == wanted);
}

#[test]
fn v04_no_terminal_no_screen() {
    let bakery = house();
    let stderr = bakery.fails(2, &[]);
    assert!(stderr.contains("needs a terminal") && !stderr.contains("panicked"), "{stderr}");
    let mut child = command(&bakery).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Nobody reads what it says.
    drop((child.stdout.take(), child.stderr.take()));
    wait_until("it ends", || state(child.id()).is_none_or(|state| state == 'Z'));
    assert_eq!(child.wait().unwrap().code(), Some(2));
}
