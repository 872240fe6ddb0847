//! The Recipes screen: how each recipe stands, what a bake would do, a base chosen in the Store.

use std::path::PathBuf;
use std::sync::Arc;

use bakery::domain::oci::Digest;
use bakery::domain::plan::{CacheKey, Ids, Plan, PlannedBase, PlannedStep, PlatformPlan, Reason, StepId};
use bakery::domain::recipe::{Problem, Severity};
use bakery::flows::edit::Change;
use bakery::flows::standing::{BakedImage, Prospect, RecipeCard, Standing};
use bakery::report::{Kind, Report};
use bakery::tui::effect::Effect;
use bakery::tui::keymap::Key;
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::Msg;
use bakery::tui::screens::{Screen, recipes, store};
use bakery::tui::update::{begin, update};

use super::golden::{SIZES, check, check_ascii, grids, model};
use super::store::{begun, found};

const PYTHON: &str = "global/python:3.12";

fn file(name: &str) -> PathBuf {
    PathBuf::from(format!("/w/recipes/{name}/{name}.yaml"))
}

fn card(name: &str, tag: &str, base: &str, standing: Standing) -> RecipeCard {
    RecipeCard {
        file: file(name),
        shown: format!("recipes/{name}/{name}.yaml"),
        reference: Some(format!("team-a/{name}:{tag}")),
        base: Some(base.into()),
        is_base_local: base.starts_with("local/"),
        standing,
        problems: Vec::new(),
        pinned: Some(Digest::of(base.as_bytes())),
        asks: Some(base.into()),
        image: None,
        bake: None,
        baked_at: None,
        took: None,
        signed_by: None,
        rejected_by: None,
        failure: None,
    }
}

fn baked(name: &str, tag: &str, base: &str, at: &str) -> RecipeCard {
    let image = BakedImage {
        digest: Digest::of(name.as_bytes()),
        size: Some(98_400_000),
        is_on_other_base: false,
        is_of_other_text: false,
    };
    RecipeCard {
        image: Some(image),
        bake: Some("01JD0000000000000000000000".into()),
        baked_at: Some(at.into()),
        took: Some(4_000),
        ..card(name, tag, base, Standing::Baked)
    }
}

fn broken() -> RecipeCard {
    let problem = |line, column, severity, message: &str, help: Option<&str>| Problem {
        line,
        column,
        end: None,
        severity,
        message: message.into(),
        help: help.map(str::to_owned),
    };
    RecipeCard {
        reference: None,
        base: None,
        pinned: None,
        asks: None,
        problems: vec![
            problem(
                9,
                41,
                Severity::Error,
                "unknown key `ownr`; did you mean `owner`?",
                Some("known are from, to, owner, mode, exclude"),
            ),
            problem(12, 3, Severity::Hint, "`tests` is empty: nothing is checked", None),
        ],
        ..card("broken", "1", PYTHON, Standing::Broken)
    }
}

/// One recipe of every standing.
pub fn every() -> Vec<RecipeCard> {
    vec![
        broken(),
        RecipeCard { bake: Some("01JC".into()), ..card("gateway", "0.9", "global/nginx:1.27", Standing::Baking) },
        RecipeCard {
            failure: Some("step 2 (run) failed: exit status 127".into()),
            baked_at: Some("2027-01-15T07:20:00Z".into()),
            ..card("ledger", "2.0.0", "global/os:12", Standing::Failed)
        },
        baked("payments-api", "1.4.0", PYTHON, "2027-01-15T07:57:00Z"),
        RecipeCard {
            failure: Some("nothing listens on port 8080 after 5 s".into()),
            rejected_by: Some("test.port".into()),
            baked_at: Some("2027-01-14T07:20:00Z".into()),
            ..card("reports", "2.0.1", "local/team-a/payments-api:1.4.0", Standing::Rejected)
        },
        RecipeCard { pinned: None, asks: None, ..card("scheduler", "0.1.0", "scratch", Standing::NeverBaked) },
        RecipeCard {
            signed_by: Some("77aa02f31b9e0c11".into()),
            ..baked("vault", "1.0.0", PYTHON, "2027-01-15T07:57:00Z")
        },
        baked("search", "3.3.0", "global/java:21", "2026-12-01T07:57:00Z"),
    ]
}

