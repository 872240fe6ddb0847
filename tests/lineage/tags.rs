//! Tags that move, go, and stand in several stores; indexes beside single manifests.

use bakery::domain::oci::{Descriptor, DescriptorPlatform, Digest, ImageIndex, Repository, Tag, media_type};

use super::{Put, Shelf, standings};
use crate::support::bakery::Bakery;

/// A workspace of layouts, with the shelves of the three.
fn house() -> (Bakery, [Shelf; 3]) {
    let bakery = Bakery::with_workspace(
        "bakery: 1\nstores:\n  global: {layout: ./global}\n  local: {layout: ./local}\n  \
         teams: {layout: ./teams, team: true}\n",
    );
    let shelves = ["global", "local", "teams"].map(|name| Shelf::layout(&bakery.path(name)));
    (bakery, shelves)
}

fn has(bakery: &Bakery, line: &str) {
    let told = standings(bakery, &[]);
    assert!(told.contains(line), "no {line:?} in {told:#?}");
}

#[tokio::test]
async fn a_tag_that_is_gone_leaves_its_children_unknown_and_one_that_comes_back_does_not() {
    let (bakery, [global, local, _]) = house();
    let os = global.put("os:12", None, "os1", None).await;
    local.put("team/told:1", Some(&os), "own1", Some("global/os:12")).await;
    local.put("team/quiet:1", Some(&os), "own2", None).await;
    has(&bakery, "local/team/told:1 current global/os:12");
    let (repository, tag): (Repository, Tag) = ("os".parse().unwrap(), "12".parse().unwrap());
    global.store.remove_tag(&repository, &tag).await.unwrap();
    has(&bakery, "local/team/told:1 unknown global/os:12");
    let told = bakery.ok(&["lineage", "local/team/told:1"]);
    assert!(told.contains("? global/os:12 is gone") && told.contains("best: blocked: global/os:12 is gone"), "{told}");
    let told = bakery.ok(&["lineage", "--down", "global/os:12"]);
    assert!(told.contains("local/team/told:1"), "what is hit by a tag that is gone: {told}");
    // The same content under the same name again: nobody is stale.
    global.put("os:12", None, "os1", None).await;
    has(&bakery, "local/team/told:1 current global/os:12");
    has(&bakery, "local/team/quiet:1 current global/os:12");
    global.put("os:12", None, "os2", None).await;
    has(&bakery, "local/team/told:1 stale global/os:12");
    has(&bakery, "local/team/quiet:1 stale global/os:12");
}

#[tokio::test]
async fn one_digest_under_tags_of_several_stores_is_one_image_and_equal_content_never_stale() {
    let (bakery, [global, local, teams]) = house();
    let os = global.put("os:12", None, "os1", None).await;
    let ours = local.put("team/app:1", Some(&os), "own1", Some("global/os:12")).await;
    let theirs = teams.put("team/app:1", Some(&os), "own1", Some("global/os:12")).await;
    assert_eq!(ours.digest, theirs.digest);
    // A copy of the base in our own store is the base all the same, and another tag of it moves nobody.
    local.put("mirror/os:12", None, "os1", None).await;
    global.put("os:stable", None, "os1", None).await;
    let told = bakery.json(&["lineage"]);
    assert_eq!((told["nodes"].as_array().unwrap().len(), told["images"].as_u64()), (2, Some(2)), "{told:#}");
    has(&bakery, "local/team/app:1 current global/os:12");
    has(&bakery, "teams/team/app:1 current global/os:12");
    has(&bakery, "local/mirror/os:12 root -");
    global.put("os:12", None, "os2", None).await;
    has(&bakery, "teams/team/app:1 stale global/os:12");
    // It is tagged back: what was stale is not.
    global.put("os:12", None, "os1", None).await;
    has(&bakery, "teams/team/app:1 current global/os:12");
}

