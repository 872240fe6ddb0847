//! What lies over a screen: what is under way, what was done, questions answered in full, a passphrase.

use std::path::PathBuf;

use bakery::domain::oci::Digest;
use bakery::domain::trust::{CheckVerdict, Signer};
use bakery::flows::publish::{Copied, PublishPlan, Published};
use bakery::report::{Kind, Report};
use bakery::tui::effect::Effect;
use bakery::tui::errands;
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::{Mouse, Msg};
use bakery::tui::screens::{bakes, recipes, verify};
use bakery::tui::tasks::{News, TaskKind};
use bakery::tui::update::update;

use super::super::golden::{SIZES, check, check_ascii};
use super::{house, press, text, write};

const IMAGE: &str = "local/team-a/payments-api:1.4.0";

fn errand(model: &mut Model, msg: errands::Msg) -> Vec<Effect> {
    update(model, Msg::Errand(msg))
}

fn plan() -> PublishPlan {
    PublishPlan {
        reference: IMAGE.into(),
        target: "registry.example:5000/team-a/payments-api:1.4.0".into(),
        tag: "1.4.0".into(),
        digest: Digest::of(b"image"),
        verified: CheckVerdict::Pass,
        signed_by: vec![Signer::Key { name: "baker".into(), fingerprint: "77aa02f31b9e".into() }],
    }
}

fn begun(model: &mut Model, id: u64, kind: TaskKind, what: &str) {
    update(model, Msg::Task(News::Started { id, kind, what: what.into() }));
}

#[test]
fn what_is_under_way_shows_and_is_given_up() {
    for size @ (width, height) in SIZES {
        let mut model = house(size);
        press(&mut model, &["w"]);
        check(&format!("around/tasks-bake-{width}x{height}"), &model);
        press(&mut model, &["esc"]);
        begun(&mut model, 1, TaskKind::Publish, &format!("publishing {IMAGE}"));
        begun(&mut model, 2, TaskKind::Survey("global".into()), "reading the store global");
        let text = "3 of 12 blobs, 4.1 MB sent".to_owned();
        update(&mut model, Msg::Task(News::Progress { kind: TaskKind::Publish, text }));
        press(&mut model, &["w", "j"]);
        check(&format!("around/tasks-{width}x{height}"), &model);
        assert!(model.wants_clock());
        let effects = press(&mut model, &["x"]);
        assert_eq!(effects[0], Effect::GiveUp(TaskKind::Survey("global".into())));
        let failure = &model.store.shelf("global").unwrap().loading;
        assert!(matches!(failure, bakery::tui::screens::store::Loading::Failed(_)), "{failure:?}");
    }
}

#[test]
fn a_bake_is_cancelled_from_the_list_after_a_question() {
    let mut model = house((80, 24));
    press(&mut model, &["w", "x"]);
    assert!(text(&model).contains("cancel team-a/payments-api:1.4.0?"), "{}", text(&model));
    let effects = press(&mut model, &["y"]);
    assert!(matches!(&effects[..], [Effect::Bakes(bakes::Effect::Cancel(bake))] if bake.contains("7Q")), "{effects:?}");
}

#[test]
fn leaving_asks_about_what_would_be_broken_off() {
    let mut model = house((80, 24));
    begun(&mut model, 1, TaskKind::Survey("global".into()), "reading the store global");
    assert_eq!(press(&mut model, &["q"]), [Effect::Leave], "reading is nobody's loss");
    begun(&mut model, 2, TaskKind::Publish, &format!("publishing {IMAGE}"));
    assert_eq!(press(&mut model, &["q"]), []);
    assert!(text(&model).contains("leave now?"), "{}", text(&model));
    assert_eq!(press(&mut model, &["y"]), [Effect::Leave]);
}

#[test]
fn what_was_done_shows_as_commands_with_time_and_outcome() {
    for size @ (width, height) in SIZES {
        let mut model = house(size);
        press(&mut model, &["1", "G", "v"]);
        press(&mut model, &["2", "j", "b"]);
        update(&mut model, Msg::Recipes(recipes::Msg::Begun(Err(Report::message(Kind::Failed, "no room left")))));
        errand(&mut model, errands::Msg::Planned(vec![Ok(plan())]));
        write(&mut model, "1.4.0");
        press(&mut model, &["enter"]);
        let outcome = Ok(Published {
            reference: plan().target,
            digest: Digest::of(b"image"),
            copied: Copied { blobs: 4, bytes: 4_100_000, manifests: 3 },
            skipped: 2,
            verified: CheckVerdict::Pass,
        });
        errand(&mut model, errands::Msg::Published { image: IMAGE.into(), outcome });
        model.toasts = Default::default();
        press(&mut model, &["@"]);
        check(&format!("around/commands-{width}x{height}"), &model);
        let copied = press(&mut model, &["y"]);
        assert!(copied.contains(&Effect::Copy("bakery store ls local".into())), "{copied:?}");
    }
}

