//! What grows with an image stays out of `update` and of drawing: told by what is asked for and made, not by time.

use bakery::domain::layer::Entry;
use bakery::tui::effect::Effect;
use bakery::tui::msg::Msg;
use bakery::tui::screens::Compare;
use bakery::tui::screens::diff::{Effect as Wanted, Matter};
use bakery::tui::theme::Look;
use bakery::tui::update::update;
use bakery::tui::view::draw;
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{answer, file, image, layer, opened, press};

/// Folders of a hundred files each.
fn many(folders: usize) -> Matter {
    let entries: Vec<Entry> = (0..folders * 100)
        .map(|n| file(&format!("srv/package-{:04}/file-{:02}.js", n / 100, n % 100), (n as u64 * 37) % 9000, 1))
        .collect();
    Matter::alone(image("local/large:1", vec![(("local/large:1", "bakery copy"), layer(entries, &[]))]))
}

#[test]
fn only_what_is_open_has_rows_and_only_sifting_and_sorting_look_at_everything() {
    let mut model = opened((120, 40), Compare::Image("local/large:1".into()), Ok(many(500)));
    assert_eq!(model.diff.files.listing.as_ref().unwrap().forest.branches().len(), 50_501);
    assert_eq!(model.diff.files.rows.len(), 501, "closed folders have no rows for what is in them");
    let asks = |effects: Vec<Effect>| effects.iter().any(|e| matches!(e, Effect::Diff(Wanted::List(_))));
    let mut press_one = |key: &str| asks(update(&mut model, Msg::Key(key.parse().unwrap())));
    for key in ["j", "G", "k", "pagedown", "ctrl-u", "l", "h", "enter", "]", "[", "g", "g", "-"] {
        assert_eq!(press_one(key), key == "-", "{key} looks at no more than it shows");
    }
    for key in ["s", "T", "o", "f", "*", "-", "/"] {
        assert_eq!(press_one(key), key != "/", "{key} is done elsewhere");
    }
}

#[test]
fn sorting_another_way_keeps_the_tree_that_was_made() {
    let mut model = opened((120, 40), Compare::Image("local/large:1".into()), Ok(many(5)));
    let forest = |model: &bakery::tui::model::Model| {
        let listing = model.diff.files.listing.as_ref().unwrap();
        (std::sync::Arc::as_ptr(&listing.forest), std::sync::Arc::as_ptr(&listing.changes))
    };
    let before = forest(&model);
    press(&mut model, &["s", "T", "s", "*", "-"]);
    assert_eq!(forest(&model), before);
    press(&mut model, &["o"]);
    assert_eq!(forest(&model).1, before.1, "sifting keeps the changes");
    assert_ne!(forest(&model).0, before.0);
}

#[test]
fn a_folder_that_holds_very_much_is_opened_elsewhere() {
    let mut model = opened((120, 40), Compare::Image("local/large:1".into()), Ok(many(2001)));
    press(&mut model, &["h"]);
    assert_eq!(model.diff.files.rows.len(), 1);
    let effects = update(&mut model, Msg::Key("l".parse().unwrap()));
    assert_eq!(model.diff.files.rows.len(), 1, "the rows come with the answer");
    answer(&mut model, effects);
    assert_eq!(model.diff.files.rows.len(), 2002);
}

#[test]
fn whoever_is_not_waited_for_stops() {
    let mut model = opened((120, 40), Compare::Image("local/large:1".into()), Ok(many(500)));
    press(&mut model, &["/"]);
    let effects = update(&mut model, Msg::Paste("file".into()));
    let [Effect::Diff(Wanted::List(request))] = effects.as_slice() else { panic!("{effects:?}") };
    let stopped = request.answer(&|| true);
    assert!(stopped.listing.forest.branches().len() < 5000, "{}", stopped.listing.forest.branches().len());
    answer(&mut model, effects);
    assert_eq!(model.diff.files.rows.len(), 50_501, "all of it is open");
}

#[test]
fn a_cursor_key_costs_few_bytes() {
    let mut model = opened((120, 40), Compare::Image("local/large:1".into()), Ok(many(500)));
    press(&mut model, &["j", "l"]);
    let area = Rect::new(0, 0, 120, 40);
    let look = Look::of_roles(false);
    let mut shown = Buffer::empty(area);
    draw(&model, &look, &mut shown);
    for key in ["j", "j", "k", "j", "k"] {
        press(&mut model, &[key]);
        let mut next = Buffer::empty(area);
        draw(&model, &look, &mut next);
        let mut bytes = Vec::new();
        CrosstermBackend::new(&mut bytes).draw(shown.diff(&next).into_iter()).unwrap();
        assert!(!bytes.is_empty() && bytes.len() < 2000, "{key}: {} bytes", bytes.len());
        shown = next;
    }
}
