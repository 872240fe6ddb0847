//! `bakery config`: what counts and why, the file of comments, an editor that comes back with mistakes.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::bakery::Bakery;
use crate::support::pty::Terminal;

const FILE: &str = "home/config/config.yaml";

fn setting<'a>(shown: &'a Value, key: &str) -> &'a Value {
    shown["settings"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("{key}"))
}

#[test]
fn shows_what_counts_and_where_it_comes_from() {
    let bakery = Bakery::new();
    let shown = bakery.json(&["config", "show"]);
    assert_eq!((&shown["exists"], &setting(&shown, "mouse")["value"]), (&Value::Bool(false), &Value::Bool(true)));
    assert_eq!(setting(&shown, "theme")["from"], "default");
    bakery.write(FILE, "# mine\ntheme: nord\npack:\n  level: 9\nroles: {stale: {fg: \"#ff9e64\"}}\n");
    let shown = bakery.json(&["config", "show"]);
    let theme = setting(&shown, "theme");
    assert_eq!((&theme["value"], &theme["from"], &theme["line"]), (&"nord".into(), &"config.yaml".into(), &2.into()));
    let level = setting(&shown, "pack.level");
    assert_eq!((&level["value"], &level["line"]), (&9.into(), &4.into()));
    assert_eq!(setting(&shown, "pack.compression")["value"], "gzip");
    assert_eq!(setting(&shown, "parallel")["otherwise"], "one a processor");
    assert!(shown["settings"].as_array().unwrap().iter().all(|row| !row["about"].as_str().unwrap().is_empty()));
    let text = bakery.ok(&["config", "show"]);
    let line = text.lines().find(|line| line.trim_start().starts_with("theme ")).unwrap();
    assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["theme", "line", "2", "nord"]);
    assert!(text.contains("Colours of the terminal UI") && text.contains("(one a processor)"), "{text}");
    // Neither a workspace nor a terminal is needed.
    std::fs::remove_file(bakery.path("bakery.yaml")).unwrap();
    assert_eq!(bakery.ok(&["config", "path"]).trim(), bakery.path(FILE).display().to_string());
    bakery.ok(&["config", "show", "--default"]);
}

#[test]
fn mistakes_have_places_and_end_with_2() {
    let bakery = Bakery::new();
    let told = |text: &str| {
        bakery.write(FILE, text);
        bakery.fails(2, &["config", "show"])
    };
    assert!(told("tehme: dark\n").contains("config.yaml:1:1: unknown key `tehme` in settings; did you mean `theme`?"));
    assert!(told("theme: drak\n").contains("did you mean `dark`?"));
    let stderr = told("mouse: true\nroles:\n  stal: {fg: red}\n");
    assert!(stderr.contains("config.yaml:3:3: unknown role `stal`; did you mean `stale`?"), "{stderr}");
    let stderr = told("roles: {stale: {fg: orange}}\n");
    assert!(stderr.contains("config.yaml:1:21: `fg`: `orange` is no colour"), "{stderr}");
    bakery.write("home/config/themes/mine.yaml", "theme: 1\ninherits: dark\nroles:\n  stail: {}\n");
    bakery.write("home/config/themes/good.yaml", "theme: 1\ninherits: nord\nabout: mine\n");
    bakery.write(FILE, "theme: good\n");
    let text = bakery.ok(&["config", "show"]);
    assert!(text.contains("✔ good") && text.contains("mine.yaml:4:3: unknown role `stail`"), "{text}");
    bakery.write(FILE, "keys:\n  store: {verfy: [f5], compare: [ctrl-s]}\n");
    let output = bakery.run(&["config", "show", "--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let problems: Vec<&str> =
        told["key_problems"].as_array().unwrap().iter().map(|told| told.as_str().unwrap()).collect();
    assert_eq!((output.status.code(), problems.len()), (Some(2), 2), "{problems:?}");
    assert!(problems[0].starts_with("config.yaml:2:") && problems[0].contains("`verify`"), "{problems:?}");
    assert!(problems[1].contains("ctrl-s"), "{problems:?}");
}

#[test]
fn plain_characters_are_a_setting() {
    let bakery = Bakery::new();
    bakery.write("home/config/themes/good.yaml", "theme: 1\ninherits: nord\n");
    assert!(bakery.ok(&["config", "show"]).contains('✔'));
    bakery.write(FILE, "ascii: true\n");
    let text = bakery.ok(&["config", "show"]);
    assert!(text.is_ascii() && text.contains("[ok] good"), "{text}");
}

#[test]
fn a_role_of_ones_own_shows_over_any_theme() {
    let bakery = Bakery::new();
    bakery.write(FILE, "roles: {text.strong: {fg: \"#123456\"}}\n");
    for theme in ["dark", "nord", "light"] {
        bakery.ok(&["screenshot", "store", "--theme", theme]);
        let svg = std::fs::read_to_string(bakery.path("store.svg")).unwrap();
        assert!(svg.contains("#123456"), "{theme}");
    }
    bakery.write(FILE, "roles: {text.stong: {fg: \"#123456\"}}\n");
    assert!(bakery.fails(2, &["screenshot", "store"]).contains("did you mean `text.strong`?"));
}

/// A command line with `$EDITOR` a script of the test's own; the file is its argument.
fn editing(bakery: &Bakery, script: &str) -> std::process::Command {
    let script: PathBuf = bakery.write("edit.sh", script);
    let mut command = bakery.command(&["config", "edit"]);
    command.env("EDITOR", format!("sh {}", script.display())).env("LANG", "C.UTF-8").env("TERM", "xterm-256color");
    command
}

#[test]
fn editing_makes_the_file_and_tells_mistakes() {
    let bakery = Bakery::new();
    let output = editing(&bakery, "cp \"$1\" seen.yaml\n").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen = std::fs::read_to_string(bakery.path("seen.yaml")).unwrap();
    assert_eq!(seen.trim_end(), bakery.ok(&["config", "show", "--default"]).trim_end());
    assert_eq!(std::fs::read_to_string(bakery.path(FILE)).unwrap(), seen, "the editor left it as it was");
    let output = editing(&bakery, "echo 'mouse: 3' >\"$1\"\n").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("config.yaml:1:8: `mouse` must be true or false"));
    let output = editing(&bakery, "exit 3\n").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn in_a_terminal_the_editor_is_offered_again() {
    let bakery = Bakery::new();
    let script = "if grep -q 'mouse: 3' \"$1\"; then echo 'mouse: true' >\"$1\"; else echo 'mouse: 3' >\"$1\"; fi\n";
    let mut terminal = Terminal::start(&editing(&bakery, script), 100, 24);
    terminal.wait_text("edit it again? [Y/n]");
    terminal.send("\r");
    terminal.wait_text("no problems");
    terminal.ends_with(0);
    let mut terminal = Terminal::start(&editing(&bakery, "echo 'mouse: 4' >\"$1\"\n"), 100, 24);
    terminal.wait_text("edit it again? [Y/n]");
    terminal.send("n\r");
    terminal.ends_with(2);
}
