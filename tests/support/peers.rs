//! Programs of other makers that tests hold bakery against; absent ones skip the test, or fail it when required.

/// Whether every program is on `PATH`. Absent: says so and gives false, or panics when `BAKERY_REQUIRE_PEERS=1`.
pub fn need(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let absent: Vec<&str> = programs
        .iter()
        .copied()
        .filter(|program| !std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
        .collect();
    if absent.is_empty() {
        return true;
    }
    let test = std::thread::current().name().unwrap_or("test").to_owned();
    assert!(
        std::env::var("BAKERY_REQUIRE_PEERS").as_deref() != Ok("1"),
        "{test}: {} required and absent",
        absent.join(", ")
    );
    eprintln!("SKIPPED {test}: {} is absent", absent.join(", "));
    false
}
