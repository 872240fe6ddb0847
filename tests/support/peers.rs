//! Other people's programs: a test that needs one skips by name where it is absent.

use std::path::Path;

/// Whether all of `programs` are there. Absent ones are named; with BAKERY_REQUIRE_PEERS=1 they fail the test.
pub fn need(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there =
        |program: &str| std::env::split_paths(&path).any(|folder: std::path::PathBuf| exists(&folder, program));
    let absent: Vec<&str> = programs.iter().copied().filter(|program| !is_there(program)).collect();
    if absent.is_empty() {
        return true;
    }
    let test = std::thread::current().name().unwrap_or("test").to_owned();
    assert!(std::env::var("BAKERY_REQUIRE_PEERS").as_deref() != Ok("1"), "{test}: {} is absent", absent.join(", "));
    eprintln!("SKIPPED {test}: {} is absent", absent.join(", "));
    false
}

fn exists(folder: &Path, program: &str) -> bool {
    folder.join(program).is_file()
}
