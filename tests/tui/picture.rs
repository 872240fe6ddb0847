//! Pictures of screens: what is on them, that they join and read well. Each is left in cargo's folder for tests' files,
//! to be looked at.

use bakery::tui::picture::Picture;
use bakery::tui::theme::{BUILT_IN, Canvas, Depth, Look, Role, Theme};
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

#[test]
fn themes_as_pictures() {
    for (name, _) in BUILT_IN {
        let depths = [("none", Depth::None), ("16", Depth::Sixteen), ("256", Depth::Palette), ("true", Depth::True)];
        for (depth_name, depth) in depths {
            let look = Theme::built_in(name).unwrap().look(depth, false);
            let picture = Picture::of(&roles(&look), look.canvas);
            assert!(picture.svg.contains("origin.global"), "{name} {depth_name}");
            keep(&format!("roles-{name}-{depth_name}"), &picture);
        }
    }
}
