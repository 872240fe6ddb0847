//! The pool on the Bakes screen: each builder and what it bakes, at every size; stopping all; leaving while some wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bakery::domain::journal::{EventKind, Failure, SeatTaken};
use bakery::domain::pool::{Board, Health, Seats};
use bakery::domain::projection::{ShelfRow, ShelfStatus};
use bakery::flows::follow::ShelfNews;
use bakery::tui::effect::Effect;
use bakery::tui::errands::{self, Tally};
use bakery::tui::keymap::{Code, Key};
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::Msg;
use bakery::tui::picture::Picture;
use bakery::tui::screens::Screen;
use bakery::tui::screens::bakes::{self, Pooled};
use bakery::tui::tasks::{News, TaskKind};
use bakery::tui::theme::{Depth, Theme};
use bakery::tui::update::update;
use bakery::tui::view::draw;
use bakery::tui::widgets::Tone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::around::house;
use super::bake::{Journal, shown};
use super::bakes::{mixed, row, told};
use super::editor;
use super::golden::{check, check_ascii, grids, now};

const ALL_SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (140, 40), (200, 60)];

fn seats(name: &str, slots: usize, platform: Option<&str>, health: Health, baking: &[&str]) -> Seats {
    let platforms = platform.map(|platform| BTreeSet::from([platform.parse().unwrap()]));
    let baking = baking.iter().map(|image| (*image).to_owned()).collect();
    Seats { name: name.into(), slots, platforms, health, baking }
}

/// Four builders: one at work, one idle, one left alone, one on trial.
fn pooled() -> Pooled {
    let builders = vec![
        seats("amd-1", 4, Some("linux/amd64"), Health::In, &["team-a/payments-api:1.4.0", "team-b/reports:2.0.1"]),
        seats("arm-1", 2, Some("linux/arm64"), Health::In, &[]),
        seats("amd-2", 2, Some("linux/amd64"), Health::Out { left: 24_600 }, &[]),
        seats("spare", 1, None, Health::OnTrial, &["team-c/gateway:0.9"]),
    ];
    let waiting = (0..6).map(|number| format!("team-d/app-{number}:1.0")).collect();
    let fault = "builder amd-2 said nothing for 300 s".to_owned();
    Pooled {
        board: Board { builders, waiting },
        tally: Tally {
            all: 20,
            baked: 10,
            failed: vec![("team-e/odd:1".into(), "step 2 failed".into())],
            cancelled: 0,
        },
        queued: 0,
        faults: BTreeMap::from([("amd-2".to_owned(), fault)]),
        ours: Arc::default(),
    }
}

/// The same, and so many idle ones more.
fn many(idle: usize) -> Pooled {
    let mut pooled = pooled();
    let more = (0..idle).map(|number| seats(&format!("farm-{number}"), 8, None, Health::In, &[]));
    pooled.board.builders.extend(more);
    pooled.board.builders.rotate_left(4);
    pooled
}

fn stand(model: &mut Model, pooled: Option<Pooled>) {
    update(model, Msg::Bakes(bakes::Msg::Pool(pooled.map(Box::new))));
}

/// The screen while `pooled` is baked.
fn baking(size: (u16, u16), pooled: Pooled) -> Model {
    let mut model = told(size, mixed());
    let what = format!("baking {} recipes", pooled.tally.all);
    update(&mut model, Msg::Task(News::Started { id: 1, kind: TaskKind::Batch, what }));
    stand(&mut model, Some(pooled));
    model
}

