//! The checks of a bake: a list that fills while it runs, the worst first where room is short, each with its evidence.

use bakery::domain::journal::{BakeStatus, CheckVerdict, EventKind};
use bakery::tui::effect::Effect;
use bakery::tui::model::Model;
use bakery::tui::screens::{Screen, bake::Focus, verify};

use super::bake::{Journal, ended, failure, press, shown, tell};
use super::golden::{check, check_ascii, grids};

const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (140, 40), (200, 60)];

/// More checks than most terminals have room for, two of which say no; the last is still under way.
fn many() -> Journal {
    let mut journal = Journal::going();
    journal.judged("test.imports", CheckVerdict::Pass, "test.passed", "0.3 s");
    journal.judged(
        "base.signature",
        CheckVerdict::Pass,
        "signature.good",
        "bundle 3f9a…c1 by key global (77aa02f31b9e)",
    );
    for id in ["lineage.layers", "lineage.contract", "layer.world-writable", "layer.device-nodes", "layer.size"] {
        journal.judged(id, CheckVerdict::Pass, "layer.clean", "none in 2 layers of its own");
    }
    for id in ["layer.paths", "image.labels", "image.size", "image.packages", "base.age"] {
        journal.judged(id, CheckVerdict::Skip, "policy.not-asked", "");
    }
    journal.judged("image.user", CheckVerdict::Unknown, "user.unclear", "nobody can tell who app is");
    journal.judged("base.fresh", CheckVerdict::Warn, "base.stale", "3.12 points to 81c2…aa now, no longer to 3f9a…c1");
    let check = "layer.setuid".to_owned();
    journal.add(EventKind::CheckStarted { check: check.clone() });
    let evidence =
        vec!["/usr/bin/sudo: setuid; 4755 0:0, layer 5".into(), "/usr/bin/su: setuid; 4755 0:0, layer 5".into()];
    let verdict = CheckVerdict::Fail;
    journal.add(EventKind::CheckFinished { check, verdict, reason: "layer.setuid".into(), evidence });
    journal.add(EventKind::CheckStarted { check: "layer.secrets".into() });
    journal
}

fn rejected() -> Journal {
    let mut journal = many();
    journal.judged("layer.secrets", CheckVerdict::Pass, "layer.clean", "none in 2 layers of its own");
    let why = failure("rejected by layer.setuid", "/usr/bin/sudo: setuid; 4755 0:0, layer 5", "take the bit away");
    journal.over(BakeStatus::Rejected, Some(why));
    journal
}

fn golden(name: &str, journal: &Journal, keys: &[&str]) {
    for size in SIZES {
        let mut model = shown(size, journal);
        keys.iter().for_each(|key| drop(press(&mut model, key)));
        check(&format!("checks/{name}-{}x{}", size.0, size.1), &model);
    }
}

#[test]
fn as_they_look() {
    golden("live", &many(), &[]);
    golden("list", &many(), &["o"]);
    golden("evidence", &rejected(), &["v", "enter"]);
    let mut plain = shown((80, 24), &many());
    press(&mut plain, "o");
    check_ascii("checks/list-plain-80x24", &plain);
}

#[test]
fn they_fill_while_the_bake_runs() {
    let mut journal = Journal::going();
    journal.add(EventKind::CheckStarted { check: "layer.setuid".into() });
    let mut model = shown((140, 40), &journal);
    assert!(grids(&model, false).0.contains("◌ layer.setuid"));
    let known = journal.records.len();
    journal.judged("layer.setuid", CheckVerdict::Fail, "layer.setuid", "/usr/bin/sudo: setuid; 4755 0:0");
    tell(&mut model, &journal.records[known..]);
    assert!(grids(&model, false).0.contains("✖ layer.setuid /usr/bin/sudo: setuid"));
}

/// The identifiers in the order they stand on the screen.
fn order(model: &Model) -> Vec<String> {
    let text = grids(model, false).0;
    let ids = ["base.", "lineage.", "layer.", "image.", "test."];
    let of = |line: &str| {
        let word = line.get(..).unwrap_or("").trim_start_matches(['▌', ' ']).split(' ').nth(1)?.to_owned();
        ids.iter().any(|id| word.starts_with(id)).then_some(word)
    };
    text.lines().skip(2).filter_map(of).collect()
}

