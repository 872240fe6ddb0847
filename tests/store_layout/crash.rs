//! Writers killed or refused at every call to the kernel: the store stays whole, what was acknowledged is there (H-01,
//! H-03).

use std::path::Path;
use std::process::{Command, Output};

use bakery::adapters::store::layout::Layout;

use super::fsck;
use crate::support::images;
use crate::support::peers::need;

const FOLDER: &str = "BAKERY_TEST_LAYOUT";
/// What changes a layout.
const CALLS: [&str; 9] = ["fsync", "rename", "flock", "fchmod", "mkdir", "open", "unlink", "write", "openat"];
/// `write` and `openat` calls the writer makes before it begins, more than the test framework's own threads make.
const WARM_UP: usize = 16;

/// Runs in a process of its own, started by the tests below: puts images, and says so after each.
#[test]
#[ignore = "the other process of the crash tests"]
fn writer() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    for _ in 0..WARM_UP {
        std::fs::write("/dev/null", "x").unwrap();
    }
    let layout = match Layout::open_or_create(Path::new(&folder)) {
        Ok(layout) => layout,
        Err(error) => panic!("open: {error}"),
    };
    for number in 0..2 {
        images::put_named(&layout, &format!("a/b:{number}"));
        eprintln!("put a/b:{number};");
    }
}

/// Starts the writer; `inject` is what strace does to which of its calls. The trace lies beside the folder.
fn writer_process(folder: &Path, inject: Option<&str>) -> Output {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-y", "-s0", "-e", &format!("trace={}", CALLS.join(",")), "-o"]);
    command.arg(folder.with_extension("trace"));
    if let Some(inject) = inject {
        command.args(["-e", &format!("inject={inject}")]);
    }
    command.arg(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "store_layout::crash::writer", "--nocapture", "--test-threads=1"]);
    command.env(FOLDER, folder).env("RUST_BACKTRACE", "0").output().unwrap()
}

fn can_trace() -> bool {
    if !need(&["strace"]) {
        return false;
    }
    let allowed = Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|s| s.success());
    if !allowed {
        eprintln!("SKIPPED: strace may not trace here");
    }
    allowed
}

/// Whatever happened to the writer: nothing broken, everything acknowledged there, and writing again just works.
fn holds(folder: &Path, output: &Output, case: &str) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if let Ok(layout) = Layout::open(folder) {
        let found = fsck(&layout);
        assert!(found.is_sound(), "{case}: {:?}\n{said}", found.findings);
        let names: Vec<String> =
            layout.entries().unwrap().iter().filter_map(|e| e.annotations.values().next().cloned()).collect();
        for number in 0..2 {
            let name = format!("a/b:{number}");
            assert!(!said.contains(&format!("put {name};")) || names.contains(&name), "{case}: lost {name}\n{said}");
        }
    } else {
        assert!(!said.contains("put a/b"), "{case}: the store is gone\n{said}");
    }
    let again = Layout::open_or_create(folder).unwrap_or_else(|error| panic!("{case}: {error}"));
    images::put_named(&again, "a/b:0");
    again.gc(&Default::default(), false).unwrap();
    let found = fsck(&again);
    assert!(found.findings.is_empty(), "{case}: {:?}", found.findings);
}

#[test]
fn h01_a_writer_killed_at_any_call_leaves_a_sound_store() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut kills = 0;
    for call in CALLS {
        for number in first(call).. {
            let store = folder.path().join(format!("{call}{number}"));
            let output = writer_process(&store, Some(&format!("{call}:signal=SIGKILL:when={number}")));
            holds(&store, &output, &format!("killed at {call} {number}"));
            if output.status.success() {
                break;
            }
            kills += 1;
        }
    }
    assert!(kills > 70, "only {kills} kills");
}

/// The first call of the writer itself.
fn first(call: &str) -> usize {
    if matches!(call, "write" | "openat") { WARM_UP + 1 } else { 1 }
}

