//! From a Dockerfile to a recipe: what maps cleanly, and every line that does not, with why and what to do instead.

mod config;
mod files;
mod packages;
mod run;
mod stages;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::read::{self, Instruction, Lookup, Text, expand, split};
use super::recipe_text::{self, Draft, Entry};
use crate::domain::oci::{Platform, Repository, Tag};
use crate::domain::recipe::{Action, ConfigChange, Problem, Severity};
use crate::domain::text::escape;

/// Most lines that do not map, told one by one.
const MOST_TOLD: usize = 200;

/// A line of a Dockerfile that no recipe says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unmapped {
    /// The instruction, in capitals; empty where the text is none.
    pub instruction: String,
    /// Where, why, what to do.
    #[serde(flatten)]
    pub problem: Problem,
}

/// What came of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The recipe's text; what does not map stands in it as comments.
    pub recipe: String,
    /// Lines that do not map, in the order of the text.
    pub unmapped: Vec<Unmapped>,
    /// The base to be asked for its variables, where a line would map if they were known.
    pub wants: Option<String>,
    /// Variables of the base whose values stand in the recipe now.
    pub inherited: BTreeSet<String>,
}

/// How the image is to be called, and where its base may be.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// Repository in the local store.
    pub name: &'a Repository,
    /// Tag.
    pub tag: &'a Tag,
    /// Stores by what a reference to a registry begins with: `registry.example:5000/global` and `global`.
    pub stores: &'a [(String, String)],
    /// Variables the base sets, where it could be asked.
    pub base_env: Option<&'a BTreeMap<String, String>>,
}

/// Reads a Dockerfile as a recipe.
pub fn import(bytes: &[u8], names: Names<'_>) -> Imported {
    let text = read::read(bytes);
    let mut state = State::new(text.escape);
    for fault in &text.faults {
        let problem = Problem {
            line: fault.line,
            column: fault.column,
            end: None,
            severity: Severity::Error,
            message: fault.message.clone(),
            help: Some("nothing of this is read".to_owned()),
        };
        state.leave(Unmapped { instruction: String::new(), problem });
    }
    state.walk(&text, names);
    state.finish(names)
}

pub(super) use run::quoted;

