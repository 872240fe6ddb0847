//! Several writers, and gc beside them: nothing lost, nothing freed too early (H-04).

use bakery::adapters::store::StoreError;
use bakery::adapters::store::layout::Layout;

use super::{fresh, fsck};
use crate::support::images;

#[test]
fn h04_two_writers_naming_a_hundred_images_lose_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/store");
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let path = &path;
            scope.spawn(move || {
                let layout = Layout::open_or_create(path).unwrap();
                for number in 0..50 {
                    images::put_named(&layout, &format!("team-{writer}/x:{number}"));
                }
            });
        }
    });
    let layout = Layout::open(&path).unwrap();
    assert_eq!(layout.entries().unwrap().len(), 100);
    let found = fsck(&layout);
    assert!(found.findings.is_empty(), "{:?}", found.findings);
}

#[test]
fn h04_many_creators_of_one_store_agree() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        std::thread::scope(|scope| {
            for number in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    let layout = Layout::open_or_create(path).unwrap();
                    images::put_named(&layout, &format!("a/b:{number}"));
                });
            }
        });
        assert_eq!(Layout::open(&path).unwrap().entries().unwrap().len(), 4);
    }
}

#[test]
fn h04_the_last_of_two_racing_names_wins_whole() {
    let (_folder, layout) = fresh();
    let candidates: Vec<_> = (0..4).map(|n| images::put(&layout, &n.to_string()).manifest).collect();
    std::thread::scope(|scope| {
        for candidate in &candidates {
            let layout = &layout;
            scope.spawn(move || (0..10).for_each(|_| layout.tag("a/b:1", candidate).unwrap()));
        }
    });
    let entries = layout.entries().unwrap();
    assert_eq!(entries.len(), 1);
    assert!(candidates.iter().any(|c| c.digest == entries[0].digest));
}

#[test]
fn h04_gc_frees_nothing_while_somebody_holds() {
    let (_folder, layout) = fresh();
    let other = Layout::open(layout.path()).unwrap();
    let hold = layout.hold().unwrap();
    let image = images::put(&layout, "unnamed as yet");
    let error = other.gc(&Default::default(), false).unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
    assert!(layout.has(&image.layer));
    layout.tag("a/b:1", &image.manifest).unwrap();
    drop(hold);
    other.gc(&Default::default(), false).unwrap();
    assert!(layout.has(&image.layer) && layout.has(&image.config) && layout.has(&image.manifest));
}

#[test]
fn a_writer_at_work_is_not_swept() {
    use std::io::Write;
    let (_folder, layout) = fresh();
    let mut writer = layout.begin_blob().unwrap();
    writer.write_all(b"con").unwrap();
    Layout::open_or_create(layout.path()).unwrap();
    let freed = layout.gc(&Default::default(), false).unwrap();
    assert_eq!(freed.temporaries, 0);
    writer.write_all(b"tent").unwrap();
    assert!(layout.has(&writer.commit("x").unwrap()));
}

#[test]
fn h04_fsck_beside_a_writer_finds_no_fault() {
    let (_folder, layout) = fresh();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (0..100).for_each(|number| drop(images::put_named(&layout, &format!("a/b:{number}"))));
            done.store(true, std::sync::atomic::Ordering::Release);
        });
        while !done.load(std::sync::atomic::Ordering::Acquire) {
            let found = fsck(&layout);
            assert!(found.is_sound(), "{:?}", found.findings);
        }
    });
    assert_eq!(fsck(&layout).entries, 100);
}

#[test]
fn h04_gc_beside_writers_frees_nothing_they_need() {
    let (_folder, layout) = fresh();
    let done = std::sync::atomic::AtomicBool::new(false);
    let freed = std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..100 {
                let _hold = layout.hold().unwrap();
                layout.put_bytes("x", format!("loose {number}").as_bytes()).unwrap();
                images::put_named(&layout, &format!("a/b:{number}"));
            }
            done.store(true, std::sync::atomic::Ordering::Release);
        });
        let mut freed = 0;
        while !done.load(std::sync::atomic::Ordering::Acquire) {
            match layout.gc(&Default::default(), false) {
                Ok(part) => freed += part.blobs,
                Err(StoreError::Busy { .. }) => std::thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        }
        freed + layout.gc(&Default::default(), false).unwrap().blobs
    });
    assert_eq!(freed, 100);
    assert!(fsck(&layout).findings.is_empty());
}

#[test]
fn h04_a_released_hold_is_released_while_other_processes_start() {
    let (_folder, layout) = fresh();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Acquire) {
                    std::process::Command::new("true").status().unwrap();
                }
            });
        }
        for _ in 0..2000 {
            drop(layout.hold().unwrap());
            let freed = layout.gc(&Default::default(), false);
            if freed.is_err() {
                done.store(true, std::sync::atomic::Ordering::Release);
            }
            freed.unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Release);
    });
}
