//! A batch begun in the terminal UI, in a real terminal: it is followed to its end whatever its builders do, and keys are answered
//! meanwhile.

use std::collections::BTreeMap;
use std::process::Command;

use super::opened;
use crate::support::bakery::Bakery;
use crate::support::pool::{Scripted, play, pooled};
use crate::support::pty::{Terminal, wait_until};

/// Bakes that wait until the test says go.
const GATED: &str = r#"{"gate":"@/go"}"#;

fn at(bakery: &Bakery) -> Command {
    let mut command = play(bakery, &[]);
    command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
    command
}

/// All recipes marked and begun; the Bakes screen shows.
fn begun(bakery: &Bakery, recipes: usize) -> Terminal {
    let terminal = opened(&at(bakery), 120, 36);
    terminal.send("2");
    terminal.wait_text("team-0/app-0:1");
    terminal.send(" j".repeat(recipes));
    terminal.wait_text(&format!("{recipes} marked"));
    terminal.send("b");
    terminal
}

/// By image: how each of its bakes ended, and on which builder.
fn ends(bakery: &Bakery) -> BTreeMap<String, Vec<(String, String)>> {
    let mut found: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for row in bakery.json(&["bakes"]).as_array().unwrap() {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        found.entry(text(&row["reference"])).or_default().push((text(&row["status"]), text(&row["builders"][0])));
    }
    found
}

fn count(bakery: &Bakery, wanted: impl Fn(&(String, String)) -> bool) -> usize {
    ends(bakery).values().flatten().filter(|end| wanted(end)).count()
}

