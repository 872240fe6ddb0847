//! The Bakes screen: rows in order, the selected bake in full, what its keys ask for.

use bakery::domain::journal::{BakeStatus, Failure};
use bakery::domain::oci::Digest;
use bakery::domain::plan::StepId;
use bakery::domain::projection::{ShelfRow, ShelfStatus, StepRow, StepState, Throughput};
use bakery::flows::follow::ShelfNews;
use bakery::tui::effect::Effect;
use bakery::tui::keymap::{Code, Key};
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::Msg;
use bakery::tui::screens::{Screen, bakes};
use bakery::tui::update::{begin, update};

use super::golden::{SIZES, check, check_ascii, grids, model};

fn step(id: &str, action: &str, summary: &str, state: StepState) -> StepRow {
    StepRow {
        id: StepId(id.into()),
        action: action.into(),
        summary: summary.into(),
        platform: None,
        state,
        started_at: None,
        throughput: Throughput::default(),
        output: 0,
        seen: [0; 3],
    }
}

pub fn row(id: &str, reference: &str, status: ShelfStatus, started: &str) -> ShelfRow {
    ShelfRow {
        bake: format!("01JD8QZK3V9T5W2X7Y4R6S1{id:0>3}"),
        reference: reference.into(),
        status,
        started: started.into(),
        finished: matches!(status, ShelfStatus::Finished(_)).then(|| started.replace("00.125Z", "31.250Z")),
        millis: 4_210,
        engine: "embedded".into(),
        builders: Vec::new(),
        place: ("baker".into(), "build-07".into(), 4711),
        steps: (4, 4),
        step_rows: vec![
            step("base", "", "", StepState::Done { millis: 12 }),
            step("1", "packages", "curl, ca-certificates", StepState::Cached),
            step("2", "run", "useradd -r app", StepState::Done { millis: 3_120 }),
        ],
        cached: 0,
        new_bytes: 0,
        signed_by: None,
        rejected_by: None,
        digest: None,
        failure: None,
        workspace: None,
        recipe: "recipes/pay/pay.yaml".into(),
        recipe_digest: Digest::of(b"recipe"),
        base: "global/python:3.12".into(),
        base_digest: Some(Digest::of(b"base")),
    }
}

fn failure(message: &str) -> Option<Failure> {
    let causes = vec!["exit status 7".into()];
    Some(Failure {
        message: message.into(),
        causes,
        help: Some("read its log: press l".into()),
        exit_code: 1,
        builder: None,
    })
}

/// One bake of every kind, as the flow gives them: newest first.
pub fn mixed() -> Vec<ShelfRow> {
    let over = ShelfStatus::Finished;
    let running = ShelfRow {
        steps: (1, 4),
        step_rows: vec![
            step("base", "", "", StepState::Done { millis: 12 }),
            step("1", "packages", "curl, ca-certificates", StepState::Cached),
            step("2", "run", "useradd -r app", StepState::Running),
            step("3", "copy", "app -> /srv/app", StepState::Waiting),
        ],
        ..row("7Q", "team-a/payments-api:1.4.0", ShelfStatus::Running, "2027-01-15T07:59:53.000Z")
    };
    let rejected = ShelfRow {
        rejected_by: Some("layer.setuid".into()),
        failure: failure("layer.setuid said no"),
        ..row("6X", "team-a/gateway:0.9", over(BakeStatus::Rejected), "2027-01-15T07:20:00.125Z")
    };
    let ok = ShelfRow {
        cached: 3,
        digest: Some(Digest::of(b"image")),
        ..row("7P", "team-b/reports:2.0.1", over(BakeStatus::Ok), "2027-01-15T07:48:00.125Z")
    };
    let failed = ShelfRow {
        failure: failure("step 2 (run) failed"),
        ..row("5F", "team-b/reports:2.0.1", over(BakeStatus::Failed), "2027-01-14T20:00:00.125Z")
    };
    let new = ShelfRow {
        new_bytes: 1_234_567,
        millis: 72_000,
        ..row("4A", "global/os:12", over(BakeStatus::Ok), "2027-01-13T08:00:00.125Z")
    };
    vec![
        ok,
        running,
        rejected,
        failed,
        row("5B", "team-b/reports:2.0.0", ShelfStatus::Lost, "2027-01-14T08:00:00.125Z"),
        row("4C", "team-a/gateway:0.8", over(BakeStatus::Cancelled), "2027-01-14T07:00:00.125Z"),
        new,
    ]
}

