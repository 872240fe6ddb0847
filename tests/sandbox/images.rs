//! Images that try to steer the sandbox: what stands where it mounts something, and what their configs say.

use std::os::fd::AsFd;

use bakery::adapters::store::layout::Layout;
use bakery::domain::oci::{DiffId, Digest, ImageConfig, Platform, media_type};
use serde_json::{Value, json};

use super::bench::{Baked, Bench, EVERYBODY, Who, can_run};
use crate::support::bakery::Bakery;
use crate::support::images;
use crate::support::tiny::{self, Member};

/// A step with everything that wants a place in the image.
const MOUNTS: &str =
    "  - run: {secrets: [token], cache: [/cache], script: \"touch /cache/mine; echo more >/etc/hosts; echo ran\"}\n";

fn bake(who: Who, member: Member<'_>) -> (Bench, Baked) {
    let bench = Bench::new(who, &[member], MOUNTS);
    let baked = bench.bake_with(&["--secret", "token=env:TOKEN"], &[("TOKEN", "s3cr3t-token")]);
    (bench, baked)
}

/// Places where the sandbox mounts.
const PLACES: [&str; 8] = ["proc", "sys", "dev", "etc/resolv.conf", "etc/hosts", "run/secrets", "cache", "etc"];

#[test]
fn y05_links_where_mounts_go_stay_inside_or_are_refused() {
    if !can_run() {
        return;
    }
    for who in EVERYBODY {
        // Where links would lead if anybody followed them outside.
        let outside = Bench::new(who, &[], "");
        let victim = outside.path("victim").display().to_string();
        for place in PLACES {
            for target in [
                victim.clone(),
                format!("{victim}/keep"),
                format!("../../../../../..{victim}"),
                "/".into(),
                "loop".into(),
            ] {
                let target = if target == "loop" { format!("/{place}") } else { target };
                let (bench, baked) = bake(who, Member::Link(place, target.clone()));
                let what = format!("{who:?}: {place} -> {target}: {}\n{}", baked.stderr, baked.log);
                let refused = ["Y-05", "no mount point for", "T-02"].iter().any(|word| baked.stderr.contains(word));
                assert!(
                    baked.code == Some(0) && baked.log.contains("ran") || baked.code == Some(1) && refused,
                    "{what}"
                );
                let must = ["proc", "sys", "dev"].contains(&place);
                assert!(!must || baked.stderr.contains(place), "{what}");
                bench.assert_untouched();
            }
        }
        outside.assert_untouched();
    }
}

#[test]
fn y05_files_and_folders_where_mounts_go_are_refused_or_covered() {
    if !can_run() {
        return;
    }
    for who in EVERYBODY {
        for place in PLACES {
            for member in [Member::File(place, "x"), Member::Folder(place)] {
                // An archive's own members below a file make a folder of it.
                let fits = place == "etc"
                    || matches!((&member, place), (Member::Folder(_), place) if !place.starts_with("etc/"))
                    || !matches!(member, Member::Folder(_)) && place.starts_with("etc/");
                let (bench, baked) = bake(who, member.clone());
                let what = format!("{who:?}: {member:?}: {}\n{}", baked.stderr, baked.log);
                assert_eq!(baked.code, Some(i32::from(!fits)), "{what}");
                let words = ["Y-05", "no mount point for", "cannot be unpacked", "T-21"];
                assert!(fits || words.iter().any(|word| baked.stderr.contains(word)), "{what}");
                bench.assert_untouched();
            }
        }
    }
}

/// An image of these plain tars in the global store, its config changed by the test.
fn put_base(bakery: &Bakery, tars: &[Vec<u8>], config: Value) {
    let layout = Layout::open_or_create(&bakery.path("global")).unwrap();
    let platform = Platform { os: "linux".into(), architecture: "amd64".into(), variant: None };
    let mut image = ImageConfig::scratch(&platform);
    let mut layers = Vec::new();
    for tar in tars {
        image.rootfs.diff_ids.push(DiffId(Digest::of(tar)));
        layers.push(layout.put_bytes("application/vnd.oci.image.layer.v1.tar", tar).unwrap());
    }
    let mut image = serde_json::to_value(&image).unwrap();
    image["config"] = config;
    let config = layout.put_bytes(media_type::CONFIG, &serde_json::to_vec(&image).unwrap()).unwrap();
    let manifest = layout.put_bytes(media_type::MANIFEST, &images::manifest(&config, &layers, None)).unwrap();
    layout.tag("hostile:1", &manifest).unwrap();
}

fn on_base(who: Who, tars: &[Vec<u8>], config: Value, rest: &str) -> Bench {
    let bakery = Bakery::new();
    put_base(&bakery, tars, config);
    Bench::with(who, bakery, &format!("base: global/hostile:1\n{rest}"))
}

#[test]
fn j14_configs_do_not_steer_the_sandbox() {
    if !can_run() {
        return;
    }
    let tests = "tests:\n  - {name: look, run: \"pwd; ls; cat keep; id -u; env\"}\n";
    for who in EVERYBODY {
        let mut configs = vec![
            (json!({"User": "4294967296"}), Some("J-14")),
            (json!({"User": "4294967295"}), Some("J-14")),
            (json!({"User": "-1"}), Some("no user")),
            (json!({"User": "ghost"}), Some("no user")),
            (json!({"WorkingDir": "/proc/1/root/../../.."}), None),
            (json!({"WorkingDir": "../../../../.."}), None),
            (json!({"WorkingDir": "relative"}), None),
            (json!({"Env": ["A=b\nBAKERY_CANARY=c", "=x", "novalue", "LD_PRELOAD=/proc/self/fd/9/keep"]}), None),
            (json!({"Env": ["A=b\u{0}c"]}), None),
        ];
        configs
            .extend((3..16).map(|fd| (json!({"WorkingDir": format!("/proc/self/fd/{fd}")}), Some("working folder"))));
        configs.extend(
            (9..11).map(|fd| (json!({"WorkingDir": format!("/proc/self/fd/{fd}/..")}), Some("working folder"))),
        );
        for (config, words) in configs {
            let bench = on_base(who, &[tiny::tar(&[])], config.clone(), &format!("steps: []\n{tests}"));
            // Folders of the host that whoever starts bakery has left open.
            let victim = std::fs::File::open(bench.path("victim")).unwrap();
            let open: Vec<_> = (0..4).map(|_| rustix::io::dup(victim.as_fd()).unwrap()).collect();
            let baked = bench.bake();
            drop(open);
            let found = serde_json::to_string(&baked.events).unwrap();
            assert!(!found.contains("do not touch") && !found.contains("canary"), "{config}: {found}");
            assert!(words.is_none_or(|words| found.contains(words)), "{who:?} {config}: {found}\n{}", baked.stderr);
            bench.assert_untouched();
        }
    }
}
