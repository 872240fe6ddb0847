//! `RUN`: a script with its shell, network, secrets and caches; or what a recipe says better (`packages`, `remove`).

use std::collections::BTreeMap;

use super::super::read::{Instruction, json_words};
use super::packages;
use super::{Mapped, Refusal, State, shown};
use crate::domain::recipe::{Action, Network, Remove, Run, is_secret_name};

/// Where a recipe's secrets are.
const SECRETS: &str = "/run/secrets/";

impl State {
    pub(super) fn run(&mut self, instruction: &Instruction) -> Mapped {
        let mut run = Run { user: self.user.clone(), ..bare() };
        for flag in &instruction.flags {
            let value = self.word(flag.value.as_deref().unwrap_or_default())?;
            match (flag.name.as_str(), value.as_str()) {
                ("mount", mount) => self.mount(mount, &mut run)?,
                ("network", "none") => run.network = Network::None,
                ("network", "default" | "host") => {}
                (name, _) => return Err((format!("--{} is not in recipes", shown(name)), "leave it out")),
            }
        }
        self.script(instruction, &mut run)?;
        if run.script.trim().is_empty() {
            return Err(("it runs nothing".into(), "leave it out"));
        }
        let plain = Run { script: run.script.clone(), shell: run.shell.clone(), ..bare() } == run;
        if plain
            && self.quiet()
            && let Some(packages) = packages::of_script(&run)
        {
            self.push(Action::Packages(packages));
            return Ok(());
        }
        if plain
            && run.shell == ["/bin/sh"]
            && let Some(paths) = removed(&run.script)
        {
            self.push(Action::Remove(paths));
            return Ok(());
        }
        self.settled(&mut run)?;
        self.push(Action::Run(run));
        Ok(())
    }

    /// Whether nothing of the file's own environment could change what an installer does.
    fn quiet(&self) -> bool {
        self.env.keys().chain(self.args.keys()).all(|name| name == "DEBIAN_FRONTEND")
    }

    fn mount(&self, text: &str, run: &mut Run) -> Mapped {
        let pairs: Vec<(&str, &str)> = text.split(',').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
        let of = |names: &[&str]| pairs.iter().find(|(name, _)| names.contains(name)).map(|(_, value)| *value);
        let only = |known: &[&str]| match pairs.iter().find(|(name, _)| !known.contains(name)) {
            None => Ok(()),
            Some((name, _)) => Err((format!("a mount's {} is not in recipes", shown(name)), "leave it out")),
        };
        let target = of(&["target", "dst", "destination"]);
        match of(&["type"]).unwrap_or("bind") {
            "cache" => {
                only(&["type", "target", "dst", "destination", "id", "sharing"])?;
                let path = self.below_workdir(target.unwrap_or_default());
                let path = path.parse().map_err(|error| (format!("{error}"), "write the cache's whole path"))?;
                run.cache.push(path);
                Ok(())
            }
            "secret" => {
                only(&["type", "id", "target", "dst", "destination", "required", "mode", "uid", "gid"])?;
                let last = target.and_then(|target| target.rsplit('/').next());
                let id = of(&["id"]).or(last).unwrap_or_default();
                if target.is_some_and(|target| target.strip_prefix(SECRETS) != Some(id)) {
                    return Err((
                        format!("secret {} is not below {SECRETS}", shown(id)),
                        "let the script read it from there, and name it in `secrets`",
                    ));
                }
                if !is_secret_name(id) {
                    return Err((format!("{} is no name of a secret", shown(id)), "letters, digits, _ . -"));
                }
                run.secrets.push(id.to_owned());
                Ok(())
            }
            other => Err((
                format!("a mount of type {} is not in recipes", shown(other)),
                "`copy` what the script needs, and remove it in the same script",
            )),
        }
    }

    /// The script and who reads it.
    fn script(&self, instruction: &Instruction, run: &mut Run) -> Mapped {
        if let Some(words) = json_words(&instruction.args) {
            return of_words(words, run);
        }
        let shell = self.shell[..self.shell.len() - 1].to_vec();
        let (script, shell) = match instruction.heredocs.as_slice() {
            [] => (instruction.laid_out(self.escape), shell),
            [only] if only.word == instruction.args.trim() => match only.content.strip_prefix("#!") {
                Some(rest) => {
                    let (first, script) = rest.split_once('\n').unwrap_or((rest, ""));
                    (script.to_owned(), interpreter(first)?)
                }
                None => (only.content.clone(), shell),
            },
            all => {
                let mut script = format!("{}\n", instruction.args);
                for heredoc in all {
                    script.push_str(&format!("{}{}\n", heredoc.content, heredoc.name));
                }
                (script, shell)
            }
        };
        match script.strip_prefix("set -eu\n").filter(|_| shell == ["/bin/sh"]) {
            Some(rest) => {
                run.shell = vec!["/bin/sh".to_owned(), "-eu".to_owned()];
                // An installer's script is known by its whole text.
                let packages = packages::of_script(&Run { script: rest.to_owned(), ..run.clone() });
                run.script = if packages.is_some() { rest.to_owned() } else { exported(rest, &mut run.env) };
            }
            None => (run.script, run.shell) = (script, shell),
        }
        Ok(())
    }

