//! Images as others make them: opaque folders, the same layer twice, compressions side by side, Docker's documents; and two who
//! rebase at once.

use bakery::adapters::store::layout::Layout;
use bakery::domain::oci::{Descriptor, DiffId, Digest, ImageConfig, ImageIndex, ImageManifest, media_type};
use serde_json::{Value, json};

use super::house::{FILES, House, OWN, altered, others_accept};
use crate::support::bakery::{layout_json, peer};
use crate::support::peers::need;

const PLAIN: &str = "application/vnd.oci.image.layer.v1.tar";
const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

/// A plain archive of these files.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        if path.ends_with('/') {
            header.set_entry_type(tar::EntryType::Directory);
            header.set_mode(0o755);
        }
        tar.append_data(&mut header, path, content.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap()
}

/// `team/app:1` with more layers above its own, under another name; the history has a line for each.
fn stacked(house: &House, name: &str, layers: &[(&str, Vec<u8>)]) {
    let layout = house.layout();
    let put = layers.iter().map(|(kind, plain)| {
        let bytes = if *kind == ZSTD { zstd::encode_all(&plain[..], 3).unwrap() } else { plain.clone() };
        (layout.put_bytes(kind, &bytes).unwrap(), DiffId(Digest::of(plain)))
    });
    let put: Vec<(Descriptor, DiffId)> = put.collect();
    altered(house, name, |manifest: &mut ImageManifest, config: &mut ImageConfig| {
        for (blob, id) in put {
            manifest.layers.push(blob);
            config.rootfs.diff_ids.push(id);
            config.history.push(serde_json::from_value(json!({"created_by": "by hand"})).unwrap());
        }
    });
}

/// Rebased, and accepted by others.
fn is_rebased(house: &House, name: &str) -> Value {
    let (code, told) = house.rebase(&[&format!("local/team/{name}:1")]);
    assert_eq!((code, &told["done"]), (0, &json!(true)), "{told:#}");
    others_accept(&house.baker.path("local"), name, 1);
    told
}

fn files(house: &House, name: &str) -> Vec<String> {
    let told = house.baker.json_lines(&["files", &format!("local/team/{name}:1")]);
    let mut paths: Vec<String> = told.iter().map(|entry| entry["path"].as_str().unwrap().to_owned()).collect();
    paths.sort();
    paths
}

#[test]
fn an_opaque_folder_hides_what_the_base_has_and_is_in_the_way_only_of_what_it_hides() {
    let house = House::new();
    house.app("app", OWN);
    let opaque = archive(&[("opt/a/", ""), ("opt/a/.wh..wh..opq", ""), ("opt/a/ours", "x")]);
    stacked(&house, "opaque", &[(PLAIN, opaque.clone())]);
    stacked(&house, "beside", &[(PLAIN, opaque.clone())]);
    house.moves(&[("etc/conf", "2"), ("usr/new", "n")], "{}");
    is_rebased(&house, "beside");
    let seen = files(&house, "beside");
    assert!(seen.iter().any(|path| path == "/opt/a/ours") && seen.iter().any(|path| path == "/usr/new"), "{seen:?}");
    assert!(!seen.iter().any(|path| path == "/opt/a/x"), "{seen:?}");
    // The same layer on a full bake on the new base.
    std::fs::remove_file(house.baker.path("recipes/app/app.lock")).unwrap();
    house.baker.ok(&["bake", "--no-cache", "recipes/app/app.yaml"]);
    stacked(&house, "full", &[(PLAIN, opaque)]);
    let differs = house.baker.json(&["diff", "--semantic", "local/team/beside:1", "local/team/full:1"]);
    assert_eq!((&differs["changes"], &differs["config"]), (&json!([]), &json!([])), "{differs:#}");
    house.base("os:12", &[FILES, &[("opt/a/y", "new")]].concat(), "{}", 300);
    assert_eq!(house.in_the_way("opaque"), ["covers /opt/a /opt/a/y"]);
}

#[test]
fn the_same_layer_twice_and_compressions_side_by_side_stay_as_they_are() {
    let house = House::new();
    house.app("app", OWN);
    let (one, two) = (archive(&[("srv/one", "1")]), archive(&[("srv/two", "2")]));
    stacked(&house, "mixed", &[(PLAIN, one.clone()), (ZSTD, two), (PLAIN, one)]);
    let layers = |digest: &str| layout_json(&house.baker.path("local"), digest)["layers"].as_array().unwrap().clone();
    let before = layers(&house.digest("mixed"));
    house.moves(&[("etc/conf", "2")], "{}");
    let (_, told) = house.rebase(&["local/team/mixed:1"]);
    assert_eq!(told["done"], json!(true), "{told:#}");
    zstd_is_accepted(&house, "mixed");
    let after = layers(told["digest"].as_str().unwrap());
    assert_eq!(before[1..], after[1..], "ours are the same blobs");
    assert_ne!(before[0], after[0]);
    assert!(files(&house, "mixed").iter().any(|path| path == "/srv/two"));
}

