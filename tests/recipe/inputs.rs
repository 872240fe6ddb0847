//! Inputs: what a step reads from beside its recipe, and what it never reaches.

use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use bakery::adapters::inputs::{ReadInputs, open_input, read_inputs};
use bakery::domain::oci::Digest;
use bakery::domain::plan::{InputKind, InputManifest};

fn read<'a>(folder: &'a Path, from: &'a str) -> ReadInputs<'a> {
    ReadInputs { folder, from, exclude: &[], threads: 2, cache: None }
}

fn paths(manifest: &InputManifest) -> Vec<&str> {
    manifest.entries.iter().map(|entry| entry.path.as_str()).collect()
}

fn file(path: &Path, content: &str, mode: u32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn folders_files_links_modes() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    file(&root.join("app/a-b"), "1", 0o664);
    file(&root.join("app/a/x"), "22", 0o777);
    file(&root.join("app/a/s"), "", 0o4755);
    symlink("/etc/passwd", root.join("app/link")).unwrap();
    symlink("app", root.join("current")).unwrap();
    let manifest = read_inputs(read(root, "app")).unwrap();
    assert_eq!(paths(&manifest), ["", "a", "a-b", "a/s", "a/x", "link"]);
    let entry = |path: &str| manifest.entries.iter().find(|entry| entry.path == path).unwrap();
    assert_eq!((entry("a-b").mode, entry("a/x").mode, entry("a/s").mode), (0o644, 0o755, 0o4755));
    assert_eq!(entry("a/x").kind, InputKind::File { size: 2, digest: Digest::of(b"22") });
    assert_eq!(entry("link").kind, InputKind::Symlink { target: "/etc/passwd".into() });
    assert_eq!(read_inputs(read(root, "current")).unwrap(), manifest, "`from` may be a link that stays");

    let one = read_inputs(read(root, "app/a/x")).unwrap();
    assert_eq!(paths(&one), [""]);
    let mut text = String::new();
    open_input(root, "app/a/x", "").unwrap().read_to_string(&mut text).unwrap();
    open_input(root, "app", "a/x").unwrap().read_to_string(&mut text).unwrap();
    open_input(root, "current", "a/x").unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "222222");
}

#[test]
fn threads_and_cache_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = tempfile::tempdir().unwrap();
    for number in 0..300 {
        file(&folder.path().join(format!("app/{}/{number}", number % 7)), &number.to_string(), 0o644);
    }
    let first = read_inputs(read(folder.path(), "app")).unwrap();
    for threads in [1, 3, 8] {
        for cache in [None, Some(cache.path()), Some(cache.path())] {
            let again = read_inputs(ReadInputs { threads, cache, ..read(folder.path(), "app") }).unwrap();
            assert_eq!(again, first);
        }
    }
}

#[test]
fn globs_leave_files_and_folders_out() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["app/a.py", "app/a.pyc", "app/sub/b.pyc", "app/.git/config", "app/sub/.git/x"] {
        file(&folder.path().join(name), "", 0o644);
    }
    let exclude = ["**/*.pyc".to_owned(), ".git/".to_owned()];
    let manifest = read_inputs(ReadInputs { exclude: &exclude, ..read(folder.path(), "app") }).unwrap();
    assert_eq!(paths(&manifest), ["", "a.py", "sub", "sub/.git", "sub/.git/x"]);
}

#[test]
fn y04_nothing_leads_out() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("recipes");
    file(&outer.path().join("secret"), "s", 0o600);
    file(&folder.join("app/x"), "x", 0o644);
    symlink("../secret", folder.join("out")).unwrap();
    symlink("..", folder.join("up")).unwrap();
    symlink("/", folder.join("root")).unwrap();
    symlink("/proc/self/fd", folder.join("magic")).unwrap();
    symlink("../../secret", folder.join("app/deep")).unwrap();
    symlink(".", folder.join("app/self")).unwrap();
    for from in ["out", "up", "up/secret", "root/etc", "magic", "../secret", "/etc/passwd", "app/../../secret"] {
        let error = read_inputs(read(&folder, from)).unwrap_err();
        assert!(error.to_string().starts_with("Y-04"), "{from}: {error}");
        assert!(open_input(&folder, from, "").is_err(), "{from}");
    }
    let manifest = read_inputs(read(&folder, "app")).unwrap();
    assert_eq!(paths(&manifest), ["", "deep", "self", "x"], "links are kept, not followed");
    for path in ["deep", "self/x", "../app/x", "../../secret"] {
        assert!(open_input(&folder, "app", path).is_err(), "{path}");
    }
}

#[test]
fn y04_what_has_no_content_is_refused_without_waiting() {
    let folder = tempfile::tempdir().unwrap();
    file(&folder.path().join("app/x"), "x", 0o644);
    let fifo = folder.path().join("app/fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o644.into(), 0).unwrap();
    let error = read_inputs(read(folder.path(), "app")).unwrap_err();
    assert_eq!(error.to_string(), "Y-04: \"app/fifo\" is a FIFO, which has no content");
    assert!(open_input(folder.path(), "app", "fifo").is_err());
    let exclude = ["fifo".to_owned()];
    assert!(read_inputs(ReadInputs { exclude: &exclude, ..read(folder.path(), "app") }).is_ok());

    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("app/socket")).unwrap();
    let error = read_inputs(ReadInputs { exclude: &exclude, ..read(folder.path(), "app") }).unwrap_err();
    assert!(error.to_string().contains("is a socket"), "{error}");
    assert!(open_input(folder.path(), "app/socket", "").is_err());
}

#[test]
fn names_that_are_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    file(&folder.path().join("app/x"), "x", 0o644);
    std::fs::write(folder.path().join("app").join(std::ffi::OsStr::from_bytes(b"caf\xe9\x1b")), "").unwrap();
    let error = read_inputs(read(folder.path(), "app")).unwrap_err();
    assert_eq!(error.to_string(), "name is not UTF-8: app/caf\\xe9\\x1b");
}

#[test]
fn the_cache_never_hides_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let cache = tempfile::tempdir().unwrap();
    let path = folder.path().join("app/x");
    file(&path, "one", 0o644);
    let digest = || {
        let wanted = ReadInputs { cache: Some(cache.path()), ..read(folder.path(), "app/x") };
        read_inputs(wanted).unwrap().digest()
    };
    let old = SystemTime::now() - Duration::from_secs(3600);
    let age = |path: &Path| std::fs::File::options().append(true).open(path).unwrap().set_modified(old).unwrap();
    age(&path);
    let first = digest();
    // Same size, same modification time: the change time, which nobody can set, differs.
    std::fs::write(&path, "two").unwrap();
    age(&path);
    assert_ne!(digest(), first);
    // A file put in its place.
    file(&folder.path().join("new"), "six", 0o644);
    age(&folder.path().join("new"));
    let second = digest();
    std::fs::rename(folder.path().join("new"), &path).unwrap();
    assert_ne!(digest(), second);
}
