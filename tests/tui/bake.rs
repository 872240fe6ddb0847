//! The Bake screen: what it asks for, and what it shows of bakes of every sort.

use bakery::domain::journal::{
    BakeStarted, BakeStatus, ChangeOp, CheckVerdict, Event, EventKind, Failure, LayerBlob, SealedLayer, SeenChange,
};
use bakery::domain::oci::{Descriptor, DiffId, Digest, Platform, media_type};
use bakery::domain::plan::{CacheKey, Ids, Plan, PlannedBase, PlannedStep, PlatformPlan, Reason, StepId};
use bakery::tui::effect::Effect;
use bakery::tui::keymap::Key;
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::Msg;
use bakery::tui::screens::bake::{self, Told};
use bakery::tui::screens::{Screen, recipes};
use bakery::tui::update::{begin, update};

use super::golden::{SIZES, check, check_ascii, grids, model};

pub const BAKE: &str = "01JZ0000000000000000000000";

pub fn step(id: &str) -> StepId {
    StepId(id.into())
}

fn platform(name: &str) -> Platform {
    format!("linux/{name}").parse().unwrap()
}

/// A journal as it grows; the bake began seven seconds before the screens' time.
pub struct Journal {
    pub records: Vec<Told>,
    platforms: Vec<Platform>,
}

impl Journal {
    pub fn begun(platforms: &[&str]) -> Self {
        let mut journal =
            Self { records: Vec::new(), platforms: platforms.iter().map(|name| platform(name)).collect() };
        journal.add(EventKind::BakeStarted(BakeStarted {
            bake: BAKE.into(),
            reference: "team-a/payments-api:1.4.0".into(),
            recipe: "recipes/pay/pay.yaml".into(),
            recipe_digest: Digest::of(b"recipe"),
            base: "global/python:3.12".into(),
            base_digest: Some(Digest::of(b"base")),
            platforms: journal.platforms.clone(),
            engine: "embedded".into(),
            seats: Vec::new(),
            pid: 4711,
            host: "build-07".into(),
            user: "baker".into(),
        }));
        journal
    }

    /// With a plan of three steps a platform, the base being there.
    pub fn planned(platforms: &[&str]) -> Self {
        let mut journal = Self::begun(platforms);
        let several = platforms.len() > 1;
        let part = |platform: &Platform| {
            let id = |number: &str| match several {
                true => format!("{}-{number}", platform.architecture),
                false => number.to_owned(),
            };
            let planned = |number: &str, action: &str, summary: &str| PlannedStep {
                id: step(&id(number)),
                action: action.into(),
                summary: summary.into(),
                line: 6,
                cache_key: CacheKey(Digest::of(number.as_bytes())),
                will_run: true,
                reason: Reason::InputsChanged { paths: vec!["app/main.py".into()], count: 3 },
            };
            PlatformPlan {
                platform: platform.clone(),
                base: Some(PlannedBase { manifest: Digest::of(b"base"), layers: 3, size: 52_100_000, missing: 0 }),
                steps: vec![
                    planned("1", "packages", "curl, ca-certificates"),
                    planned("2", "run", "useradd --system --no-create-home app && install -d /srv/app"),
                    planned("3", "copy", "app -> /srv/app"),
                ],
            }
        };
        let plan = Plan {
            reference: "team-a/payments-api:1.4.0".into(),
            recipe: "recipes/pay/pay.yaml".into(),
            recipe_digest: Digest::of(b"recipe"),
            base: "global/python:3.12".into(),
            base_digest: Some(Digest::of(b"base")),
            stale: Some(false),
            created: 0,
            ids: Ids::Exact,
            platforms: journal.platforms.iter().map(part).collect(),
        };
        journal.add(EventKind::PlanBuilt(plan));
        journal
    }

    /// The same, the base fetched and the first step from the cache.
    pub fn going() -> Self {
        let mut journal = Self::planned(&["amd64"]);
        journal.add(EventKind::StepStarted { step: step("base") });
        journal.add(EventKind::StepFinished { step: step("base"), millis: 12 });
        journal.add(EventKind::StepStarted { step: step("1") });
        journal.add(EventKind::StepCached { step: step("1"), key: CacheKey(Digest::of(b"1")) });
        journal.sealed("1", 301_000);
        journal.add(EventKind::StepStarted { step: step("2") });
        journal
    }

    pub fn add(&mut self, kind: EventKind) {
        self.add_with(kind, Vec::new());
    }

    fn add_with(&mut self, kind: EventKind, output: Vec<u8>) {
        let seq = self.records.len() as u64 + 1;
        let at = format!("2027-01-15T07:59:53.{:03}Z", seq.min(999));
        self.records.push(Told { event: Event { seq, at, kind }, output });
    }

