//! A new recipe in four answers.

use bakery::flows::edit::NewRecipe;
use bakery::tui::screens::recipes::wizard;

use super::*;
use crate::tui::recipes::{every, listed};

fn said(msg: wizard::Msg) -> Msg {
    Msg::Recipes(recipes::Msg::Wizard(msg))
}

fn wanted(effect: wizard::Effect) -> Effect {
    Effect::Recipes(recipes::Effect::Wizard(effect))
}

fn begun(size: (u16, u16)) -> Model {
    let mut model = listed(size, every());
    assert_eq!(press(&mut model, &["a"]), [wanted(wizard::Effect::Images)]);
    let images = ["local/team-a/search:3.3.0", "global/python:3.12", "global/python:3.13", "global/nginx:1.27"];
    update(&mut model, said(wizard::Msg::Images(images.map(str::to_owned).to_vec())));
    update(&mut model, said(wizard::Msg::Read(None)));
    model
}

#[test]
fn golden_screens() {
    for size @ (width, height) in SIZES {
        let mut model = begun(size);
        check(&format!("wizard/base-{width}x{height}"), &model);
        type_in(&mut model, "py");
        check(&format!("wizard/base-typed-{width}x{height}"), &model);
        press(&mut model, &["enter"]);
        check(&format!("wizard/name-{width}x{height}"), &model);
        press(&mut model, &["enter"]);
        for _ in 0..5 {
            press(&mut model, &["backspace"]);
        }
        type_in(&mut model, "1 0");
        press(&mut model, &["enter"]);
        check(&format!("wizard/tag-wrong-{width}x{height}"), &model);
        for _ in 0..3 {
            press(&mut model, &["backspace"]);
        }
        type_in(&mut model, "1.0");
        press(&mut model, &["enter"]);
        check(&format!("wizard/kind-{width}x{height}"), &model);
    }
    check_ascii("wizard/base-ascii-80x24", &begun((80, 24)));
}

#[test]
fn four_answers_make_a_recipe_and_the_editor_opens_on_it() {
    let mut model = begun((80, 24));
    press(&mut model, &["down", "enter"]);
    press(&mut model, &["enter", "enter"]);
    let effects = press(&mut model, &["enter"]);
    let kind = bakery::flows::edit::kind_for("global/python:3.12");
    let asked = NewRecipe {
        base: "global/python:3.12".into(),
        name: "team-a/my-python".into(),
        tag: "0.1.0".into(),
        kind: kind.into(),
    };
    assert_eq!(effects, [wanted(wizard::Effect::Make(asked))]);
    assert_eq!(press(&mut model, &["enter"]), [], "made once");
    let refused = Report::message(Kind::Usage, "recipes/team-a/my-python.yaml is there already");
    update(&mut model, said(wizard::Msg::Made(Err(refused))));
    assert!(grids(&model, false).0.contains("is there already"), "said where the answers are, all of them kept");
    press(&mut model, &["enter"]);
    let made = ("/w/recipes/my-python/my-python.yaml".into(), "recipes/my-python/my-python.yaml".into());
    let effects = update(&mut model, said(wizard::Msg::Made(Ok(made))));
    assert!(model.recipes.wizard.is_none());
    assert_eq!(model.recipes.editor.as_ref().unwrap().shown, "recipes/my-python/my-python.yaml");
    assert!(effects.contains(&wish(editor::Effect::Read("/w/recipes/my-python/my-python.yaml".into()))));
}

#[test]
fn esc_goes_back_an_answer_and_keeps_what_was_typed() {
    let mut model = begun((80, 24));
    press(&mut model, &["enter"]);
    type_in(&mut model, "x");
    press(&mut model, &["enter", "esc"]);
    assert!(grids(&model, false).0.contains("team-a/my-nginxx"));
    press(&mut model, &["esc"]);
    assert!(model.recipes.wizard.is_some());
    press(&mut model, &["esc"]);
    assert!(model.recipes.wizard.is_none(), "before the first: back to the recipes");
}

#[test]
fn what_cannot_be_is_said_in_place() {
    let mut model = begun((80, 24));
    type_in(&mut model, "nowhere");
    press(&mut model, &["enter"]);
    assert!(grids(&model, false).0.contains("answer 1 of 4"), "{}", grids(&model, false).0);
    let mut model = begun((80, 24));
    press(&mut model, &["enter"]);
    let default = "team-a/my-nginx".len();
    for _ in 0..default {
        press(&mut model, &["backspace"]);
    }
    press(&mut model, &["enter"]);
    assert!(grids(&model, false).0.contains("a name is needed"));
    type_in(&mut model, "team-a/payments-api");
    press(&mut model, &["enter"]);
    for _ in 0..5 {
        press(&mut model, &["backspace"]);
    }
    type_in(&mut model, "1.4.0");
    press(&mut model, &["enter"]);
    assert!(grids(&model, false).0.contains("another recipe makes team-a/payments-api:1.4.0"));
}

#[test]
fn an_image_chosen_in_the_store_is_the_first_answer() {
    let mut model = listed((80, 24), every());
    update(&mut model, said(wizard::Msg::Begin(Some("global/redis:7".into()))));
    let (text, _) = grids(&model, false);
    assert!(text.contains("global/redis:7") && text.contains("team-a/my-redis") && text.contains("answer 2 of 4"));
}

#[test]
fn x01_x04_images_steer_no_terminal() {
    let mut model = begun((80, 24));
    update(&mut model, said(wizard::Msg::Images(vec!["global/a\u{1b}[2J\u{202e}b:1".into()])));
    type_in(&mut model, "a\u{202e}");
    let (text, _) = grids(&model, false);
    assert!(!text.chars().any(|c| c != '\n' && bakery::domain::text::is_hazardous(c)), "{text:?}");
}