#[test]
fn the_contracts_order_where_there_is_room_and_the_worst_first_where_there_is_not() {
    let roomy = order(&shown((140, 60), &many()));
    assert_eq!(roomy.len(), 16);
    assert_eq!(roomy[..3], ["base.signature", "base.age", "base.fresh"]);
    assert_eq!(roomy.last().unwrap(), "test.imports");
    for size in [(60, 16), (80, 24)] {
        let mut model = shown(size, &rejected());
        press(&mut model, "v");
        let short = order(&model);
        assert_eq!(short[..3], ["layer.setuid", "image.user", "base.fresh"], "{size:?}");
    }
    let mut unfocused = shown((80, 20), &rejected());
    let text = grids(&unfocused, false).0;
    assert!(text.contains("✖ layer.setuid") && text.contains("? image.user") && text.contains(" more o"), "{text}");
    press(&mut unfocused, "o");
    press(&mut unfocused, "G");
    assert!(!grids(&unfocused, false).0.contains(" more o"), "whoever moves in it sees all");
}

#[test]
fn a_check_opens_to_its_evidence_its_rule_and_its_mend() {
    for size in SIZES {
        let mut model = shown(size, &rejected());
        ended(&mut model, false);
        assert_eq!(press(&mut model, "v"), [], "there is no image: its checks get the keys");
        assert_eq!(model.bake.selected_check().unwrap().id, "layer.setuid");
        press(&mut model, "enter");
        assert_eq!(model.bake.focus.0, Focus::Evidence);
        let mut seen = String::new();
        for _ in 0..12 {
            seen.push_str(&grids(&model, false).0);
            press(&mut model, "j");
        }
        for text in ["/usr/bin/su: setuid", "rule  No layer of its own brings", "mend  Take the bit away"] {
            assert!(seen.contains(text), "{size:?}: {text}");
        }
        let [Effect::Copy(text)] = &press(&mut model, "y")[..] else { panic!("nothing copied") };
        assert_eq!(text.lines().count(), 2);
        press(&mut model, "esc");
        press(&mut model, "n");
        assert_eq!(model.bake.selected_check().unwrap().id, "image.user");
        press(&mut model, "esc");
        assert_eq!(model.bake.focus.0, Focus::Steps);
    }
}

#[test]
fn the_selected_check_stays_selected_while_others_end() {
    let mut journal = many();
    let mut model = shown((80, 24), &journal);
    press(&mut model, "o");
    press(&mut model, "j");
    let before = model.bake.selected_check().unwrap().id.clone();
    let known = journal.records.len();
    journal.judged("layer.secrets", CheckVerdict::Fail, "layer.secret", "/root/.ssh/id_rsa: line 1: private-key");
    tell(&mut model, &journal.records[known..]);
    assert_eq!(model.bake.selected_check().unwrap().id, before);
}

#[test]
fn a_rejected_bake_says_in_line_two_which_check_said_no_first() {
    for size in SIZES {
        let model = shown(size, &rejected());
        let line = grids(&model, false).0.lines().nth(1).unwrap().to_owned();
        assert!(line.contains("rejected by layer.setuid"), "{line}");
    }
}

#[test]
fn a_bake_that_runs_says_in_line_two_what_already_says_no() {
    for size in SIZES {
        let line = grids(&shown(size, &many()), false).0.lines().nth(1).unwrap().to_owned();
        assert!(line.contains("✖ layer.setuid  baking"), "{line}");
    }
    let line = grids(&shown((80, 24), &Journal::going()), false).0.lines().nth(1).unwrap().to_owned();
    assert!(!line.contains('✖'), "{line}");
}

#[test]
fn v_verifies_the_image_a_bake_made() {
    let mut journal = Journal::going();
    journal.committed();
    journal.over(BakeStatus::Ok, None);
    let mut model = shown((80, 24), &journal);
    let image = "local/team-a/payments-api:1.4.0".to_owned();
    assert_eq!(press(&mut model, "v"), [Effect::Verify(verify::Effect::Verify { image, run: 1 })]);
    assert_eq!(model.screen, Screen::Verify);
    let mut early = shown((80, 24), &Journal::going());
    assert_eq!(press(&mut early, "v"), []);
    assert!(!early.toasts.is_empty());
}
