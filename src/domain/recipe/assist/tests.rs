//! Where a place of a text is, and what the language has to offer there; in every text, however broken.

use proptest::prelude::*;

use super::outline::{Outline, Part, Typing};
use super::*;
use crate::domain::recipe::{Table, parse};
use crate::domain::yaml;

/// A text without its `^`, and where that stood.
fn marked(text: &str) -> (String, (usize, usize)) {
    let before = text.split_once('^').unwrap_or_else(|| panic!("no ^ in {text}")).0;
    let line = before.matches('\n').count();
    let character = before.rsplit('\n').next().unwrap_or_default().chars().count();
    (text.replacen('^', "", 1), (line, character))
}

/// The keys and items that lead to a node.
fn path(outline: &Outline<'_>, node: Option<usize>) -> String {
    let Some(node) = node.map(|node| outline.nodes[node]) else { return String::new() };
    let above = path(outline, node.parent);
    match node.part {
        Part::Key(key) if above.is_empty() => key.to_owned(),
        Part::Key(key) => format!("{above}.{key}"),
        Part::Item(number) => format!("{above}[{number}]"),
        Part::Text(_) | Part::Block(..) => above,
    }
}

/// Where the mark stands, whether a key or a value is typed there, and the word.
fn place(text: &str) -> String {
    let (text, at) = marked(text);
    let outline = Outline::of(&text, Some(at));
    let Some(slot) = outline.slot else { return "nowhere".to_owned() };
    let typing = match slot.typing {
        Typing::Key => "key",
        Typing::Value => "value",
        Typing::Any => "either",
        Typing::Element => "element",
        Typing::Item => "item",
    };
    let word = &outline.lines[at.0][slot.from..slot.to];
    format!("{} {typing} <{word}>", path(&outline, slot.holder)).trim_start().to_owned()
}

#[test]
fn a_place_is_told_in_block_style() {
    for (text, expected) in [
        ("^", "key <>"),
        ("rec^", "key <rec>"),
        ("recipe: 1\nna^", "key <na>"),
        ("recipe: 1\nna^: x", "key <na>"),
        ("recipe: 1\n^\nname: x", "key <>"),
        ("recipe: ^", "recipe value <>"),
        ("recipe:^", "recipe value <>"),
        ("tag: \"1.^0\" # c", "tag value <1.0>"),
        ("tag: '1^", "tag value <1>"),
        ("base: global/py^thon", "base value <global/python>"),
        ("base: x # com^ment", "nowhere"),
        ("# com^ment", "nowhere"),
        ("config:\n  us^", "config either <us>"),
        ("config:\n  ^", "config either <>"),
        ("config:\n  ^\n  user: app", "config either <>"),
        ("config:\n  user: app\n  ^", "config key <>"),
        ("config:\n  user: app\n  wo^\n  env:\n    A: b", "config key <wo>"),
        ("config:\n  user: app\n^", "key <>"),
        ("config:\n  env:\n    A: b\n  ^", "config key <>"),
        ("config:\n  env:\n    A: ^", "config.env.A value <>"),
        ("steps:\n  - ^", "steps[0] either <>"),
        ("steps:\n  -^", "steps[0] either <>"),
        ("steps:\n  - co^", "steps[0] either <co>"),
        ("steps:\n  - copy: {}\n  - ru^", "steps[1] either <ru>"),
        ("steps:\n  - copy: {}\n  ^", "steps item <>"),
        ("steps:\n  - copy: {}\n  ru^", "steps item <ru>"),
        ("steps:\n  - copy: {}\n  ru^\n  - run: x\n", "steps item <ru>"),
        ("steps:\n- copy: {}\n^", "key <>"),
        ("steps:\n- copy: {}\nco^", "key <co>"),
        ("steps:\n  - copy:\n      from: a\n      ow^", "steps[0].copy key <ow>"),
        ("steps:\n  - copy:\n      ^", "steps[0].copy either <>"),
        ("steps:\n  - copy:\n      from: a\n  - write:\n      ^to: /x\n", "steps[1].write key <to>"),
        ("steps:\n  - packages:\n      - cu^", "steps[0].packages[0] either <cu>"),
        ("steps:\n  - packages:\n      - curl\n      - ^", "steps[0].packages[1] either <>"),
        ("steps:\n  - packages:\n    - curl\n    - ^\n", "steps[0].packages[1] either <>"),
        ("steps:\n  - packages: c^", "steps[0].packages value <c>"),
        ("steps:\n  - run: |\n      echo ^\n", "nowhere"),
        ("steps:\n  - run: |\n      echo\n      ^\n  - write: {to: /x}", "nowhere"),
        ("steps:\n  - run: |\n      echo\n\n      more: x\n  - wr^", "steps[1] either <wr>"),
        ("steps:\n  - run:\n      us^", "steps[0].run either <us>"),
        ("steps:\n  - run:\n      script: |\n        x\n      us^", "steps[0].run key <us>"),
        ("steps:\n  - run:\n      script: >-\n        x\n      user: ^", "steps[0].run.user value <>"),
        ("tests:\n  - name: a\n    file:\n      pa^", "tests[0].file either <pa>"),
        ("\"config\":\n  \"user\": \"a^\"", "config.user value <a>"),
    ] {
        assert_eq!(place(text), expected, "{text}");
    }
}

