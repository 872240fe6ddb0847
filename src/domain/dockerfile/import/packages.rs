//! Scripts that do nothing but install packages: what `packages` says better.

use super::super::export::packages_script;
use crate::domain::recipe::{Installer, Packages, Run};

/// Options of installers that change nothing about what is in the image.
const QUIET: &[&str] = &["-y", "-q", "-qq", "-qy", "-yq", "-yqq", "-qqy", "--yes", "--assume-yes", "--quiet"];

/// The packages a script installs, where it does nothing else.
pub(super) fn of_script(run: &Run) -> Option<Packages> {
    if !run.env.is_empty() {
        return None;
    }
    match run.shell.as_slice() {
        [shell, flags] if shell == "/bin/sh" && flags == "-eu" => written(&run.script),
        [shell] if shell == "/bin/sh" => by_hand(&run.script),
        _ => None,
    }
}

/// What an export writes: it is known by being written again.
fn written(script: &str) -> Option<Packages> {
    let line = script.lines().rfind(|line| line.contains(" -- ") && !line.starts_with("rm "))?;
    let names: Vec<String> =
        line.split_once(" -- ")?.1.split(' ').map(|name| name.trim_matches('\'').to_owned()).collect();
    let created = script.lines().find_map(|line| line.strip_prefix("export SOURCE_DATE_EPOCH="))?;
    let created = created.trim_matches('\'').parse().ok()?;
    let same = |installer: Installer| packages_script(installer, &names, created) == script;
    Installer::all().any(same).then_some(Packages { names })
}

/// What people write: lists fetched, packages installed, lists removed again.
fn by_hand(script: &str) -> Option<Packages> {
    let joined = script.replace("\\\n", " ");
    let mut names: Option<Vec<String>> = None;
    for command in joined.split("&&") {
        let words: Vec<&str> = command.split_whitespace().filter(|word| !QUIET.contains(word)).collect();
        let (program, rest) = match words.as_slice() {
            ["apt-get", "update" | "clean"]
            | ["rm", "-rf", "/var/lib/apt/lists/*"]
            | ["dnf" | "microdnf" | "yum", "clean", "all"] => continue,
            ["apt-get", "install", rest @ ..] if rest.contains(&"--no-install-recommends") => ("apt", rest),
            ["apk", "add", rest @ ..] if rest.contains(&"--no-cache") => ("apk", rest),
            ["dnf" | "microdnf", "install", rest @ ..] if rest.contains(&"--setopt=install_weak_deps=False") => {
                ("dnf", rest)
            }
            _ => return None,
        };
        let installer = Installer::named(program)?;
        let own = ["--no-install-recommends", "--no-cache", "--setopt=install_weak_deps=False"];
        let these: Vec<String> =
            rest.iter().filter(|word| !own.contains(word)).map(|word| (*word).to_owned()).collect();
        if names.is_some() || these.is_empty() || these.iter().any(|name| installer.validate(name).is_err()) {
            return None;
        }
        names = Some(these);
    }
    names.map(|names| Packages { names })
}