    /// What the file has set until here is in force while a script runs: its variables, its working directory.
    fn settled(&mut self, run: &mut Run) -> Mapped {
        let is_shell = run.shell.first().is_some_and(|program| program.ends_with("sh"));
        if let Some(folder) = self.workdir.clone().filter(|folder| !folder.trim_end_matches('/').is_empty()) {
            if !is_shell {
                return Err((
                    format!("it runs in {}, and recipes' scripts run in /", shown(&folder)),
                    "let the script change its folder itself",
                ));
            }
            if !self.made.contains(&folder) {
                let script = format!("mkdir -p {}\n", quoted(&folder));
                let shell = vec!["/bin/sh".to_owned(), "-eu".to_owned()];
                self.push(Action::Run(Run { script, shell, ..bare() }));
                self.made.push(folder.clone());
            }
            run.script = format!("cd {}\n{}", quoted(&folder), run.script);
        }
        let args = self.args.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
        let all: BTreeMap<String, String> = args.chain(self.env.clone()).chain(std::mem::take(&mut run.env)).collect();
        run.env = all;
        Ok(())
    }
}

/// A run that says nothing but its script.
fn bare() -> Run {
    Run {
        script: String::new(),
        shell: Vec::new(),
        network: Network::Host,
        env: BTreeMap::new(),
        secrets: Vec::new(),
        cache: Vec::new(),
        user: None,
    }
}

/// A list of words: a shell with its script, or a program with its arguments.
fn of_words(words: Vec<String>, run: &mut Run) -> Mapped {
    let mut words = words;
    if words.first().is_some_and(|first| first == "/usr/bin/env") {
        let pairs = words[1..].iter().take_while(|word| word.split_once('=').is_some_and(|(name, _)| is_name(name)));
        let pairs: Vec<String> = pairs.cloned().collect();
        words.drain(..=pairs.len());
        run.env =
            pairs.iter().filter_map(|pair| pair.split_once('=')).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    }
    match words.as_slice() {
        [] => Err(("it runs nothing".into(), "leave it out")),
        [shell @ .., flag, script] if flag == "-c" && shell.first().is_some_and(|first| first.starts_with('/')) => {
            run.shell = shell.to_vec();
            let known = packages::of_script(&Run { script: script.clone(), ..run.clone() }).is_some();
            let is_shell = shell.first().is_some_and(|first| first.ends_with("sh"));
            run.script = if known || !is_shell { script.clone() } else { exported(script, &mut run.env) };
            Ok(())
        }
        words => {
            run.shell = vec!["/bin/sh".to_owned(), "-eu".to_owned()];
            run.script = format!("exec {}\n", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "));
            Ok(())
        }
    }
}

/// Who reads a script that names its reader itself.
fn interpreter(line: &str) -> Result<Vec<String>, Refusal> {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let program = words.iter().rfind(|word| !word.starts_with('-')).map(String::as_str).unwrap_or_default();
    let name = program.rsplit('/').next().unwrap_or(program);
    let takes = name.ends_with("sh") || name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') == "python";
    match takes && words.first().is_some_and(|first| first.starts_with('/')) {
        true => Ok(words),
        false => Err((format!("{} takes no script with -c", shown(line)), "`copy` the script and run it")),
    }
}

/// Takes `export NAME='value'` lines off the beginning of a script.
fn exported(script: &str, env: &mut BTreeMap<String, String>) -> String {
    let mut rest = script;
    while let Some((name, value, after)) = export(rest) {
        env.insert(name.to_owned(), value);
        rest = after;
    }
    rest.to_owned()
}

fn export(text: &str) -> Option<(&str, String, &str)> {
    let (name, mut rest) = text.strip_prefix("export ")?.split_once('=')?;
    let mut value = String::new();
    loop {
        if let Some(quoted) = rest.strip_prefix('\'') {
            let (inside, after) = quoted.split_once('\'')?;
            value.push_str(inside);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("\\'") {
            value.push('\'');
            rest = after;
        } else {
            let after = rest.strip_prefix('\n')?;
            return is_name(name).then_some((name, value, after));
        }
    }
}

fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(letter) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// `rm -r /a /b`: each must be there, as in a recipe.
fn removed(script: &str) -> Option<Remove> {
    let words: Vec<&str> = script.trim().split(' ').collect();
    let paths = match words.as_slice() {
        ["rm", "-r", "--", paths @ ..] | ["rm", "-r", paths @ ..] if !paths.is_empty() => paths,
        _ => return None,
    };
    let plain = |path: &&str| {
        path.starts_with('/') && path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@:,=".contains(c))
    };
    let parsed: Vec<_> = paths.iter().filter(|path| plain(path)).filter_map(|path| path.parse().ok()).collect();
    (parsed.len() == paths.len()).then_some(Remove { paths: parsed })
}

/// One word for a shell.
pub(in crate::domain::dockerfile) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:,=%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
