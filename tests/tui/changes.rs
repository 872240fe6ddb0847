//! The tree of changed files on the Bake screen: an estimate that grows, the exact layer after it, a shell at a failure.

use std::time::Instant;

use bakery::domain::journal::{BakeStatus, ChangeOp, CheckVerdict, EventKind, SeenAgainst, SeenChange};
use bakery::domain::oci::Digest;
use bakery::domain::plan::CacheKey;
use bakery::domain::projection::{ChangeTree, OwnChange};
use bakery::report::{Kind, Report};
use bakery::tui::effect::Effect;
use bakery::tui::model::Model;
use bakery::tui::msg::Msg;
use bakery::tui::screens::bake;
use bakery::tui::update::update;

use super::bake::{BAKE, Journal, ended, failure, press, shown, step, tell};
use super::golden::{check, check_ascii, grids};

const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (140, 40), (200, 60)];

fn seen(op: ChangeOp, path: &str, size: u64) -> SeenChange {
    SeenChange::new(op, path, size, 0o644)
}

fn added(path: &str, size: u64) -> SeenChange {
    seen(ChangeOp::Added, path, size)
}

fn batch(journal: &mut Journal, id: &str, changes: Vec<SeenChange>) {
    journal.add(EventKind::LayerChanged { step: step(id), changes });
}

/// What installing a package looks like, in two batches.
fn growing() -> Journal {
    let mut journal = Journal::going();
    let first = vec![
        added("/usr/bin/curl", 301_000),
        added("/usr/lib/x86_64-linux-gnu/libcurl.so.4.8.0", 752_000),
        added("/usr/lib/x86_64-linux-gnu/libnghttp2.so.14", 190_000),
        added("/usr/share/doc/curl/changelog.gz", 64_000),
        added("/usr/share/doc/curl/copyright", 9_100),
        added("/home/app/.profile", 807),
    ];
    batch(&mut journal, "2", first);
    let second = vec![
        seen(ChangeOp::Modified, "/var/lib/dpkg/status", 112_000),
        seen(ChangeOp::Deleted, "/var/cache/apt/pkgcache.bin", 0),
        added("/usr/share/doc/libcurl4/copyright", 9_100),
        SeenChange { mode: 0o4755, ..added("/usr/bin/newgrp", 40_664) },
    ];
    batch(&mut journal, "2", second);
    journal.output("2", b"Setting up curl (7.88.1-10+deb12u8) ...\n");
    journal
}

fn exact(entries: &[(ChangeOp, &str, u64, bool)]) -> Box<ChangeTree> {
    let mut tree = ChangeTree::default();
    for (op, path, size, folder) in entries {
        tree.put(path, OwnChange { op: *op, size: *size, mode: 0o755 }, *folder);
    }
    Box::new(tree)
}

fn told(model: &mut Model, id: &str, read: Result<Box<ChangeTree>, Report>) {
    update(model, Msg::Bake(bake::Msg::Changes { bake: BAKE.into(), step: step(id), read }));
}

fn golden(name: &str, journal: &Journal, then: impl Fn(&mut Model)) {
    for (width, height) in SIZES {
        let mut model = shown((width, height), journal);
        then(&mut model);
        check(&format!("changes/{name}-{width}x{height}"), &model);
    }
}

/// The lines of the screen's step pane that name a path, as they are.
fn text(model: &Model) -> String {
    grids(model, false).0
}

#[test]
fn the_tree_grows_and_marks_what_has_just_come() {
    golden("growing", &growing(), |_| {});
    golden("read", &growing(), |model| {
        press(model, "c");
        press(model, "j");
    });
    check_ascii("changes/growing-plain-140x40", &shown((140, 40), &growing()));
}

/// A step that makes a setuid program, leaves a key, and lets anybody write.
fn violating() -> Journal {
    use CheckVerdict::{Fail, Warn};
    let against = |path: &str, mode, (check, verdict): (&str, CheckVerdict)| SeenChange {
        against: vec![SeenAgainst { check: check.into(), verdict }],
        mode,
        ..added(path, 1_704)
    };
    let mut journal = growing();
    let changes = vec![
        against("/usr/bin/newgrp", 0o4755, ("layer.setuid", Fail)),
        against("/srv/app/id_ed25519", 0o600, ("layer.secrets", Fail)),
        against("/srv/app/spool", 0o666, ("layer.world-writable", Warn)),
    ];
    batch(&mut journal, "2", changes);
    journal.judged("layer.setuid", Fail, "setuid.found", "/usr/bin/newgrp: runs as its owner (04755)");
    journal.judged(
        "layer.secrets",
        Fail,
        "secret.found",
        "/srv/app/id_ed25519:1: private-key b3Bl*** (364 characters)",
    );
    journal
}