/// `crane validate` takes every layer that is not plain for gzip, whatever its media type ("validating layers: gzip: invalid
/// header"), though crane itself reads zstd. So skopeo, which holds each blob against its digest, takes the layers out of their
/// compression, and crane holds what comes of that against the config's diffIDs.
fn zstd_is_accepted(house: &House, name: &str) {
    if !need(&["skopeo", "crane"]) {
        return;
    }
    let from = format!("oci:{}:team/{name}:1", house.baker.path("local").display());
    let (plain, archive) = (house.baker.path("plain"), house.baker.path("plain.tar"));
    let (plain, archive) = (format!("dir:{}", plain.display()), archive.display().to_string());
    peer("skopeo", &["copy", "-q", "--dest-decompress", &from, &plain]);
    peer("skopeo", &["copy", "-q", &plain, &format!("docker-archive:{archive}:team/{name}:1")]);
    let said = std::process::Command::new("crane").args(["validate", "--tarball", &archive]).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

#[test]
fn a_history_with_gaps_gets_a_line_for_each_layer() {
    let house = House::new();
    house.app("app", OWN);
    altered(&house, "bare", |_, config| config.history.clear());
    house.moves(&[("etc/conf", "2")], "{}");
    let told = is_rebased(&house, "bare");
    let layout = house.baker.path("local");
    let manifest = layout_json(&layout, told["digest"].as_str().unwrap());
    let config = layout_json(&layout, manifest["config"]["digest"].as_str().unwrap());
    let made = config["history"].as_array().unwrap().iter().filter(|line| line["empty_layer"] != true).count();
    assert_eq!(made, config["rootfs"]["diff_ids"].as_array().unwrap().len(), "{config:#}");
}

/// `os:12` in the words of Docker, for one platform.
fn in_dockers_words(house: &House) {
    let store = house.global.path("store");
    let layout = Layout::open(&store).unwrap();
    let index = house.global.json(&["inspect", "local/os:12"])["digest"].as_str().unwrap().to_owned();
    let entry = layout_json(&store, &index)["manifests"][0]["digest"].as_str().unwrap().to_owned();
    let mut manifest = layout_json(&store, &entry);
    manifest["mediaType"] = json!(media_type::DOCKER_MANIFEST);
    manifest["config"]["mediaType"] = json!("application/vnd.docker.container.image.v1+json");
    manifest.as_object_mut().unwrap().remove("annotations");
    for layer in manifest["layers"].as_array_mut().unwrap() {
        layer["mediaType"] = json!("application/vnd.docker.image.rootfs.diff.tar.gzip");
    }
    let bytes = serde_json::to_vec(&manifest).unwrap();
    let put = layout.put_bytes(media_type::DOCKER_MANIFEST, &bytes).unwrap();
    layout.tag("os:12", &put).unwrap();
}

#[test]
fn bases_and_images_in_dockers_words_become_oci() {
    let house = House::new();
    in_dockers_words(&house);
    house.app("app", OWN);
    altered(&house, "docker", |manifest, _| {
        for layer in &mut manifest.layers {
            layer.media_type = "application/vnd.docker.image.rootfs.diff.tar.gzip".into();
        }
    });
    house.moves(&[("etc/conf", "2")], "{}");
    in_dockers_words(&house);
    let told = is_rebased(&house, "docker");
    let text = layout_json(&house.baker.path("local"), told["digest"].as_str().unwrap()).to_string();
    assert!(!text.contains("docker"), "{text}");
    house.comes_to_the_same("app");
}

#[test]
fn notes_on_an_index_stay_and_its_base_is_named_anew() {
    let house = House::new();
    house.app("two", &format!("platforms: [linux/amd64, linux/arm64]\n{OWN}"));
    let layout = house.layout();
    let index = layout_json(&house.baker.path("local"), &house.digest("two"));
    let mut index: ImageIndex = serde_json::from_value(index).unwrap();
    index.annotations.insert("team.note".into(), "ours".into());
    let put = layout.put_bytes(media_type::INDEX, &serde_json::to_vec(&index).unwrap()).unwrap();
    layout.tag("team/two:1", &put).unwrap();
    house.moves(&[("etc/conf", "2")], "{}");
    let (_, told) = house.rebase(&["local/team/two:1"]);
    assert_eq!(told["done"], json!(true), "{told:#}");
    let after = layout_json(&house.baker.path("local"), told["digest"].as_str().unwrap());
    assert_eq!(after["annotations"]["team.note"], "ours");
    assert_eq!(after["annotations"]["org.opencontainers.image.base.digest"], told["base_after"]);
    others_accept(&house.baker.path("local"), "two", 2);
}

#[test]
fn of_two_who_rebase_at_once_one_wins_and_the_store_stays_sound() {
    let house = House::new();
    house.app("app", OWN);
    house.base("os:13", &[&FILES[1..], &[("etc/conf", "3")]].concat(), "{}", 200);
    house.base("os:14", &[&FILES[1..], &[("etc/conf", "4")]].concat(), "{}", 200);
    let begin = |onto: &str| {
        let mut command = house.baker.command(&["rebase", "local/team/app:1", "--onto", onto, "--json"]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let both = [begin("global/os:13"), begin("global/os:14")].map(|child| child.wait_with_output().unwrap());
    let done: Vec<String> = both
        .iter()
        .filter(|output| output.status.success())
        .map(|output| serde_json::from_slice::<Value>(&output.stdout).unwrap()["digest"].as_str().unwrap().to_owned())
        .collect();
    assert!(done.contains(&house.digest("app")), "the tag is what one of them made: {both:?}");
    for lost in both.iter().filter(|output| !output.status.success()) {
        let text = String::from_utf8_lossy(&lost.stderr).into_owned();
        assert!(text.contains("points to another image now"), "{text}");
    }
    // What the tag pointed to had no other name: it is freed, and nothing else.
    house.baker.ok(&["gc"]);
    house.baker.ok(&["fsck"]);
    assert!(files(&house, "app").iter().any(|path| path == "/srv/app/main"));
}