pub fn listed(size: (u16, u16), cards: Vec<RecipeCard>) -> Model {
    let mut model = model(size);
    begin(&mut model, Screen::Recipes);
    update(&mut model, Msg::Recipes(recipes::Msg::Listed(Ok(cards))));
    model
}

fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    keys.split(' ').flat_map(|key| update(model, Msg::Key(key.parse::<Key>().unwrap()))).collect()
}

fn heard(model: &mut Model, asks: &str, now: Option<&[u8]>) {
    let msg = recipes::Msg::BaseNow { asks: asks.into(), now: now.map(Digest::of) };
    update(model, Msg::Recipes(msg));
}

fn step(id: &str, action: &str, summary: &str, reason: Reason) -> PlannedStep {
    PlannedStep {
        id: StepId(id.into()),
        action: action.into(),
        summary: summary.into(),
        line: 6,
        cache_key: CacheKey(Digest::of(id.as_bytes())),
        will_run: reason != Reason::Cached,
        reason,
    }
}

pub fn prospect() -> Prospect {
    let changed = Reason::InputsChanged { paths: vec!["app/main.py".into(), "app/pay/ledger.py".into()], count: 5 };
    let plan = Plan {
        reference: "team-a/payments-api:1.4.0".into(),
        recipe: "recipes/payments-api/payments-api.yaml".into(),
        recipe_digest: Digest::of(b"text"),
        base: PYTHON.into(),
        base_digest: Some(Digest::of(PYTHON.as_bytes())),
        stale: None,
        created: 0,
        ids: Ids::Exact,
        platforms: vec![PlatformPlan {
            platform: "linux/amd64".parse().unwrap(),
            base: Some(PlannedBase { manifest: Digest::of(b"m"), layers: 3, size: 94_100_000, missing: 0 }),
            steps: vec![
                step("1", "packages", "curl, ca-certificates", Reason::Cached),
                step("2", "copy", "app to /srv/app", changed),
                step("3", "run", "useradd -r app", Reason::Below { step: StepId("2".into()) }),
            ],
        }],
    };
    Prospect { plan, tests: vec!["imports".into(), "port".into()], reads: 1_300_000, tag_now: None }
}

fn planned(model: &mut Model, name: &str, plan: Result<Prospect, Report>) {
    update(model, Msg::Recipes(recipes::Msg::Planned { file: file(name), plan: plan.map(Arc::new) }));
}

#[test]
fn says_what_to_do_where_there_is_nothing_to_show() {
    for size @ (width, height) in SIZES {
        let mut model = model(size);
        let effects = begin(&mut model, Screen::Recipes);
        assert!(effects.contains(&Effect::Recipes(recipes::Effect::List)));
        check(&format!("recipes/reading-{width}x{height}"), &model);
        check(&format!("recipes/empty-{width}x{height}"), &listed(size, Vec::new()));
        let report = Report::message(Kind::Usage, "list /w/recipes").help("look at its permissions");
        update(&mut model, Msg::Recipes(recipes::Msg::Listed(Err(report))));
        check(&format!("recipes/unreadable-{width}x{height}"), &model);
    }
}

#[test]
fn every_standing_has_a_sign_and_a_word() {
    for size @ (width, height) in SIZES {
        let mut model = listed(size, every());
        check(&format!("recipes/problems-{width}x{height}"), &model);
        press(&mut model, "j j j");
        planned(&mut model, "payments-api", Ok(prospect()));
        check(&format!("recipes/plan-{width}x{height}"), &model);
        if (width, height) == (80, 24) {
            check_ascii("recipes/plan-ascii-80x24", &model);
        }
        press(&mut model, "o");
        check(&format!("recipes/detail-{width}x{height}"), &model);
        press(&mut model, "o j");
        let report = Report::message(Kind::Unreachable, "cannot reach registry.example")
            .while_doing("base global/nginx:1.27 cannot be had");
        planned(&mut model, "reports", Err(report.help("look whether it is up")));
        check(&format!("recipes/rejected-{width}x{height}"), &model);
    }
}

