//! `cache:` folders: kept between bakes, never in a layer, usable by the step's user, of no harm to the host.

use super::bench::{bench, events, listing, of, with};
use crate::support::bakery::{Bakery, succeeded};

fn layers(bakery: &Bakery, recipe: &str) -> Vec<Vec<String>> {
    let output = bakery.run(&["bake", recipe, "--json"]);
    succeeded(&output, recipe);
    let events = events(&output);
    of(&events, "layer.sealed")
        .into_iter()
        .filter(|one| !one["digest"].is_null())
        .map(|one| listing(bakery, one))
        .collect()
}

const ACCOUNT: &str =
    "  - write: {to: /etc/passwd, content: \"root:x:0:0::/root:/bin/sh\\napp:x:1000:1000::/:/bin/sh\\n\"}\n";

#[test]
fn what_is_kept_is_there_next_time_and_never_in_the_layer() {
    let bakery = bench();
    let step = |n: u32| {
        format!(
            "  - run: {{script: 'cat /var/kept/deep/n > /etc/was || true; echo {n} > /var/kept/deep/n', cache: [/var/kept/deep]}}\n"
        )
    };
    with(&bakery, "app", &step(1));
    assert_eq!(layers(&bakery, "recipes/app.yaml"), [["etc/", "etc/was"]]);
    with(&bakery, "app", &step(2));
    layers(&bakery, "recipes/app.yaml");
    let said = bakery.ok(&[
        "shell",
        "-q",
        "recipes/app.yaml",
        "--",
        "sh",
        "-c",
        "cat /etc/was; ls /var | grep kept || echo none",
    ]);
    assert_eq!(said, "1\nnone\n", "not even where it was mounted is in the image");
    // Another recipe has a folder of its own.
    with(&bakery, "other", &step(3));
    layers(&bakery, "recipes/other.yaml");
    assert_eq!(bakery.ok(&["shell", "-q", "recipes/other.yaml", "--", "cat", "/etc/was"]), "");
}

#[test]
fn a_fresh_folder_belongs_to_the_steps_user() {
    let bakery = bench();
    let run = "{script: 'touch /var/kept/mine; id -u', user: app, cache: [/var/kept]}";
    with(
        &bakery,
        "app",
        &format!(
            "{ACCOUNT}  - run: {run}\n  - run: {{script: 'test -e /var/kept/mine; touch /var/kept/more', user: app, cache: [/var/kept]}}\n"
        ),
    );
    assert_eq!(layers(&bakery, "recipes/app.yaml").len(), 1, "they left nothing in the image");
}

#[test]
fn two_bakes_share_a_folder_at_the_same_time() {
    let bakery = bench();
    for tag in ["a", "b"] {
        let other = if tag == "a" { "b" } else { "a" };
        let script = format!("touch /var/kept/{tag}; while ! test -e /var/kept/{other}; do sleep 0.05; done");
        let steps = format!("  - run: {{script: '{script}', cache: [/var/kept]}}\n");
        let text = super::bench::recipe("same", &steps).replace("\"1\"", &format!("\"{tag}\""));
        bakery.write(&format!("recipes/{tag}.yaml"), text);
    }
    succeeded(&bakery.run(&["bake", "recipes/a.yaml", "recipes/b.yaml"]), "both");
}

#[test]
fn devices_and_set_id_programs_in_it_mean_nothing_and_nobody_else_gets_there() {
    let bakery = bench();
    let script = "grep \" /var/kept \" /proc/self/mounts | grep nosuid | grep -q nodev";
    with(&bakery, "app", &format!("  - run: {{script: '{script}', cache: [/var/kept]}}\n"));
    bakery.bake("recipes/app.yaml");
    for folder in ["snapshots", "step-caches"] {
        for kind in std::fs::read_dir(bakery.path("home/cache").join(folder)).unwrap().flatten() {
            let mode = std::os::unix::fs::PermissionsExt::mode(&kind.metadata().unwrap().permissions());
            assert_eq!(mode & 0o777, 0o700, "{}", kind.path().display());
        }
    }
}
