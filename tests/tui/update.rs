//! (model, message) -> (model, effects): what follows from what, without a screen.

use bakery::flows::browse::Found;
use bakery::report::{Kind, Report};
use bakery::tui::effect::Effect;
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::{Mouse, Msg};
use bakery::tui::screens::{Screen, Wish, store};
use bakery::tui::update::{begin, update};
use bakery::tui::widgets::{Confirm, Toast};
use ratatui::layout::{Position, Size};

use super::golden::model;
use super::store::{begun, found, press, surveyed};

fn looks(effects: &[Effect]) -> Vec<&str> {
    let look = |effect| match effect {
        &Effect::Store(store::Effect::Look { ref repository, .. }) => Some(repository.as_str()),
        _ => None,
    };
    effects.iter().filter_map(look).collect()
}

/// A model whose global store has repositories `r00`, `r01`, … of one tag each.
fn many(count: usize) -> (Model, Vec<Effect>) {
    let mut model = model((80, 24));
    begin(&mut model, Screen::Store);
    begun(&mut model, "global");
    let names: Vec<String> = (0..count).map(|number| format!("r{number:02}")).collect();
    let repositories: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), &["1"][..])).collect();
    let effects = found(&mut model, "global", &repositories);
    (model, effects)
}

fn missing(repository: &str) -> Msg {
    let seen = Err(Report::message(Kind::Failed, "gone"));
    Msg::Store(store::Msg::Looked { store: "global".into(), repository: repository.into(), tag: "1".into(), seen })
}

#[test]
fn looks_into_what_is_in_sight_sixteen_at_most() {
    let (mut model, effects) = many(99);
    // 80x24: nine rows in sight, the first a heading.
    assert_eq!(looks(&effects), ["r00", "r01", "r02", "r03", "r04", "r05", "r06", "r07", "r08"][..8]);
    let effects = press(&mut model, &["G"]);
    assert_eq!(looks(&effects).len(), 8, "sixteen under way at once: {effects:?}");
    assert!(looks(&press(&mut model, &["pageup", "pageup"])).is_empty());
    let effects = update(&mut model, missing("r00"));
    assert_eq!(looks(&effects).len(), 1, "an answer makes room for one: {effects:?}");
    assert!(looks(&effects)[0] > "r80", "what is in sight comes first: {effects:?}");
    assert!(!looks(&press(&mut model, &["g", "g"])).contains(&"r00"), "what is known is not asked again");
}

#[test]
fn the_selection_stays_while_rows_arrive_before_it() {
    let mut model = model((80, 24));
    begin(&mut model, Screen::Store);
    begun(&mut model, "local");
    found(&mut model, "local", &[("app", &["1"]), ("web", &["2"])]);
    assert_eq!(model.store.selected().map(|spot| spot.1), Some("app".into()));
    press(&mut model, &["down"]);
    begun(&mut model, "global");
    found(&mut model, "global", &[("java", &["21"]), ("python", &["3"])]);
    assert_eq!(model.store.selected().map(|spot| spot.1), Some("web".into()));
    // Read again, with another repository before it.
    surveyed(&mut model, "local", None);
    surveyed(&mut model, "global", None);
    assert!(press(&mut model, &["r"]).contains(&Effect::Store(store::Effect::ReadAgain)));
    begun(&mut model, "local");
    found(&mut model, "local", &[("aaa", &["1"]), ("app", &["1"]), ("web", &["2", "3"])]);
    assert_eq!(model.store.shelf("local").map(|shelf| shelf.repos.len()), Some(2), "the old names show meanwhile");
    let effects = surveyed(&mut model, "local", None);
    assert_eq!(model.store.selected().map(|spot| spot.2), Some("3".into()));
    assert!(effects.contains(&Effect::Store(store::Effect::Inspect("local/web:3".into()))));
}

#[test]
fn a_survey_that_fails_midway_keeps_what_it_found() {
    let (mut model, _) = many(3);
    let report = Report::message(Kind::Unreachable, "the connection was lost");
    surveyed(&mut model, "global", Some(report.clone()));
    let shelf = model.store.shelf("global").unwrap();
    assert_eq!((shelf.repos.len(), &shelf.loading), (3, &store::Loading::Failed(report)));
    let unreadable = Found::Unreadable { repository: "r01".into(), report: Report::message(Kind::Failed, "no") };
    update(&mut model, Msg::Store(store::Msg::Found { store: "global".into(), found: unreadable }));
    assert!(model.store.shelf("global").unwrap().repos[1].failure.is_some());
}

#[test]
fn only_the_answer_to_the_newest_wish_shows() {
    let (mut model, _) = many(3);
    assert!(press(&mut model, &["down"]).contains(&Effect::Store(store::Effect::Inspect("global/r01:1".into()))));
    let late = Err(Report::message(Kind::Failed, "late"));
    update(&mut model, Msg::Store(store::Msg::Inspected { reference: "global/r00:1".into(), seen: late }));
    assert_eq!(model.store.image, Some(("global/r01:1".into(), None)));
}

