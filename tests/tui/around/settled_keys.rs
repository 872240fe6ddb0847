//! Keys of the user's own: they do what they were settled for, and help, status bar and palette name them.

use bakery::tui::effect::Effect;
use bakery::tui::keymap::{Written, resolve};
use bakery::tui::model::Model;
use bakery::tui::screens::{Screen, store};
use bakery::tui::update::begin;

use super::super::golden::{SIZES, check, model};
use super::{house, press, text};

fn own(scope: &str, action: &str, keys: &[&str]) -> Written {
    (scope.into(), action.into(), keys.iter().map(|key| (*key).to_owned()).collect(), (12, 5))
}

fn with_own(size: (u16, u16)) -> Model {
    let mut model = house(size);
    let settings =
        [own("store", "open", &["f2"]), own("store", "refresh", &["g+r"]), own("everywhere", "quit", &["ctrl-x"])];
    let (keymap, problems) = resolve(&settings);
    assert_eq!(problems, []);
    model.settled.keymap = keymap;
    model
}

#[test]
fn own_keys_show_wherever_keys_show() {
    for size @ (width, height) in SIZES {
        let mut model = with_own(size);
        press(&mut model, &["?"]);
        check(&format!("around/own-keys-{width}x{height}"), &model);
        assert!(text(&model).lines().any(|line| line.contains("F2") && line.contains("open")), "{}", text(&model));
        press(&mut model, &["esc"]);
        let bar = text(&model).lines().last().unwrap().to_owned();
        assert!(bar.contains("F2 open"), "{bar}");
        press(&mut model, &["colon", "r", "e", "a", "d"]);
        assert!(text(&model).lines().any(|line| line.contains("read the stores again") && line.contains("g r")));
    }
}

#[test]
fn own_keys_do_what_they_were_settled_for() {
    let mut model = with_own((80, 24));
    assert!(press(&mut model, &["g", "r"]).contains(&Effect::Store(store::Effect::ReadAgain)));
    assert_eq!(press(&mut model, &["q"]), [], "no longer");
    press(&mut model, &["f2"]);
    assert!(model.store.level != store::Level::Repositories);
    assert_eq!(press(&mut model, &["ctrl-x"]), [Effect::Leave]);
}

#[test]
fn what_is_wrong_with_them_is_told_once_and_bakery_starts_all_the_same() {
    let mut model = model((140, 40));
    let (keymap, problems) = resolve(&[own("stoer", "open", &["f2"]), own("store", "copy", &["ctrl-q"])]);
    model.settled.keymap = keymap;
    model.settled.problems = problems.iter().map(ToString::to_string).collect();
    begin(&mut model, Screen::Store);
    let shown = text(&model);
    assert!(shown.contains("config.yaml:12:5: there is no scope `stoer`; did you mean `store`?"), "{shown}");
    assert!(shown.contains("(and 1 more)"), "{shown}");
}