/// The order in which writes become durable, from the calls to the kernel: nothing gets its name before its content is
/// synced, no index before its blobs' folder is, and nothing is acknowledged before the index's folder is.
#[test]
fn h02_every_name_waits_for_what_it_names() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    assert!(writer_process(&store, None).status.success());
    let trace = std::fs::read_to_string(store.with_extension("trace")).unwrap();
    let mut unsynced = std::collections::BTreeSet::new();
    let (mut blobs, mut acknowledged) = (0, 0);
    let sha256 = store.join("blobs/sha256").display().to_string();
    let root = store.display().to_string();
    for line in trace.lines().filter_map(|line| line.split_once(' ')).map(|(_, call)| call.trim_start()) {
        let file = line.split(['<', '>']).nth(1).unwrap_or("").to_owned();
        if line.starts_with("write(2") {
            assert!(unsynced.is_empty(), "acknowledged before {unsynced:?}");
            acknowledged += 1;
        } else if line.starts_with("write(") && file.starts_with(&root) {
            unsynced.insert(file);
        } else if line.starts_with("fsync(") {
            unsynced.remove(&file);
        } else if line.starts_with("rename(") {
            let names: Vec<&str> = line.split('"').collect();
            let (from, to) = (names[1], names[3]);
            assert!(!unsynced.contains(from), "{to} named before its content was synced");
            if to.starts_with(&sha256) {
                blobs += 1;
                unsynced.insert(sha256.clone());
            } else {
                assert!(!unsynced.contains(&sha256), "index swapped before its blobs' folder was synced");
                unsynced.insert(root.clone());
            }
        }
    }
    assert_eq!(blobs, 6, "{trace}");
    assert!(acknowledged >= 2);
}

#[test]
fn h03_a_full_or_failing_disk_leaves_a_sound_store() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (call, error) in
        [("write", "ENOSPC"), ("fsync", "EIO"), ("rename", "ENOSPC"), ("mkdir", "EROFS"), ("flock", "ENOLCK")]
    {
        let mut failures = 0;
        for number in first(call).. {
            let store = folder.path().join(format!("{call}{number}"));
            let output = writer_process(&store, Some(&format!("{call}:error={error}:when={number}")));
            holds(&store, &output, &format!("{error} from {call} {number}"));
            if output.status.success() {
                break;
            }
            failures += 1;
        }
        assert!(failures > 0, "no {call} failed");
    }
}

#[test]
fn h03_a_store_on_a_full_disk_says_so_and_heals() {
    let folder = tempfile::tempdir().unwrap();
    let small = folder.path().join("small");
    std::fs::create_dir(&small).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "none"]).arg(&small).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED h03_a_store_on_a_full_disk_says_so_and_heals: mounting is not allowed here");
        return;
    }
    let result = std::panic::catch_unwind(|| {
        use std::io::Write;
        let layout = Layout::open_or_create(&small.join("store")).unwrap();
        images::put_named(&layout, "a/b:1");
        let mut writer = layout.begin_blob().unwrap();
        let error = (0..64).find_map(|_| writer.write_all(&[0; 8192]).err()).unwrap();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
        drop(writer);
        let error = layout.put_bytes("x", &vec![1; 400_000]).unwrap_err();
        assert!(bakery::report::Report::from(error).to_string().contains("No space left"));
        assert!(fsck(&layout).findings.is_empty());
        images::put_named(&layout, "a/b:2");
        // The same folder, read-only.
        assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(&small).status().unwrap().success());
        let layout = Layout::open(layout.path()).unwrap();
        assert_eq!(layout.entries().unwrap().len(), 2);
        assert!(fsck(&layout).findings.is_empty());
        let error = layout.put_bytes("x", b"y").unwrap_err();
        assert!(bakery::report::Report::from(error).to_string().contains("Read-only"));
    });
    assert!(Command::new("umount").arg(&small).status().unwrap().success());
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}