#[test]
fn a_place_is_told_in_flow_style() {
    for (text, expected) in [
        ("steps:\n  - copy: {^", "steps[0].copy key <>"),
        ("steps:\n  - copy: {^}", "steps[0].copy key <>"),
        ("steps:\n  - copy: {from: app, ow^", "steps[0].copy key <ow>"),
        ("steps:\n  - copy: {from: app, ow^}", "steps[0].copy key <ow>"),
        ("steps:\n  - copy: {from: app, ow^: 1}", "steps[0].copy key <ow>"),
        ("steps:\n  - copy: {from: app, owner: ^", "steps[0].copy.owner value <>"),
        ("steps:\n  - copy: {from: app, owner: ^}", "steps[0].copy.owner value <>"),
        ("steps:\n  - copy: {from: app, owner:^}", "steps[0].copy.owner value <>"),
        ("steps:\n  - copy: {from: app, owner: ap^, mode: \"0644\"}", "steps[0].copy.owner value <ap>"),
        ("steps:\n  - copy: {from: app, owner: \"ap^\", mode: \"0644\"}", "steps[0].copy.owner value <ap>"),
        ("steps:\n  - copy: {from: app,\n      ow^\n  - run: x", "steps[0].copy key <ow>"),
        ("steps:\n  - copy: {from: app, ow\n  - run: {us^", "steps[1].run key <us>"),
        ("steps:\n  - copy: {from: app\n  - write: {to: /x}\nconfig:\n  us^", "config either <us>"),
        ("steps:\n  - packages: [^", "steps[0].packages element <>"),
        ("steps:\n  - packages: [curl, ca^]", "steps[0].packages element <ca>"),
        ("steps:\n  - packages: [curl, ^]", "steps[0].packages element <>"),
        ("steps: [{copy: {fr^", "steps[0].copy key <fr>"),
        ("config: {\n  user: ^\n}\ntests: []", "config.user value <>"),
        ("config: {env: {A: b}, us^", "config key <us>"),
        ("tests:\n  - {name: a, file: {path: /e^}}", "tests[0].file.path value </e>"),
        ("tests:\n  - {name: a, fi^}", "tests[0] key <fi>"),
        ("steps:\n  - copy: {from: app}^", "nowhere"),
    ] {
        assert_eq!(place(text), expected, "{text}");
    }
}

/// The labels offered at the mark, with what the world has: nothing.
fn offered(text: &str) -> Vec<String> {
    let (text, at) = marked(text);
    let labels = |asked: Asked| asked.offer(Vec::new()).items.into_iter().map(|item| item.label).collect();
    asked(&text, at).map(labels).unwrap_or_default()
}

/// The text once the suggestion of this label was taken.
fn taken(text: &str, label: &str, found: &[&str]) -> String {
    let (text, at) = marked(text);
    let asked = asked(&text, at).unwrap();
    let found = found.iter().map(|insert| Completion {
        label: match insert.rsplit_once(['/', ':']) {
            Some((_, last)) if insert.starts_with('/') || insert.contains(':') => last.to_owned(),
            _ => (*insert).to_owned(),
        },
        insert: (*insert).to_owned(),
        note: String::new(),
        source: Source::Base,
    });
    let offered = asked.offer(found.collect());
    let item = offered.items.iter().find(|item| item.label == label).unwrap_or_else(|| panic!("{label}: {offered:?}"));
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let line: Vec<char> = lines[offered.line].chars().collect();
    let (before, after) = (&line[..offered.from], &line[offered.to..]);
    lines[offered.line] = before.iter().collect::<String>() + &item.insert + &after.iter().collect::<String>();
    lines.join("\n")
}