#[tokio::test]
async fn an_index_of_which_only_another_platform_moved_makes_nobody_stale() {
    let (bakery, [global, local, _]) = house();
    let amd = global.put("os:amd", None, "os1", None).await;
    let arm = global.on_arm();
    let (arm1, arm2) = (arm.put("os:arm", None, "python1", None).await, arm.put("os:arm", None, "node1", None).await);
    index(&global, &amd, &arm1).await;
    local.put("team/app:1", Some(&amd), "own1", Some("global/os:12")).await;
    has(&bakery, "local/team/app:1 current global/os:12");
    index(&global, &amd, &arm2).await;
    has(&bakery, "local/team/app:1 current global/os:12");
    let newer = global.put("os:amd2", None, "os2", None).await;
    index(&global, &newer, &arm2).await;
    has(&bakery, "local/team/app:1 stale global/os:12");
    // From an index to the single manifest it is on: that is what it was.
    global.put("os:12", None, "os1", None).await;
    has(&bakery, "local/team/app:1 current global/os:12");
}

/// Puts `os:12` as an index of two platforms.
async fn index(global: &Shelf, amd: &Put, arm: &Put) {
    let (repository, tag): (Repository, Tag) = ("os".parse().unwrap(), "12".parse().unwrap());
    let entry = async |digest: &Digest, architecture: &str| {
        let selector = bakery::adapters::store::Selector::Digest(digest.clone());
        let mut entry: Descriptor = global.store.resolve(&repository, &selector).await.unwrap();
        let platform = serde_json::json!({"os": "linux", "architecture": architecture});
        entry.platform = Some(serde_json::from_value::<DescriptorPlatform>(platform).unwrap());
        entry
    };
    let index = ImageIndex::new(vec![entry(&amd.digest, "amd64").await, entry(&arm.digest, "arm64").await]);
    let bytes = serde_json::to_vec(&index).unwrap();
    global.store.put_manifest(&repository, Some(&tag), media_type::INDEX, &bytes).await.unwrap();
}

#[tokio::test]
async fn a_store_that_cannot_be_read_has_not_lost_its_tags() {
    let (bakery, [global, local, _]) = house();
    let os = global.put("os:12", None, "os1", None).await;
    local.put("team/told:1", Some(&os), "own1", Some("global/os:12")).await;
    global.put("os:12", None, "os2", None).await;
    has(&bakery, "local/team/told:1 stale global/os:12");
    let index = bakery.path("global/index.json");
    let kept = std::fs::read(&index).unwrap();
    std::fs::write(&index, "{").unwrap();
    let output = bakery.run(&["lineage", "--json"]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!output.status.success() && told["unread"][0]["what"] == "global", "{told:#}");
    let text = told["nodes"].to_string();
    assert!(text.contains("global/os:12") && told["stale"] == 1, "as it was at the last look: {told:#}");
    std::fs::write(&index, kept).unwrap();
    let (repository, tag): (Repository, Tag) = ("os".parse().unwrap(), "12".parse().unwrap());
    global.store.remove_tag(&repository, &tag).await.unwrap();
    has(&bakery, "local/team/told:1 unknown global/os:12");
}

#[tokio::test]
async fn what_is_remembered_of_a_store_is_told_where_that_store_is_and_nowhere_else() {
    let (bakery, [global, local, _]) = house();
    let os = global.put("os:12", None, "os1", None).await;
    local.put("team/quiet:1", Some(&os), "own1", None).await;
    has(&bakery, "local/team/quiet:1 current global/os:12");
    // Another workspace with a store of the same name, and one that calls the first's by another.
    bakery.write("other/bakery.yaml", "bakery: 1\nstores:\n  global: {layout: ./global}\n  local: {layout: ./local}\n");
    let theirs = Shelf::layout(&bakery.path("other/global"));
    theirs.put("os:12", None, "python1", None).await;
    let third = "bakery: 1\nstores:\n  bases: {layout: ../global}\n  local: {layout: ../local}\n";
    bakery.write("third/bakery.yaml", third);
    global.put("os:12", None, "os2", None).await;
    let told = bakery.json(&["lineage", "--workspace", "other"]);
    assert_eq!(told["nodes"].as_array().unwrap().len(), 1, "{told:#}");
    let told = standings(&bakery, &["--workspace", "third"]);
    assert!(told.contains("local/team/quiet:1 stale bases/os:12"), "{told:#?}");
    has(&bakery, "local/team/quiet:1 stale global/os:12");
}
