//! Reading `secrets` of `bakery.yaml` and `config.yaml`: where each one is had. Looks at none of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::adapters::process::environment;
use crate::domain::document::{SECRET, keys as known};
use crate::domain::recipe::{SecretSource, is_secret_name, is_variable};
use crate::domain::yaml::{Fields, Node, NodeKind, Problems, Reading, quote, text_list};

/// Most secrets of one file.
const MOST: usize = 200;

/// `{NAME: {env: VARIABLE}, NAME: {file: PATH}, NAME: {command: [PROGRAM, …]}}`; relative paths begin in `root`.
pub(super) fn secrets(node: &Node, root: &Path, problems: &mut Problems) -> BTreeMap<String, SecretSource> {
    let mut sources = BTreeMap::new();
    let NodeKind::Mapping(entries) = &node.kind else {
        problems
            .error(node.span, format!("`secrets` must be a mapping, found {}", node.describe()))
            .help("write `NAME: {env: VARIABLE}`, `NAME: {file: PATH}` or `NAME: {command: [PROGRAM, …]}`");
        return sources;
    };
    if entries.len() > MOST {
        problems.error(node.span, format!("{} secrets, at most {MOST} are kept", entries.len()));
        return sources;
    }
    for entry in entries {
        if !is_secret_name(&entry.key) {
            problems
                .error(entry.span, format!("{} is no name for a secret", quote(&entry.key)))
                .help("letters, digits, _ . -");
            continue;
        }
        if let Some(source) = secret(&entry.value, root, problems) {
            sources.insert(entry.key.clone(), source);
        }
    }
    sources
}

/// Where one secret is had; a relative path begins in `root`.
pub(super) fn secret(node: &Node, root: &Path, problems: &mut Problems) -> Option<SecretSource> {
    const HELP: &str = "give it one of `env: VARIABLE`, `file: PATH`, `command: [PROGRAM, …]`";
    let before = problems.len();
    let fields = Fields::open(node, "a secret", &known(SECRET), problems)?;
    let (env, file) = (fields.entry("env", problems), fields.entry("file", problems));
    let command = fields.entry("command", problems);
    let given: Vec<_> = [env, file, command].into_iter().flatten().collect();
    let [entry] = given.as_slice() else {
        // A slip in a key has been reported already.
        if problems.len() == before {
            let what = if given.is_empty() { "says not where it is" } else { "has more than one source" };
            problems.error(fields.span, format!("a secret that {what}")).help(HELP);
        }
        return None;
    };
    match entry.key.as_str() {
        "env" => {
            let text = entry.value.text("env", problems)?;
            if !is_variable(text) {
                // Not repeated: it may be the secret itself.
                problems
                    .error(entry.value.span, "`env` is not followed by a variable's name")
                    .help("name the variable that holds the secret; the secret itself does not belong here");
                return None;
            }
            Some(SecretSource::Env(text.to_owned()))
        }
        "file" => {
            let text = entry.value.text("file", problems)?;
            placed(text, root).map(SecretSource::File).or_else(|| {
                problems.error(entry.value.span, "`file` is no path");
                None
            })
        }
        _ => command_of(&entry.value, root, problems),
    }
}

/// A program by its name, or by a path that begins here; its arguments as they are.
fn command_of(node: &Node, root: &Path, problems: &mut Problems) -> Option<SecretSource> {
    let mut words: Vec<String> =
        text_list(node, "command", problems)?.into_iter().map(|(text, _)| text.to_owned()).collect();
    let Some(program) = words.first_mut().filter(|program| !program.is_empty()) else {
        problems.error(node.span, "`command` names no program").help("write [PROGRAM, ARGUMENT, …]");
        return None;
    };
    if program.contains('/') {
        *program = placed(program, root)?.to_str()?.to_owned();
    }
    Some(SecretSource::Command(words))
}

/// `~/x` is in the home folder, `x` beside the file that names it.
fn placed(text: &str, root: &Path) -> Option<PathBuf> {
    if text.is_empty() {
        return None;
    }
    match text.strip_prefix("~/") {
        Some(rest) => Some(PathBuf::from(environment("HOME").filter(|home| home.starts_with('/'))?).join(rest)),
        None => Some(root.join(text.strip_prefix("./").unwrap_or(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::yaml;

    fn read(text: &str) -> Result<BTreeMap<String, SecretSource>, Vec<String>> {
        let mut problems = Problems::new();
        let node = yaml::read(text.as_bytes(), &mut problems).unwrap();
        let sources = secrets(&node, Path::new("/w"), &mut problems);
        match problems.is_empty() {
            true => Ok(sources),
            false => {
                let shown = |p: yaml::Problem| format!("{}:{}: {}", p.line, p.column, p.message);
                Err(problems.into_sorted().into_iter().map(shown).collect())
            }
        }
    }

    #[test]
    fn sources_as_they_are_written() {
        let found = read(
            "a: {env: PIP_TOKEN}\nb: {file: keys/npmrc}\nc: {command: [pass, show, ci/vault]}\nd: {command: [./x]}\n",
        )
        .unwrap();
        assert_eq!(found["a"], SecretSource::Env("PIP_TOKEN".into()));
        assert_eq!(found["b"], SecretSource::File("/w/keys/npmrc".into()));
        assert_eq!(found["c"], SecretSource::Command(["pass", "show", "ci/vault"].map(str::to_owned).to_vec()));
        assert_eq!(found["d"], SecretSource::Command(vec!["/w/x".into()]));
        let home = read("a: {file: ~/.npmrc}\n");
        if let (Some(folder), Ok(home)) = (environment("HOME"), home) {
            assert_eq!(home["a"], SecretSource::File(Path::new(&folder).join(".npmrc")));
        }
    }

    #[test]
    fn mistakes_have_places_and_do_not_repeat_a_value() {
        let text = "a: {env: hunter2!}\n-b: {env: X}\nc: {evn: X}\nd: {env: X, file: y}\ne: {}\nf: {command: []}\ng: {file: \"\"}\nh: hunter2\n";
        let expected = [
            "1:10: `env` is not followed by a variable's name",
            "2:1: `-b` is no name for a secret",
            "3:5: unknown key `evn` in a secret; did you mean `env`?",
            "4:4: a secret that has more than one source",
            "5:4: a secret that says not where it is",
            "6:14: `command` names no program",
            "7:11: `file` is no path",
            "8:4: a secret must be a mapping, found text",
        ];
        assert_eq!(read(text).unwrap_err(), expected);
    }
}
