//! The way back: where one came from, in line 2, and `Esc` or Backspace to it.

use bakery::tui::screens::Screen;

use super::super::golden::{SIZES, check, grids, model as blank};
use super::{house, press, text};

#[test]
fn going_back_leads_where_one_came_from() {
    for size @ (width, height) in SIZES {
        let mut model = house(size);
        press(&mut model, &["2", "G", "v"]);
        assert_eq!(model.screen, Screen::Verify);
        check(&format!("around/trail-{width}x{height}"), &model);
        // The first gives the verification up, the second goes back.
        press(&mut model, &["esc", "backspace"]);
        assert_eq!((model.screen, model.trail.len()), (Screen::Recipes, 0));
        press(&mut model, &["esc"]);
        assert_eq!(model.screen, Screen::Recipes, "nobody came from anywhere");
    }
}

#[test]
fn a_longer_way_is_gone_back_step_by_step_and_a_tab_begins_anew() {
    let mut model = house((140, 40));
    press(&mut model, &["7", "j", "enter"]);
    assert_eq!((model.screen, text(&model).contains("Bakes > ")), (Screen::Bake, true));
    press(&mut model, &["esc"]);
    assert_eq!(model.screen, Screen::Bakes);
    press(&mut model, &["j", "enter", "1"]);
    assert!(model.trail.is_empty(), "a screen chosen from the tabs is a new beginning");
    press(&mut model, &["d", "esc"]);
    assert_eq!(model.screen, Screen::Store);
}

#[test]
fn a_circle_is_no_way_on() {
    let mut model = house((80, 24));
    for _ in 0..9 {
        press(&mut model, &["d", "colon"]);
        super::write(&mut model, "globaljava21");
        press(&mut model, &["enter"]);
        assert!(model.trail.len() <= 2, "{:?}", model.trail);
    }
}

#[test]
fn the_cursor_of_a_filter_stands_after_the_trail() {
    let mut model = super::super::verify::shown((80, 24), super::super::verify::verified());
    model.trail = vec![Screen::Recipes];
    press(&mut model, &["/", "s"]);
    let mut buffer = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, 80, 24));
    let look = bakery::tui::theme::Look::of_roles(false);
    let at = bakery::tui::view::draw(&model, &look, &mut buffer).unwrap();
    assert_eq!((buffer[(at.x - 1, 1)].symbol(), at.y), ("s", 1), "{}", grids(&model, false).0);
    assert!(blank((80, 24)).trail.is_empty());
}
