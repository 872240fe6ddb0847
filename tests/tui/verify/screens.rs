//! Every state of the Verify screen, as it looks.

use bakery::report::{Kind, Report};
use bakery::tui::model::Model;

use super::super::golden::{check, check_ascii, grids};
use super::{answer, asked, blank, long, press, rejected, shown, unreachable, verified, warned};

const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (140, 40), (200, 60)];

fn golden(name: &str, make: impl Fn((u16, u16)) -> Model) {
    for size in SIZES {
        check(&format!("verify/{name}-{}x{}", size.0, size.1), &make(size));
    }
}

fn then(name: &str, keys: &[&str], make: impl Fn((u16, u16)) -> Model) {
    golden(name, |size| {
        let mut model = make(size);
        press(&mut model, keys);
        model
    });
}

fn unusable() -> Report {
    Report::message(Kind::Unreachable, "cannot reach registry.example")
        .while_doing("local/team-a/payments-api:1.4.0 cannot be verified")
        .help("check the address under `stores:` in bakery.yaml, and the network between here and there")
}

#[test]
fn before_anything_is_there() {
    golden("empty", blank);
    golden("loading", asked);
    then("given-up", &["ctrl-c"], asked);
    golden("error", |size| {
        let mut model = asked(size);
        answer(&mut model, Err(unusable()));
        model
    });
}

#[test]
fn the_chain_by_its_verdict() {
    golden("verified", |size| shown(size, verified()));
    golden("warned", |size| shown(size, warned()));
    golden("rejected", |size| shown(size, rejected()));
    golden("unknown", |size| shown(size, unreachable()));
    then("again", &["r"], |size| shown(size, rejected()));
    check_ascii("verify/rejected-plain-80x24", &shown((80, 24), rejected()));
    check_ascii("verify/rejected-plain-140x40", &shown((140, 40), rejected()));
}

#[test]
fn folded_opened_and_sifted() {
    then("folded", &["h", "h"], |size| shown(size, rejected()));
    then("opened", &["*", "g", "g"], |size| shown(size, rejected()));
    then("level", &["h"], |size| shown(size, rejected()));
    then("filter", &["/", "d", "i", "f", "f"], |size| shown(size, rejected()));
    then("failing", &["/", "!", "p", "a", "s", "s", "enter"], |size| shown(size, rejected()));
    then("nothing", &["/", "x", "y", "z"], |size| shown(size, rejected()));
}

#[test]
fn one_check_in_full() {
    then("evidence", &["enter"], |size| shown(size, rejected()));
    then("long", &["enter", "j", "j", "j"], |size| shown(size, long()));
    then("long-end", &["enter", "G"], |size| shown(size, long()));
    then("exception", &["x"], |size| shown(size, rejected()));
    then("help", &["?"], |size| shown(size, rejected()));
    let mut plain = shown((80, 24), rejected());
    press(&mut plain, &["x"]);
    check_ascii("verify/exception-plain-80x24", &plain);
}

#[test]
fn line_two_says_in_one_word_what_it_comes_to() {
    let line = |model: &Model| grids(model, false).0.lines().nth(1).unwrap().to_owned();
    let of = |found| line(&shown((100, 30), found));
    assert!(of(verified()).contains("✔ verified: 15 checks"), "{}", of(verified()));
    assert!(of(warned()).contains("▲ passed with 1 warning "), "{}", of(warned()));
    assert!(of(rejected()).contains("✖ rejected: 1 of 15 checks failed"), "{}", of(rejected()));
    assert!(of(unreachable()).contains("? unknown: 5 of 11 checks"), "{}", of(unreachable()));
    let mut again = shown((100, 30), verified());
    press(&mut again, &["r"]);
    assert!(line(&again).contains("◌ verifying again · before: verified: 15 checks"), "{}", line(&again));
}

#[test]
fn evidence_is_never_cut_off_for_good() {
    for size in SIZES {
        let mut model = shown(size, long());
        press(&mut model, &["enter"]);
        let mut seen = String::new();
        for _ in 0..400 {
            seen.push_str(&grids(&model, false).0);
            press(&mut model, &["j"]);
        }
        for number in 1..50 {
            assert!(seen.contains(&format!("tool-{number}:")), "{size:?}: line {number}");
        }
        assert!(seen.contains("and 712 more") && seen.contains("chmod"), "{size:?}");
    }
}
