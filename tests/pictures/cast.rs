//! Recordings: asciinema's format, and the same screens as the pictures.

use std::process::Command;

use super::scene::Scene;
use crate::support::bakery::succeeded;

/// A recording, read as a player reads it.
pub struct Played {
    pub header: serde_json::Value,
    /// When, what kind, what.
    pub events: Vec<(f64, String, String)>,
}

impl Played {
    pub fn read(text: &str) -> Self {
        let mut lines = text.lines();
        let header: serde_json::Value = serde_json::from_str(lines.next().unwrap()).unwrap();
        let events = lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
        Self { header, events: events.collect() }
    }

    /// The terminal after each frame.
    pub fn screens(&self) -> impl Iterator<Item = (f64, Vec<String>)> {
        let cells = |name: &str| u16::try_from(self.header[name].as_u64().unwrap()).unwrap();
        let (width, height) = (cells("width"), cells("height"));
        let mut parser = vt100::Parser::new(height.try_into().unwrap(), width.try_into().unwrap(), 0);
        self.events.iter().filter(|(_, kind, _)| kind == "o").map(move |(at, _, data)| {
            parser.process(data.as_bytes());
            (*at, parser.screen().rows(0, width).map(|row| row.trim_end().to_owned()).collect())
        })
    }

    /// The terminal at the end.
    pub fn last(&self) -> Vec<String> {
        self.screens().last().unwrap().1
    }
}

fn said(mut command: Command) -> String {
    let output = command.output().unwrap();
    succeeded(&output, &format!("{command:?}"))
}

#[test]
fn a_replay_is_recorded_as_asciinema_reads_it_and_ends_as_the_picture() {
    let scene = Scene::unpacked();
    let bake = scene.bake("team-a/payments-api:1.4.0", "ok");
    // Colours are in it whatever the recording terminal wants.
    let mut command = scene.command(&["replay", &bake, "--cast", "out.cast", "--size", "100x30", "--json"]);
    command.env("NO_COLOR", "1");
    let told: serde_json::Value = serde_json::from_str(&said(command)).unwrap();
    let file = scene.path("shop/out.cast");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(told["cast"], "out.cast");
    let played = Played::read(&text);
    let header = &played.header;
    assert_eq!((&header["version"], &header["width"], &header["height"]), (&2.into(), &100.into(), &30.into()));
    assert_eq!(header["title"], "bakery bake team-a/payments-api:1.4.0");
    assert!(header["timestamp"].as_u64().unwrap() > 1_700_000_000);
    assert_eq!(header["theme"]["palette"].as_str().unwrap().split(':').count(), 16);
    assert!(header["env"].as_object().unwrap().keys().all(|name| name == "TERM"), "nothing of this machine: {header}");

    let frames: Vec<f64> = played.events.iter().map(|(at, ..)| *at).collect();
    assert!(frames.len() > 8, "{} frames", frames.len());
    for pair in frames.windows(2) {
        assert!(pair[1] - pair[0] >= 0.08 - 1e-9, "at most 12 frames a second: {pair:?}");
        assert!(pair[1] - pair[0] <= 5.0 + 1e-9, "nobody waits: {pair:?}");
    }
    assert!(text.len() < frames.len() * 2048, "frames are differences: {} bytes in {}", text.len(), frames.len());
    assert!(played.events[0].2.contains("\u{1b}[38;2;"), "in true colour");

    let shot =
        said(scene.command(&["screenshot", "bake", "--from", &bake, "--size", "100x30", "--out", "shots", "--json"]));
    let shot: serde_json::Value = serde_json::from_str(&shot).unwrap();
    let pictured: Vec<&str> = shot[0]["text"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(played.last(), pictured);

    // Twice as fast is about half as long, and the same every time.
    let record = |out: &str| {
        said(scene.command(&["replay", &bake, "--cast", out, "--size", "100x30", "--speed", "2x"]));
        std::fs::read_to_string(scene.path("shop").join(out)).unwrap()
    };
    let (one, other) = (record("one.cast"), record("other.cast"));
    assert!(one == other, "the same journal gives the same recording");
    assert!(Played::read(&one).events.last().unwrap().0 < frames.last().unwrap() * 0.8);
}

#[test]
fn a_recording_takes_its_time() {
    let scene = Scene::unpacked();
    let bake = scene.bake("team-a/payments-api:1.4.0", "ok");
    let output = scene.command(&["replay", &bake, "--cast", "x.cast", "--speed", "inf"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("takes its time"));
}
