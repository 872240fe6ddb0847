//! What the UI costs: time to the first frame, bytes for a key, nothing while nothing happens.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::{command, house, in_demo, number, open, opened, stocked};
use crate::support::bakery::Bakery;
use crate::support::pty::{Terminal, cpu};

#[test]
fn the_first_frame_does_not_wait_for_the_registry() {
    // It accepts, and never answers.
    let registry = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = registry.local_addr().unwrap();
    let bakery = Bakery::with_workspace(&format!(
        "bakery: 1\nstores:\n  global: {{registry: \"{address}/base\", plain-http: true}}\n  local: {{layout: ./local}}\nrecipes: recipes\n"
    ));
    let from = Instant::now();
    let mut terminal = Terminal::start(&command(&bakery), 80, 24);
    let screen = terminal.wait_text("help");
    eprintln!("first frame after {:?}", from.elapsed());
    assert!(screen.contents().contains("Recipes"), "{}", screen.contents());
    assert!(terminal.first_byte().is_some());
    assert!(from.elapsed() < Duration::from_secs(5));
    terminal.send("q");
    terminal.ends_with(0);
}

#[test]
fn idle_it_writes_nothing_and_takes_no_time() {
    let bakery = house();
    let terminal = open(&bakery);
    let before = terminal.settle(Duration::from_secs(1));
    let spent = cpu(terminal.pid());
    let from = Instant::now();
    // A minute: BAKERY_IDLE=60.
    let seconds = number("BAKERY_IDLE", 3);
    for _ in 0..seconds {
        let after = terminal.settle(Duration::from_secs(1));
        assert_eq!(after, before, "bytes while nothing happens");
    }
    assert!(from.elapsed() < Duration::from_secs(seconds as u64 + 1), "quiet from the first moment");
    let spent = cpu(terminal.pid()) - spent;
    eprintln!("{spent:?} of processor time in {seconds} idle seconds");
    assert!(spent <= Duration::from_millis(40), "{spent:?} of processor time in {seconds} idle seconds");
}

#[test]
fn a_cursor_key_costs_few_bytes() {
    let bakery = stocked();
    let terminal = opened(&in_demo(&bakery), 120, 40);
    terminal.wait_text("postgres");
    let mut most = 0;
    for key in ["j", "j", "k", "\x1b[B", "\x1b[A"] {
        // What came in before it may be drawn a quarter of a second later.
        let before = terminal.settle(Duration::from_millis(500));
        terminal.send(key);
        let bytes = terminal.settle(Duration::from_millis(400)) - before;
        let raw = terminal.raw();
        let frames = String::from_utf8_lossy(&raw[raw.len() - bytes..]).matches("\x1b[?2026h").count();
        eprintln!("{key:?}: {bytes} bytes in {frames} frames");
        most = most.max(bytes);
    }
    eprintln!("a cursor key: {most} bytes at most");
    assert!(most > 0 && most < 1500, "{most} bytes");
}
