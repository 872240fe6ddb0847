//! The main job in a real terminal: choose a base, edit, bake, watch; and bakes that go on whatever becomes of whoever
//! watched them.

use std::process::Command;

use super::{in_demo, number, opened, stocked, text};
use crate::bakes::GATED;
use crate::support::bakes::Home;
use crate::support::pty::{Terminal, wait_until};

/// `bakery` in a terminal, bakes played by a script.
pub(super) fn scripted(home: &Home) -> Command {
    let mut command = home.command(&[]);
    command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", home.path("home"));
    command
}

/// Starts a bake from the Recipes screen and waits until it is at its gate.
pub fn baking(home: &Home, (columns, rows): (u16, u16)) -> Terminal {
    let terminal = opened(&scripted(home), columns, rows);
    terminal.send("2");
    terminal.wait_text("team-a/app:1.0");
    terminal.send("b");
    terminal.wait_text("baking 0");
    terminal
}

pub fn newest(home: &Home) -> serde_json::Value {
    let rows: serde_json::Value = serde_json::from_str(&home.run(&["bakes", "--json"]).stdout()).unwrap();
    rows.as_array().unwrap().first().cloned().unwrap_or_default()
}

#[test]
fn choose_a_base_take_it_back_edit_bake_and_find_it_again() {
    let bakery = stocked();
    let recipe = bakery.path("shop/recipes/team-a/payments-api/payments-api.yaml");
    let read = || std::fs::read_to_string(&recipe).unwrap();
    let before = read();
    let mut terminal = opened(&in_demo(&bakery), 120, 36);
    terminal.wait_text("global/apache:2");
    terminal.send("/node\r");
    terminal.wait_text("global/node:18");
    terminal.send("c");
    terminal.wait_text("becomes the base of");
    terminal.send("payments\r");
    terminal.wait_text("is now based on global/node:18");
    assert_eq!(read(), before.replace("base: global/python:3", "base: global/node:18"), "nothing but the base changed");
    terminal.send("z");
    terminal.wait_text("is as it was");
    assert_eq!(read(), before);
    terminal.send("e");
    terminal.wait_text("Ctrl-o save");
    terminal.send("# ours\r");
    terminal.wait_text("modified");
    terminal.send("\x0f");
    terminal.wait_text("saved ");
    assert_eq!(read(), format!("# ours\n{before}"));
    terminal.send("\x1b");
    terminal.wait_text("team-a/storefront");
    terminal.send("b");
    terminal.wait_text("baked in");
    terminal.send("7");
    terminal.wait_text("team-b/reports");
    terminal.send("q");
    terminal.ends_with(0);
    let mut command = bakery.command(&["bakes", "--json"]);
    let rows: serde_json::Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert_eq!((&rows[0]["reference"], &rows[0]["status"]), (&"team-a/payments-api:1.4.0".into(), &"ok".into()));
}

#[test]
fn h09_a_bake_goes_on_when_its_terminal_is_killed_twenty_times_of_twenty() {
    let home = Home::new(GATED);
    for round in 0..20 {
        let mut terminal = baking(&home, (100, 30));
        terminal.hang_up();
        home.open("gate");
        wait_until("the bake's end", || newest(&home)["status"] != "running");
        assert_eq!(newest(&home)["status"], "ok", "round {round}");
        std::fs::remove_file(home.path("gate")).unwrap();
    }
    let rows: serde_json::Value = serde_json::from_str(&home.run(&["bakes", "--json"]).stdout()).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 20);
}

#[test]
fn v08_viewers_come_and_go_and_each_sees_everything() {
    let home = Home::new(GATED);
    let mut first = baking(&home, (100, 30));
    let mut second = opened(&scripted(&home), 140, 40);
    second.send("7");
    second.wait_text("team-a/app:1.0");
    second.send("\r");
    second.wait_text("baking 0");
    first.send("q");
    first.ends_with(0);
    home.open("gate");
    second.wait_text("baked in");
    let mut third = opened(&scripted(&home), 80, 24);
    third.send("3");
    third.wait_text("baked in");
    for viewer in [&mut second, &mut third] {
        viewer.send("q");
        viewer.ends_with(0);
    }
}

#[test]
fn v08_many_viewers_of_many_sizes_end_with_what_a_late_one_sees() {
    let home = Home::new(GATED);
    let first = baking(&home, (100, 30));
    let sizes: Vec<(u16, u16)> =
        (0..number("BAKERY_VIEWERS", 8)).zip(0_u16..).map(|(_, at)| (60 + 3 * at, 16 + at)).collect();
    let viewers: Vec<Terminal> =
        sizes.iter().map(|(columns, rows)| opened(&scripted(&home), *columns, *rows)).collect();
    for viewer in &viewers {
        viewer.send("3");
        viewer.wait_text("baking");
    }
    home.open("gate");
    first.wait_text("baked in");
    for (viewer, (columns, rows)) in viewers.iter().zip(sizes) {
        viewer.wait_text("baked in");
        let late = opened(&scripted(&home), columns, rows);
        late.send("3");
        late.wait_text("baked in");
        late.settle(std::time::Duration::from_millis(300));
        let wanted = text(&late.screen());
        viewer.wait_for("what a late one sees", |screen| text(screen) == wanted);
    }
}

#[test]
fn a_bake_is_cancelled_only_when_the_answer_is_yes() {
    let home = Home::new(GATED);
    let mut terminal = baking(&home, (100, 30));
    terminal.send("x");
    terminal.wait_text("cancel this bake?");
    terminal.send("\r");
    terminal.wait_for("no question", |screen| !screen.contents().contains("cancel this bake?"));
    assert_eq!(newest(&home)["status"], "running", "no is the focused answer");
    terminal.send("xy");
    terminal.wait_text("cancelled after");
    terminal.send("q");
    terminal.ends_with(0);
    assert_eq!(newest(&home)["status"], "cancelled");
}
