//! A roll-out as it goes, on the Lineage screen.

use bakery::domain::rollout::{After, Item, ItemState, Progress, RolloutStatus, Way};
use bakery::tui::effect::Effect;
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::Msg;
use bakery::tui::screens::lineage::{self, Effect as Own};
use bakery::tui::screens::{Held, Screen, bake};
use bakery::tui::update::update;

use super::super::golden::{grids, now};
use super::screens::golden;
use super::{digest, press, select, shown};

const ID: &str = "01JD8QZK3V9T5W2X7Y4R6S107Q";
const BAKE: &str = "01JD8QZK3V9T5W2X7Y4R6S1BAK";

fn item(name: &str, (depth, way): (usize, Way), state: ItemState) -> Item {
    let base = if depth == 1 { "global/python:3.12" } else { "local/team-a/payments-api:1.4.0" };
    let after = if depth == 1 { After::Nothing } else { After::Base };
    Item { reference: format!("local/{name}"), base: base.into(), depth, after, way, state }
}

fn progress(status: RolloutStatus) -> Progress {
    let done = |word: &str| ItemState::Done {
        digest: digest(word),
        millis: 812,
        published: vec![format!("registry.example/{word}:1")],
    };
    let failed = || ItemState::Failed { why: vec!["has to be baked again".into(), "/etc/ssl is in the way".into()] };
    let running = |bake: Option<&str>, doing: &str| ItemState::Running {
        since: now().unix_timestamp() - 9,
        doing: doing.into(),
        bake: bake.map(str::to_owned),
    };
    let states = match status {
        RolloutStatus::Running | RolloutStatus::Lost => {
            [done("pay"), running(Some(BAKE), "baking"), running(None, "proving"), ItemState::Waiting]
        }
        RolloutStatus::Done => [done("pay"), done("search"), done("etl"), done("jobs")],
        _ => [failed(), failed(), done("etl"), ItemState::Skipped { why: "its base was not moved".into() }],
    };
    let [pay, search, etl, jobs] = states;
    Progress {
        id: ID.into(),
        base: "global/python:3.12".into(),
        onto: digest("os py3"),
        began: now().unix_timestamp() - 42,
        status,
        budget: 1,
        parallel: 2,
        items: vec![
            item("team-a/payments-api:1.4.0", (1, Way::Rebase), pay),
            item("team-a/search:2.0", (1, Way::Rebake), search),
            item("team-d/etl:3", (1, Way::Rebase), etl),
            item("team-a/jobs:1", (2, Way::Open), jobs),
        ],
    }
}

fn told(model: &mut Model, progress: Progress) -> Vec<Effect> {
    update(model, Msg::Lineage(lineage::Msg::Progress(Held::new(progress))))
}

/// The live view of a roll-out that stands like this.
fn rolling(size: (u16, u16), status: RolloutStatus) -> Model {
    let mut model = shown(size);
    update(&mut model, Msg::Lineage(lineage::Msg::Begun(Ok(ID.into()))));
    told(&mut model, progress(status));
    model
}

fn plan() -> Progress {
    let mut plan = progress(RolloutStatus::Running);
    plan.items.iter_mut().for_each(|item| item.state = ItemState::Waiting);
    plan.items[2].state = ItemState::Skipped { why: "pinned by its recipe".into() };
    plan
}

fn planned(size: (u16, u16)) -> Model {
    let mut model = shown(size);
    select(&mut model, "global/python:3.12");
    press(&mut model, &["A"]);
    let planned =
        lineage::Msg::Planned { base: "global/python:3.12".into(), only: Vec::new(), plan: Ok(Held::new(plan())) };
    update(&mut model, Msg::Lineage(planned));
    model
}

fn own(effect: Own) -> Effect {
    Effect::Lineage(effect)
}

#[test]
fn as_it_looks() {
    golden("plan", planned);
    golden("plan-question", |size| {
        let mut model = planned(size);
        press(&mut model, &["enter"]);
        model
    });
    golden("roll-out", |size| rolling(size, RolloutStatus::Running));
    golden("roll-out-over-budget", |size| rolling(size, RolloutStatus::OverBudget));
    golden("roll-out-done", |size| rolling(size, RolloutStatus::Done));
    golden("roll-out-lost", |size| rolling(size, RolloutStatus::Lost));
}

