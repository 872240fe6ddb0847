//! Sessions that only look: no key, command or click changes anything, and each says why.

use bakery::tui::effect::Effect;
use bakery::tui::errands;
use bakery::tui::keymap::TABLE;
use bakery::tui::model::Model;
use bakery::tui::msg::Msg;
use bakery::tui::screens::recipes;
use bakery::tui::update::update;

use super::super::golden::{SIZES, check};
use super::{house, press, text, write};

fn looking(size: (u16, u16)) -> Model {
    let mut model = house(size);
    model.settled.readonly = true;
    model
}

#[test]
fn keys_that_change_something_say_why_they_do_not() {
    for size @ (width, height) in SIZES {
        let mut model = looking(size);
        press(&mut model, &["2", "j"]);
        assert_eq!(press(&mut model, &["b"]), []);
        check(&format!("around/readonly-{width}x{height}"), &model);
        assert!(!text(&model).lines().last().unwrap().contains("b bake"), "{}", text(&model));
        model.toasts = Default::default();
        press(&mut model, &["?"]);
        check(&format!("around/readonly-help-{width}x{height}"), &model);
    }
}

#[test]
fn nothing_changes_whatever_is_pressed() {
    for screen in ["1", "2", "3", "4", "5", "6", "7"] {
        for binding in TABLE.iter().filter(|binding| binding.action.changes()) {
            let mut model = looking((80, 24));
            press(&mut model, &[screen, "j"]);
            let mut effects = press(&mut model, &binding.keys[..1]);
            effects.extend(press(&mut model, &["y", "enter"]));
            assert!(!effects.iter().any(Effect::changes), "{screen} {binding:?}: {effects:?}");
        }
    }
}

#[test]
fn the_palette_changes_nothing_either() {
    let mut model = looking((80, 24));
    for line in [
        "bake team-a/search",
        "publish local/team-b/reports:2.0.1",
        "cancel 01JD8QZK3V9T5W2X7Y4R6S107Q",
        "edit team-a/search",
    ] {
        press(&mut model, &["colon"]);
        write(&mut model, line);
        let effects = press(&mut model, &["enter", "y", "esc", "esc"]);
        assert!(!effects.iter().any(Effect::changes), "{line}: {effects:?}");
    }
    assert!(text(&model).contains("this session only looks"), "{}", text(&model));
    press(&mut model, &["colon"]);
    write(&mut model, "gc");
    assert!(!press(&mut model, &["enter"]).iter().any(Effect::changes));
    // Answers that arrive late ask nothing either.
    let unlocked = vec![Effect::Recipes(recipes::Effect::Bake("/w/a.yaml".into()))];
    assert_eq!(update(&mut model, Msg::Errand(errands::Msg::Unlocked(unlocked))), []);
}
