//! Entries: one path of a layer with everything a tar says of it. Knows neither headers nor trees.
//!
//! A path is bytes, relative to the root, without empty, `.` or `..` parts; the root itself is the empty path.

use crate::domain::oci::Digest;
use crate::domain::text::escape_bytes;

/// Longest path (T-14).
pub const MAX_PATH: usize = 4096;
/// Longest part of a path (T-14).
pub const MAX_PART: usize = 255;

/// SHA-256 of a file's content, in the 32 bytes it needs: trees hold a million of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentDigest(pub [u8; 32]);

impl std::fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl ContentDigest {
    /// The digest `text` names, where it is a SHA-256.
    pub fn of_digest(digest: &Digest) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(digest.encoded(), &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }
}

/// Computes a [`ContentDigest`] over streamed bytes.
#[derive(Default)]
pub struct ContentDigester(sha2::Sha256);

impl ContentDigester {
    /// Feeds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        use sha2::Digest as _;
        self.0.update(bytes);
    }

    /// The digest of everything fed.
    pub fn finish(self) -> ContentDigest {
        use sha2::Digest as _;
        ContentDigest(self.0.finalize().into())
    }
}

/// An extended attribute: name and value.
pub type Xattr = (Box<[u8]>, Box<[u8]>);
/// Extended attributes, sorted by name, no name twice.
pub type Xattrs = Box<[Xattr]>;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Type and content.
    pub kind: Kind,
    /// Permission bits (07777).
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Seconds since 1970; never part of a comparison of content.
    pub mtime: i64,
    /// Extended attributes.
    pub xattrs: Xattrs,
}

/// Type and content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File {
        /// Bytes.
        size: u64,
        /// Digest of the content, once somebody has read it.
        digest: Option<ContentDigest>,
    },
    /// A folder.
    Folder,
    /// A symlink, as written.
    Symlink(Box<[u8]>),
    /// Another name of an earlier entry: its normalised path. Merged trees hold the file itself instead.
    Hardlink(Box<[u8]>),
    /// A character device.
    Char {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A block device.
    Block {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A named pipe.
    Fifo,
}

impl Kind {
    /// The word for people and for `--json`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::Folder => "folder",
            Self::Symlink(_) => "symlink",
            Self::Hardlink(_) => "hardlink",
            Self::Char { .. } => "char",
            Self::Block { .. } => "block",
            Self::Fifo => "fifo",
        }
    }
}

impl Node {
    /// A folder as bakery makes missing ones: 0755, root's.
    pub fn plain_folder(mtime: i64) -> Self {
        Self { kind: Kind::Folder, mode: 0o755, uid: 0, gid: 0, mtime, xattrs: Box::default() }
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        matches!(self.kind, Kind::Folder)
    }

    /// Bytes of content.
    pub fn size(&self) -> u64 {
        match self.kind {
            Kind::File { size, .. } => size,
            _ => 0,
        }
    }

    /// Whether a reader of the image could not tell the two apart, but for their times.
    pub fn same_as(&self, other: &Self) -> bool {
        let content = match (&self.kind, &other.kind) {
            // Without both digests nobody knows, so they differ.
            (Kind::File { size: a, digest: Some(x) }, Kind::File { size: b, digest: Some(y) }) => a == b && x == y,
            (Kind::File { .. }, Kind::File { .. }) => false,
            (a, b) => a == b,
        };
        let mode = self.mode == other.mode || matches!(self.kind, Kind::Symlink(_));
        content && mode && self.uid == other.uid && self.gid == other.gid && self.xattrs == other.xattrs
    }
}

/// One path and what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Normalised; empty for the root.
    pub path: Box<[u8]>,
    /// What stands there.
    pub node: Node,
}

/// What a name in a layer means (image-spec layer.md#whiteouts).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marker {
    /// An entry like any other.
    None,
    /// The path named is gone.
    Whiteout(Box<[u8]>),
    /// Everything lower layers have in this folder is gone.
    Opaque(Box<[u8]>),
    /// Other metadata of the union file systems of old (`.wh..wh.plnk`): part of no image.
    Metadata,
}

