//! The mouse, and the room panes have: what it points at is what it acts on, and every screen draws whatever it made of it.

use bakery::tui::effect::Effect;
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::{Mouse, Msg};
use bakery::tui::screens::store::Level;
use bakery::tui::screens::{Screen, Wish};
use bakery::tui::update::update;
use bakery::tui::widgets::{Choice, Confirm, Item, Picker, Toast, Zoom};
use ratatui::layout::{Position, Size};
use time::Duration;

use super::golden::grids;
use super::store::{press, read};
use super::verify::{rejected, shown};

fn mouse(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    update(model, Msg::Mouse(mouse))
}

fn click(model: &mut Model, (x, y): (u16, u16)) -> Vec<Effect> {
    // Not the second click of a double one.
    update(model, Msg::Clock(model.now + Duration::seconds(1)));
    mouse(model, Mouse::Click(Position { x, y }))
}

fn wheel(model: &mut Model, (x, y): (u16, u16)) {
    mouse(model, Mouse::Wheel { at: Position { x, y }, down: true });
}

/// Where a text stands first: column and row.
fn find(model: &Model, text: &str) -> (u16, u16) {
    let (screen, _) = grids(model, false);
    let found = screen.lines().enumerate().find_map(|(y, line)| {
        let at = line.find(text)?;
        Some((unicode_width::UnicodeWidthStr::width(&line[..at]), y))
    });
    let (x, y) = found.unwrap_or_else(|| panic!("no {text} in\n{screen}"));
    (x.try_into().unwrap(), y.try_into().unwrap())
}

#[test]
fn the_wheel_turns_the_pane_below_the_pointer() {
    let mut model = read((140, 20));
    let before = model.store.repositories.selected;
    wheel(&mut model, (120, 9));
    assert_eq!((model.store.detail, model.store.repositories.selected), (Some(3), before), "the image in full");
    wheel(&mut model, (5, 9));
    assert_eq!((model.store.detail, model.store.repositories.selected), (None, before + 1), "the list");
    let mut model = shown((140, 20), rejected());
    wheel(&mut model, (120, 9));
    assert!(model.verify.detail.is_some());
    wheel(&mut model, (5, 9));
    assert!(model.verify.detail.is_none());
}

#[test]
fn a_rule_is_moved_by_dragging_it_and_stays_there_on_its_screen_only() {
    let mut model = shown((140, 40), rejected());
    press(&mut model, &["1"]);
    let rule =
        |model: &Model| grids(model, false).0.lines().nth(20).and_then(|line| line.chars().position(|c| c == '│'));
    let usual = rule(&model);
    let from = u16::try_from(usual.unwrap()).unwrap();
    mouse(&mut model, Mouse::Click(Position { x: from, y: 20 }));
    for x in [from - 1, 60, 50] {
        mouse(&mut model, Mouse::Drag(Position { x, y: 12 }));
        assert_eq!(rule(&model), Some(x.into()));
    }
    mouse(&mut model, Mouse::Release);
    mouse(&mut model, Mouse::Drag(Position { x: 90, y: 12 }));
    assert_eq!(rule(&model), Some(50), "it was let go");
    press(&mut model, &["4"]);
    assert_eq!(model.pointer.sizes[Screen::Verify as usize], Default::default());
    press(&mut model, &["1"]);
    update(&mut model, Msg::Resized(Size { width: 280, height: 40 }));
    assert_eq!(rule(&model), Some(100), "the share is kept, not the columns");
}

#[test]
fn plus_gives_the_pane_with_the_keys_more_room_and_underscore_takes_it_back() {
    for size in [(140, 40), (80, 24)] {
        let mut model = read(size);
        let zoom = |model: &Model| model.pointer.sizes[Screen::Store as usize].zoom;
        let shown = |model: &Model| grids(model, false).0;
        let before = shown(&model);
        press(&mut model, &["+"]);
        assert_eq!(zoom(&model), Zoom::Large);
        assert_ne!(shown(&model), before);
        press(&mut model, &["+", "+"]);
        assert_eq!(zoom(&model), Zoom::Full);
        assert!(!shown(&model).contains("digest "), "the list alone:\n{}", shown(&model));
        press(&mut model, &["o"]);
        assert!(!shown(&model).contains("registry.example/global"), "the image alone:\n{}", shown(&model));
        press(&mut model, &["o", "_", "_", "_"]);
        assert_eq!(shown(&model), before);
    }
}

