//! Rules of the workspace's own: what they say, and that what cannot be evaluated lets nothing pass.

use serde_json::json;

use super::super::rego::{check, judge, run_tests};
use super::*;
use crate::domain::trust::Gap;
use crate::domain::trust::policy::RegoFile;

fn rule(text: &str) -> RegoFile {
    RegoFile { name: "mine".into(), text: text.into() }
}

/// The verdict of a rule on an image with a setuid file.
fn told(text: &str) -> (String, Vec<String>) {
    let evidence = image(&[brings(&[("usr/bin/sudo", Node { mode: 0o4755, ..file("x") })])], 0);
    let input = Judging::new(Case::new(&evidence, &Contract::default(), &Policy::default(), NOW)).input();
    let finding = judge(&rule(text), &input).finding("policy.mine", &[], None);
    (format!("{} {}", finding.verdict.as_str(), finding.reason), finding.evidence)
}

#[test]
fn rules_deny_and_warn_over_the_evidence() {
    let (verdict, lines) = told(
        "package bakery\nimport rego.v1\ndeny contains {\"msg\": \"no setuid\", \"path\": change.path} if {\n  some change in input.changes\n  bits.and(change.mode, 2048) != 0\n}\n",
    );
    assert_eq!((verdict.as_str(), lines), ("fail rego.denied", vec!["/usr/bin/sudo: no setuid".to_owned()]));
    let (verdict, lines) =
        told("package bakery\nwarn contains sprintf(\"%d layers\", [count(input.layers)]) if input.local\n");
    assert_eq!((verdict.as_str(), lines), ("warn rego.warned", vec!["1 layers".to_owned()]));
    assert_eq!(told("package bakery\ndeny contains \"x\" if input.store == \"global\"\n").0, "pass rego.clean");
    // Without a base there is nothing to find there.
    let base = "package bakery\ndeny contains \"x\" if { some one in input.base.packages; one.name == \"x\" }\n";
    assert_eq!(told(base).0, "pass rego.clean");
    assert_eq!(told(&base.replace("base.packages", "index.signatures")).0, "pass rego.clean");
    assert_eq!(told("package bakery\ndeny if input.config.config.User == \"app\"\n").0, "fail rego.denied");
    let both = "package bakery\ndeny contains \"a\"\nwarn contains \"b\"\n";
    assert_eq!(told(both), ("fail rego.denied".into(), vec!["a".into(), "b".into()]));
    // Texts from outside are escaped.
    assert_eq!(told("package bakery\ndeny contains \"a\\u001bb\"\n").1, ["a\\x1bb"]);
}

