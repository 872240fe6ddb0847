//! Theme files: YAML by role. Gives a `Theme`; knows no screen and opens no file.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use super::depth::{Depth, to_palette};
use super::{Canvas, Look, Role};
use crate::domain::yaml::{self, Problems};

/// The themes that come with bakery: name and text.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("dark", include_str!("../../../themes/dark.yaml")),
    ("light", include_str!("../../../themes/light.yaml")),
    ("mono", include_str!("../../../themes/mono.yaml")),
];

/// Why a theme cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// No YAML that can be read.
    #[error("line {line}, column {column}: {message}")]
    Unreadable {
        /// Where.
        line: u32,
        /// In which column.
        column: u32,
        /// Why.
        message: String,
    },
    /// YAML of another shape.
    #[error("not a theme")]
    Shape(#[from] serde_yaml::Error),
    /// A version this bakery does not know.
    #[error("theme version {0} is unknown; this bakery reads version 1")]
    Version(u32),
    /// A role nobody draws.
    #[error("unknown role `{0}`")]
    Role(String),
    /// A role without a look.
    #[error("role `{0}` is missing")]
    Missing(&'static str),
    /// Neither `#rrggbb` nor a colour name.
    #[error("`{color}` is no colour (role `{role}`): write \"#rrggbb\" or a name like bright-blue")]
    Color {
        /// What was written.
        color: String,
        /// Where.
        role: String,
    },
    /// No canvas.
    #[error("`canvas` is missing")]
    NoCanvas,
    /// No built-in theme of this name.
    #[error("no theme `{0}`; built in are dark, light and mono")]
    Unknown(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    theme: u32,
    about: Option<String>,
    inherits: Option<String>,
    canvas: Option<CanvasFile>,
    #[serde(default)]
    roles: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CanvasFile {
    background: String,
    text: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Entry {
    fg: Option<String>,
    bg: Option<String>,
    ansi: Option<String>,
    bold: bool,
    dim: bool,
    underline: bool,
    reverse: bool,
    ansi_reverse: bool,
    ansi_underline: bool,
}

/// One look a role, before a terminal's depth is known.
#[derive(Debug)]
pub struct Theme {
    /// What it is for, in its own words.
    pub about: Option<String>,
    entries: Vec<Resolved>,
    canvas: Canvas,
}

#[derive(Clone, Copy, Debug)]
struct Resolved {
    fg: Option<Color>,
    bg: Option<Color>,
    ansi: Option<Color>,
    always: Modifier,
    /// Where a background of its own cannot be shown.
    without_background: Modifier,
}

impl Theme {
    /// The built-in theme of this name.
    pub fn built_in(name: &str) -> Result<Self, ThemeError> {
        let found = BUILT_IN.iter().find(|(known, _)| *known == name);
        Self::parse(found.ok_or_else(|| ThemeError::Unknown(name.to_owned()))?.1)
    }

    /// Reads a theme's text. What it leaves out comes from the built-in theme it inherits, if it names one.
    pub fn parse(text: &str) -> Result<Self, ThemeError> {
        // Size and depth are checked by the strict reader, before the other one sees the text.
        let mut problems = Problems::new();
        let tree = yaml::read(text.as_bytes(), &mut problems);
        let refused = problems.has_errors() || tree.is_none();
        if refused && let Some(problem) = problems.into_sorted().into_iter().next() {
            return Err(ThemeError::Unreadable {
                line: problem.line,
                column: problem.column,
                message: problem.message,
            });
        }
        let file: File = serde_yaml::from_str(text)?;
        if file.theme != 1 {
            return Err(ThemeError::Version(file.theme));
        }
        if let Some(stranger) = file.roles.keys().find(|name| Role::named(name).is_none()) {
            return Err(ThemeError::Role(stranger.clone()));
        }
        let parent = file.inherits.as_deref().map(Self::built_in).transpose()?;
        let entry = |role: Role| match (file.roles.get(role.name()), &parent) {
            (Some(entry), _) => resolve(entry, role.name()),
            (None, Some(parent)) => Ok(parent.entries[role as usize]),
            (None, None) => Err(ThemeError::Missing(role.name())),
        };
        let canvas = match (&file.canvas, &parent) {
            (Some(canvas), _) => {
                Canvas { background: color(&canvas.background, "canvas")?, text: color(&canvas.text, "canvas")? }
            }
            (None, Some(parent)) => parent.canvas,
            (None, None) => return Err(ThemeError::NoCanvas),
        };
        let entries = Role::ALL.into_iter().map(entry).collect::<Result<_, _>>()?;
        Ok(Self { about: file.about, entries, canvas })
    }

    /// What it looks like on a terminal with so many colours.
    pub fn look(&self, depth: Depth, ascii: bool) -> Look {
        let mut styles = [Style::new(); Role::ALL.len()];
        for (style, entry) in styles.iter_mut().zip(&self.entries) {
            *style = entry.style(depth);
        }
        Look { styles, ascii, canvas: self.canvas }
    }
}

impl Resolved {
    fn style(&self, depth: Depth) -> Style {
        let shown = |color: Color| match (depth, color) {
            (Depth::Palette, Color::Rgb(r, g, b)) => to_palette(r, g, b),
            (_, color) => color,
        };
        let mut style = Style::new().add_modifier(self.always);
        match depth {
            Depth::None => style = style.add_modifier(self.without_background),
            Depth::Sixteen => {
                style.fg = self.ansi;
                style = style.add_modifier(self.without_background);
            }
            Depth::Palette | Depth::True => {
                style.fg = self.fg.map(shown);
                style.bg = self.bg.map(shown);
            }
        }
        style
    }
}

fn resolve(entry: &Entry, role: &str) -> Result<Resolved, ThemeError> {
    let optional = |text: &Option<String>| text.as_deref().map(|text| color(text, role)).transpose();
    let of = |wanted: bool, modifier: Modifier| if wanted { modifier } else { Modifier::empty() };
    Ok(Resolved {
        fg: optional(&entry.fg)?,
        bg: optional(&entry.bg)?,
        ansi: optional(&entry.ansi)?,
        always: of(entry.bold, Modifier::BOLD)
            | of(entry.dim, Modifier::DIM)
            | of(entry.underline, Modifier::UNDERLINED)
            | of(entry.reverse, Modifier::REVERSED),
        without_background: of(entry.ansi_reverse, Modifier::REVERSED) | of(entry.ansi_underline, Modifier::UNDERLINED),
    })
}

fn color(text: &str, role: &str) -> Result<Color, ThemeError> {
    let wrong = || ThemeError::Color { color: text.to_owned(), role: role.to_owned() };
    if let Some(hex) = text.strip_prefix('#') {
        let number = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6).ok_or_else(wrong)?;
        let [_, r, g, b] = number.to_be_bytes();
        return Ok(Color::Rgb(r, g, b));
    }
    Ok(match text {
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "white" => Color::Gray,
        "bright-black" => Color::DarkGray,
        "bright-red" => Color::LightRed,
        "bright-green" => Color::LightGreen,
        "bright-yellow" => Color::LightYellow,
        "bright-blue" => Color::LightBlue,
        "bright-magenta" => Color::LightMagenta,
        "bright-cyan" => Color::LightCyan,
        "bright-white" => Color::White,
        _ => return Err(wrong()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_gives_every_role_a_look() {
        for (name, _) in BUILT_IN {
            let theme = Theme::built_in(name).unwrap();
            for depth in [Depth::None, Depth::Sixteen, Depth::Palette, Depth::True] {
                let look = theme.look(depth, false);
                let (selected, text) = (look.style(Role::Selection), look.style(Role::Text));
                assert_ne!(selected, text, "{name} {depth:?}: the selection cannot be seen");
            }
        }
    }

    #[test]
    fn no_colour_is_no_colour() {
        let look = Theme::built_in("dark").unwrap().look(Depth::None, false);
        assert!(Role::ALL.into_iter().all(|role| look.style(role).fg.is_none() && look.style(role).bg.is_none()));
    }

    #[test]
    fn a_theme_may_name_only_what_it_changes() {
        let theme = Theme::parse("theme: 1\ninherits: dark\nroles:\n  stale: {fg: \"#010203\"}\n").unwrap();
        let (mine, dark) = (theme.look(Depth::True, false), Theme::built_in("dark").unwrap().look(Depth::True, false));
        assert_eq!(mine.style(Role::Stale).fg, Some(Color::Rgb(1, 2, 3)));
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Stale) {
            assert_eq!(mine.style(role), dark.style(role), "{}", role.name());
        }
        assert_eq!(mine.canvas, dark.canvas);
        let stranger = Theme::parse("theme: 1\ninherits: dusk\n").unwrap_err().to_string();
        assert_eq!(stranger, "no theme `dusk`; built in are dark, light and mono");
    }

    #[test]
    fn mistakes_are_told() {
        let dark = BUILT_IN[0].1;
        let wrong = |text: String| Theme::parse(&text).unwrap_err().to_string();
        assert_eq!(
            wrong(dark.replace("theme: 1", "theme: 2")),
            "theme version 2 is unknown; this bakery reads version 1"
        );
        assert_eq!(wrong(dark.replace("  stale:", "  stail:")), "unknown role `stail`");
        assert_eq!(wrong(dark.replace("  text: {}\n", "")), "role `text` is missing");
        assert!(wrong(format!("{dark}theme: 1\n")).starts_with("line "), "{}", wrong(format!("{dark}theme: 1\n")));
        assert!(wrong(dark.replace("#ff9e64", "#ff9e6")).contains("`#ff9e6` is no colour (role `stale`)"));
    }
}
