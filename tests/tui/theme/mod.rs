//! Themes: each is built in, reads well, is told apart by every eye, and loses nothing but colour where colours are few.

mod blind;
mod colour;
mod contrast;
mod depth;
mod glyphs;
mod preview;

use bakery::tui::theme::{BUILT_IN, Theme};

#[test]
fn every_file_is_built_in_and_every_built_in_theme_is_a_file() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/themes");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> = files.collect();
    files.sort();
    let mut names: Vec<String> = BUILT_IN.iter().map(|(name, _)| format!("{name}.yaml")).collect();
    names.sort();
    assert_eq!(files, names);
    for (name, text) in BUILT_IN {
        assert_eq!(std::fs::read_to_string(format!("{folder}/{name}.yaml")).unwrap(), text, "{name}");
        assert!(text.starts_with("# "), "{name} begins with what it is and where it comes from");
        assert!(Theme::parse(text).unwrap().about.is_some_and(|about| about.len() < 60), "{name}");
    }
}
