//! Colours reckoned with: WCAG's contrast, CIELAB, and what colour-blind eyes see (Machado, Oliveira, Fernandes 2009).

use bakery::tui::theme::xterm_rgb;
use ratatui::style::Color;

type Linear = [f64; 3];

fn linear(color: Color) -> Linear {
    let (r, g, b) = xterm_rgb(color).unwrap();
    [r, g, b].map(|value| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    })
}

fn luminance([r, g, b]: Linear) -> f64 {
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// WCAG 2's contrast of two colours: 1 to 21.
pub fn contrast(a: Color, b: Color) -> f64 {
    let (a, b) = (luminance(linear(a)), luminance(linear(b)));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Eyes.
#[derive(Clone, Copy, Debug)]
pub enum Eyes {
    Usual,
    Protanope,
    Deuteranope,
    Tritanope,
}

/// A colour as these eyes see it, in CIELAB: lightness first.
pub fn seen(color: Color, eyes: Eyes) -> [f64; 3] {
    let matrix: [[f64; 3]; 3] = match eyes {
        Eyes::Usual => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        Eyes::Protanope => {
            [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
        }
        Eyes::Deuteranope => {
            [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
        }
        Eyes::Tritanope => {
            [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
        }
    };
    let from = linear(color);
    lab(matrix.map(|row| row.iter().zip(from).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0)))
}

fn lab([r, g, b]: Linear) -> [f64; 3] {
    let x = (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047;
    let y = 0.2126729 * r + 0.7151522 * g + 0.0721750 * b;
    let z = (0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883;
    let f = |t: f64| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 };
    let (x, y, z) = (f(x), f(y), f(z));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// How far apart two colours are (CIE 1976): 2 is just seen, 10 at a glance.
pub fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn known_colours_come_out_as_they_are_known() {
    assert!((contrast(Color::Rgb(0, 0, 0), Color::Rgb(255, 255, 255)) - 21.0).abs() < 1e-9);
    let [l, a, b] = seen(Color::Rgb(255, 0, 0), Eyes::Usual);
    assert!((l - 53.24).abs() < 0.1 && (a - 80.09).abs() < 0.1 && (b - 67.2).abs() < 0.1, "{l} {a} {b}");
    // Red and green of one lightness are nearly one to a deuteranope, and worlds apart otherwise.
    let (red, green) = (Color::Rgb(0xc8, 0x50, 0x50), Color::Rgb(0x6e, 0x84, 0x2a));
    let apart = |eyes| distance(seen(red, eyes), seen(green, eyes));
    assert!(apart(Eyes::Usual) > 60.0 && apart(Eyes::Deuteranope) < 20.0);
    for eyes in [Eyes::Protanope, Eyes::Deuteranope, Eyes::Tritanope] {
        let white = seen(Color::Rgb(255, 255, 255), eyes);
        assert!(distance(white, [100.0, 0.0, 0.0]) < 1.0, "{eyes:?} see white: {white:?}");
    }
}
