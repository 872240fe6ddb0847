//! Policies as a user meets them: shown, tried, and refused with their place.

use crate::support::bakery::Bakery;

const RULE: &str = "package bakery\ndeny contains {\"msg\": \"no shells\", \"path\": change.path} if {\n  some change in input.changes\n  change.path == \"/bin/sh\"\n}\n";
const TESTS: &str = "package bakery\nimage := {\"changes\": [{\"path\": \"/bin/sh\"}]}\ntest_shell_denied if count(deny) == 1 with input as image\ntest_nothing_denied if count(deny) == 0 with input as {\"changes\": []}\n";

#[test]
fn the_built_in_policy_counts_where_there_is_none() {
    let bakery = Bakery::new().strict();
    let shown = bakery.json(&["policy", "show"]);
    assert_eq!((&shown["file"], &shown["image"]["setuid"]), (&serde_json::Value::Null, &"forbid".into()));
    assert!(bakery.ok(&["policy", "show"]).contains("  # user: not asked"));
    assert_eq!(bakery.json(&["policy", "test"])["passed"], true);
}

#[test]
fn what_is_shown_says_the_same_as_the_file() {
    let bakery = Bakery::new();
    let text = "base: {stale: fail, max-age: 36h}\nimage: {user: nonroot, max-layer: 500MB, forbid-paths: [\"/root/**\"]}\nexceptions: [{check: layer.setuid, path: /usr/bin/sudo, reason: \"ours: always\", until: 2027-01-31}]\n";
    bakery.write("policy.yaml", text);
    let shown = bakery.json(&["policy", "show"]);
    bakery.write("again/bakery.yaml", "bakery: 1\nstores:\n  global: {layout: ./global}\n");
    bakery.write("again/policy.yaml", bakery.ok(&["policy", "show"]));
    let mut again = bakery.json(&["policy", "show", "--workspace", "again"]);
    for (member, value) in again.as_object_mut().unwrap() {
        if member == "exceptions" {
            value[0]["line"] = shown["exceptions"][0]["line"].clone();
        }
        assert!(member == "digest" || shown[member] == *value, "{member}: {value} is not {}", shown[member]);
    }
}

#[test]
fn s03_every_problem_is_told_with_its_place_and_the_exit_code_is_its_own() {
    let bakery = Bakery::new();
    bakery.write("policy.yaml", "image: {setuid: forbd}\nbase: {signed-by: [globl]}\n");
    let output = bakery.run(&["policy", "test"]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stdout.contains("policy.yaml:1:17: error: `setuid`: `forbd` is no answer; did you mean `forbid`?"),
        "{stdout}"
    );
    assert!(stdout.contains("policy.yaml:2:20: ") && stdout.contains("did you mean `global`?"), "{stdout}");
    assert!(bakery.fails(3, &["policy", "show"]).contains("policy.yaml has 2 problems"));
    bakery.write("policy.yaml", "");
    assert!(bakery.fails(3, &["policy", "show"]).contains("help: write what is asked"));
    bakery.write("bakery.yaml", "bakery: 1\npolicy: strict.yaml\n");
    assert!(bakery.fails(3, &["policy", "test"]).contains("strict.yaml is not there"));
}

#[test]
fn tests_of_own_rules_run_and_a_failing_one_is_told() {
    let bakery = Bakery::new();
    bakery.write("policy/shells.rego", RULE);
    bakery.write("policy/tests/shells_test.rego", TESTS);
    let tested = bakery.json(&["policy", "test"]);
    assert_eq!((&tested["passed"], tested["policy"]["tests"].as_array().unwrap().len()), (&true.into(), 2));
    bakery.write("policy/tests/shells_test.rego", TESTS.replace("== 0", "== 7"));
    let output = bakery.run(&["policy", "test"]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3));
    assert!(stdout.contains("tests/shells_test.rego  test_nothing_denied"), "{stdout}");
    bakery.write("policy/shells.rego", RULE.replace("input.changes", "input.chnges"));
    let stdout = String::from_utf8_lossy(&bakery.run(&["policy", "test"]).stdout).into_owned();
    assert!(stdout.contains("shells.rego:3:24: evidence has no `chnges`; did you mean `changes`?"), "{stdout}");
}
