//! What `copy`, `write` and `remove` put into a layer, and what they refuse.

use std::os::unix::fs::PermissionsExt;

use bakery::domain::journal::EventKind;

use crate::support::engine::{Bakehouse, usrmerged};

fn on_base() -> Bakehouse {
    Bakehouse::new().with_base(&[usrmerged()])
}

#[test]
fn links_in_the_base_are_followed_and_folders_above_keep_what_they_are() {
    let house = on_base();
    house.file("tool", "#!x");
    let outcome = house.bake("steps:\n  - copy: {from: tool, to: /bin/tool, mode: \"0755\"}\n");
    assert_eq!(
        house.listing(&outcome),
        ["folder 0755 0:0 usr", "folder 0755 0:0 usr/bin", "file 0755 0:0 usr/bin/tool"]
    );
    let outcome = house.bake("steps:\n  - write: {to: /tmp/x, content: hello}\n");
    assert_eq!(house.listing(&outcome), ["folder 1777 0:0 tmp", "file 0644 0:0 tmp/x"]);
    assert_eq!(house.top(&outcome)[1].1, "hello");
}

#[test]
fn a_folders_content_is_copied_with_modes_owners_and_links() {
    let house = on_base();
    house.file("app/main.py", "print()");
    house.file("app/lib/a.py", "a");
    house.file("app/lib/a.pyc", "junk");
    std::fs::set_permissions(house.path("recipe/app/main.py"), PermissionsExt::from_mode(0o775)).unwrap();
    std::os::unix::fs::symlink("/etc/shadow", house.path("recipe/app/link")).unwrap();
    let copy = |more: &str| house.bake(&format!("steps:\n  - copy: {{from: app, to: /srv/app, {more}}}\n"));
    assert_eq!(
        house.listing(&copy("owner: app, exclude: [\"**/*.pyc\"]")),
        [
            "folder 0755 0:0 srv",
            "folder 0755 1000:2000 srv/app",
            "folder 0755 1000:2000 srv/app/lib",
            "file 0644 1000:2000 srv/app/lib/a.py",
            "symlink 0777 1000:2000 srv/app/link",
            "file 0755 1000:2000 srv/app/main.py",
        ]
    );
    assert_eq!(
        house.listing(&copy("owner: \"7:staff\", mode: \"0640\", exclude: [lib, link]")),
        ["folder 0755 0:0 srv", "folder 0750 7:50 srv/app", "file 0640 7:50 srv/app/main.py"]
    );
}

#[test]
fn a_file_goes_to_a_path_or_into_a_folder() {
    let house = on_base();
    house.file("conf/x", "1");
    let top = |to: &str| {
        let outcome = house.bake(&format!("steps:\n  - copy: {{from: conf/x, to: {to}}}\n"));
        house.listing(&outcome).pop().unwrap()
    };
    assert_eq!(top("/etc"), "file 0644 0:0 etc/x");
    assert_eq!(top("/etc/y"), "file 0644 0:0 etc/y");
    assert_eq!(top("/opt/new/"), "file 0644 0:0 opt/new/x");
    assert_eq!(top("/opt/new"), "file 0644 0:0 opt/new");
    assert_eq!(top("/bin"), "file 0644 0:0 usr/bin/x");
}

#[test]
fn a_link_at_the_end_is_replaced_not_followed() {
    let house = on_base();
    std::os::unix::fs::symlink("passwd", house.path("recipe/alias")).unwrap();
    std::fs::create_dir(house.path("recipe/d")).unwrap();
    std::fs::rename(house.path("recipe/alias"), house.path("recipe/d/alias")).unwrap();
    let outcome = house.bake("steps:\n  - copy: {from: d, to: /etc}\n  - write: {to: /etc/alias, content: mine}\n");
    let top = house.listing(&outcome);
    assert_eq!(top, ["folder 0755 0:0 etc", "file 0644 0:0 etc/alias"]);
}

#[test]
fn what_changes_nothing_makes_no_layer() {
    let house = on_base();
    house.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:2000::/home/app:/bin/sh\n");
    let outcome = house.bake("steps:\n  - copy: {from: etc, to: /etc}\n  - write: {to: /new, content: x}\n");
    let manifest = house.manifest(outcome.image());
    let config = house.config(outcome.image());
    assert_eq!(manifest.layers.len(), 2);
    let empty: Vec<bool> = config.history.iter().map(|h| h.empty_layer).collect();
    assert_eq!(empty, [true, false]);
    let sealed = outcome.heard.sealed();
    assert_eq!(sealed[0].layer, None);
    assert_eq!((sealed[1].added, sealed[1].modified, sealed[1].deleted), (1, 0, 0));
}

