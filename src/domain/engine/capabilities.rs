//! What an engine can do, as it declares: screens say what is not available, `plan` refuses early what cannot be done.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::oci::Platform;
use crate::domain::recipe::{Action, Network, Recipe, Run};

/// What an engine can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Capabilities {
    /// Shows the files a step changes while it runs.
    pub live_changes: bool,
    /// Carries out steps that run something.
    pub run_steps: bool,
    /// Hands secrets to steps.
    pub secrets: bool,
    /// Keeps folders between bakes (`cache:`).
    pub cache_mounts: bool,
    /// Cuts a step off from the network (`network: none`).
    pub no_network: bool,
    /// The same recipe gives the same digest.
    pub reproducible: bool,
    /// Tells steps whatever a recipe says; a Dockerfile has no words for some of it.
    pub verbatim: bool,
    /// Platforms it runs programs of; `None` where it does not tell.
    pub platforms: Option<BTreeSet<Platform>>,
}

/// What a recipe asks of an engine that cannot do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// Line of the step, from 1.
    pub line: u32,
    /// What it asks: `hand secrets to a step`.
    pub what: String,
}

impl Capabilities {
    /// Those of the engine that needs no daemon; platforms are the machine's.
    pub fn embedded() -> Self {
        Self {
            live_changes: true,
            run_steps: true,
            secrets: true,
            cache_mounts: true,
            no_network: true,
            reproducible: true,
            verbatim: true,
            platforms: None,
        }
    }

    /// Whether it runs programs of a platform; one that does not tell is believed to. A variant asks for no more than the
    /// architecture.
    pub fn runs(&self, wanted: &Platform) -> bool {
        let fits = |has: &Platform| (&has.os, &has.architecture) == (&wanted.os, &wanted.architecture);
        self.run_steps && self.platforms.as_ref().is_none_or(|all| all.iter().any(fits))
    }

    /// What of a recipe's steps it cannot do, in the recipe's order; `platforms` are those it is baked for.
    pub fn lacks(&self, recipe: &Recipe, platforms: &[Platform]) -> Vec<Lack> {
        let mut lacks = Vec::new();
        for step in recipe.steps.iter().filter(|step| step.action.runs()) {
            let kind = step.action.kind();
            let mut say = |what: String| lacks.push(Lack { line: step.line, what });
            if !self.run_steps {
                say(format!("carry out a `{kind}` step"));
                continue;
            }
            for platform in platforms.iter().filter(|platform| !self.runs(platform)) {
                say(format!("run programs for {platform}"));
            }
            let Action::Run(run) = &step.action else { continue };
            if !run.secrets.is_empty() && !self.secrets {
                say("hand secrets to a step".into());
            }
            if !run.cache.is_empty() && !self.cache_mounts {
                say("keep folders between bakes (`cache`)".into());
            }
            if run.network == Network::None && !self.no_network {
                say("cut a step off from the network (`network: none`)".into());
            }
            if !self.verbatim {
                unsayable(run).into_iter().for_each(say);
            }
        }
        lacks
    }
}

/// Longest command, as JSON: builders read lines of 64 KiB, and what is mounted stands in the same.
const LONGEST_COMMAND: usize = 60_000;

/// What of a step no Dockerfile says.
fn unsayable(run: &Run) -> Vec<String> {
    // What means nothing but itself in an instruction.
    let plain = |text: &str| {
        let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '$' | '\\' | '"' | '\'' | '`' | '#');
        !text.is_empty() && text.chars().all(fits)
    };
    let mut all = Vec::new();
    for (name, value) in &run.env {
        if !plain(name) || name.contains('=') {
            all.push(format!("give a step a variable called {name:?}"));
        } else if value.contains(['\n', '\r', '\0']) {
            all.push(format!("give a step a variable of several lines ({name})"));
        }
    }
    all.extend(run.user.iter().filter(|user| !plain(user)).map(|user| format!("run a step as {user:?}")));
    all.extend(
        run.secrets.iter().filter(|name| !plain(name)).map(|name| format!("hand over a secret called {name:?}")),
    );
    for place in &run.cache {
        let place = place.to_string();
        if !plain(&place) || place.contains(',') {
            all.push(format!("keep a folder called {place:?}"));
        }
    }
    let words = run.shell.iter().chain([&run.script]);
    let length: usize = words.map(|word| serde_json::to_string(word).map_or(0, |text| text.len() + 1)).sum();
    if length > LONGEST_COMMAND {
        all.push(format!("carry out a script of {length} bytes (copy it into the image, and run it there)"));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(steps: &str) -> Recipe {
        let text = format!("recipe: 1\nname: a/b\ntag: \"1\"\nbase: scratch\nsteps:\n{steps}");
        crate::domain::recipe::parse(text.as_bytes(), &[]).recipe.unwrap()
    }

    fn platform(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_lacking_is_told_with_its_line() {
        let recipe = recipe(
            "  - write: {to: /a, content: x}\n  - run: {script: id, secrets: [token], cache: [/c], network: none}\n  - packages: [curl]\n",
        );
        let all = Capabilities::embedded();
        let amd = [platform("linux/amd64")];
        assert_eq!(all.lacks(&recipe, &amd), Vec::new());
        let told = |can: &Capabilities, on: &[Platform]| -> Vec<String> {
            can.lacks(&recipe, on).into_iter().map(|lack| format!("{}: {}", lack.line, lack.what)).collect()
        };
        let bare = Capabilities { secrets: false, cache_mounts: false, no_network: false, ..all.clone() };
        assert_eq!(
            told(&bare, &amd),
            [
                "7: hand secrets to a step",
                "7: keep folders between bakes (`cache`)",
                "7: cut a step off from the network (`network: none`)"
            ]
        );
        let runs_nothing = Capabilities { run_steps: false, ..all.clone() };
        assert_eq!(told(&runs_nothing, &amd), ["7: carry out a `run` step", "8: carry out a `packages` step"]);
        let only = Capabilities { platforms: Some(BTreeSet::from([platform("linux/amd64")])), ..all };
        assert_eq!(told(&only, &[platform("linux/arm64")]).len(), 2);
        assert!(only.runs(&platform("linux/amd64")) && !only.runs(&platform("linux/arm64/v8")));
    }

    #[test]
    fn what_no_dockerfile_says_is_told_before_anything_runs() {
        let long = "x".repeat(70_000);
        let recipe = recipe(&format!(
            "  - run: {{script: id, env: {{A: \"two\\nlines\", B: \"$x 'y' = #\"}}, cache: [\"/a,b\", /c]}}\n  - run: {{script: \"{long}\"}}\n"
        ));
        let amd = [platform("linux/amd64")];
        assert_eq!(Capabilities::embedded().lacks(&recipe, &amd), []);
        let told = Capabilities { verbatim: false, ..Capabilities::embedded() }.lacks(&recipe, &amd);
        let told: Vec<_> = told.iter().map(|lack| format!("{}: {}", lack.line, lack.what)).collect();
        assert_eq!(told[..2], ["6: give a step a variable of several lines (A)", "6: keep a folder called \"/a,b\""]);
        assert!(told[2].starts_with("7: carry out a script of 70") && told.len() == 3, "{told:?}");
    }
}