#[test]
fn keys_that_are_there_are_offered_no_more() {
    assert_eq!(offered("^"), Table::Recipe.keys());
    assert_eq!(offered("recipe: 1\nname: a\n^\ntag: x"), ["base", "platforms", "steps", "config", "tests"]);
    assert_eq!(offered("steps:\n  - copy: {from: a, ^, mode: \"0644\"}"), ["to", "owner", "exclude"]);
    assert_eq!(offered("steps:\n  - copy: {from: a, o^}"), ["owner", "to", "mode"], "what begins so comes first");
    assert_eq!(offered("steps:\n  - copy: {ow^ner: a}"), ["owner"], "its own key is no other");
    assert_eq!(offered("steps:\n  - ^"), Table::Step.keys());
    assert_eq!(offered("steps:\n  - run: x\n    ^"), [""; 0], "a step does one thing");
    assert_eq!(offered("tests:\n  - {name: a, run: b, ^}"), ["expect", "network", "user"]);
    assert_eq!(offered("tests:\n  - {name: a, file: {path: /x}, ^}"), [""; 0]);
    assert_eq!(offered("config:\n  healthcheck:\n    ^"), Table::Healthcheck.keys());
    assert_eq!(offered("steps:\n  - run: {network: ^}"), ["none", "host"]);
    assert_eq!(offered("config: {stop-signal: SIGI^}"), ["SIGINT"]);
    assert_eq!(offered("platforms: [linux/amd64, linux/arm^]"), ["linux/arm64", "linux/arm/v7"]);
    assert_eq!(offered("tests: [{file: {absent: ^}}]"), ["true", "false"]);
    assert_eq!(offered("base: ^"), ["scratch"]);
    assert_eq!(offered("nonsense:\n  ^"), [""; 0]);
}

#[test]
fn what_is_taken_is_yaml() {
    for (text, label, found, expected) in [
        ("re^", "recipe", &[][..], "recipe: "),
        ("st^", "steps", &[], "steps:"),
        ("\u{feff}re^", "recipe", &[], "\u{feff}recipe: "),
        ("na^: x", "name", &[], "name: x"),
        ("platforms: ^", "linux/amd64", &[], "platforms: [linux/amd64]"),
        ("platforms:^", "linux/amd64", &[], "platforms: [linux/amd64]"),
        ("platforms:\n  ^", "linux/amd64", &[], "platforms:\n  - linux/amd64"),
        ("steps:\n  - write: {mode: 06^}", "0644", &[], "steps:\n  - write: {mode: \"0644\"}"),
        ("steps:\n  - write: {mode: \"06^\"}", "0644", &[], "steps:\n  - write: {mode: \"0644\"}"),
        ("steps:\n  - write: {mode: \"06^, to: /x}", "0644", &[], "steps:\n  - write: {mode: \"0644\", to: /x}"),
        ("steps:\n  - write: {mo^}", "mode", &[], "steps:\n  - write: {mode: }"),
        ("steps:\n  - run: x\n  ^", "copy", &[], "steps:\n  - run: x\n  - copy:"),
        ("config:\n  user: a^", "app", &["app"], "config:\n  user: app"),
        ("config:\n  user:^", "app", &["app"], "config:\n  user: app"),
        ("steps:\n  - write: {owner: app:^}", "www", &["app:www"], "steps:\n  - write: {owner: app:www}"),
        ("steps:\n  - write: {owner: 0:^}", "0", &["0:0"], "steps:\n  - write: {owner: 0:0}"),
        ("base: global/py^thon:3", "global/python", &["global/python"], "base: global/python:3"),
        ("base: global/python:^", "3.12", &["global/python:3.12"], "base: global/python:3.12"),
        ("steps:\n  - write: {to: /et^/x}", "etc", &["/etc"], "steps:\n  - write: {to: /etc/x}"),
        ("steps:\n  - write: {to: /e/^}", "a,b", &["/e/a,b"], "steps:\n  - write: {to: \"/e/a,b\"}"),
        ("tests:\n  - file: {absent: ^}", "true", &[], "tests:\n  - file: {absent: true}"),
        ("ré: x # ^\nta^", "tag", &[], "ré: x # ^\ntag: "),
    ] {
        let text = if text.matches('^').count() > 1 { text.replacen('^', "", 1) } else { text.to_owned() };
        let expected = expected.replace('^', "");
        assert_eq!(taken(&text, label, found), expected, "{text}");
    }
}

