//! A recipe as the text somebody would write: block scalars for scripts, quotes only where needed, comments for what is not
//! in it. The strict reader of recipes gives the same recipe back; a test holds them against each other.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::domain::oci::Platform;
use crate::domain::recipe::{Action, ConfigChange, Copy, Healthcheck, Network, Run, Unpack, Write as WriteStep};

/// One of the steps, or lines about what is none.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    /// A step.
    Step(Action),
    /// A comment.
    Comment(String),
}

/// What is written.
pub(super) struct Draft<'a> {
    /// Repository.
    pub(super) name: &'a str,
    /// Tag.
    pub(super) tag: &'a str,
    /// Base.
    pub(super) base: &'a str,
    /// Platforms.
    pub(super) platforms: &'a [Platform],
    /// Steps, with comments between.
    pub(super) steps: &'a [Entry],
    /// Config.
    pub(super) config: &'a ConfigChange,
    /// Comments at the head.
    pub(super) head: &'a [String],
}

/// The whole text.
pub(super) fn write(draft: &Draft<'_>) -> String {
    let mut out = String::new();
    for line in draft.head {
        comment(&mut out, "", line);
    }
    let Draft { name, tag, base, .. } = draft;
    let _ = write!(out, "recipe: 1\nname: {}\ntag: {}\nbase: {}\n", scalar(name), quoted(tag), scalar(base));
    if !draft.platforms.is_empty() {
        let _ = writeln!(out, "platforms: {}", list(draft.platforms.iter().map(ToString::to_string)));
    }
    if draft.steps.iter().any(|entry| matches!(entry, Entry::Step(_))) {
        out.push_str("steps:\n");
    }
    for entry in draft.steps {
        match entry {
            Entry::Comment(text) => comment(&mut out, "  ", text),
            Entry::Step(action) => step(&mut out, action),
        }
    }
    config(&mut out, draft.config);
    out
}

fn comment(out: &mut String, indent: &str, text: &str) {
    let _ = writeln!(out, "{indent}# {}", crate::domain::text::escape(text));
}

fn step(out: &mut String, action: &Action) {
    match action {
        Action::Packages(packages) => {
            let _ = writeln!(out, "  - packages: {}", list(packages.names.iter().cloned()));
        }
        Action::Remove(remove) => {
            let _ = writeln!(out, "  - remove: {}", list(remove.paths.iter().map(ToString::to_string)));
        }
        Action::Copy(Copy { from, to, owner, mode, exclude }) => {
            let mut fields = vec![format!("from: {}", scalar(from)), format!("to: {}", scalar(to.as_str()))];
            fields.extend(owner.as_ref().map(|owner| format!("owner: {}", quoted(&owner.to_string()))));
            fields.extend(mode.map(|mode| format!("mode: {}", quoted(&mode.to_string()))));
            if !exclude.is_empty() {
                fields.push(format!("exclude: {}", list(exclude.iter().cloned())));
            }
            let _ = writeln!(out, "  - copy: {{{}}}", fields.join(", "));
        }
        Action::Unpack(Unpack { from, to, owner }) => {
            let mut fields = vec![format!("from: {}", scalar(from)), format!("to: {}", scalar(to.as_str()))];
            fields.extend(owner.as_ref().map(|owner| format!("owner: {}", quoted(&owner.to_string()))));
            let _ = writeln!(out, "  - unpack: {{{}}}", fields.join(", "));
        }
        Action::Write(WriteStep { to, content, owner, mode }) => {
            let _ = writeln!(out, "  - write:\n      to: {}", scalar(to.as_str()));
            if let Some(owner) = owner {
                let _ = writeln!(out, "      owner: {}", quoted(&owner.to_string()));
            }
            if let Some(mode) = mode {
                let _ = writeln!(out, "      mode: {}", quoted(&mode.to_string()));
            }
            text(out, "      content:", content, "        ");
        }
        Action::Run(run) => run_step(out, run),
    }
}

