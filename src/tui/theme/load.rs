//! Theme files: YAML by role. Gives a `Theme`; knows no screen and opens no file.

use ratatui::style::{Color, Modifier, Style};

use super::built_in::{BUILT_IN, names, text_of};
use super::depth::Depth;
use super::readable::{MARK, READ, nearest};
use super::{Canvas, Look, Role};
use crate::domain::role_style::{Paint, RoleStyle};
use crate::domain::yaml::{self, Fields, Node, NodeKind, Problem, Problems, Reading, Severity, quote};

/// The keys of a theme.
pub const THEME_KEYS: &[&str] = &["theme", "about", "inherits", "canvas", "roles"];
/// The keys of its canvas.
pub const CANVAS_KEYS: &[&str] = &["background", "text"];

/// Why a theme cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// It says something wrong.
    #[error("{} in the theme", if .0.len() == 1 { "a mistake" } else { "mistakes" })]
    Problems(Vec<Problem>),
    /// No built-in theme of this name.
    #[error("no theme {}", quote(.0))]
    Unknown(String),
}

/// One look a role, before a terminal's depth is known.
#[derive(Clone, Debug)]
pub struct Theme {
    /// What it is for, in its own words.
    pub about: Option<String>,
    styles: [RoleStyle; Role::ALL.len()],
    canvas: Canvas,
}

impl Theme {
    /// The built-in theme of this name.
    pub fn built_in(name: &str) -> Result<Self, ThemeError> {
        Self::parse(text_of(name).ok_or_else(|| ThemeError::Unknown(name.to_owned()))?)
    }

    /// Reads a theme's text. What it leaves out comes from the built-in theme it inherits, if it names one.
    pub fn parse(text: &str) -> Result<Self, ThemeError> {
        let mut problems = Problems::new();
        let tree = yaml::read(text.as_bytes(), &mut problems);
        let theme = tree.as_ref().and_then(|tree| read(tree, &mut problems));
        match theme {
            Some(theme) if !problems.has_errors() => Ok(theme),
            _ => {
                let mut problems = problems.into_sorted();
                problems.retain(|problem| problem.severity == Severity::Error);
                Err(ThemeError::Problems(problems))
            }
        }
    }

    /// With a role looking otherwise; `false` where there is no such role.
    #[must_use]
    pub fn restyle(&mut self, role: &str, style: RoleStyle) -> bool {
        let Some(role) = Role::named(role) else { return false };
        let place = &mut self.styles[role as usize];
        *place = style.over(*place);
        true
    }

    /// What it looks like on a terminal with so many colours.
    pub fn look(&self, depth: Depth, ascii: bool) -> Look {
        let mut styles = [Style::new(); Role::ALL.len()];
        for (style, said) in styles.iter_mut().zip(&self.styles) {
            *style = styled(said, depth);
        }
        if depth == Depth::Palette {
            self.to_palette(&mut styles);
        }
        Look { styles, ascii, canvas: self.canvas }
    }

    /// Every colour by one of the 256 that is near and reads as well on all that lies behind it.
    fn to_palette(&self, styles: &mut [Style; Role::ALL.len()]) {
        let grounds_of = |styles: &[Style]| {
            let behind = [Role::Selection, Role::SelectionIdle].map(|role| styles[role as usize].bg);
            [Some(self.canvas.background), behind[0], behind[1]]
        };
        let wanted = grounds_of(styles);
        for style in styles.iter_mut() {
            style.bg = style.bg.map(|bg| nearest(bg, &[]));
        }
        let grounds = grounds_of(styles);
        for (role, style) in Role::ALL.into_iter().zip(styles.iter_mut()) {
            let Some(fg) = style.fg else { continue };
            let need = if matches!(role, Role::Rule | Role::Meter) { MARK } else { READ };
            let held: Vec<_> = wanted.into_iter().zip(grounds).filter_map(|(a, b)| Some((a?, b?, need))).collect();
            // Lines and bars are never on a selection.
            style.fg = Some(nearest(fg, if need == MARK { &held[..held.len().min(1)] } else { &held }));
        }
    }
}

