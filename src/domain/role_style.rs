//! How the look of a role of the terminal UI is written, in themes and in the user's settings: colours, weight, lines. Knows
//! no role and no terminal.

use crate::domain::yaml::{Fields, Node, Problems, Reading, nearest, quote};

/// The keys of a look.
pub const STYLE_KEYS: &[&str] =
    &["fg", "bg", "ansi", "bold", "dim", "underline", "reverse", "ansi-reverse", "ansi-underline"];

/// The names of the terminal's own colours, in the order of their numbers.
pub const ANSI_NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// The name of no colour: the terminal's own text, or background.
pub const OWN: &str = "default";

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// None: what text and background have anyway.
    Own,
    /// One of the terminal's 16, by number.
    Ansi(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

impl Paint {
    /// `#rrggbb`, a colour's name, or `default`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(hex) = text.strip_prefix('#') {
            let fits = hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit());
            let number = u32::from_str_radix(hex, 16).ok().filter(|_| fits)?;
            let [_, red, green, blue] = number.to_be_bytes();
            return Some(Self::Rgb(red, green, blue));
        }
        if text == OWN {
            return Some(Self::Own);
        }
        let number = ANSI_NAMES.iter().position(|name| *name == text)?;
        u8::try_from(number).ok().map(Self::Ansi)
    }

    /// The same from a place in a file.
    pub fn read(node: &Node, what: &str, problems: &mut Problems) -> Option<Self> {
        let text = node.text(what, problems)?;
        let paint = Self::parse(text);
        if paint.is_none() {
            let near = nearest(text, ANSI_NAMES.into_iter().chain([OWN]));
            let mean = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            problems
                .error(node.span, format!("{}: {} is no colour{mean}", quote(what), quote(text)))
                .help("write \"#rrggbb\", one of the terminal's 16 such as bright-blue, or default");
        }
        paint
    }
}

/// What is said of a role's look; what is not said stays as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleStyle {
    /// Of the text.
    pub fg: Option<Paint>,
    /// Behind it.
    pub bg: Option<Paint>,
    /// Of the text where there are 16 colours.
    pub ansi: Option<Paint>,
    /// Bold.
    pub bold: Option<bool>,
    /// Faint.
    pub dim: Option<bool>,
    /// Underlined.
    pub underline: Option<bool>,
    /// Text and background changed over.
    pub reverse: Option<bool>,
    /// The same, only where there is no background of one's own.
    pub ansi_reverse: Option<bool>,
    /// Underlined, only there.
    pub ansi_underline: Option<bool>,
}

impl RoleStyle {
    /// Reads `{fg: "#ff9e64", bold: true}`; `what` names it in messages.
    pub fn read(node: &Node, what: &str, problems: &mut Problems) -> Option<Self> {
        let what = quote(what);
        let fields = Fields::open(node, &what, STYLE_KEYS, problems)?;
        let paint = |key: &str, problems: &mut Problems| {
            fields.value(key, problems).and_then(|node| Paint::read(node, key, problems))
        };
        let (fg, bg, ansi) = (paint("fg", problems), paint("bg", problems), paint("ansi", problems));
        if let (Some(Paint::Rgb(..)), Some(node)) = (ansi, fields.value("ansi", problems)) {
            problems
                .error(node.span, "`ansi` must be one of the terminal's 16 colours")
                .help("write a name such as bright-blue; `fg` is for \"#rrggbb\"");
        }
        Some(Self {
            fg,
            bg,
            ansi,
            bold: fields.boolean("bold", problems),
            dim: fields.boolean("dim", problems),
            underline: fields.boolean("underline", problems),
            reverse: fields.boolean("reverse", problems),
            ansi_reverse: fields.boolean("ansi-reverse", problems),
            ansi_underline: fields.boolean("ansi-underline", problems),
        })
    }

    /// This, and where it says nothing what `below` says.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        // One of the 16 written as the colour is meant for every depth.
        let named = self.fg.filter(|paint| !matches!(paint, Paint::Rgb(..)));
        Self {
            fg: self.fg.or(below.fg),
            bg: self.bg.or(below.bg),
            ansi: self.ansi.or(named).or(below.ansi),
            bold: self.bold.or(below.bold),
            dim: self.dim.or(below.dim),
            underline: self.underline.or(below.underline),
            reverse: self.reverse.or(below.reverse),
            ansi_reverse: self.ansi_reverse.or(below.ansi_reverse),
            ansi_underline: self.ansi_underline.or(below.ansi_underline),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::yaml;

    fn read(text: &str) -> Result<RoleStyle, Vec<String>> {
        let mut problems = Problems::new();
        let node = yaml::read(text.as_bytes(), &mut problems).unwrap();
        let style = RoleStyle::read(&node, "stale", &mut problems);
        let shown = |p: yaml::Problem| format!("{}:{}: {}", p.line, p.column, p.message);
        match style {
            Some(style) if problems.is_empty() => Ok(style),
            _ => Err(problems.into_sorted().into_iter().map(shown).collect()),
        }
    }

    #[test]
    fn what_is_said_counts_and_the_rest_stays() {
        let below = read("{fg: \"#010203\", ansi: red, bold: true}").unwrap();
        let above = read("{fg: \"#ff9E64\"}").unwrap().over(below);
        assert_eq!((above.fg, above.ansi), (Some(Paint::Rgb(255, 158, 100)), Some(Paint::Ansi(1))));
        assert_eq!(above.bold, Some(true));
        let plain = read("{fg: bright-blue, bold: false}").unwrap().over(below);
        assert_eq!((plain.fg, plain.ansi, plain.bold), (Some(Paint::Ansi(12)), Some(Paint::Ansi(12)), Some(false)));
        assert_eq!(read("{fg: default}").unwrap().over(below).fg, Some(Paint::Own));
    }

    #[test]
    fn mistakes_have_places_and_the_nearest_name() {
        let found = read("fg: bright-blu\nansi: \"#010203\"\nbold: yes\nitalic: true\nbg: \"#12345\"\n").unwrap_err();
        let expected = [
            "1:5: `fg`: `bright-blu` is no colour; did you mean `bright-blue`?",
            "2:7: `ansi` must be one of the terminal's 16 colours",
            "3:7: `bold` must be true or false",
            "4:1: unknown key `italic` in `stale`",
            "5:5: `bg`: `#12345` is no colour",
        ];
        assert_eq!(found, expected);
    }
}
