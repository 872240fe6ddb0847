//! Help in the editor, in a real terminal: what the base has is offered where it belongs.

use super::{in_demo, opened, stocked};

#[test]
fn the_bases_users_are_offered_chosen_and_taken_back() {
    let bakery = stocked();
    let recipe = bakery.path("shop/recipes/team-a/payments-api/payments-api.yaml");
    let mut terminal = opened(&in_demo(&bakery), 120, 36);
    terminal.send("2");
    terminal.wait_text("team-a/payments-api:1.4.0");
    terminal.send("/payments\r");
    terminal.wait_for("only that one", |screen| !screen.contents().contains("team-a/storefront"));
    terminal.send("e");
    terminal.wait_text("base: global/python:3");
    // To the user, and all of it away.
    terminal.send("\x1bg18\r");
    terminal.wait_text("line 18, column 1");
    terminal.send("\x1b[F");
    for _ in 0.."\"1000:1000\"".len() {
        terminal.send("\x7f");
    }
    terminal.wait_text("line 18, column 9");
    terminal.send("\t");
    terminal.wait_text("daemon");
    terminal.send("nob");
    terminal.wait_for("what fits only", |screen| {
        screen.contents().contains("nobody") && !screen.contents().contains("daemon")
    });
    terminal.send("\t");
    terminal.wait_text("user: nobody");
    terminal.send("\x0f");
    terminal.wait_text("saved ");
    assert!(std::fs::read_to_string(&recipe).unwrap().contains("\n  user: nobody\n"));
    terminal.send("\x1b");
    terminal.wait_text("? help");
    terminal.send("q");
    terminal.ends_with(0);
}
