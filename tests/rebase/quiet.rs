//! What is only asked leaves nothing behind, and needs nothing that can be written; what cannot be written is said, and nothing is
//! half there.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::house::{FILES, House, OWN, signed_house};
use crate::support::bakery::Bakery;
use crate::support::peers::need;

/// Every path below a folder, with what would show that somebody was there: size, inode, times.
pub fn listing(folder: &Path) -> BTreeMap<String, (u64, u64, i64, i64)> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let (path, about) = (entry.path(), entry.metadata().unwrap());
            let when = (about.mtime(), about.mtime_nsec());
            found.insert(path.display().to_string(), (about.len(), about.ino(), when.0, when.1));
            if about.is_dir() {
                open.push(path);
            }
        }
    }
    found
}

#[test]
fn a_dry_run_leaves_the_store_as_it_is_whatever_the_answer() {
    let house = House::new();
    house.app("app", OWN);
    house.app("over", "steps:\n  - write: {to: /etc/conf, content: mine}\n");
    house.app("two", &format!("platforms: [linux/amd64, linux/arm64]\n{OWN}"));
    house.moves(&[("etc/conf", "2")], "{}");
    let before = listing(&house.baker.path("local"));
    for (name, answer) in [("app", "safe"), ("over", "needs-rebake"), ("two", "safe")] {
        let (_, told) = house.rebase(&[&format!("local/team/{name}:1"), "--dry-run"]);
        assert_eq!(told["answer"], answer, "{told:#}");
    }
    house.baker.ok(&["impact", "global/os:12", "--onto", "global/os:12"]);
    assert_eq!(listing(&house.baker.path("local")), before);
    // What was foreseen is what is made.
    let (_, foreseen) = house.rebase(&["local/team/two:1", "--dry-run"]);
    let (_, told) = house.rebase(&["local/team/two:1"]);
    assert_eq!((&told["done"], &told["digest"]), (&json!(true), &foreseen["digest"]));
}

/// The baker's store, and whatever else is named, where nothing can be written: mounted so in a namespace of the command's own.
pub fn read_only(baker: &Bakery, places: &[&str], arguments: &[&str]) -> Output {
    let bakery = baker.command(arguments);
    let mut script = String::new();
    for place in places {
        let place = baker.path(place).display().to_string();
        script += &format!("mount --bind {place} {place} && mount -o remount,bind,ro {place} && ");
    }
    script += "exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", &script, "sh"]).arg(bakery.get_program());
    command.args(bakery.get_args()).current_dir(bakery.get_current_dir().unwrap());
    for (name, value) in bakery.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.output().unwrap()
}

fn told(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn a_store_that_cannot_be_written_can_be_asked_and_a_real_rebase_says_what_it_cannot_write() {
    if !need(&["unshare"]) {
        return;
    }
    for house in [House::new(), signed_house()] {
        house.app("app", OWN);
        house.base("os:12", &[&FILES[1..6], &[("etc/conf", "2")]].concat(), "{}", 200);
        let before = (listing(&house.baker.path("local")), house.digest("app"));
        let dry = read_only(&house.baker, &["local"], &["rebase", "local/team/app:1", "--dry-run", "--json"]);
        assert_eq!((dry.status.code(), &told(&dry)["answer"]), (Some(0), &json!("safe")));
        let impact = ["impact", "global/os:12", "--onto", "global/os:12", "--json"];
        let impact = read_only(&house.baker, &["local"], &impact);
        assert_eq!(told(&impact)["images"][0]["rebase"]["answer"], "safe", "{:#}", told(&impact));
        let assessed = read_only(&house.baker, &["local"], &["lineage", "--assess", "--json"]);
        assert!(assessed.status.success() && told(&assessed).to_string().contains("rebase"), "{:#}", told(&assessed));
        let real = read_only(&house.baker, &["local"], &["rebase", "local/team/app:1", "--json"]);
        let said = String::from_utf8_lossy(&real.stderr).into_owned();
        assert_eq!(real.status.code(), Some(1), "{said}");
        assert!(said.contains("Read-only file system") && said.contains("local/team/app:1"), "{said}");
        assert_eq!((listing(&house.baker.path("local")), house.digest("app")), before);
    }
}

#[test]
fn a_lock_that_cannot_be_written_is_said_and_the_image_is_rebased_all_the_same() {
    if !need(&["unshare"]) {
        return;
    }
    let house = House::new();
    house.app("app", OWN);
    house.moves(&[("etc/conf", "2")], "{}");
    let lock = std::fs::read(house.baker.path("recipes/app/app.lock")).unwrap();
    let real = read_only(&house.baker, &["recipes"], &["rebase", "local/team/app:1", "--json"]);
    let said = String::from_utf8_lossy(&real.stderr).into_owned();
    assert_eq!(real.status.code(), Some(1), "{said}");
    assert!(said.contains("is rebased, but its recipe's lock did not follow") && said.contains("app.lock"), "{said}");
    assert_eq!(std::fs::read(house.baker.path("recipes/app/app.lock")).unwrap(), lock);
    let (code, told) = house.rebase(&["local/team/app:1"]);
    assert_eq!((code, &told["answer"], &told["lock"]["written"]), (0, &json!("current"), &json!(true)), "{told:#}");
}
