//! Contrast as WCAG 2 reckons it, and the nearest of xterm's 256 that keeps it. Knows no role.

use ratatui::style::Color;

use super::depth::{to_palette, xterm_rgb};

/// The least contrast of what is read: WCAG's AA.
pub(super) const READ: f64 = 4.5;
/// The least contrast of lines and bars.
pub(super) const MARK: f64 = 3.0;

/// How light a colour is, 0 to 1.
fn luminance((red, green, blue): (u8, u8, u8)) -> f64 {
    let linear = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

fn contrast(a: f64, b: f64) -> f64 {
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// One of the 256 for a colour. `held` are the colours behind it, as they were meant and as they will be, and the contrast to
/// keep: a near colour that is as legible as the true one, or as legible as has to be, goes before the nearest.
pub(super) fn nearest(color: Color, held: &[(Color, Color, f64)]) -> Color {
    let Color::Rgb(red, green, blue) = color else { return color };
    let first = to_palette(red, green, blue);
    let true_light = luminance((red, green, blue));
    let lights = held.iter().filter_map(|(meant, shown, need)| {
        let (meant, shown) = (xterm_rgb(*meant)?, xterm_rgb(*shown)?);
        Some((luminance(shown), need.min(contrast(true_light, luminance(meant)))))
    });
    let lights: Vec<(f64, f64)> = lights.collect();
    let keeps = |candidate: Color| {
        let light = xterm_rgb(candidate).map_or(0.0, luminance);
        lights.iter().all(|(behind, need)| contrast(light, *behind) >= *need)
    };
    if keeps(first) {
        return first;
    }
    let gap = |candidate: &Color| {
        let (r, g, b) = xterm_rgb(*candidate).unwrap_or_default();
        [(r, red), (g, green), (b, blue)].into_iter().map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum::<u32>()
    };
    let others = (16..=255).map(Color::Indexed).filter(|candidate| keeps(*candidate));
    others.min_by_key(gap).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_that_would_not_read_gives_way_to_one_that_does() {
        let (behind, shown) = (Color::Rgb(0xe6, 0xdc, 0xf7), Color::Indexed(189));
        let orange = Color::Rgb(0xa8, 0x42, 0x00);
        assert_eq!(nearest(orange, &[]), Color::Indexed(130));
        let kept = nearest(orange, &[(behind, shown, READ)]);
        let light = |color| luminance(xterm_rgb(color).unwrap());
        assert!(contrast(light(kept), light(shown)) >= READ, "{kept:?}");
        assert_eq!(nearest(Color::Red, &[(behind, shown, READ)]), Color::Red, "the terminal's own stay");
        assert!((contrast(light(Color::Rgb(0, 0, 0)), light(Color::Rgb(255, 255, 255))) - 21.0).abs() < 1e-9);
    }
}
