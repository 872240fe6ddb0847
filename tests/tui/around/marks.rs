//! Marks: counted in line 2, taken by what is done next, cleared by `u` and by going back.

use bakery::tui::effect::Effect;
use bakery::tui::errands;
use bakery::tui::screens::{Screen, bakes};

use super::super::golden::{SIZES, check};
use super::{house, press, text};

#[test]
fn marked_recipes_are_baked_together() {
    for size @ (width, height) in SIZES {
        let mut model = house(size);
        press(&mut model, &["2", "G", "space", "k", "space", "k"]);
        check(&format!("around/marked-recipes-{width}x{height}"), &model);
        let effects = press(&mut model, &["b"]);
        let Effect::Errand(errands::Effect::BakeAll(files)) = &effects[0] else { panic!("{effects:?}") };
        let names: Vec<&str> = files.iter().map(|file| file.file_stem().unwrap().to_str().unwrap()).collect();
        assert_eq!((names, model.screen), (vec!["vault", "search"], Screen::Bakes), "in the order of the list");
        assert!(model.recipes.marked.is_empty());
    }
}

#[test]
fn marked_recipes_with_errors_are_told_and_none_is_baked() {
    let mut model = house((80, 24));
    press(&mut model, &["2", "space", "j", "space"]);
    assert_eq!(press(&mut model, &["b"]), []);
    assert!(text(&model).contains("unknown key `ownr`"), "{}", text(&model));
    assert_eq!(model.recipes.marked.len(), 2);
    press(&mut model, &["u"]);
    assert!(model.recipes.marked.is_empty() && !text(&model).contains("marked"));
}

#[test]
fn marked_bakes_are_cancelled_together_and_their_images_published() {
    let mut model = house((140, 40));
    press(&mut model, &["7", "space", "j", "space", "j", "space"]);
    assert!(text(&model).contains("3 marked"), "{}", text(&model));
    press(&mut model, &["x"]);
    let shown = text(&model);
    assert!(shown.contains("cancel team-a/payments-api:1.4.0?"), "only what runs: {shown}");
    let effects = press(&mut model, &["y"]);
    assert!(matches!(&effects[..], [Effect::Bakes(bakes::Effect::Cancel(_))]), "{effects:?}");
    let effects = press(&mut model, &["P"]);
    assert!(
        matches!(&effects[..], [Effect::Errand(errands::Effect::PlanPublish(images))] if images == &["local/team-b/reports:2.0.1"]),
        "{effects:?}"
    );
    press(&mut model, &["esc"]);
    assert!(model.bakes.marked.is_empty());
}

#[test]
fn of_more_than_two_marked_images_none_is_compared() {
    let mut model = house((80, 24));
    press(&mut model, &["space", "j", "space", "j", "space"]);
    assert_eq!(press(&mut model, &["d"]), []);
    assert!(text(&model).contains("3 images are marked; two can be compared"), "{}", text(&model));
    press(&mut model, &["space"]);
    assert_eq!(press(&mut model, &["d"]).len(), 1);
}
