//! What a recipe's `tests:` of files come to: they judge the image before its tag moves.

use serde_json::Value;

use crate::support::bakery::Bakery;

const RECIPE: &str = r#"recipe: 1
name: team-a/app
tag: "1"
base: scratch
platforms: PLATFORMS
steps:
  - write: {to: /etc/passwd, content: "app:x:1000:2000::/:\n"}
  - write: {to: /etc/app.conf, mode: "0600", owner: app, content: "timeout = 30\n"}
  - copy: {from: app, to: /srv/app}
tests:
  - {name: config, file: {path: /etc/app.conf, mode: "MODE", owner: app, contains: "^timeout = [0-9]+"}}
  - {name: content, file: {path: /srv/app/main, contains: hello}}
  - {name: no-docs, file: {path: /usr/share/doc, absent: true}}
"#;

fn workspace(mode: &str, platforms: &str) -> Bakery {
    let bakery = Bakery::new();
    bakery.write("recipes/app.yaml", RECIPE.replace("MODE", mode).replace("PLATFORMS", platforms));
    bakery.write("recipes/app/main", "hello");
    bakery
}

/// `(verdict, reason, evidence)` of every check in the events, in their order, with its name.
fn checks(events: &[Value]) -> Vec<(String, String, String, String)> {
    let text = |event: &Value, key: &str| event[key].as_str().unwrap().to_owned();
    let is_test = |event: &&Value| event["id"].as_str().is_some_and(|id| id.starts_with("test."));
    let finished = events.iter().filter(|event| event["kind"] == "check.finished").filter(is_test);
    finished
        .map(|event| {
            let id = text(event, "id");
            let begun = |other: &&Value| other["kind"] == "check.started" && other["id"] == event["id"];
            assert!(events.iter().find(begun).unwrap()["seq"].as_u64() < event["seq"].as_u64());
            let evidence: Vec<&str> =
                event["evidence"].as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
            (id, text(event, "verdict"), text(event, "reason"), evidence.join("; "))
        })
        .collect()
}

#[test]
fn file_tests_are_answered() {
    let bakery = workspace("0600", "[linux/amd64]");
    for _ in 0..2 {
        // The second time everything is cached, and judged all the same.
        let events = bakery.json_lines(&["bake", "recipes/app.yaml"]);
        let committed = events.iter().position(|event| event["kind"] == "image.committed").unwrap();
        let checks = checks(&events[..committed]);
        let short: Vec<_> = checks.iter().map(|(id, verdict, reason, _)| [id.as_str(), verdict, reason]).collect();
        assert_eq!(
            short,
            [
                ["test.config", "pass", "test.passed"],
                ["test.content", "pass", "test.passed"],
                ["test.no-docs", "pass", "test.passed"],
            ]
        );
        assert_eq!(checks[0].3, "/etc/app.conf: file 0600 1000:2000");
    }
    let told = String::from_utf8(bakery.run(&["bake", "recipes/app.yaml"]).stderr).unwrap();
    assert!(told.contains("✔ test.no-docs pass"), "{told}");
}

#[test]
fn a_file_test_that_fails_rejects_the_image_and_the_tag_stays() {
    let good = workspace("0600", "[linux/amd64, linux/arm64]");
    let digest = good.bake("recipes/app.yaml");
    let text = std::fs::read_to_string(good.path("recipes/app.yaml")).unwrap();
    good.write(
        "recipes/app.yaml",
        text.replace("mode: \"0600\", owner: app, contains", "mode: \"0644\", owner: app, contains"),
    );
    good.write("recipes/app/main", "changed");

    let output = good.run(&["bake", "recipes/app.yaml", "--json"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("test.config"), "{told}");
    assert!(told.contains("linux/arm64: /etc/app.conf: mode: expected 0644, found 0600"), "{told}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(checks(&events)[0].1, "fail");
    assert_eq!(checks(&events).len(), 3, "the tests after it are told too");
    assert!(events.iter().all(|event| event["kind"] != "image.committed"));
    assert_eq!(events.last().unwrap()["status"], "rejected");
    let listed = good.json(&["store", "ls", "local"]);
    assert_eq!(listed[0]["digest"], digest.as_str(), "{listed}");
    assert_eq!(good.json(&["bakes"])[0]["status"], "rejected");
}

#[test]
fn the_content_of_a_copied_file_is_looked_into() {
    let bakery = workspace("0600", "[linux/amd64]");
    bakery.write("recipes/app/main", "good bye");
    let stderr = bakery.fails(3, &["bake", "recipes/app.yaml"]);
    assert!(stderr.contains("/srv/app/main: content: expected a match of \"hello\", found none"), "{stderr}");
    assert_eq!(bakery.json(&["store", "ls", "local"]), serde_json::json!([]), "nothing got a name");
}

#[test]
fn a_cached_bake_is_judged_by_what_its_layers_hold() {
    let bakery = Bakery::new();
    let recipe = "recipe: 1\nname: a\ntag: \"1\"\nbase: scratch\nsteps:\n  - write: {to: /a, content: a}\n";
    bakery.write("recipes/a.yaml", recipe);
    let digest = bakery.bake("recipes/a.yaml");
    std::fs::remove_dir_all(bakery.path("home/cache/indexes")).unwrap();
    assert_eq!(bakery.bake("recipes/a.yaml"), digest);
    assert!(bakery.path("home/cache/indexes").exists());
    bakery.write("recipes/a.yaml", format!("{recipe}tests:\n  - {{name: there, file: {{path: /a}}}}\n"));
    assert_eq!(bakery.bake("recipes/a.yaml"), digest, "tests do not change the image");
    assert!(bakery.path("home/cache/indexes").exists());
}
