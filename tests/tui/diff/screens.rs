//! Every state of the Diff screen, as it looks.

use bakery::domain::text::is_hazardous;
use bakery::report::{Kind as Sort, Report};
use bakery::tui::model::Model;
use bakery::tui::msg::Msg;
use bakery::tui::screens::Compare;
use bakery::tui::screens::diff::Matter;
use bakery::tui::theme::Look;
use bakery::tui::update::update;
use bakery::tui::view::draw;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::golden::{check, check_ascii, grids};
use super::{after, alone, blank, compared, file, go_to, image, layer, link, opened, pair, press, two};

const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (140, 40), (200, 60)];

fn golden(name: &str, make: impl Fn((u16, u16)) -> Model) {
    for size in SIZES {
        check(&format!("diff/{name}-{}x{}", size.0, size.1), &make(size));
    }
}

fn then(name: &str, keys: &[&str], make: impl Fn((u16, u16)) -> Model) {
    golden(name, |size| {
        let mut model = make(size);
        press(&mut model, keys);
        model
    });
}

fn at(path: &'static str, keys: &'static [&'static str]) -> impl Fn((u16, u16)) -> Model {
    move |size| {
        let mut model = compared(size);
        press(&mut model, &["*"]);
        go_to(&mut model, path);
        press(&mut model, keys);
        model
    }
}

fn unreachable() -> Report {
    Report::message(Sort::Unreachable, "cannot reach registry.example")
        .while_doing("cannot open global/python:3.12")
        .help("check the address under `stores:` in bakery.yaml, and the network between here and there")
}

#[test]
fn before_anything_is_there() {
    golden("empty", blank);
    golden("loading", |size| {
        let mut model = blank(size);
        model.diff.open(pair());
        model
    });
    golden("error", |size| opened(size, pair(), Err(unreachable())));
}

#[test]
fn files_as_a_tree_and_as_a_list() {
    golden("tree", compared);
    golden("file", at("etc/app.conf", &[]));
    golden("moved", at("opt/b", &[]));
    golden("setuid", at("usr/local/bin/paytool", &[]));
    then("closed", &["-"], compared);
    then("flat", &["T"], compared);
    then("by-size", &["T", "s"], compared);
    then("by-change", &["*", "s", "s"], compared);
    then("filter", &["/", "p", "a", "y", "space", "!", "o", "p", ":", "m"], compared);
    then("filtered", &["/", "p", "y", "enter"], compared);
    then("nothing", &["/", "x", "y", "z"], compared);
    then("local-added", &["o", "o", "f"], compared);
    check_ascii("diff/tree-plain-80x24", &compared((80, 24)));
    check_ascii("diff/tree-plain-140x40", &compared((140, 40)));
}

#[test]
fn what_is_in_a_file() {
    golden("text", at("etc/app.conf", &["enter"]));
    golden("text-next", at("etc/app.conf", &["enter", "n", "n"]));
    golden("text-kept", at("etc/app.conf", &["enter", "esc"]));
    golden("hex", at("usr/share/logo.png", &["enter"]));
    golden("cat", at("srv/app/pay/card.py", &["enter"]));
    golden("dump", at("usr/bin/curl", &["enter", "G"]));
    golden("empty-file", at("srv/app/pay/__init__.py", &["enter"]));
    golden("deleted", at("usr/bin/gpg", &["enter"]));
    golden("saving", at("etc/app.conf", &["S"]));
    check_ascii("diff/text-plain-200x60", &at("etc/app.conf", &["enter"])((200, 60)));
}

#[test]
fn packages_config_and_layers() {
    then("packages", &["]", "j", "j"], compared);
    then("config", &["]", "]", "j", "j"], compared);
    then("layers", &["["], compared);
    then("layer", &["[", "G"], compared);
    then("layer-changes", &["[", "G", "enter"], compared);
    check_ascii("diff/layers-plain-80x24", &{
        let mut model = compared((80, 24));
        press(&mut model, &["["]);
        model
    });
}

#[test]
fn one_image() {
    golden("alone", alone);
    then("alone-packages", &["]"], alone);
    then("alone-config", &["]", "]"], alone);
    then("alone-layers", &["[", "j", "j"], alone);
    then("alone-layer-changes", &["[", "j", "j", "enter"], alone);
}

#[test]
fn nothing_differs() {
    let same = |size| {
        use bakery::domain::layer::CompareOptions;
        use bakery::flows::compare::Compared;
        opened(size, pair(), Ok(Matter::pair(Compared::of(after(), after(), CompareOptions::default()))))
    };
    golden("same", same);
    then("same-config", &["]", "]"], same);
}

#[test]
fn a_layer_that_cannot_be_read_leaves_the_rest_readable() {
    let broken = |size| {
        let mut image = after();
        image.layers[2].problem = Some("T-04: entry 5,113: size of 8.2 EB runs past the archive's end".into());
        opened(size, Compare::Image("local/team-a/payments-api:1.4.0".into()), Ok(Matter::alone(image)))
    };
    golden("broken", broken);
    then("broken-layers", &["[", "j", "j", "j"], broken);
}

#[test]
fn help_names_the_keys_of_files() {
    then("help", &["?"], compared);
}

/// Every text an image supplies, hostile.
#[test]
fn x01_x04_nothing_from_outside_reaches_a_cell() {
    let evil = "\x1b[2J\u{9b}31m\u{202e}gpj\u{200b}\r\n\tz";
    let named = format!("srv/{evil}/{evil}");
    let mut strange = file("srv/\u{7}name", 9, 1);
    strange.path = b"srv/\xff\xfe\x1b]0;x\x07".as_slice().into();
    let mut pointed = link("srv/link", evil);
    pointed.node.xattrs = vec![(evil.as_bytes().into(), evil.as_bytes().into())].into();
    let entries = vec![file(&named, 10, 1), strange, pointed];
    let made = ("local/x:1", "RUN \x1b[31m");
    let mut opened_image = image(&format!("local/{evil}:1"), vec![(made, layer(entries, &[]))]);
    opened_image.layers[0].owner.image = evil.into();
    opened_image.layers[0].created_by = Some(evil.into());
    for problem in [None, Some(evil.to_owned())] {
        for size in [(60, 16), (80, 24), (140, 40)] {
            for ascii in [false, true] {
                opened_image.layers[0].problem = problem.clone();
                let mut matter = Matter::alone(opened_image.clone());
                let fact = bakery::tui::screens::diff::FactRow::changed(evil, Some(evil.into()), Some(evil.into()));
                (matter.packages, matter.config) = (vec![fact.clone()], vec![fact]);
                let mut model = opened(size, Compare::Image(evil.into()), Ok(matter));
                let ways: [&[&str]; 10] = [
                    &["*"],
                    &["j", "j", "enter"],
                    &["esc", "j", "enter"],
                    &["esc", "G", "O"],
                    &["esc", "esc", "T"],
                    &["/"],
                    &["esc", "S"],
                    &["esc", "]"],
                    &["]"],
                    &["]", "G"],
                ];
                for keys in ways {
                    press(&mut model, keys);
                    update(&mut model, Msg::Paste(evil.into()));
                    let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
                    draw(&model, &Look::of_roles(ascii), &mut buffer);
                    for cell in &buffer.content {
                        assert!(!cell.symbol().chars().any(is_hazardous), "{:?} after {keys:?}", cell.symbol());
                    }
                }
                let shown = grids(&model, ascii).0;
                assert!(shown.contains("x1b"), "{shown}");
            }
        }
    }
}

#[test]
fn the_subject_says_what_it_comes_to() {
    let shown = grids(&compared((140, 40)), false).0;
    let line = shown.lines().nth(1).unwrap();
    let totals = two().totals;
    assert!(line.contains("◇ local/team-a/payments-api:1.3.9 → :1.4.0"), "{line}");
    let (added, modified) = (format!("+{}", totals.added), format!("~{}", totals.modified));
    assert!(line.contains(&added) && line.contains(&modified), "{line}");
    assert!(line.contains(">1 ·") && line.contains("4 packages · config 3"), "{line}");
}