#[test]
fn keys_are_answered_while_a_builder_hangs_and_all_is_baked_once() {
    let builders: [Scripted; 3] =
        [("one", "", GATED), ("mute", ", timeout: 6s", r#"{"gate":"@/never"}"#), ("three", "", GATED)];
    let bakery = pooled(12, &builders);
    let mut terminal = begun(&bakery, 12);
    terminal.wait_text("3 of 3 at work");
    // One of them hangs for good, and whoever sits there does not notice.
    wait_until("one at work on the mute", || count(&bakery, |(status, on)| status == "running" && on == "mute") == 1);
    for _ in 0..3 {
        terminal.send("2");
        terminal.wait_text("never baked here");
        terminal.send("7");
        terminal.wait_text("0 of 12 baked");
    }
    terminal.wait_text("mute said nothing for 6 s; ");
    terminal.wait_for("the builder left alone", |screen| {
        let text = screen.contents();
        text.lines().any(|line| line.contains("mute") && line.contains("0 of 1") && line.contains("left alone for"))
            && text.contains("10 wait")
    });
    terminal.send("w");
    terminal.wait_text("0 of 12 baked, 2 at work");
    terminal.send("\x1b");
    bakery.write("go", "");
    terminal.wait_for("the end's news", |screen| screen.contents().replace("of 12 baked", "").contains("12 baked"));
    let ends = ends(&bakery);
    assert_eq!(ends.len(), 12);
    for (image, ends) in &ends {
        assert_eq!(ends.iter().filter(|(status, _)| status == "ok").count(), 1, "{image}: {ends:?}");
    }
    assert_eq!(count(&bakery, |(status, on)| status == "cancelled" && on == "mute"), 1, "{ends:?}");
    assert_eq!(count(&bakery, |_| true), 13, "{ends:?}");
    terminal.send("q");
    terminal.ends_with(0);
}

#[test]
fn recipes_asked_for_meanwhile_join_those_under_way() {
    let bakery = pooled(4, &[("one", "", GATED), ("two", "", r#"{"gate":"@/second"}"#)]);
    let mut terminal = begun(&bakery, 2);
    terminal.wait_text("2 of 2 at work");
    terminal.send("2");
    terminal.wait_text("team-2/app-2:1");
    terminal.send("Gb");
    terminal.wait_text("1 recipe joins those under way");
    terminal.wait_text("1 waits");
    terminal.wait_text("0 of 3 baked");
    // One of the first two ends, and its place is taken though the other one goes on.
    bakery.write("go", "");
    wait_until("the one that joined", || ends(&bakery).contains_key("team-0/app-3:1"));
    terminal.wait_text("2 of 3 baked");
    assert_eq!(count(&bakery, |(status, on)| status == "running" && on == "two"), 1, "{:?}", ends(&bakery));
    bakery.write("second", "");
    terminal.wait_for("the end's news", |screen| screen.contents().replace("of 3 baked", "").contains("3 baked"));
    assert_eq!(count(&bakery, |(status, _)| status == "ok"), 3, "{:?}", ends(&bakery));
    terminal.send("q");
    terminal.ends_with(0);
}

#[test]
fn what_has_not_begun_goes_on_by_itself_when_nobody_follows_it_any_more() {
    for hangs_up in [false, true] {
        let bakery = pooled(5, &[("one", "", GATED), ("two", "", GATED)]);
        let child = "recipe: 1\nname: team-1/app-4\ntag: \"1\"\nbase: local/team-0/app-0:1\n";
        bakery.write("recipes/app-4.yaml", child);
        let mut terminal = begun(&bakery, 5);
        terminal.wait_text("2 of 2 at work");
        if hangs_up {
            terminal.hang_up();
            terminal.ends_with(129);
        } else {
            terminal.send("q");
            terminal.ends_with(0);
        }
        let told = || String::from_utf8(bakery.run(&["bakes"]).stderr).unwrap();
        wait_until("the batch", || told().contains("is at work, 3 recipes not begun"));
        assert_eq!(count(&bakery, |_| true), 2, "no more at once than before: {:?}", ends(&bakery));
        bakery.write("go", "");
        wait_until("the end of all", || count(&bakery, |(status, _)| status == "ok") == 5);
        wait_until("the end of the batch", || !told().contains("is at work"));
        assert_eq!(count(&bakery, |_| true), 5, "none twice: {:?}", ends(&bakery));
        let rows = bakery.json(&["bakes"]);
        let of = |image: &str, key: &str| {
            let row = rows.as_array().unwrap().iter().find(|row| row["reference"] == image).unwrap();
            row[key].as_str().unwrap().to_owned()
        };
        assert!(of("team-0/app-0:1", "finished") <= of("team-1/app-4:1", "started"), "{rows:#}");
    }
}

#[test]
fn stopping_asks_first_and_loses_nothing_silently() {
    let bakery = pooled(5, &[("one", "", GATED), ("two", "", GATED)]);
    let mut terminal = begun(&bakery, 5);
    terminal.wait_text("2 of 2 at work");
    terminal.send("X");
    terminal.wait_text("2 at work stop where they are; 3 that wait are not begun");
    terminal.send("y");
    terminal.wait_text("0 baked, 5 cancelled");
    wait_until("the end of those that ran", || count(&bakery, |(status, _)| status == "running") == 0);
    assert_eq!(count(&bakery, |_| true), 2, "{:?}", ends(&bakery));
    terminal.send("q");
    terminal.ends_with(0);
}

#[test]
fn one_recipe_goes_to_the_pool_too_and_elsewhere_when_its_builder_is_at_fault() {
    let bakery = pooled(1, &[("mute", ", timeout: 1s", r#"{"gate":"@/never"}"#), ("well", "", r#"{"pause":20}"#)]);
    let terminal = opened(&at(&bakery), 120, 36);
    terminal.send("2");
    terminal.wait_text("team-0/app-0:1");
    terminal.send("b");
    terminal.wait_text("is baked elsewhere");
    wait_until("the second bake's end", || count(&bakery, |(status, on)| status == "ok" && on == "well") == 1);
    assert_eq!(ends(&bakery)["team-0/app-0:1"].len(), 2);
}

#[test]
fn recipes_begun_one_by_one_share_the_builders_places() {
    let bakery = pooled(3, &[("one", "", GATED)]);
    let mut terminal = opened(&at(&bakery), 120, 36);
    terminal.send("2");
    terminal.wait_text("team-0/app-0:1");
    terminal.send("b");
    terminal.wait_for("its bake on show", |screen| screen.contents().contains("> ◇ team-0/app-0:1 ─"));
    terminal.send("2");
    terminal.wait_text("team-2/app-2:1");
    terminal.send("Gb");
    terminal.wait_text("1 recipe joins those under way");
    terminal.wait_text("1 waits");
    assert_eq!(count(&bakery, |_| true), 1, "the builder takes one at a time: {:?}", ends(&bakery));
    bakery.write("go", "");
    wait_until("both", || count(&bakery, |(status, _)| status == "ok") == 2);
    terminal.wait_for("the end's news", |screen| screen.contents().replace("of 2 baked", "").contains("2 baked"));
    let rows = bakery.json(&["bakes"]);
    let of = |at: usize, key: &str| rows[at][key].as_str().unwrap().to_owned();
    assert!(of(1, "finished") <= of(0, "started"), "one after the other: {rows:#}");
    terminal.send("q");
    terminal.ends_with(0);
}

#[test]
fn keys_that_come_at_once_make_no_second_pool_either() {
    let bakery = pooled(2, &[("one", "", GATED)]);
    let mut terminal = opened(&at(&bakery), 120, 36);
    terminal.send("2");
    terminal.wait_text("team-1/app-1:1");
    // Before anything was told of the first.
    terminal.send("bjb");
    wait_until("the first", || count(&bakery, |_| true) == 1);
    terminal.send("7");
    terminal.wait_text("1 waits");
    assert_eq!(count(&bakery, |_| true), 1, "{:?}", ends(&bakery));
    bakery.write("go", "");
    wait_until("both", || count(&bakery, |(status, _)| status == "ok") == 2);
    terminal.send("q");
    terminal.ends_with(0);
}
