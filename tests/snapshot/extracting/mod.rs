//! Layers extracted into folders: what the archive says, inside the root, and nothing beside it.

mod debian;
mod hostile;
mod meaning;
mod removing;

use std::fs::File;
use std::os::fd::AsFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use bakery::adapters::snapshot::{Marks, Options, Owners, UnpackError, Unpacked, unpack};
use bakery::domain::layer::{ContentDigest, Limits};

use crate::support::peers;

/// Whether files can be given to others; without, the test is skipped by name.
fn may_give_away() -> bool {
    rustix::process::geteuid().is_root() || peers::need(&["root, for whom this test is made,"])
}

/// A root to extract into, beside a victim that must never change.
struct Cell {
    folder: tempfile::TempDir,
    before: Vec<String>,
}

impl Cell {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        std::fs::create_dir_all(victim.join("folder")).unwrap();
        for (name, mode) in [("file", 0o640), ("folder/file", 0o600), ("passwd", 0o644)] {
            std::fs::write(victim.join(name), format!("secret of {name}")).unwrap();
            std::fs::set_permissions(victim.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
        }
        std::os::unix::fs::symlink("file", victim.join("link")).unwrap();
        std::fs::create_dir(folder.path().join("root")).unwrap();
        std::fs::set_permissions(folder.path().join("root"), std::fs::Permissions::from_mode(0o755)).unwrap();
        let before = facts(&victim);
        Self { folder, before }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    fn victim(&self) -> PathBuf {
        self.folder.path().join("victim")
    }

    /// Extracts, and looks after the victim whatever came of it.
    fn unpack_with(&self, marks: &Marks, tar: &[u8], limits: Limits) -> Result<Unpacked, UnpackError> {
        let root = File::open(self.root()).unwrap();
        let options = Options { owners: Owners::Keep, limits, cancelled: &|| false };
        let unpacked = unpack(root.as_fd(), marks, tar, &options);
        assert_eq!(facts(&self.victim()), self.before, "the victim beside the root has changed");
        let mut beside: Vec<_> =
            std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        beside.sort();
        assert_eq!(beside, ["root", "victim"]);
        unpacked
    }

    fn unpack(&self, marks: &Marks, tar: &[u8]) -> Result<Unpacked, UnpackError> {
        self.unpack_with(marks, tar, Limits::default())
    }

    /// Extracts a layer without marks that must be fine.
    #[track_caller]
    fn layer(&self, tar: &[u8]) -> Unpacked {
        self.unpack(&Marks::default(), tar).unwrap()
    }

    #[track_caller]
    fn refused(&self, family: &str, tar: &[u8]) {
        let error = self.unpack(&Marks::default(), tar).expect_err(family).to_string();
        assert!(error.starts_with(family), "expected {family}: {error}");
    }

    /// `kind mode uid:gid path what`, sorted by path; links as `-> target`, files with their content's digest.
    fn listing(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.root(), &mut |path, meta| found.push(line(&self.root(), path, meta)));
        found
    }

    fn paths(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.root(), &mut |path, _| {
            found.push(path.strip_prefix(self.root()).unwrap().to_str().unwrap().to_owned());
        });
        found
    }
}

fn line(root: &Path, path: &Path, meta: &std::fs::Metadata) -> String {
    let mode = meta.mode() & 0o7777;
    let (kind, what) = if meta.is_dir() {
        ("folder", String::new())
    } else if meta.is_symlink() {
        ("symlink", format!("-> {}", std::fs::read_link(path).unwrap().display()))
    } else if meta.is_file() {
        ("file", format!("{:?}", ContentDigest::of(&std::fs::read(path).unwrap())))
    } else {
        ("fifo", String::new())
    };
    let mode = if meta.is_symlink() { 0 } else { mode };
    let path = path.strip_prefix(root).unwrap().display();
    format!("{path}: {kind} {mode:04o} {}:{} @{} {what}", meta.uid(), meta.gid(), meta.mtime())
}

/// Everything one can know of a tree without changing it: the inodes, too.
fn facts(root: &Path) -> Vec<String> {
    let of = |path: &Path, meta: &std::fs::Metadata| {
        let exact = (meta.ino(), meta.nlink(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec());
        format!("{} {exact:?}", line(root, path, meta))
    };
    let mut found = vec![of(root, &root.symlink_metadata().unwrap())];
    walk(root, &mut |path, meta| found.push(of(path, meta)));
    found
}

fn walk(folder: &Path, visit: &mut impl FnMut(&Path, &std::fs::Metadata)) {
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for path in names {
        let meta = path.symlink_metadata().unwrap();
        visit(&path, &meta);
        if meta.is_dir() {
            walk(&path, visit);
        }
    }
}

fn marks(whiteouts: &[&str], opaques: &[&str]) -> Marks {
    let bytes = |paths: &[&str]| paths.iter().map(|path| path.as_bytes().into()).collect();
    Marks { whiteouts: bytes(whiteouts), opaques: bytes(opaques) }
}