    pub fn output(&mut self, id: &str, bytes: &[u8]) {
        let kind = EventKind::StepOutput { step: step(id), offset: 0, length: bytes.len() as u64 };
        self.add_with(kind, bytes.to_vec());
    }

    pub fn done(&mut self, id: &str, size: u64) {
        self.add(EventKind::StepFinished { step: step(id), millis: 3120 });
        self.sealed(id, size);
    }

    pub fn sealed(&mut self, id: &str, size: u64) {
        self.add(EventKind::LayerSealed(SealedLayer {
            step: step(id),
            platform: self.platforms[0].clone(),
            layer: Some(LayerBlob {
                descriptor: Descriptor::new(media_type::LAYER_GZIP, Digest::of(id.as_bytes()), size),
                diff_id: DiffId(Digest::of(b"tar")),
                uncompressed: size * 3,
            }),
            added: 31,
            modified: 4,
            deleted: 14,
        }));
    }

    pub fn judged(&mut self, id: &str, verdict: CheckVerdict, reason: &str, evidence: &str) {
        self.add(EventKind::CheckStarted { check: id.into() });
        let evidence = vec![evidence.to_owned()];
        self.add(EventKind::CheckFinished { check: id.into(), verdict, reason: reason.into(), evidence });
    }

    pub fn committed(&mut self) {
        let image = Descriptor::new(media_type::MANIFEST, Digest::of(b"image"), 1234);
        self.add(EventKind::ImageCommitted { reference: "team-a/payments-api:1.4.0".into(), image });
    }

    pub fn over(&mut self, status: BakeStatus, failure: Option<Failure>) {
        self.add(EventKind::BakeFinished { status, millis: 7012, failure });
    }
}

pub fn failure(message: &str, cause: &str, help: &str) -> Failure {
    Failure {
        message: message.into(),
        causes: vec![cause.into()],
        help: Some(help.into()),
        exit_code: 1,
        builder: None,
    }
}

/// The screen after this journal.
pub fn shown(size: (u16, u16), journal: &Journal) -> Model {
    let mut model = model(size);
    begin(&mut model, Screen::Bake);
    update(&mut model, Msg::Bake(bake::Msg::Newest(Some(BAKE.into()))));
    tell(&mut model, &journal.records);
    model
}

pub fn tell(model: &mut Model, records: &[Told]) -> Vec<Effect> {
    update(model, Msg::Bake(bake::Msg::Records { bake: BAKE.into(), records: records.to_vec() }))
}

pub fn ended(model: &mut Model, lost: bool) {
    update(model, Msg::Bake(bake::Msg::Ended { bake: BAKE.into(), lost }));
}

pub fn press(model: &mut Model, key: &str) -> Vec<Effect> {
    update(model, Msg::Key(key.parse::<Key>().unwrap()))
}

fn golden(name: &str, journal: &Journal, then: impl Fn(&mut Model)) {
    for (width, height) in SIZES {
        let mut model = shown((width, height), journal);
        then(&mut model);
        check(&format!("bake/{name}-{width}x{height}"), &model);
    }
}

#[test]
fn with_nothing_to_watch_it_looks_for_the_newest_bake_and_says_what_to_do() {
    for (width, height) in SIZES {
        let mut model = model((width, height));
        let effects = begin(&mut model, Screen::Bake);
        assert!(effects.contains(&Effect::Bake(bake::Effect::Newest)));
        assert_eq!(update(&mut model, Msg::Bake(bake::Msg::Newest(None))), []);
        check(&format!("bake/nothing-{width}x{height}"), &model);
    }
}

#[test]
fn a_bake_under_way() {
    golden("planned", &Journal::planned(&["amd64"]), |_| {});
    let mut journal = Journal::planned(&["amd64"]);
    journal.add(EventKind::StepStarted { step: step("base") });
    journal.add(EventKind::StepProgressed { step: step("base"), done: 20_000_000, total: Some(52_100_000) });
    golden("progress", &journal, |_| {});
    let mut journal = Journal::going();
    let change = |op, path: &str, size| SeenChange::new(op, path, size, 0o644);
    let changes = vec![
        change(ChangeOp::Added, "/home/app/.profile", 807),
        change(ChangeOp::Modified, "/var/lib/dpkg/status", 112_000),
        change(ChangeOp::Added, "/usr/bin/curl", 301_000),
        change(ChangeOp::Deleted, "/var/cache/apt/pkgcache.bin", 0),
    ];
    journal.add(EventKind::LayerChanged { step: step("2"), changes });
    journal.output("2", b"Adding user `app' ...\nAdding new group `app' (999) ...\nCreating home directory");
    golden("changes", &journal, |_| {});
    check_ascii("bake/changes-plain-140x40", &shown((140, 40), &journal));
}