/// A role's style, its colours not yet fitted to 256.
fn styled(said: &RoleStyle, depth: Depth) -> Style {
    let of = |wanted: Option<bool>, modifier: Modifier| if wanted == Some(true) { modifier } else { Modifier::empty() };
    let always = of(said.bold, Modifier::BOLD)
        | of(said.dim, Modifier::DIM)
        | of(said.underline, Modifier::UNDERLINED)
        | of(said.reverse, Modifier::REVERSED);
    let without_ground = of(said.ansi_reverse, Modifier::REVERSED) | of(said.ansi_underline, Modifier::UNDERLINED);
    let named = |paint: Option<Paint>| paint.filter(|paint| matches!(paint, Paint::Ansi(_))).and_then(color);
    let mut style = Style::new().add_modifier(always);
    match depth {
        Depth::None => style = style.add_modifier(without_ground),
        Depth::Sixteen => {
            style.fg = named(said.ansi);
            style.bg = named(said.bg);
            if style.bg.is_none() {
                style = style.add_modifier(without_ground);
            }
        }
        Depth::Palette | Depth::True => {
            style.fg = said.fg.and_then(color);
            style.bg = said.bg.and_then(color);
        }
    }
    style
}

fn color(paint: Paint) -> Option<Color> {
    const NAMED: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    match paint {
        Paint::Own => None,
        Paint::Ansi(number) => NAMED.get(usize::from(number)).copied(),
        Paint::Rgb(red, green, blue) => Some(Color::Rgb(red, green, blue)),
    }
}

fn read(tree: &Node, problems: &mut Problems) -> Option<Theme> {
    let fields = Fields::open(tree, "a theme", THEME_KEYS, problems)?;
    if let Some(version) = fields.require("theme", problems) {
        version.number("theme", 1..=1, problems);
    }
    let about = fields.text("about", problems).map(str::to_owned);
    let parent = fields.value("inherits", problems).and_then(|node| parent(node, problems));
    let orphan = fields.entry("inherits", &mut Problems::new()).is_none();
    let canvas = match fields.value("canvas", problems) {
        Some(node) => canvas(node, problems),
        None if orphan => fields.require("canvas", problems).and(None),
        None => parent.as_ref().map(|parent| parent.canvas),
    };
    let mut said = [None; Role::ALL.len()];
    if let Some(node) = fields.value("roles", problems) {
        roles(node, &mut said, problems);
    }
    if orphan {
        for role in Role::ALL.into_iter().filter(|role| said[*role as usize].is_none()) {
            problems
                .error(tree.span, format!("role `{}` is missing", role.name()))
                .help("a theme that says `inherits: dark` names only what it changes");
        }
    }
    let mut styles = parent.map(|parent| parent.styles).unwrap_or_default();
    for (style, said) in styles.iter_mut().zip(said) {
        *style = said.unwrap_or_default().over(*style);
    }
    Some(Theme { about, styles, canvas: canvas? })
}

fn parent(node: &Node, problems: &mut Problems) -> Option<Theme> {
    let name = node.text("inherits", problems)?;
    let found = Theme::built_in(name).ok();
    if found.is_none() {
        let near = yaml::nearest(name, BUILT_IN.map(|(name, _)| name)).map(|near| format!("; did you mean `{near}`?"));
        problems
            .error(node.span, format!("`inherits`: no theme {}{}", quote(name), near.unwrap_or_default()))
            .help(format!("built in are {}", names()));
    }
    found
}

fn canvas(node: &Node, problems: &mut Problems) -> Option<Canvas> {
    let fields = Fields::open(node, "`canvas`", CANVAS_KEYS, problems)?;
    let mut solid = |key: &str| {
        let node = fields.require(key, problems)?;
        let paint = Paint::read(node, key, problems)?;
        if paint == Paint::Own {
            problems.error(node.span, format!("{} must be a colour: pictures are painted with it", quote(key)));
        }
        color(paint)
    };
    let (background, text) = (solid("background"), solid("text"));
    Some(Canvas { background: background?, text: text? })
}