#[test]
fn ctrl_c_twice_leaves_and_another_key_between_does_not() {
    let (mut model, _) = many(1);
    assert_eq!(press(&mut model, &["ctrl-c"]), []);
    assert!(!model.toasts.is_empty());
    assert_eq!(press(&mut model, &["j", "ctrl-c"]).iter().filter(|e| **e == Effect::Leave).count(), 0);
    assert_eq!(press(&mut model, &["ctrl-c"]), [Effect::Leave]);
}

#[test]
fn escape_takes_a_failure_away_before_anything_else() {
    let (mut model, _) = many(1);
    press(&mut model, &["enter"]);
    update(&mut model, Msg::Tell(Toast::failure(&Report::message(Kind::Failed, "no such thing"))));
    press(&mut model, &["esc"]);
    assert!(model.toasts.is_empty() && model.store.level != store::Level::Repositories);
    update(&mut model, Msg::Tell(Toast::done("other news goes by itself")));
    press(&mut model, &["esc"]);
    assert_eq!(model.store.level, store::Level::Repositories);
}

#[test]
fn sequences_end_or_their_last_key_counts() {
    let (mut model, _) = many(9);
    press(&mut model, &["G", "g"]);
    assert_eq!((model.store.repositories.selected, model.pending.keys.len()), (10, 1));
    press(&mut model, &["g"]);
    assert_eq!((model.store.repositories.selected, model.pending.keys.len()), (0, 0));
    press(&mut model, &["g", "j"]);
    assert_eq!((model.store.repositories.selected, model.pending.keys.len()), (1, 0));
}

#[test]
fn screens_follow_each_other_by_tab_number_and_click() {
    let (mut model, _) = many(1);
    let mut seen = Vec::new();
    for _ in 0..7 {
        press(&mut model, &["tab"]);
        seen.push(model.screen);
    }
    let order =
        [Screen::Recipes, Screen::Bake, Screen::Verify, Screen::Diff, Screen::Lineage, Screen::Bakes, Screen::Store];
    assert_eq!(seen, order);
    press(&mut model, &["4"]);
    assert_eq!(model.screen, Screen::Verify);
    press(&mut model, &["1"]);
    press(&mut model, &["backtab"]);
    assert_eq!(model.screen, Screen::Bakes);
    press(&mut model, &["2"]);
    assert_eq!(model.screen, Screen::Recipes);
    update(&mut model, Msg::Mouse(Mouse::Click(Position { x: 11, y: 0 })));
    assert_eq!(model.screen, Screen::Store);
}

#[test]
fn the_mouse_selects_opens_and_scrolls_the_pane_with_the_keys() {
    let (mut model, _) = many(9);
    let click = |y| Msg::Mouse(Mouse::Click(Position { x: 5, y }));
    update(&mut model, click(6));
    assert_eq!(model.store.repositories.selected, 3);
    update(&mut model, Msg::Mouse(Mouse::Wheel { at: Position { x: 5, y: 6 }, down: true }));
    update(&mut model, Msg::Mouse(Mouse::Wheel { at: Position { x: 5, y: 6 }, down: false }));
    assert_eq!(model.store.repositories.selected, 3);
    update(&mut model, click(6));
    assert_eq!(model.store.open_repo().map(|repo| repo.name.as_str()), Some("r02"));
}

#[test]
fn a_question_is_answered_by_letters_and_never_by_the_wheel() {
    let ask = |keys: &[&str]| {
        let (mut model, _) = many(1);
        let question = Confirm::no_or("delete it?", "it is gone then", "delete", vec![Wish::Leave]);
        model.overlay = Overlay::Confirm(question);
        update(&mut model, Msg::Mouse(Mouse::Wheel { at: Position { x: 5, y: 6 }, down: true }));
        (press(&mut model, keys), model.overlay == Overlay::None)
    };
    assert_eq!(ask(&["enter"]), (vec![], true), "the safe answer is the focused one");
    assert_eq!(ask(&["right", "enter"]), (vec![Effect::Leave], true));
    assert_eq!(ask(&["y"]), (vec![Effect::Leave], true));
    assert_eq!((ask(&["n"]), ask(&["esc"])), ((vec![], true), (vec![], true)));
    assert_eq!(ask(&["x"]), (vec![], false));
}

#[test]
fn another_size_asks_for_what_came_into_sight() {
    let (mut model, _) = many(99);
    let effects = update(&mut model, Msg::Resized(Size { width: 140, height: 40 }));
    assert_eq!(looks(&effects).len(), 8, "{effects:?}");
}
