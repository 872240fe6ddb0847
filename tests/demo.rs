//! `bakery demo` as a user meets it.

use std::fs;

use crate::support::binary::{bakery, failure_of};

#[test]
fn a_folder_with_something_in_it_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine"), "mine").unwrap();
    let said = failure_of(&bakery(folder.path()).args(["demo", "--dir", "."]).output().unwrap(), 1);
    assert!(said.contains("is not empty"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let file = bakery(folder.path()).args(["demo", "--dir", "mine"]).output().unwrap();
    failure_of(&file, 1);
    assert_eq!(fs::read_to_string(folder.path().join("mine")).unwrap(), "mine");
}