fn roles(node: &Node, said: &mut [Option<RoleStyle>; Role::ALL.len()], problems: &mut Problems) {
    let NodeKind::Mapping(entries) = &node.kind else {
        problems.error(node.span, format!("`roles` must be a mapping, found {}", node.describe()));
        return;
    };
    for entry in entries {
        match Role::named(&entry.key) {
            Some(role) => said[role as usize] = RoleStyle::read(&entry.value, &entry.key, problems),
            None => {
                problems
                    .error(entry.span, super::choose::unknown_role(&entry.key))
                    .help(format!("roles are {}", Role::ALL.map(Role::name).join(", ")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_gives_every_role_a_look() {
        for (name, _) in BUILT_IN {
            let theme = Theme::built_in(name).unwrap();
            assert!(theme.about.is_some(), "{name} says not what it is for");
            for depth in [Depth::None, Depth::Sixteen, Depth::Palette, Depth::True] {
                let look = theme.look(depth, false);
                let (selected, text) = (look.style(Role::Selection), look.style(Role::Text));
                assert_ne!(selected, text, "{name} {depth:?}: the selection cannot be seen");
            }
        }
        assert_eq!(Theme::built_in("bakery-light").unwrap().about, Theme::built_in("light").unwrap().about);
    }

    #[test]
    fn a_theme_may_name_only_what_it_changes() {
        let theme = Theme::parse("theme: 1\ninherits: dark\nroles:\n  stale: {fg: \"#010203\"}\n").unwrap();
        let dark = Theme::built_in("dark").unwrap();
        for depth in [Depth::Sixteen, Depth::True] {
            let (mine, dark) = (theme.look(depth, false), dark.look(depth, false));
            for role in Role::ALL.into_iter().filter(|role| *role != Role::Stale || depth == Depth::Sixteen) {
                assert_eq!(mine.style(role), dark.style(role), "{} at {depth:?}", role.name());
            }
            assert_eq!(mine.canvas, dark.canvas);
        }
        assert_eq!(theme.look(Depth::True, false).style(Role::Stale).fg, Some(Color::Rgb(1, 2, 3)));
    }

    #[test]
    fn one_role_is_restyled_whatever_the_theme() {
        let mut theme = Theme::built_in("nord").unwrap();
        let blue = RoleStyle { fg: Some(Paint::Ansi(4)), ..RoleStyle::default() };
        assert!(theme.restyle("verdict.fail", blue) && !theme.restyle("verdict.fial", blue));
        for depth in [Depth::Sixteen, Depth::True] {
            let style = theme.look(depth, false).style(Role::Fail);
            assert_eq!(style.fg, Some(Color::Blue), "{depth:?}");
            assert!(style.add_modifier.contains(Modifier::BOLD), "what is not said stays");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_places() {
        let dark = BUILT_IN[0].1;
        let wrong = |text: &str| match Theme::parse(text).unwrap_err() {
            ThemeError::Problems(problems) => {
                let shown = |p: Problem| format!("{}:{}: {}", p.line, p.column, p.message);
                problems.into_iter().map(shown).collect::<Vec<_>>()
            }
            ThemeError::Unknown(name) => panic!("{name}"),
        };
        let mine = "theme: 2\ninherits: drak\ncanvas: {background: default, text: red}\nroles:\n  stal: {}\n  stale: {fg: \"#ff9e6\"}\n";
        let expected = [
            "1:8: `theme` must be 1",
            "2:11: `inherits`: no theme `drak`; did you mean `dark`?",
            "3:22: `background` must be a colour: pictures are painted with it",
            "5:3: unknown role `stal`; did you mean `stale`?",
            "6:15: `fg`: `#ff9e6` is no colour",
        ];
        assert_eq!(wrong(mine), expected);
        assert!(wrong(&dark.replace("  text: {}\n", ""))[0].ends_with("role `text` is missing"));
        assert!(wrong(&format!("{dark}theme: 1\n"))[0].contains("theme"), "twice");
        assert_eq!(wrong("theme: 1\n")[0], "1:1: a theme has no `canvas`");
        assert!(!wrong(&"[".repeat(50_000)).is_empty());
    }
}
