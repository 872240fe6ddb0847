//! What is proven safe comes to the same as a bake on the new base.

use super::house::{FILES, House, OWN};

#[test]
fn a_clean_child_comes_to_the_same_as_a_full_bake_on_every_platform() {
    let house = House::new();
    house.base("os:12", FILES, "{labels: {org.opencontainers.image.version: \"12.1\"}}", 100);
    house.app("clean", OWN);
    house.app("two", &format!("platforms: [linux/amd64, linux/arm64]\n{OWN}"));
    let config = "{env: {PATH: /usr/bin}, labels: {v: \"2\", org.opencontainers.image.version: \"12.2\"}}";
    house.moves(&[("etc/conf", "2"), ("usr/new", "n"), ("opt/a/x", "-")], config);
    house.comes_to_the_same("clean");
    house.comes_to_the_same("two");
}
