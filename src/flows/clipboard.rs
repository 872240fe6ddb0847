//! Text into the clipboard of whoever sits there: by the desktop's own program, or through the terminal where that is all
//! that reaches them. Says which way it went; sends nothing to the terminal itself.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use super::Context;
use crate::adapters::process::{CLIP, Copier, PBCOPY, WL_COPY, XCLIP, XSEL, environment};
use crate::adapters::settings::ClipboardSetting;
use crate::adapters::whole_file::write_whole_as;
use crate::report::{Kind, Report};

/// What is between bakery and the terminal, and has to be told to hand things through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// Nothing.
    Nothing,
    /// tmux.
    Tmux,
    /// GNU screen.
    Screen,
}

/// Which way a text went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Copied {
    /// This program has it.
    By(&'static str),
    /// It is to be sent through the terminal; why a program did not take it.
    Terminal(Between, Option<String>),
    /// It is more than a terminal takes, or the terminal takes none: it is in this file.
    File(PathBuf),
}

/// What is known of the desktop, from the environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Desk {
    remote: bool,
    wayland: bool,
    x11: bool,
    windows: bool,
    mac: bool,
    /// The terminal's kind has no clipboard: the sequence would be shown, or lost.
    bare: bool,
}

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(2);

impl Context {
    /// Copies `text` as the settings say. `fits`: whether terminals take so much.
    pub async fn copy(&self, text: &str, fits: bool) -> Result<Copied, Report> {
        let (setting, desk) = (self.settings.clipboard, Desk::of(environment));
        if setting == ClipboardSetting::Off {
            return Err(Report::message(Kind::Failed, "copying is turned off")
                .help("`clipboard: auto` in config.yaml turns it on; M gives the mouse back: select and copy"));
        }
        let copiers: Vec<Copier> = desk.copiers(setting).into_iter().filter(Copier::is_installed).collect();
        let mut refused = None;
        for copier in &copiers {
            match copier.feed(text, PATIENCE).await {
                Ok(()) => return Ok(Copied::By(copier.name)),
                Err(error) => refused = Some(Report::new(Kind::Failed, &error)),
            }
        }
        if setting == ClipboardSetting::Native {
            let none = || Report::message(Kind::Failed, "no program here puts text into the clipboard");
            return Err(refused.unwrap_or_else(none).help(
                "wl-copy, xclip, xsel and pbcopy are looked for; `clipboard: osc52` in config.yaml asks the terminal",
            ));
        }
        if fits && !desk.bare {
            return Ok(Copied::Terminal(between(environment), refused.map(|report| report.message)));
        }
        let path = self.paths.state.join("copied.txt");
        write_whole_as(&path, text.as_bytes(), Permissions::from_mode(0o600))
            .map_err(|error| Report::new(Kind::Failed, &error).while_doing("cannot keep what was to be copied"))?;
        Ok(Copied::File(path))
    }
}

impl Desk {
    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let kind = variable("TERM").unwrap_or_default();
        Self {
            remote: is_set("SSH_TTY") || is_set("SSH_CONNECTION"),
            wayland: is_set("WAYLAND_DISPLAY"),
            x11: is_set("DISPLAY"),
            windows: is_set("WSL_DISTRO_NAME"),
            mac: cfg!(target_os = "macos"),
            bare: matches!(kind.as_str(), "linux" | "dumb") || kind.starts_with("vt"),
        }
    }

    /// The programs to be tried, the likeliest first. Over SSH they would reach the desktop of the wrong machine.
    fn copiers(self, setting: ClipboardSetting) -> Vec<Copier> {
        let of_desktop =
            [(self.wayland, WL_COPY), (self.x11, XCLIP), (self.x11, XSEL), (self.mac, PBCOPY), (self.windows, CLIP)];
        let of_desktop: Vec<Copier> = of_desktop.into_iter().filter(|(is, _)| *is).map(|(_, copier)| copier).collect();
        match setting {
            ClipboardSetting::Off | ClipboardSetting::Osc52 => Vec::new(),
            ClipboardSetting::Auto if self.remote => Vec::new(),
            ClipboardSetting::Native if of_desktop.is_empty() => vec![WL_COPY, XCLIP, XSEL, PBCOPY, CLIP],
            ClipboardSetting::Auto | ClipboardSetting::Native => of_desktop,
        }
    }
}

fn between(variable: impl Fn(&str) -> Option<String>) -> Between {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    match (is_set("TMUX"), is_set("STY")) {
        (true, _) => Between::Tmux,
        (false, true) => Between::Screen,
        (false, false) => Between::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk(set: &[(&str, &str)]) -> Desk {
        Desk::of(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_desktop_has_it_the_terminal_has_it_over_ssh() {
        let names = |set: &[(&str, &str)], setting| -> Vec<&str> {
            desk(set).copiers(setting).iter().map(|copier| copier.name).collect()
        };
        let (wayland, x11, ssh) = (("WAYLAND_DISPLAY", "wayland-0"), ("DISPLAY", ":0"), ("SSH_TTY", "/dev/pts/0"));
        assert_eq!(names(&[wayland, x11], ClipboardSetting::Auto), ["wl-copy", "xclip", "xsel"]);
        assert_eq!(names(&[x11], ClipboardSetting::Auto), ["xclip", "xsel"]);
        assert_eq!(names(&[("WSL_DISTRO_NAME", "Debian")], ClipboardSetting::Auto), ["clip.exe"]);
        assert!(names(&[wayland, ssh], ClipboardSetting::Auto).is_empty());
        assert!(names(&[("DISPLAY", "")], ClipboardSetting::Auto).is_empty());
        assert!(names(&[wayland], ClipboardSetting::Osc52).is_empty());
        assert_eq!(names(&[wayland, ssh], ClipboardSetting::Native), ["wl-copy"]);
        assert_eq!(names(&[], ClipboardSetting::Native).len(), 5, "whatever is there");
    }

    #[test]
    fn what_is_between_is_known_and_bare_terminals_are_sent_nothing() {
        let with = |name: &'static str| between(move |asked| (asked == name).then(|| "1".to_owned()));
        assert_eq!((with("TMUX"), with("STY"), with("X")), (Between::Tmux, Between::Screen, Between::Nothing));
        assert!(desk(&[("TERM", "linux")]).bare && desk(&[("TERM", "vt100")]).bare);
        assert!(!desk(&[("TERM", "xterm")]).bare && !desk(&[]).bare);
    }
}
