//! `bake --reproduce`: the same steps, run a second time elsewhere, give the same bytes; where they do not, the first path that
//! differs is named with what is likely to have made it so. As root the second bake has other ids outside.

use serde_json::Value;

use super::bench::{bench, events, with};
use crate::support::bakery::Bakery;

/// How `repro.match` ended: verdict and evidence. The bake ends with `code`.
fn reproduced(bakery: &Bakery, recipe: &str, code: i32) -> (String, String) {
    let output = bakery.run(&["bake", recipe, "--reproduce", "--json"]);
    let events = events(&output);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}\n{events:#?}");
    let finished = events.iter().find(|event| event["kind"] == "check.finished" && event["id"] == "repro.match");
    let finished: &Value = finished.unwrap_or_else(|| panic!("{stderr}\n{events:#?}"));
    let lines: Vec<&str> = finished["evidence"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    (finished["verdict"].as_str().unwrap().to_owned(), lines.join("\n"))
}

#[test]
fn steps_that_run_give_the_same_bytes_with_other_ids_and_threads() {
    let bakery = bench();
    let script = "mkdir -p /srv/a/b; echo one > /srv/a/b/one; ln /srv/a/b/one /srv/a/two; chown 33:33 /srv/a; \
        chmod 2750 /srv/a; rm -f /etc/hostname";
    let recipe = with(&bakery, "same", &format!("  - run: |\n      {script}\n  - run: cp -r /srv/a /srv/copy\n"));
    let (verdict, said) = reproduced(&bakery, &recipe, 0);
    assert_eq!(verdict, "pass", "{said}");
    assert!(said.contains("bit-identical"), "{said}");
    // The image is in the store by now, and what comes of the recipe is that image.
    let (verdict, said) = reproduced(&bakery, &recipe, 0);
    assert!(verdict == "pass" && said.contains("bit-identical"), "{said}");
}

#[test]
fn what_differs_is_named_with_its_likely_cause_and_its_line() {
    let bakery = bench();
    for (name, script, path, cause) in [
        ("clock", "mkdir -p /srv; date +%s > /srv/built", "/srv/built", "likely cause: time"),
        ("chance", "mkdir -p /srv; cat /proc/sys/kernel/random/uuid > /srv/id", "/srv/id", "likely cause: random"),
        ("name", "mkdir -p /srv; mktemp -p /srv > /dev/null; date +%s%N > /srv/n", "/srv/", "likely cause"),
    ] {
        let steps = format!("  - write: {{to: /srv/first, content: same}}\n  - run: |\n      {script}\n");
        let recipe = with(&bakery, name, &steps);
        let (verdict, said) = reproduced(&bakery, &recipe, 3);
        assert_eq!(verdict, "fail", "{name}: {said}");
        for part in [path, cause, "recipes/", ":7: the `run` step"] {
            assert!(said.contains(part), "{name}: no {part:?} in\n{said}");
        }
        let named = bakery.run(&["inspect", &format!("local/team-a/{name}:1")]);
        assert!(!named.status.success(), "{name}: nothing that differs gets a name");
    }
}
