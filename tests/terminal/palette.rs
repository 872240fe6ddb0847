//! The palette in a real terminal: a bake given as a command, found among the commands so far; a passphrase asked for where
//! one is needed; a session that only looks.

use super::bakes::{newest, scripted};
use super::{house, in_demo, opened, stocked};
use crate::bakes::GATED;
use crate::support::bakes::Home;
use crate::support::pty::wait_until;

#[test]
fn a_bake_is_given_as_a_command() {
    let home = Home::new(GATED);
    let mut terminal = opened(&scripted(&home), 100, 30);
    terminal.send("2");
    terminal.wait_text("team-a/app:1.0");
    terminal.send(":");
    terminal.wait_text("Tab complete");
    terminal.send("bake team-a/*");
    terminal.wait_text("bake RECIPE");
    terminal.send("\r");
    terminal.wait_text("baking 0");
    terminal.send("w");
    terminal.wait_text("baking team-a/app:1.0");
    terminal.send("\x1b");
    terminal.wait_for("the list closed", |screen| !screen.contents().contains("under way"));
    terminal.send("@");
    terminal.wait_text("bakery bake ");
    terminal.send("q");
    terminal.wait_for("the list closed", |screen| !screen.contents().contains("commands so far"));
    home.open("gate");
    wait_until("the bake's end", || newest(&home)["status"] != "running");
    assert_eq!(newest(&home)["status"], "ok");
    terminal.send(":quit\r");
    terminal.ends_with(0);
}

#[test]
fn a_passphrase_is_asked_for_where_a_bake_needs_one_and_never_shown() {
    let bakery = stocked();
    let file = bakery.path("shop/bakery.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("passphrase:")).collect();
    std::fs::write(&file, without.join("\n") + "\n").unwrap();
    let passphrase = std::fs::read_to_string(bakery.path("shop/keys/passphrase")).unwrap();
    let mut command = in_demo(&bakery);
    command.env_remove("BAKERY_PASSWORD");
    let mut terminal = opened(&command, 110, 30);
    terminal.send("2");
    // The store shows the same names: only here it is told how a recipe stands.
    terminal.wait_text("never baked");
    terminal.send("b");
    terminal.wait_text("passphrase: ");
    terminal.send("s3cretwrong");
    terminal.wait_text("passphrase: ***********");
    terminal.send("\r");
    terminal.wait_text("wrong passphrase");
    terminal.send(format!("{}\r", passphrase.trim_end()));
    terminal.wait_text("baked in");
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    assert!(!raw.contains("s3cret"), "it reached the screen");
    terminal.send("q");
    terminal.ends_with(0);
}

#[test]
fn a_session_that_only_looks_says_so() {
    let bakery = house();
    let mut command = super::command(&bakery);
    command.arg("--readonly");
    let mut terminal = opened(&command, 80, 24);
    terminal.send("P");
    terminal.wait_text("this session only looks");
    terminal.send("q");
    terminal.ends_with(0);
    let refused = bakery.command(&["--readonly", "bakes"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn keys_and_looking_only_are_settled_in_a_file() {
    let bakery = house();
    let settings = "readonly: true\nkeys:\n  everywhere: {quit: [ctrl-x], halp: [x]}\n";
    bakery.write("home/config/config.yaml", settings);
    let mut terminal = opened(&super::command(&bakery), 80, 24);
    terminal.wait_text("halp");
    terminal.wait_text("read-only");
    terminal.send("P");
    terminal.wait_text("this session only looks");
    terminal.send("?");
    terminal.wait_text(super::HELP);
    terminal.send("\x18");
    terminal.wait_for("help closed", |screen| !screen.contents().contains(super::HELP));
    terminal.send("\x18");
    terminal.ends_with(0);
}
