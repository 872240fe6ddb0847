//! What keys do on the Verify screen, and what leads there.

use bakery::domain::trust::CheckVerdict;
use bakery::report::{Kind, Report};
use bakery::tui::effect::Effect;
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::{Mouse, Msg};
use bakery::tui::screens::verify::{self, Row, Standing};
use bakery::tui::screens::{Compare, Screen, diff, recipes};
use bakery::tui::update::{self, update};
use ratatui::layout::{Position, Size};

use super::super::golden::grids;
use super::{IMAGE, answer, asked, blank, long, press, rejected, shown, unreachable, verified};

fn selected(model: &Model) -> String {
    match model.verify.selected() {
        Some(Row::Level(level)) => model.verify.level(level).unwrap().reference.clone(),
        Some(row) => model.verify.check(row).unwrap().1.id.clone(),
        None => String::new(),
    }
}

#[test]
fn the_first_check_that_says_no_is_selected_and_its_level_is_open() {
    let model = shown((140, 40), rejected());
    assert_eq!(selected(&model), "lineage.contract");
    let model = shown((140, 40), unreachable());
    assert_eq!((selected(&model).as_str(), model.verify.is_open(1)), ("base.signature", true));
    let model = shown((140, 40), verified());
    assert_eq!((selected(&model).as_str(), model.verify.is_open(0), model.verify.is_open(2)), (IMAGE, true, false));
}

#[test]
fn levels_fold_and_unfold_and_checks_open_to_their_evidence() {
    let mut model = shown((140, 40), verified());
    press(&mut model, &["enter"]);
    assert!(!grids(&model, false).0.contains("image.user"), "folded");
    press(&mut model, &["g", "g"]);
    assert_eq!(selected(&model), "global/os:12");
    press(&mut model, &["l", "l"]);
    assert_eq!(selected(&model), "base.signature");
    press(&mut model, &["l"]);
    assert_eq!(model.verify.detail, Some(0));
    press(&mut model, &["h", "h"]);
    assert_eq!((selected(&model).as_str(), model.verify.detail), ("global/os:12", None));
    press(&mut model, &["h"]);
    assert!(!model.verify.is_open(2));
}

#[test]
fn n_goes_round_the_checks_that_stand_in_the_way_wherever_they_are_folded() {
    let mut model = shown((140, 40), unreachable());
    press(&mut model, &["-", "g", "g"]);
    let mut found = Vec::new();
    for _ in 0..6 {
        press(&mut model, &["n"]);
        found.push(selected(&model));
    }
    let around =
        ["base.signature", "base.fresh", "lineage.layers", "lineage.layers", "lineage.contract", "base.signature"];
    assert_eq!(found, around);
    press(&mut model, &["N"]);
    assert_eq!(selected(&model), "lineage.contract");
    let mut good = shown((140, 40), verified());
    press(&mut good, &["n"]);
    assert!(!good.toasts.is_empty() && selected(&good) == IMAGE);
}

#[test]
fn a_filter_finds_checks_by_name_reason_evidence_and_verdict_in_folded_levels_too() {
    let mut model = shown((140, 40), rejected());
    press(&mut model, &["/", "d", "i", "f", "f", "enter"]);
    let rows = |model: &Model| model.verify.rows().iter().filter(|row| matches!(row, Row::Check(..))).count();
    assert_eq!(rows(&model), 2, "the diffIDs of the image and of its base");
    press(&mut model, &["esc", "/", "f", "a", "i", "l", "enter"]);
    assert_eq!((rows(&model), model.verify.rows().len()), (1, 2));
    press(&mut model, &["j"]);
    assert_eq!(selected(&model), "lineage.contract");
    press(&mut model, &["esc"]);
    assert_eq!(selected(&model), "lineage.contract", "what was found stays selected");
    press(&mut model, &["/", "!", "p", "a", "s", "s"]);
    let only = |model: &Model| {
        model
            .verify
            .rows()
            .iter()
            .filter_map(|row| model.verify.check(*row))
            .all(|(_, check)| check.finding.verdict != CheckVerdict::Pass)
    };
    assert!(only(&model) && rows(&model) > 0);
}

#[test]
fn the_newest_wish_counts_and_an_answer_to_an_older_one_changes_nothing() {
    let mut model = asked((80, 24));
    let first = model.verify.run;
    let effects = update::verify(&mut model, "global/python:3.12".into());
    let run = first + 1;
    assert_eq!(effects, [Effect::Verify(verify::Effect::Verify { image: "global/python:3.12".into(), run })]);
    let late = verify::Msg::Verified { run: first, verified: Ok(rejected().into()) };
    assert_eq!(update(&mut model, Msg::Verify(late)), []);
    assert_eq!((&model.verify.standing, &model.verify.verified), (&Standing::Going, &None));
}

#[test]
fn running_again_keeps_what_shows_and_what_is_selected() {
    let mut model = shown((140, 40), rejected());
    press(&mut model, &["*", "j", "j"]);
    let before = selected(&model);
    let body = |model: &Model| grids(model, false).0.lines().skip(2).map(str::to_owned).collect::<Vec<_>>();
    let lines = body(&model);
    let effects = press(&mut model, &["r"]);
    assert!(matches!(effects[..], [Effect::Verify(verify::Effect::Verify { .. })]), "{effects:?}");
    assert_eq!(body(&model), lines, "nothing moves while it is looked at again");
    answer(&mut model, Ok(rejected()));
    assert_eq!((selected(&model), body(&model)), (before, lines));
}

