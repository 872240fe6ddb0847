//! Broken recipes: the editor says of each what `check --json` says, word for word, place for place.

use bakery::flows::Context;
use serde_json::json;

use super::*;
use crate::support::bakery::Bakery;

const RIGHT: &str = "recipe: 1\nname: team-a/x\ntag: \"1\"\nbase: global/os:12\n";

/// The recipes, by name.
fn broken() -> Vec<(&'static str, &'static str)> {
    let all = include_str!("broken.txt").split("=== ").skip(1);
    all.map(|part| part.split_once('\n').unwrap_or((part, ""))).collect()
}

fn shown(problems: &[Problem], file: &str) -> Vec<serde_json::Value> {
    let shown = |problem: &Problem| {
        json!({
            "file": file, "line": problem.line, "column": problem.column, "end": problem.end,
            "severity": problem.severity.as_str(), "message": problem.message, "help": problem.help,
        })
    };
    problems.iter().map(shown).collect()
}

#[test]
fn the_editor_and_check_say_the_same_of_broken_recipes() {
    let bakery = Bakery::new();
    let file = bakery.write("recipes/x.yaml", RIGHT);
    let context = Context::load(Some(&bakery.path(""))).unwrap();
    let recipes = broken();
    assert!(recipes.len() >= 40, "{}", recipes.len());
    for (name, text) in recipes {
        // Typed over what was right: the editor's text is judged as it would stand in the file.
        std::fs::write(&file, RIGHT).unwrap();
        let mut model = editing((80, 24), RIGHT, Vec::new());
        press(&mut model, &["alt-A"]);
        let mut effects = press(&mut model, &["backspace"]);
        effects.extend(update(&mut model, Msg::Paste(text.to_owned())));
        assert_eq!(content(&model), text, "{name}");
        let mut asked = judge(&effects);
        while let Some(of) = asked {
            let problems = context.judge_text(&file, &of.text);
            let judged = told(editor::Msg::Judged { file: FILE.into(), version: of.version, problems });
            asked = judge(&update(&mut model, judged));
        }
        // Opened as it is.
        std::fs::write(&file, text).unwrap();
        let mut opened = reading((80, 24));
        let read = context.read_to_edit(&file);
        update(&mut opened, told(editor::Msg::Text { file: FILE.into(), read }));

        let said = bakery.run(&["check", "--json", "recipes/x.yaml"]);
        let said: Vec<serde_json::Value> = serde_json::from_slice(&said.stdout).unwrap();
        assert_eq!(shown(&problems(&model), "recipes/x.yaml"), said, "{name}, typed");
        assert_eq!(shown(&problems(&opened), "recipes/x.yaml"), said, "{name}, opened");
        assert!(!said.is_empty(), "{name} is not broken");
        // What is wrong where the cursor went is told below its line.
        let (text, _) = grids(&opened, false);
        let first: String = said[0]["message"].as_str().unwrap().chars().take(20).collect();
        let error = problems(&opened).iter().find(|p| p.severity == Severity::Error).map(|p| p.message.clone());
        let first: String = error.map_or(first, |message| message.chars().take(20).collect());
        assert!(text.contains(&first), "{name}: {first}\n{text}");
    }
}
