//! The Dockerfile of steps that go together: what they stand on, each one's environment, its commands as lists of
//! arguments, so that no shell of the builder's reads what the recipe says. Writes text only.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::domain::recipe::Network;

/// Longest line a builder reads.
const MAX_LINE: usize = 65_000;
/// Who steps run as where none says so: what they stand on names no user.
const ROOT: &str = "0:0";
/// The program that takes away what a step before has set.
const SHELL: &str = "/bin/sh";

/// One step.
pub(super) struct Part<'a> {
    /// Environment beside that of the image.
    pub(super) env: &'a [(String, String)],
    /// User it runs as; root where absent.
    pub(super) user: Option<&'a str>,
    /// Commands, each with its arguments.
    pub(super) commands: &'a [Vec<String>],
    /// Names of secrets.
    pub(super) secrets: &'a [String],
    /// Who may read them, and owns fresh caches.
    pub(super) ids: (u32, u32),
    /// Folders kept between bakes: what the builder calls them, and where they are.
    pub(super) caches: &'a [(String, String)],
    /// Said only where the builder reads it.
    pub(super) network: Option<Network>,
    /// A file of the context that is seen at a place of the image while it runs.
    pub(super) file: Option<(&'a str, &'a str)>,
    /// Whether the image is known to have a shell, whatever its commands are.
    pub(super) has_shell: bool,
}

/// The text, and the line of each command of each step, from 1.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) lines: Vec<Vec<usize>>,
}

/// What no Dockerfile can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unsayable(pub(super) String);

/// What steps stand on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct On<'a> {
    /// An image's name; `None`: the archive `rootfs.tar` of the context.
    pub(super) from: Option<&'a str>,
    /// What no other text says: a builder finds nothing of others for it.
    pub(super) mark: Option<&'a str>,
}

/// The text of `steps`.
pub(super) fn write(on: On<'_>, steps: &[Part<'_>]) -> Result<Written, Unsayable> {
    let mut lines: Vec<String> = match on.from {
        Some(name) => vec![format!("FROM {name}")],
        None => vec!["FROM scratch".to_owned(), "ADD rootfs.tar /".to_owned()],
    };
    if let Some(mark) = on.mark {
        lines.push(format!("LABEL bakery.build={}", plain("mark", mark)?));
    }
    let mut at = Vec::with_capacity(steps.len());
    // Environment and user as the steps before left them.
    let mut set: BTreeMap<&str, &str> = BTreeMap::new();
    let mut user = ROOT;
    for part in steps {
        let own: BTreeMap<&str, &str> = part.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        lines.extend(environment(own.iter().filter(|(name, value)| set.get(*name) != Some(value)))?);
        let beyond: Vec<&str> = set.keys().filter(|name| !own.contains_key(*name)).copied().collect();
        set.extend(own);
        let wanted = part.user.map_or(Ok(ROOT), |user| plain("user", user))?;
        if wanted != user {
            lines.push(format!("USER {wanted}"));
            user = wanted;
        }
        let flags = flags(part)?;
        let mut own = Vec::with_capacity(part.commands.len());
        for command in part.commands {
            // Text always is JSON.
            let command = without(&beyond, command, part.has_shell)?;
            let line = format!("RUN {flags}{}", serde_json::to_string(&command).unwrap_or_default());
            if line.len() > MAX_LINE {
                return Err(Unsayable(format!("a command of {} bytes is longer than builders read", line.len())));
            }
            lines.push(line);
            own.push(lines.len());
        }
        at.push(own);
    }
    Ok(Written { text: lines.join("\n") + "\n", lines: at })
}

/// Variables, as few lines of them as builders read: each line is a step of the builder's.
fn environment<'a>(env: impl Iterator<Item = (&'a &'a str, &'a &'a str)>) -> Result<Vec<String>, Unsayable> {
    let mut lines: Vec<String> = Vec::new();
    for (name, value) in env {
        let said = format!(" {}={}", plain("variable", name)?, quoted(name, value)?);
        match lines.last_mut().filter(|line| line.len() + said.len() <= MAX_LINE) {
            Some(line) => line.push_str(&said),
            None => lines.push(format!("ENV{said}")),
        }
    }
    Ok(lines)
}

/// Mounts and network of a step's commands.
fn flags(part: &Part<'_>) -> Result<String, Unsayable> {
    let mut flags = String::new();
    let (uid, gid) = part.ids;
    for name in part.secrets {
        let name = plain("secret", name)?;
        let _ = write!(
            flags,
            "--mount=type=secret,id={name},target=/run/secrets/{name},required=true,mode=0400,uid={uid},gid={gid} "
        );
    }
    for (id, place) in part.caches {
        let place = plain("cache", place)?;
        if place.contains(',') {
            return Err(Unsayable(format!("cache {place:?} has a comma in its name")));
        }
        let _ = write!(flags, "--mount=type=cache,id={id},target={place},uid={uid},gid={gid} ");
    }
    if let Some((file, place)) = part.file {
        let _ = write!(flags, "--mount=type=bind,source={file},target=/{place} ");
    }
    match part.network {
        Some(Network::Host) => flags.push_str("--network=host "),
        Some(Network::None) => flags.push_str("--network=none "),
        None => {}
    }
    Ok(flags)
}

