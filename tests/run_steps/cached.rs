//! Which steps run again: said before the bake, and done by it.

use super::bench::{bench, events, of, reasons, snapshots, with};
use crate::support::bakery::Bakery;

const STEPS: &str = "  - run:
      script: 'echo one > /etc/one'
      secrets: [token]
      network: none
  - run: echo two > /etc/two
  - run: 'true'
";

fn stocked(steps: &str) -> Bakery {
    let bakery = bench();
    bakery.write("token", "first");
    with(&bakery, "app", steps);
    bakery
}

const SECRET: [&str; 4] = ["--secret", "token=file:token", "--secret", "other=file:token"];

fn bake(bakery: &Bakery, more: &[&str]) -> Vec<serde_json::Value> {
    let arguments = [&["bake", "recipes/app.yaml", "--json"], &SECRET[..], more].concat();
    let output = bakery.run(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    events(&output)
}

fn why(bakery: &Bakery, more: &[&str]) -> Vec<String> {
    reasons(bakery, &[&["recipes/app.yaml"], &SECRET[..], more].concat())
}

fn ran(events: &[serde_json::Value]) -> Vec<&str> {
    let steps = of(events, "step.started").into_iter().map(|event| event["step"].as_str().unwrap());
    steps.filter(|step| *step != "base").collect()
}

#[test]
fn the_plan_says_what_runs_and_the_bake_does_so() {
    let bakery = stocked(STEPS);
    assert_eq!(why(&bakery, &[]), ["never baked here"; 3]);
    assert_eq!(ran(&bake(&bakery, &[])), ["1", "2", "3"]);
    assert_eq!(why(&bakery, &[]), ["cached"; 3], "a step that changed nothing is cached, too");
    bakery.write("token", "second");
    let again = bake(&bakery, &[]);
    assert_eq!(ran(&again), [""; 0], "the value of a secret is no input");
    let sealed = of(&again, "layer.sealed");
    assert_eq!(sealed.len(), 2, "the third makes no layer");
    assert_eq!(why(&bakery, &["--no-cache"]), ["no cache was asked for"; 3]);
    assert_eq!(ran(&bake(&bakery, &["--no-cache"])), ["1", "2", "3"]);

    let below = ["the step changed", "step 1 below it runs", "step 2 below it runs"];
    let changes = [
        ("echo one", "echo eins", "the script"),
        ("      secrets:", "      env: {MORE: ''}\n      secrets:", "the environment"),
        ("[token]", "[token, other]", "a secret's name"),
        ("      secrets:", "      cache: [/var/cache/x]\n      secrets:", "a kept folder"),
        ("network: none", "network: host", "the network"),
        ("      secrets:", "      user: root\n      secrets:", "the user"),
    ];
    for (from, to, what) in changes {
        let changed = STEPS.replacen(from, to, 1);
        assert_ne!(changed, STEPS, "{what}");
        with(&bakery, "app", &changed);
        assert_eq!(why(&bakery, &[]), below, "{what}");
    }
    with(&bakery, "app", STEPS);
    assert_eq!(why(&bakery, &[]), ["cached"; 3], "what was there is there still");
}

#[test]
fn a_step_that_failed_runs_again() {
    let bakery = stocked("  - run: echo made > /etc/made\n  - run: test -e /etc/never\n");
    for _ in 0..2 {
        let output = bakery.run(&["bake", "recipes/app.yaml", "--json"]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(of(&events(&output), "step.failed").len(), 1);
        assert_eq!(reasons(&bakery, &["recipes/app.yaml"])[0], "cached");
    }
}

#[test]
fn snapshots_that_are_gone_or_of_an_earlier_boot_are_made_again() {
    let bakery = stocked("  - run: echo one > /etc/one\n  - run: cat /etc/one > /etc/two\n");
    let first = bakery.bake("recipes/app.yaml");
    let made = snapshots(&bakery);
    assert!(made.len() >= 3, "{made:?}");

    std::fs::remove_dir_all(bakery.path("home/cache/snapshots")).unwrap();
    with(&bakery, "app", "  - run: echo one > /etc/one\n  - run: cat /etc/one > /etc/three\n");
    bakery.bake("recipes/app.yaml");
    let again = snapshots(&bakery);
    assert!(again.len() >= 3, "{again:?}");

    for snapshot in &again {
        std::fs::write(snapshot.join("boot"), "{\"boot\":\"another\",\"bytes\":1}").unwrap();
        // After a crash nothing in it can be trusted.
        std::fs::write(snapshot.join("fs/etc/one"), "torn").ok();
    }
    with(
        &bakery,
        "app",
        "  - run: echo one > /etc/one\n  - run: cat /etc/one > /etc/two\n  - run: test \"$(cat /etc/one)\" = one\n",
    );
    let events = bakery.json_lines(&["bake", "recipes/app.yaml"]);
    assert_eq!(ran(&events), ["3"]);
    with(&bakery, "app", "  - run: echo one > /etc/one\n  - run: cat /etc/one > /etc/two\n");
    assert_eq!(bakery.bake("recipes/app.yaml"), first);
}

#[test]
fn a_snapshot_without_its_folder_is_made_again() {
    let bakery = stocked("  - run: echo one > /etc/one\n");
    bakery.bake("recipes/app.yaml");
    for snapshot in snapshots(&bakery) {
        std::fs::remove_dir_all(snapshot.join("fs")).unwrap();
    }
    with(&bakery, "app", "  - run: echo one > /etc/one\n  - run: cat /etc/one > /etc/two\n");
    bakery.bake("recipes/app.yaml");
    assert!(snapshots(&bakery).iter().all(|snapshot| snapshot.join("fs").is_dir()));
}
