//! (model, key) -> (model, effects) on the Diff screen, and the keys that lead there.

use bakery::report::{Kind, Report};
use bakery::tui::effect::Effect;
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::{Mouse, Msg};
use bakery::tui::screens::diff::{self, Effect as Wanted, Part, Saved, Tab, Which};
use bakery::tui::screens::{Compare, Screen};
use bakery::tui::update::update;
use ratatui::layout::Position;

use super::super::golden::{grids, model};
use super::super::store::{begun, found};
use super::{alone, answer, compared, go_to, opened, pair, press};

fn text(model: &Model) -> String {
    grids(model, false).0
}

fn path(model: &Model) -> String {
    String::from_utf8(model.diff.files.selected_path().unwrap_or_default()).unwrap()
}

fn open_effects(effects: &[Effect]) -> Vec<Compare> {
    let asked = |effect: &Effect| match effect {
        Effect::Diff(Wanted::Open(asked)) => Some(asked.clone()),
        _ => None,
    };
    effects.iter().filter_map(asked).collect()
}

fn key(model: &mut Model, key: &str) -> Vec<Effect> {
    update(model, Msg::Key(key.parse().unwrap()))
}

#[test]
fn folders_open_close_and_lead_up() {
    let mut model = compared((80, 24));
    press(&mut model, &["-"]);
    assert_eq!((model.diff.files.rows.len(), path(&model)), (5, "etc".into()));
    press(&mut model, &["j", "j", "l"]);
    assert_eq!((model.diff.files.rows.len(), path(&model)), (8, "srv/app".into()));
    press(&mut model, &["l", "j"]);
    assert_eq!(path(&model), "srv/app/old");
    press(&mut model, &["enter", "j", "j"]);
    assert_eq!(path(&model), "srv/app/old/b.py");
    press(&mut model, &["h"]);
    assert_eq!(path(&model), "srv/app/old");
    press(&mut model, &["k", "h", "h"]);
    assert_eq!((model.diff.files.rows.len(), path(&model)), (5, "srv/app".into()));
    press(&mut model, &["h"]);
    assert_eq!(path(&model), "srv/app", "the left leads nowhere here");
    press(&mut model, &["l"]);
    assert_eq!(model.diff.files.rows.len(), 10, "what was open in it is open again");
    press(&mut model, &["*"]);
    assert_eq!(path(&model), "srv/app");
    let listing = model.diff.files.listing.clone().unwrap();
    let is_open = |row: &diff::Row| row.open || listing.branch(row.branch).unwrap().span == 1;
    assert!(model.diff.files.rows.iter().all(is_open) && model.diff.files.rows.len() > 20);
}

#[test]
fn the_selection_stays_on_its_path_however_the_list_stands() {
    let mut model = compared((80, 24));
    press(&mut model, &["*"]);
    go_to(&mut model, "usr/share/logo.png");
    for keys in [&["s"][..], &["s"], &["s"], &["T"], &["s"], &["s"], &["T"]] {
        press(&mut model, keys);
        assert_eq!(path(&model), "usr/share/logo.png", "after {keys:?}");
    }
    press(&mut model, &["f"]);
    assert_eq!(path(&model), "usr/share/doc", "what is sifted out leaves the selection on the folder it is in");
    press(&mut model, &["f", "f", "f", "f", "-"]);
    assert_eq!(path(&model), "usr");
}

#[test]
fn a_filter_opens_everything_and_leaves_the_tree_as_it_was() {
    let mut model = compared((80, 24));
    let rows = model.diff.files.rows.len();
    press(&mut model, &["/", "p", "y"]);
    assert!(text(&model).contains("card.py"));
    press(&mut model, &["enter", "n", "n"]);
    assert_eq!(path(&model), "srv/app/old");
    press(&mut model, &["esc"]);
    assert_eq!((model.diff.files.rows.len(), path(&model).as_str()), (rows, "srv/app"));
    for (typed, shown) in [("op:moved", 1), ("owner:global", 1), ("layer:3", 6), (">700kB", 2), ("!owner:local", 1)] {
        let mut model = compared((80, 24));
        press(&mut model, &["T", "/"]);
        update_paste(&mut model, typed);
        assert_eq!(model.diff.files.rows.len(), shown, "{typed}: {}", text(&model));
    }
}

fn update_paste(model: &mut Model, text: &str) {
    let effects = update(model, Msg::Paste(text.into()));
    answer(model, effects);
}

#[test]
fn the_frame_after_a_key_shows_the_old_rows_and_a_late_answer_changes_nothing() {
    let mut model = compared((80, 24));
    let rows = model.diff.files.rows.clone();
    let first = key(&mut model, "s");
    assert!(model.diff.files.is_pending() && model.diff.files.rows == rows);
    assert!(text(&model).lines().nth(2).unwrap().contains("…  by size"), "{}", text(&model));
    let second = key(&mut model, "T");
    answer(&mut model, first);
    assert!(model.diff.files.is_pending() && model.diff.files.rows == rows, "only the newest wish counts");
    answer(&mut model, second);
    assert!(!model.diff.files.is_pending() && model.diff.files.rows != rows);
    let late = key(&mut model, "s");
    model.diff.open(pair());
    answer(&mut model, late);
    assert!(model.diff.files.listing.is_none(), "nor does an answer of what is no longer looked into");
}

