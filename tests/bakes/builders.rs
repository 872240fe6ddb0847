//! Bakes over a pool, as the command line tells of them: where each ran, and what each builder did.

use crate::support::bakery::succeeded;
use crate::support::pool::{play, pooled};

#[test]
fn bakes_say_where_they_ran_and_the_end_what_each_builder_did() {
    let pause = r#"{"pause":80}"#;
    let bakery = pooled(6, &[("one", ", slots: 2", pause), ("second", ", slots: 2", pause)]);
    let output = play(&bakery, &["bake", "--all"]).output().unwrap();
    succeeded(&output, "bake --all");
    let told = String::from_utf8(output.stderr).unwrap();
    let rows = bakery.json(&["bakes"]);
    let on = |builder: &str| {
        let sits = |row: &&serde_json::Value| row["builders"] == serde_json::json!([builder]);
        rows.as_array().unwrap().iter().filter(sits).count()
    };
    let (one, second) = (on("one"), on("second"));
    assert!(one > 0 && second > 0 && one + second == 6, "{rows}");
    for (name, many) in [("one   ", one), ("second", second)] {
        let line = told.lines().find(|line| line.starts_with(&format!("{name}  {many} baked  ")));
        assert!(line.is_some_and(|line| line.ends_with(" of work")), "{name}, {many}: {told}");
    }
    let listed = bakery.ok(&["bakes"]);
    assert_eq!(listed.lines().filter(|line| line.contains("  second")).count(), second, "{listed}");
    assert_eq!(listed.lines().filter(|line| line.contains("  one   ")).count(), one, "{listed}");
}

#[test]
fn without_a_pool_the_engine_stands_there_and_no_builders() {
    let home = crate::support::bakes::Home::new(&[super::COMMITTED]);
    let run = home.run(&["bake", "app.yaml"]);
    assert_eq!((run.code(), run.stderr().contains("of work")), (0, false), "{}", run.stderr());
    let rows: serde_json::Value = serde_json::from_str(&home.run(&["bakes", "--json"]).stdout()).unwrap();
    assert_eq!((&rows[0]["engine"], rows[0].get("builders")), (&"embedded".into(), None));
    assert!(home.run(&["bakes"]).stdout().contains("team-a/app:1.0  embedded"));
}
