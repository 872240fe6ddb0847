//! Snapshots and kept folders stay within the user's bound: by `gc`, and after every bake.

use super::bench::{bench, snapshots, with};
use crate::support::bakery::Bakery;
use crate::support::ordinary::{self, Ordinary};
use crate::support::peers;

const TWO: &str = "  - run: head -c 3000000 /dev/zero > /etc/first\n  - run: head -c 3000000 /dev/zero > /etc/second\n";

fn kept_bytes(bakery: &Bakery) -> u64 {
    bakery.json(&["gc", "--dry-run"])["snapshots"]["kept_bytes"].as_u64().unwrap()
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let bakery = bench();
    with(&bakery, "old", TWO);
    bakery.bake("recipes/old.yaml");
    let old = snapshots(&bakery);
    with(&bakery, "new", "  - run: head -c 3000000 /dev/zero > /etc/third\n");
    bakery.bake("recipes/new.yaml");
    let new: Vec<_> = snapshots(&bakery).into_iter().filter(|path| !old.contains(path)).collect();
    assert_eq!(new.len(), 1, "the base is shared");
    let all = kept_bytes(&bakery);
    let bound = (all - 1).to_string();
    let counted = bakery.json(&["gc", "--max-size", &bound, "--dry-run"]);
    assert_eq!((&counted["dry_run"], &counted["snapshots"]["removed"]), (&true.into(), &1.into()), "{counted}");
    assert_eq!(snapshots(&bakery).len(), old.len() + 1, "it was only counted");
    let said = bakery.json(&["gc", "--max-size", &bound]);
    let freed = &said["snapshots"];
    assert_eq!((&freed["removed"], &freed["left"]), (&1.into(), &0.into()), "{said}");
    assert_eq!(freed["kept_bytes"].as_u64().unwrap() + freed["bytes"].as_u64().unwrap(), all);
    let left = snapshots(&bakery);
    assert!(left.contains(&new[0]), "the newest stays");
    assert_eq!(left.len(), old.len());
    // What went is made again where it is wanted.
    with(&bakery, "old", &format!("{TWO}  - run: test -e /etc/first && echo 3 > /etc/third\n"));
    bakery.bake("recipes/old.yaml");
}

#[test]
fn a_bake_keeps_within_the_bound_of_the_settings_and_clears_what_is_dead() {
    let bakery = bench();
    bakery.write("home/config/config.yaml", "cache: {max-size: 1kB}\n");
    with(&bakery, "app", TWO);
    bakery.bake("recipes/app.yaml");
    // The worker clears up after it has told the end.
    let begun = std::time::Instant::now();
    while !snapshots(&bakery).is_empty() {
        assert!(begun.elapsed().as_secs() < 60, "{:?} stay", snapshots(&bakery));
        std::thread::yield_now();
    }
    let first = bakery.bake("recipes/app.yaml");
    with(&bakery, "app", &format!("{TWO}  - run: cat /etc/first > /etc/third\n"));
    assert_ne!(bakery.bake("recipes/app.yaml"), first);
}

#[test]
fn scratch_space_of_bakes_that_are_no_more_goes_and_other_kinds_stay() {
    let bakery = bench();
    with(&bakery, "app", "  - run: echo 1 > /etc/one\n");
    bakery.bake("recipes/app.yaml");
    let kind = snapshots(&bakery)[0].ancestors().nth(2).unwrap().to_owned();
    let dead = kind.join("sessions/01ARZ3NDEKTSV4RRFFQ69G5FAV");
    std::fs::create_dir_all(dead.join("0/fs/deep")).unwrap();
    let other = kind.with_file_name("of-somebody-else").join("layers/x");
    std::fs::create_dir_all(&other).unwrap();
    let said = bakery.json(&["gc"]);
    assert!(!dead.exists(), "{said}");
    assert!(other.exists() && said["snapshots"]["left"] == 1, "{said}");
    assert!(!snapshots(&bakery).is_empty(), "without a bound what lives stays");
}

#[test]
fn an_ordinary_user_frees_what_belongs_to_subordinate_ids() {
    if !peers::need(&ordinary::PROGRAMS) {
        return;
    }
    let bakery = bench();
    let keep = "mkdir -p /opt/x; echo 1 > /opt/x/f; chown -R 1000:1000 /opt/x; chmod 0700 /opt/x; touch /var/k/f";
    with(&bakery, "app", &format!("  - run: {{script: '{keep}', cache: [/var/k], network: none}}\n"));
    let ordinary = Ordinary::new(bakery);
    ordinary.bake("recipes/app.yaml");
    let output = ordinary.command(&["gc", "--max-size", "0", "--json"]).output().unwrap();
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(said["snapshots"]["removed"].as_u64().unwrap() >= 3, "{said}");
    let bakery = ordinary.into_bakery();
    assert_eq!(snapshots(&bakery), Vec::<std::path::PathBuf>::new());
}
