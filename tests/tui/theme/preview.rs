//! Choosing a theme: moving tries it on, Enter keeps it, Esc takes it back.

use bakery::tui::effect::Effect;
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::{Msg, ThemeChoice};
use bakery::tui::update::update;

use crate::tui::golden::{SIZES, check, check_ascii, grids, model};
use crate::tui::store::press;

fn choices() -> Vec<ThemeChoice> {
    let choice = |name: &str, about: Result<&str, &str>| ThemeChoice {
        name: name.into(),
        about: about.map(str::to_owned).map_err(str::to_owned),
    };
    vec![
        choice("dark", Ok("bakery's own, for dark terminals")),
        choice("light", Ok("bakery's own, for light terminals")),
        choice("nord", Ok("nord, for dark terminals")),
        choice("mine", Err("mine.yaml:3:9: unknown role `stal`; did you mean `stale`?")),
    ]
}

/// The choice, open, with `kept` in force.
fn open(size: (u16, u16), kept: &str) -> Model {
    let mut model = model(size);
    model.theme = kept.into();
    assert_eq!(press(&mut model, &["ctrl-t"]), [Effect::Themes]);
    assert_eq!(update(&mut model, Msg::Themes(choices())), []);
    model
}

fn wear(name: &str, keep: bool) -> Vec<Effect> {
    vec![Effect::Theme { name: name.into(), keep }]
}

#[test]
fn moving_tries_on_and_enter_keeps() {
    let mut model = open((80, 24), "dark");
    assert_eq!(press(&mut model, &["down"]), wear("light", false));
    assert_eq!(press(&mut model, &["down"]), wear("nord", false));
    assert_eq!(model.theme, "dark", "nothing is kept yet");
    assert_eq!(press(&mut model, &["enter"]), wear("nord", true));
    assert_eq!((model.theme.as_str(), &model.overlay), ("nord", &Overlay::None));
    // The next time it is the one that is selected.
    update(&mut model, Msg::Themes(choices()));
    assert!(grids(&model, false).0.contains("▌ nord"));
}

#[test]
fn leaving_takes_it_back_whichever_way() {
    for key in ["esc", "ctrl-c"] {
        let mut model = open((80, 24), "light");
        press(&mut model, &["down"]);
        assert_eq!(press(&mut model, &[key]), wear("light", false), "{key}");
        assert_eq!(model.overlay, Overlay::None);
    }
    // What comes over it from elsewhere takes it back as well.
    let mut model = open((80, 24), "light");
    press(&mut model, &["down"]);
    assert_eq!(update(&mut model, Msg::Themes(choices())), wear("light", false));
}

#[test]
fn typing_narrows_and_tries_on_what_is_left() {
    let mut model = open((80, 24), "dark");
    assert_eq!(press(&mut model, &["n"]), wear("nord", false), "the first that has an n in it");
    assert_eq!(press(&mut model, &["o", "x"]).last(), Some(&wear("nord", false)[0]));
    assert_eq!(press(&mut model, &["enter"]), [], "nothing of that name");
}

#[test]
fn one_that_cannot_be_used_says_where_and_why() {
    let mut model = open((140, 40), "dark");
    assert_eq!(press(&mut model, &["up", "down", "down", "down"]).last(), Some(&wear("dark", false)[0]));
    assert!(grids(&model, false).0.contains("mine.yaml:3:9"));
    assert_eq!(press(&mut model, &["enter"]), wear("dark", false));
    assert!(grids(&model, false).0.contains("unknown role `stal`"), "{}", grids(&model, false).0);
}

#[test]
fn x01_a_themes_own_words_never_steer_the_terminal() {
    let mut model = model((80, 24));
    let hostile = "\x1b[2J\u{202e}\u{9b}31m mine";
    let about = [Ok(hostile.to_owned()), Err(hostile.to_owned())];
    let choices = about.map(|about| ThemeChoice { name: "mine".into(), about }).to_vec();
    update(&mut model, Msg::Themes(choices));
    let shown = |model: &Model| {
        for ascii in [false, true] {
            let text = grids(model, ascii).0;
            assert!(text.chars().all(|c| c == '\n' || !bakery::domain::text::is_hazardous(c)), "{text:?}");
        }
    };
    shown(&model);
    press(&mut model, &["down", "enter"]);
    shown(&model);
}

#[test]
fn the_choice_shows_what_each_role_says() {
    for size in SIZES {
        check(&format!("frame/themes-{}x{}", size.0, size.1), &open(size, "light"));
    }
    check_ascii("frame/themes-ascii-80x24", &open((80, 24), "light"));
}
