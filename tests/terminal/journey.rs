//! A person's way through the screens, keys in, screens out.

use super::{HELP, in_demo, opened, stocked};

#[test]
fn browse_open_tags_filter_help_quit() {
    let bakery = stocked();
    let mut terminal = opened(&in_demo(&bakery), 100, 30);
    terminal.wait_text("global/apache:2");
    terminal.send("j");
    terminal.wait_text("global/java:17");
    terminal.send("\r");
    terminal.wait_for("its tags", |screen| {
        screen.contents().contains("1 tag ") && !screen.contents().contains("repositories")
    });
    terminal.send("\x1b");
    terminal.wait_text("repositories");
    terminal.send("/");
    terminal.send("redis");
    terminal.wait_for("what fits the filter", |screen| {
        screen.contents().contains("global/redis:7") && !screen.contents().contains("postgres")
    });
    terminal.send("\x1b");
    terminal.wait_text("postgres");
    terminal.send("?");
    terminal.wait_text(HELP);
    terminal.send("q");
    terminal.wait_for("help closed", |screen| !screen.contents().contains(HELP));
    terminal.send("q");
    terminal.ends_with(0);
    terminal.wait_for("the terminal given back", super::is_given_back);
}

#[test]
fn the_mouse_of_a_real_terminal_moves_a_rule_turns_a_list_and_opens() {
    let bakery = stocked();
    let mut terminal = opened(&in_demo(&bakery), 100, 30);
    terminal.wait_text("global/apache:2");
    let rule = |x: u16| move |screen: &vt100::Screen| screen.cell(9, x).is_some_and(|cell| cell.contents() == "│");
    terminal.wait_for("the rule", rule(54));
    terminal.send("\x1b[<0;55;10M\x1b[<32;50;10M\x1b[<32;41;12M\x1b[<0;41;12m");
    terminal.wait_for("the rule where it was put", rule(40));
    terminal.send("\x1b[<65;5;8M");
    terminal.wait_text("global/java:17");
    terminal.send("\x1b[<0;10;8M\x1b[<0;10;8m\x1b[<0;10;8M\x1b[<0;10;8m");
    terminal.wait_for("its tags", |screen| {
        screen.contents().contains("1 tag ") && !screen.contents().contains("repositories")
    });
    terminal.send("q");
    terminal.ends_with(0);
    terminal.wait_for("the terminal given back", super::is_given_back);
}
