//! `COPY` and `ADD`: files beside the Dockerfile, texts within it, archives.

use super::super::read::{Instruction, expand, json_words, split};
use super::{Mapped, Refusal, State, shown};
use crate::domain::recipe::{Action, Copy, ImagePath, Mode, Owner, Unpack, Write, glob};

/// Endings of archives that `ADD` unpacks, and whether recipes unpack them.
const ARCHIVES: &[(&str, bool)] = &[
    (".tar", true),
    (".tar.gz", true),
    (".tgz", true),
    (".tar.zst", true),
    (".tar.bz2", false),
    (".tbz2", false),
    (".tar.xz", false),
    (".txz", false),
];

/// What the flags say.
#[derive(Default)]
struct Said {
    owner: Option<Owner>,
    mode: Option<Mode>,
    exclude: Vec<String>,
    unpack: Option<bool>,
}

impl State {
    pub(super) fn files(&mut self, instruction: &Instruction) -> Mapped {
        let said = self.said(instruction)?;
        let words = match json_words(&instruction.args) {
            Some(words) => words,
            None => split(&instruction.args, self.escape).into_iter().map(str::to_owned).collect(),
        };
        let Some((to, sources)) = words.split_last().filter(|(_, sources)| !sources.is_empty()) else {
            return Err(("it names no file and where it goes".into(), "write COPY FROM TO"));
        };
        let to = self.below_workdir(&self.word(to)?);
        let whole: ImagePath =
            to.parse().map_err(|error| (format!("{error}"), "write a path in the image, without .."))?;
        let mut made = Vec::new();
        for source in sources {
            let heredoc = instruction.heredocs.iter().find(|heredoc| heredoc.word == *source);
            made.push(match heredoc {
                Some(heredoc) => {
                    let to = if to.ends_with('/') { format!("{to}{}", heredoc.name) } else { to.clone() };
                    let content = match heredoc.expands && heredoc.content.contains(['$', self.escape]) {
                        true => self.filled(&heredoc.content)?,
                        false => heredoc.content.clone(),
                    };
                    let to = to.parse().map_err(|error| (format!("{error}"), "write the file's path"))?;
                    Action::Write(Write { to, content, owner: said.owner.clone(), mode: said.mode })
                }
                None => self.beside(instruction, &self.word(source)?, &whole, &said)?,
            });
        }
        if made.len() > 1 && !to.ends_with('/') {
            return Err(("several files go to one place".into(), "write a / behind the folder they go into"));
        }
        made.into_iter().for_each(|action| self.push(action));
        Ok(())
    }

    fn said(&self, instruction: &Instruction) -> Result<Said, Refusal> {
        let mut said = Said::default();
        for flag in &instruction.flags {
            let value = self.word(flag.value.as_deref().unwrap_or_default())?;
            match flag.name.as_str() {
                "chown" => {
                    let owner =
                        value.parse().map_err(|error| (format!("{error}"), "write user:group, or their numbers"))?;
                    said.owner = Some(owner);
                }
                "chmod" => {
                    let digits = format!("{value:0>4}");
                    let mode = digits.parse();
                    said.mode = Some(mode.map_err(|_| (format!("{} is no octal mode", shown(&value)), "write 0644"))?);
                }
                "exclude" => {
                    glob(&value).map_err(|why| (format!("{} is no glob: {why}", shown(&value)), "mend it"))?;
                    said.exclude.push(value);
                }
                // It changes how layers are kept, not what is in them.
                "link" => {}
                "unpack" => said.unpack = Some(value.is_empty() || value == "true"),
                "from" => {
                    return Err((
                        format!("it copies from {}, which no recipe reads", shown(&value)),
                        "put the files beside the recipe, or take that image as the base",
                    ));
                }
                other => return Err((format!("--{} is not in recipes", shown(other)), "copy each folder by itself")),
            }
        }
        Ok(said)
    }

    fn beside(&self, instruction: &Instruction, source: &str, to: &ImagePath, said: &Said) -> Result<Action, Refusal> {
        if source.contains("://") || source.starts_with("git@") {
            return Err((
                format!("{} is fetched while it is built", shown(source)),
                "put it beside the recipe, or fetch it in a `run` step that holds its digest against what you know",
            ));
        }
        if source.contains(['*', '?', '[']) {
            return Err((
                format!("{} is a pattern", shown(source)),
                "copy the folder, with `exclude` for what is not meant",
            ));
        }
        let parts: Vec<&str> = source.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if parts.contains(&"..") {
            return Err((format!("{} leaves the folder", shown(source)), "put it beside the recipe"));
        }
        let from = if parts.is_empty() { ".".to_owned() } else { parts.join("/") };
        let archive = ARCHIVES.iter().rev().find(|(ending, _)| from.ends_with(ending));
        match archive.filter(|_| instruction.name == "ADD" && said.unpack != Some(false)) {
            Some((ending, false)) => {
                Err((format!("no recipe unpacks {ending}"), "pack it as .tar.gz or .tar.zst beside the recipe"))
            }
            Some(_) if said.mode.is_some() || !said.exclude.is_empty() => {
                Err(("what is unpacked keeps its own modes".into(), "leave --chmod and --exclude out"))
            }
            Some(_) => Ok(Action::Unpack(Unpack { from, to: to.clone(), owner: said.owner.clone() })),
            None => {
                let Said { owner, mode, exclude, .. } = said;
                let (owner, exclude) = (owner.clone(), exclude.clone());
                Ok(Action::Copy(Copy { from, to: to.clone(), owner, mode: *mode, exclude }))
            }
        }
    }

    /// A heredoc's text with its variables put in; quotes are nothing there.
    fn filled(&self, content: &str) -> Result<String, Refusal> {
        let kept: String = content
            .chars()
            .flat_map(|c| matches!(c, '"' | '\'').then_some(self.escape).into_iter().chain([c]))
            .collect();
        let lookup = |name: &str| match self.word(&format!("${{{name}}}")) {
            Ok(value) => super::Lookup::Value(value),
            Err(_) => super::Lookup::Unknown("has no value in this file"),
        };
        let filled = expand(&kept, self.escape, &lookup);
        filled.map_err(|why| (why, "write the value itself, or the heredoc's name in quotes"))
    }
}
