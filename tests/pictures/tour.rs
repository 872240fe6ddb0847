//! The tour: every caption over the screen it is about, in a recording and in a terminal; nothing of the user's is touched.

use std::collections::BTreeSet;
use std::path::Path;

use bakery::tui::tour::STOPS;

use super::cast::Played;
use crate::support::bakery::Bakery;
use crate::support::pty::Terminal;

/// What the screen shows at the end of each stop.
const SHOWN: &[&str] = &[
    "global",
    "signed by global",
    "becomes the base of",
    "payments-api.yaml",
    "A word of ours.",
    "baked in",
    "/etc/payments.json",
    "lineage.layers",
    "rejected by layer.setuid",
    "Packages",
    "verified",
    "replay",
    "stale",
    "version behind global/python:3",
    "Enter rebases it",
    "team-a/payments-api",
];

#[test]
fn the_captions_are_short_and_say_no_key_that_is_not_there() {
    assert_eq!(STOPS.len(), SHOWN.len());
    for stop in STOPS {
        assert!(stop.says.len() <= 220 && stop.title.len() <= 30, "{}", stop.title);
        assert!(stop.says.is_ascii() && !stop.says.contains("  "), "{}", stop.says);
        assert!(!stop.keys().is_empty() && stop.keys().iter().all(|key| !key.is_empty()), "{}", stop.title);
    }
}

#[test]
fn the_tour_recorded_shows_every_stop_and_what_it_speaks_of() {
    let bakery = Bakery::new();
    bakery.ok(&["demo", "--tour", "--dir", "demo", "--cast", "tour.cast", "--size", "80x24", "--speed", "4"]);
    let text = std::fs::read_to_string(bakery.path("tour.cast")).unwrap();
    let played = Played::read(&text);
    assert_eq!(played.header["title"], "bakery: a tour of demo");
    let marks: Vec<f64> = played.events.iter().filter(|(_, kind, _)| kind == "m").map(|(at, ..)| *at).collect();
    assert_eq!(marks.len(), STOPS.len(), "each stop is marked");
    let mut seen = BTreeSet::new();
    for (at, screen) in played.screens() {
        let number = marks.iter().filter(|mark| **mark <= at).count();
        let says = |text: &str| screen.iter().any(|line| line.contains(text));
        let caption = says(&format!("{number} of {}", STOPS.len())) && says(STOPS[number - 1].title);
        if caption && says(SHOWN[number - 1]) {
            seen.insert(number);
        }
        keep(number, &screen);
    }
    let never: Vec<&str> =
        (1..).zip(STOPS).filter(|(number, _)| !seen.contains(number)).map(|(_, stop)| stop.title).collect();
    assert!(never.is_empty(), "never seen with what they speak of: {never:?}");
    let (last, end) = (played.events.last().unwrap().0, played.last().join("\n"));
    assert!(end.contains("that was the tour") && !end.contains("goes on"), "{end}");
    assert!(!text.contains(bakery.path("").to_str().unwrap()), "no place of this machine");
    // About two minutes at a speed of one; what is baked takes what it takes.
    assert!(last > 20.0, "{last} s at a speed of 4");
}

/// Kept for whoever wants to look: each stop's last screen.
fn keep(number: usize, screen: &[String]) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tour");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{number:02}.txt")), screen.join("\n")).unwrap();
}