/// What the shelf has of such a batch: those under way, and the last that ended.
fn baked() -> Vec<ShelfRow> {
    let on = |number: usize, builder: &str, at: &str, row: ShelfRow| ShelfRow {
        bake: format!("01JD8QZK3V9T5W2X7Y4R6S1{number:0>3}"),
        builders: vec![builder.to_owned()],
        engine: format!("docker://{builder}:2376"),
        started: format!("2027-01-15T07:{at}.000Z"),
        ..row
    };
    let mut rows = mixed().into_iter();
    let (ok, running, failed) = (rows.next().unwrap(), rows.next().unwrap(), rows.nth(1).unwrap());
    let named = |row: &ShelfRow, reference: &str| ShelfRow { reference: reference.into(), ..row.clone() };
    let lost = ShelfRow {
        millis: 305_000,
        failure: failed.failure.clone().map(|failure| Failure {
            message: "builder amd-2 said nothing for 300 s".into(),
            builder: Some("amd-2".into()),
            ..failure
        }),
        ..named(&failed, "team-c/gateway:0.9")
    };
    vec![
        on(220, "spare", "59:51", named(&running, "team-c/gateway:0.9")),
        on(219, "amd-1", "59:40", named(&running, "team-b/reports:2.0.1")),
        on(218, "amd-1", "59:12", running),
        on(216, "arm-1", "58:30", named(&ok, "team-a/sensor:3.1")),
        on(215, "amd-1", "58:02", named(&ok, "team-b/storefront:1.9")),
        on(214, "arm-1", "57:44", named(&failed, "team-e/odd:1")),
        on(213, "amd-1", "57:20", named(&ok, "team-d/mailer:0.4")),
        on(212, "amd-2", "54:50", lost),
    ]
}

/// The screen as a picture: no recording has a batch that is under way.
pub fn pictured(size: (u16, u16), theme: &str) -> Picture {
    let mut model = baking(size, pooled());
    update(&mut model, Msg::Bakes(bakes::Msg::News(ShelfNews::All(baked()))));
    let look = Theme::built_in(theme).unwrap().look(Depth::True, false);
    let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
    draw(&model, &look, &mut buffer);
    Picture::of(&buffer, look.canvas)
}

fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    keys.chars().flat_map(|c| update(model, Msg::Key(Key::plain(Code::Char(c))))).collect()
}

fn says(model: &Model, words: &str) -> bool {
    grids(model, false).0.contains(words)
}

#[test]
fn each_builder_shows_how_it_stands_and_what_it_bakes() {
    for size @ (width, height) in ALL_SIZES {
        let name = |state: &str| format!("bakes/{state}-{width}x{height}");
        check(&name("pool"), &baking(size, pooled()));
        check(&name("pool-many"), &baking(size, many(9)));
        let mut alone = told(size, Vec::new());
        alone.bakes.pool.builders = many(0)
            .board
            .builders
            .into_iter()
            .map(|seats| Seats { health: Health::In, baking: Vec::new(), ..seats })
            .collect();
        check(&name("pool-at-rest"), &alone);
    }
    check_ascii("bakes/pool-ascii-80x24", &baking((80, 24), pooled()));
    check_ascii("bakes/pool-ascii-60x16", &baking((60, 16), pooled()));
}

#[test]
fn a_builder_left_alone_is_counted_down_and_then_tried() {
    let mut model = baking((80, 24), pooled());
    assert!(says(&model, "left alone for 25 s: builder amd-2 said nothing"));
    assert!(model.wants_clock());
    update(&mut model, Msg::Clock(now() + time::Duration::seconds(20)));
    assert!(says(&model, "left alone for 5 s"), "{}", grids(&model, false).0);
    update(&mut model, Msg::Clock(now() + time::Duration::seconds(25)));
    assert!(says(&model, "on trial: the next bake tries it"), "{}", grids(&model, false).0);
    let mut quiet = told((80, 24), Vec::new());
    quiet.bakes.pool.builders = vec![seats("one", 1, None, Health::In, &[])];
    assert!(!quiet.wants_clock(), "nothing moves");
}

