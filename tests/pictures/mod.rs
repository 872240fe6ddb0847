//! The pictures of the README and of `screenshots/`, drawn anew from a recorded scene and held against what is committed.
//! `BAKERY_BLESS=1 cargo test --test main pictures` writes them anew.

mod cast;
mod scene;
mod table;
mod tour;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use scene::Scene;
use table::{PICTURES, Shown};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a picture should be and is not; nothing where they are the same.
fn difference(scene: &Scene, picture: &Shown) -> Option<String> {
    let made = scene.draw(picture);
    let kept = root().join("screenshots").join(picture.name);
    let mut kinds = vec!["svg"];
    // Other processors round elsewhere.
    if cfg!(all(feature = "pictures", target_arch = "x86_64")) {
        kinds.push("png");
    }
    let mut different = None;
    for kind in kinds {
        let (made, kept) = (made.with_extension(kind), kept.with_extension(kind));
        let new = std::fs::read(&made).unwrap();
        if std::env::var_os("BAKERY_BLESS").is_some() {
            std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
            std::fs::write(&kept, new).unwrap();
        } else if std::fs::read(&kept).unwrap_or_default() != new {
            different = different.or_else(|| Some(told(picture.name, kind, &kept, &made)));
        }
    }
    different
}

/// The first lines of an SVG that differ say what to look for.
fn told(name: &str, kind: &str, kept: &Path, made: &Path) -> String {
    // Kept for whoever wants to look.
    let seen = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pictures").join(format!("{name}.{kind}"));
    std::fs::create_dir_all(seen.parent().unwrap()).unwrap();
    std::fs::copy(made, &seen).unwrap();
    let mut text = format!("{}: now as {}", kept.display(), seen.display());
    if kind == "svg" {
        let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        let (old, new) = (read(kept), read(made));
        let pairs = old.lines().zip(new.lines()).filter(|(old, new)| old != new);
        pairs.take(2).for_each(|(old, new)| text += &format!("\n  - {old}\n  + {new}"));
    }
    text
}

#[test]
fn the_pictures_show_what_bakery_draws() {
    let scene = Scene::unpacked();
    let (next, different) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    // Two at a time: each waits for what it shows more than it draws.
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                while let Some(picture) = PICTURES.get(next.fetch_add(1, Ordering::Relaxed)) {
                    different.lock().unwrap().extend(difference(&scene, picture));
                }
            });
        }
    });
    let different = different.into_inner().unwrap();
    assert!(
        different.is_empty(),
        "screens look otherwise than their pictures; where that is meant, BAKERY_BLESS=1 cargo test --test main pictures \
         draws them anew\n{}",
        different.join("\n")
    );
}

#[test]
fn every_picture_is_in_the_table_and_the_readme_shows_only_those() {
    let names: BTreeSet<&str> = PICTURES.iter().map(|picture| picture.name).collect();
    assert_eq!(names.len(), PICTURES.len(), "two pictures of one name");
    for entry in std::fs::read_dir(root().join("screenshots")).unwrap() {
        let path = entry.unwrap().path();
        let known = path.file_stem().is_some_and(|stem| names.contains(stem.to_str().unwrap()));
        assert!(known, "{} is drawn by no line of the table", path.display());
    }
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for shown in readme.split("](screenshots/").skip(1) {
        let file = shown.split(')').next().unwrap();
        let name = file.split('.').next().unwrap();
        assert!(names.contains(name), "the README shows screenshots/{file}, which nobody draws");
        assert!(root().join("screenshots").join(file).exists(), "screenshots/{file} is not there");
    }
}

#[test]
fn a_picture_is_the_same_wherever_and_whenever_it_is_drawn() {
    let (one, other) = (Scene::unpacked(), Scene::unpacked());
    for picture in PICTURES.iter().take(2) {
        let [one, other] = [&one, &other].map(|scene| std::fs::read_to_string(scene.draw(picture)).unwrap());
        assert!(one == other, "{} differs between two folders", picture.name);
    }
}
