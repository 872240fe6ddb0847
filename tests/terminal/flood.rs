//! Bakes that say more than anybody reads: a thin line bears it, keys are answered, the end is right.

use std::time::{Duration, Instant};

use super::bakes::{baking, newest};
use super::{HELP, number};
use crate::bakes::COMMITTED;
use crate::support::bakes::Home;
use crate::support::pty::wait_until;

/// A bake whose one step waits at a gate, then says `lines` lines, `at_once` at a time with a pause between.
fn flood(lines: usize, at_once: usize, pause: u64) -> Home {
    let mut script = vec![
        r#"{"kind":"step.started","step":"1"}"#.to_owned(),
        r#"{"log":"1","text":"before it\n"}"#.to_owned(),
        r#"{"gate":"@/gate"}"#.to_owned(),
    ];
    for from in (0..lines).step_by(at_once) {
        // No two lines are alike.
        let other = |line: usize| line.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let line = |line| format!("line {line} of a step {:016x}{:016x}\n", other(line), other(line + 7));
        let text: String = (from..from + at_once).map(line).collect();
        script.push(format!(r#"{{"log":"1","text":{}}}"#, serde_json::to_string(&text).unwrap()));
        if pause > 0 {
            script.push(format!(r#"{{"pause":{pause}}}"#));
        }
    }
    script.push(r#"{"gate":"@/end"}"#.to_owned());
    script.push(r#"{"kind":"step.finished","step":"1","millis":12}"#.to_owned());
    script.push(COMMITTED.to_owned());
    Home::new(&script.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_thousand_lines_a_second_cost_a_thin_line_twenty_kilobytes_a_second() {
    let seconds = number("BAKERY_FLOOD", 3);
    let home = flood(seconds * 1000, 10, 10);
    let terminal = baking(&home, (80, 24));
    terminal.send("l");
    terminal.wait_text("before it");
    let before = terminal.settle(Duration::from_secs(1));
    let from = Instant::now();
    home.open("gate");
    terminal.wait_text(&format!("line {} of", seconds * 1000 - 1));
    let (took, bytes) = (from.elapsed(), terminal.raw().len() - before);
    let each = bytes as f64 / took.as_secs_f64() / 1000.0;
    eprintln!("{bytes} bytes in {took:?}: {each:.1} KB/s");
    // What may be sent at once after a time of quiet is besides.
    assert!(bytes < 24_000 + 20_000 * usize::try_from(took.as_millis()).unwrap() / 1000, "{each:.1} KB/s");
    home.open("end");
    terminal.wait_text("baked in");
}

#[test]
fn ten_thousand_messages_a_second_keep_no_key_waiting() {
    let home = flood(10_000, 1, 0);
    let mut terminal = baking(&home, (100, 30));
    home.open("gate");
    terminal.wait_for("the flood", |screen| screen.contents().contains("line "));
    for _ in 0..3 {
        terminal.send("?");
        terminal.wait_text(HELP);
        terminal.send("?");
        terminal.wait_for("no help", |screen| !screen.contents().contains(HELP));
    }
    terminal.send("l");
    terminal.wait_text("line 9999 of");
    home.open("end");
    terminal.wait_text("baked in");
    wait_until("the bake's end", || newest(&home)["status"] == "ok");
    terminal.send("q");
    terminal.ends_with(0);
}

#[test]
fn v07_frames_are_dropped_on_a_stalled_reader_while_the_bake_goes_on() {
    let home = flood(5000, 50, 1);
    let mut terminal = baking(&home, (100, 30));
    terminal.stall();
    home.open("gate");
    home.open("end");
    wait_until("the bake's end", || newest(&home)["status"] == "ok");
    terminal.resume();
    terminal.wait_text("baked in");
    terminal.send("q");
    terminal.ends_with(0);
}
