//! Real overlays, each mounted in a mount namespace of its own and used through `/proc/PID/root`; and walks of what they
//! show that share no code with what is tested.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use bakery::adapters::snapshot::{Packed, Upper, UpperError, pack};
use bakery::domain::layer::{ContentDigest, Entry, Kind, LayerContents, Limits, Marker, Node, Scanner, Tree};

use crate::support::peers::need;

pub const CREATED: i64 = 1_700_000_000;

/// A process that holds a mount namespace open.
pub struct Mount {
    holder: Child,
    at: PathBuf,
}

impl Mount {
    fn start(root: bool, options: &str, at: &Path) -> Self {
        let script = format!("mount -t overlay overlay -o {options} {} && echo ready && read line", at.display());
        let namespaces: &[&str] = if root { &["-m"] } else { &["-U", "-r", "-m"] };
        let mut holder = Command::new("unshare")
            .args(namespaces)
            .args(["sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "overlay with {options}");
        let at = Path::new(&format!("/proc/{}/root", holder.id())).join(at.strip_prefix("/").unwrap());
        Self { holder, at }
    }

    /// The merged view.
    pub fn path(&self) -> &Path {
        &self.at
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        self.holder.wait().unwrap();
    }
}

/// Folders for an overlay: what lies below and what changes.
pub struct Folders {
    pub home: tempfile::TempDir,
    root: bool,
}

impl Folders {
    /// `fill` makes what lies below; `root`: as root, else in a user namespace of one id.
    pub fn new(root: bool, fill: impl FnOnce(&Path)) -> Option<Self> {
        if !need(&["unshare", "mount"]) {
            return None;
        }
        let folders = Self { home: tempfile::tempdir().unwrap(), root };
        for name in ["lower", "upper", "work", "merged"] {
            std::fs::create_dir(folders.path(name)).unwrap();
            chmod(&folders.path(name), 0o755);
        }
        fill(&folders.path("lower"));
        Some(folders)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The overlay a step would have.
    pub fn mount(&self) -> Mount {
        let [lower, upper, work] = ["lower", "upper", "work"].map(|name| self.path(name).display().to_string());
        let how = if self.root { "index=off,metacopy=off,redirect_dir=off" } else { "userxattr" };
        let options = format!("lowerdir={lower},upperdir={upper},workdir={work},{how}");
        Mount::start(self.root, &options, &self.path("merged"))
    }

    /// The overlay a step above would have below.
    pub fn stacked(&self) -> Mount {
        let [lower, upper] = ["lower", "upper"].map(|name| self.path(name).display().to_string());
        let how = if self.root { "index=off,metacopy=off,redirect_dir=off" } else { "userxattr" };
        Mount::start(self.root, &format!("lowerdir={upper}:{lower},{how}"), &self.path("merged"))
    }

    pub fn pack(&self) -> Result<(Vec<u8>, Packed), UpperError> {
        let (upper, lower) = (File::open(self.path("upper")).unwrap(), File::open(self.path("lower")).unwrap());
        let mut out = Vec::new();
        let upper = Upper { upper: upper.as_fd(), lower: Some(lower.as_fd()), created: CREATED, cancelled: &|| false };
        let packed = pack(&upper, &mut out)?;
        Ok((out, packed))
    }
}

pub fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

/// All that stands in a folder, as a bottom layer would say it; sockets left out.
pub fn walk(root: &Path) -> LayerContents {
    fn below(root: &Path, folder: &Path, entries: &mut Vec<Entry>) {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if let Some(node) = node(&path) {
                let name = path.strip_prefix(root).unwrap().as_os_str().as_encoded_bytes();
                entries.push(Entry { path: name.into(), node });
                if path.symlink_metadata().unwrap().is_dir() {
                    below(root, &path, entries);
                }
            }
        }
    }
    let mut entries = vec![Entry { path: Box::default(), node: node(root).unwrap() }];
    below(root, root, &mut entries);
    LayerContents { entries, ..LayerContents::default() }
}

fn node(path: &Path) -> Option<Node> {
    let stat = path.symlink_metadata().unwrap();
    let kind = stat.file_type();
    let (major, minor) = (rustix::fs::major(stat.rdev()), rustix::fs::minor(stat.rdev()));
    let kind = if kind.is_dir() {
        Kind::Folder
    } else if kind.is_symlink() {
        Kind::Symlink(std::fs::read_link(path).unwrap().as_os_str().as_encoded_bytes().into())
    } else if kind.is_file() {
        Kind::File { size: stat.len(), digest: Some(ContentDigest::of(&std::fs::read(path).unwrap())) }
    } else if kind.is_char_device() {
        Kind::Char { major, minor }
    } else if kind.is_block_device() {
        Kind::Block { major, minor }
    } else if kind.is_fifo() {
        Kind::Fifo
    } else {
        return None;
    };
    let mut xattrs = Vec::new();
    if matches!(kind, Kind::File { .. } | Kind::Folder) {
        let mut names = vec![0; 4096];
        let count = rustix::fs::listxattr(path, &mut names[..]).unwrap();
        for name in names[..count].split(|b| *b == 0).filter(|name| !name.is_empty()) {
            let mut value = vec![0; 4096];
            let count = rustix::fs::getxattr(path, name, &mut value[..]).unwrap();
            xattrs.push((name.into(), value[..count].into()));
        }
    }
    xattrs.sort();
    let (mode, mtime) = (stat.mode() & 0o7777, stat.mtime());
    Some(Node { kind, mode, uid: stat.uid(), gid: stat.gid(), mtime, xattrs: xattrs.into() })
}

/// What a layer says, by the one tar parser.
pub fn scan(layer: &[u8]) -> LayerContents {
    let mut contents = LayerContents::default();
    let mut scanner = Scanner::new(layer, Limits::default());
    while let Some(mut entry) = scanner.advance().unwrap() {
        if let Kind::File { digest, .. } = &mut entry.node.kind {
            let mut bytes = Vec::new();
            scanner.read_to_end(&mut bytes).unwrap();
            *digest = Some(ContentDigest::of(&bytes));
        }
        match Marker::of(&entry.path).unwrap() {
            Marker::None => contents.entries.push(entry),
            Marker::Whiteout(path) => contents.whiteouts.push(path),
            Marker::Opaque(path) => contents.opaques.push(path),
            Marker::Metadata => panic!("{entry:?}"),
        }
    }
    contents
}

pub fn tree(layers: &[&LayerContents]) -> Tree {
    let mut tree = Tree::default();
    layers.iter().for_each(|layer| tree.apply(layer).unwrap());
    tree
}

/// Everything a tree says, to be compared; the root's under the empty path, which has no time of its own.
pub fn said(tree: &Tree, times: bool) -> BTreeMap<String, Node> {
    let mut root = tree.node(b"").unwrap();
    root.mtime = 0;
    let mut all = BTreeMap::from([(String::new(), root)]);
    for (path, placed) in tree.iter() {
        let mut node = placed.node.clone();
        node.mtime *= i64::from(times);
        all.insert(String::from_utf8_lossy(&path).into_owned(), node);
    }
    all
}

/// The names in a layer, in its order.
pub fn names(layer: &[u8]) -> Vec<String> {
    let mut scanner = Scanner::new(layer, Limits::default());
    let mut names = Vec::new();
    while let Some(entry) = scanner.advance().unwrap() {
        let mut name = String::from_utf8_lossy(&entry.path).into_owned();
        if let Kind::Hardlink(target) = &entry.node.kind {
            name = format!("{name} = {}", String::from_utf8_lossy(target));
        }
        names.push(name);
    }
    names
}