#[test]
fn s11_what_is_given_up_is_unknown_and_says_so() {
    let mut model = asked((80, 24));
    assert_eq!(press(&mut model, &["ctrl-c"]), [Effect::Verify(verify::Effect::Stop)]);
    answer(&mut model, Ok(verified()));
    assert_eq!(model.verify.standing, Standing::Stopped, "what comes after that is late");
    assert!(grids(&model, false).0.contains("? given up"));
    let mut again = shown((80, 24), verified());
    press(&mut again, &["r"]);
    assert_eq!(press(&mut again, &["esc"]), [Effect::Verify(verify::Effect::Stop)]);
    let line = grids(&again, false).0.lines().nth(1).unwrap().to_owned();
    assert!(line.contains("? given up") && !line.contains('✔'), "{line}");
}

#[test]
fn what_cannot_be_verified_any_more_shows_nothing_of_what_was_found_before() {
    let mut model = shown((80, 24), verified());
    press(&mut model, &["r"]);
    answer(&mut model, Err(Report::message(Kind::Unreachable, "cannot reach registry.example").help("try later")));
    let text = grids(&model, false).0;
    assert!(text.contains("cannot reach registry.example") && text.contains("try later"), "{text}");
    assert!(!text.contains('✔') && !text.contains("image.user"), "{text}");
}

#[test]
fn copies_evidence_and_digests() {
    let mut model = shown((140, 40), rejected());
    let [Effect::Copy(text)] = &press(&mut model, &["y"])[..] else { panic!("nothing copied") };
    assert_eq!(text.lines().count(), 2);
    assert!(text.starts_with("/etc/ssl/openssl.cnf: changed: content"));
    let digest = model.verify.level(0).unwrap().digest.to_string();
    assert_eq!(press(&mut model, &["h", "y"]), [Effect::Copy(digest)]);
}

#[test]
fn an_exception_is_shown_and_copied_never_written() {
    let mut model = shown((140, 40), rejected());
    assert_eq!(press(&mut model, &["x"]), []);
    assert!(matches!(model.overlay, Overlay::Confirm(_)));
    let [Effect::Copy(lines)] = &press(&mut model, &["y"])[..] else { panic!("nothing copied") };
    assert!(lines.starts_with("exceptions:\n  - check: lineage.contract\n    path: /etc/ssl/openssl.cnf\n"), "{lines}");
    assert!(lines.contains("    path: /etc/ssl/certs/ca.pem\n"), "{lines}");
    press(&mut model, &["x"]);
    assert_eq!(press(&mut model, &["enter"]), [], "the safe answer is the focused one");
    press(&mut model, &["j", "x"]);
    assert_eq!((&model.overlay, model.toasts.is_empty()), (&Overlay::None, false), "what passes needs none");
}

#[test]
fn diff_and_recipe_are_of_the_selected_level() {
    let mut model = shown((140, 40), rejected());
    let asked = Compare::Image(IMAGE.into());
    assert_eq!(press(&mut model, &["d"]), [Effect::Diff(diff::Effect::Open(asked))]);
    assert_eq!(model.screen, Screen::Diff);
    update(&mut model, Msg::Recipes(recipes::Msg::Listed(Ok(Vec::new()))));
    press(&mut model, &["4", "g", "g", "e"]);
    assert_eq!(model.screen, Screen::Verify);
    assert!(grids(&model, false).0.contains("no recipe of this workspace makes global/os:12"));
}

#[test]
fn the_mouse_selects_and_a_second_click_opens() {
    let mut model = shown((140, 40), rejected());
    let at = |y| Msg::Mouse(Mouse::Click(Position { x: 10, y }));
    update(&mut model, at(2));
    assert_eq!(selected(&model), "global/os:12");
    update(&mut model, at(2));
    assert!(model.verify.is_open(2));
    update(&mut model, Msg::Mouse(Mouse::Click(Position { x: 100, y: 5 })));
    assert_eq!(model.verify.detail, Some(0));
}

#[test]
fn every_size_and_every_key_draws() {
    for size in [(60, 16), (95, 15), (96, 40), (250, 80)] {
        for found in [verified(), rejected(), unreachable(), long()] {
            let mut model = shown(size, found);
            for keys in [&["*"][..], &["G", "enter"], &["G"], &["esc", "-"], &["/", "z"], &["esc", "x"], &["esc", "o"]]
            {
                press(&mut model, keys);
                update(&mut model, Msg::Resized(Size { width: size.1 * 3, height: size.0 }));
                grids(&model, true);
                update(&mut model, Msg::Resized(Size { width: size.0, height: size.1 }));
                grids(&model, false);
            }
        }
    }
    let mut empty = blank((80, 24));
    for keys in ["enter", "x", "y", "d", "e", "n", "r", "/", "*", "G"] {
        assert_eq!(press(&mut empty, &[keys]), [], "{keys}");
    }
}
