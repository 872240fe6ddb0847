//! Who vouches for two images, and what their checks say, side by side.

use std::sync::Arc;

use bakery::domain::trust::{CheckVerdict, Verified, reason};
use bakery::report::{Kind, Report};
use bakery::tui::effect::Effect;
use bakery::tui::model::Model;
use bakery::tui::msg::Msg;
use bakery::tui::screens::Compare;
use bakery::tui::screens::diff::{self, Matter, Tab, TrustRow};
use bakery::tui::update::update;

use super::super::golden::{check, check_ascii, grids};
use super::super::verify as trust;
use super::{after, alone, compared, opened, pair, press};

const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (140, 40), (200, 60)];

fn names() -> [String; 2] {
    let Compare::Images { before, after } = pair() else { panic!("two images") };
    [before, after]
}

/// Before: all is well. After: unsigned, and the contract is broken; a test came.
fn sides() -> [Verified; 2] {
    let mut worse = trust::rejected();
    worse.chain[0].signed_by.clear();
    let nothing = "nothing is attached to 3f9a…c1 that signs it";
    worse.chain[0].checks[6] = trust::check("image.signature", CheckVerdict::Fail, reason::UNSIGNED, &[nothing]);
    let mut before = trust::verified();
    before.chain[0].checks.pop();
    before.chain[0].reference = names()[0].clone();
    let chain = std::mem::take(&mut worse.chain);
    [before, Verified::new(worse.image, worse.digest, chain)]
}

/// The part opened, both sides told.
fn told(size: (u16, u16), sides: [Result<Verified, Report>; 2]) -> Model {
    let mut model = compared(size);
    press(&mut model, &["]", "]", "]"]);
    let [before, after] = names();
    let [one, other] = sides.map(|side| side.map(Arc::new));
    update(&mut model, Msg::Diff(diff::Msg::Trusted { before: (before, one), after: (after, other) }));
    model
}

#[test]
fn as_it_looks() {
    for size in SIZES {
        let name = |what: &str| format!("diff/trust-{what}-{}x{}", size.0, size.1);
        let mut model = compared(size);
        press(&mut model, &["]", "]", "]"]);
        check(&name("reading"), &model);
        let mut model = told(size, sides().map(Ok));
        check(&name("changed"), &model);
        press(&mut model, &["enter"]);
        check(&name("detail"), &model);
        let gone = Report::message(Kind::Unreachable, "cannot reach registry.example").help("try again");
        let [_, after] = sides();
        check(&name("unverified"), &told(size, [Err(gone), Ok(after)]));
    }
    check_ascii("diff/trust-changed-plain-140x40", &told((140, 40), sides().map(Ok)));
}

#[test]
fn both_are_verified_when_the_part_is_first_opened_and_only_then() {
    let mut model = compared((140, 40));
    let [before, after] = names();
    let asked = Effect::Diff(diff::Effect::Trust { before, after });
    assert_eq!(press(&mut model, &["]", "]"]), []);
    assert_eq!(press(&mut model, &["]"]), std::slice::from_ref(&asked));
    assert_eq!(press(&mut model, &["[", "]", "j"]), []);
    assert_eq!(press(&mut model, &["r"]), [asked], "r verifies both again");
    assert_eq!(model.diff.tab, Tab::Trust);
}

#[test]
fn one_image_has_nothing_to_be_compared_with() {
    let mut model = alone((140, 40));
    for _ in 0..8 {
        press(&mut model, &["]"]);
        assert_ne!(model.diff.tab, Tab::Trust);
    }
    assert!(!grids(&model, false).0.contains("Trust"));
}

#[test]
fn what_changed_is_marked_and_counted_and_the_first_of_it_selected() {
    let model = told((140, 40), sides().map(Ok));
    let changed: Vec<&str> = model
        .diff
        .trust
        .rows
        .iter()
        .filter(|row| row.differs())
        .map(|row| match row {
            TrustRow::Check(id, _) => id.as_str(),
            TrustRow::Signers(_) => "signers",
            _ => "other",
        })
        .collect();
    assert_eq!(changed, ["signers", "lineage.contract", "image.signature", "test.imports"]);
    let text = grids(&model, false).0;
    assert!(text.lines().nth(1).unwrap().contains("trust 4"), "{text}");
    assert!(text.lines().any(|line| line.starts_with('▌') && line.contains("signed by")), "{text}");
}

#[test]
fn an_answer_about_other_images_changes_nothing() {
    let mut model = told((80, 24), sides().map(Ok));
    let rows = model.diff.trust.rows.clone();
    let late = |image: &str| (image.to_owned(), Ok(Arc::new(trust::verified())));
    update(&mut model, Msg::Diff(diff::Msg::Trusted { before: late("a"), after: late("b") }));
    assert_eq!(model.diff.trust.rows, rows);
    let other = Compare::Image("local/x:1".into());
    let mut alone = opened((80, 24), other, Ok(Matter::alone(after())));
    update(&mut alone, Msg::Diff(diff::Msg::Trusted { before: late("a"), after: late("b") }));
    assert!(alone.diff.trust.rows.is_empty());
}

#[test]
fn it_is_sifted_by_name_reason_and_verdict() {
    let mut model = told((140, 40), sides().map(Ok));
    press(&mut model, &["/", "f", "a", "i", "l", "enter"]);
    let text = grids(&model, false).0;
    assert!(text.contains("lineage.contract") && text.contains("image.signature"), "{text}");
    assert!(!text.contains("layer.setuid"), "{text}");
    press(&mut model, &["esc"]);
    assert!(grids(&model, false).0.contains("layer.setuid"));
}
