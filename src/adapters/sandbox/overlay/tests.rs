//! Both ways to stack folders, on the same folders, in a mount namespace of the test's own.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open, openat};
use rustix::mount::{MountPropagationFlags, mount_change};

use super::*;
use crate::adapters::sandbox::kernel::{self, UnshareFlags};

type Way = fn(&[&Path], Option<(&Path, &Path)>, bool) -> Result<OwnedFd, OverlayError>;

/// Ways this kernel has; mount(2) is one of all of them.
fn ways() -> Vec<(&'static str, Way)> {
    let mut ways: Vec<(&'static str, Way)> = vec![("at-once", mount_at_once)];
    if takes_one_by_one() {
        ways.push(("one-by-one", mount_one_by_one));
    }
    ways
}

/// Runs a test where what it mounts is nobody's business; says so where that needs more rights.
fn alone(test: impl FnOnce(&Path) + Send + 'static) {
    let name = std::thread::current().name().unwrap_or("test").to_owned();
    if !rustix::process::geteuid().is_root() {
        #[allow(clippy::print_stderr, reason = "who runs the tests is told what was skipped")]
        {
            eprintln!("SKIPPED {name}: not root");
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let running = std::thread::spawn(move || {
        kernel::unshare(UnshareFlags::NEWNS).unwrap();
        mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE).unwrap();
        test(&path);
    });
    if let Err(panic) = running.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Three layers: files of each, one hidden by a whiteout, a folder of more than one layer, names with colons and commas.
fn layers(below: &Path) -> Vec<PathBuf> {
    let layers = ["c", "b,upperdir=x", "a:1"].map(|name| below.join("lowers").join(name));
    for layer in &layers {
        fs::create_dir_all(layer.join("shared/deep")).unwrap();
    }
    let [top, middle, bottom] = &layers;
    fs::write(bottom.join("shared/one"), "bottom").unwrap();
    fs::write(bottom.join("shared/deep/gone"), "bottom").unwrap();
    fs::write(bottom.join("shared/over"), "bottom").unwrap();
    fs::write(middle.join("shared/over"), "middle").unwrap();
    fs::write(middle.join("two"), "middle").unwrap();
    symlink("shared/one", top.join("link")).unwrap();
    mknodat(CWD, top.join("shared/deep/gone"), FileType::CharacterDevice, Mode::empty(), 0).unwrap();
    layers.to_vec()
}

fn as_paths(layers: &[PathBuf]) -> Vec<&Path> {
    layers.iter().map(PathBuf::as_path).collect()
}

/// Every path with what it holds.
fn tree(root: &Path) -> Vec<String> {
    let mut seen = Vec::new();
    let mut ahead = vec![root.to_owned()];
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            let holds = match () {
                () if kind.is_dir() => "folder".to_owned(),
                () if kind.is_symlink() => format!("-> {}", fs::read_link(&path).unwrap().display()),
                () if kind.is_char_device() => "device".to_owned(),
                () => fs::read_to_string(&path).unwrap(),
            };
            seen.push(format!("{} {holds}", path.strip_prefix(root).unwrap().display()));
            if kind.is_dir() {
                ahead.push(path);
            }
        }
    }
    seen.sort();
    seen
}

fn through(mount: &OwnedFd) -> PathBuf {
    // The thread's, not the first one's: namespaces differ.
    format!("/proc/thread-self/fd/{}", mount.as_raw_fd()).into()
}

/// Fresh upper and work folders.
fn writes(below: &Path, name: &str) -> [PathBuf; 2] {
    let folders = ["upper", "work"].map(|kind| below.join(format!("{name}-{kind}")));
    for folder in &folders {
        fs::create_dir(folder).unwrap();
    }
    folders
}

#[test]
fn both_ways_show_the_same_tree_and_leave_nothing_attached() {
    alone(|below| {
        let layers = layers(below);
        let before = fs::read_to_string("/proc/thread-self/mountinfo").unwrap();
        for (name, way) in ways() {
            let merged = way(&as_paths(&layers), None, false).unwrap();
            let seen = tree(&through(&merged));
            let shared = "shared folder,shared/deep folder,shared/one bottom,shared/over middle,two middle";
            assert_eq!(seen.join(","), format!("link -> shared/one,{shared}"), "{name}");
            let after = fs::read_to_string("/proc/thread-self/mountinfo").unwrap();
            assert_eq!(after, before, "{name}: the mount is detached");
        }
    });
}

#[test]
fn both_ways_take_changes_as_layers_hold_them() {
    alone(|below| {
        let layers = layers(below);
        let mut uppers = Vec::new();
        for (name, way) in ways() {
            let [upper, work] = writes(below, name);
            let merged = way(&as_paths(&layers), Some((&upper, &work)), false).unwrap();
            let root = through(&merged);
            fs::remove_dir_all(root.join("shared")).unwrap();
            fs::remove_file(root.join("two")).unwrap();
            fs::create_dir(root.join("shared")).unwrap();
            fs::write(root.join("shared/new"), name.len().min(1).to_string()).unwrap();
            assert_eq!(tree(&root).join(","), "link -> shared/one,shared folder,shared/new 1", "{name}");
            mknodat(&merged, "null", FileType::CharacterDevice, Mode::from_raw_mode(0o666), rustix::fs::makedev(1, 3))
                .unwrap();
            let opened = openat(&merged, "null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
            assert_eq!(opened.unwrap_err(), Errno::ACCESS, "{name}: devices are inert");
            drop(merged);
            let mut opaque = [0; 8];
            let upper_shared = open(upper.join("shared"), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).unwrap();
            let length = rustix::fs::fgetxattr(&upper_shared, "trusted.overlay.opaque", &mut opaque).unwrap();
            assert_eq!(&opaque[..length], b"y", "{name}: what is below the folder is gone");
            uppers.push(tree(&upper));
        }
        assert_eq!(uppers[0].join(","), "null device,shared folder,shared/new 1,two device");
        assert!(uppers.iter().all(|upper| *upper == uppers[0]), "{uppers:?}");
    });
}

#[test]
fn folders_are_named_at_once_only_as_far_as_there_is_room() {
    alone(|below| {
        let many: Vec<PathBuf> = (0..300).map(|at| below.join(format!("layer-{at}"))).collect();
        for (at, layer) in many.iter().enumerate() {
            fs::create_dir(layer).unwrap();
            fs::write(layer.join(at.to_string()), "").unwrap();
        }
        let [upper, work] = writes(below, "many");
        let merged = mount_at_once(&as_paths(&many[..200]), Some((&upper, &work)), false).unwrap();
        assert_eq!(tree(&through(&merged)).len(), 200);
        let error = mount_at_once(&as_paths(&many), None, false).unwrap_err().to_string();
        let release = rustix::system::uname().release().to_string_lossy().into_owned();
        assert!(error.starts_with(&format!("T-19: 300 layers, and Linux {release} stacks no more")), "{error}");
        let too_many: Vec<&Path> = vec![below; MAX_LOWERS + 1];
        let error = mount(&too_many, None, false).unwrap_err().to_string();
        assert!(error.starts_with("T-19: 501 layers"), "{error}");
    });
}
