//! Packing: the same entries give the same bytes, on every machine and in every run. Opens no file.
//!
//! POSIX ustar headers, with PAX records only for what they cannot say; one time for everything, numeric owners, no
//! names, folders end in `/`. The caller gives entries sorted by name; anything else is refused, so that no caller can
//! make bytes depend on the order it found things in.

use std::io::{self, Read, Write};

use tar::{EntryType, Header};

use super::entry::{Kind, Node, join, split};
use super::pax;
use crate::domain::text::escape_bytes;

const BLOCK: usize = 512;
/// The largest ids, sizes and times octal fields hold.
const OCTAL_ID: u32 = 0o7_777_777;
const OCTAL_LONG: u64 = 0o77_777_777_777;

/// Why a layer cannot be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Entries out of order, or one twice.
    #[error("{after:?} cannot follow {before:?}: a layer's entries are sorted and unique")]
    Order {
        /// What stood before.
        before: String,
        /// What came.
        after: String,
    },
    /// Content of another length than announced.
    #[error("{path}: content is not the {expected} bytes it was")]
    Size {
        /// Which file.
        path: String,
        /// What was announced.
        expected: u64,
    },
    /// A file without content, or content for what is no file.
    #[error("{0}: content and type do not fit")]
    Content(String),
    /// An extended attribute PAX records cannot name: their keys end at the first `=`.
    #[error("{path}: the extended attribute {name:?} has a = in its name, which no layer can say")]
    Xattr {
        /// Which entry.
        path: String,
        /// The attribute.
        name: String,
    },
    /// Reading content or writing the layer failed.
    #[error("{path}: {action}")]
    Io {
        /// Which entry.
        path: String,
        /// `content cannot be read` or `layer cannot be written`.
        action: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Writes a layer's tar.
pub struct Packer<W> {
    out: W,
    mtime: i64,
    own_times: bool,
    last: Option<Vec<u8>>,
    buffer: Vec<u8>,
}

impl<W: Write> Packer<W> {
    /// Writes into `out`; every entry gets `mtime`, whatever its own.
    pub fn new(out: W, mtime: i64) -> Self {
        Self { out, mtime, own_times: false, last: None, buffer: vec![0; 64 << 10] }
    }

    /// Every entry keeps the time it has instead.
    pub fn with_own_times(self) -> Self {
        Self { own_times: true, ..self }
    }

    /// A folder, symlink, hard link, device or pipe.
    pub fn entry(&mut self, path: &[u8], node: &Node) -> Result<(), PackError> {
        if matches!(node.kind, Kind::File { .. }) {
            return Err(PackError::Content(escape_bytes(path)));
        }
        self.order(path)?;
        self.header(path, node)
    }

    /// A file with its content.
    pub fn file(&mut self, path: &[u8], node: &Node, content: &mut dyn Read) -> Result<(), PackError> {
        let Kind::File { size, .. } = node.kind else { return Err(PackError::Content(escape_bytes(path))) };
        self.order(path)?;
        self.header(path, node)?;
        let mut left = size;
        while left > 0 {
            let want = self.buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let count = match content.read(&mut self.buffer[..want]) {
                Ok(0) => return Err(PackError::Size { path: escape_bytes(path), expected: size }),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => {
                    return Err(PackError::Io { path: escape_bytes(path), action: "content cannot be read", source });
                }
            };
            self.out.write_all(&self.buffer[..count]).map_err(writing(path))?;
            left -= count as u64;
        }
        // One more read: what has grown is not what was announced.
        match content.read(&mut self.buffer[..1]) {
            Ok(0) => self.pad(path, size),
            _ => Err(PackError::Size { path: escape_bytes(path), expected: size }),
        }
    }

    /// `.wh.NAME`: the path is gone.
    pub fn whiteout(&mut self, path: &[u8]) -> Result<(), PackError> {
        let (folder, name) = split(path);
        let marker = join(folder, &[b".wh.", name].concat());
        self.order(&marker)?;
        let kind = Kind::File { size: 0, digest: None };
        let node = Node { kind, mode: 0o600, uid: 0, gid: 0, mtime: self.mtime, xattrs: Box::default() };
        self.header(&marker, &node)
    }

    /// The end marker.
    pub fn finish(mut self) -> Result<W, PackError> {
        self.out.write_all(&[0; 2 * BLOCK]).map_err(writing(b"end"))?;
        Ok(self.out)
    }

    fn order(&mut self, path: &[u8]) -> Result<(), PackError> {
        if let Some(last) = &self.last
            && last.as_slice() >= path
        {
            return Err(PackError::Order { before: escape_bytes(last), after: escape_bytes(path) });
        }
        self.last = Some(path.to_vec());
        Ok(())
    }

    fn pad(&mut self, path: &[u8], size: u64) -> Result<(), PackError> {
        let padding = usize::try_from(size.wrapping_neg() % BLOCK as u64).unwrap_or(0);
        self.out.write_all(&[0; BLOCK][..padding]).map_err(writing(path))
    }

    fn header(&mut self, path: &[u8], node: &Node) -> Result<(), PackError> {
        let mut header = Header::new_ustar();
        let mut records = Vec::new();
        let mut name = path.to_vec();
        if node.is_folder() {
            name.push(b'/');
        }
        set_name(&mut header, &mut records, &name);
        header.set_mode(node.mode & 0o7777);
        header.set_uid(u64::from(fitting(&mut records, b"uid", node.uid)));
        header.set_gid(u64::from(fitting(&mut records, b"gid", node.gid)));
        set_mtime(&mut header, &mut records, if self.own_times { node.mtime } else { self.mtime });
        let (kind, device) = match &node.kind {
            Kind::File { .. } => (EntryType::Regular, (0, 0)),
            Kind::Folder => (EntryType::Directory, (0, 0)),
            Kind::Symlink(target) => {
                set_link(&mut header, &mut records, target);
                (EntryType::Symlink, (0, 0))
            }
            Kind::Hardlink(target) => {
                set_link(&mut header, &mut records, target);
                (EntryType::Link, (0, 0))
            }
            Kind::Char { major, minor } => (EntryType::Char, (*major, *minor)),
            Kind::Block { major, minor } => (EntryType::Block, (*major, *minor)),
            Kind::Fifo => (EntryType::Fifo, (0, 0)),
        };
        header.set_entry_type(kind);
        if let Some(ustar) = header.as_ustar_mut() {
            ustar.set_device_major(device.0);
            ustar.set_device_minor(device.1);
        }
        let size = node.size();
        if size > OCTAL_LONG {
            record(&mut records, b"size", size.to_string().as_bytes());
        }
        header.set_size(if size > OCTAL_LONG { 0 } else { size });
        for (key, value) in &node.xattrs {
            if key.contains(&b'=') {
                return Err(PackError::Xattr { path: escape_bytes(path), name: escape_bytes(key) });
            }
            record(&mut records, &[b"SCHILY.xattr.", &**key].concat(), value);
        }
        header.set_cksum();
        self.records(path, records)?;
        self.out.write_all(header.as_bytes()).map_err(writing(path))
    }

    fn records(&mut self, path: &[u8], mut records: Vec<(Vec<u8>, Vec<u8>)>) -> Result<(), PackError> {
        if records.is_empty() {
            return Ok(());
        }
        records.sort();
        let mut bytes = Vec::new();
        for (key, value) in &records {
            pax::write(&mut bytes, key, value);
        }
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..14].copy_from_slice(b"././@PaxHeader");
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_entry_type(EntryType::XHeader);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        self.out.write_all(header.as_bytes()).map_err(writing(path))?;
        self.out.write_all(&bytes).map_err(writing(path))?;
        self.pad(path, bytes.len() as u64)
    }
}

