//! A bake of several platforms, each where it is native: who is given what, what a journal says of it, who is at fault.

use serde_json::{Value, json};

use super::{bake_all, shelf, workspace};
use crate::support::bakery::Bakery;

const BOTH: &str = "recipe: 1\nname: t/both\ntag: \"1\"\nbase: scratch\nplatforms: [linux/amd64, linux/arm64]\n";

/// A script of one step with a name of its own: two of them are played for one bake.
fn script(bakery: &Bakery, builder: &str, more: &str) {
    let more = more.replace('@', bakery.path("").to_str().unwrap().trim_end_matches('/'));
    let step = |kind: &str, rest: &str| format!("{{\"kind\":\"step.{kind}\",\"step\":\"{builder}\"{rest}}}\n");
    let text = format!("{}{more}{}", step("started", ""), step("finished", ",\"millis\":1"));
    bakery.write(&format!("scripts/{builder}.jsonl"), text);
}

fn both(builders: &[(&str, &str, &str)]) -> Bakery {
    let bakery = workspace(0, builders);
    for (name, _, more) in builders {
        script(&bakery, name, more);
    }
    bakery.write("recipes/both.yaml", BOTH);
    bakery
}

fn seats(lines: &[Value]) -> Vec<Value> {
    lines.iter().filter(|line| line["kind"] == "bake.started").map(|line| line["seats"].clone()).collect()
}

fn seat(platform: &str, builder: &str) -> Value {
    json!({"platform": platform, "engine": format!("docker://{builder}.example:1"), "builder": builder})
}

#[test]
fn each_platform_goes_where_it_is_native_and_the_journal_says_where() {
    let bakery = both(&[("amd", ", platforms: [linux/amd64]", ""), ("arm", ", platforms: [linux/arm64]", "")]);
    let (code, told, lines) = bake_all(&bakery);
    assert_eq!(code, 0, "{told}");
    assert_eq!(seats(&lines), [json!([seat("linux/amd64", "amd"), seat("linux/arm64", "arm")])]);
    let steps: Vec<&str> =
        lines.iter().filter(|line| line["kind"] == "step.started").map(|line| line["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["amd", "arm"]);
    let shelf = shelf(&bakery);
    assert_eq!(shelf["t/both:1"], [("ok".to_owned(), "docker://amd.example:1 + docker://arm.example:1".to_owned())]);
    let id = bakery.json(&["bakes"])[0]["bake"].as_str().unwrap().to_owned();
    let log = bakery.ok(&["log", &id]);
    assert!(log.contains("(linux/amd64 on amd, linux/arm64 on arm, bake "), "{log}");
}

#[test]
fn one_builder_that_has_all_is_preferred() {
    let both_platforms = ", platforms: [linux/amd64, linux/arm64]";
    let bakery = both(&[
        ("amd", ", platforms: [linux/amd64]", ""),
        ("arm", ", platforms: [linux/arm64]", ""),
        ("big", both_platforms, ""),
    ]);
    let (code, told, lines) = bake_all(&bakery);
    assert_eq!(code, 0, "{told}");
    assert_eq!(seats(&lines), [json!([seat("linux/amd64", "big"), seat("linux/arm64", "big")])]);
}

#[test]
fn only_the_builder_at_fault_is_out_and_the_bake_is_tried_once_more() {
    let bakery = both(&[
        ("amd", ", platforms: [linux/amd64]", ""),
        ("arm", ", platforms: [linux/arm64]", "{\"lost\":\"@/dead\"}\n"),
        ("arm2", ", platforms: [linux/arm64]", ""),
    ]);
    bakery.write("dead", "");
    let (code, told, lines) = bake_all(&bakery);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("arm is left alone for a while, t/both:1 is baked elsewhere"), "{told}");
    let all = seats(&lines);
    assert_eq!(all[0], json!([seat("linux/amd64", "amd"), seat("linux/arm64", "arm")]));
    assert_eq!(all[1], json!([seat("linux/amd64", "amd"), seat("linux/arm64", "arm2")]));
    assert_eq!(all.len(), 2);
}

/// A line that says a plan of one step for each platform, called after its machine.
fn plan() -> String {
    let digest = format!("sha256:{}", "0".repeat(64));
    let part = |machine: &str| {
        let step = json!({"id": format!("{machine}-1"), "action": "run", "summary": "x", "line": 7, "cache_key": digest,
            "will_run": true, "reason": {"why": "never-baked"}});
        json!({"platform": format!("linux/{machine}"), "steps": [step]})
    };
    let plan = json!({"reference": "t/both:1", "recipe": "recipes/both.yaml", "recipe_digest": digest, "base": "scratch",
        "stale": false, "created": 0, "platforms": [part("amd64"), part("arm64")]});
    json!({"kind": "plan.built", "plan": plan}).to_string()
}

#[test]
fn of_several_builders_the_one_that_hangs_before_its_first_step_is_to_blame() {
    let bakery = both(&[
        ("amd", ", timeout: 1s, platforms: [linux/amd64]", ""),
        ("arm", ", timeout: 1s, platforms: [linux/arm64]", ""),
        ("arm2", ", timeout: 1s, platforms: [linux/arm64]", ""),
    ]);
    let line = |kind: &str, rest: &str| format!("{{\"kind\":\"step.{kind}\"{rest}}}\n");
    let step = |name: &str| {
        let id = format!(",\"step\":\"{name}-1\"");
        line("started", &id) + &line("finished", &format!("{id},\"millis\":1"))
    };
    let never = json!({"gate": bakery.path("never")});
    bakery.write("scripts/amd.jsonl", format!("{}\n{}", plan(), step("amd64")));
    bakery.write("scripts/arm.jsonl", format!("{never}\n{}", step("arm64")));
    bakery.write("scripts/arm2.jsonl", step("arm64"));
    let (code, told, lines) = bake_all(&bakery);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("builder arm said nothing for 1 s; arm is left alone for a while"), "{told}");
    let both = |second: &str| json!([seat("linux/amd64", "amd"), seat("linux/arm64", second)]);
    assert_eq!(seats(&lines), [both("arm"), both("arm2")]);
}

#[test]
fn requests_of_before_are_read() {
    let bakery = both(&[("amd", "", "")]);
    let (code, told, _) = bake_all(&bakery);
    assert_eq!(code, 0, "{told}");
    let id = bakery.json(&["bakes"])[0]["bake"].as_str().unwrap().to_owned();
    let file = bakery.path(&format!("home/state/bakes/{id}/request.json"));
    let mut request: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert!(request["seats"].is_array(), "{request}");
    request.as_object_mut().unwrap().remove("seats");
    let request: bakery::flows::bake::BakeRequest = serde_json::from_value(request).unwrap();
    assert_eq!((request.builder.as_deref(), request.seats.len()), (Some("amd"), 0));
}
