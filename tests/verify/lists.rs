//! What lists say of signatures: by whom, or why nobody counts as having signed.

use super::{Shop, Wanted, pair};

#[test]
fn store_ls_tells_who_signed_and_what_is_wrong_with_the_rest() {
    let shop = Shop::new();
    let [os, python, _] = shop.chain();
    shop.put("global", &Wanted { name: "bare:1", layers: &["bare"], ..Wanted::default() });
    let strange = shop.put("global", &Wanted { name: "strange:1", layers: &["strange"], ..Wanted::default() });
    shop.sign("global", "strange:1", &strange, "stranger");
    // One digest under two names is one question, and the tag of its signature is no row.
    shop.tag("global", "os:latest", &os);

    let rows = shop.bakery.json(&["store", "ls", "global"]);
    let of = |row: &serde_json::Value| {
        pair(row["reference"].as_str().unwrap(), row["signature"].as_str().unwrap_or("nothing"))
    };
    let told: Vec<(String, String)> = rows.as_array().unwrap().iter().map(of).collect();
    let expected = [
        ("global/bare:1", "signature.unsigned"),
        ("global/os:1", "signature.good"),
        ("global/os:latest", "signature.good"),
        ("global/python:3", "signature.good"),
        ("global/strange:1", "signature.wrong-key"),
    ]
    .map(|(name, reason)| pair(name, reason));
    assert_eq!(told, expected, "{rows:#} {python:?}");

    let text = shop.bakery.ok(&["store", "ls", "global"]);
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("global/os:1").contains("signed by global"), "{text}");
    assert!(line("global/bare:1").contains("unsigned ▲"), "{text}");
    assert!(line("global/strange:1").contains("wrong key ✖"), "{text}");
    let plain = shop.bakery.ok(&["store", "ls", "local", "--ascii"]);
    assert!(plain.contains("signed by baker") && plain.is_ascii(), "{plain}");
}

#[test]
fn an_index_is_as_well_signed_as_its_images() {
    let shop = Shop::new();
    let wanted = Wanted { name: "os:1", layers: &["os"], ..Wanted::default() };
    let images = ["linux/amd64", "linux/arm64"].map(|platform| shop.put_untagged("global", &wanted, platform));
    let index = shop.put_index("global", "os:1", images.to_vec());
    let state = || shop.bakery.json(&["store", "ls", "global"])[0]["signature"].clone();
    assert_eq!(state(), "signature.unsigned");
    shop.sign("global", "os:1", &index, "global");
    assert_eq!(state(), "signature.index-only");
    shop.sign("global", "os:1", &images[0], "global");
    assert_eq!(state(), "signature.good");
}
