//! What stands at a path of a tree, looked at without copying it.

use super::rows::{Tag, Version};
use super::{PathId, Tree};
use crate::domain::layer::entry::{ContentDigest, Kind, Node, Xattr, Xattrs};

/// A node as it stands in a tree as of some layer.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'t> {
    pub(super) tree: &'t Tree,
    pub(super) version: u32,
}

/// What is not the same of two nodes at one path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Differences(u8);

impl Differences {
    /// A file's bytes.
    pub const CONTENT: Self = Self(1);
    /// Permission bits.
    pub const MODE: Self = Self(2);
    /// Owner or group.
    pub const OWNER: Self = Self(4);
    /// Extended attributes.
    pub const XATTRS: Self = Self(8);
    /// Where a symlink points, or a device's numbers.
    pub const TARGET: Self = Self(16);
    /// Another type of file.
    pub const TYPE: Self = Self(32);
    /// The time of a file's last change.
    pub const TIME: Self = Self(64);

    const NAMES: [(Self, &'static str); 7] = [
        (Self::TYPE, "type"),
        (Self::CONTENT, "content"),
        (Self::TARGET, "target"),
        (Self::MODE, "mode"),
        (Self::OWNER, "owner"),
        (Self::XATTRS, "xattrs"),
        (Self::TIME, "time"),
    ];

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` are among them.
    pub fn holds(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// With `other`.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Without `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Their words, for people and for `--json`.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(one, _)| self.holds(*one)).map(|(_, name)| name)
    }

    fn when(self, differs: bool, one: Self) -> Self {
        if differs { self.with(one) } else { self }
    }
}

const NO_XATTRS: &[Xattr] = &[];

impl<'t> Seen<'t> {
    fn version(&self) -> &'t Version {
        self.tree.rows.version(self.version)
    }

    /// The path it stands at.
    pub fn id(&self) -> PathId {
        PathId(self.version().row)
    }

    /// The layer that put it there, counted from 0; `None` for the root of no layer.
    pub fn layer(&self) -> Option<u32> {
        self.version().since.checked_sub(1)
    }

    /// The word for its type.
    pub fn type_name(&self) -> &'static str {
        match self.version().tag {
            Tag::Gone => "gone",
            Tag::File => "file",
            Tag::Folder => "folder",
            Tag::Symlink => "symlink",
            Tag::Hardlink => "hardlink",
            Tag::Char => "char",
            Tag::Block => "block",
            Tag::Fifo => "fifo",
        }
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.version().tag == Tag::Folder
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.version().tag == Tag::File
    }

    /// Bytes of content.
    pub fn size(&self) -> u64 {
        if self.is_file() { self.version().size } else { 0 }
    }

    /// Bytes of content that its layer holds for it: none for a further name of a file.
    pub fn stored(&self) -> u64 {
        if self.version().linked { 0 } else { self.size() }
    }

    /// Whether it is a further name of a file its layer holds under another.
    pub fn is_link(&self) -> bool {
        self.version().linked
    }

    /// Permission bits (07777).
    pub fn mode(&self) -> u32 {
        self.version().mode.into()
    }

    /// Owner.
    pub fn uid(&self) -> u32 {
        self.version().uid
    }

    /// Group.
    pub fn gid(&self) -> u32 {
        self.version().gid
    }

    /// Seconds since 1970.
    pub fn mtime(&self) -> i64 {
        self.version().mtime
    }

    /// Digest of a file's content, where it was read.
    pub fn digest(&self) -> Option<ContentDigest> {
        self.version().digest()
    }

    /// Where a symlink points, as written.
    pub fn target(&self) -> Option<&'t [u8]> {
        let version = self.version();
        let extra = self.tree.rows.extra(version).filter(|_| matches!(version.tag, Tag::Symlink | Tag::Hardlink))?;
        Some(&extra.target)
    }

    /// Extended attributes.
    pub fn xattrs(&self) -> &'t [Xattr] {
        self.tree.rows.extra(self.version()).map_or(NO_XATTRS, |extra| &extra.xattrs)
    }

    /// A node of its own.
    pub fn node(&self) -> Node {
        let version = self.version();
        let target = || self.target().unwrap_or_default().into();
        // Both halves of what was put together from two.
        let (major, minor) =
            (u32::try_from(version.size >> 32).unwrap_or(0), u32::try_from(version.size & 0xffff_ffff).unwrap_or(0));
        let kind = match version.tag {
            Tag::File | Tag::Gone => Kind::File { size: version.size, digest: version.digest() },
            Tag::Folder => Kind::Folder,
            Tag::Symlink => Kind::Symlink(target()),
            Tag::Hardlink => Kind::Hardlink(target()),
            Tag::Char => Kind::Char { major, minor },
            Tag::Block => Kind::Block { major, minor },
            Tag::Fifo => Kind::Fifo,
        };
        let xattrs = Xattrs::from(self.xattrs());
        Node { kind, mode: self.mode(), uid: version.uid, gid: version.gid, mtime: version.mtime, xattrs }
    }

    /// What differs between the two. A folder's own time says only that something in it changed: never a difference.
    /// Contents of which a digest is missing differ, since nobody knows.
    pub fn differences(&self, other: &Seen<'_>) -> Differences {
        let (a, b) = (self.version(), other.version());
        let mut found = Differences::default();
        if a.tag != b.tag {
            found = found.with(Differences::TYPE);
        } else {
            match a.tag {
                Tag::File => {
                    let same = a.size == b.size && a.digest().is_some() && a.digest() == b.digest();
                    found = found.when(!same, Differences::CONTENT);
                }
                Tag::Symlink | Tag::Hardlink => {
                    found = found.when(self.target() != other.target(), Differences::TARGET);
                }
                Tag::Char | Tag::Block => found = found.when(a.size != b.size, Differences::TARGET),
                Tag::Folder | Tag::Fifo | Tag::Gone => {}
            }
        }
        let symlinks = a.tag == Tag::Symlink && b.tag == Tag::Symlink;
        let folders = a.tag == Tag::Folder && b.tag == Tag::Folder;
        found
            .when(a.mode != b.mode && !symlinks, Differences::MODE)
            .when((a.uid, a.gid) != (b.uid, b.gid), Differences::OWNER)
            .when(self.xattrs() != other.xattrs(), Differences::XATTRS)
            .when(a.mtime != b.mtime && !folders, Differences::TIME)
    }
}
