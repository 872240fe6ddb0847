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