/// A recipe with one more key, its value as readers want it.
fn with_key(table: Table, key: &str) -> String {
    let value = match (table, key) {
        (_, "recipe" | "exit" | "retries") => "1",
        (_, "platforms") => "[linux/amd64]",
        (_, "steps" | "tests") => "[]",
        (_, "config" | "env" | "labels" | "expect") => "{}",
        (Table::Step, "packages") => "[curl]",
        (Table::Step, "copy" | "unpack") => "{from: a, to: /b}",
        (Table::Step, "write") => "{to: /b, content: c}",
        (Table::Step, "remove") | (_, "volumes" | "cache") => "[/a]",
        (_, "exclude" | "entrypoint" | "cmd" | "secrets") => "[a]",
        (_, "shell") => "[/bin/sh]",
        (_, "mode") => "\"0644\"",
        (_, "to" | "path" | "workdir") => "/a",
        (_, "network") => "none",
        (_, "expose") => "[8080/tcp]",
        (_, "stop-signal") => "SIGTERM",
        (_, "healthcheck") => "{test: a}",
        (_, "interval" | "timeout" | "start-period") => "1s",
        (_, "file") => "{path: /a}",
        (_, "absent") => "false",
        _ => "a",
    };
    let rest: &[(&str, &str)] = match table {
        Table::Recipe => &[("recipe", "1"), ("name", "a"), ("tag", "a"), ("base", "scratch")],
        Table::Copy | Table::Unpack => &[("from", "a"), ("to", "/b")],
        Table::Write => &[("to", "/b"), ("content", "c")],
        Table::Run => &[("script", "a")],
        Table::Healthcheck => &[("test", "a")],
        Table::Test if key == "file" => &[("name", "a")],
        Table::Test => &[("name", "a"), ("run", "a")],
        Table::File => &[("path", "/a")],
        Table::Step | Table::Config | Table::Expect => &[],
    };
    let others = rest.iter().filter(|(other, _)| *other != key).map(|(key, value)| format!("{key}: {value}"));
    let value = if (table, key) == (Table::Recipe, "base") { "scratch" } else { value };
    let pairs: Vec<String> = others.chain([format!("{key}: {value}")]).collect();
    let mapping = format!("{{{}}}", pairs.join(", "));
    let head = "recipe: 1\nname: a\ntag: a\nbase: scratch\n";
    match table {
        Table::Recipe => pairs.join("\n"),
        Table::Step => format!("{head}steps: [{mapping}]"),
        Table::Copy => format!("{head}steps: [{{copy: {mapping}}}]"),
        Table::Write => format!("{head}steps: [{{write: {mapping}}}]"),
        Table::Run => format!("{head}steps: [{{run: {mapping}}}]"),
        Table::Unpack => format!("{head}steps: [{{unpack: {mapping}}}]"),
        Table::Config => format!("{head}config: {mapping}"),
        Table::Healthcheck => format!("{head}config: {{healthcheck: {mapping}}}"),
        Table::Test => format!("{head}tests: [{mapping}]"),
        Table::Expect => format!("{head}tests: [{{name: a, run: a, expect: {mapping}}}]"),
        Table::File => format!("{head}tests: [{{name: a, file: {mapping}}}]"),
    }
}

#[test]
fn every_key_readers_know_is_offered_and_every_key_offered_is_known() {
    for table in Table::ALL {
        let empty = match table {
            Table::Recipe => "^",
            Table::Step => "steps: \n  - ^",
            Table::Copy => "steps: [{copy: {^}}]",
            Table::Write => "steps: [{write: {^}}]",
            Table::Run => "steps: [{run: {^}}]",
            Table::Unpack => "steps: [{unpack: {^}}]",
            Table::Config => "config: {^}",
            Table::Healthcheck => "config: {healthcheck: {^}}",
            Table::Test => "tests: [{^}]",
            Table::Expect => "tests: [{expect: {^}}]",
            Table::File => "tests: [{file: {^}}]",
        };
        assert_eq!(offered(empty), table.keys(), "{table:?}");
        for key in table.keys() {
            let text = with_key(table, key);
            let (recipe, problems) = parse(text.as_bytes(), &[]).finish();
            assert!(recipe.is_some(), "{text}\n{problems:?}");
            let wrong = text.replace(&format!("{key}: "), &format!("{key}x: "));
            let (_, problems) = parse(wrong.as_bytes(), &[]).finish();
            assert!(!problems.is_empty(), "{wrong}");
        }
    }
}