fn run_step(out: &mut String, run: &Run) {
    let default_shell = run.shell == ["/bin/sh", "-eu"];
    let plain = run.network == Network::Host && run.env.is_empty() && run.secrets.is_empty() && run.cache.is_empty();
    if default_shell && plain && run.user.is_none() {
        return text(out, "  - run:", &run.script, "      ");
    }
    out.push_str("  - run:\n");
    if !default_shell {
        let _ = writeln!(out, "      shell: {}", list(run.shell.iter().cloned()));
    }
    if run.network == Network::None {
        out.push_str("      network: none\n");
    }
    if !run.env.is_empty() {
        let _ = writeln!(out, "      env: {}", map(&run.env));
    }
    if !run.secrets.is_empty() {
        let _ = writeln!(out, "      secrets: {}", list(run.secrets.iter().cloned()));
    }
    if !run.cache.is_empty() {
        let _ = writeln!(out, "      cache: {}", list(run.cache.iter().map(ToString::to_string)));
    }
    if let Some(user) = &run.user {
        let _ = writeln!(out, "      user: {}", quoted(user));
    }
    text(out, "      script:", &run.script, "        ");
}

fn config(out: &mut String, config: &ConfigChange) {
    if *config == ConfigChange::default() {
        return;
    }
    out.push_str("config:\n");
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(out, "  {key}: {value}");
        }
    };
    let words = |words: &Vec<String>| list(words.iter().cloned());
    line("env", (!config.env.is_empty()).then(|| map(&config.env)));
    line("user", config.user.as_deref().map(quoted));
    line("workdir", config.workdir.as_ref().map(|path| scalar(path.as_str())));
    line("entrypoint", config.entrypoint.as_ref().map(words));
    line("cmd", config.cmd.as_ref().map(words));
    line("expose", (!config.expose.is_empty()).then(|| words(&config.expose)));
    line("labels", (!config.labels.is_empty()).then(|| map(&config.labels)));
    let volumes = || list(config.volumes.iter().map(ToString::to_string));
    line("volumes", (!config.volumes.is_empty()).then(volumes));
    line("stop-signal", config.stop_signal.as_deref().map(quoted));
    line("healthcheck", config.healthcheck.as_ref().map(healthcheck));
}

fn healthcheck(check: &Healthcheck) -> String {
    let mut fields = vec![format!("test: {}", list(check.test.iter().cloned()))];
    let times = [("interval", check.interval), ("timeout", check.timeout), ("start-period", check.start_period)];
    for (key, nanoseconds) in times {
        fields.extend(nanoseconds.map(|time| format!("{key}: {}", duration(time))));
    }
    fields.extend(check.retries.map(|retries| format!("retries: {retries}")));
    format!("{{{}}}", fields.join(", "))
}

/// Nanoseconds as people write them, in the largest unit that is exact.
pub(super) fn duration(nanoseconds: u64) -> String {
    let units = [(60_000_000_000, "m"), (1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
    let unit = units.iter().find(|(size, _)| nanoseconds > 0 && nanoseconds.is_multiple_of(*size));
    unit.map_or_else(|| format!("{nanoseconds}ns"), |(size, name)| format!("{}{name}", nanoseconds / size))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.map(|item| scalar(&item)).collect::<Vec<_>>().join(", "))
}

fn map(entries: &BTreeMap<String, String>) -> String {
    let entry = |(name, value): (&String, &String)| format!("{}: {}", scalar(name), scalar(value));
    format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
}

/// Several lines as a block where a block gives them back exactly, else quoted.
fn text(out: &mut String, key: &str, value: &str, indent: &str) {
    let shown = |c: char| c == '\n' || !crate::domain::text::is_hazardous(c);
    let lines: Vec<&str> = value.strip_suffix('\n').unwrap_or(value).split('\n').collect();
    let exact = value.ends_with('\n')
        && !value.ends_with("\n\n")
        && value.len() > 1
        && value.chars().all(shown)
        && !lines[0].starts_with([' ', '\t'])
        && !lines[0].is_empty();
    if !exact {
        let _ = writeln!(out, "{key} {}", quoted(value));
        return;
    }
    let _ = writeln!(out, "{key} |");
    for line in lines {
        let _ = if line.is_empty() { writeln!(out) } else { writeln!(out, "{indent}{line}") };
    }
}

/// Bare where nothing else can be read into it.
fn scalar(text: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    let inner = |c: char| bare(c) || c == ':' || c == '@';
    let word = !["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(&text.to_lowercase().as_str());
    let begins = text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    if word && begins && text.chars().all(inner) && !text.ends_with(':') { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if crate::domain::text::is_hazardous(c) => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
