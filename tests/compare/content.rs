//! Contents of files, and what is fetched for them: `cat` gives the bytes Python reads, and from a registry comes only what is
//! not here yet.

use std::collections::BTreeMap;
use std::path::Path;

use bakery::domain::oci::{Digest, media_type};

use super::random::{Random, archive};
use super::{layers, oracle, put, readable};
use crate::support::bakery::{Bakery, layout_json, succeeded};
use crate::support::engine::Tar;
use crate::support::faulty_registry::{FaultyRegistry, Say};
use crate::support::peers::need;

fn agree(bakery: &Bakery, reference: &str, (layout, name): (&Path, &str)) -> usize {
    let files = oracle(&["files", &layout.display().to_string(), name]);
    for file in files.as_array().unwrap() {
        let path = readable(&file["path"]);
        let output = bakery.run(&["cat", reference, &path]);
        succeeded(&output, &path);
        assert_eq!(Digest::of(&output.stdout).encoded(), file["digest"].as_str().unwrap(), "{path}");
    }
    files.as_array().unwrap().len()
}

#[test]
fn a_file_of_each_layer_is_what_python_extracts() {
    if !need(&["python3", "mmdebstrap"]) {
        return;
    }
    let bakery = layers::debian();
    assert!(agree(&bakery, "local/app:1", (&bakery.local(), "app:1")) >= 4);
    let layout = bakery.path("images");
    for seed in 30..33 {
        let mut random = Random::new(seed);
        let tars: Vec<Vec<u8>> = (0..4).map(|_| archive(&mut random)).collect();
        put(&layout, "random:1", &tars);
        assert!(agree(&bakery, "oci:images:random:1", (&layout, "random:1")) > 0);
    }
}

/// A registry of what lies in a layout; it remembers what it was asked.
async fn serving(layout: &Path) -> FaultyRegistry {
    let index: serde_json::Value = serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap();
    let mut manifests = BTreeMap::new();
    for entry in index["manifests"].as_array().unwrap() {
        let (digest, name) =
            (entry["digest"].as_str().unwrap(), &entry["annotations"]["org.opencontainers.image.ref.name"]);
        let (repository, tag) = name.as_str().unwrap().rsplit_once(':').unwrap();
        for selector in [tag, digest] {
            manifests.insert(format!("/v2/{repository}/manifests/{selector}"), digest.to_owned());
        }
    }
    let layout = layout.to_owned();
    let blob = move |digest: &str| std::fs::read(layout.join("blobs").join(digest.replace(':', "/")));
    FaultyRegistry::start(move |_, heard| {
        if let Some(digest) = manifests.get(&heard.path) {
            let say = Say::body(blob(digest).unwrap()).header("content-type", media_type::MANIFEST);
            return say.header("docker-content-digest", digest);
        }
        match heard.path.rsplit_once("/blobs/").map(|(_, digest)| blob(digest)) {
            Some(Ok(bytes)) => Say::body(bytes),
            _ => Say::status(if heard.path == "/v2/" { 200 } else { 404 }),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_layers_that_are_not_here_are_fetched_and_only_once() {
    let bakery = Bakery::new();
    let layout = bakery.path("remote");
    let tar = |name: &str| Tar::new().file(name, &name.repeat(100)).end();
    put(&layout, "team/base:1", &[tar("one"), tar("two")]);
    put(&layout, "team/app:1", &[tar("one"), tar("two"), tar("three")]);
    let registry = serving(&layout).await;
    let app = format!("{}/team/app:1", registry.host());
    let base = format!("{}/team/base:1", registry.host());
    let digest = |name: &str| {
        let index: serde_json::Value =
            serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap();
        let all = index["manifests"].as_array().unwrap();
        let named = all.iter().find(|entry| entry["annotations"]["org.opencontainers.image.ref.name"] == name).unwrap();
        layout_json(&layout, named["digest"].as_str().unwrap())
    };
    let layers: Vec<String> = digest("team/app:1")["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| layer["digest"].as_str().unwrap().to_owned())
        .collect();
    let fetched = |begin: usize| -> Vec<usize> {
        let heard = registry.heard();
        let blobs = heard[begin..].iter().filter(|heard| heard.is("GET", "/v2/"));
        let mut numbers: Vec<usize> =
            blobs.filter_map(|heard| layers.iter().position(|layer| heard.path.ends_with(layer))).collect();
        numbers.sort_unstable();
        numbers
    };
    let ask = |arguments: Vec<String>| {
        let begin = registry.heard().len();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = succeeded(&bakery.run(&arguments), &arguments.join(" "));
        (output, fetched(begin))
    };
    let (listed, first) = ask(vec!["files".into(), base.clone()]);
    assert_eq!((listed.lines().count(), first), (2, vec![0, 1]));
    let (listed, second) = ask(vec!["files".into(), app.clone()]);
    assert_eq!((listed.lines().count(), second), (3, vec![2]), "what the base has is here");
    for arguments in [vec!["files", &app], vec!["diff", &app], vec!["diff", &base, &app], vec!["du", &app]] {
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        assert_eq!(ask(arguments.clone()).1, [0; 0], "{arguments:?}");
    }
    let (content, third) = ask(vec!["cat".into(), app, "/two".into()]);
    assert_eq!(content, "two".repeat(100));
    assert!(third.len() <= 1 && third.iter().all(|layer| *layer == 1), "{third:?}");
}

/// An archive may name a file that only a layer below holds.
#[test]
fn a_further_name_is_read_from_the_layer_that_holds_the_file() {
    let bakery = Bakery::new();
    let below = Tar::new().file("etc/a", "below").file("b", "beside").end();
    let gone = Tar::new().file("etc/.wh.a", "").hardlink("c2", "c").end();
    put(&bakery.local(), "app:1", &[below, Tar::new().hardlink("c", "etc/a").end(), gone]);
    for path in ["/c", "/c2"] {
        assert_eq!(bakery.ok(&["cat", "local/app:1", path]), "below", "{path}");
    }
}
