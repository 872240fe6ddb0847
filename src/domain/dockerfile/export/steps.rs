//! Steps as instructions.

use std::collections::BTreeMap;

use super::super::import::quoted as shell_word;
use super::writing::{end_word, fits_heredoc, json, pair, path};
use super::{ContextFile, Export, is_folder};
use crate::domain::plan::InputManifest;
use crate::domain::recipe::{Action, Copy, Installer, Network, Run, Step, Unpack, Write};

/// Name of a folder that holds one to be copied with its own mode.
const FOLDER: &str = "in";

impl Export<'_> {
    pub(super) fn step(&mut self, (number, step): (usize, &Step), inputs: Option<&InputManifest>) {
        match &step.action {
            Action::Packages(packages) => match self.base.installer {
                Some(installer) => {
                    self.become_user("");
                    let script = packages_script(installer, &packages.names, self.base.created);
                    self.script("", &["/bin/sh".to_owned(), "-eu".to_owned()], &script);
                }
                None => {
                    let names = packages.names.join(" ");
                    self.note(step.line, format!("packages {names}: what installs packages in the base is not known"));
                }
            },
            Action::Copy(copy) => self.copy((number, step.line), copy, inputs),
            Action::Write(write) => self.write((number, step.line), write),
            Action::Run(run) => self.run((step.line, run)),
            Action::Remove(remove) => {
                self.become_user("");
                let paths: Vec<String> = remove.paths.iter().map(|path| shell_word(path.as_str())).collect();
                self.line(format!("RUN rm -r -- {}", paths.join(" ")));
            }
            Action::Unpack(unpack) => self.unpack(number, unpack),
        }
    }

    /// Where the files of a step lie in the build context.
    fn place(&mut self, number: usize, from: &str) -> String {
        if !self.style.gathered {
            return from.to_owned();
        }
        let last = from.rsplit('/').next().filter(|last| *last != ".").unwrap_or("all");
        let place = format!("files/{:02}/{last}", number + 1);
        self.out.inputs.push((number, place.clone()));
        place
    }

    fn copy(&mut self, (number, line): (usize, u32), copy: &Copy, inputs: Option<&InputManifest>) {
        let mut from = self.place(number, &copy.from);
        let mut to = copy.to.as_str().to_owned();
        if let Some((folder, last)) = self.named_by_target(copy, inputs) {
            (from, to) = (format!("files/{:02}/{FOLDER}", number + 1), folder);
            if let Some(place) = self.out.inputs.last_mut() {
                place.1 = format!("{from}/{last}");
            }
        }
        let mut words = vec!["COPY".to_owned()];
        words.extend(copy.owner.as_ref().map(|owner| format!("--chown={owner}")));
        if !self.style.gathered {
            words.extend(copy.mode.map(|mode| format!("--chmod={mode}")));
            words.extend(copy.exclude.iter().map(|glob| format!("--exclude={}", path(glob))));
            let strict = copy.mode.is_some_and(|mode| (mode.0 & 0o444) >> 2 & !mode.0 != 0);
            if strict && (inputs.is_none() || is_folder(inputs)) {
                let what = format!("{} would give folders the mode of files too", copy.from);
                self.note(line, format!("{what}: export with --out, which gives each its own"));
            }
            if !copy.exclude.is_empty() && self.style.plain {
                self.note(line, "builders that read no heredocs know no --exclude either: export with --out");
            }
        }
        words.push(pair(&from, &to));
        self.line(words.join(" "));
    }

    /// A folder of another mode than builders give one they make: it is copied as what is in the folder above.
    fn named_by_target(&self, copy: &Copy, inputs: Option<&InputManifest>) -> Option<(String, String)> {
        let top = inputs.filter(|_| self.style.gathered && is_folder(inputs))?.entries.first()?;
        let mode = copy.mode.map_or(top.mode, |mode| mode.0 | (mode.0 & 0o444) >> 2);
        let (above, last) = copy.to.as_str().trim_end_matches('/').rsplit_once('/')?;
        (mode != 0o755 && !last.is_empty()).then(|| (format!("{above}/"), last.to_owned()))
    }

    fn unpack(&mut self, number: usize, unpack: &Unpack) {
        let from = self.place(number, &unpack.from);
        let owner = unpack.owner.as_ref().map(|owner| format!("--chown={owner} ")).unwrap_or_default();
        let folder = format!("{}/", unpack.to.as_str().trim_end_matches('/'));
        self.line(format!("ADD {owner}{}", pair(&from, &folder)));
    }

    fn write(&mut self, (number, line): (usize, u32), write: &Write) {
        let mode = write.mode.map_or(0o644, |mode| mode.0);
        let owner = write.owner.as_ref().map(|owner| format!("--chown={owner} ")).unwrap_or_default();
        let in_context = self.style.gathered && (self.style.plain || !fits_heredoc(&write.content));
        if in_context {
            let name = write.to.parts().last().unwrap_or("file").to_owned();
            let place = format!("files/{:02}/{name}", number + 1);
            self.line(format!("COPY {owner}{}", pair(&place, write.to.as_str())));
            self.out.files.push(ContextFile { path: place, content: write.content.clone(), mode });
            return;
        }
        if self.style.plain || !fits_heredoc(&write.content) {
            let why = if self.style.plain { "it needs a file beside it" } else { "a heredoc ends with a line break" };
            self.note(line, format!("{} is not exactly the recipe's: {why}; export with --out", write.to));
        }
        let end = end_word(&write.content);
        // 0644 is what a builder gives without being told.
        let chmod = write.mode.map(|mode| format!("--chmod={mode} ")).unwrap_or_default();
        let break_after = if write.content.ends_with('\n') || write.content.is_empty() { "" } else { "\n" };
        let to = path(write.to.as_str());
        self.line(format!("COPY {owner}{chmod}<<\"{end}\" {to}\n{}{break_after}{end}", write.content));
    }

    fn run(&mut self, (line, run): (u32, &Run)) {
        self.become_user(run.user.as_deref().unwrap_or_default());
        let mut flags = String::new();
        for secret in &run.secrets {
            flags.push_str(&format!("--mount=type=secret,id={secret},required=true "));
        }
        for cache in &run.cache {
            flags.push_str(&format!("--mount=type=cache,target={} ", path(cache.as_str())));
        }
        match run.network {
            Network::None if self.style.plain => {
                self.note(line, "builders that read no heredocs know no --network either: build with `--network none`");
            }
            Network::None => flags.push_str("--network=none "),
            Network::Host => {}
        }
        let is_shell = run.shell.first().is_some_and(|program| program.ends_with("sh"));
        if is_shell {
            self.script(&flags, &run.shell, &format!("{}{}", exports(&run.env), run.script));
        } else {
            let env = run.env.iter().map(|(name, value)| format!("{name}={value}"));
            let env: Vec<String> = std::iter::once("/usr/bin/env".to_owned()).chain(env).collect();
            let env = if run.env.is_empty() { Vec::new() } else { env };
            let tail = vec!["-c".to_owned(), run.script.clone()];
            self.line(format!("RUN {flags}{}", json(&[env, run.shell.clone(), tail].concat())));
        }
    }

    /// A script as a heredoc where builders read those and its shell is the one they use, else as a list of words.
    fn script(&mut self, flags: &str, shell: &[String], script: &str) {
        let strict = shell == ["/bin/sh", "-eu"];
        if self.style.plain || !(strict || shell == ["/bin/sh"]) || script.contains('\r') {
            let words = [shell, &["-c".to_owned(), script.to_owned()]].concat();
            self.line(format!("RUN {flags}{}", json(&words)));
            return;
        }
        let one_line = !script.trim_end().contains('\n') && !script.starts_with(['[', '<', '-', '#', ' ']);
        if !strict && one_line && !script.ends_with(['\n', '\\', ' ']) && !script.contains("<<") {
            self.line(format!("RUN {flags}{script}"));
            return;
        }
        let end = end_word(script);
        let set = if strict { "set -eu\n" } else { "" };
        let break_after = if script.ends_with('\n') { "" } else { "\n" };
        self.line(format!("RUN {flags}<<{end}\n{set}{script}{break_after}{end}"));
    }
}

/// Variables of a script's own, before it.
fn exports(env: &BTreeMap<String, String>) -> String {
    env.iter().map(|(name, value)| format!("export {name}='{}'\n", value.replace('\'', "'\\''"))).collect()
}

/// What a `packages` step runs, as a script: the same commands, and away with what they leave for their next run.
pub(in crate::domain::dockerfile) fn packages_script(installer: Installer, names: &[String], created: i64) -> String {
    let environment = installer.environment(created);
    let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let mut script = exports(&environment);
    for command in installer.commands(names) {
        let words: Vec<String> = command.iter().map(|word| shell_word(word)).collect();
        script.push_str(&format!("{}\n", words.join(" ")));
    }
    let kept: Vec<String> =
        installer.discarded().filter_map(|pattern| Some(format!("{}/*", pattern.strip_suffix("/**")?))).collect();
    script.push_str(&format!("rm -rf {}\n", kept.join(" ")));
    script
}