/// A command that does not see the variables `beyond`, which steps before it have set: no Dockerfile unsets any.
fn without(beyond: &[&str], command: &[String], has_shell: bool) -> Result<Vec<String>, Unsayable> {
    if beyond.is_empty() {
        return Ok(command.to_vec());
    }
    let is_name = |name: &&&str| {
        let mut bytes = name.bytes();
        bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if beyond.iter().filter(is_name).count() < beyond.len()
        || !(has_shell || command.first().is_some_and(|program| program == SHELL))
    {
        return Err(Unsayable(format!("variable {} cannot be taken away again", beyond[0])));
    }
    let script = format!("unset {}; exec \"$@\"", beyond.join(" "));
    let before = [SHELL, "-c", &script, SHELL].map(str::to_owned);
    Ok(before.into_iter().chain(command.iter().cloned()).collect())
}

/// A word that means nothing but itself.
fn plain<'t>(what: &str, text: &'t str) -> Result<&'t str, Unsayable> {
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '$' | '\\' | '"' | '\'' | '`' | '#');
    if !text.is_empty() && text.chars().all(fits) && (what != "variable" || !text.contains('=')) {
        return Ok(text);
    }
    Err(Unsayable(format!("{what} {text:?} has characters no Dockerfile holds there")))
}

fn quoted(name: &str, value: &str) -> Result<String, Unsayable> {
    if value.contains(['\n', '\r', '\0']) {
        return Err(Unsayable(format!("variable {name} has more than one line")));
    }
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for c in value.chars() {
        if matches!(c, '"' | '\\' | '$') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part<'a>(env: &'a [(String, String)], commands: &'a [Vec<String>]) -> Part<'a> {
        Part {
            env,
            user: None,
            commands,
            secrets: &[],
            ids: (0, 0),
            caches: &[],
            network: None,
            file: None,
            has_shell: false,
        }
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_script_is_one_line_of_arguments_whatever_is_in_it() {
        let commands = [words(&["/bin/sh", "-eu", "-c", "echo \"$HOME\" \\\n# no comment\nexit 3\n"])];
        let env = pairs(&[("A", "x \"$y\" \\z"), ("B", "")]);
        let written = write(On { from: Some("a/b:1"), mark: Some("m1") }, &[part(&env, &commands)]).unwrap();
        let lines: Vec<&str> = written.text.lines().collect();
        assert_eq!(lines[..3], ["FROM a/b:1", "LABEL bakery.build=m1", r#"ENV A="x \"\$y\" \\z" B="""#]);
        assert_eq!(lines[3], r#"RUN ["/bin/sh","-eu","-c","echo \"$HOME\" \\\n# no comment\nexit 3\n"]"#);
        assert_eq!((written.lines, lines.len()), (vec![vec![4]], 4));
    }

    #[test]
    fn mounts_and_network_stand_before_the_command() {
        let commands = [words(&["id"])];
        let caches = [("bakery-1".to_owned(), "/root/.cache".to_owned())];
        let secrets = ["token".to_owned()];
        let given = Part {
            user: Some("app"),
            secrets: &secrets,
            ids: (7, 8),
            caches: &caches,
            network: Some(Network::None),
            ..part(&[], &commands)
        };
        let text = write(On::default(), &[given]).unwrap().text;
        assert!(
            text.starts_with("FROM scratch\nADD rootfs.tar /\nUSER app\nRUN --mount=type=secret,id=token,"),
            "{text}"
        );
        assert!(text.contains("uid=7,gid=8 --mount=type=cache,id=bakery-1,target=/root/.cache,"), "{text}");
        assert!(text.ends_with("--network=none [\"id\"]\n"), "{text}");
    }

    #[test]
    fn a_step_sees_nothing_of_the_environment_and_user_before_it() {
        let first = [words(&["/bin/sh", "-c", "a"]), words(&["b"])];
        let second = [words(&["/bin/sh", "-c", "c"])];
        let (one, two) = (pairs(&[("A", "1"), ("B", "1"), ("C", "1")]), pairs(&[("A", "1"), ("C", "2")]));
        let steps = [Part { user: Some("app"), ..part(&one, &first) }, part(&two, &second)];
        let written = write(On { from: Some("x"), mark: None }, &steps).unwrap();
        let expected = [
            "FROM x",
            r#"ENV A="1" B="1" C="1""#,
            "USER app",
            r#"RUN ["/bin/sh","-c","a"]"#,
            r#"RUN ["b"]"#,
            r#"ENV C="2""#,
            "USER 0:0",
            r#"RUN ["/bin/sh","-c","unset B; exec \"$@\"","/bin/sh","/bin/sh","-c","c"]"#,
        ];
        assert_eq!(written.text.lines().collect::<Vec<_>>(), expected);
        assert_eq!(written.lines, [vec![4, 5], vec![8]]);
        // Where nothing can take it away, the step does not go along.
        let other = [words(&["/usr/bin/python3", "-c", "c"])];
        assert!(write(On { from: Some("x"), mark: None }, &[part(&one, &first), part(&two, &other)]).is_err());
        assert!(
            write(
                On { from: Some("x"), mark: None },
                &[part(&one, &first), Part { has_shell: true, ..part(&two, &other) }]
            )
            .is_ok()
        );
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        let commands = [words(&["id"])];
        for env in [("A", "two\nlines"), ("A B", "x"), ("", "x"), ("$A", "x")] {
            let env = pairs(&[env]);
            assert!(write(On::default(), &[part(&env, &commands)]).is_err(), "{env:?}");
        }
        let long = [words(&["sh", &"x".repeat(70_000)])];
        assert!(write(On::default(), &[part(&[], &long)]).is_err());
        let user = Part { user: Some("a b"), ..part(&[], &commands) };
        assert!(write(On::default(), &[user]).is_err());
    }
}
