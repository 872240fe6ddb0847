//! `/` on every list: what it finds is marked, `!` turns it round, `n` and `N` go from one to the next.

use bakery::tui::model::Model;

use super::super::diff::compared;
use super::super::golden::grids;
use super::super::verify::{rejected, shown};
use super::{house, press, text, write};

/// Cells in the role of what a filter finds, below line 2.
fn found(model: &Model) -> usize {
    let (_, roles) = grids(model, false);
    roles.lines().skip(2).map(|line| line.matches('m').count()).sum()
}

fn filter(model: &mut Model, typed: &str) {
    press(model, &["/"]);
    write(model, typed);
    press(model, &["enter"]);
}

#[test]
fn what_is_found_is_marked_on_every_list() {
    let size = (140, 40);
    let on = |screen: &str| {
        let mut model = house(size);
        press(&mut model, &[screen]);
        model
    };
    for (mut model, typed) in [
        (on("1"), "pyth"),
        (on("2"), "pytho"),
        (on("7"), "reject"),
        (shown(size, rejected()), "contract"),
        (compared(size), "conf"),
    ] {
        filter(&mut model, typed);
        assert!(found(&model) >= typed.len(), "{typed}: {}", text(&model));
    }
    let mut settings = compared(size);
    press(&mut settings, &["]"]);
    filter(&mut settings, "ssl");
    assert!(found(&settings) >= 3, "{}", text(&settings));
}

#[test]
fn turned_round_it_leaves_the_others() {
    let counts = |screen: &str, typed: &str| {
        let mut model = house((140, 40));
        press(&mut model, &[screen]);
        let all = (model.recipes.len(), model.bakes.len());
        filter(&mut model, typed);
        let some = (model.recipes.len(), model.bakes.len());
        press(&mut model, &["esc"]);
        filter(&mut model, &format!("!{typed}"));
        assert_eq!(found(&model), 0, "what is not there cannot be marked");
        (all, some, (model.recipes.len(), model.bakes.len()))
    };
    let (all, some, others) = counts("2", "python");
    assert_eq!((some.0 + others.0, some.0 > 0 && others.0 > 0), (all.0, true));
    let (all, some, others) = counts("7", "reports");
    assert_eq!((some.1 + others.1, some.1 > 0 && others.1 > 0), (all.1, true));
}

#[test]
fn n_goes_to_the_next_and_back() {
    for screen in ["2", "7"] {
        let mut model = house((140, 40));
        press(&mut model, &[screen]);
        filter(&mut model, "team");
        let at = |model: &Model| (model.recipes.cursor.selected, model.bakes.cursor.selected);
        let first = at(&model);
        press(&mut model, &["n"]);
        assert_ne!(at(&model), first);
        press(&mut model, &["N"]);
        assert_eq!(at(&model), first);
    }
}