#[test]
fn what_breaks_a_check_is_marked_while_the_step_runs_and_in_its_layer() {
    golden("violating", &violating(), |_| {});
    check_ascii("changes/violating-plain-140x40", &shown((140, 40), &violating()));
    let mut journal = violating();
    journal.done("2", 1_200_000);
    golden("violated", &journal, |model| {
        use ChangeOp::Added;
        let entries = [
            (Added, "srv/app", 0, true),
            (Added, "srv/app/id_ed25519", 1_704, false),
            (Added, "srv/app/spool", 1_704, false),
            (Added, "usr/bin/curl", 301_000, false),
            (Added, "usr/bin/newgrp", 40_664, false),
        ];
        told(model, "2", Ok(exact(&entries)));
    });
    // What is well again, and what is gone, is marked no more.
    let mut journal = violating();
    batch(&mut journal, "2", vec![SeenChange { mode: 0o755, ..added("/usr/bin/newgrp", 40_664) }]);
    batch(&mut journal, "2", vec![seen(ChangeOp::Deleted, "/srv/app", 0)]);
    let text = text(&shown((140, 40), &journal));
    let tree = text.lines().filter(|line| line.contains('│') && !line.contains("layer."));
    assert!(!tree.clone().any(|line| line.contains('✖') || line.contains('▲')), "{text}");
}

#[test]
fn a_sealed_layer_is_told_exactly() {
    let mut journal = growing();
    journal.done("2", 1_200_000);
    let layer = || {
        use ChangeOp::{Added, Deleted, Modified};
        exact(&[
            (Modified, "etc/group", 520, false),
            (Modified, "etc/passwd", 960, false),
            (Added, "home/app", 0, true),
            (Added, "home/app/.profile", 807, false),
            (Added, "usr/bin/curl", 301_000, false),
            (Added, "usr/lib/x86_64-linux-gnu/libcurl.so.4.8.0", 752_000, false),
            (Added, "usr/share/doc/curl", 0, true),
            (Added, "usr/share/doc/curl/copyright", 9_100, false),
            (Deleted, "var/cache/apt/archives", 0, true),
            (Deleted, "var/cache/apt/archives/lock", 0, false),
            (Modified, "var/lib/dpkg/status", 112_000, false),
        ])
    };
    golden("sealed", &journal, |model| told(model, "2", Ok(layer())));
    golden("unread", &journal, |model| {
        let why = Report::message(Kind::Failed, "base global/python:3.12 is not on this machine any more");
        told(model, "2", Err(why));
    });
    let mut journal = Journal::going();
    for id in ["2", "3"] {
        journal.add(EventKind::StepCached { step: step(id), key: CacheKey(Digest::of(b"key")) });
        journal.sealed(id, 104_000);
    }
    journal.committed();
    journal.over(BakeStatus::Ok, None);
    golden("cached", &journal, |model| {
        ended(model, false);
        told(model, "3", Ok(layer()));
    });
}

#[test]
fn a_layer_that_only_takes_away() {
    let mut journal = Journal::going();
    journal.done("2", 1_034);
    let gone = ["usr/share/doc", "usr/share/man"].map(|folder| {
        let files = (1..40).map(move |n| (ChangeOp::Deleted, format!("{folder}/page-{n}"), 812, false));
        std::iter::once((ChangeOp::Deleted, folder.to_owned(), 0, true)).chain(files).collect::<Vec<_>>()
    });
    let entries: Vec<(ChangeOp, String, u64, bool)> = gone.into_iter().flatten().collect();
    let entries: Vec<(ChangeOp, &str, u64, bool)> =
        entries.iter().map(|(op, path, size, folder)| (*op, path.as_str(), *size, *folder)).collect();
    golden("deleted", &journal, |model| told(model, "2", Ok(exact(&entries))));
}

#[test]
fn two_hundred_thousand_files_are_a_summary() {
    let mut journal = Journal::going();
    let changes: Vec<SeenChange> = (0..200_000_u64)
        .map(|n| added(&format!("/srv/node_modules/package-{:03}/lib/file-{n}.js", n % 400), n % 9000))
        .collect();
    for part in changes.chunks(20_000) {
        batch(&mut journal, "2", part.to_vec());
    }
    golden("many", &journal, |_| {});
    // Opened down to the files of the last folder: what is not kept singly is counted.
    golden("many-read", &journal, |model| {
        for key in ["c", "G", "l", "G"] {
            press(model, key);
        }
    });
}

#[test]
fn a_flood_is_taken_in_and_drawn_within_a_frame() {
    let mut model = shown((200, 60), &growing());
    let mut slowest = std::time::Duration::ZERO;
    for round in 0..4 {
        let changes: Vec<SeenChange> =
            (0..5000).map(|n| added(&format!("/opt/flood/f{round}-{n}"), 1_000_000 + n)).collect();
        let mut journal = Journal::going();
        let known = journal.records.len();
        batch(&mut journal, "2", changes);
        let began = Instant::now();
        tell(&mut model, &journal.records[known..]);
        grids(&model, false);
        slowest = slowest.max(began.elapsed());
        if round == 0 {
            // With all of them open, and sorted.
            for key in ["c", "s", "g", "g", "l"] {
                press(&mut model, key);
            }
        }
    }
    let text = text(&model);
    assert!(text.contains("+20,008") && text.contains("f0-4999"), "{text}");
    // A build without optimisations is some ten times slower, and the machine may be busy.
    assert!(slowest.as_millis() < 1000, "{slowest:?}");
}