#[test]
fn a_tag_that_moved_shows_wherever_it_is_the_base() {
    for size @ (width, height) in SIZES {
        let mut model = listed(size, every());
        heard(&mut model, PYTHON, Some(b"newer"));
        heard(&mut model, "global/java:21", None);
        press(&mut model, "j j j");
        check(&format!("recipes/stale-{width}x{height}"), &model);
        press(&mut model, "G o");
        check(&format!("recipes/unheard-{width}x{height}"), &model);
    }
    let mut model = listed((80, 24), every());
    heard(&mut model, PYTHON, Some(PYTHON.as_bytes()));
    assert!(!grids(&model, false).0.contains('⟳'), "a tag that did not move is not stale");
}

#[test]
fn a_filter_narrows_and_is_dropped() {
    for size @ (width, height) in SIZES {
        let mut model = listed(size, every());
        press(&mut model, "/ p a y");
        check(&format!("recipes/filter-{width}x{height}"), &model);
        assert_eq!(model.recipes.len(), 2, "by name, and by base");
        press(&mut model, "enter");
        assert_eq!(model.recipes.len(), 2, "kept");
        press(&mut model, "esc");
        assert_eq!(model.recipes.len(), every().len());
    }
}

#[test]
fn plans_follow_the_selection_and_stay_until_the_next_is_there() {
    let mut model = listed((140, 40), every());
    let ask = |name: &str, ask| vec![Effect::Recipes(recipes::Effect::Plan { file: file(name), ask })];
    assert_eq!(press(&mut model, "j"), ask("gateway", false));
    press(&mut model, "j");
    planned(&mut model, "gateway", Ok(prospect()));
    assert!(!grids(&model, false).0.contains("useradd"), "a late plan of another recipe is not shown");
    assert_eq!(press(&mut model, "j"), ask("payments-api", false));
    planned(&mut model, "payments-api", Ok(prospect()));
    let before = grids(&model, false);
    let effects = update(&mut model, Msg::Recipes(recipes::Msg::Listed(Ok(every()))));
    assert_eq!((effects, grids(&model, false)), (ask("payments-api", false), before.clone()), "nothing flickers");
    assert_eq!((press(&mut model, "p"), grids(&model, false)), (ask("payments-api", true), before));
    planned(&mut model, "payments-api", Ok(Prospect { tag_now: Some(Digest::of(b"newer")), ..prospect() }));
    assert!(grids(&model, false).0.contains("the base's tag now points to"), "and the list knows it too");
    assert_eq!(press(&mut model, "g g"), [], "a recipe with errors has no plan");
}

#[test]
fn bakes_once_and_only_what_can_be_baked() {
    let mut model = listed((80, 24), every());
    assert_eq!(press(&mut model, "b"), [], "it has errors");
    let shown = grids(&model, false).0;
    assert!(shown.contains("9:41: unknown key `ownr`") && shown.contains("e opens it"), "{shown}");
    press(&mut model, "esc j");
    let bake = Effect::Recipes(recipes::Effect::Bake(file("gateway")));
    assert_eq!((press(&mut model, "b"), press(&mut model, "b")), (vec![bake.clone()], vec![]));
    let report = Report::message(Kind::Failed, "the disk is full");
    update(&mut model, Msg::Recipes(recipes::Msg::Begun(Err(report))));
    assert!(grids(&model, false).0.contains("the disk is full"));
    assert_eq!(press(&mut model, "b"), [bake]);
    update(&mut model, Msg::Recipes(recipes::Msg::Begun(Ok("01JD".into()))));
    assert_eq!(model.screen, Screen::Bake);
}

/// A base selected in the Store, and no recipe read yet.
fn at_a_base() -> Model {
    let mut model = model((80, 24));
    begun(&mut model, "global");
    found(&mut model, "global", &[("python", &["3.13"])]);
    update(&mut model, Msg::Store(store::Msg::Surveyed { store: "global".into(), failure: None }));
    press(&mut model, "G");
    model
}