/// All files below a folder, with what is in them.
fn files(folder: &Path) -> BTreeSet<(String, Vec<u8>)> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn the_tour_runs_to_its_end_in_a_terminal_and_leaves_what_it_says_it_leaves() {
    let bakery = Bakery::new();
    bakery.ok(&["demo", "--dir", "demo"]);
    let recipes = bakery.path("demo/recipes");
    let before = files(&recipes);
    let mut command = bakery.command(&["demo", "--tour", "--dir", "demo", "--speed", "inf"]);
    command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
    let mut terminal = Terminal::start(&command, 100, 30);
    // Stop by stop, since a loaded machine bakes slowly.
    let at = |screen: &vt100::Screen| {
        let contents = screen.contents();
        let before = contents.split(" of 16  ").next().filter(|before| before.len() < contents.len())?;
        before.rsplit(' ').next()?.parse::<usize>().ok()
    };
    let is_over = |screen: &vt100::Screen| screen.contents().contains("that was the tour");
    for number in 1..=STOPS.len() {
        let come = |screen: &vt100::Screen| is_over(screen) || at(screen).is_some_and(|here| here >= number);
        terminal.wait_for(&format!("stop {number}"), come);
    }
    let seen = terminal.wait_for("the end", is_over);
    assert!(!seen.contents().contains("leaves the tour"), "{}", seen.contents());
    terminal.send("q");
    terminal.ends_with(0);
    let mut parser = vt100::Parser::new(30.try_into().unwrap(), 100.try_into().unwrap(), 0);
    let mut seen = BTreeSet::new();
    for frame in terminal.raw().split_inclusive(|byte| *byte == b'l') {
        parser.process(frame);
        // Frames end with the end of a synchronised update.
        if frame.ends_with(b"\x1b[?2026l") {
            let contents = parser.screen().contents();
            seen.extend(STOPS.iter().map(|stop| stop.title).filter(|title| contents.contains(title)));
        }
    }
    let never: Vec<&str> = STOPS.iter().map(|stop| stop.title).filter(|title| !seen.contains(title)).collect();
    assert!(never.is_empty(), "never showed: {never:?}");
    let after = files(&recipes);
    let changed: BTreeSet<&str> = before.symmetric_difference(&after).map(|(name, _)| name.as_str()).collect();
    let meant = [
        "team-a/payments-api/payments-api.lock",
        "team-a/payments-api/payments-api.yaml",
        "team-b/kiosk/kiosk.lock",
        "team-b/kiosk/kiosk.yaml",
    ];
    assert_eq!(changed.into_iter().collect::<Vec<_>>(), meant);
}

#[test]
fn whoever_watches_goes_on_goes_back_and_leaves() {
    let bakery = Bakery::new();
    bakery.ok(&["demo", "--dir", "demo", "--seed-only"]);
    let mut command = bakery.command(&["demo", "--tour", "--dir", "demo", "--speed", "0.01"]);
    command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
    let mut terminal = Terminal::start(&command, 80, 24);
    terminal.wait_text("1 of 16");
    terminal.send(" ");
    terminal.wait_text("2 of 16");
    terminal.send("p");
    terminal.wait_text("1 of 16");
    terminal.send("n");
    terminal.wait_text("2 of 16");
    // Other keys do nothing: the tour's hands are on them.
    terminal.send("3j");
    terminal.send("q");
    terminal.wait_for("the end of the tour", |screen| !screen.contents().contains("2 of 16"));
    terminal.wait_text("you left the tour");
    terminal.send("q");
    terminal.ends_with(0);
}

#[test]
fn without_a_terminal_the_captions_are_told() {
    let bakery = Bakery::new();
    bakery.ok(&["demo", "--dir", "demo", "--seed-only"]);
    let told = bakery.ok(&["demo", "--tour", "--dir", "demo"]);
    let json = bakery.json(&["demo", "--tour", "--dir", "demo"]);
    assert_eq!(json["tour"].as_array().unwrap().len(), STOPS.len());
    for stop in STOPS {
        assert!(told.contains(stop.title), "{told}");
    }
    assert!(told.lines().all(|line| line.len() <= 100), "{told}");
    bakery.fails(2, &["demo", "--cast", "x.cast"]);
    bakery.fails(2, &["demo", "--tour", "--dir", "demo", "--cast", "x.cast", "--speed", "inf"]);
}

#[test]
fn a_replay_plays_on_the_screen() {
    let scene = super::scene::Scene::unpacked();
    let bake = scene.bake("team-a/payments-api:1.4.0", "ok");
    let mut command = scene.command(&["replay", &bake, "--tui", "--speed", "20"]);
    command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
    let mut terminal = Terminal::start(&command, 100, 30);
    terminal.wait_text("replay");
    terminal.wait_text("baked in");
    terminal.send("q");
    terminal.ends_with(0);
    let output = scene.command(&["replay", &bake, "--tui"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("--tui needs a terminal"));
}