#[test]
fn a_flood_of_output_shows_its_end() {
    let mut journal = Journal::going();
    for number in 0..3000 {
        let line =
            format!("[{number:>5}] compiling module {number} of a very long list with a rather long name in it\n");
        journal.output("2", line.as_bytes());
    }
    golden("flood", &journal, |model| drop(press(model, "l")));
    golden("wrapped", &journal, |model| {
        press(model, "l");
        press(model, "w");
    });
    golden("searched", &journal, |model| {
        for key in ["/", "4", "2", "enter"] {
            press(model, key);
        }
    });
}

#[test]
fn bakes_that_went_well() {
    let mut journal = Journal::going();
    journal.done("2", 1_200_000);
    journal.add(EventKind::StepStarted { step: step("3") });
    journal.done("3", 104_000);
    journal.judged("lineage.layers", CheckVerdict::Pass, "lineage.proven", "3 of 3 diffIDs");
    journal.judged("test.imports", CheckVerdict::Unknown, "test.engine", "the embedded engine does not run tests yet");
    journal.committed();
    journal.over(BakeStatus::Ok, None);
    golden("ok", &journal, |model| ended(model, false));
    golden("checks", &journal, |model| {
        ended(model, false);
        press(model, "o");
    });
    let mut journal = Journal::going();
    for id in ["2", "3"] {
        journal.add(EventKind::StepCached { step: step(id), key: CacheKey(Digest::of(b"key")) });
        journal.sealed(id, 104_000);
    }
    journal.committed();
    journal.over(BakeStatus::Ok, None);
    golden("cached", &journal, |model| ended(model, false));
}

#[test]
fn bakes_that_ended_badly() {
    let why = failure("step 2 (run) failed", "exit status 7", "read its log, mend the recipe, press b");
    let mut journal = Journal::going();
    journal.output("2", b"useradd: group app exists\n");
    journal.add(EventKind::StepFailed { step: step("2"), millis: 3120, failure: why.clone() });
    journal.over(BakeStatus::Failed, Some(why));
    golden("failed", &journal, |model| ended(model, false));

    let mut journal = Journal::going();
    journal.done("2", 1_200_000);
    journal.done("3", 104_000);
    journal.judged("layer.setuid", CheckVerdict::Fail, "setuid.added", "/usr/bin/sudo is setuid root, layer 5");
    let why =
        failure("1 of 2 checks failed", "layer.setuid: /usr/bin/sudo is setuid root", "take the bit away, or ask");
    journal.over(BakeStatus::Rejected, Some(why));
    golden("rejected", &journal, |model| ended(model, false));

    let mut journal = Journal::going();
    journal.add(EventKind::CancelRequested { by: "baker".into() });
    golden("stopping", &journal, |_| {});
    let why = failure("cancelled by baker", "a wish to stop", "press b to bake it again");
    journal.over(BakeStatus::Cancelled, Some(why));
    golden("cancelled", &journal, |model| ended(model, false));
    golden("lost", &Journal::going(), |model| ended(model, true));
}

#[test]
fn several_platforms_stand_one_after_the_other() {
    let mut journal = Journal::planned(&["amd64", "arm64"]);
    journal.add(EventKind::StepStarted { step: step("amd64-base") });
    journal.add(EventKind::StepFinished { step: step("amd64-base"), millis: 12 });
    journal.add(EventKind::StepStarted { step: step("amd64-1") });
    golden("platforms", &journal, |_| {});
}

#[test]
fn x01_x02_no_byte_of_a_step_steers_the_screen() {
    let mut journal = Journal::going();
    journal.output("2", b"\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b2J\n");
    journal.output("2", "\u{202e}gnp.exe \u{200b}\n".as_bytes());
    let changes = vec![SeenChange::new(ChangeOp::Added, "/a\u{1b}[2J\u{202e}", 1, 0o644)];
    journal.add(EventKind::LayerChanged { step: step("2"), changes });
    let (text, _) = grids(&shown((140, 40), &journal), false);
    assert!(text.contains("\\x1b]0;owned\\x07\\x1b[2Jred"), "{text}");
    assert!(text.contains("/a\\x1b[2J\\u{202e}"), "{text}");
    assert!(!text.chars().any(|c| c != '\n' && bakery::domain::text::is_hazardous(c)), "{text}");
}

