//! Pictures of screens: what is on them, that they join and read well. Each is left in cargo's folder for tests' files,
//! to be looked at.

use bakery::tui::picture::Picture;
use bakery::tui::theme::{Canvas, Depth, Look, Role, Theme, xterm_rgb};
use bakery::tui::view::draw;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::golden;

const CANVAS: Canvas = Canvas { background: Color::Rgb(0, 0, 0), text: Color::Rgb(255, 255, 255) };

fn picture(lines: &[&str]) -> Picture {
    Picture::of(&Buffer::with_lines(lines.iter().copied()), CANVAS)
}

/// Leaves a picture to be looked at.
fn keep(name: &str, picture: &Picture) {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.svg")), &picture.svg).unwrap();
    if let Some(png) = picture.png() {
        std::fs::write(folder.join(format!("{name}.png")), png.unwrap()).unwrap();
    }
}

/// Every role on its own line, on the canvas, under the selection and under the idle one, with every sign.
fn roles(look: &Look) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 72, 22));
    for (y, role) in (0u16..).zip(Role::ALL) {
        for (x, under) in [(0, None), (24, Some(Role::Selection)), (48, Some(Role::SelectionIdle))] {
            buffer.set_span(x + 1, y, &look.span(role, format!("{} ◆◇✔▲✖⟳◌○● 12", role.name())), 23);
            if let Some(under) = under {
                buffer.set_style(Rect::new(x, y, 23, 1), look.style(under));
            }
        }
    }
    buffer.set_span(1, 20, &look.span(Role::Rule, "──┬──┼─├┤┴┌┐└┘│".to_owned()), 30);
    buffer.set_span(1, 21, &look.span(Role::Meter, "▌▐█▀▄▓▓▓▓▓▓▓▒▒▒░░░░░░".to_owned()), 30);
    buffer
}

#[test]
fn text_is_safe_in_xml_and_every_character_has_its_column() {
    let picture = picture(&["<a>&b", "日本x"]);
    assert!(picture.svg.contains(">&lt;a&gt;&amp;b</text>"), "{}", picture.svg);
    assert!(picture.svg.contains("<text x=\"20 29.5 39 48.5 58\""), "{}", picture.svg);
    assert!(picture.svg.contains("<text x=\"20 39 58\" y=\"55\""), "wide ones take two: {}", picture.svg);
    assert_eq!((picture.width, picture.height), (88, 80));
}

#[test]
fn rules_and_bars_are_one_shape_without_gaps() {
    let picture = picture(&["────────", "▓▓▓▓░░░░"]);
    assert!(!picture.svg.contains("<text"), "{}", picture.svg);
    assert!(picture.svg.contains("<rect x=\"20\" y=\"30\" width=\"76\" height=\"1\""), "{}", picture.svg);
    assert_eq!(picture.svg.matches("<rect").count(), 4, "canvas, rule, bar, groove: {}", picture.svg);
}

#[test]
fn looks_become_colours_weights_and_lines() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 1));
    let style = Style::new().fg(Color::Indexed(196)).add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
    buffer.set_string(0, 0, "ab", style);
    buffer.set_string(2, 0, "cd", Style::new().add_modifier(Modifier::REVERSED));
    buffer.set_string(4, 0, "ef", Style::new().bg(Color::Blue));
    let svg = Picture::of(&buffer, CANVAS).svg;
    for part in [
        "fill=\"#ff0000\" font-weight=\"bold\" xml:space=\"preserve\">ab<",
        "height=\"1\" fill=\"#ff0000\"",
        "x=\"39\" y=\"20\" width=\"19\" height=\"20\" fill=\"#ffffff\"",
        "fill=\"#000000\" xml:space=\"preserve\">cd<",
        "x=\"58\" y=\"20\" width=\"19\" height=\"20\" fill=\"#2472c8\"",
    ] {
        assert!(svg.contains(part), "{part} is missing: {svg}");
    }
}

#[test]
fn the_same_screen_gives_the_same_bytes() {
    let theme = Theme::built_in("dark").unwrap();
    let paint = || {
        let model = golden::model((60, 16));
        let mut buffer = Buffer::empty(Rect::new(0, 0, 60, 16));
        draw(&model, &theme.look(Depth::True, false), &mut buffer);
        Picture::of(&buffer, CANVAS)
    };
    let (one, other) = (paint(), paint());
    assert_eq!(one.svg, other.svg);
    assert!(one.svg.contains("bakery"), "the screen is on it");
    assert_eq!(one.png().map(Result::unwrap), other.png().map(Result::unwrap));
    if let Some(png) = one.png() {
        let png = png.unwrap();
        let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!((&png[1..4], number(16), number(20)), (&b"PNG"[..], one.width * 2, one.height * 2));
    }
}

/// WCAG 2's contrast of two colours: 1 to 21.
fn contrast(a: Color, b: Color) -> f64 {
    let light = |color: Color| {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let (r, g, b) = xterm_rgb(color).unwrap();
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    };
    let (a, b) = (light(a), light(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_role_reads_on_the_canvas_and_under_the_selection() {
    for name in ["dark", "light"] {
        for depth in [Depth::True, Depth::Palette] {
            let look = Theme::built_in(name).unwrap().look(depth, false);
            let grounds = [Role::Selection, Role::SelectionIdle].map(|role| look.style(role).bg.unwrap());
            for ground in [look.canvas.background, grounds[0], grounds[1]] {
                for role in Role::ALL {
                    let seen = contrast(look.style(role).fg.unwrap_or(look.canvas.text), ground);
                    // Lines between places are there to be felt, not read.
                    let (least, rule) = (if role == Role::Rule { 1.5 } else { 4.5 }, role == Role::Rule);
                    // The 256 have what they have: what is read stays readable, at least as large text must.
                    let least = if depth == Depth::Palette && !rule { 3.0 } else { least };
                    let least = if depth == Depth::Palette && rule { 1.2 } else { least };
                    assert!(seen >= least, "{name} {depth:?} {}: {seen:.2} on {ground:?}", role.name());
                }
            }
        }
    }
}

#[test]
fn origins_staleness_and_verdicts_are_told_apart_at_any_depth() {
    let apart = [Role::Global, Role::Local, Role::Stale, Role::Pass, Role::Fail, Role::Text];
    for name in ["dark", "light"] {
        for depth in [Depth::Sixteen, Depth::Palette, Depth::True] {
            let look = Theme::built_in(name).unwrap().look(depth, false);
            for (at, one) in apart.iter().enumerate() {
                for other in &apart[at + 1..] {
                    let (a, b) = (look.style(*one), look.style(*other));
                    assert_ne!(a, b, "{name} {depth:?}: {} and {}", one.name(), other.name());
                }
            }
        }
    }
}

#[test]
fn themes_as_pictures() {
    for name in ["dark", "light", "mono"] {
        let depths = [("none", Depth::None), ("16", Depth::Sixteen), ("256", Depth::Palette), ("true", Depth::True)];
        for (depth_name, depth) in depths {
            let look = Theme::built_in(name).unwrap().look(depth, false);
            let picture = Picture::of(&roles(&look), look.canvas);
            assert!(picture.svg.contains("origin.global"), "{name} {depth_name}");
            keep(&format!("roles-{name}-{depth_name}"), &picture);
        }
    }
}
