//! What keys do on the Lineage screen, and what leads there.

use bakery::domain::lineage::Best;
use bakery::flows::lineage::Assessment;
use bakery::flows::rebase::{Answer, Rebase};
use bakery::report::{Kind, Report};
use bakery::tui::effect::Effect;
use bakery::tui::errands;
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::{Mouse, Msg};
use bakery::tui::screens::lineage::{self, Circle, Reading};
use bakery::tui::screens::{Compare, Screen, diff, recipes};
use bakery::tui::update::update;
use ratatui::layout::{Position, Size};

use super::super::golden::{grids, model};
use super::screens::{tried, what_if};
use super::{answer, assessed, digest, fleet, names, number, press, reading, rebase, select, selected, shown};

const PAYMENTS: &str = "local/team-a/payments-api:1.4.0";

fn lineage_effects(effects: Vec<Effect>) -> Vec<lineage::Effect> {
    let own = |effect| match effect {
        Effect::Lineage(effect) => Some(effect),
        _ => None,
    };
    effects.into_iter().filter_map(own).collect()
}

/// Effects but those that only look into images.
fn asked(effects: Vec<Effect>) -> Vec<lineage::Effect> {
    let looks = |effect: &lineage::Effect| matches!(effect, lineage::Effect::Assess { .. });
    lineage_effects(effects).into_iter().filter(|effect| !looks(effect)).collect()
}

#[test]
fn coming_there_reads_the_stores_once_and_looks_for_a_roll_out() {
    let mut model = model((100, 30));
    let effects = press(&mut model, &["6"]);
    assert_eq!(model.screen, Screen::Lineage);
    let expected = [Effect::Lineage(lineage::Effect::Newest), Effect::Lineage(lineage::Effect::Read { run: 1 })];
    assert_eq!(effects, expected);
    press(&mut model, &["1"]);
    assert_eq!(press(&mut model, &["6"]), [Effect::Lineage(lineage::Effect::Newest)]);
    press(&mut model, &["7"]);
    assert_eq!(model.screen, Screen::Bakes);
}

#[test]
fn the_first_stale_image_is_selected_and_everything_stale_is_looked_into_most_urgent_first() {
    let mut model = reading((100, 30));
    let effects = lineage_effects(answer(&mut model, fleet()));
    assert_eq!(selected(&model), PAYMENTS);
    let [
        lineage::Effect::Assess { number: first, lineage },
        lineage::Effect::AssessAll { numbers, .. },
        lineage::Effect::Watch { .. },
    ] = &effects[..]
    else {
        panic!("{effects:?}")
    };
    assert_eq!(*first, number(lineage, PAYMENTS));
    let name = |number: &usize| lineage.graph.images()[*number].name();
    let all: Vec<String> = numbers.iter().map(name).collect();
    assert_eq!(all.len(), 6);
    assert!(all[..2].contains(&PAYMENTS.to_owned()) && all[5] == "local/team-d/batch:1", "{all:?}");
}

#[test]
fn leaving_gives_up_what_is_looked_into_and_coming_back_goes_on_with_the_rest() {
    let mut model = super::of((100, 30), fleet());
    assert!(press(&mut model, &["1"]).contains(&Effect::Lineage(lineage::Effect::Rest)));
    assessed(&mut model, PAYMENTS, Best::Rebase);
    let effects = lineage_effects(press(&mut model, &["6"]));
    let [.., lineage::Effect::AssessAll { numbers, lineage }, lineage::Effect::Watch { .. }] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert!(numbers.len() == 5 && !numbers.contains(&number(lineage, PAYMENTS)));
}

#[test]
fn images_fold_and_what_is_folded_away_leaves_the_selection_on_its_base() {
    let mut model = shown((100, 30));
    select(&mut model, PAYMENTS);
    let all = names(&model).len();
    press(&mut model, &["h"]);
    assert_eq!((names(&model).len(), selected(&model).as_str()), (all - 2, PAYMENTS));
    press(&mut model, &["h"]);
    assert_eq!(selected(&model), digest("os py1").to_string(), "the version of the base that no tag points to");
    press(&mut model, &["enter"]);
    assert_eq!(names(&model).len(), all - 4);
    press(&mut model, &["enter", "l", "l"]);
    assert_eq!(names(&model).len(), all);
    press(&mut model, &["minus"]);
    assert_eq!((names(&model), selected(&model).as_str()), (vec!["global/os:12".to_owned()], "global/os:12"));
    press(&mut model, &["*"]);
    assert_eq!(names(&model).len(), all);
}

