//! A base moves: what is built on it is seen to be stale, and is put on the new one, from the Lineage screen.

use crate::support::bakery::{Bakery, succeeded};

use super::{command, opened};

/// The global team with a store, a baker with an image on its base, and a new version of that base.
fn house() -> (Bakery, Bakery) {
    let global = Bakery::with_workspace("bakery: 1\nstores:\n  local: {layout: ./store}\nrecipes: recipes\n");
    let baker = Bakery::with_workspace(&format!(
        "bakery: 1\nstores:\n  global: {{layout: {}}}\n  local: {{layout: ./local}}\nrecipes: recipes\n",
        global.path("store").display()
    ));
    base(&global, "1", "100");
    baker.write(
        "recipes/app/app.yaml",
        "recipe: 1\nname: team/app\ntag: \"1\"\nbase: global/os:12\nsteps:\n  - write: {to: /srv/app, content: hello}\n",
    );
    baker.ok(&["bake", "recipes/app/app.yaml"]);
    base(&global, "2", "200");
    (global, baker)
}

fn base(global: &Bakery, content: &str, at: &str) {
    let recipe = format!(
        "recipe: 1\nname: os\ntag: \"12\"\nbase: scratch\nsteps:\n  - write: {{to: /etc/version, content: \"{content}\"}}\n"
    );
    global.write("recipes/os/os.yaml", recipe);
    let mut command = global.command(&["bake", "recipes/os/os.yaml"]);
    succeeded(&command.env("SOURCE_DATE_EPOCH", at).output().unwrap(), "the base's bake");
}

#[test]
fn a_stale_image_is_seen_and_rebased() {
    let (_global, baker) = house();
    let digest = || baker.json(&["inspect", "local/team/app:1"])["digest"].as_str().unwrap().to_owned();
    let before = digest();
    let mut terminal = opened(&command(&baker), 120, 36);
    terminal.send("6");
    terminal.wait_text("1 stale");
    terminal.wait_text("1 version behind global/os:12");
    terminal.send("R");
    terminal.wait_text("can be rebased");
    assert_eq!(digest(), before, "nothing moves before it was asked");
    terminal.send("\r");
    terminal.wait_text("rebase local/team/app:1?");
    terminal.send("y");
    terminal.wait_text("is rebased");
    terminal.wait_text("nothing stale");
    assert_ne!(digest(), before);
    assert_eq!(baker.json(&["lineage"])["stale"], 0);
    terminal.send("@");
    terminal.wait_text("bakery rebase local/team/app:1 --dry-run");
    terminal.send("\x1b");
    terminal.wait_for("the commands closed", |screen| !screen.contents().contains("commands so far"));
    terminal.send("q");
    terminal.ends_with(0);
}

#[test]
fn a_session_that_only_looks_sees_what_is_stale_and_moves_nothing() {
    let (_global, baker) = house();
    let mut command = command(&baker);
    command.arg("--readonly");
    let mut terminal = opened(&command, 80, 24);
    terminal.send("6");
    terminal.wait_text("1 stale");
    terminal.send("R");
    terminal.wait_text("this session only looks");
    terminal.send("q");
    terminal.ends_with(0);
    assert_eq!(baker.json(&["lineage"])["stale"], 1);
}

#[test]
fn a_base_that_moves_while_somebody_looks_shows_by_itself() {
    let (global, baker) = house();
    baker.write("home/config/config.yaml", "watch-every: 1\n");
    baker.ok(&["rebase", "local/team/app:1"]);
    let mut terminal = opened(&command(&baker), 120, 36);
    terminal.send("6");
    terminal.wait_text("nothing stale");
    base(&global, "3", "300");
    let screen = terminal.wait_text("1 stale");
    assert!(!screen.contents().contains("reading"), "{}", screen.contents());
    terminal.wait_text("global/os:12 has moved");
    terminal.send("n");
    terminal.wait_text("1 version behind global/os:12");
    terminal.send("q");
    terminal.ends_with(0);
}
