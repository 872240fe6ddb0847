//! A base for another machine is no base: told by what its config says, whatever lists it.

use serde_json::{Value, json};

use bakery::adapters::store::layout::Layout;
use bakery::domain::oci::{Descriptor, ImageIndex, media_type};

use super::house::{FILES, House, OWN};
use crate::support::bakery::layout_json;

const AMD: &str = "linux/amd64";
const ARM: &str = "linux/arm64";

/// `os:13` of two platforms, and each of its images alone as `os:amd64` and `os:arm64`.
fn alone(house: &House) -> Layout {
    house.base("os:13", &[&FILES[1..], &[("etc/conf", "2")]].concat(), "{}", 200);
    let store = house.global.path("store");
    let layout = Layout::open(&store).unwrap();
    for entry in index(house, "os:13").manifests {
        let name = format!("os:{}", entry.platform.as_ref().unwrap().architecture);
        let single = Descriptor::new(entry.media_type, entry.digest, entry.size);
        layout.tag(&name, &single).unwrap();
    }
    layout
}

fn index(house: &House, name: &str) -> ImageIndex {
    let digest = house.global.json(&["inspect", &format!("local/{name}")])["digest"].as_str().unwrap().to_owned();
    serde_json::from_value(layout_json(&house.global.path("store"), &digest)).unwrap()
}

fn names_both(told: &str) {
    assert!(told.contains(AMD) && told.contains(ARM), "{told}");
}

#[test]
fn a_single_image_for_another_platform_is_no_base_to_go_to() {
    let house = House::new();
    house.app("app", &format!("platforms: [{AMD}]\n{OWN}"));
    alone(&house);
    let before = house.digest("app");
    for dry in [&["--dry-run"][..], &[]] {
        let arguments = [&["local/team/app:1", "--onto", "global/os:arm64"], dry].concat();
        let (code, told) = house.rebase(&arguments);
        assert_eq!((code, &told["answer"]), (3, &json!("refused")), "{told:#}");
        assert_eq!(told["refusal"]["reason"], "base.platform");
        names_both(told["refusal"]["why"].as_str().unwrap());
    }
    assert_eq!(house.digest("app"), before);
    let told = house.baker.json(&["impact", "global/os:12", "--onto", "global/os:arm64"]);
    assert_eq!(told["count"]["refused"], 1, "{told:#}");
    names_both(&told["images"][0]["note"].to_string());
    // The one for its own platform does.
    let (code, told) = house.rebase(&["local/team/app:1", "--onto", "global/os:amd64"]);
    assert_eq!((code, &told["done"]), (0, &json!(true)), "{told:#}");
}

#[test]
fn a_roll_out_of_a_tag_that_points_to_another_platform_moves_nothing() {
    let house = House::new();
    house.app("app", &format!("platforms: [{AMD}]\n{OWN}"));
    let layout = alone(&house);
    let arm = index(&house, "os:13")
        .manifests
        .into_iter()
        .find(|entry| entry.platform.as_ref().is_some_and(|platform| platform.architecture == "arm64"));
    layout.tag("os:12", &Descriptor { platform: None, ..arm.unwrap() }).unwrap();
    let before = house.digest("app");
    for how in [&["--dry-run"][..], &[]] {
        let told = house.baker.run(&[&["rollout", "global/os:12"], how].concat());
        names_both(&(String::from_utf8_lossy(&told.stdout).into_owned() + &String::from_utf8_lossy(&told.stderr)));
        assert_ne!(told.status.code(), Some(0), "{how:?}");
        assert_eq!(house.digest("app"), before, "{how:?}");
    }
}

#[test]
fn what_an_index_says_of_an_image_does_not_count_before_what_the_image_says() {
    let house = House::new();
    house.app("app", &format!("platforms: [{AMD}]\n{OWN}"));
    let layout = alone(&house);
    let mut lying = index(&house, "os:13");
    let platforms: Vec<_> = lying.manifests.iter().rev().map(|entry| entry.platform.clone()).collect();
    for (entry, platform) in lying.manifests.iter_mut().zip(platforms) {
        entry.platform = platform;
    }
    let put = layout.put_bytes(media_type::INDEX, &serde_json::to_vec(&lying).unwrap()).unwrap();
    layout.tag("os:lying", &put).unwrap();
    let (code, told) = house.rebase(&["local/team/app:1", "--onto", "global/os:lying"]);
    assert_eq!((code, &told["refusal"]["reason"]), (3, &json!("base.platform")), "{told:#}");
    names_both(told["refusal"]["why"].as_str().unwrap());
}

#[test]
fn a_base_it_is_said_to_be_on_that_is_for_another_platform_is_named_with_the_reason() {
    let house = House::new();
    house.app("app", &format!("platforms: [{AMD}]\n{OWN}"));
    alone(&house);
    house.moves(&[("etc/conf", "2")], "{}");
    let (code, told): (i32, Value) = house.rebase(&["local/team/app:1", "--base", "global/os:arm64"]);
    assert_eq!((code, &told["refusal"]["reason"]), (3, &json!("base.unread")), "{told:#}");
    names_both(told["refusal"]["why"].as_str().unwrap());
}
