//! Text from outside on its way to the terminal: file names, labels, history, logs, recipes, arguments. No byte of it
//! steers anything, in the terminal UI or in any command (X-01 to X-06).

use std::io::Write;

use bakery::adapters::store::layout::Layout;
use bakery::domain::oci::{DiffId, Digest, media_type};
use bakery::domain::text::is_hazardous;
use regex::Regex;

use super::{command, opened};
use crate::support::bakery::Bakery;
use crate::support::bakes::Home;
use crate::support::images;
use crate::support::pty::Terminal;

/// What a terminal would obey, see or hide: cursor, title, link, clipboard, device string, C1, bidi, invisible.
const EVIL: &str = "e\u{1b}[66;66H\u{1b}]0;EVIL\u{7}\u{1b}]8;;EVIL\u{7}\u{1b}]52;c;RVZJTA==\u{7}\u{1b}P$qEVIL\u{1b}\\\
    \u{9b}31m\u{9d}0;EVIL\u{9c}\u{202e}gpj\u{2066}\u{200b}\u{61c}\u{8}\r\n\t\u{7f}\u{1b}_EVIL\u{1b}\\z";

/// A workspace whose local store has `team-a/evil:1` and `:2`, whose every text is hostile.
fn house() -> Bakery {
    let bakery = Bakery::new();
    let layout = Layout::open_or_create(&bakery.local()).unwrap();
    for tag in ["1", "2"] {
        let mut tar = tar::Builder::new(Vec::new());
        for name in [format!("etc/{EVIL}{tag}"), format!("{EVIL}/deep/{EVIL}"), "etc/plain".into()] {
            let mut header = tar::Header::new_gnu();
            header.set_size(1 + EVIL.len() as u64);
            header.set_mode(0o4755);
            tar.append_data(&mut header, name, format!("{tag}{EVIL}").as_bytes()).unwrap();
        }
        let tar = tar.into_inner().unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&tar).unwrap();
        let layer = layout.put_bytes(media_type::LAYER_GZIP, &gzip.finish().unwrap()).unwrap();
        let mut config: serde_json::Value = serde_json::from_slice(&images::config(&DiffId(Digest::of(&tar)))).unwrap();
        let evil = format!("{tag}{EVIL}");
        config["author"] = evil.clone().into();
        config["config"] = serde_json::json!({"Labels": {&evil: &evil, "dev.bakery.contract": &evil}, "User": &evil,
            "Env": [format!("PATH={evil}"), format!("{EVIL}={evil}")], "Cmd": [&evil], "Entrypoint": [&evil],
            "WorkingDir": &evil, "ExposedPorts": {&evil: {}}, "Volumes": {&evil: {}}, "StopSignal": &evil});
        config["history"] = serde_json::json!([{"created_by": &evil, "comment": &evil, "author": &evil}]);
        let config = layout.put_bytes(media_type::CONFIG, config.to_string().as_bytes()).unwrap();
        let mut manifest: serde_json::Value =
            serde_json::from_slice(&images::manifest(&config, &[layer], None)).unwrap();
        manifest["annotations"] = serde_json::json!({&evil: &evil, "org.opencontainers.image.base.name": &evil,
            "org.opencontainers.image.base.digest": &evil});
        let manifest = layout.put_bytes(media_type::MANIFEST, manifest.to_string().as_bytes()).unwrap();
        layout.tag(&format!("team-a/evil:{tag}"), &manifest).unwrap();
    }
    let quoted = serde_json::to_string(EVIL).unwrap();
    bakery.write("recipes/evil.yaml", format!("recipe: 1\nname: team-a/evil\ntag: \"3\"\nbase: local/team-a/evil:1\nsteps:\n  - run: {quoted}\n  - write: {{to: /x, content: {quoted}}}\nconfig: {{labels: {{a: {quoted}}}}}\n"));
    bakery.write(
        "recipes/broken.yaml",
        format!("recipe: 1\nname: {quoted}\n{quoted}: 3\nbase: {EVIL}\nsteps:\n  - {quoted}: 1\n"),
    );
    bakery.write(&format!("recipes/{}.yaml", EVIL.replace('/', "")), format!("recipe: 1\n{EVIL}"));
    bakery
}

/// What must never be there, whatever else is: nothing of a hostile text does what it says.
fn harmless(what: &str, text: &str) {
    let found = text.char_indices().find(|(_, c)| is_hazardous(*c) && !matches!(c, '\n' | '\t'));
    if let Some((at, found)) = found {
        let near: String = text[..at].chars().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect();
        panic!("{what}: {found:?} after {near:?}");
    }
}

/// The bytes of the terminal UI without what it says itself: cursor, colours, modes, scrolling.
fn without_our_own(raw: &[u8]) -> String {
    let text = String::from_utf8(raw.to_vec()).expect("UTF-8");
    assert!(!text.contains("\u{1b}[66;66H"), "the cursor was moved from outside");
    assert!(!text.contains("]52;c;RVZJTA==\u{7}"), "the clipboard was filled from outside");
    let ours = Regex::new("\u{1b}(?:\\]52;c;[A-Za-z0-9+/=]*\u{7}|\\[(?:[0-9;]*[HJKmrABCD]|\\?(?:1049|2026|2004|25|100[0236]|1015)[hl])|M)").unwrap();
    ours.replace_all(&text, "").replace('\r', "")
}