#[test]
fn what_no_tag_points_to_shows_only_for_what_is_built_on_it() {
    let model = shown((100, 30));
    let without = names(&model).iter().filter(|name| *name == "-").count();
    assert_eq!(without, 2, "the old python and the old nginx; nobody is on the python between");
    let text = grids(&model, false).0;
    assert!(text.contains("python:3.12 as it was") && text.contains("nginx:1.27 as it was"), "{text}");
}

#[test]
fn a_filter_shows_what_it_finds_with_all_that_is_built_on_and_n_goes_through_what_it_found() {
    let mut model = shown((100, 30));
    press(&mut model, &["minus", "/"]);
    press(&mut model, &["t", "e", "a", "m", "-", "a", "enter"]);
    let hits = |model: &bakery::tui::model::Model| model.lineage.rows().iter().filter(|row| row.is_hit).count();
    assert_eq!((hits(&model), names(&model).len()), (3, 5), "os and the old python show for their sake");
    assert_eq!(selected(&model), PAYMENTS);
    press(&mut model, &["n"]);
    assert_eq!(selected(&model), "teams/team-a/jobs:1");
    press(&mut model, &["N", "N"]);
    assert_eq!(selected(&model), "local/team-a/search:2.0", "round the end");
    press(&mut model, &["esc", "/", "b", "l", "o", "c", "k", "enter"]);
    assert_eq!(selected(&model), "local/team-c/gateway:0.9");
    press(&mut model, &["esc", "t", "/", "!", "s", "t", "a", "l", "e", "enter"]);
    assert_eq!(names(&model).iter().filter(|name| name.starts_with("local/")).count(), 2);
    assert!(!names(&model).contains(&PAYMENTS.to_owned()));
}

#[test]
fn what_comes_in_later_is_found_by_the_filter_too() {
    let mut model = super::of((100, 30), fleet());
    press(&mut model, &["/", "r", "e", "b", "a", "s", "e"]);
    assert_eq!(names(&model), [] as [&str; 0]);
    assessed(&mut model, PAYMENTS, Best::Rebase);
    assert_eq!(names(&model).last().unwrap(), PAYMENTS);
}

#[test]
fn sorted_by_how_stale_the_most_urgent_comes_first_in_tree_and_table() {
    let mut model = shown((100, 30));
    press(&mut model, &["t", "s"]);
    let order = names(&model);
    assert_eq!(&order[..2], ["local/team-a/payments-api:1.4.0", "local/team-a/search:2.0"]);
    assert_eq!(order[2], "local/team-c/gateway:0.9", "one version behind");
    assert!(order[3].starts_with("teams/"), "stale by what they are built on: {order:?}");
    press(&mut model, &["t"]);
    assert_eq!(names(&model)[..3], ["global/os:12", "-", PAYMENTS]);
    press(&mut model, &["s"]);
    assert_ne!(names(&model)[2], PAYMENTS);
}

#[test]
fn a_base_leads_to_all_that_is_hit_if_it_goes_whatever_version_of_it_that_is_on() {
    let mut model = shown((100, 30));
    select(&mut model, "global/python:3.12");
    press(&mut model, &["f"]);
    assert_eq!(model.lineage.circle, Some(Circle::Heirs("global/python:3.12".into())));
    let hit = names(&model);
    for name in [PAYMENTS, "local/team-b/reports:2.0.1", "teams/team-c/ledger:2", "teams/team-b/web:5"] {
        assert!(hit.contains(&name.to_owned()), "{name}: {hit:?}");
    }
    assert!(!hit.iter().any(|name| name.contains("gateway") || name.contains("os:12")), "{hit:?}");
    press(&mut model, &["esc"]);
    assert_eq!(model.lineage.circle, None);
    select(&mut model, "teams/team-a/jobs:1");
    press(&mut model, &["F"]);
    assert_eq!(names(&model), ["global/os:12", "-", PAYMENTS, "teams/team-a/jobs:1"]);
    press(&mut model, &["F"]);
    assert!(names(&model).len() > 10);
}

