//! A folder tree to be: files of this host, links kept as links, texts of our own. Bounded; writes into new folders only.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use crate::report::{Kind, Report};

const MAX_BYTES: u64 = 96 * 1024 * 1024;
const MAX_ENTRIES: usize = 20_000;
/// As the kernel follows.
const MAX_LINKS: usize = 40;

/// Why a tree was not collected or written.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// It grew past what a demo image may hold.
    #[error("collecting {path} makes the demo image too large")]
    TooLarge {
        /// At which file.
        path: String,
    },
    /// A path of the host leads nowhere.
    #[error("{path} leads through too many links or through a file")]
    Path {
        /// Which.
        path: String,
    },
    /// A program the demo cannot do without.
    #[error("this host has no {what}")]
    Missing {
        /// What.
        what: &'static str,
    },
    /// The file system said no.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl TreeError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::Io { action, path, source }
    }
}

impl From<TreeError> for Report {
    fn from(error: TreeError) -> Self {
        let report = Report::new(Kind::Failed, &error).while_doing("cannot collect the demo's programs from this host");
        match error {
            TreeError::Missing { .. } => report.help("install dash, bash or busybox, dynamically or statically linked"),
            _ => report,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Folder,
    Link(PathBuf),
    Host { mode: u32, size: u64 },
    Text { content: String, mode: u32 },
}

/// Absolute paths and what stands there; a folder before its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    entries: BTreeMap<PathBuf, Entry>,
    size: u64,
}

impl Tree {
    /// Takes what `path` names on this host, with every folder and link on the way. Gives the path at the end of the
    /// links.
    pub fn add(&mut self, path: &Path) -> Result<PathBuf, TreeError> {
        let refuse = || TreeError::Path { path: path.display().to_string() };
        let mut at = PathBuf::from("/");
        let mut left = parts(path);
        let mut links = 0;
        while let Some(part) = left.pop_front() {
            if part == ".." {
                at.pop();
                continue;
            }
            at.push(part);
            let facts = fs::symlink_metadata(&at).map_err(TreeError::io("read", &at))?;
            if facts.is_symlink() {
                links += 1;
                if links > MAX_LINKS {
                    return Err(refuse());
                }
                let target = fs::read_link(&at).map_err(TreeError::io("read link", &at))?;
                let mut ahead = parts(&target);
                ahead.append(&mut left);
                left = ahead;
                let from_root = target.is_absolute();
                self.insert(at.clone(), Entry::Link(target))?;
                if from_root {
                    at = PathBuf::from("/");
                } else {
                    at.pop();
                }
            } else if facts.is_dir() {
                self.insert(at.clone(), Entry::Folder)?;
            } else if facts.is_file() && left.is_empty() {
                // No setuid bits, nothing others could write.
                let mode = facts.permissions().mode() & 0o755;
                self.insert(at.clone(), Entry::Host { mode, size: facts.len() })?;
            } else {
                return Err(refuse());
            }
        }
        Ok(at)
    }

    /// Takes the files below a folder for which `keep` says yes; folders are entered unless `keep` says no to them.
    pub fn add_below(&mut self, folder: &Path, keep: &dyn Fn(&Path) -> bool) -> Result<(), TreeError> {
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let listing = fs::read_dir(&folder).map_err(TreeError::io("read folder", &folder))?;
            for entry in listing {
                let entry = entry.map_err(TreeError::io("read folder", &folder))?;
                let path = entry.path();
                let kind = entry.file_type().map_err(TreeError::io("read", &path))?;
                if !keep(&path) {
                    continue;
                }
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() {
                    self.add(&path)?;
                }
            }
        }
        Ok(())
    }

    /// A file of our own, in place of the host's.
    pub fn put(&mut self, path: &str, content: impl Into<String>, mode: u32) -> Result<(), TreeError> {
        self.add_parents(Path::new(path))?;
        self.insert(PathBuf::from(path), Entry::Text { content: content.into(), mode })
    }

    /// Whether something stands at exactly this path.
    pub fn has(&self, path: &Path) -> bool {
        self.entries.contains_key(path)
    }

    /// Bytes of all files.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes everything of another tree; where both have a path, the other's counts.
    pub fn merge(&mut self, other: &Self) -> Result<(), TreeError> {
        other.entries.iter().try_for_each(|(path, entry)| self.insert(path.clone(), entry.clone()))
    }

    /// What this tree has that `below` has not: what a layer on `below` adds. Folders on the way stay.
    #[must_use]
    pub fn above(&self, below: &Self) -> Self {
        let mut rest = Self::default();
        for (path, entry) in &self.entries {
            if *entry != Entry::Folder && below.entries.get(path) != Some(entry) {
                let ways = path.ancestors().skip(1).filter(|way| self.entries.contains_key(*way));
                rest.entries.extend(ways.map(|way| (way.to_owned(), Entry::Folder)));
                rest.size += entry.size();
                rest.entries.insert(path.clone(), entry.clone());
            }
        }
        rest
    }

    /// Writes the tree below `folder`, which must not hold any of it. Not synced: it can be collected again.
    pub fn write_to(&self, folder: &Path) -> Result<(), TreeError> {
        fs::create_dir_all(folder).map_err(TreeError::io("make folder", folder))?;
        for (path, entry) in &self.entries {
            let place = folder.join(path.strip_prefix("/").unwrap_or(path));
            match entry {
                Entry::Folder => fs::create_dir(&place).map_err(TreeError::io("make folder", &place))?,
                Entry::Link(target) => symlink(target, &place).map_err(TreeError::io("make link", &place))?,
                Entry::Host { mode, .. } => {
                    fs::copy(path, &place).map_err(TreeError::io("copy", path))?;
                    set_mode(&place, *mode)?;
                }
                Entry::Text { content, mode } => {
                    let mut file = fs::File::create_new(&place).map_err(TreeError::io("write", &place))?;
                    file.write_all(content.as_bytes()).map_err(TreeError::io("write", &place))?;
                    set_mode(&place, *mode)?;
                }
            }
        }
        Ok(())
    }

    fn add_parents(&mut self, path: &Path) -> Result<(), TreeError> {
        let ways: Vec<PathBuf> =
            path.ancestors().skip(1).filter(|way| *way != Path::new("/")).map(Into::into).collect();
        for way in ways {
            match self.entries.get(&way) {
                Some(Entry::Folder) => {}
                Some(_) => return Err(TreeError::Path { path: path.display().to_string() }),
                None => self.insert(way, Entry::Folder)?,
            }
        }
        Ok(())
    }

    fn insert(&mut self, path: PathBuf, entry: Entry) -> Result<(), TreeError> {
        let size = self.size + entry.size() - self.entries.get(&path).map_or(0, Entry::size);
        if size > MAX_BYTES || self.entries.len() >= MAX_ENTRIES {
            return Err(TreeError::TooLarge { path: path.display().to_string() });
        }
        self.size = size;
        self.entries.insert(path, entry);
        Ok(())
    }
}

impl Entry {
    fn size(&self) -> u64 {
        match self {
            Self::Folder | Self::Link(_) => 0,
            Self::Host { size, .. } => *size,
            Self::Text { content, .. } => content.len() as u64,
        }
    }
}

fn set_mode(path: &Path, mode: u32) -> Result<(), TreeError> {
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(TreeError::io("set the mode of", path))
}

fn parts(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}