#[test]
fn tabs_keys_answers_rows_and_news_are_clicked() {
    let mut model = read((100, 30));
    let at = find(&model, "? help");
    click(&mut model, at);
    assert!(matches!(model.overlay, Overlay::Help(_)));
    click(&mut model, (50, 10));
    assert_eq!(model.overlay, Overlay::None);
    let at = find(&model, "Recipes");
    click(&mut model, at);
    assert_eq!(model.screen, Screen::Recipes);
    let at = find(&model, "Store");
    click(&mut model, at);
    model.overlay = Overlay::Confirm(Confirm::no_or("really?", "it is gone then", "delete", vec![Wish::Leave]));
    assert_eq!(click(&mut model, (2, 2)), [], "beside the question: it stays");
    let at = find(&model, "delete");
    assert_eq!(click(&mut model, at), [Effect::Leave]);
    let choice = |label: &str, then| Choice { label: label.into(), then };
    let choices = vec![choice("no", vec![]), choice("later", vec![]), choice("now", vec![Wish::Leave])];
    let question = Confirm { title: "?".into(), text: "when".into(), code: vec![], choices, focused: 0 };
    model.overlay = Overlay::Confirm(question);
    let at = find(&model, " now");
    assert_eq!(click(&mut model, (at.0 + 1, at.1)), [Effect::Leave]);
    let item = |label: &str, then| Item { label: label.into(), note: String::new(), then };
    model.overlay = Overlay::Picker(Picker::new("which", vec![item("aa", vec![]), item("bb", vec![Wish::Leave])]));
    let at = find(&model, "bb");
    assert_eq!(click(&mut model, at), [Effect::Leave]);
    update(&mut model, Msg::Tell(Toast::done("first news")));
    update(&mut model, Msg::Tell(Toast::done("second news").next("see there")));
    let at = find(&model, "second news");
    click(&mut model, at);
    let left: Vec<_> = model.toasts.iter().map(|toast| toast.text.clone()).collect();
    assert_eq!(left, ["first news"]);
}

#[test]
fn one_click_on_a_selected_row_opens_nothing_a_double_one_does() {
    let mut model = read((100, 30));
    press(&mut model, &["g", "g", "j"]);
    let row = (5, 3 + u16::try_from(model.store.repositories.selected).unwrap());
    click(&mut model, row);
    click(&mut model, row);
    assert_eq!(model.store.level, Level::Repositories);
    mouse(&mut model, Mouse::Click(Position { x: row.0, y: row.1 }));
    assert!(matches!(model.store.level, Level::Tags { .. }));
    mouse(&mut model, Mouse::Click(Position { x: row.0, y: row.1 }));
    assert!(model.store.detail.is_none(), "a third one is the first of the next");
}

#[test]
fn every_screen_draws_whatever_was_made_of_its_panes() {
    let models: [fn((u16, u16)) -> Model; 5] = [
        read,
        |size| shown(size, rejected()),
        |size| super::bake::shown(size, &super::bake::Journal::going()),
        |size| super::bakes::told(size, super::bakes::mixed()),
        super::diff::compared,
    ];
    for size in [(60, 16), (80, 24), (96, 12), (100, 17), (140, 40)] {
        for make in models {
            let mut model = make(size);
            for keys in [&["+"][..], &["o"], &["+"], &["o"], &["enter"], &["o", "o"], &["_"], &["l"], &["_", "_"]] {
                press(&mut model, keys);
                for share in [0, 3, 200, 500, 900, 1000] {
                    let kept = model.pointer.sizes;
                    if share > 0 {
                        let sizes = &mut model.pointer.sizes[model.screen as usize];
                        (sizes.beside, sizes.above) = (Some(share), Some(share));
                    }
                    grids(&model, false);
                    for (x, y) in [(2, 3), (30, 9), (50, 14), (99, 20), (59, 15)] {
                        wheel(&mut model, (x, y));
                        mouse(&mut model, Mouse::Drag(Position { x: y, y: x }));
                        grids(&model, true);
                    }
                    click(&mut model, (share / 10, share / 40));
                    grids(&model, true);
                    model.overlay = Overlay::None;
                    model.pointer.sizes = kept;
                }
            }
        }
    }
}