#[test]
fn r_tries_a_rebase_tells_what_comes_of_it_and_does_it_after_a_question_only() {
    let mut model = shown((100, 30));
    select(&mut model, PAYMENTS);
    let wanted = |dry_run| lineage::Effect::Rebase { image: PAYMENTS.into(), dry_run };
    assert_eq!(asked(press(&mut model, &["R"])), [wanted(true)]);
    assert_eq!(asked(press(&mut model, &["enter"])), [], "there is nothing to do yet");
    let mut model = tried((100, 30), Answer::Safe);
    assert_eq!(asked(press(&mut model, &["enter"])), []);
    assert!(matches!(model.overlay, Overlay::Confirm(_)));
    assert_eq!(asked(press(&mut model, &["enter"])), [], "the safe answer is the focused one");
    assert_eq!(asked(press(&mut model, &["R", "y"])), [wanted(false)]);
    let outcome = Ok(Box::new(Rebase { is_done: true, ..rebase(PAYMENTS, Answer::Safe) }));
    let done = lineage::Msg::Rebased { image: PAYMENTS.into(), dry_run: false, outcome };
    let effects = asked(update(&mut model, Msg::Lineage(done)));
    assert_eq!(effects, [lineage::Effect::Read { run: model.lineage.run }], "what changed is read again");
    let text = grids(&model, false).0;
    assert!(text.contains("is rebased") && text.contains("No step ran"), "as news, and where it was tried: {text}");
    assert!(model.lineage.answer.as_ref().unwrap().can_rebase().is_none());
    let commands: Vec<&str> = model.commands.all.iter().map(|entry| entry.command.as_str()).collect();
    for command in [format!("bakery rebase {PAYMENTS} --dry-run"), format!("bakery rebase {PAYMENTS}")] {
        assert!(commands.contains(&command.as_str()), "{commands:?}");
    }
}

#[test]
fn what_stands_in_the_way_is_told_and_is_not_done() {
    let mut model = tried((100, 40), Answer::NeedsRebake);
    let text = grids(&model, false).0;
    assert!(
        text.contains("/etc/ssl/openssl.cnf") && text.contains("env.PATH") && text.contains("in the way"),
        "{text}"
    );
    assert_eq!(asked(press(&mut model, &["enter", "y"])), []);
    assert_eq!(model.overlay, Overlay::None);
    press(&mut model, &["esc"]);
    assert_eq!(model.lineage.answer, None);
}

#[test]
fn what_was_said_of_one_image_is_not_done_from_another() {
    let mut model = tried((140, 40), Answer::Safe);
    press(&mut model, &["n"]);
    assert_ne!(names(&model)[model.lineage.cursor.selected], PAYMENTS);
    assert_eq!(model.lineage.answer, None);
    assert_eq!(asked(press(&mut model, &["enter", "y"])), []);
    assert_eq!(model.overlay, Overlay::None);
}

#[test]
fn an_answer_to_what_is_not_asked_any_more_shows_nothing() {
    let mut model = shown((100, 30));
    select(&mut model, PAYMENTS);
    press(&mut model, &["R", "esc"]);
    let outcome = Ok(Box::new(rebase(PAYMENTS, Answer::Safe)));
    update(&mut model, Msg::Lineage(lineage::Msg::Rebased { image: PAYMENTS.into(), dry_run: true, outcome }));
    assert_eq!(model.lineage.answer, None);
}

#[test]
fn only_images_of_the_local_store_are_rebased_and_several_are_rolled_out() {
    let mut model = shown((100, 30));
    select(&mut model, "teams/team-a/jobs:1");
    assert_eq!(asked(press(&mut model, &["R"])), []);
    assert!(grids(&model, false).0.contains("only images of the local store are rebased"));
    press(&mut model, &["esc"]);
    select(&mut model, PAYMENTS);
    press(&mut model, &["space"]);
    select(&mut model, "local/team-a/search:2.0");
    press(&mut model, &["space"]);
    assert_eq!(asked(press(&mut model, &["R"])), []);
    let only = vec![PAYMENTS.to_owned(), "local/team-a/search:2.0".to_owned()];
    let plan = lineage::Effect::Plan { base: "global/python:3.12".into(), only };
    assert_eq!(asked(press(&mut model, &["A"])), [plan]);
    press(&mut model, &["esc"]);
    assert_eq!(model.lineage.marked.len(), 2, "one thing at a time");
    press(&mut model, &["u"]);
    assert!(model.lineage.marked.is_empty());
}

