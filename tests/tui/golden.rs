//! Golden screens: what a screen says, and the role of every cell, in one file each. `BAKERY_BLESS=1` writes them anew;
//! read the difference before it is committed.

use std::path::PathBuf;

use bakery::tui::model::{Model, Surroundings};
use bakery::tui::screens::StoreName;
use bakery::tui::theme::{Look, Role};
use bakery::tui::view::draw;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::style::Color;
use time::OffsetDateTime;

/// The sizes every screen is held to.
pub const SIZES: [(u16, u16); 3] = [(60, 16), (80, 24), (140, 40)];

/// The time in golden screens: 2027-01-15T08:00:00Z.
pub fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
}

/// A model of a workspace with a global and a local store, nothing known yet.
pub fn model((width, height): (u16, u16)) -> Model {
    let store =
        |name: &str, place: &str| StoreName { name: name.into(), place: place.into(), is_local: name == "local" };
    let here = Surroundings {
        workspace: "payments".into(),
        host: "build-07".into(),
        stores: vec![store("global", "registry.example/global"), store("local", "local-store")],
    };
    Model::new(here, Size { width, height }, now())
}

/// The screen as text, and the role of every cell: capitals of [`Role::letter`]'s rows follow the text.
pub fn grids(model: &Model, ascii: bool) -> (String, String) {
    let look = Look::of_roles(ascii);
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.size.width, model.size.height));
    draw(model, &look, &mut buffer);
    let (mut text, mut roles) = (String::new(), String::new());
    for y in 0..buffer.area.height {
        let (mut line, mut row) = (String::new(), String::new());
        let mut skip = 0;
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            if skip > 0 {
                skip -= 1;
            } else {
                line.push_str(cell.symbol());
                skip = unicode_width::UnicodeWidthStr::width(cell.symbol()).saturating_sub(1);
            }
            row.push(letter(cell.fg, cell.bg, cell.symbol() == " "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
        roles.push_str(row.trim_end());
        roles.push('\n');
    }
    (text, roles)
}

/// A cell's role; selected blanks show the selection, other blanks nothing.
fn letter(fg: Color, bg: Color, blank: bool) -> char {
    let role = |color: Color| match color {
        Color::Indexed(number) => Role::ALL.get(usize::from(number)).copied(),
        _ => None,
    };
    match (role(fg), role(bg)) {
        (_, Some(selection)) if blank => selection.letter(),
        (Some(role), _) if !blank => role.letter(),
        (None, Some(selection)) => selection.letter(),
        (None, None) if !blank => '!',
        _ => ' ',
    }
}

/// Compares the screen with `tests/tui/golden/NAME.txt`.
pub fn check(name: &str, model: &Model) {
    check_with(name, model, false);
}

/// The same in plain characters.
pub fn check_ascii(name: &str, model: &Model) {
    check_with(name, model, true);
}

fn check_with(name: &str, model: &Model, ascii: bool) {
    let (text, roles) = grids(model, ascii);
    let shown = format!("{text}{}\n{roles}", "=".repeat(usize::from(model.size.width)));
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/tui/golden").join(format!("{name}.txt"));
    if std::env::var_os("BAKERY_BLESS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, shown).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(golden == shown, "{name} differs from its golden screen (BAKERY_BLESS=1 writes it anew)\n{shown}");
}