#[test]
fn it_begins_after_its_plan_and_a_question_and_then_shows() {
    let mut model = planned((100, 30));
    assert_eq!(press(&mut model, &["enter"]), []);
    assert!(matches!(model.overlay, Overlay::Confirm(_)));
    assert_eq!(press(&mut model, &["enter"]), [], "the safe answer is the focused one");
    let begin = own(Own::Begin { base: "global/python:3.12".into(), only: Vec::new() });
    assert_eq!(press(&mut model, &["A", "y"]), [begin]);
    let effects = update(&mut model, Msg::Lineage(lineage::Msg::Begun(Ok(ID.into()))));
    assert_eq!(effects, [own(Own::Follow(ID.into()))]);
    assert!(model.lineage.live.is_open);
    assert_eq!(press(&mut model, &["esc"]), [], "leaving it stops nothing");
    told(&mut model, progress(RolloutStatus::Running));
    assert!(grids(&model, false).0.lines().nth(1).unwrap().contains("roll-out 1 of 4"), "{}", grids(&model, false).0);
    press(&mut model, &["A"]);
    assert!(grids(&model, false).0.contains("a roll-out is under way"));
}

#[test]
fn what_is_under_way_is_selected_until_one_moves_and_its_bake_is_gone_to() {
    let mut model = rolling((100, 30), RolloutStatus::Running);
    assert_eq!(model.lineage.live.selected().unwrap().reference, "local/team-a/search:2.0");
    let watch = Effect::Bake(bake::Effect::Watch { bake: BAKE.into(), replay: false });
    assert!(press(&mut model, &["enter"]).contains(&watch));
    assert_eq!(model.screen, Screen::Bake);
    press(&mut model, &["6", "g", "g"]);
    told(&mut model, progress(RolloutStatus::Running));
    assert_eq!(model.lineage.live.selected().unwrap().reference, "local/team-a/payments-api:1.4.0");
}

#[test]
fn it_is_stopped_after_a_question_and_gone_on_with_after_one() {
    let mut model = rolling((100, 30), RolloutStatus::Running);
    assert_eq!(press(&mut model, &["x"]), []);
    assert_eq!(press(&mut model, &["y"]), [own(Own::Cancel(ID.into()))]);
    assert_eq!(press(&mut model, &["R"]), []);
    assert_eq!(model.overlay, Overlay::None, "there is nothing to go on with while it runs");
    for status in [RolloutStatus::Lost, RolloutStatus::OverBudget, RolloutStatus::Cancelled] {
        let mut model = rolling((100, 30), status);
        assert_eq!(press(&mut model, &["R"]), []);
        let question = grids(&model, false).0;
        assert!(question.contains("3 of 4 not moved"), "{question}");
        assert_eq!(press(&mut model, &["y"]), [own(Own::Resume(ID.into()))], "{status:?}");
        let gone_on = lineage::Msg::Told { id: ID.into(), resume: true, failure: None };
        assert_eq!(update(&mut model, Msg::Lineage(gone_on)), [own(Own::Follow(ID.into()))]);
    }
}

#[test]
fn the_bar_offers_what_does_something_as_it_stands() {
    let stopped = ["R resume"].as_slice();
    let all = [
        (RolloutStatus::Running, "watch", ["x stop"].as_slice()),
        (RolloutStatus::Done, "image", &[]),
        (RolloutStatus::Incomplete, "image", stopped),
        (RolloutStatus::OverBudget, "image", stopped),
        (RolloutStatus::Cancelled, "image", stopped),
        (RolloutStatus::Lost, "image", stopped),
    ];
    for (status, enter, offered) in all {
        let screen = grids(&rolling((100, 30), status), false).0;
        let bar = screen.lines().nth(29).unwrap();
        assert!(bar.contains(&format!("Enter {enter}")) && bar.contains("Esc lineage"), "{status:?}: {bar}");
        for key in ["x stop", "R resume"] {
            assert_eq!(bar.contains(key), offered.contains(&key), "{status:?}: {bar}");
            let mut model = rolling((100, 30), status);
            press(&mut model, &[&key[..1]]);
            assert_eq!(model.overlay != Overlay::None, offered.contains(&key), "{status:?}: {key}");
        }
    }
}

