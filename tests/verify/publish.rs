//! Publishing: everything that vouches for an image goes with it, nothing twice, and the tag is valid at every moment.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::{Shop, Wanted};
use crate::support::docker_registry::DockerRegistry;
use crate::support::peers;

/// A shop that publishes to a registry.
fn shop(registry: &DockerRegistry) -> Shop {
    Shop::with(&format!(
        "stores:\n  global: {{layout: ./global, keys: [keys/global.pub]}}\n  local: {{layout: ./local, publish: {}/teams, \
         key: keys/baker.key, keys: [keys/baker.pub]}}\n",
        registry.host()
    ))
}

/// Every file of a registry's storage, with its size and when it was written.
fn files(folder: &Path) -> BTreeMap<String, (u64, SystemTime)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let facts = entry.metadata().unwrap();
            match facts.is_dir() {
                true => folders.push(entry.path()),
                false => {
                    found.insert(entry.path().display().to_string(), (facts.len(), facts.modified().unwrap()));
                }
            }
        }
    }
    found
}

#[test]
fn what_vouches_for_an_image_goes_with_it_and_nothing_is_sent_twice() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start();
    let shop = shop(&registry);
    let [_, _, app] = shop.chain();
    let published = shop.bakery.json(&["publish", "local/team/app:1"]);
    let reference = format!("{}/teams/team/app:1", registry.host());
    assert_eq!(published["reference"], reference);
    assert_eq!(published["digest"], app.digest.to_string());
    assert!(published["copied"]["blobs"].as_u64().unwrap() > 4, "{published:#}");
    assert!(["pass", "warn"].contains(&published["verified"].as_str().unwrap()), "{published:#}");
    let (code, document) = shop.verify(&[&reference]);
    assert_eq!((code, document["digest"].as_str()), (0, Some(&*app.digest.to_string())), "{document:#}");
    assert_eq!(document["chain"].as_array().unwrap().len(), 3);

    let before = files(registry.folder());
    let again = shop.bakery.json(&["publish", "local/team/app:1"]);
    assert_eq!(again["copied"], serde_json::json!({"blobs": 0, "bytes": 0, "manifests": 0}), "{again:#}");
    assert_eq!(again["skipped"].as_u64(), Some(sent(&published) + skipped(&published)));
    assert_eq!(files(registry.folder()), before, "nothing is written anew");
}

#[test]
fn from_the_terminal_it_is_asked_about_by_the_tag_and_told_with_its_digest() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start();
    let shop = shop(&registry);
    let [_, _, app] = shop.chain();
    let before = files(registry.folder());
    let mut terminal = crate::terminal::opened(&crate::terminal::command(&shop.bakery), 120, 30);
    terminal.send(":publish local/team/app:1\r");
    terminal.wait_text("publish local/team/app:1?");
    let target = format!("{}/teams/team/app:1", registry.host());
    terminal.wait_text(&format!("to {target}"));
    assert_eq!(files(registry.folder()), before, "nothing is sent before it was asked about");
    terminal.send("1\r");
    let shown = terminal.wait_text(&app.digest.to_string()).contents();
    assert!(shown.contains(&format!("published {target}")), "{shown}");
    terminal.send("@");
    terminal.wait_text("bakery publish local/team/app:1");
    terminal.send("q");
    terminal.wait_for("the list closed", |screen| !screen.contents().contains("commands so far"));
    terminal.send("q");
    terminal.ends_with(0);
    assert_eq!(shop.verify(&[&target]).0, 0);
}

fn sent(published: &Value) -> u64 {
    published["copied"]["blobs"].as_u64().unwrap() + published["copied"]["manifests"].as_u64().unwrap()
}

fn skipped(published: &Value) -> u64 {
    published["skipped"].as_u64().unwrap()
}

#[test]
fn an_index_goes_with_its_images_and_what_is_attached_to_each() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start();
    let shop = shop(&registry);
    let [os, ..] = shop.chain();
    let wanted = Wanted {
        name: "team/two:1",
        layers: &["os", "two"],
        base: Some(("global/os:1", &os.digest)),
        ..Wanted::default()
    };
    let images = ["linux/amd64", "linux/amd64/v3"].map(|platform| shop.put_untagged("local", &wanted, platform));
    let index = shop.put_index("local", "team/two:1", images.to_vec());
    for image in images.iter().chain([&index]) {
        shop.sign("local", "team/two:1", image, "baker");
    }
    let published = shop.bakery.json(&["publish", "local/team/two:1"]);
    assert_eq!(published["digest"], index.digest.to_string());
    let (code, document) = shop.verify(&[&format!("{}/teams/team/two:1", registry.host())]);
    assert_eq!(code, 0, "{document:#}");
}