#[test]
fn s03_what_cannot_be_evaluated_fails_with_its_place() {
    for (text, place) in [
        ("package bakery\ndeny contains \"x\" if {\n", "mine.rego:"),
        ("package bakery\ndeny contains x if true\n", "mine.rego:2:"),
        ("package bakery\ndeny contains \"x\" if nosuch(1)\n", "mine.rego:2:"),
        (
            "package bakery\ndeny contains \"x\" if input.pakages\n",
            "mine.rego:2:28: evidence has no `pakages`; did you mean `packages`?",
        ),
        ("package bakery\ndeny contains \"x\" if input.base.pakages\n", "mine.rego:2:33: "),
        ("package other\ndeny contains \"x\"\n", "it is of package other"),
        ("package bakery\ndenies contains \"x\"\n", "neither `deny` nor `warn`"),
        ("package bakery\n# deny\nx := \"deny\"\n", "neither `deny` nor `warn`"),
        ("package bakery\ndeny := 7\n", "must be a set"),
        ("package bakery\ndeny contains 7\n", "must be a set"),
        ("package bakery\ndeny contains {\"message\": \"x\"}\n", "must be a set"),
        ("package bakery\ndeny contains \"x\" if to_number(input.digest) > 1\n", "mine.rego:2:"),
        ("package bakery\ndeny contains \"x\" if numbers.range(1, 1e9)[_] == 0\n", "is not to be had"),
        ("package bakery\ndeny contains \"x\" if http.send({}).status == 0\n", "is not to be had"),
        ("package bakery\ndeny contains \"x\" if count([1]) with count as rand . intn\n", "mine.rego:2:"),
        ("package bakery\na := b\nb := a\ndeny contains \"x\" if a == 1\n", "recursion"),
        (
            "package bakery\nf(x) := g(x)\ng(x) := 1 if { x > 1 } else := f(x + 1)\ndeny contains \"x\" if f(1) == 2\n",
            "mine.rego:2:1: `f` calls itself",
        ),
        (
            "package bakery\nf(x) := [y | y := data.bakery.f(x)]\ndeny contains \"x\" if f(1) == 2\n",
            "mine.rego:2:1: `f` calls itself",
        ),
        (
            "package bakery\nimport data.bakery.f as g\nf(x) := g(x)\ndeny contains \"x\" if f(1) == 2\n",
            "mine.rego:3:1: `f` calls itself",
        ),
        ("package bakery\nf(x) := x\ng(x) := f(x)\ndeny contains \"x\" if g(1) == 2 with f as g\n", "calls itself"),
        ("package bakery\nf(x) := f(x + 1)\ndeny contains \"x\" if f(1) == 2\n", "mine.rego:"),
        ("", ""),
    ] {
        let (verdict, lines) = told(text);
        assert_eq!(verdict, "fail rego.error", "{text}: {lines:?}");
        assert!(lines.len() == 1 && lines[0].contains(place), "{text}: {lines:?}");
    }
}

#[test]
fn rules_without_end_are_given_up() {
    let digits = "abcdefghij".chars().map(|digit| format!("n[{digit}] >= 0")).collect::<Vec<_>>().join("; ");
    let text =
        format!("package bakery\nn := [0,1,2,3,4,5,6,7,8,9]\ndeny contains \"x\" if {{ {digits}; n[0] == 1 }}\n");
    let (verdict, lines) = told(&text);
    assert_eq!(verdict, "fail rego.error", "{lines:?}");
}

