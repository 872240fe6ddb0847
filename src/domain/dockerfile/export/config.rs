//! The config at the end, where no step sees it, as in a recipe.

use super::super::recipe_text::duration;
use super::writing::{json, path, quoted};
use super::{Export, is_root};
use crate::domain::recipe::{Healthcheck, Recipe};

impl Export<'_> {
    pub(super) fn config(&mut self, recipe: &Recipe) {
        let config = &recipe.config;
        for (name, value) in &config.env {
            self.variable("ENV", name, name, value);
        }
        for (name, value) in &config.labels {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
            let key = if name.chars().all(plain) { name.clone() } else { quoted(name) };
            self.variable("LABEL", &key, name, value);
        }
        if let Some(workdir) = &config.workdir {
            self.line(format!("WORKDIR {}", path(workdir.as_str())));
        }
        if !config.expose.is_empty() {
            self.line(format!("EXPOSE {}", config.expose.join(" ")));
        }
        if !config.volumes.is_empty() {
            let volumes: Vec<String> = config.volumes.iter().map(ToString::to_string).collect();
            self.line(format!("VOLUME {}", json(&volumes)));
        }
        if let Some(signal) = &config.stop_signal {
            self.line(format!("STOPSIGNAL {signal}"));
        }
        if let Some(check) = &config.healthcheck {
            self.healthcheck(check);
        }
        if let Some(entrypoint) = &config.entrypoint {
            self.line(format!("ENTRYPOINT {}", json(entrypoint)));
        }
        if let Some(cmd) = &config.cmd {
            self.line(format!("CMD {}", json(cmd)));
        }
        match (&config.user, &self.base.user) {
            (Some(user), _) => self.line(format!("USER {user}")),
            (None, Some(user)) if !is_root(user) => self.become_user(user),
            (None, None) if self.user.is_some() && self.base.from != "scratch" => {
                self.note(0, "whose containers the base's are is not known: write the USER that was before the steps");
            }
            (None, _) => {
                if self.user.as_deref().is_some_and(|user| !user.is_empty()) {
                    self.become_user("");
                }
            }
        }
        if !recipe.tests.is_empty() {
            let names: Vec<&str> = recipe.tests.iter().map(|test| test.name.as_str()).collect();
            self.out.notes.push(format!("tests are not in it: {}", names.join(", ")));
        }
    }

    fn variable(&mut self, instruction: &str, key: &str, name: &str, value: &str) {
        if value.contains('\n') || name.contains('\n') {
            self.note(0, format!("{instruction} {}: no Dockerfile says a value of several lines", name.escape_debug()));
            return;
        }
        self.line(format!("{instruction} {key}={}", quoted(value)));
    }

    fn healthcheck(&mut self, check: &Healthcheck) {
        let mut line = "HEALTHCHECK".to_owned();
        let times = [("interval", check.interval), ("timeout", check.timeout), ("start-period", check.start_period)];
        for (name, nanoseconds) in times {
            if let Some(time) = nanoseconds {
                line.push_str(&format!(" --{name}={}", duration(time)));
            }
        }
        if let Some(retries) = check.retries {
            line.push_str(&format!(" --retries={retries}"));
        }
        match check.test.as_slice() {
            [kind, text] if kind == "CMD-SHELL" && !text.contains('\n') && !text.trim_start().starts_with('[') => {
                self.line(format!("{line} CMD {text}"));
            }
            [kind, text] if kind == "CMD-SHELL" => {
                self.line(format!("{line} CMD {}", json(&["/bin/sh".to_owned(), "-c".to_owned(), text.clone()])));
            }
            [kind, words @ ..] if kind == "CMD" => self.line(format!("{line} CMD {}", json(words))),
            _ => self.line("HEALTHCHECK NONE"),
        }
    }
}
