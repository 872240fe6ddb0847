//! What stands around every screen and over it: tabs, status bar, news, questions, choices, keys; and any size.

use bakery::flows::browse::Found;
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::Msg;
use bakery::tui::screens::{Screen, store};
use bakery::tui::theme::Look;
use bakery::tui::update::{begin, update};
use bakery::tui::view::draw;
use bakery::tui::widgets::{Confirm, Item, Picker, Toast};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use super::golden::{SIZES, check, check_ascii, grids, model};
use super::store::{begun, found, press};

fn started(size: (u16, u16)) -> Model {
    let mut model = model(size);
    begin(&mut model, Screen::Store);
    begun(&mut model, "global");
    found(&mut model, "global", &[("java", &["21"]), ("python", &["3.11", "3.12"])]);
    model
}

fn question() -> Overlay {
    let text = "Bake 01JD7Q of team-a/payments-api:1.4.0 is stopped, what its steps made so far is thrown away.";
    Overlay::Confirm(Confirm::no_or("cancel the bake?", text, "cancel the bake", Vec::new()))
}

fn choice() -> Overlay {
    let item = |label: &str, note: &str| Item { label: label.into(), note: note.into(), then: Vec::new() };
    Overlay::Picker(Picker::new(
        "base of which recipe?",
        vec![item("team-a/payments-api", "now on global/python:3.11"), item("team-b/reports", "new recipe")],
    ))
}

fn news(model: &mut Model) {
    let failure =
        "cannot publish team-a/payments-api:1.4.0: the registry at registry.example refuses the upload of layer 3 of 5";
    update(model, Msg::Tell(Toast::done("copied global/python:3.12")));
    update(model, Msg::Tell(Toast::warning(failure).next("log in with `docker login registry.example`, then press P")));
}

#[test]
fn what_lies_over_a_screen_is_calm_and_complete() {
    for size in SIZES {
        let name = |what: &str| format!("frame/{what}-{}x{}", size.0, size.1);
        let mut shown = started(size);
        shown.overlay = question();
        check(&name("question"), &shown);
        shown.overlay = choice();
        check(&name("choice"), &shown);
        shown.overlay = Overlay::None;
        press(&mut shown, &["?"]);
        check(&name("help"), &shown);
        press(&mut shown, &["?"]);
        news(&mut shown);
        check(&name("news"), &shown);
    }
    let mut plain = started((80, 24));
    plain.overlay = question();
    check_ascii("frame/question-ascii-80x24", &plain);
}

#[test]
fn help_scrolls_to_its_end_where_it_is_long() {
    let mut model = started((60, 16));
    press(&mut model, &["?", "G"]);
    let end = grids(&model, false).0;
    assert!(end.contains("release the mouse"), "{end}");
    press(&mut model, &["j"]);
    assert_eq!(grids(&model, false).0, end);
    press(&mut model, &["g", "g"]);
    assert!(grids(&model, false).0.contains("choose as base"));
}

#[test]
fn the_next_keys_end_with_help_and_no_label_is_cut() {
    for width in 60..=200 {
        let last = grids(&started((width, 24)), false).0.lines().last().unwrap().to_owned();
        let keys = last.split('◆').next().unwrap().trim_end();
        assert!(keys.ends_with("? help"), "{width}: {last}");
        let labels: Vec<&str> = keys.trim().split("  ").collect();
        let known = [
            "Enter open",
            "d diff",
            "v verify",
            "c choose as base",
            "c choose",
            "/ filter",
            ": command",
            "q leave",
            "q leave; bakes go on",
            "? help",
        ];
        assert!(labels.iter().all(|label| known.contains(label)), "{width}: {labels:?}");
    }
}

#[test]
fn too_little_room_is_said_down_to_one_cell() {
    let shown = grids(&started((59, 16)), false).0;
    assert!(shown.contains("bakery needs 60 columns and 16 rows; here are 59 and 16"), "{shown}");
    assert_eq!(grids(&started((1, 1)), false).0, "b\n");
}

fn drawn(model: &mut Model, (width, height): (u16, u16), ascii: bool) {
    update(model, Msg::Resized(Size { width, height }));
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    draw(model, &Look::of_roles(ascii), &mut buffer);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_model_is_drawn_at_any_size(
        keys in proptest::collection::vec(
            prop::sample::select(&["j", "k", "G", "enter", "l", "h", "esc", "o", "/", "a", "?", "tab", "ctrl-d", "n", "2", "7", "1"][..]), 0..14),
        (width, height, ascii) in (0u16..=250, 0u16..=80, any::<bool>()),
        names in proptest::collection::vec("\\PC{1,30}", 0..20),
        over in 0..4,
    ) {
        let mut model = started((80, 24));
        let repositories = Found::Repositories(names);
        update(&mut model, Msg::Store(store::Msg::Found { store: "global".into(), found: repositories }));
        drawn(&mut model, (width, height), ascii);
        press(&mut model, &keys);
        match over {
            1 => model.overlay = question(),
            2 => model.overlay = choice(),
            3 => news(&mut model),
            _ => {}
        }
        drawn(&mut model, (height, width), ascii);
        drawn(&mut model, (width, height), ascii);
    }
}