#[test]
fn publishing_says_what_it_would_do_and_wants_the_tag_typed() {
    for size @ (width, height) in SIZES {
        let mut model = house(size);
        let effects = press(&mut model, &["G", "P"]);
        let images = vec!["local/team-b/reports:2.0.1".to_owned()];
        assert!(effects.contains(&Effect::Errand(errands::Effect::PlanPublish(images))), "{effects:?}");
        errand(&mut model, errands::Msg::Planned(vec![Ok(plan())]));
        check(&format!("around/publish-{width}x{height}"), &model);
        write(&mut model, "1.4");
        assert_eq!(press(&mut model, &["enter"]), [], "not the whole word");
        check(&format!("around/publish-wrong-{width}x{height}"), &model);
        // Neither a paste nor the wheel answers.
        update(&mut model, Msg::Paste("1.4.0".into()));
        update(&mut model, Msg::Mouse(Mouse::Wheel { at: ratatui::layout::Position::ORIGIN, down: true }));
        write(&mut model, ".0");
        let published = Effect::Errand(errands::Effect::Publish(vec![IMAGE.into()]));
        assert_eq!(press(&mut model, &["enter"]), [published]);
    }
    let mut plain = house((80, 24));
    errand(&mut plain, errands::Msg::Planned(vec![Ok(plan())]));
    check_ascii("around/publish-ascii-80x24", &plain);
}

#[test]
fn what_cannot_be_published_says_why_and_what_to_do() {
    let mut model = house((80, 24));
    let report = Report::message(Kind::Usage, "the store `local` names no place to publish to");
    let report = report.help("add `publish: registry.example/prefix` to it in bakery.yaml");
    errand(&mut model, errands::Msg::Planned(vec![Err(report)]));
    let shown = text(&model);
    assert!(shown.contains("names no place to publish to") && shown.contains("add `publish:"), "{shown}");
    assert_eq!(model.overlay, Overlay::None);
    let effects = press(&mut model, &["esc", "g", "g", "j", "P"]);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Errand(_))), "a global image is published already");
    assert!(text(&model).contains("is not in the local store"), "{}", text(&model));
}

#[test]
fn a_passphrase_is_masked_and_told_to_nobody_but_whom_it_is_for() {
    let bake = Effect::Recipes(recipes::Effect::Bake(PathBuf::from("/w/recipes/search/search.yaml")));
    for size @ (width, height) in SIZES {
        let mut model = house(size);
        let wanted = |problem: Option<&str>| errands::Msg::PassphraseWanted {
            key: "keys/baker.key".into(),
            problem: problem.map(str::to_owned),
            then: vec![bake.clone()],
        };
        errand(&mut model, wanted(Some("keys/baker.key: this passphrase does not open it")));
        write(&mut model, "s3cret q:?");
        check(&format!("around/passphrase-{width}x{height}"), &model);
        let effects = press(&mut model, &["backspace", "enter"]);
        let Effect::Errand(errands::Effect::Unlock { passphrase, then }) = &effects[0] else { panic!("{effects:?}") };
        assert_eq!((passphrase.reveal(), then), ("s3cret q:", &vec![bake.clone()]));
        assert!(!format!("{effects:?}").contains("s3cret") && !format!("{:?}", model.commands).contains("s3cret"));
        assert_eq!(errand(&mut model, errands::Msg::Unlocked(vec![bake.clone()])), std::slice::from_ref(&bake));
        errand(&mut model, wanted(None));
        press(&mut model, &["esc"]);
        assert_eq!(model.overlay, Overlay::None);
    }
}

#[test]
fn a_bake_left_without_its_passphrase_can_be_asked_for_again() {
    let mut model = house((80, 24));
    let asked = press(&mut model, &["2", "G", "b"]);
    let bake = asked.last().unwrap().clone();
    assert!(matches!(bake, Effect::Recipes(recipes::Effect::Bake(_))), "{asked:?}");
    let wanted =
        errands::Msg::PassphraseWanted { key: "keys/baker.key".into(), problem: None, then: vec![bake.clone()] };
    errand(&mut model, wanted);
    press(&mut model, &["esc"]);
    assert_eq!(press(&mut model, &["b"]), [bake]);
}

#[test]
fn several_images_verified_come_to_one_word() {
    let mut model = house((80, 24));
    let all = vec![("local/a:1".to_owned(), Ok(CheckVerdict::Pass)), ("local/b:1".to_owned(), Ok(CheckVerdict::Fail))];
    errand(&mut model, errands::Msg::VerifiedAll(all));
    assert!(text(&model).contains("1 of 2 images not verified: local/b:1"), "{}", text(&model));
    press(&mut model, &["1", "G", "space", "k", "space"]);
    let effects = press(&mut model, &["v"]);
    let images = vec!["local/team-b/reports:2.0.1".to_owned(), IMAGE.to_owned()];
    assert_eq!(effects, [Effect::Errand(errands::Effect::VerifyAll(images))]);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Verify(verify::Effect::Verify { .. }))));
}
