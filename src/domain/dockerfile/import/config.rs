//! Instructions that change an image's config, and those that say how later ones are carried out.

use super::super::read::{Instruction, json_words, split};
use super::{Mapped, Refusal, State, shown};
use crate::domain::recipe::{Healthcheck, ImagePath, Owner, duration, is_signal, port};

impl State {
    pub(super) fn setting(&mut self, instruction: &Instruction) -> Mapped {
        if instruction.name != "HEALTHCHECK" {
            Self::no_flags(instruction)?;
        }
        let args = instruction.args.as_str();
        match instruction.name.as_str() {
            "ENV" => {
                for (name, value) in self.pairs(args)? {
                    self.env.insert(name, value);
                }
            }
            "LABEL" => {
                let pairs = self.pairs(args)?;
                self.config.labels.extend(pairs);
            }
            "USER" => self.user(args)?,
            "WORKDIR" => self.enter(args)?,
            "ENTRYPOINT" => {
                self.config.entrypoint = Some(self.command(args)?);
                self.config.cmd = None;
            }
            "CMD" => self.config.cmd = Some(self.command(args)?),
            "EXPOSE" => self.expose(args)?,
            "VOLUME" => self.volumes(args)?,
            "STOPSIGNAL" => {
                let signal = self.word(args)?;
                if !is_signal(&signal) {
                    return Err((format!("{} is no signal", shown(&signal)), "write its name, such as SIGTERM"));
                }
                self.config.stop_signal = Some(signal);
            }
            "HEALTHCHECK" => self.config.healthcheck = Some(self.healthcheck(instruction)?),
            _ => match json_words(args) {
                Some(words) if words.len() > 1 && words.last().is_some_and(|last| last == "-c") => self.shell = words,
                _ => return Err(("a shell here is a list that ends in -c".into(), "write `shell` into the steps")),
            },
        }
        Ok(())
    }

    /// `name=value …`, or `name value`.
    fn pairs(&self, args: &str) -> Result<Vec<(String, String)>, Refusal> {
        let words = split(args, self.escape);
        let first = words.first().copied().unwrap_or_default();
        if !first.contains('=') {
            let rest = args.trim_start().strip_prefix(first).map(str::trim).unwrap_or_default();
            if first.is_empty() || rest.is_empty() {
                return Err(("it sets nothing".into(), "write NAME=value"));
            }
            return Ok(vec![(self.word(first)?, self.word(rest)?)]);
        }
        let pair = |word: &&str| {
            let (name, value) =
                word.split_once('=').ok_or((format!("{} has no =", shown(word)), "write NAME=value"))?;
            let name = self.word(name)?;
            if name.is_empty() {
                return Err(("a name is empty".into(), "write NAME=value"));
            }
            Ok((name, self.word(value)?))
        };
        words.iter().map(pair).collect()
    }

    fn user(&mut self, args: &str) -> Mapped {
        let user = self.word(args.trim())?;
        if user.parse::<Owner>().is_err() {
            return Err((format!("{} is no user", shown(&user)), "write user, user:group, or their numbers"));
        }
        self.config.user = Some(user.clone());
        self.user = Some(user).filter(|user| !matches!(user.as_str(), "root" | "0" | "0:0" | "root:root"));
        Ok(())
    }

    fn enter(&mut self, args: &str) -> Mapped {
        let to = self.below_workdir(&self.word(args.trim())?);
        let path: ImagePath = to.parse().map_err(|_| (format!("{} is no path", shown(&to)), "write a whole path"))?;
        self.config.workdir = Some(path);
        self.workdir = Some(to);
        Ok(())
    }

    /// A path where relative ones begin in the working directory.
    pub(super) fn below_workdir(&self, path: &str) -> String {
        if path.starts_with('/') {
            return path.to_owned();
        }
        let folder = self.workdir.as_deref().unwrap_or("/").trim_end_matches('/');
        let slash = if matches!(path, "." | "./" | "") || path.ends_with('/') { "/" } else { "" };
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if parts.is_empty() { format!("{folder}{slash}") } else { format!("{folder}/{}{slash}", parts.join("/")) }
    }

    /// `["a", "b"]`, or a text for the shell.
    fn command(&self, args: &str) -> Result<Vec<String>, Refusal> {
        match json_words(args) {
            Some(words) => Ok(words),
            None if args.trim().is_empty() => Err(("it names no program".into(), "write [\"PROGRAM\", \"ARGUMENT\"]")),
            None => Ok(self.shell.iter().cloned().chain([args.to_owned()]).collect()),
        }
    }

    fn expose(&mut self, args: &str) -> Mapped {
        for word in self.words(args)? {
            let port = port(&word).ok_or((format!("{} is no single port", shown(&word)), "list every port"))?;
            if !self.config.expose.contains(&port) {
                self.config.expose.push(port);
            }
        }
        Ok(())
    }

    fn volumes(&mut self, args: &str) -> Mapped {
        let words = match json_words(args) {
            Some(words) => words,
            None => self.words(args)?,
        };
        for word in words {
            let path = word.parse::<ImagePath>();
            let path = path.map_err(|_| (format!("{} is no whole path", shown(&word)), "write a whole path"))?;
            self.config.volumes.push(path);
        }
        Ok(())
    }

    fn healthcheck(&self, instruction: &Instruction) -> Result<Healthcheck, Refusal> {
        let mut check = Healthcheck::default();
        for flag in &instruction.flags {
            let value = self.word(flag.value.as_deref().unwrap_or_default())?;
            let time = || duration(&value).ok_or((format!("{} is no duration", shown(&value)), "write 30s or 1m30s"));
            match flag.name.as_str() {
                "interval" => check.interval = Some(time()?),
                "timeout" => check.timeout = Some(time()?),
                "start-period" => check.start_period = Some(time()?),
                "retries" => {
                    let number = value.parse().ok().filter(|number| (1..=1000).contains(number));
                    let wrong = || (format!("{} is no number of retries", shown(&value)), "write a number from 1");
                    check.retries = Some(number.ok_or_else(wrong)?);
                }
                _ => return Err((format!("--{} is not in recipes", shown(&flag.name)), "leave it out")),
            }
        }
        let args = instruction.args.trim();
        let (kind, rest) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
        check.test = match (kind.to_ascii_uppercase().as_str(), json_words(rest)) {
            ("NONE", _) => vec!["NONE".to_owned()],
            ("CMD", Some(words)) if !words.is_empty() => [vec!["CMD".to_owned()], words].concat(),
            ("CMD", None) if !rest.trim().is_empty() => vec!["CMD-SHELL".to_owned(), rest.trim().to_owned()],
            _ => return Err(("it checks nothing".into(), "write HEALTHCHECK CMD …, or NONE")),
        };
        Ok(check)
    }
}
