//! The screen follows the stores: what changes shows, and nothing else moves; nobody follows them while nobody looks.

use bakery::domain::lineage::{Best, Graph};
use bakery::flows::lineage::Lineage;
use bakery::tui::effect::Effect;
use bakery::tui::model::Model;
use bakery::tui::msg::Msg;
use bakery::tui::screens::Held;
use bakery::tui::screens::lineage::{self, Reading};
use bakery::tui::update::update;

use super::super::golden::grids;
use super::{answer, assessed, fleet, image, number, of, pointed, press, reading, select, selected, shown};

const SIZE: (u16, u16) = (120, 36);

/// All stores were looked at again, and this was found.
fn looked(model: &mut Model, lineage: Option<Lineage>) -> Vec<Effect> {
    let run = model.lineage.run;
    update(model, Msg::Lineage(lineage::Msg::Looked { run, lineage: lineage.map(Held::new) }))
}

fn is_watch(effect: &Effect) -> bool {
    matches!(effect, Effect::Lineage(lineage::Effect::Watch { .. }))
}

fn is_rest(effect: &Effect) -> bool {
    *effect == Effect::Lineage(lineage::Effect::Rest)
}

/// The numbers that are to be looked into.
fn looked_into(effects: &[Effect]) -> Vec<usize> {
    let numbers = effects.iter().filter_map(|effect| match effect {
        Effect::Lineage(lineage::Effect::AssessAll { numbers, .. }) => Some(numbers.clone()),
        _ => None,
    });
    numbers.flatten().collect()
}

/// The fleet after redis has moved, and somebody has baked on what it was.
fn later() -> Lineage {
    let before = fleet();
    let mut images = before.graph.images().to_vec();
    let redis = images.iter_mut().find(|image| image.name() == "global/redis:7.4").unwrap();
    redis.places.clear();
    images.push(image("os redis2", &["global/redis:7.4"], 0));
    images.push(image("os redis cache", &["local/team-a/cache:1"], 1));
    let pointed = [
        pointed("global/python:3.12", "os py1"),
        pointed("global/python:3.12", "os py2"),
        pointed("global/nginx:1.27", "os ng1"),
        pointed("global/redis:7.4", "os redis"),
    ];
    Lineage { graph: Graph::of(images, &pointed), unread: Vec::new() }
}

#[test]
fn the_stores_are_followed_while_somebody_looks() {
    let mut model = reading(SIZE);
    let effects = answer(&mut model, fleet());
    assert!(effects.iter().any(is_watch), "{effects:?}");
    let effects = press(&mut model, &["7"]);
    assert!(effects.iter().any(is_rest) && !effects.iter().any(is_watch), "{effects:?}");
    let known = model.lineage.lineage.clone().unwrap();
    let effects = press(&mut model, &["6"]);
    let run = model.lineage.run;
    assert!(effects.contains(&Effect::Lineage(lineage::Effect::Watch { run, lineage: known })), "{effects:?}");
    // Whoever has left before the first answer came follows nothing.
    let mut model = reading(SIZE);
    press(&mut model, &["7"]);
    let effects = answer(&mut model, fleet());
    assert!(effects.is_empty() && model.lineage.reading == Reading::Done, "{effects:?}");
    assert!(press(&mut model, &["6"]).iter().any(is_watch));
}

#[test]
fn nothing_that_changed_is_nothing_that_moves() {
    let mut model = shown(SIZE);
    let before = grids(&model, false).0;
    assert!(before.contains("looked 08:00 UTC"), "{before}");
    let effects = looked(&mut model, None);
    assert_eq!(effects, [Effect::Lineage(lineage::Effect::Newest)], "only a roll-out that others began is looked for");
    assert_eq!(grids(&model, false).0, before);
}

#[test]
fn a_base_that_moves_is_told_and_everything_else_stays_as_it_was() {
    let mut model = shown(SIZE);
    select(&mut model, "local/team-a/search:2.0");
    press(&mut model, &["space"]);
    select(&mut model, "global/nginx:1.27");
    select(&mut model, "local/team-a/payments-api:1.4.0");
    press(&mut model, &["-", "*", "space"]);
    let (at, marked) = (selected(&model), model.lineage.marked.clone());
    let later = later();
    let cache = number(&later, "local/team-a/cache:1");
    let payments = number(&later, "local/team-a/payments-api:1.4.0");
    let effects = looked(&mut model, Some(later));
    assert_eq!((selected(&model), &model.lineage.marked), (at, &marked));
    let numbers = looked_into(&effects);
    assert!(numbers.contains(&cache), "what is new is looked into: {numbers:?}");
    assert!(!numbers.contains(&payments), "what is as it was is not: {numbers:?}");
    assert_eq!(model.lineage.known.best(payments), Some(&Best::Rebase));
    let text = grids(&model, false).0;
    assert!(text.contains("global/redis:7.4 has moved") && text.contains("stale now"), "{text}");
    assert!(!effects.iter().any(is_watch), "it is followed already: {effects:?}");
}

#[test]
fn what_is_folded_and_open_stays_so() {
    let mut model = shown(SIZE);
    select(&mut model, "global/python:3.12");
    press(&mut model, &["h", "o"]);
    let open = |model: &Model| {
        let python = number(model.lineage.lineage.as_ref().unwrap(), "global/python:3.12");
        (model.lineage.is_open(python), model.lineage.detail)
    };
    assert_eq!(open(&model), (false, Some(0)));
    looked(&mut model, Some(later()));
    assert_eq!(open(&model), (false, Some(0)));
    assert_eq!(selected(&model), "global/python:3.12");
}

#[test]
fn what_was_asked_for_before_something_else_is_late() {
    let mut model = of(SIZE, fleet());
    assessed(&mut model, "local/team-a/search:2.0", Best::Rebake);
    press(&mut model, &["r"]);
    let before = model.lineage.lineage.clone();
    looked(&mut model, Some(later()));
    assert_eq!(model.lineage.lineage, before, "all of it is being read anew");
    let run = model.lineage.run - 1;
    answer(&mut model, fleet());
    let before = model.lineage.lineage.clone();
    update(&mut model, Msg::Lineage(lineage::Msg::Looked { run, lineage: Some(Held::new(later())) }));
    assert_eq!(model.lineage.lineage, before);
}
