//! The tour's driver and its caption: time in, keys out, nothing lost under it.

use std::time::Duration;

use bakery::tui::keymap::Key;
use bakery::tui::model::Model;
use bakery::tui::msg::Msg;
use bakery::tui::screens::{Screen, recipes};
use bakery::tui::tour::Tour;
use bakery::tui::update::{begin, update};
use proptest::prelude::*;

use super::golden::{SIZES, check, check_ascii, grids, model, now};
use super::store::{begun, found};

/// On the tour, with a store that is read.
fn on_tour(size: (u16, u16), speed: f64) -> Model {
    let mut model = model(size);
    model.tour = Some(Tour::new(speed));
    begin(&mut model, Screen::Store);
    begun(&mut model, "global");
    found(&mut model, "global", &[("java", &["21"]), ("python", &["3.11", "3.12"])]);
    model
}

fn at(model: &mut Model, seconds: f64) {
    update(model, Msg::Clock(now() + Duration::from_secs_f64(seconds)));
}

fn key(model: &mut Model, name: &str) {
    update(model, Msg::Key(name.parse::<Key>().unwrap()));
}

fn text(model: &Model) -> String {
    grids(model, false).0
}

#[test]
fn a_caption_at_every_size() {
    for size in SIZES {
        let mut model = on_tour(size, 1.0);
        at(&mut model, 0.0);
        at(&mut model, 1.0);
        check(&format!("tour/{}x{}", size.0, size.1), &model);
    }
    let mut model = on_tour((80, 24), 1.0);
    at(&mut model, 0.0);
    check_ascii("tour/ascii", &model);
}

#[test]
fn it_goes_on_by_itself_once_people_have_read() {
    let mut model = on_tour((80, 24), 1.0);
    for tenths in 0..60 {
        at(&mut model, f64::from(tenths) / 10.0);
        assert!(text(&model).contains("1 of 16"), "{tenths}: {}", text(&model));
    }
    (60..110).for_each(|tenths| at(&mut model, f64::from(tenths) / 10.0));
    let shown = text(&model);
    assert!(shown.contains("2 of 16") && shown.contains("/python"), "the filter was typed: {shown}");
    // Twice as fast takes half as long.
    let mut model = on_tour((80, 24), 2.0);
    (0..55).for_each(|tenths| at(&mut model, f64::from(tenths) / 10.0));
    assert!(text(&model).contains("2 of 16"));
}

#[test]
fn what_the_screen_does_not_show_is_waited_for_but_not_for_ever() {
    let mut model = on_tour((80, 24), f64::INFINITY);
    // Nobody says who signed, and there is no recipe: the second stop waits, and the fourth.
    update(&mut model, Msg::Recipes(recipes::Msg::Listed(Ok(Vec::new()))));
    (0..30).for_each(|second| at(&mut model, f64::from(second)));
    assert!(text(&model).contains("2 of 16"), "{}", text(&model));
    (30..60).for_each(|second| at(&mut model, f64::from(second)));
    assert!(text(&model).contains("4 of 16"), "{}", text(&model));
    (60..150).for_each(|second| at(&mut model, f64::from(second)));
    assert!(text(&model).contains("5 of 16"), "{}", text(&model));
}

#[test]
fn space_goes_on_p_goes_back_q_leaves_and_the_screens_have_their_room_again() {
    let mut model = on_tour((80, 24), 0.001);
    let room = model.body().height;
    at(&mut model, 0.0);
    key(&mut model, "space");
    assert!(text(&model).contains("2 of 16"), "{}", text(&model));
    key(&mut model, "p");
    assert!(text(&model).contains("1 of 16"));
    key(&mut model, "7");
    assert_eq!(model.screen, Screen::Store, "the tour's hands are on the keys");
    key(&mut model, "q");
    assert!(model.tour.is_none() && model.body().height > room);
    assert!(text(&model).contains("you left the tour"));
    key(&mut model, "7");
    assert_eq!(model.screen, Screen::Bakes);
}

proptest! {
    #[test]
    fn no_key_no_size_and_no_clock_breaks_it(
        keys in proptest::collection::vec(prop_oneof!["space", "p", "q", "j", "ctrl-c", "n", "esc"], 0..40),
        (width, height) in (1u16..120, 1u16..50),
    ) {
        let mut model = on_tour((width, height), f64::INFINITY);
        for (second, name) in keys.iter().enumerate() {
            at(&mut model, second as f64 * 7.0);
            key(&mut model, name);
            grids(&model, true);
        }
    }
}
