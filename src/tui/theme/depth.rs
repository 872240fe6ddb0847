//! How many colours a terminal has, from its environment alone: nothing is asked over the wire and waited for.

use ratatui::style::Color;

/// Colours a terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: weight, reverse and underline only.
    None,
    /// The terminal's own 16.
    Sixteen,
    /// The 256 of xterm.
    Palette,
    /// 24 bits.
    True,
}

impl Depth {
    /// From `NO_COLOR` (set and not empty), `COLORTERM`, `TERM`, and whether tmux is around. tmux takes 24 bits and brings them
    /// down itself where it has to; GNU screen does not, and hands on the `COLORTERM` of the terminal it was started in.
    pub fn of(no_color: bool, colorterm: Option<&str>, term: Option<&str>, in_tmux: bool) -> Self {
        let term = term.unwrap_or("");
        let colorterm = colorterm.filter(|_| in_tmux || !term.starts_with("screen"));
        if no_color || matches!(term, "" | "dumb" | "unknown") || term.starts_with("vt1") || term.starts_with("vt2") {
            return Self::None;
        }
        if colorterm.is_some_and(|value| matches!(value, "truecolor" | "24bit")) || term.ends_with("-direct") {
            return Self::True;
        }
        let rich = ["256color", "kitty", "ghostty", "alacritty", "wezterm", "foot"];
        if rich.iter().any(|name| term.contains(name)) { Self::Palette } else { Self::Sixteen }
    }
}

/// The nearest of xterm's 256: the colour cube or the greys.
pub(super) fn to_palette(red: u8, green: u8, blue: u8) -> Color {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |value: u8| {
        let gap = |index: &usize| LEVELS[*index].abs_diff(value);
        (0..LEVELS.len()).min_by_key(gap).unwrap_or(0)
    };
    let (r, g, b) = (nearest(red), nearest(green), nearest(blue));
    let far = |a: [u8; 3]| -> u32 {
        [red, green, blue].into_iter().zip(a).map(|(x, y)| u32::from(x.abs_diff(y)).pow(2)).sum()
    };
    let average = (u16::from(red) + u16::from(green) + u16::from(blue)) / 3;
    let step = u8::try_from((average.saturating_sub(3) / 10).min(23)).unwrap_or(23);
    let grey = 8 + step * 10;
    if far([grey; 3]) < far([LEVELS[r], LEVELS[g], LEVELS[b]]) {
        Color::Indexed(232 + step)
    } else {
        Color::Indexed(u8::try_from(16 + 36 * r + 6 * g + b).unwrap_or(15))
    }
}

/// The shade xterm gives a colour; `None` for the terminal's own text and background.
pub fn xterm_rgb(color: Color) -> Option<(u8, u8, u8)> {
    const NAMED: [(u8, u8, u8); 16] = [
        (0, 0, 0),
        (205, 49, 49),
        (13, 188, 121),
        (229, 229, 16),
        (36, 114, 200),
        (188, 63, 188),
        (17, 168, 205),
        (229, 229, 229),
        (102, 102, 102),
        (241, 76, 76),
        (35, 209, 139),
        (245, 245, 67),
        (59, 142, 234),
        (214, 112, 214),
        (41, 184, 219),
        (255, 255, 255),
    ];
    let number = match color {
        Color::Reset => return None,
        Color::Rgb(r, g, b) => return Some((r, g, b)),
        Color::Indexed(number) => number,
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    Some(match number {
        0..16 => NAMED[usize::from(number)],
        16..232 => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = number - 16;
            (level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        grey => [8 + (grey - 232) * 10; 3].into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v03_depth_comes_from_the_environment() {
        let cases = [
            ((true, Some("truecolor"), Some("xterm-256color"), false), Depth::None),
            ((false, Some("truecolor"), Some("xterm-256color"), false), Depth::True),
            // Over SSH COLORTERM stays behind: TERM alone comes along.
            ((false, None, Some("xterm-256color"), false), Depth::Palette),
            ((false, None, Some("tmux-256color"), false), Depth::Palette),
            ((false, Some("truecolor"), Some("tmux-256color"), true), Depth::True),
            ((false, Some("truecolor"), Some("screen-256color"), true), Depth::True),
            ((false, Some("truecolor"), Some("screen-256color"), false), Depth::Palette),
            ((false, Some("truecolor"), Some("screen.xterm-256color"), false), Depth::Palette),
            ((false, Some("truecolor"), Some("screen"), false), Depth::Sixteen),
            ((false, Some("truecolor"), Some("dumb"), true), Depth::None),
            ((false, None, Some("xterm-direct"), false), Depth::True),
            ((false, None, Some("xterm-ghostty"), false), Depth::Palette),
            ((false, None, Some("linux"), false), Depth::Sixteen),
            ((false, None, Some("screen"), false), Depth::Sixteen),
            ((false, None, Some("vt100"), false), Depth::None),
            ((false, None, Some("dumb"), false), Depth::None),
            ((false, None, None, false), Depth::None),
        ];
        for ((no_color, colorterm, term, tmux), depth) in cases {
            assert_eq!(Depth::of(no_color, colorterm, term, tmux), depth, "{no_color} {colorterm:?} {term:?} {tmux}");
        }
    }

    #[test]
    fn colours_go_to_their_nearest_neighbour() {
        assert_eq!(to_palette(255, 0, 0), Color::Indexed(196));
        assert_eq!(to_palette(128, 128, 128), Color::Indexed(244));
        assert_eq!(to_palette(0, 0, 0), Color::Indexed(16));
        assert_eq!(to_palette(255, 255, 255), Color::Indexed(231));
    }
}