/// A refusal: why, and what to do instead.
type Refusal = (String, &'static str);

/// Shorthand for an instruction that maps or not.
type Mapped = Result<(), Refusal>;

/// What has been read so far.
struct State {
    escape: char,
    /// Build arguments in force; `None` for one without a value.
    args: BTreeMap<String, Option<String>>,
    /// Those declared before the first `FROM`.
    outer_args: BTreeMap<String, Option<String>>,
    env: BTreeMap<String, String>,
    /// Variables the base sets, once it is named; `None`: nobody asked it.
    base_env: Option<BTreeMap<String, String>>,
    /// Of those, the ones a line has put in, and whether one was missed that the base may set.
    inherited: RefCell<BTreeSet<String>>,
    misses: Cell<bool>,
    user: Option<String>,
    workdir: Option<String>,
    /// Folders a `WORKDIR` made, that a step has made since.
    made: Vec<String>,
    shell: Vec<String>,
    base: Option<String>,
    platform: Option<Platform>,
    steps: Vec<Entry>,
    config: ConfigChange,
    unmapped: Vec<Unmapped>,
    untold: usize,
}

impl State {
    fn new(escape: char) -> Self {
        Self {
            escape,
            args: BTreeMap::new(),
            outer_args: BTreeMap::new(),
            env: BTreeMap::new(),
            base_env: None,
            inherited: RefCell::default(),
            misses: Cell::new(false),
            user: None,
            workdir: None,
            made: Vec::new(),
            shell: vec!["/bin/sh".to_owned(), "-c".to_owned()],
            base: None,
            platform: None,
            steps: Vec::new(),
            config: ConfigChange::default(),
            unmapped: Vec::new(),
            untold: 0,
        }
    }

    fn walk(&mut self, text: &Text, names: Names<'_>) {
        let chosen = stages::chosen(&text.instructions);
        for (instruction, part) in text.instructions.iter().zip(chosen) {
            let mapped = match part {
                stages::Part::Left => continue,
                stages::Part::Beside(lines) => Err((
                    format!("another stage is built here, which the image does not stand on ({lines} lines)"),
                    "bake it as a recipe of its own, or put what it makes beside the recipe and `copy` it",
                )),
                stages::Part::Taken => self.take(instruction, names),
            };
            if let Err((message, help)) = mapped {
                self.refuse(instruction, message, help);
            }
        }
    }

    fn take(&mut self, instruction: &Instruction, names: Names<'_>) -> Mapped {
        match instruction.name.as_str() {
            "FROM" => {
                self.from(instruction, names.stores)?;
                self.base_env = match self.base.as_deref() {
                    // Nothing sets nothing.
                    Some("scratch") => Some(BTreeMap::new()),
                    _ => names.base_env.cloned(),
                };
                Ok(())
            }
            "ARG" => self.arg(instruction),
            "RUN" => self.run(instruction),
            "COPY" | "ADD" => self.files(instruction),
            "ENV" | "LABEL" | "USER" | "WORKDIR" | "ENTRYPOINT" | "CMD" | "EXPOSE" | "VOLUME" | "STOPSIGNAL"
            | "HEALTHCHECK" | "SHELL" => self.setting(instruction),
            "ONBUILD" => {
                Err(("a recipe does nothing for those that inherit from its image".into(), "put it into their recipes"))
            }
            "MAINTAINER" => Err((
                "it is long out of use".into(),
                "write the label org.opencontainers.image.authors into `config.labels`",
            )),
            _ => Err(("no instruction of a Dockerfile is called so".into(), "leave it out")),
        }
    }

    /// An instruction that takes no flags got one.
    fn no_flags(instruction: &Instruction) -> Mapped {
        match instruction.flags.first() {
            None => Ok(()),
            Some(flag) => Err((format!("--{} is not read here", shown(&flag.name)), "leave it out")),
        }
    }

    /// One word with its variables put in.
    fn word(&self, word: &str) -> Result<String, Refusal> {
        let inherited = |name: &str| self.base_env.as_ref().map(|env| env.get(name));
        // What the base sets stands above a build argument of the same name.
        let lookup = |name: &str| match (self.env.get(name), self.args.get(name), inherited(name)) {
            (None, _, Some(Some(value))) => {
                self.inherited.borrow_mut().insert(name.to_owned());
                Lookup::Value(value.clone())
            }
            (Some(value), _, _) | (None, Some(Some(value)), _) => Lookup::Value(value.clone()),
            (None, Some(None), _) => Lookup::Unknown("is a build argument without a value"),
            (None, None, Some(None)) => Lookup::Unknown("is set neither in this file nor by its base"),
            (None, None, None) => {
                self.misses.set(true);
                Lookup::Unknown("is set nowhere in this file; the base may set it")
            }
        };
        let known = expand(word, self.escape, &lookup);
        known.map_err(|why| (why, "write the value itself into the recipe"))
    }

    /// All words of a text.
    fn words(&self, text: &str) -> Result<Vec<String>, Refusal> {
        split(text, self.escape).into_iter().map(|word| self.word(word)).collect()
    }

    fn push(&mut self, action: Action) {
        self.steps.push(Entry::Step(action));
    }

    fn refuse(&mut self, instruction: &Instruction, message: String, help: &str) {
        let problem = Problem {
            line: instruction.line,
            column: instruction.column,
            end: None,
            severity: Severity::Error,
            message,
            help: Some(help.to_owned()),
        };
        let name = instruction.name.chars().take(40).collect::<String>();
        self.leave(Unmapped { instruction: escape(&name), problem });
    }

    fn leave(&mut self, unmapped: Unmapped) {
        if self.unmapped.len() >= MOST_TOLD {
            self.untold += 1;
            return;
        }
        let Problem { line, message, help, .. } = &unmapped.problem;
        let help = help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        self.steps.push(Entry::Comment(format!("line {line}: {} {message}{help}", unmapped.instruction)));
        self.unmapped.push(unmapped);
    }

    fn finish(mut self, names: Names<'_>) -> Imported {
        if self.untold > 0 {
            let message = format!("{} more lines do not map", self.untold);
            if let Some(last) = self.unmapped.last().cloned() {
                let problem = Problem { message, help: None, ..last.problem };
                self.unmapped.push(Unmapped { problem, ..last });
            }
        }
        if self.base.is_none() && self.unmapped.is_empty() {
            let message = "there is no FROM".to_owned();
            let help = Some("every Dockerfile begins with one".to_owned());
            let problem = Problem { line: 1, column: 1, end: None, severity: Severity::Error, message, help };
            self.leave(Unmapped { instruction: String::new(), problem });
        }
        self.config.env = self.env;
        let inherited = self.inherited.into_inner();
        let listed: Vec<&str> = inherited.iter().map(String::as_str).collect();
        let head = match listed.as_slice() {
            [] => Vec::new(),
            listed => vec![format!("Values of the base as it was when this was read: {}.", listed.join(", "))],
        };
        let recipe = recipe_text::write(&Draft {
            name: names.name.as_str(),
            tag: names.tag.as_str(),
            base: self.base.as_deref().unwrap_or("scratch"),
            platforms: self.platform.as_slice(),
            steps: &self.steps,
            config: &self.config,
            head: &head,
        });
        self.unmapped.sort_by_key(|one| (one.problem.line, one.problem.column));
        Imported { recipe, unmapped: self.unmapped, wants: self.base.filter(|_| self.misses.get()), inherited }
    }
}

/// A piece of the text within a message.
fn shown(text: &str) -> String {
    escape(&text.chars().take(60).collect::<String>())
}

#[cfg(test)]
mod tests;