type Records = Vec<(Vec<u8>, Vec<u8>)>;

fn record(records: &mut Records, key: &[u8], value: &[u8]) {
    records.push((key.to_vec(), value.to_vec()));
}

fn writing(path: &[u8]) -> impl FnOnce(io::Error) -> PackError {
    let path = escape_bytes(path);
    move |source| PackError::Io { path, action: "layer cannot be written", source }
}

/// The id where octal holds it, else 0 and a record.
fn fitting(records: &mut Records, key: &[u8], id: u32) -> u32 {
    if id <= OCTAL_ID {
        return id;
    }
    record(records, key, id.to_string().as_bytes());
    0
}

fn set_mtime(header: &mut Header, records: &mut Records, mtime: i64) {
    match u64::try_from(mtime) {
        Ok(mtime) if mtime <= OCTAL_LONG => header.set_mtime(mtime),
        _ => {
            header.set_mtime(0);
            record(records, b"mtime", mtime.to_string().as_bytes());
        }
    }
}

fn set_link(header: &mut Header, records: &mut Records, target: &[u8]) {
    let field = &mut header.as_old_mut().linkname;
    if target.len() <= field.len() {
        field[..target.len()].copy_from_slice(target);
    } else {
        record(records, b"linkpath", target);
    }
}

/// The name in the header, split at the last `/` that lets both halves fit; else in a record, the header's shortened.
fn set_name(header: &mut Header, records: &mut Records, name: &[u8]) {
    let Some(ustar) = header.as_ustar_mut() else { return };
    if name.len() <= 100 {
        ustar.name[..name.len()].copy_from_slice(name);
        return;
    }
    let within = &name[..name.len().min(156) - usize::from(name.len() <= 156)];
    match within.iter().rposition(|b| *b == b'/') {
        Some(at) if at > 0 && name.len() - at - 1 <= 100 => {
            ustar.prefix[..at].copy_from_slice(&name[..at]);
            ustar.name[..name.len() - at - 1].copy_from_slice(&name[at + 1..]);
        }
        _ => {
            ustar.name.copy_from_slice(&name[..100]);
            record(records, b"path", name);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::layer::{Limits, Scanner};

    fn node(kind: Kind) -> Node {
        Node { kind, mode: 0o644, uid: 1, gid: 2, mtime: 99, xattrs: Box::default() }
    }

    fn file(content: &str) -> Node {
        node(Kind::File { size: content.len() as u64, digest: None })
    }

    /// Packs (path, node, content) after sorting, as callers do.
    fn pack(mut entries: Vec<(Vec<u8>, Node, String)>) -> Vec<u8> {
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries.dedup_by(|a, b| a.0 == b.0);
        let mut packer = Packer::new(Vec::new(), 1_700_000_000);
        for (path, node, content) in &entries {
            match node.kind {
                Kind::File { .. } => packer.file(path, node, &mut content.as_bytes()).unwrap(),
                _ => packer.entry(path, node).unwrap(),
            }
        }
        packer.finish().unwrap()
    }

    fn read_back(bytes: &[u8]) -> Vec<(Vec<u8>, Node, String)> {
        let mut scanner = Scanner::new(bytes, Limits::default());
        let mut found = Vec::new();
        while let Some(entry) = scanner.advance().unwrap() {
            let mut content = String::new();
            scanner.read_to_string(&mut content).unwrap();
            found.push((entry.path.to_vec(), entry.node, content));
        }
        found
    }

    #[test]
    fn everything_survives_a_round_trip() {
        let long = |n: usize| ("p".repeat(n / 2) + "/" + &"q".repeat(n - n / 2 - 1)).into_bytes();
        let xattrs: crate::domain::layer::Xattrs =
            vec![(b"security.capability".as_slice().into(), b"\x01\n\0\xff".as_slice().into())].into();
        let mut entries = vec![
            (b"dir".to_vec(), node(Kind::Folder), String::new()),
            (b"dev".to_vec(), node(Kind::Char { major: 1, minor: 3 }), String::new()),
            (b"pipe".to_vec(), node(Kind::Fifo), String::new()),
            (b"link".to_vec(), node(Kind::Symlink(vec![b'x'; 101].into())), String::new()),
            (b"hard".to_vec(), node(Kind::Hardlink(b"dir/f".as_slice().into())), String::new()),
            (b"big".to_vec(), Node { uid: 3_000_000, gid: u32::MAX - 1, ..file("") }, String::new()),
            (b"caf\xe9".to_vec(), Node { xattrs, mode: 0o4755, ..file("cap") }, "cap".into()),
        ];
        for n in [98, 99, 100, 101, 102, 154, 156, 157, 199, 200, 255, 256, 257, 300, 480] {
            entries.push((long(n), file("x"), "x".into()));
            entries.push(([&long(n)[..], b"d"].concat(), node(Kind::Folder), String::new()));
        }
        let bytes = pack(entries.clone());
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        let found = read_back(&bytes);
        assert_eq!(found.len(), entries.len());
        for (mut expected, found) in entries.into_iter().zip(found) {
            expected.1.mtime = 1_700_000_000;
            assert_eq!(expected, found);
        }
    }

    #[test]
    fn order_sizes_and_types_are_held_to() {
        let mut packer = Packer::new(Vec::new(), 0);
        packer.file(b"b", &file("12"), &mut &b"12"[..]).unwrap();
        assert!(matches!(packer.entry(b"a", &node(Kind::Folder)), Err(PackError::Order { .. })));
        assert!(matches!(packer.file(b"c", &file("12"), &mut &b"1"[..]), Err(PackError::Size { .. })));
        assert!(matches!(packer.file(b"d", &file("12"), &mut &b"123"[..]), Err(PackError::Size { .. })));
        assert!(matches!(packer.entry(b"e", &file("")), Err(PackError::Content(_))));
    }

    #[test]
    fn an_attribute_that_would_be_read_as_another_is_refused() {
        let with =
            |name: &str| Node { xattrs: vec![(name.as_bytes().into(), b"v".as_slice().into())].into(), ..file("") };
        let mut packer = Packer::new(Vec::new(), 0);
        packer.file(b"a", &with("user.a"), &mut &b""[..]).unwrap();
        let refused = packer.file(b"b", &with("user.a=b"), &mut &b""[..]);
        assert!(matches!(refused, Err(PackError::Xattr { name, .. }) if name == "user.a=b"));
    }

    #[test]
    fn times_before_1970_survive() {
        let mut packer = Packer::new(Vec::new(), -5);
        packer.whiteout(b"a/x").unwrap();
        let found = read_back(&packer.finish().unwrap());
        assert_eq!((found[0].0.as_slice(), found[0].1.mtime), (&b"a/.wh.x"[..], -5));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_order_things_were_found_in_does_not_matter(
            names in prop::collection::vec("[a-c./-]{1,160}", 1..12),
            seed in any::<u64>(),
        ) {
            let entries: Vec<_> = names
                .iter()
                .filter_map(|name| crate::domain::layer::normalise(name.as_bytes()).ok())
                .filter(|path| !path.is_empty())
                .map(|path| (path.to_vec(), file("x"), "x".to_owned()))
                .collect();
            let mut shuffled = entries.clone();
            let mut state = seed | 1;
            for at in (1..shuffled.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                shuffled.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
            }
            prop_assert_eq!(pack(entries), pack(shuffled));
        }
    }
}