/// Every screen and pane there is to see, then the wire.
fn toured(terminal: &mut Terminal, keys: &[&str]) {
    for key in keys {
        terminal.send(key);
        terminal.settle(std::time::Duration::from_millis(150));
    }
    terminal.send("\x1b\x1b");
    terminal.settle(std::time::Duration::from_millis(300));
    terminal.signal(rustix::process::Signal::TERM);
    terminal.ends_with(143);
}

#[test]
fn x01_x05_nothing_an_image_or_a_recipe_says_reaches_the_wire_as_more_than_text() {
    let bakery = house();
    let mut terminal = opened(&command(&bakery), 140, 40);
    terminal.wait_text("team-a/evil");
    let keys = [
        "G", "\r", "o", "j", "G", "y", "\x1b", "d", "*", "j", "j", "\r", "G", "\x1b", "]", "]", "]", "]", "/e\r", "v",
        "j", "\r", "G", "\x1b", "\x1b", "2", "j", "o", "G", "\x1b", "k", "k", "\r", "G", "\x1b", "?", "G",
    ];
    toured(&mut terminal, &keys);
    harmless("the terminal UI", &without_our_own(&terminal.raw()));
}

#[test]
fn x01_x03_no_byte_of_a_log_reaches_the_wire_as_more_than_text() {
    let said = serde_json::to_string(&format!("{EVIL}\n\u{0}{}\n{EVIL}", "x".repeat(1 << 17))).unwrap();
    let path = serde_json::to_string(&format!("/{EVIL}")).unwrap();
    let home = Home::new(&[
        r#"{"kind":"step.started","step":"1"}"#,
        &format!(r#"{{"log":"1","text":{said}}}"#),
        &format!(
            r#"{{"kind":"layer.changed","step":"1","changes":[{{"op":"added","path":{path},"size":1,"mode":420}}]}}"#
        ),
        &format!(r#"{{"kind":"check.started","id":{path}}}"#),
        &format!(r#"{{"kind":"check.finished","id":{path},"verdict":"fail","reason":{path},"evidence":[{path}]}}"#),
        &format!(
            r#"{{"kind":"step.failed","step":"1","millis":1,"failure":{{"message":{path},"causes":[{path}],"help":{path},"exit_code":1}}}}"#
        ),
    ]);
    let (bake, _) = home.detach();
    let log = home.run(&["log", "-f", &bake]);
    harmless("log", &(log.stdout() + &log.stderr()));
    assert!(log.stdout().contains("\\x1b[66;66H"), "it is told: {}", log.stdout());
    let json = home.run(&["log", "--json", &bake]).stdout();
    harmless("log --json", &json);
    for arguments in [&["bakes"][..], &["attach", &bake], &["replay", &bake, "--speed", "1000"], &["bakes", "--json"]] {
        let run = home.run(arguments);
        harmless(&arguments.join(" "), &(run.stdout() + &run.stderr()));
    }
    let mut command = home.command(&[]);
    command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8").env("PATH", std::env::var_os("PATH").unwrap());
    let mut terminal = opened(&command, 140, 40);
    toured(
        &mut terminal,
        &["7", "o", "\x1b", "\r", "l", "g", "g", "w", "/EVIL\r", "\x1b", "\x1b", "c", "\x1b", "v", "\r"],
    );
    harmless("the Bake screen", &without_our_own(&terminal.raw()));
}

#[test]
fn x06_no_command_prints_what_steers_and_json_says_the_same() {
    let bakery = house();
    let image = "local/team-a/evil:1";
    let evil = &EVIL.replace('\u{0}', "")[..];
    let commands: [&[&str]; 20] = [
        &["store", "ls"],
        &["inspect", image],
        &["files", image],
        &["files", image, evil],
        &["cat", image, evil],
        &["diff", image],
        &["diff", image, "local/team-a/evil:2"],
        &["du", image],
        &["check"],
        &["check", "recipes/broken.yaml"],
        &["plan", "recipes/evil.yaml"],
        &["bake", "recipes/broken.yaml"],
        &["verify", image],
        &["evidence", image],
        &["policy", "show"],
        &["fsck"],
        &["inspect", evil],
        &["verify", evil],
        &["log", evil],
        &[evil],
    ];
    for arguments in commands {
        for more in [&[][..], &["--json"], &["--color", "never", "--ascii"]] {
            let output = bakery.run(&[arguments, more].concat());
            let name = format!("{arguments:?} {more:?}");
            for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
                let text = String::from_utf8(bytes.clone()).unwrap_or_else(|_| panic!("{name}: {stream} is no UTF-8"));
                harmless(&format!("{name} {stream}"), &text);
            }
        }
    }
    let config = &bakery.json(&["inspect", image])["config"];
    let text = config.to_string();
    assert!(serde_json::from_str::<serde_json::Value>(&text).unwrap() == *config);
    assert!(text.contains("66;66H"), "the same is said: {text}");
}