#[test]
fn what_the_recipe_makes_is_offered_below_it() {
    let text = "base: a\nsteps:\n  - run: useradd -r app\n  - write: {to: /srv/app/main.py, owner: ^}\n";
    assert_eq!(offered(text), ["app"]);
    assert_eq!(offered(&text.replace("owner: ^", "owner: app:^")), ["app"]);
    assert_eq!(offered("steps:\n  - write: {to: /srv/app/a}\n  - remove: [/srv/^]"), ["app/"]);
    assert_eq!(offered("steps:\n  - write: {to: /srv/app/a}\nconfig: {workdir: /srv/app/^}"), [""; 0], "no folder");
    let (text, at) = marked("base: global/os:12\nplatforms: [linux/arm64]\nconfig:\n  user: app:^\n");
    let found = asked(&text, at).unwrap();
    assert_eq!((found.wanted.clone(), found.base.as_deref()), (Wanted::Groups, Some("global/os:12")));
    assert_eq!((found.platform.as_deref(), found.what.as_str()), (Some("linux/arm64"), "user"));
}

#[test]
fn keys_and_values_have_meanings() {
    let hover = |text: &str| {
        let (text, at) = marked(text);
        pointed(&text, at).and_then(|pointed| pointed.hover(Vec::new()))
    };
    let found = hover("steps:\n  - copy: {own^er: app}").unwrap();
    assert_eq!((found.title.as_str(), found.lines.len()), ("owner", 2));
    assert_eq!(hover("steps:\n  - run: {network: no^ne}").unwrap().lines, ["no network at all"]);
    assert_eq!(
        hover("steps:\n  - run: useradd app\n  - write: {to: /a, owner: a^pp}").unwrap().lines,
        ["app: made by step 1"]
    );
    assert_eq!(hover("na^: x"), None);
    assert_eq!(line_of("recipe: 1\nconfig:\n  env: {}\n  user: a\n", &["config", "user"]), Some(4));
    assert_eq!(line_of("recipe: 1\nconfig:\n  env: {}\n", &["config", "user"]), Some(2));
    assert_eq!(line_of("recipe: 1\n", &["config", "user"]), None);
    let steps = "steps:\n  - packages: [a, b]\n  - run: x\n  - packages:\n      - c\n";
    assert_eq!(values_of(steps, "packages"), [("a".into(), 2), ("b".into(), 2), ("c".into(), 5)]);
}

#[test]
fn two_thousand_lines_are_read_in_proportion() {
    let step = "  - copy: {from: app, to: /srv/app, owner: \"1000:1000\", exclude: [\"**/*.pyc\"]}\n  - run: |\n      echo one\n      echo two\n";
    let text = format!("recipe: 1\nsteps:\n{}config:\n  user: ^\n", step.repeat(500));
    let (text, at) = marked(&text);
    assert!(asked(&text, at).is_some());
    let outline = Outline::of(&text, Some(at));
    assert!(outline.nodes.len() < 500 * 20, "a node a key, an item and a value: {}", outline.nodes.len());
}

#[test]
fn y01_deep_and_wide_texts_are_survived() {
    for text in ["[".repeat(200_000), "- ".repeat(200_000), "{a: ".repeat(100_000), "a: \"\n".repeat(100_000)] {
        let lines: Vec<&str> = text.split('\n').collect();
        let at = (lines.len() - 1, lines[lines.len() - 1].chars().count());
        let _ = asked(&text, at);
        let _ = pointed(&text, at);
        let _ = values_of(&text, "packages");
    }
}

#[test]
fn what_many_steps_make_is_offered_once() {
    let step = "  - copy: {from: app, to: /srv/app, owner: \"1000:1000\", exclude: [\"**/*.pyc\"]}\n  - run: |\n      useradd one\n      echo two\n";
    let text = format!("recipe: 1\nbase: a\nsteps:\n{}config:\n  user: ^\n", step.repeat(500));
    let (text, at) = marked(&text);
    let users = asked(&text, at).unwrap().offer(Vec::new()).items;
    assert_eq!(users.len(), 1, "made by many steps, offered once");
}

fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("recipe: 1\n".to_owned()),
        Just("steps:\n  - copy: {from: a, to: /b}\n".to_owned()),
        Just("  - run: |\n      useradd -".to_owned()),
        Just("config:\n  env: ".to_owned()),
        Just("tests: [{name: a, run: b}]\n".to_owned()),
        Just("\n  ".to_owned()),
        "[-:{}\\[\\],&*!|>'\"%@`#? \t\r\n\u{feff}]{1,6}",
        "[a-z0-9~]{1,4}",
        "\\PC{0,4}",
    ];
    prop::collection::vec(word, 0..24).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn no_text_breaks_it_anywhere(text in text(), line in 0_usize..30, character in 0_usize..40) {
        let at = (line, character);
        if let Some(asked) = asked(&text, at) {
            let offered = asked.offer(Vec::new());
            prop_assert!(offered.from <= offered.to && offered.line == line);
            let own = text.split('\n').nth(line).unwrap_or_default();
            prop_assert!(offered.to <= own.chars().count());
        }
        let _ = pointed(&text, at);
        let _ = line_of(&text, &["config", "user"]);
        let _ = values_of(&text, "packages");
    }

    /// What is taken of what the language offers leaves no worse a text to the outline: the place is still one.
    #[test]
    fn a_suggestion_stays_on_its_line(text in text()) {
        for (line, own) in text.split('\n').enumerate() {
            if let Some(asked) = asked(&text, (line, own.chars().count())) {
                for item in asked.offer(Vec::new()).items {
                    prop_assert!(!item.insert.contains('\n'));
                }
            }
        }
    }
}

/// Every key and value of a valid recipe, as the strict reader has it: its path, whether it is a key, where it begins.
fn places(node: &yaml::Node, path: &str, found: &mut Vec<(String, bool, usize, usize)>) {
    let at = |span: yaml::Span| (span.start.line as usize - 1, span.start.column as usize - 1);
    match &node.kind {
        yaml::NodeKind::Mapping(entries) => {
            for entry in entries {
                let below = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
                let (line, column) = at(entry.span);
                found.push((path.to_owned(), true, line, column));
                places(&entry.value, &below, found);
            }
        }
        yaml::NodeKind::Sequence(items) => {
            for (number, item) in items.iter().enumerate() {
                places(item, &format!("{path}[{number}]"), found);
            }
        }
        yaml::NodeKind::Scalar(scalar) if scalar.style != yaml::Style::Block => {
            let (line, column) = at(node.span);
            found.push((path.to_owned(), false, line, column));
        }
        yaml::NodeKind::Scalar(_) => {}
    }
}

#[test]
fn in_a_valid_recipe_places_are_those_of_the_strict_reader() {
    for text in [
        include_str!("../../../../recipes/team-a/payments-api/payments-api.yaml"),
        include_str!("../../../../recipes/team-b/sessions/sessions.yaml"),
        include_str!("../../../../recipes/global/python/python.yaml"),
        include_str!("../../../../recipes/global/nginx/nginx.yaml"),
        include_str!("../../../../recipes/global/postgres/postgres.yaml"),
        include_str!("../../../../recipes/global/os/os.yaml"),
        include_str!("../../../../recipes/global/java/java.yaml"),
        include_str!("../../../flows/templates/first.yaml"),
    ] {
        let tree = yaml::read(text.as_bytes(), &mut yaml::Problems::new()).unwrap();
        let mut expected = Vec::new();
        places(&tree, "", &mut expected);
        assert!(expected.len() > 10);
        for (holder, is_key, line, column) in expected {
            // Within the quotes, where it has some.
            let quoted =
                usize::from(text.lines().nth(line).unwrap().chars().nth(column).is_some_and(|c| "\"'".contains(c)));
            let outline = Outline::of(text, Some((line, column + quoted)));
            let shown = || format!("{}:{}: {holder} {:?}", line + 1, column + 1, text.lines().nth(line));
            let slot = outline.slot.unwrap_or_else(|| panic!("nothing at {}", shown()));
            assert_eq!(slot.typing == Typing::Key, is_key, "{}", shown());
            let own = path(&outline, slot.holder);
            match slot.typing {
                // Of an item within brackets the list is known, and the item.
                Typing::Element => assert_eq!(path(&outline, slot.own), holder, "{}", shown()),
                _ => assert_eq!(own, holder, "{}", shown()),
            }
        }
    }
}