#[test]
fn a_base_chosen_before_recipes_are_read_is_asked_for_once_they_are() {
    let mut model = at_a_base();
    press(&mut model, "c");
    assert!(matches!(model.overlay, Overlay::None), "no recipe is known yet");
    update(&mut model, Msg::Recipes(recipes::Msg::Listed(Ok(every()))));
    let Overlay::Picker(picker) = &model.overlay else { panic!("{:?}", model.overlay) };
    assert_eq!(picker.items.len(), every().len() + 1);
    assert_eq!(press(&mut model, "p a y s enter"), [], "of that name there is none, and the choice stays open");
    assert!(matches!(model.overlay, Overlay::Picker(_)));
    press(&mut model, "esc");
    update(&mut model, Msg::Recipes(recipes::Msg::Listed(Ok(every()))));
    assert!(matches!(model.overlay, Overlay::None), "asked for once");
}

#[test]
fn recipes_that_cannot_be_read_are_no_choice_and_say_why() {
    for is_before in [true, false] {
        let mut model = at_a_base();
        let report = Report::message(Kind::Failed, "bakery.yaml is gone");
        if is_before {
            update(&mut model, Msg::Recipes(recipes::Msg::Listed(Err(report.clone()))));
        }
        press(&mut model, "c");
        if !is_before {
            update(&mut model, Msg::Recipes(recipes::Msg::Listed(Err(report))));
        }
        assert!(grids(&model, false).0.contains("bakery.yaml is gone"));
        assert!(matches!(model.overlay, Overlay::None));
    }
}

#[test]
fn a_base_chosen_in_the_store_goes_into_a_recipe_and_back() {
    let mut model = listed((80, 24), every());
    let wishes = model.recipes.choose_for("global/python:3.13");
    let bakery::tui::screens::Wish::Pick(picker) = wishes[0].clone() else { panic!("{wishes:?}") };
    assert_eq!((picker.items.len(), picker.items[3].note.as_str()), (every().len() + 1, "now on global/python:3.12"));
    model.overlay = Overlay::Picker(picker);
    check("recipes/choose-80x24", &model);
    let set = |name: &str| recipes::Effect::SetBase { file: file(name), image: "global/python:3.13".into() };
    let effects = press(&mut model, "p a y enter");
    assert!(effects.contains(&Effect::Recipes(set("payments-api"))), "{effects:?}");
    let change =
        Change { shown: "recipes/payments-api/payments-api.yaml".into(), before: b"a".to_vec(), after: b"b".to_vec() };
    let done = recipes::Msg::BaseSet {
        file: file("payments-api"),
        image: "global/python:3.13".into(),
        change: Ok(change.clone()),
    };
    assert_ne!(model.recipes.selected().unwrap().file, file("payments-api"));
    assert_eq!(update(&mut model, Msg::Recipes(done)), [Effect::Recipes(recipes::Effect::List)]);
    let selected = |model: &bakery::tui::model::Model| model.recipes.selected().unwrap().file.clone();
    assert_eq!(selected(&model), file("payments-api"), "the next key is for what was changed, listed anew or not");
    update(&mut model, Msg::Recipes(recipes::Msg::Listed(Ok(every()))));
    check("recipes/chosen-80x24", &model);
    assert_eq!(selected(&model), file("payments-api"));
    let back = Effect::Recipes(recipes::Effect::TakeBack { file: file("payments-api"), change });
    assert_eq!(press(&mut model, "z"), [back]);
    update(&mut model, Msg::Recipes(recipes::Msg::TakenBack(Ok("recipes/payments-api/payments-api.yaml".into()))));
    assert_eq!(press(&mut model, "z"), [], "once");
}

#[test]
fn two_thousand_recipes_are_quick_to_move_in() {
    let many = (0..2_000).map(|number| baked(&format!("service-{number:04}"), "1", PYTHON, "2027-01-15T07:57:00Z"));
    let mut model = listed((120, 40), many.collect());
    let began = std::time::Instant::now();
    for _ in 0..200 {
        press(&mut model, "j");
        grids(&model, false);
    }
    // A frame has 16 ms, and a build for tests is slow.
    let each = began.elapsed() / 200;
    assert!(each < std::time::Duration::from_millis(100), "{each:?}");
    assert_eq!(model.recipes.cursor.selected, 200);
}
