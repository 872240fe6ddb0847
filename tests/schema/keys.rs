//! Keys and words: the tables name those the readers know, no more and no less.

use std::collections::BTreeSet;

use bakery::domain::document::{Document, Field, SETTINGS, Shape};
use bakery::domain::recipe::parse;
use bakery::domain::role_style::STYLE_KEYS;
use bakery::domain::trust::policy;
use bakery::tui::theme::{CANVAS_KEYS, THEME_KEYS};
use serde_json::Value;

use super::{STORES, reads, schema};

/// Every key the schema knows at a place; `A|B` is what either knows.
fn at(schema: &Value, places: &str) -> BTreeSet<String> {
    let keys = places.split('|').flat_map(|place| {
        let found = schema.pointer(&format!("{place}/properties")).unwrap_or_else(|| panic!("{place}: nothing"));
        found.as_object().unwrap().keys().cloned()
    });
    keys.collect()
}

/// The keys a reader names when it meets one it does not know.
fn known(help: &str) -> BTreeSet<String> {
    let list = help.split_once(" are ").unwrap_or_else(|| panic!("{help}")).1;
    list.split(", ").map(str::to_owned).collect()
}

#[test]
fn recipes_have_the_keys_the_parser_knows() {
    const TEST: &str = "/properties/tests/items/anyOf/";
    let cases = [
        ("zzz: 1", String::new()),
        ("steps: [{zzz: 1}]", "/properties/steps/items".to_owned()),
        ("steps: [{copy: {zzz: 1}}]", "/properties/steps/items/properties/copy".to_owned()),
        ("steps: [{write: {zzz: 1}}]", "/properties/steps/items/properties/write".to_owned()),
        ("steps: [{run: {zzz: 1}}]", "/properties/steps/items/properties/run/anyOf/1".to_owned()),
        ("steps: [{unpack: {zzz: 1}}]", "/properties/steps/items/properties/unpack".to_owned()),
        ("config: {zzz: 1}", "/properties/config".to_owned()),
        ("config: {healthcheck: {zzz: 1}}", "/properties/config/properties/healthcheck".to_owned()),
        ("tests: [{zzz: 1}]", format!("{TEST}0|{TEST}1")),
        ("tests: [{run: a, expect: {zzz: 1}}]", format!("{TEST}0/properties/expect")),
        ("tests: [{file: {zzz: 1}}]", format!("{TEST}1/properties/file")),
    ];
    let schema = schema(Document::Recipe);
    for (text, place) in cases {
        let text = format!("recipe: 1\nname: a\ntag: \"1\"\nbase: scratch\n{text}\n");
        let (_, problems) = parse(text.as_bytes(), STORES).finish();
        let problem = problems.iter().find(|problem| problem.message.contains("`zzz`")).unwrap();
        assert_eq!(at(&schema, &place), known(problem.help.as_deref().unwrap()), "{text}");
    }
}

#[test]
fn policies_have_the_keys_the_parser_knows() {
    let schema = schema(Document::Policy);
    for (text, place) in [
        ("zzz: 1", ""),
        ("base: {zzz: 1}", "/properties/base"),
        ("image: {zzz: 1}", "/properties/image"),
        ("exceptions: [{zzz: 1}]", "/properties/exceptions/items"),
    ] {
        let problems = policy::parse(text.as_bytes(), STORES).unwrap_err();
        let problem = problems.iter().find(|problem| problem.message.contains("`zzz`")).unwrap();
        assert_eq!(at(&schema, place), known(problem.help.as_deref().unwrap()), "{text}");
    }
}

#[test]
fn themes_and_locks_have_the_keys_their_readers_know() {
    let set = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<String>>();
    let theme = schema(Document::Theme);
    assert_eq!(at(&theme, ""), set(THEME_KEYS));
    assert_eq!(at(&theme, "/properties/canvas"), set(CANVAS_KEYS));
    assert_eq!(at(&theme, "/properties/roles/additionalProperties"), set(STYLE_KEYS));
    let error = serde_yaml::from_str::<bakery::domain::recipe::Lock>("zzz: 1").unwrap_err().to_string();
    let listed = error.split("expected one of ").nth(1).unwrap().split(" at ").next().unwrap();
    let listed: Vec<&str> = listed.split(", ").map(|key| key.trim_matches('`')).collect();
    assert_eq!(at(&schema(Document::Lock), ""), set(&listed));
}

/// Each setting as the one line of a file.
fn alone(field: &Field, value: &str) -> String {
    format!("{}: {value}\n", field.key)
}

fn load(text: &str) -> bakery::adapters::settings::UserSettings {
    use bakery::adapters::settings::{Paths, UserSettings};
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("config")).unwrap();
    std::fs::write(home.path().join("config/config.yaml"), text).unwrap();
    UserSettings::load(&Paths::below(home.path())).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

#[test]
fn the_reader_of_settings_takes_every_default_for_one_and_every_example_for_another() {
    use bakery::adapters::settings::UserSettings;
    for field in SETTINGS {
        let inner: Vec<(&Field, String)> = match field.shape {
            Shape::Mapping(below, _) => below.iter().map(|inner| (inner, format!("{}: ", field.key))).collect(),
            _ => vec![(field, String::new())],
        };
        for (field, before) in inner {
            let text = |value: &str| match before.as_str() {
                "" => alone(field, value),
                before => format!("{before}{{{}: {value}}}\n", field.key),
            };
            assert!(!field.about.is_empty() && !field.example.is_empty(), "{}", field.key);
            assert!(
                field.default.is_some() || !field.absent.is_empty(),
                "{} says not what counts without it",
                field.key
            );
            if let Some(default) = field.default {
                assert_eq!(load(&text(default)), UserSettings::default(), "{}", text(default));
            }
            let example = load(&text(field.example));
            // The one engine there is so far is also what counts without.
            let same = matches!(field.key, "engine") && example.engine.as_deref() == Some("embedded");
            assert!(same || example != UserSettings::default(), "nobody reads {}", text(field.example));
        }
    }
}

#[test]
fn the_file_of_comments_sets_nothing_and_without_its_marks_everything() {
    use bakery::adapters::settings::UserSettings;
    let text = bakery::flows::settings::default_text();
    assert_eq!(load(&text), UserSettings::default());
    assert!(text.lines().all(|line| line.is_empty() || line.starts_with('#')), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    let uncommented: Vec<String> = text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') || rest.starts_with("  ") => rest.to_owned(),
            _ => line.to_owned(),
        })
        .collect();
    let uncommented = uncommented.join("\n");
    let all = load(&uncommented);
    assert_eq!((all.theme.as_deref(), all.parallel, all.cache.max_size), (Some("nord"), Some(2), Some(20_000_000_000)));
    for field in SETTINGS {
        assert!(uncommented.lines().any(|line| line.starts_with(&format!("{}:", field.key))), "{}", field.key);
    }
    reads(Document::Config, &uncommented).unwrap();
}
