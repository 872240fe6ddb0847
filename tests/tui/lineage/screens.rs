//! Every state of the Lineage screen, as it looks.

use bakery::domain::lineage::Graph;
use bakery::flows::impact::{Hit, Outcome};
use bakery::flows::lineage::Lineage;
use bakery::flows::rebase::Answer;
use bakery::report::{Kind, Report};
use bakery::tui::model::Model;
use bakery::tui::msg::Msg;
use bakery::tui::screens::Held;
use bakery::tui::screens::lineage;
use bakery::tui::update::update;

use super::super::golden::{check, check_ascii, grids};
use super::{fleet, of, press, reading, rebase, select, shown, unreadable};

pub const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (96, 30), (200, 60)];
const PAYMENTS: &str = "local/team-a/payments-api:1.4.0";

pub fn golden(name: &str, make: impl Fn((u16, u16)) -> Model) {
    for size in SIZES {
        check(&format!("lineage/{name}-{}x{}", size.0, size.1), &make(size));
    }
}

fn then(name: &str, keys: &[&str]) {
    golden(name, |size| {
        let mut model = shown(size);
        press(&mut model, keys);
        model
    });
}

/// The screen with what came of a dry run.
pub fn tried(size: (u16, u16), answer: Answer) -> Model {
    let mut model = shown(size);
    select(&mut model, PAYMENTS);
    press(&mut model, &["R"]);
    let outcome = Ok(Box::new(rebase(PAYMENTS, answer)));
    update(&mut model, Msg::Lineage(lineage::Msg::Rebased { image: PAYMENTS.into(), dry_run: true, outcome }));
    model
}

/// The screen with what a new python would do.
pub fn what_if(size: (u16, u16)) -> Model {
    let mut model = shown(size);
    select(&mut model, "global/python:3.12");
    press(&mut model, &["i", "enter"]);
    let hit = |name: &str, answer: Option<Answer>, note: Option<&str>| Hit {
        reference: name.into(),
        outcome: match answer {
            Some(Answer::Safe | Answer::Current) => Outcome::Safe,
            Some(Answer::NeedsRebake) => Outcome::Rebake,
            Some(Answer::Refused) => Outcome::Refused,
            None => Outcome::Follows,
        },
        through: None,
        rebase: answer.map(|answer| Box::new(rebase(name, answer))),
        note: note.map(str::to_owned),
    };
    let hits = vec![
        hit(PAYMENTS, Some(Answer::Safe), None),
        hit("local/team-a/search:2.0", Some(Answer::NeedsRebake), None),
        hit("local/team-b/reports:2.0.1", Some(Answer::Refused), None),
        hit("teams/team-a/jobs:1", None, Some("follows local/team-a/payments-api:1.4.0")),
    ];
    let (base, onto) = ("global/python:3.12".to_owned(), "global/python:3.12".to_owned());
    update(&mut model, Msg::Lineage(lineage::Msg::Impact { base, onto, hits: Ok(Held::new(hits)) }));
    model
}

#[test]
fn before_anything_is_there() {
    golden("reading", reading);
    golden("unreadable", unreadable);
    golden("empty", |size| of(size, Lineage { graph: Graph::of(Vec::new(), &[]), unread: Vec::new() }));
    golden("partly", |size| {
        let report = Report::message(Kind::Unreachable, "cannot reach registry.example").help("check the network");
        of(size, Lineage { unread: vec![("teams".into(), report)], ..fleet() })
    });
}

#[test]
fn the_fleet_as_a_tree_and_as_a_table() {
    golden("tree", shown);
    then("table", &["t"]);
    then("table-by-urgency", &["t", "s"]);
    then("by-urgency", &["s", "g", "g"]);
    then("folded", &["minus"]);
    then("filtered", &["/", "t", "e", "a", "m", "-", "a"]);
    then("nothing", &["/", "z", "z", "z"]);
    check_ascii("lineage/tree-plain-80x24", &shown((80, 24)));
    check_ascii("lineage/tree-plain-200x60", &shown((200, 60)));
}

#[test]
fn around_one_image() {
    golden("heirs", |size| {
        let mut model = shown(size);
        select(&mut model, "global/python:3.12");
        press(&mut model, &["f"]);
        model
    });
    golden("roots", |size| {
        let mut model = shown(size);
        select(&mut model, "teams/team-a/jobs:1");
        press(&mut model, &["F"]);
        model
    });
    golden("detail", |size| {
        let mut model = shown(size);
        select(&mut model, PAYMENTS);
        press(&mut model, &["o"]);
        model
    });
    golden("marked", |size| {
        let mut model = shown(size);
        select(&mut model, PAYMENTS);
        press(&mut model, &["space", "j", "space"]);
        model
    });
}

#[test]
fn what_was_asked_and_what_came_of_it() {
    golden("rebase-safe", |size| tried(size, Answer::Safe));
    golden("rebase-question", |size| {
        let mut model = tried(size, Answer::Safe);
        press(&mut model, &["enter"]);
        model
    });
    golden("rebase-in-the-way", |size| tried(size, Answer::NeedsRebake));
    golden("base-typed", |size| {
        let mut model = shown(size);
        select(&mut model, "global/python:3.12");
        press(&mut model, &["i", "s", "t"]);
        model
    });
    golden("impact", what_if);
    then("help", &["?"]);
}

#[test]
fn line_two_counts_the_fleet() {
    let line = grids(&shown((140, 40)), false).0.lines().nth(1).unwrap().to_owned();
    let expected = "4 global bases · 5 local images · 3 of teams · 5 stale ⟳ · 1 unknown ? · 1 blocked ✖";
    assert!(line.contains(expected), "{line}");
    let narrow = grids(&shown((60, 16)), false).0.lines().nth(1).unwrap().to_owned();
    assert!(narrow.contains("5 stale ⟳ · 1 unknown ? · 1 blocked ✖"), "{narrow}");
}

#[test]
fn help_cuts_nothing_where_there_is_room() {
    for size in [(200, 60), (150, 50)] {
        let mut model = shown(size);
        press(&mut model, &["?"]);
        let text = grids(&model, false).0;
        for words in
            ["mark: roll out, rebake, verify, publish take all that is marked", "cancel what is in focus; twice leaves"]
        {
            assert!(text.contains(words), "{size:?} {words}: {text}");
        }
    }
}