#[test]
fn how_an_image_goes_is_said_in_words_before_and_after_it_is_known() {
    let mut of = progress(RolloutStatus::Running);
    of.items = [
        (After::Nothing, ItemState::Waiting, "not yet decided"),
        (After::Base, ItemState::Waiting, "after its base"),
        (After::FirstName, ItemState::Waiting, "another name"),
        (After::Base, ItemState::Running { since: 0, doing: "proving".into(), bake: None }, "being proven"),
        (After::Nothing, ItemState::Failed { why: vec!["no".into()] }, "not decided"),
        (After::Nothing, ItemState::Done { digest: digest("a"), millis: 1, published: vec![] }, "there already"),
        (After::Nothing, ItemState::Done { digest: digest("a"), millis: 1, published: vec!["b".into()] }, "handed on"),
        (After::FirstName, ItemState::Done { digest: digest("a"), millis: 1, published: vec![] }, "another name"),
    ]
    .into_iter()
    .map(|(after, state, words)| Item { after, ..item(&format!("{words}:1"), (1, Way::Open), state) })
    .collect();
    let mut model = rolling((160, 30), RolloutStatus::Running);
    told(&mut model, of.clone());
    let screen = grids(&model, false).0;
    for item in &of.items {
        let words = item.reference.trim_start_matches("local/").trim_end_matches(":1");
        let how = screen.lines().find_map(|line| line.split_once(&format!("{words}:1"))).unwrap().1;
        assert!(how.trim_start().starts_with(words), "{words}: {how}");
    }
    // What a process that is gone was at proves nothing any more.
    told(&mut model, Progress { status: RolloutStatus::Lost, ..of });
    assert!(!grids(&model, false).0.contains("being proven "), "{}", grids(&model, false).0);
}

#[test]
fn one_that_runs_when_one_comes_is_offered_and_followed() {
    let mut model = shown((100, 30));
    let newest = |status| Msg::Lineage(lineage::Msg::Newest(Ok(Some(Held::new(progress(status))))));
    let effects = update(&mut model, newest(RolloutStatus::Running));
    assert_eq!(effects, [own(Own::Follow(ID.into()))]);
    assert!(grids(&model, false).0.contains("a roll-out of global/python:3.12 is under way"));
    assert_eq!(update(&mut model, newest(RolloutStatus::Running)), [], "it is followed already");
    press(&mut model, &["esc", "L"]);
    let text = grids(&model, false).0;
    assert!(text.contains("1 of 4 moved") && !text.contains("L shows it"), "what one looks at is no news: {text}");
    let mut lost = shown((100, 30));
    assert_eq!(update(&mut lost, newest(RolloutStatus::Lost)), []);
    assert!(grids(&lost, false).0.contains("its process is gone"));
}

#[test]
fn its_end_is_told_and_what_it_moved_is_read_again() {
    let mut model = rolling((100, 30), RolloutStatus::Running);
    press(&mut model, &["esc"]);
    let effects = told(&mut model, progress(RolloutStatus::OverBudget));
    assert!(effects.contains(&own(Own::Read { run: model.lineage.run })), "{effects:?}");
    assert!(grids(&model, false).0.contains("the roll-out of global/python:3.12 stopped: 2 failed"));
    assert!(
        !told(&mut model, progress(RolloutStatus::OverBudget))
            .iter()
            .any(|effect| matches!(effect, Effect::Lineage(_)))
    );
}

#[test]
fn a_session_that_only_looks_sees_it_and_leaves_it_alone() {
    let mut model = rolling((100, 30), RolloutStatus::Running);
    model.settled.readonly = true;
    assert_eq!(press(&mut model, &["x", "R"]), []);
    assert_eq!(model.overlay, Overlay::None);
    assert!(grids(&model, false).0.contains("this session only looks"));
}