#[test]
fn what_others_bake_shows_where_the_journals_say() {
    let on = |bake: &str, reference: &str, builder: Option<&str>, engine: &str| ShelfRow {
        builders: builder.map(str::to_owned).into_iter().collect(),
        engine: engine.into(),
        ..row(bake, reference, ShelfStatus::Running, "2027-01-15T07:59:53.000Z")
    };
    let rows = vec![
        on("1A", "team-a/one:1", Some("amd-1"), "docker://amd.example:1"),
        on("1B", "team-a/two:1", None, "podman"),
        on("1C", "team-a/mine:1", Some("amd-1"), "docker://amd.example:1"),
    ];
    let mut model = told((140, 40), rows.clone());
    let pool = |model: &Model| -> Vec<String> {
        let text = grids(model, false).0;
        text.lines().skip(2).take_while(|line| !line.contains("outcome")).map(|line| line.trim().to_owned()).collect()
    };
    // No workspace's engines, but two places: grouped by what the journals say.
    let shown = pool(&model);
    assert!(shown[0].contains("pool") && shown[0].contains("3 at work"), "{shown:?}");
    assert!(
        shown.iter().any(|line| line.contains("amd-1") && line.contains("team-a/mine:1, team-a/one:1")),
        "{shown:?}"
    );
    assert!(shown.iter().any(|line| line.contains("podman") && line.contains("team-a/two:1")), "{shown:?}");
    // A batch of ours: its own bake is where the board says, once, whatever the shelf still says.
    let ours = Arc::new(BTreeSet::from([rows[2].bake.clone()]));
    let builders = vec![seats("amd-1", 2, None, Health::In, &["team-a/mine:1"])];
    stand(&mut model, Some(Pooled { board: Board { builders, waiting: Vec::new() }, ours, ..Pooled::default() }));
    let shown = pool(&model);
    assert!(
        shown.iter().any(|line| line.contains("2 of 2") && line.contains("team-a/mine:1, team-a/one:1")),
        "{shown:?}"
    );
    // Its journal may be there before we know whose it is: still once.
    let builders = vec![seats("amd-1", 2, None, Health::In, &["team-a/mine:1"])];
    stand(&mut model, Some(Pooled { board: Board { builders, waiting: Vec::new() }, ..Pooled::default() }));
    let shown = pool(&model);
    assert!(
        shown.iter().any(|line| line.contains("2 of 2") && line.contains("team-a/mine:1, team-a/one:1")),
        "{shown:?}"
    );
    // One engine and nothing that waits is no pool.
    update(&mut model, Msg::Bakes(bakes::Msg::News(ShelfNews::All(vec![on("1B", "team-a/two:1", None, "podman")]))));
    stand(&mut model, None);
    assert!(!says(&model, "pool"), "{}", grids(&model, false).0);
}

#[test]
fn all_are_stopped_only_after_a_yes() {
    let mut model = told((80, 24), mixed());
    assert_eq!(press(&mut model, "X"), []);
    assert!(says(&model, "x cancels the selected bake"), "{}", grids(&model, false).0);
    let stop = [Effect::Errand(errands::Effect::StopBatch)];
    let mut model = baking((80, 24), pooled());
    assert_eq!(press(&mut model, "X"), []);
    assert!(says(&model, "3 at work stop where they are; 6 that wait are not begun"), "{}", grids(&model, false).0);
    assert_eq!(update(&mut model, Msg::Key(Key::plain(Code::Enter))), [], "no is the answer at first");
    press(&mut model, "X");
    assert_eq!(press(&mut model, "y"), stop);
    // The same from the list of what is under way, on whatever screen.
    press(&mut model, "2w");
    assert_eq!(press(&mut model, "x"), [], "it is asked first");
    assert!(matches!(&model.overlay, Overlay::Confirm(_)));
    assert_eq!(press(&mut model, "y"), stop);
}

#[test]
fn leaving_loses_no_bake_and_asks_nothing() {
    let mut model = baking((80, 24), pooled());
    press(&mut model, "1");
    assert_eq!(press(&mut model, "q"), [Effect::Leave], "what has not begun goes on by itself");
}