#[test]
fn the_exact_layer_is_asked_for_once_and_for_the_selected_step() {
    let mut journal = growing();
    let mut model = shown((140, 40), &journal);
    let known = journal.records.len();
    journal.done("2", 1_200_000);
    let asked = |effects: &[Effect]| -> Vec<String> {
        let step = |effect: &Effect| match effect {
            Effect::Bake(bake::Effect::Changes { step, stack, .. }) => Some(format!("{step} on {}", stack.below.len())),
            _ => None,
        };
        effects.iter().filter_map(step).collect()
    };
    assert_eq!(asked(&tell(&mut model, &journal.records[known..])), ["2 on 1"]);
    assert!(text(&model).contains("+31  ~4 -14"), "the seal's counts stand before the files are read");
    assert_eq!(asked(&press(&mut model, "k")), ["1 on 0"]);
    assert_eq!(asked(&press(&mut model, "k")), Vec::<String>::new(), "the base made no layer here");
    told(&mut model, "1", Ok(exact(&[(ChangeOp::Added, "usr/bin/curl", 301_000, false)])));
    assert_eq!(asked(&press(&mut model, "j")), Vec::<String>::new(), "it has been read");
    assert!(text(&model).contains("curl"), "{}", text(&model));
}

#[test]
fn whoever_reads_the_files_stays_with_them_when_the_next_step_begins() {
    let mut journal = growing();
    let mut model = shown((140, 40), &journal);
    let known = journal.records.len();
    for key in ["c", "j", "j"] {
        press(&mut model, key);
    }
    let line = |model: &Model| text(model).lines().position(|line| line.contains("▌") && line.contains("/usr/"));
    let before = line(&model);
    assert!(before.is_some(), "{}", text(&model));
    batch(&mut journal, "2", vec![added("/etc/a", 1), added("/bin/b", 1)]);
    journal.done("2", 1_200_000);
    journal.add(EventKind::StepStarted { step: step("3") });
    tell(&mut model, &journal.records[known..]);
    assert_eq!(model.bake.selected().unwrap().id, step("2"));
    told(&mut model, "2", Ok(exact(&[(ChangeOp::Added, "usr/bin/curl", 301_000, false)])));
    assert!(line(&model).is_some(), "it still stands on /usr: {}", text(&model));
    press(&mut model, "esc");
    press(&mut model, "esc");
    tell(&mut model, &[]);
    assert_eq!(model.bake.selected().unwrap().id, step("3"), "and is let go");
}

#[test]
fn the_last_words_of_a_script_are_in_sight_whatever_it_said_before() {
    let mut why = failure("step 2 (run) failed", "the script ended with status 1", "mend it");
    why.causes.extend(["making things", "cat: /etc/no-such-file"].map(str::to_owned));
    let mut journal = growing();
    journal.add(EventKind::StepFailed { step: step("2"), millis: 3120, failure: why.clone() });
    journal.over(BakeStatus::Failed, Some(why));
    let mut model = shown((80, 24), &journal);
    ended(&mut model, false);
    assert_eq!(text(&model).matches("cat: /etc/no-such-file").count(), 2, "of the bake and of the step");
}

#[test]
fn a_shell_is_offered_where_a_script_or_a_test_failed_and_only_there() {
    let why = failure("step 2 (run) failed", "exit status 7", "read its log, mend the recipe, press b");
    let mut journal = growing();
    journal.output("2", b"useradd: group app exists\n");
    journal.add(EventKind::StepFailed { step: step("2"), millis: 3120, failure: why.clone() });
    let effects = press(&mut shown((80, 24), &journal), "t");
    assert_eq!(effects, [Effect::Shell("recipes/pay/pay.yaml@2".into())], "also before the bake is over");
    for pane in ["c", "l"] {
        let mut model = shown((80, 24), &journal);
        press(&mut model, pane);
        assert_eq!(press(&mut model, "t").len(), 1, "wherever one reads about it");
    }
    journal.over(BakeStatus::Failed, Some(why.clone()));
    golden("failed", &journal, |model| ended(model, false));

    let mut journal = Journal::going();
    journal.done("2", 1);
    journal.add(EventKind::StepFailed { step: step("3"), millis: 1, failure: why });
    let mut model = shown((140, 40), &journal);
    assert_eq!(press(&mut model, "t"), [], "a copy runs nothing a shell could look into");
    assert!(!text(&model).contains("shell"));
    assert_eq!(press(&mut shown((140, 40), &growing()), "t"), [], "nothing has failed yet");

    let mut journal = Journal::going();
    journal.done("2", 1);
    journal.done("3", 1);
    journal.judged("test.imports", CheckVerdict::Fail, "test.exit", "exit status 1");
    journal.over(BakeStatus::Rejected, Some(failure("1 of 1 checks failed", "test.imports", "mend it")));
    let mut model = shown((140, 40), &journal);
    assert!(text(&model).contains("t shell"));
    assert_eq!(press(&mut model, "t"), [Effect::Shell("recipes/pay/pay.yaml".into())]);
}