#[test]
fn folders_opened_while_an_answer_is_on_its_way_are_open_in_it() {
    let mut model = compared((80, 24));
    press(&mut model, &["-", "G"]);
    let effects = key(&mut model, "s");
    key(&mut model, "k");
    key(&mut model, "l");
    answer(&mut model, effects);
    assert_eq!(path(&model), "usr");
    assert!(model.diff.files.selected().unwrap().open);
}

fn contents(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Diff(Wanted::Content(_)))).count()
}

#[test]
fn contents_are_asked_for_only_where_they_show_and_the_newest_counts() {
    let mut model = compared((140, 40));
    press(&mut model, &["*"]);
    go_to(&mut model, "srv/app/pay/__init__.py");
    assert_eq!(contents(&key(&mut model, "j")), 0, "nothing is read while nobody reads");
    let asked = key(&mut model, "enter");
    assert_eq!(contents(&asked), 1);
    assert!(text(&model).contains("reading ◌"));
    key(&mut model, "esc");
    let next = key(&mut model, "k");
    assert_eq!(contents(&next), 1, "it follows the selection");
    answer(&mut model, asked);
    assert!(model.diff.reading.as_ref().unwrap().shown.is_none(), "late");
    answer(&mut model, next);
    assert!(text(&model).contains("nothing is in it"));
    assert_eq!(contents(&key(&mut model, "k")), 0, "a folder has no content");
    assert!(text(&model).contains("there is nothing to read"));
    press(&mut model, &["esc"]);
    assert!(model.diff.reading.is_none());
    // Where both do not fit, it is closed with the key that leaves it.
    let mut model = compared((80, 24));
    press(&mut model, &["*"]);
    go_to(&mut model, "etc/app.conf");
    press(&mut model, &["enter"]);
    assert!(!text(&model).contains("[Files]"));
    press(&mut model, &["h"]);
    assert!(text(&model).contains("[Files]") && model.diff.reading.is_none());
}

#[test]
fn what_cannot_be_read_says_why() {
    let mut model = compared((140, 40));
    press(&mut model, &["*"]);
    go_to(&mut model, "etc/app.conf");
    let effects = key(&mut model, "enter");
    let Some(Effect::Diff(Wanted::Content(wanted))) = effects.into_iter().next() else { panic!() };
    let report = Report::message(Kind::Failed, "layer 4 is not there any more").help("fetch the image again");
    let sources = wanted.sources.clone();
    update(&mut model, Msg::Diff(diff::Msg::Content { sources, shown: Err(report) }));
    assert!(text(&model).contains("✖ layer 4 is not there any more") && text(&model).contains("fetch the image again"));
}

#[test]
fn changes_of_a_content_follow_each_other() {
    let mut model = compared((60, 16));
    press(&mut model, &["*"]);
    go_to(&mut model, "etc/app.conf");
    press(&mut model, &["enter"]);
    let top = |model: &Model| model.diff.reading.as_ref().unwrap().top;
    press(&mut model, &["n"]);
    assert_eq!(top(&model), 4);
    press(&mut model, &["n"]);
    let last = top(&model);
    assert!(last > 4);
    press(&mut model, &["n"]);
    assert!(top(&model) == last && text(&model).contains("no further change"));
    press(&mut model, &["N", "N", "g", "g"]);
    assert_eq!(top(&model), 0);
    press(&mut model, &["ctrl-d", "k"]);
    assert_eq!(top(&model), 4);
}

#[test]
fn a_file_is_written_where_one_says_and_over_another_only_after_a_yes() {
    let mut model = compared((80, 24));
    press(&mut model, &["*"]);
    go_to(&mut model, "etc/app.conf");
    press(&mut model, &["S", "backspace", "2"]);
    let effects = press(&mut model, &["enter"]);
    let [Effect::Diff(Wanted::Save { source, to, replace: false, .. })] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert_eq!((source.which, source.path.as_slice(), to.as_str()), (Which::After, &b"etc/app.conf"[..], "app.con2"));
    let Some(Effect::Diff(save)) = effects.into_iter().next() else { panic!() };
    let saved = |outcome| Msg::Diff(diff::Msg::Saved { effect: Box::new(save.clone()), outcome });
    update(&mut model, saved(Ok(Saved::Exists)));
    assert!(matches!(&model.overlay, Overlay::Confirm(question) if question.choices[question.focused].label == "no"));
    let effects = key(&mut model, "y");
    assert!(matches!(effects.as_slice(), [Effect::Diff(Wanted::Save { replace: true, .. })]), "{effects:?}");
    update(&mut model, saved(Ok(Saved::Written(840))));
    assert!(text(&model).contains("840 B written to app.con2"));
    press(&mut model, &["S", "esc"]);
    assert!(model.diff.saving.is_none());
    go_to(&mut model, "etc");
    press(&mut model, &["S"]);
    assert!(model.diff.saving.is_none() && text(&model).contains("no file is selected"));
    assert_eq!(press(&mut model, &["y"]), [Effect::Copy("/etc".into())]);
}