#[test]
fn removing_leaves_whiteouts_and_needs_something_to_remove() {
    let house = on_base();
    let outcome = house.bake("steps:\n  - remove: [/usr/share/doc, /bin/sh, /bin]\n");
    assert_eq!(
        house.listing(&outcome),
        [
            "file 0600 0:0 .wh.bin",
            "folder 0755 0:0 usr",
            "folder 0755 0:0 usr/bin",
            "file 0600 0:0 usr/bin/.wh.sh",
            "folder 0755 0:0 usr/share",
            "file 0600 0:0 usr/share/.wh.doc"
        ]
    );
    assert_eq!(outcome.heard.sealed()[0].deleted, 6);
    let outcome = house.bake("steps:\n  - remove: [\"/usr/share/*/[ab]\", \"/bin/s?\"]\n");
    let names: Vec<_> = house.listing(&outcome).into_iter().filter(|line| line.contains(".wh.")).collect();
    assert_eq!(
        names,
        ["file 0600 0:0 usr/bin/.wh.sh", "file 0600 0:0 usr/share/doc/.wh.a", "file 0600 0:0 usr/share/doc/.wh.b"]
    );
    for path in ["/nothing", "/usr/share/doc/c*", "/etc/passwd/x"] {
        let failure = house.bake(&format!("steps:\n  - remove: [\"{path}\"]\n")).failure();
        assert!(failure.contains(path), "{failure}");
    }
}

#[test]
fn what_was_removed_can_be_put_again() {
    let house = on_base();
    let outcome = house.bake("steps:\n  - remove: [/usr/share/doc]\n  - write: {to: /usr/share/doc, content: x}\n");
    assert_eq!(house.listing(&outcome).pop().unwrap(), "file 0644 0:0 usr/share/doc");
}

#[test]
fn t06_reserved_names_and_t21_files_for_folders_are_refused() {
    let house = on_base();
    house.file("d/.wh.passwd", "");
    house.file("e/usr", "");
    house.file("f/passwd/x", "");
    for (step, family) in [
        ("copy: {from: d, to: /etc}", "T-06"),
        ("copy: {from: d/.wh.passwd, to: /etc/}", "T-06"),
        ("write: {to: /etc/.wh.passwd, content: x}", "T-06"),
        ("copy: {from: e, to: /}", "T-21"),
        ("copy: {from: f, to: /etc}", "T-21"),
        ("write: {to: /etc/passwd/x, content: x}", "T-21"),
    ] {
        let outcome = house.bake(&format!("steps:\n  - {step}\n"));
        let failure = outcome.failure();
        assert!(failure.contains(family), "{step}: {failure}");
        assert!(outcome.heard.events().iter().any(|event| matches!(event, EventKind::StepFailed { .. })));
    }
    assert!(house.target.entries().unwrap().is_empty(), "nothing was tagged");
}

#[test]
fn y04_an_input_that_changes_while_it_is_baked_stops_the_bake() {
    let house = on_base();
    house.file("app/a", "before");
    house.file("app/big", vec![7; 2 << 20]);
    for (name, content) in
        [("a", &b"behind"[..]), ("big", &[8; 2 << 20]), ("big", &[7; 9]), ("a", b"longer than before")]
    {
        let job = house.job("steps:\n  - copy: {from: app, to: /srv}\n");
        let before = std::fs::read(house.path("recipe/app").join(name)).unwrap();
        house.file(&format!("app/{name}"), content);
        let failure = house.bake_job(&job).failure();
        assert!(failure.contains("changed while being baked") && failure.contains(name), "{failure}");
        house.file(&format!("app/{name}"), before);
    }
    let job = house.job("steps:\n  - copy: {from: app, to: /srv}\n");
    std::fs::remove_file(house.path("recipe/app/a")).unwrap();
    assert!(house.bake_job(&job).failure().contains("changed while being baked"));
}

#[test]
fn owners_the_image_does_not_know_are_named() {
    let house = on_base();
    let failure = house.bake("steps:\n  - write: {to: /x, content: x, owner: nobody}\n").failure();
    assert!(failure.contains("nobody") && failure.contains("/etc/passwd"), "{failure}");
    // An account a step before has written counts.
    let outcome = house.bake(
        "steps:\n  - write: {to: /etc/passwd, content: \"baker:x:5:6::/:\\n\"}\n  - write: {to: /x, content: x, owner: baker}\n",
    );
    assert_eq!(house.listing(&outcome), ["file 0644 5:6 x"]);
}

#[test]
fn events_tell_the_story_in_order() {
    let house = on_base();
    let outcome = house.bake("steps:\n  - write: {to: /a, content: x}\n  - remove: [/tmp]\n");
    let kinds: Vec<String> = outcome
        .heard
        .events()
        .iter()
        .map(|event| match event {
            EventKind::StepStarted { step } => format!("started {step}"),
            EventKind::LayerChanged { step, changes } => format!("changed {step} {}", changes[0].path),
            EventKind::LayerSealed(sealed) => format!("sealed {}", sealed.step),
            EventKind::StepFinished { step, .. } => format!("finished {step}"),
            EventKind::ImageCommitted { reference, .. } => format!("committed {reference}"),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "started base",
            "finished base",
            "started 1",
            "changed 1 /a",
            "sealed 1",
            "finished 1",
            "started 2",
            "changed 2 /tmp",
            "sealed 2",
            "finished 2",
            "committed team-a/app:1.0"
        ]
    );
}

#[test]
fn a_failed_step_leaves_nothing_half_written() {
    let house = on_base();
    house.file("app/big", vec![7; 3 << 20]);
    let job = house.job("steps:\n  - copy: {from: app, to: /srv}\n");
    house.file("app/big", vec![8; 3 << 20]);
    house.bake_job(&job).failure();
    let blobs = std::fs::read_dir(house.path("store/blobs/sha256")).unwrap().count();
    assert_eq!(blobs, 1, "the base's layer and nothing else");
    let left = std::fs::read_dir(house.path("store/.bakery/tmp")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "temporary files are gone when the bake has ended");
}