/// Whether the last line, help and palette offer what a key does.
fn offered(model: &mut Model, key: &str, words: &str) -> [bool; 3] {
    let bar = grids(model, false).0.lines().last().unwrap().contains(words);
    press(model, &["?"]);
    let help = grids(model, false).0;
    let row = format!(" {key:18}{words}");
    let help = help.contains(&row) && !help.contains(&format!("{row} (not here)"));
    press(model, &["esc"]);
    let stock = bakery::tui::palette::gather(model, false);
    let palette = stock.things.iter().any(|thing| !thing.key.is_empty() && thing.text.starts_with(words));
    [bar, help, palette]
}

#[test]
fn rebase_and_rebake_are_offered_where_they_do_something_and_say_why_not_elsewhere() {
    let cases = [
        (PAYMENTS, true, true, ""),
        ("local/team-b/reports:2.0.1", false, true, "is on what its base is now"),
        ("local/team-c/gateway:0.9", true, true, ""),
        ("local/team-d/batch:1", false, true, "global/batch:1 is gone"),
        ("global/python:3.12", false, false, "only images of the local store are rebased"),
        ("teams/team-a/jobs:1", false, false, "only images of the local store are rebased"),
    ];
    for (name, rebase, rebake, why) in cases {
        let mut model = shown((160, 60));
        select(&mut model, name);
        assert_eq!(offered(&mut model, "R", "rebase"), [rebase; 3], "{name}");
        assert_eq!(offered(&mut model, "b", "rebake"), [rebake; 3], "{name}");
        assert_eq!(asked(press(&mut model, &["R"])).is_empty(), !rebase, "{name}");
        assert!(grids(&model, false).0.contains(why), "{name}: {}", grids(&model, false).0);
    }
    // An image that was looked into, and that no recipe makes.
    let mut model = shown((160, 60));
    let lineage = model.lineage.lineage.clone().unwrap();
    let found = Assessment { recipe: None, ..super::assessment(PAYMENTS, Best::Rebase) };
    let found = Ok(bakery::tui::screens::Held::new(found));
    let number = number(&lineage, PAYMENTS);
    update(&mut model, Msg::Lineage(lineage::Msg::Assessed { lineage, number, found }));
    select(&mut model, PAYMENTS);
    assert_eq!(offered(&mut model, "b", "rebake"), [false; 3]);
    update(&mut model, Msg::Recipes(recipes::Msg::Listed(Ok(Vec::new()))));
    press(&mut model, &["b"]);
    assert!(grids(&model, false).0.contains("no recipe of this workspace makes"));
    // Several that are marked are not rebased one by one.
    press(&mut model, &["space", "j", "space"]);
    assert_eq!(offered(&mut model, "R", "rebase"), [false; 3]);
}

#[test]
fn an_answer_that_leads_nowhere_offers_nothing_to_do() {
    for (outcome, is_offered) in [(Answer::Safe, true), (Answer::NeedsRebake, false)] {
        let model = tried((160, 60), outcome);
        assert_eq!(grids(&model, false).0.lines().last().unwrap().contains("do it"), is_offered, "{outcome:?}");
    }
}

#[test]
fn what_is_marked_has_to_follow_one_base_to_be_rolled_out() {
    let mut model = shown((100, 30));
    select(&mut model, PAYMENTS);
    press(&mut model, &["space"]);
    select(&mut model, "local/team-c/gateway:0.9");
    assert_eq!(asked(press(&mut model, &["space", "A"])), []);
    assert!(grids(&model, false).0.contains("follows 2 bases"));
}

#[test]
fn a_roll_out_of_a_base_is_of_all_that_is_built_on_it_from_wherever_it_is_asked() {
    let all = lineage::Effect::Plan { base: "global/python:3.12".into(), only: Vec::new() };
    for name in ["global/python:3.12", PAYMENTS, "teams/team-a/jobs:1"] {
        let mut model = shown((100, 30));
        select(&mut model, name);
        assert_eq!(asked(press(&mut model, &["A"])), std::slice::from_ref(&all), "{name}");
    }
}