#[test]
fn a_layer_opens_into_its_changes_and_escape_leads_back() {
    let mut model = compared((80, 24));
    press(&mut model, &["j", "["]);
    assert_eq!(model.diff.tab, Tab::Layers);
    press(&mut model, &["j", "j", "j", "enter"]);
    assert_eq!((model.diff.tab, model.diff.files.query.sieve.part), (Tab::Files, Part::Layer(Which::Before, 2)));
    assert!(text(&model).contains("layer 3") && text(&model).contains("srv"));
    press(&mut model, &["s", "esc"]);
    assert_eq!((model.diff.tab, model.diff.files.query.sieve.part), (Tab::Layers, Part::All));
    press(&mut model, &["]"]);
    assert_eq!((model.diff.tab, path(&model).as_str()), (Tab::Files, "opt"), "all files are as they were");
    assert!(!model.diff.files.is_pending());
    press(&mut model, &["[", "G", "enter", "[", "g", "g", "enter"]);
    assert_eq!(model.diff.files.query.sieve.part, Part::All);
}

#[test]
fn packages_settings_and_layers_are_sifted_by_words() {
    let mut model = compared((80, 24));
    press(&mut model, &["]", "/", "l", "i", "b", "enter"]);
    assert_eq!(model.diff.facts().len(), 2);
    press(&mut model, &["n"]);
    assert_eq!(model.diff.selected_fact().unwrap().name, "libssl3 amd64");
    assert_eq!(press(&mut model, &["y"]), [Effect::Copy("libssl3 amd64".into())]);
    press(&mut model, &["esc"]);
    assert_eq!(model.diff.facts().len(), 4);
    press(&mut model, &["]", "]", "/", "!", "b", "a", "k", "e", "r", "y"]);
    assert_eq!(model.diff.layer_rows().len(), 0);
}

#[test]
fn the_store_marks_and_compares() {
    let mut model = model((80, 24));
    bakery::tui::update::begin(&mut model, Screen::Store);
    begun(&mut model, "local");
    found(&mut model, "local", &[("pay", &["1.3", "1.4"]), ("web", &["2"])]);
    let reference = |text: &str| text.to_owned();
    assert_eq!(open_effects(&key(&mut model, "d")), [Compare::Image("local/pay:1.4".into())]);
    assert_eq!(model.screen, Screen::Diff);
    for key in ["1", "enter", "j", "space"] {
        press(&mut model, &[key]);
    }
    assert!(text(&model).contains("1 marked") && text(&model).contains("▌1"), "{}", text(&model));
    press(&mut model, &["k"]);
    let both = Compare::Images { before: reference("local/pay:1.3"), after: reference("local/pay:1.4") };
    assert_eq!(open_effects(&key(&mut model, "d")), std::slice::from_ref(&both), "the marked with the selected");
    press(&mut model, &["1"]);
    assert!(!text(&model).contains("marked"), "marks are used up");
    press(&mut model, &["j", "space", "k", "space", "esc", "G"]);
    assert_eq!(model.store.marked, ["local/pay:1.3", "local/pay:1.4"]);
    assert_eq!(open_effects(&key(&mut model, "d")), [both], "both marks, whatever is selected");
    press(&mut model, &["1", "space", "space"]);
    assert!(model.store.marked.is_empty(), "a second press takes the mark away");
}

#[test]
fn other_keys_and_clicks() {
    let mut model = compared((140, 40));
    assert_eq!(open_effects(&key(&mut model, "r")), [pair()]);
    let mut model = opened((80, 24), pair(), Err(Report::message(Kind::Failed, "no")));
    assert_eq!(open_effects(&press(&mut model, &["r"])), [pair()]);
    let mut model = alone((140, 40));
    let click = |x, y| Msg::Mouse(Mouse::Click(Position { x, y }));
    update(&mut model, click(3, 4));
    assert_eq!(path(&model), "etc");
    let open = model.diff.files.selected().unwrap().open;
    update(&mut model, click(3, 4));
    assert_ne!(model.diff.files.selected().unwrap().open, open, "a second click opens or closes");
    update(&mut model, click(32, 2));
    assert_eq!(model.diff.tab, Tab::Layers);
    update(&mut model, click(5, 5));
    assert_eq!(model.diff.layers.selected, 1);
    let mut blank = super::blank((80, 24));
    for key in ["j", "enter", "s", "]", "S", "y", "/", "esc", "d", "r"] {
        assert_eq!(press(&mut blank, &[key]), [], "{key}");
    }
}
