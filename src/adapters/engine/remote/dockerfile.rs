//! The Dockerfile of one step: what it stands on, its environment, its commands as lists of arguments, so that no shell of
//! the builder's reads what the recipe says. Writes text only.

use std::fmt::Write as _;

use crate::domain::recipe::Network;

/// Longest line a builder reads.
const MAX_LINE: usize = 65_000;

/// What a Dockerfile is made of.
pub(super) struct Parts<'a> {
    /// Name of the image it stands on; `None`: the archive `rootfs.tar` of the context.
    pub(super) from: Option<&'a str>,
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
}

/// The text, and the line of each command, from 1.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) lines: Vec<usize>,
}

/// What no Dockerfile can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unsayable(pub(super) String);

pub(super) fn write(parts: &Parts<'_>) -> Result<Written, Unsayable> {
    let mut lines: Vec<String> = match parts.from {
        Some(name) => vec![format!("FROM {name}")],
        None => vec!["FROM scratch".to_owned(), "ADD rootfs.tar /".to_owned()],
    };
    for (name, value) in parts.env {
        lines.push(format!("ENV {}={}", plain("variable", name)?, quoted(name, value)?));
    }
    lines.push(format!("USER {}", parts.user.map_or(Ok("0:0"), |user| plain("user", user))?));
    let mut flags = String::new();
    let (uid, gid) = parts.ids;
    for name in parts.secrets {
        let name = plain("secret", name)?;
        let _ = write!(
            flags,
            "--mount=type=secret,id={name},target=/run/secrets/{name},required=true,mode=0400,uid={uid},gid={gid} "
        );
    }
    for (id, place) in parts.caches {
        let place = plain("cache", place)?;
        if place.contains(',') {
            return Err(Unsayable(format!("cache {place:?} has a comma in its name")));
        }
        let _ = write!(flags, "--mount=type=cache,id={id},target={place},uid={uid},gid={gid} ");
    }
    if let Some((file, place)) = parts.file {
        let _ = write!(flags, "--mount=type=bind,source={file},target=/{place} ");
    }
    match parts.network {
        Some(Network::Host) => flags.push_str("--network=host "),
        Some(Network::None) => flags.push_str("--network=none "),
        None => {}
    }
    let mut at = Vec::with_capacity(parts.commands.len());
    for command in parts.commands {
        // Text always is JSON.
        let line = format!("RUN {flags}{}", serde_json::to_string(command).unwrap_or_default());
        if line.len() > MAX_LINE {
            return Err(Unsayable(format!("a command of {} bytes is longer than builders read", line.len())));
        }
        lines.push(line);
        at.push(lines.len());
    }
    Ok(Written { text: lines.join("\n") + "\n", lines: at })
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

    fn parts<'a>(env: &'a [(String, String)], commands: &'a [Vec<String>]) -> Parts<'a> {
        Parts {
            from: Some("a/b:1"),
            env,
            user: None,
            commands,
            secrets: &[],
            ids: (0, 0),
            caches: &[],
            network: None,
            file: None,
        }
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_script_is_one_line_of_arguments_whatever_is_in_it() {
        let commands = [words(&["/bin/sh", "-eu", "-c", "echo \"$HOME\" \\\n# no comment\nexit 3\n"])];
        let env = [("A".to_owned(), "x \"$y\" \\z".to_owned())];
        let written = write(&parts(&env, &commands)).unwrap();
        let lines: Vec<&str> = written.text.lines().collect();
        assert_eq!(lines[..3], ["FROM a/b:1", r#"ENV A="x \"\$y\" \\z""#, "USER 0:0"]);
        assert_eq!(lines[3], r#"RUN ["/bin/sh","-eu","-c","echo \"$HOME\" \\\n# no comment\nexit 3\n"]"#);
        assert_eq!((written.lines, lines.len()), (vec![4], 4));
    }

    #[test]
    fn mounts_and_network_stand_before_the_command() {
        let commands = [words(&["id"])];
        let caches = [("bakery-1".to_owned(), "/root/.cache".to_owned())];
        let secrets = ["token".to_owned()];
        let given = Parts {
            from: None,
            user: Some("app"),
            secrets: &secrets,
            ids: (7, 8),
            caches: &caches,
            network: Some(Network::None),
            ..parts(&[], &commands)
        };
        let text = write(&given).unwrap().text;
        assert!(
            text.starts_with("FROM scratch\nADD rootfs.tar /\nUSER app\nRUN --mount=type=secret,id=token,"),
            "{text}"
        );
        assert!(text.contains("uid=7,gid=8 --mount=type=cache,id=bakery-1,target=/root/.cache,"), "{text}");
        assert!(text.ends_with("--network=none [\"id\"]\n"), "{text}");
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        let commands = [words(&["id"])];
        for env in [("A", "two\nlines"), ("A B", "x"), ("", "x"), ("$A", "x")] {
            let env = [(env.0.to_owned(), env.1.to_owned())];
            assert!(write(&parts(&env, &commands)).is_err(), "{env:?}");
        }
        let long = [words(&["sh", &"x".repeat(70_000)])];
        assert!(write(&parts(&[], &long)).is_err());
        let user = Parts { user: Some("a b"), ..parts(&[], &commands) };
        assert!(write(&user).is_err());
    }
}