#[test]
fn a_what_if_is_asked_of_a_known_version_or_of_any_reference() {
    let mut model = shown((100, 30));
    select(&mut model, "global/python:3.12");
    press(&mut model, &["i"]);
    assert!(grids(&model, false).0.contains("global/python:stable"));
    press(&mut model, &["s", "t"]);
    let impact = |onto: &str| lineage::Effect::Impact { base: "global/python:3.12".into(), onto: onto.into() };
    assert_eq!(asked(press(&mut model, &["enter"])), [impact("global/python:stable")]);
    press(&mut model, &["esc", "i"]);
    update(&mut model, Msg::Paste("global/python@sha256:0123".into()));
    assert_eq!(asked(press(&mut model, &["enter"])), [impact("global/python@sha256:0123")]);
    let model = what_if((200, 40));
    let text = grids(&model, false).0;
    assert!(text.contains("1 safe, 1 to be baked again, 1 refused, 1 others"), "{text}");
}

#[test]
fn other_screens_are_gone_to_with_what_is_selected() {
    let mut model = shown((100, 30));
    select(&mut model, PAYMENTS);
    let of = |word: &str| format!("global/python@{}", digest(word));
    let bases = Compare::Images { before: of("os py1"), after: of("os py3") };
    assert_eq!(press(&mut model, &["d"])[0], Effect::Diff(diff::Effect::Open(bases)));
    press(&mut model, &["6", "v"]);
    assert_eq!((model.screen, model.verify.asked.as_deref()), (Screen::Verify, Some(PAYMENTS)));
    press(&mut model, &["6"]);
    assert_eq!(press(&mut model, &["y"]), [Effect::Copy(PAYMENTS.into())]);
    let publish = errands::Effect::PlanPublish(vec![PAYMENTS.into()]);
    assert_eq!(press(&mut model, &["P"]), [Effect::Errand(publish)]);
    update(&mut model, Msg::Recipes(recipes::Msg::Listed(Ok(Vec::new()))));
    press(&mut model, &["b"]);
    assert!(grids(&model, false).0.contains("no recipe of this workspace makes"), "{}", grids(&model, false).0);
    press(&mut model, &["esc", "o"]);
    let digest = model.lineage.selected_image().unwrap().digest.to_string();
    assert_eq!(press(&mut model, &["y"]), [Effect::Copy(digest)]);
}

#[test]
fn reading_again_keeps_what_is_selected_folded_marked_and_known() {
    let mut model = shown((100, 30));
    select(&mut model, "local/team-b/reports:2.0.1");
    press(&mut model, &["space", "h"]);
    let (before, rows) = (selected(&model), names(&model));
    assert_eq!(asked(press(&mut model, &["r"])), [lineage::Effect::Read { run: 2 }]);
    answer(&mut model, fleet());
    assert_eq!((selected(&model), names(&model)), (before, rows));
    assert_eq!(model.lineage.marked, ["local/team-b/reports:2.0.1"]);
    let lineage = model.lineage.lineage.clone().unwrap();
    let best = model.lineage.known.best(number(&lineage, PAYMENTS));
    assert_eq!(best, Some(&Best::Rebase), "until it was looked into again");
}

#[test]
fn what_was_read_before_what_was_asked_last_is_late() {
    let mut model = shown((100, 30));
    press(&mut model, &["r", "r"]);
    let late = lineage::Msg::Read { run: 2, lineage: bakery::tui::screens::Held::new(super::unread()) };
    update(&mut model, Msg::Lineage(late));
    assert_eq!((model.lineage.reading.clone(), names(&model).len() > 3), (Reading::Going, true));
    press(&mut model, &["ctrl-c"]);
    assert_eq!(model.lineage.reading, Reading::Stopped);
}

#[test]
fn what_cannot_be_looked_into_says_why() {
    let mut model = shown((100, 40));
    select(&mut model, "teams/team-c/ledger:2");
    let lineage = model.lineage.lineage.clone().unwrap();
    let number = number(&lineage, "teams/team-c/ledger:2");
    let found = Err(Report::message(Kind::Unreachable, "cannot reach teams.example"));
    update(&mut model, Msg::Lineage(lineage::Msg::Assessed { lineage, number, found }));
    let text = grids(&model, false).0;
    assert!(text.contains("cannot reach teams.example") && text.contains("unknown"), "{text}");
}