#[test]
fn a_running_bake_is_cancelled_only_after_a_question() {
    for key in ["x", "ctrl-c"] {
        let mut model = shown((80, 24), &Journal::going());
        assert_eq!(press(&mut model, key), []);
        assert!(matches!(&model.overlay, Overlay::Confirm(question) if question.focused == 0), "no is the safe answer");
        press(&mut model, "right");
        assert_eq!(press(&mut model, "enter"), [Effect::Bake(bake::Effect::Cancel(BAKE.into()))]);
    }
    let mut model = shown((80, 24), &Journal::going());
    ended(&mut model, true);
    press(&mut model, "x");
    assert_eq!((&model.overlay, model.toasts.is_empty()), (&Overlay::None, false), "nothing is left to cancel");
}

#[test]
fn a_finished_bake_is_copied_baked_again_and_played_again() {
    let mut journal = Journal::going();
    let mut model = shown((80, 24), &journal);
    assert!(model.wants_clock(), "its time goes on");
    assert_eq!(press(&mut model, "R"), [], "what runs cannot be played again yet");
    let known = journal.records.len();
    journal.committed();
    journal.over(BakeStatus::Ok, None);
    let effects = tell(&mut model, &journal.records[known..]);
    let again = Effect::Recipes(recipes::Effect::List);
    assert_eq!(effects.iter().filter(|effect| **effect == again).count(), 1, "the other screens read again");
    ended(&mut model, false);
    assert!(!model.wants_clock());
    assert_eq!(press(&mut model, "y"), [Effect::Copy(Digest::of(b"image").to_string())]);
    assert_eq!(press(&mut model, "b"), [Effect::Recipes(recipes::Effect::Bake("recipes/pay/pay.yaml".into()))]);
    let replayed = Effect::Bake(bake::Effect::Watch { bake: BAKE.into(), replay: true });
    assert_eq!(press(&mut model, "R"), [replayed]);
    assert!(model.bake.view.started.is_none(), "it begins at the first line");
    let effects = tell(&mut model, &journal.records);
    assert!(!effects.contains(&again), "a replay makes nothing: {effects:?}");
}

#[test]
fn a_search_goes_from_match_to_match_round_the_log() {
    let mut journal = Journal::going();
    for number in 0..100 {
        journal.output("2", format!("line {number}\n").as_bytes());
    }
    let mut model = shown((80, 24), &journal);
    for key in ["/", "1", "7", "enter"] {
        press(&mut model, key);
    }
    assert_eq!((model.bake.log.found, model.bake.log.follow), (Some(17), false));
    assert!(grids(&model, false).0.contains("line 17"));
    for key in ["/", "3", "enter"] {
        press(&mut model, key);
    }
    let mut found = vec![model.bake.log.found.unwrap()];
    for key in ["n", "N", "N", "N"] {
        press(&mut model, key);
        found.push(model.bake.log.found.unwrap());
    }
    assert_eq!(found, [13, 23, 13, 3, 93]);
    for key in ["/", "x", "enter"] {
        press(&mut model, key);
    }
    assert!(!model.toasts.is_empty(), "what is not there is said");
}

#[test]
fn a_replay_tells_the_time_of_its_events() {
    let mut model = shown((80, 24), &Journal::begun(&["amd64"]));
    ended(&mut model, false);
    press(&mut model, "R");
    let mut journal = Journal::going();
    journal.records.iter_mut().for_each(|told| told.event.at = told.event.at.replace("2027", "2020"));
    journal.records.last_mut().unwrap().event.at = "2020-01-15T08:00:05.001Z".into();
    tell(&mut model, &journal.records);
    let (text, _) = grids(&model, false);
    assert!(text.contains("replay  baking 00:12") && text.contains("00:00"), "{text}");
}

#[test]
fn a_reader_of_the_log_keeps_the_lines_in_sight_while_it_grows() {
    let mut journal = Journal::going();
    for number in 0..100 {
        journal.output("2", format!("line {number}\n").as_bytes());
    }
    let mut model = shown((80, 24), &journal);
    press(&mut model, "l");
    press(&mut model, "k");
    let before = grids(&model, false).0;
    let known = journal.records.len();
    journal.output("2", b"line 100\n");
    tell(&mut model, &journal.records[known..]);
    assert_eq!(grids(&model, false).0, before);
    press(&mut model, "G");
    assert!(grids(&model, false).0.contains("line 100"));
    press(&mut model, "esc");
    press(&mut model, "k");
    tell(&mut model, &[]);
    assert_eq!(model.bake.selected().unwrap().id, step("1"), "a selection that was moved stays");
}

#[test]
fn output_that_was_not_read_is_said_to_be_missing() {
    let mut journal = Journal::going();
    let kind = EventKind::StepOutput { step: step("2"), offset: 0, length: 70_000 };
    journal.add_with(kind, b"begin\n".to_vec());
    let (text, _) = grids(&shown((140, 40), &journal), false);
    assert!(text.contains("begin") && text.contains("69994 bytes left out"), "{text}");
}
