//! How long verifying a chain takes that was verified before: `cargo test --release --test main warm -- --ignored --nocapture`.

use std::io::Write;
use std::time::Instant;

use super::{Shop, Wanted};

/// Files a layer.
const FILES: usize = 4000;

/// A layer of many small files, all in a folder of its own.
fn large(name: &str) -> (Vec<u8>, bakery::domain::oci::DiffId) {
    let mut tar = tar::Builder::new(Vec::new());
    for number in 0..FILES {
        let content = format!("{name} {number}");
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        let path = format!("usr/lib/{name}/{}/{number}", number % 50);
        tar.append_data(&mut header, path, content.as_bytes()).unwrap();
    }
    let tar = tar.into_inner().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar).unwrap();
    (gzip.finish().unwrap(), bakery::domain::oci::DiffId(bakery::domain::oci::Digest::of(&tar)))
}

#[test]
#[ignore = "a measurement"]
fn a_warm_chain_of_three() {
    let mut shop = Shop::new();
    shop.layer = large;
    let contract = [("dev.bakery.contract", r#"{"protected": ["/usr/lib/os/**"]}"#)];
    let os = shop.put("global", &Wanted { name: "os:1", layers: &["os"], labels: &contract, ..Wanted::default() });
    let base = Some(("global/os:1", &os.digest));
    let python = Wanted { name: "python:3", layers: &["os", "python"], base, ..Wanted::default() };
    let python = shop.put("global", &python);
    let base = Some(("global/python:3", &python.digest));
    let app =
        shop.put("local", &Wanted { name: "team/app:1", layers: &["os", "python", "app"], base, ..Wanted::default() });
    shop.sign("global", "os:1", &os, "global");
    shop.sign("global", "python:3", &python, "global");
    shop.sign("local", "team/app:1", &app, "baker");
    let (code, document) = shop.verify(&["local/team/app:1"]);
    assert_eq!(code, 0, "{document:#}");
    let mut took: Vec<u128> = (0..15)
        .map(|_| {
            let begun = Instant::now();
            assert_eq!(shop.verify(&["local/team/app:1"]).0, 0);
            begun.elapsed().as_millis()
        })
        .collect();
    took.sort_unstable();
    println!("verify, warm, three levels, {} files: median {} ms of {took:?}", 3 * FILES, took[7]);
}