#[test]
fn leaving_with_text_that_is_not_saved_asks_about_that_and_what_it_breaks_off() {
    let leaving = |kind: TaskKind, what: &str| {
        let mut model = editor::editing((80, 24), editor::TEXT, Vec::new());
        editor::type_in(&mut model, "x");
        update(&mut model, Msg::Task(News::Started { id: 1, kind, what: what.into() }));
        stand(&mut model, Some(pooled()));
        assert_eq!(editor::press(&mut model, &["ctrl-c", "ctrl-c"]), []);
        model
    };
    let mut model = leaving(TaskKind::Publish, "publishing local/team/app:1");
    for part in ["It has changes that are not in its file yet", "publishing local/team/app:1", "go on either way"] {
        assert!(says(&model, part), "{part}: {}", grids(&model, false).0);
    }
    assert_eq!(editor::focused(&model), Some("keep editing"), "what breaks off nothing is at hand");
    assert!(editor::answer(&mut model, "discard").contains(&Effect::Leave));
    let model = leaving(TaskKind::Batch, "baking 20 recipes");
    assert!(!says(&model, "breaks off") && editor::focused(&model) == Some("save"), "a batch goes on by itself");
}

#[test]
fn one_recipe_asked_for_meanwhile_joins_them() {
    let mut model = house((80, 24));
    stand(&mut model, Some(pooled()));
    let effects = press(&mut model, "2Gb");
    let joins = |effect: &Effect| matches!(effect, Effect::Errand(errands::Effect::BakeAll(files)) if files.len() == 1);
    assert!(effects.iter().any(joins), "{effects:?}");
    assert!(model.screen == Screen::Bakes && says(&model, "1 recipe joins those under way"));
    // Once all is over it is a bake of its own again, and the same recipe is not taken for one that is starting.
    stand(&mut model, None);
    let effects = press(&mut model, "2b");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Recipes(_))), "{effects:?}");
}

#[test]
fn recipes_asked_for_meanwhile_join_them() {
    let mut model = house((80, 24));
    stand(&mut model, Some(pooled()));
    let effects = press(&mut model, "2G k b");
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Errand(errands::Effect::BakeAll(files)) if files.len() == 2)),
        "{effects:?}"
    );
    assert!(model.screen == Screen::Bakes && says(&model, "2 recipes join those under way"));
    stand(&mut model, Some(Pooled { queued: 2, ..pooled() }));
    assert!(says(&model, "2 recipes to join them"), "{}", grids(&model, false).0);
}

#[test]
fn news_tells_whose_fault_it_was_and_how_all_ended() {
    let mut model = baking((80, 24), pooled());
    let (reference, builder) = ("team-a/app:1".to_owned(), "amd-2".to_owned());
    let why = "builder amd-2 said nothing for 300 s".to_owned();
    update(&mut model, Msg::Errand(errands::Msg::BakedElsewhere { reference, builder, why }));
    let told = |model: &Model| model.toasts.iter().last().cloned().unwrap();
    assert_eq!(told(&model).text, "builder amd-2 said nothing for 300 s; team-a/app:1 is baked elsewhere");
    let tally = Tally { baked: 19, ..pooled().tally };
    update(&mut model, Msg::Errand(errands::Msg::BatchOver(tally)));
    assert_eq!((told(&model).tone, told(&model).text), (Tone::Warning, "19 baked, 1 failed: team-e/odd:1".to_owned()));
    update(&mut model, Msg::Task(News::Ended { id: 1 }));
    stand(&mut model, None);
    assert!(!says(&model, "pool") && press(&mut model, "q") == [Effect::Leave]);
}

#[test]
fn a_bake_elsewhere_says_that_its_changes_are_not_seen_live() {
    let going = |engine: &str, seat: Option<&str>| {
        let mut journal = Journal::going();
        if let EventKind::BakeStarted(started) = &mut journal.records[0].event.kind {
            started.engine = engine.into();
            let taken = |engine: &str| SeatTaken {
                platform: "linux/amd64".parse().unwrap(),
                engine: engine.into(),
                builder: "amd-1".into(),
            };
            started.seats = seat.map(taken).into_iter().collect();
        }
        journal
    };
    let said = |journal: &Journal, size| says(&shown(size, journal), "live changes are not available on this engine");
    for size in [(80, 24), (140, 40), (200, 60)] {
        assert!(said(&going("podman", None), size), "{size:?}");
        assert!(said(&going("embedded + docker://a", Some("docker://a")), size), "its platform sits elsewhere");
        assert!(!said(&going("embedded", None), size), "{size:?}");
        assert!(!said(&going("docker://a + embedded", Some("embedded")), size), "its platform sits here");
    }
}
