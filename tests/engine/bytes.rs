//! The same recipe gives the same bytes: whatever the threads, the order of directories, the clock, the cache.

use bakery::adapters::engine::Packing;
use bakery::domain::oci::Compression;

use crate::support::engine::{Bakehouse, Tar, usrmerged};

const RECIPE: &str = "steps:\n  - copy: {from: app, to: /srv/app, owner: app}\n  - unpack: {from: v.tar, to: /opt}\n  - remove: [/tmp]\n";

fn fill(house: &Bakehouse, names: impl Iterator<Item = usize>) {
    for number in names {
        let text = format!("{number} {}", "line of text, not the same in each\n".repeat(number * 37 % 2000));
        house.file(&format!("app/d{}/f{number}", number % 7), text);
    }
    house.file("v.tar", Tar::new().file("z", "1").file("a", "2").hardlink("m", "z").end());
}

fn digest(names: impl Iterator<Item = usize>, packing: Packing) -> String {
    let mut house = Bakehouse::new().with_base(&[usrmerged()]);
    house.packing = packing;
    fill(&house, names);
    house.bake(RECIPE).image().digest.to_string()
}

#[test]
fn threads_and_directory_order_do_not_show() {
    for compression in [Compression::Gzip, Compression::Zstd, Compression::None] {
        let with = |threads| Packing { compression, level: None, threads };
        let one = digest(0..120, with(1));
        assert_eq!(one, digest((0..120).rev(), with(4)), "{compression:?}");
        assert_ne!(one, digest(0..119, with(1)));
    }
}

#[test]
fn a_bake_without_cache_gives_what_it_gave() {
    let house = Bakehouse::new().with_base(&[usrmerged()]);
    fill(&house, 0..20);
    let first = house.bake(RECIPE);
    let mut job = house.job(RECIPE);
    job.no_cache = true;
    let again = house.bake_job(&job);
    assert_eq!(first.image(), again.image());
    assert_eq!(again.heard.sealed().len(), 3);
}

#[test]
fn times_are_the_plans() {
    let mut house = Bakehouse::new();
    house.created = 86_400;
    let outcome = house.bake("steps:\n  - write: {to: /a/b, content: x}\n");
    assert!(house.top(&outcome).iter().all(|(entry, _)| entry.node.mtime == 86_400));
    let config = house.config(outcome.image());
    assert_eq!(config.created.as_deref(), Some("1970-01-02T00:00:00Z"));
    assert_eq!(config.history[0].created, config.created);
}

/// Layer bytes depend on the exact versions of the compressors: when this fails after an update, every layer anybody
/// has baked gets another digest. Diff IDs must never change.
#[test]
fn golden_digests() {
    let mut found = Vec::new();
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let mut house = Bakehouse::new();
        house.packing = Packing { compression, level: None, threads: 3 };
        for number in 0..40 {
            let text = format!("{number} of many\n").repeat(number * 997 % 4000);
            house.file(&format!("app/{}/{number}", "long-folder-name-".repeat(number % 9)), text);
        }
        let outcome = house.bake("steps:\n  - copy: {from: app, to: /srv, owner: \"3000000:7\"}\n");
        let sealed = outcome.heard.sealed();
        let layer = sealed[0].layer.as_ref().unwrap();
        found.push(format!("{} {}", layer.diff_id, layer.descriptor.digest));
    }
    let diff_id = "sha256:ea42de2bd551ec1335aa8d3465c4bac7b08c3ab291aa2a21c73d9d75fdecb7e3";
    let gzip = "sha256:614e6dfcacf7e805f67744f651d5f0e48c1edbbd1857542b50111b37543573e8";
    let zstd = "sha256:54224ce93bc22e73aef32e18bd3bd20d7ed2402b5d16d28eea00f0ddba63ac72";
    assert_eq!(found, [diff_id, gzip, zstd].map(|blob| format!("{diff_id} {blob}")));
}