/// A path nobody may use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// A `..` part, or no name at all.
    #[error("T-01: path {path:?} {why}")]
    Path {
        /// As written.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A reserved name that means nothing.
    #[error("T-06: {0:?} is no whiteout (names beginning with .wh. are reserved)")]
    Whiteout(String),
    /// Too long, or NUL inside.
    #[error("T-14: path {path:?} {why}")]
    Unusable {
        /// As written, shortened.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

fn shown(path: &[u8]) -> String {
    escape_bytes(&path[..path.len().min(120)])
}

/// A path as an archive writes it, normalised: leading `/` and `.` parts go, `..` is refused.
pub fn normalise(path: &[u8]) -> Result<Box<[u8]>, EntryError> {
    if path.is_empty() {
        return Err(EntryError::Path { path: String::new(), why: "is empty" });
    }
    let unusable = |why| Err(EntryError::Unusable { path: shown(path), why });
    if path.contains(&0) {
        return unusable("holds a NUL");
    }
    let mut out = Vec::with_capacity(path.len());
    for part in path.split(|b| *b == b'/').filter(|part| !part.is_empty() && *part != b".") {
        if part == b".." {
            return Err(EntryError::Path { path: shown(path), why: "has a .. part" });
        }
        // The name of a whiteout is no name in the image.
        if part.strip_prefix(b".wh.").unwrap_or(part).len() > MAX_PART {
            return unusable("has a part over 255 bytes");
        }
        if !out.is_empty() {
            out.push(b'/');
        }
        out.extend_from_slice(part);
    }
    if out.len() > MAX_PATH {
        return unusable("is over 4096 bytes");
    }
    Ok(out.into())
}

/// A normalised path as (folder, name); the root is its own folder.
pub fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|b| *b == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}

/// `folder/name`, of normalised parts.
pub(in crate::domain::layer) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(folder.len() + 1 + name.len());
    out.extend_from_slice(folder);
    if !folder.is_empty() && !name.is_empty() {
        out.push(b'/');
    }
    out.extend_from_slice(name);
    out
}

impl Marker {
    /// What the normalised `path` means in a layer.
    pub fn of(path: &[u8]) -> Result<Self, EntryError> {
        let (folder, name) = split(path);
        if has_reserved_part(folder) {
            return Err(EntryError::Whiteout(shown(path)));
        }
        let Some(rest) = name.strip_prefix(b".wh.") else { return Ok(Self::None) };
        match rest {
            b".wh..opq" => Ok(Self::Opaque(folder.into())),
            b"" | b"." | b".." => Err(EntryError::Whiteout(shown(path))),
            rest if rest.starts_with(b".wh.") => Ok(Self::Metadata),
            rest => Ok(Self::Whiteout(join(folder, rest).into())),
        }
    }

    /// Refuses a normalised path that would mean something else in a layer than where it comes from.
    pub fn refuse(path: &[u8]) -> Result<(), EntryError> {
        if has_reserved_part(path) { Err(EntryError::Whiteout(shown(path))) } else { Ok(()) }
    }
}

fn has_reserved_part(path: &[u8]) -> bool {
    path.split(|b| *b == b'/').any(|part| part.starts_with(b".wh."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t01_paths_end_up_inside_the_root_or_nowhere() {
        for (path, normal) in [
            ("a", "a"),
            ("/a", "a"),
            ("./a/", "a"),
            ("//a//./b", "a/b"),
            (".", ""),
            ("/", ""),
            ("/./.", ""),
            ("...", "..."),
        ] {
            assert_eq!(&*normalise(path.as_bytes()).unwrap(), normal.as_bytes(), "{path}");
        }
        for path in ["", "..", "/..", "/../", "./../x", "some/../../x", "a/..", "../a", "/../../a", "a/b/../c"] {
            assert!(normalise(path.as_bytes()).unwrap_err().to_string().starts_with("T-01"), "{path}");
        }
    }

    #[test]
    fn t14_lengths_and_nul() {
        assert!(normalise(&[b'a'; 255]).is_ok());
        for path in [vec![b'a'; 256], b"a\0b".to_vec(), b"aaaa/".repeat(1000)] {
            assert!(normalise(&path).unwrap_err().to_string().starts_with("T-14"));
        }
        assert_eq!(&*normalise(b"\xff\\x").unwrap(), b"\xff\\x");
    }

    #[test]
    fn t06_whiteouts_mean_a_sibling_and_nothing_else() {
        assert_eq!(Marker::of(b"etc/.wh.x").unwrap(), Marker::Whiteout(b"etc/x".as_slice().into()));
        assert_eq!(Marker::of(b".wh.x").unwrap(), Marker::Whiteout(b"x".as_slice().into()));
        assert_eq!(Marker::of(b"etc/.wh..wh..opq").unwrap(), Marker::Opaque(b"etc".as_slice().into()));
        assert_eq!(Marker::of(b".wh..wh.plnk").unwrap(), Marker::Metadata);
        for path in [".wh.", ".wh..", ".wh...", "etc/.wh...", ".wh.etc/somefile"] {
            assert!(Marker::of(path.as_bytes()).unwrap_err().to_string().starts_with("T-06"), "{path}");
        }
        assert!(Marker::refuse(b"a/.wh.b").is_err() && Marker::refuse(b"a/wh.b").is_ok());
    }
}