/// Some of them asked for in this workspace, some in another of the same name.
fn of_two_workspaces(size: (u16, u16)) -> Model {
    let rows = mixed().into_iter().enumerate().map(|(at, row)| {
        let folder = if at % 2 == 0 { "/home/baker/shop" } else { "/srv/other/shop" };
        ShelfRow { workspace: Some(folder.into()), ..row }
    });
    let mut model = told(size, rows.collect());
    model.bakes.home = Some("/home/baker/shop".into());
    let rows = model.bakes.rows().to_vec();
    update(&mut model, Msg::Bakes(bakes::Msg::News(ShelfNews::All(rows))));
    model
}

pub fn told(size: (u16, u16), rows: Vec<ShelfRow>) -> Model {
    let mut model = model(size);
    begin(&mut model, Screen::Bakes);
    update(&mut model, Msg::Bakes(bakes::Msg::News(ShelfNews::All(rows))));
    model
}

fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    keys.chars().flat_map(|c| update(model, Msg::Key(Key::plain(Code::Char(c))))).collect()
}

fn enter(model: &mut Model) -> Vec<Effect> {
    update(model, Msg::Key(Key::plain(Code::Enter)))
}

#[test]
fn every_bake_shows_how_it_stands() {
    for size @ (width, height) in SIZES {
        let name = |state: &str| format!("bakes/{state}-{width}x{height}");
        let mut model = model(size);
        let effects = begin(&mut model, Screen::Bakes);
        assert!(effects.contains(&Effect::Bakes(bakes::Effect::List)));
        check(&name("reading"), &model);
        check(&name("empty"), &told(size, Vec::new()));
        let mut model = told(size, mixed());
        check(&name("mixed"), &model);
        press(&mut model, "jjo");
        check(&name("detail"), &model);
        press(&mut model, "o/reports");
        check(&name("filter"), &model);
    }
    for size @ (width, height) in SIZES {
        let mut model = of_two_workspaces(size);
        check(&format!("bakes/here-{width}x{height}"), &model);
        press(&mut model, "a");
        check(&format!("bakes/everywhere-{width}x{height}"), &model);
    }
    check_ascii("bakes/mixed-ascii-80x24", &told((80, 24), mixed()));
}

#[test]
fn two_thousand_bakes_scroll() {
    let many = (0..2000).map(|n| {
        let of = ["team-a/payments-api:1.4.0", "team-b/reports:2.0.1", "global/os:12"][n % 3];
        let ok = ShelfStatus::Finished(BakeStatus::Ok);
        ShelfRow { bake: format!("01JD8QZK3V9T5W2X7Y4R6S{n:04}"), ..row("", of, ok, "2027-01-15T07:48:00.125Z") }
    });
    let mut model = told((80, 24), many.collect());
    press(&mut model, "G");
    assert_eq!(model.bakes.selected().unwrap().bake, "01JD8QZK3V9T5W2X7Y4R6S0000");
    check("bakes/many-80x24", &model);
}

#[test]
fn what_is_selected_stays_selected_while_bakes_come_end_and_go() {
    let mut model = told((80, 24), mixed());
    press(&mut model, "jj");
    let rejected = model.bakes.selected().unwrap().clone();
    assert_eq!(rejected.reference, "team-a/gateway:0.9");
    let came = row("8Z", "team-a/new:1", ShelfStatus::Running, "2027-01-15T07:59:59.000Z");
    let ended = ShelfRow { status: ShelfStatus::Lost, ..mixed()[1].clone() };
    let gone = vec![mixed()[6].bake.clone()];
    update(&mut model, Msg::Bakes(bakes::Msg::News(ShelfNews::Changed { rows: vec![came, ended], gone })));
    assert_eq!(model.bakes.selected(), Some(&rejected));
    let first = model.bakes.row(0).unwrap();
    assert_eq!((first.reference.as_str(), model.bakes.len()), ("team-a/new:1", 7));
    assert!(grids(&model, false).0.contains("1 running · 4 today · 2 lost"), "{}", grids(&model, false).0);
}