#[test]
fn the_mouse_selects_and_a_second_click_folds() {
    let mut model = shown((100, 30));
    let at = |y| Msg::Mouse(Mouse::Click(Position { x: 10, y }));
    update(&mut model, at(3));
    assert_eq!(selected(&model), "global/os:12");
    update(&mut model, at(3));
    assert_eq!(names(&model), ["global/os:12"]);
    update(&mut model, Msg::Mouse(Mouse::Click(Position { x: 90, y: 10 })));
    assert_eq!(model.lineage.detail, Some(0));
}

#[test]
fn a_session_that_only_looks_asks_and_changes_nothing() {
    let mut model = shown((100, 30));
    model.settled.readonly = true;
    select(&mut model, PAYMENTS);
    for key in ["R", "A", "b", "P"] {
        assert_eq!(press(&mut model, &[key]), [], "{key}");
        assert!(grids(&model, false).0.contains("this session only looks"));
        press(&mut model, &["esc"]);
    }
    press(&mut model, &["i"]);
    assert!(model.lineage.onto.is_some(), "what would be is only looked at");
    let begin = lineage::Effect::Begin { base: "global/python:3.12".into(), only: Vec::new() };
    let late = errands::Msg::Unlocked(vec![Effect::Lineage(begin)]);
    assert_eq!(update(&mut model, Msg::Errand(late)), []);
}

#[test]
fn the_palette_knows_the_fleet() {
    let given = |line: &str| {
        let mut model = shown((100, 30));
        press(&mut model, &["1", "colon"]);
        update(&mut model, Msg::Paste(line.into()));
        let effects = asked(press(&mut model, &["enter"]));
        (model, effects)
    };
    let (model, _) = given(&format!("lineage {PAYMENTS}"));
    assert_eq!((model.screen, selected(&model).as_str()), (Screen::Lineage, PAYMENTS));
    let (model, effects) = given(&format!("rebase {PAYMENTS}"));
    let wanted = lineage::Effect::Rebase { image: PAYMENTS.into(), dry_run: true };
    assert!(model.screen == Screen::Lineage && effects.contains(&wanted), "{effects:?}");
    let plan = lineage::Effect::Plan { base: "global/python:3.12".into(), only: Vec::new() };
    assert!(given("rollout global/python:3.12").1.contains(&plan));
    let impact = lineage::Effect::Impact { base: "global/os:12".into(), onto: "global/os:13".into() };
    assert!(given("impact global/os:12 global/os:13").1.contains(&impact));
}

#[test]
fn every_size_and_every_key_draws() {
    for size in [(60, 16), (95, 15), (96, 40), (250, 80)] {
        for make in [shown, reading, super::unreadable, what_if] {
            let mut model = make(size);
            for keys in
                [&["t"][..], &["G", "enter"], &["G"], &["esc", "minus"], &["/", "z"], &["esc", "x"], &["esc", "o"]]
            {
                press(&mut model, keys);
                update(&mut model, Msg::Resized(Size { width: size.1 * 3, height: size.0 }));
                grids(&model, true);
                update(&mut model, Msg::Resized(Size { width: size.0, height: size.1 }));
                grids(&model, false);
            }
        }
    }
}

#[test]
fn a_rebake_moves_the_lock_and_bakes_after_a_question() {
    let mut model = shown((100, 30));
    let cards = super::super::recipes::every();
    update(&mut model, Msg::Recipes(recipes::Msg::Listed(Ok(cards))));
    select(&mut model, PAYMENTS);
    assert_eq!(asked(press(&mut model, &["b"])), []);
    assert!(matches!(model.overlay, Overlay::Confirm(_)), "{}", grids(&model, false).0);
    let effects = asked(press(&mut model, &["y"]));
    let [lineage::Effect::Update(files)] = &effects[..] else { panic!("{effects:?}") };
    let failure = Some(Report::message(Kind::Unreachable, "cannot reach registry.example"));
    let not_moved = lineage::Msg::Updated { recipes: files.clone(), failure };
    assert_eq!(update(&mut model, Msg::Lineage(not_moved)), [], "what cannot be moved is not baked");
    let moved = lineage::Msg::Updated { recipes: files.clone(), failure: None };
    let bake = Effect::Recipes(recipes::Effect::Bake(files[0].clone()));
    assert_eq!(update(&mut model, Msg::Lineage(moved)), [bake]);
}
