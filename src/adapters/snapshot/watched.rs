//! One folder as a watch knows it: names packed end to end, 24 bytes each beside them. Decides nothing about when to look.

use std::os::fd::BorrowedFd;

use rustix::fs::{Dir, FileType, Stat, fstat};
use rustix::io::Errno;

/// Folders up to this many names have all of them looked at when the folder changed.
const FEW: usize = 1_000;

/// What a name was when it was last looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Was {
    /// Never looked at.
    Unknown,
    /// Neither folder nor whiteout.
    File,
    Folder,
    Whiteout,
}

/// What is to be done about a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    /// Look at it.
    Look,
    /// Something else has its name now: tell that it is gone, then look.
    Swapped,
    /// Tell that it is gone.
    Gone,
}

/// A name in a folder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Child {
    /// What tells, without reading, that it changed.
    pub(super) stamp: u64,
    /// Where its name ends among the folder's names.
    end: u32,
    inode: u32,
    pub(super) was: Was,
    pub(super) due: Due,
}

/// A folder.
#[derive(Default)]
pub(super) struct Folder {
    pub(super) names: Box<[u8]>,
    pub(super) children: Box<[Child]>,
    /// When it last changed, in nanoseconds since 1970.
    pub(super) changed: i64,
    /// Whether a change since would have moved `changed`: the clock of files ticks slowly.
    pub(super) settled: bool,
    /// Whether it waits to have its names looked at.
    pub(super) waiting: bool,
}

/// When something last changed, in nanoseconds since 1970.
pub(super) fn changed(stat: &Stat) -> i64 {
    stat.st_ctime.saturating_mul(1_000_000_000).saturating_add(i64::try_from(stat.st_ctime_nsec).unwrap_or(0))
}

/// What tells, without reading, that something changed; of a folder only what is its own.
pub(super) fn stamp_of(stat: &Stat) -> u64 {
    let mix = |seed: u64, value: u64| (seed ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let own = mix(mix(u64::from(stat.st_mode), u64::from(stat.st_uid)), u64::from(stat.st_gid));
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        return own;
    }
    mix(mix(own, changed(stat).cast_unsigned()), stat.st_size.cast_unsigned())
}

impl Folder {
    /// A folder nobody has listed yet.
    pub(super) fn waiting() -> Self {
        Self { waiting: true, ..Self::default() }
    }

    /// How many names it has.
    pub(super) fn len(&self) -> usize {
        self.children.len()
    }

    pub(super) fn name(&self, at: usize) -> &[u8] {
        let start =
            at.checked_sub(1).and_then(|before| self.children.get(before)).map_or(0, |child| child.end as usize);
        let end = self.children.get(at).map_or(start, |child| child.end as usize);
        &self.names[start..end]
    }

    pub(super) fn child(&self, at: usize) -> Option<Child> {
        self.children.get(at).copied()
    }

    pub(super) fn child_mut(&mut self, at: usize) -> Option<&mut Child> {
        self.children.get_mut(at)
    }

    pub(super) fn find(&self, name: &[u8]) -> Option<usize> {
        let (mut low, mut high) = (0, self.children.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.name(middle).cmp(name) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Lists the folder anew, taking at most `room` more names than it had; `false` when there were more than that.
    pub(super) fn list(&mut self, open: BorrowedFd<'_>, room: usize, now: i64) -> Result<bool, Errno> {
        let stat = fstat(open)?;
        let listing = Listing::of(open, self.len() + room)?;
        let few = listing.found.len() <= FEW;
        let mut merged = Merged::with_room(listing.found.len());
        let mut old = 0;
        for (name, inode) in listing.sorted() {
            while old < self.len() && self.name(old) < name {
                merged.gone(self.name(old), self.children[old]);
                old += 1;
            }
            if old < self.len() && self.name(old) == name {
                let mut child = self.children[old];
                child.due = match child.due {
                    Due::Swapped => Due::Swapped,
                    _ if child.inode == inode && !few && child.due == Due::Nothing => Due::Nothing,
                    _ if child.inode != inode && child.was == Was::Folder => Due::Swapped,
                    _ => Due::Look,
                };
                child.inode = inode;
                merged.push(name, child);
                old += 1;
            } else {
                merged.push(name, Child { stamp: 0, end: 0, inode, was: Was::Unknown, due: Due::Look });
            }
        }
        while old < self.len() {
            merged.gone(self.name(old), self.children[old]);
            old += 1;
        }
        (self.names, self.children) = (merged.names.into(), merged.children.into());
        self.changed = changed(&stat);
        self.settled = stat.st_ctime.saturating_add(2) < now;
        Ok(listing.whole)
    }

    /// Forgets the names that are gone and told.
    pub(super) fn forget(&mut self) {
        if self.children.iter().all(|child| child.due != Due::Gone) {
            return;
        }
        let mut kept = Merged::with_room(self.len());
        for at in (0..self.len()).filter(|at| self.children[*at].due != Due::Gone) {
            kept.push(self.name(at), self.children[at]);
        }
        (self.names, self.children) = (kept.names.into(), kept.children.into());
    }
}

/// Names being put together.
struct Merged {
    pub(super) names: Vec<u8>,
    pub(super) children: Vec<Child>,
}

impl Merged {
    fn with_room(names: usize) -> Self {
        Self { names: Vec::new(), children: Vec::with_capacity(names) }
    }

    fn push(&mut self, name: &[u8], mut child: Child) {
        self.names.extend_from_slice(name);
        // More names than fit 4 GiB are never taken: a watch has room for fewer.
        child.end = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.children.push(child);
    }

    fn gone(&mut self, name: &[u8], mut child: Child) {
        // What nobody was told of need not be told to be gone.
        if child.was != Was::Unknown {
            child.due = Due::Gone;
            self.push(name, child);
        }
    }
}

/// A folder's names as the kernel gives them.
struct Listing {
    pub(super) names: Vec<u8>,
    /// (start, length, inode)
    found: Vec<(u32, u16, u32)>,
    whole: bool,
}

impl Listing {
    fn of(open: BorrowedFd<'_>, most: usize) -> Result<Self, Errno> {
        let mut listing = Self { names: Vec::new(), found: Vec::new(), whole: true };
        for entry in Dir::read_from(open)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            let (Ok(start), Ok(length)) = (u32::try_from(listing.names.len()), u16::try_from(name.len())) else {
                break;
            };
            if listing.found.len() >= most {
                listing.whole = false;
                break;
            }
            let inode = u32::try_from((entry.ino() ^ (entry.ino() >> 32)) & 0xffff_ffff).unwrap_or(0);
            listing.names.extend_from_slice(name);
            listing.found.push((start, length, inode));
        }
        let names = std::mem::take(&mut listing.names);
        let name =
            |(start, length, _): &(u32, u16, u32)| &names[*start as usize..*start as usize + usize::from(*length)];
        listing.found.sort_unstable_by(|a, b| name(a).cmp(name(b)));
        listing.names = names;
        Ok(listing)
    }

    fn sorted(&self) -> impl Iterator<Item = (&[u8], u32)> {
        let name = |start: u32, length: u16| &self.names[start as usize..start as usize + usize::from(length)];
        self.found.iter().map(move |(start, length, inode)| (name(*start, *length), *inode))
    }
}