#[test]
fn only_a_running_bake_is_cancelled_and_only_after_a_yes() {
    let mut model = told((80, 24), mixed());
    let running = model.bakes.selected().unwrap().bake.clone();
    assert_eq!(press(&mut model, "x"), []);
    assert!(matches!(&model.overlay, Overlay::Confirm(confirm) if confirm.choices[confirm.focused].label == "no"));
    assert_eq!(enter(&mut model), [], "no is the answer at first");
    press(&mut model, "x");
    update(&mut model, Msg::Key(Key::plain(Code::Tab)));
    assert_eq!(enter(&mut model), [Effect::Bakes(bakes::Effect::Cancel(running))]);
    press(&mut model, "jx");
    assert_eq!(model.overlay, Overlay::None);
    assert!(grids(&model, false).0.contains("is over"), "{}", grids(&model, false).0);
}

#[test]
fn keys_act_on_the_selected_bake() {
    let mut model = told((80, 24), mixed());
    press(&mut model, "j");
    let id = model.bakes.selected().unwrap().bake.clone();
    assert_eq!(press(&mut model, "y"), [Effect::Copy(id)]);
    assert_eq!(press(&mut model, "r"), [Effect::Bakes(bakes::Effect::List)]);
    assert!(model.wants_clock());
    enter(&mut model);
    assert_eq!(model.screen, Screen::Bake);
    let mut empty = told((80, 24), Vec::new());
    assert_eq!((enter(&mut empty), empty.screen), (Vec::new(), Screen::Bakes));
    assert!(!told((80, 24), Vec::new()).wants_clock());
}

#[test]
fn bakes_of_this_workspace_show_and_one_key_shows_all_with_whose_they_are() {
    let mut model = of_two_workspaces((120, 30));
    assert_eq!((model.bakes.len(), model.bakes.rows().len()), (4, 7));
    let text = grids(&model, false).0;
    assert!(text.contains("bakes of this workspace") && text.contains("1 running elsewhere"), "{text}");
    assert!(!text.contains("payments-api") && text.contains("a all  R replay"), "{text}");
    // What does not show is neither found nor marked.
    press(&mut model, "/payments");
    assert!(grids(&model, false).0.contains("a shows 3 bakes of other workspaces too"), "{}", grids(&model, false).0);
    update(&mut model, Msg::Key(Key::plain(Code::Esc)));
    let selected = model.bakes.selected().unwrap().clone();
    press(&mut model, "a");
    assert_eq!((model.bakes.len(), model.bakes.selected()), (7, Some(&selected)));
    let text = grids(&model, false).0;
    assert!(text.contains("bakes of all workspaces") && text.contains("1 running ·"), "{text}");
    assert!(text.lines().any(|line| line.contains("other/shop") && line.contains("payments-api")), "{text}");
    assert!(text.lines().any(|line| line.contains("baker/shop") && line.contains("gateway:0.9")), "{text}");
    press(&mut model, "/other");
    assert_eq!(model.bakes.len(), 3);
    enter(&mut model);
    press(&mut model, " a");
    assert_eq!((model.bakes.marked.len(), model.bakes.len()), (0, 0), "what does not show is not meant");
}

#[test]
fn where_there_is_but_one_workspace_nothing_is_said_of_any() {
    let home = Some("/home/baker/shop".into());
    let rows = mixed().into_iter().map(|row| ShelfRow { workspace: home.clone(), ..row });
    let mut model = told((120, 30), rows.collect());
    model.bakes.home.clone_from(&home);
    let text = grids(&model, false).0;
    assert!(!text.contains("workspace") && !text.contains("a all"), "{text}");
    press(&mut model, "a");
    assert!(grids(&model, false).0.contains("were asked for in this workspace") && model.bakes.len() == 7);
}
