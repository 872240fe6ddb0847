//! The example recipes: as text, and baked for real.

pub mod baked;
mod text;

use std::path::Path;

use crate::support::bakery::{Bakery, peer};

/// Copies the recipes into a workspace, without what somebody may have baked there by hand.
fn copy_recipes(bakery: &Bakery) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes").display().to_string();
    let target = bakery.path("recipes").display().to_string();
    let tar = bakery.path("recipes.tar").display().to_string();
    std::fs::create_dir_all(&target).unwrap();
    let leave = ["--exclude=./store", "--exclude=*.lock", "--exclude=rootfs.tar*"];
    peer("tar", &[&leave[..], &["-C", &source, "-cf", &tar, "."]].concat());
    peer("tar", &["-C", &target, "-xf", &tar]);
}