#[test]
fn what_does_not_verify_is_not_sent_and_what_is_not_signed_says_what_to_do() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start();
    let shop = shop(&registry);
    let [_, python, _] = shop.chain();
    let base = Some(("global/python:3", &python.digest));
    shop.put("local", &Wanted { name: "team/bare:1", layers: &["os", "python", "b"], base, ..Wanted::default() });
    let told = shop.bakery.fails(3, &["publish", "local/team/bare:1"]);
    assert!(told.contains("is not published") && told.contains("signature.unsigned"), "{told}");
    assert!(told.contains("help: "), "{told}");
    let forged = shop.put("local", &Wanted { name: "team/forged:1", layers: &["os", "x"], base, ..Wanted::default() });
    shop.sign("local", "team/forged:1", &forged, "baker");
    assert!(shop.bakery.fails(3, &["publish", "local/team/forged:1"]).contains("lineage.forged"));
    assert!(!registry.folder().join("storage/docker/registry/v2/repositories/teams").exists());
}

#[test]
fn where_its_signature_does_not_count_an_image_gets_no_name() {
    if !peers::need(&["docker-registry", "crane"]) {
        return;
    }
    let registry = DockerRegistry::start();
    let shop = shop(&registry);
    shop.chain();
    let host = registry.host();
    let named = |repository: &str| {
        std::process::Command::new("crane")
            .args(["digest", "--insecure", &format!("{host}/{repository}:1")])
            .output()
            .unwrap()
            .status
            .success()
    };
    // Nobody's keys judge what lies there; and under another name it is another image.
    let told = shop.bakery.fails(3, &["publish", "local/team/app:1", "--to", &format!("{host}/elsewhere/team/app:1")]);
    assert!(told.contains("signature.no-keys"), "{told}");
    assert!(!named("elsewhere/team/app"));
    let told = shop.bakery.fails(3, &["publish", "local/team/app:1", "--to", &format!("{host}/teams/other/app:1")]);
    assert!(told.contains("does not get the name"), "{told}");
    assert!(!named("teams/other/app"));
    // Another tag of the same name is fine.
    shop.bakery.ok(&["publish", "local/team/app:1", "--to", &format!("{host}/teams/team/app:stable")]);
    assert_eq!(shop.verify(&[&format!("{host}/teams/team/app:stable")]).0, 0);
}

#[test]
fn usage_is_told() {
    let shop = Shop::new();
    shop.chain();
    let told = shop.bakery.fails(2, &["publish", "local/team/app:1"]);
    assert!(told.contains("publish:"), "{told}");
    assert!(shop.bakery.fails(2, &["publish", "local/a:1", "local/b:1", "--to", "local/c:1"]).contains("--to"));
}

/// Numbers that look random and are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn h01_killed_at_random_moments_the_tag_is_old_and_valid_or_new_and_valid() {
    if !peers::need(&["docker-registry", "crane"]) {
        return;
    }
    let kills: u64 = std::env::var("BAKERY_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let registry = DockerRegistry::start();
    let shop = shop(&registry);
    let [_, python, app] = shop.chain();
    let started = std::time::Instant::now();
    shop.bakery.ok(&["publish", "local/team/app:1"]);
    let whole = started.elapsed();
    let reference = format!("{}/teams/team/app:1", registry.host());
    let points_to = || crate::support::bakery::peer("crane", &["digest", "--insecure", &reference]).trim().to_owned();
    let mut old = app.digest.to_string();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut killed, mut moved) = (0, 0);
    for round in 0..kills {
        let own = format!("round {round}");
        let layers = ["os", "python", &own];
        let base = Some(("global/python:3", &python.digest));
        let new = shop.put("local", &Wanted { name: "team/app:1", layers: &layers, base, ..Wanted::default() });
        shop.sign("local", "team/app:1", &new, "baker");
        let new = new.digest.to_string();
        let mut child = shop
            .bakery
            .command(&["publish", "local/team/app:1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = Duration::from_micros(random.below(u64::try_from(whole.as_micros()).unwrap() * 5 / 4));
        let begun = std::time::Instant::now();
        while begun.elapsed() < until && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        killed += u64::from(child.kill().is_ok() && !child.wait().unwrap().success());
        let now = points_to();
        assert!(now == old || now == new, "{now} is neither {old} nor {new}");
        moved += u64::from(now == new);
        let (code, document) = shop.verify(&[&reference]);
        assert_eq!(code, 0, "after kill {round}: {document:#}");
        shop.bakery.ok(&["publish", "local/team/app:1"]);
        assert_eq!(points_to(), new, "the next run brings it to its end");
        old = new;
    }
    // How long a whole one takes was measured once, and may have been slower than those that followed.
    assert!(killed * 4 >= kills, "only {killed} of {kills} were killed in time ({moved} had moved the tag)");
}
