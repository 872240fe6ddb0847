//! What would become of each image, before the base is published.

use serde_json::json;

use super::house::{FILES, House, OWN};

#[test]
fn impact_says_what_would_become_of_each_before_the_base_is_published() {
    let house = House::new();
    house.app("safe", OWN);
    house.app("over", "steps:\n  - write: {to: /etc/conf, content: mine}\n");
    house.app("contract", "steps:\n  - remove: [/etc/other]\n");
    let above = "recipe: 1\nname: team/above\ntag: \"1\"\nbase: local/team/safe:1\nsteps:\n  - write: {to: /above, content: x}\n";
    house.baker.write("recipes/above/above.yaml", above);
    house.baker.ok(&["bake", "recipes/above/above.yaml"]);
    let files = [&FILES[1..], &[("etc/conf", "2")]].concat();
    let contract = "{labels: {dev.bakery.contract: '{\"protected\": [\"/etc/oth*\"]}'}}";
    house.base("os:next", &files, "{}", 200);
    house.base("os:guarded", &files, contract, 200);
    let answers = |onto: &str| {
        let told = house.baker.json(&["impact", "global/os:12", "--onto", onto]);
        let mut answers: Vec<String> = told["images"]
            .as_array()
            .unwrap()
            .iter()
            .map(|image| {
                let answer = image["rebase"]["answer"].as_str().or(image["note"].as_str()).unwrap();
                format!("{} {answer}", image["image"].as_str().unwrap())
            })
            .collect();
        answers.sort();
        (answers, told["count"].clone())
    };
    let (told, count) = answers("global/os:next");
    assert_eq!(
        told,
        [
            "local/team/above:1 follows local/team/safe:1",
            "local/team/contract:1 safe",
            "local/team/over:1 needs-rebake",
            "local/team/safe:1 safe",
        ]
    );
    assert_eq!(count, json!({"safe": 2, "rebake": 1, "refused": 0, "others": 1}));
    let (_, count) = answers("global/os:guarded");
    assert_eq!(count, json!({"safe": 0, "rebake": 1, "refused": 2, "others": 1}));
    assert_eq!(house.rebase(&["local/team/safe:1"]).1["answer"], "current", "nothing was moved");
}