#[test]
fn rules_rest_on_each_other_only_so_deep_and_brackets_nest_only_so_deep() {
    let chain = |length: usize, open: &str, close: &str| {
        let rules: Vec<String> = (1..length).map(|at| format!("f{at}(x) := {open}f{}(x){close}", at + 1)).collect();
        format!("package bakery\ndeny contains \"x\" if f1(1)\n{}\nf{length}(x) := x\n", rules.join("\n"))
    };
    let (open, close) = ("[y | y := [[[[".to_owned(), "]]]]]".to_owned());
    assert_eq!(told(&chain(31, "", "")).0, "fail rego.denied");
    assert_eq!(told(&chain(31, &open, &close)).0, "fail rego.denied");
    let (verdict, lines) = told(&chain(40, "", ""));
    assert!(verdict == "fail rego.error" && lines[0].contains("rests on more than 32 rules"), "{lines:?}");
    let nested =
        |depth| format!("package bakery\ndeny contains \"x\" if {}1{} == 1\n", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(told(&nested(10)).0, "pass rego.clean");
    let (verdict, lines) = told(&nested(5000));
    assert!(verdict == "fail rego.error" && lines[0].starts_with("mine.rego:2:1: more than 10 brackets"), "{lines:?}");
    let names = (0..600).map(|at| format!("r{at} := 1\n")).collect::<String>();
    assert_eq!(told(&format!("package bakery\ndeny contains \"x\"\n{names}")).0, "fail rego.error");
}

#[test]
fn a_rule_that_looks_at_what_is_not_known_does_not_pass() {
    let mut input = image(&[], 0).to_json();
    input["packages"] = json!(null);
    input["gaps"]["packages"] = json!({"reason": "store.unusable", "why": "Berkeley DB"});
    let verdict = |text: &str| {
        let finding = judge(&rule(text), &input).finding("policy.mine", &[], None);
        format!("{} {}", finding.verdict.as_str(), finding.reason)
    };
    let denies = |what: &str| verdict(&format!("package bakery\ndeny contains \"x\" if {what}\n"));
    assert_eq!(denies("input.packages[_].name == \"x\""), "unknown rego.blind");
    assert_eq!(denies("input[\"packages\"][_].name == \"x\""), "unknown rego.blind");
    assert_eq!(denies("walk(input, [_, \"x\"])"), "unknown rego.blind");
    assert_eq!(denies("input.store == \"x\""), "pass rego.clean");
    assert_eq!(denies("input.local"), "fail rego.denied");
    // A word in a comment or a text is no look.
    assert_eq!(denies("input.store == \"input.packages\" # input"), "pass rego.clean");
}

#[test]
fn tests_of_rules_run_beside_the_rule_they_are_named_after() {
    let mine = rule("package bakery\ndeny contains \"x\" if input.local\n");
    let other = RegoFile { name: "other".into(), text: "package bakery\ndeny contains \"y\"\n".into() };
    let text = "package bakery\ntest_denied if deny[\"x\"] with input as {\"local\": true}\ntest_clean if count(deny) == 0 with input as {\"local\": false}\ntest_wrong if deny[\"y\"]\ntest_broken if nosuch\n";
    let test = RegoFile { name: "deep/mine_test".into(), text: text.into() };
    let ended = run_tests(&test, &[mine.clone(), other.clone()]);
    let ended: Vec<(&str, bool)> = ended.iter().map(|test| (test.name.as_str(), test.passed)).collect();
    // A file that does not compile runs nothing.
    assert_eq!(ended.iter().filter(|(_, passed)| *passed).count(), 0, "{ended:?}");
    let test = RegoFile { text: text.replace("test_broken if nosuch\n", ""), ..test };
    let ended = run_tests(&test, &[mine.clone(), other.clone()]);
    let ended: Vec<(&str, bool)> = ended.iter().map(|test| (test.name.as_str(), test.passed)).collect();
    assert_eq!(ended, [("test_denied", true), ("test_clean", true), ("test_wrong", false)]);
    let own = RegoFile {
        name: "all_test".into(),
        text: "package bakery_test\nimport data.bakery\ntest_both if count(bakery.deny) == 2 with input as {\"local\": true}\n".into(),
    };
    assert!(run_tests(&own, &[mine.clone(), other])[0].passed);
    assert!(!run_tests(&rule("package bakery\nx := 1\n"), &[]).remove(0).passed);
    assert_eq!(check(&mine), Ok(()));
    assert!(check(&rule("package bakery\ndeny contains \"x\" if input.nothing\n")).is_err());
}

#[test]
fn evidence_has_the_members_it_promises_and_no_others() {
    use crate::domain::trust::shown::MEMBERS;
    let evidence = with_label(image(&[brings(&[("a", file("x"))])], 0), crate::domain::oci::annotation::CONTRACT, "[]");
    let json = Judging::new(Case::new(&evidence, &Contract::default(), &Policy::default(), NOW)).input();
    let members: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, MEMBERS);
    assert_eq!(json["changes"][0]["path"], "/a");
    assert_eq!((&json["changes"][0]["layer"], &json["changes"][0]["permissions"]), (&json!(1), &json!("0644")));
    assert_eq!(json["signatures"][0]["outcome"], "good");
    assert_eq!((&json["contract"], &json["gaps"]["contract"]["reason"]), (&json!(null), &json!("contract.unreadable")));
    let lost = Evidence { tree: Err(Gap { reason: reason::UNREACHABLE, why: "x".into() }), ..evidence };
    assert_eq!(
        (&lost.to_json()["changes"], &lost.to_json()["gaps"]["changes"]["reason"]),
        (&json!(null), &json!("store.unreachable"))
    );
}
