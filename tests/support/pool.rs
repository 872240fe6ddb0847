//! A workspace with a pool of builders whose parts scripts play, and recipes for it.

use std::process::{Command, Stdio};

use super::bakery::Bakery;

/// A builder: its name, what else `engines` says of it, and the lines its script has between a step's beginning and end.
pub type Scripted<'a> = (&'a str, &'a str, &'a str);

/// So many recipes of three teams, and these builders; `@` in a script stands for the folder.
pub fn pooled(recipes: usize, builders: &[Scripted<'_>]) -> Bakery {
    let engines: Vec<String> = builders
        .iter()
        .map(|(name, options, _)| format!("  - {{name: {name}, engine: \"docker://{name}.example:1\"{options}}}\n"))
        .collect();
    let stores = "stores:\n  global: {layout: ./global}\n  local: {layout: ./local}\n";
    let bakery = Bakery::with_workspace(&format!("bakery: 1\n{stores}engines:\n{}", engines.concat()));
    for (name, _, lines) in builders {
        let lines = lines.replace('@', bakery.path("").to_str().unwrap().trim_end_matches('/'));
        let (begun, over) =
            (r#"{"kind":"step.started","step":"1"}"#, r#"{"kind":"step.finished","step":"1","millis":1}"#);
        bakery.write(&format!("scripts/{name}.jsonl"), format!("{begun}\n{lines}\n{over}\n"));
    }
    for number in 0..recipes {
        let text = format!("recipe: 1\nname: team-{}/app-{number}\ntag: \"1\"\nbase: scratch\n", number % 3);
        bakery.write(&format!("recipes/app-{number}.yaml"), text);
    }
    bakery
}

/// A command there, the scripts playing.
pub fn play(bakery: &Bakery, arguments: &[&str]) -> Command {
    let mut command = bakery.command(arguments);
    command.env("BAKERY_SCRIPTED_ENGINE", bakery.path("scripts")).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
