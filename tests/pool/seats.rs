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
