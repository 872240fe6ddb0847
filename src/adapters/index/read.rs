//! Reading the file an index is kept in: proven by its checksum when it is opened, then decoded as it is streamed. A
//! damaged file is none, as is one of another format.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::window::Window;
use super::{FoundSecret, Head, LayerIndex, LayerSecrets, MAGIC};
use crate::domain::layer::packages::{Database, Package, Source, System, place_of};
use crate::domain::layer::{Entry, Kind, MAX_PATH, Node};

/// Most that is read.
const MAX_BYTES: u64 = 4 << 30;
/// Bytes of the checksum.
const SUM: u64 = 4;

/// An index that was whole when it was opened cannot be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum IndexFileError {
    /// The disk.
    #[error("the index of a layer cannot be read")]
    Io(#[from] io::Error),
    /// The checksum is right, and what it covers is not: whoever wrote it is to blame.
    #[error("the index of a layer does not decode")]
    Form,
}

/// An index file, open: what is said beside the entries, and the entries as they are streamed.
pub struct IndexReader {
    /// What is said beside the entries.
    pub head: Head,
    file: File,
    /// Where the entries begin, and how many bytes they take.
    entries: (u64, u64),
    count: u64,
}

impl IndexReader {
    /// Opens an index; `None` where there is none or it is damaged.
    pub fn open(path: &Path) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let body = proven(&mut file)?;
        let start = MAGIC.len() as u64;
        file.seek(SeekFrom::Start(start)).ok()?;
        let mut window = Window::new(&file, body.checked_sub(start)?);
        let head = head(&mut window)?;
        let count = window.number().filter(|count| *count <= window.left())?;
        let bytes = window.left();
        Some(Self { head, file, entries: (body - bytes, bytes), count })
    }

    /// How many entries there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Hands over every entry, in the archive's order: its path, which is only lent, and what stands there. Ends with the
    /// first error of `take`. Can be called again.
    pub fn for_each_entry<E: From<IndexFileError>>(
        &mut self,
        mut take: impl FnMut(&[u8], Node) -> Result<(), E>,
    ) -> Result<(), E> {
        let (start, bytes) = self.entries;
        self.file.seek(SeekFrom::Start(start)).map_err(IndexFileError::from)?;
        let mut window = Window::new(&self.file, bytes);
        let mut path = Vec::with_capacity(MAX_PATH);
        for _ in 0..self.count {
            step(&mut window, &mut path).ok_or(IndexFileError::Form)?;
            let node = node(&mut window).ok_or(IndexFileError::Form)?;
            take(&path, node)?;
        }
        if window.left() == 0 { Ok(()) } else { Err(IndexFileError::Form.into()) }
    }
}

/// Reads an index whole; `None` where there is none or it is damaged.
pub fn read(path: &Path) -> Option<LayerIndex> {
    let mut reader = IndexReader::open(path)?;
    let mut entries = Vec::with_capacity(usize::try_from(reader.count).ok()?);
    let streamed: Result<(), IndexFileError> = reader.for_each_entry(|path, node| {
        entries.push(Entry { path: path.into(), node });
        Ok(())
    });
    streamed.ok()?;
    Some(LayerIndex::of(reader.head, entries))
}

/// Whether there is an index of this format, whole or not: one look at its first bytes.
pub fn is_there(path: &Path) -> bool {
    let mut start = [0; MAGIC.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *MAGIC
}

/// How many bytes stand before the checksum, where it is right and the format is this one.
fn proven(file: &mut File) -> Option<u64> {
    let length = file.metadata().ok().filter(|metadata| metadata.is_file())?.len();
    let body = length.checked_sub(SUM).filter(|_| length <= MAX_BYTES)?;
    let mut buffer = vec![0; 128 << 10];
    let mut hasher = crc32fast::Hasher::new();
    let mut left = body;
    while left > 0 {
        let want = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        file.read_exact(&mut buffer[..want]).ok()?;
        if left == body && !buffer[..want].starts_with(MAGIC) {
            return None;
        }
        hasher.update(&buffer[..want]);
        left -= want as u64;
    }
    let mut sum = [0; 4];
    file.read_exact(&mut sum).ok()?;
    (hasher.finalize().to_le_bytes() == sum).then_some(body)
}

fn head(window: &mut Window<&File>) -> Option<Head> {
    Some(Head {
        opaques: window.many(|window| window.bytes().map(Into::into))?,
        whiteouts: window.many(|window| window.bytes().map(Into::into))?,
        remembered: window.many(|window| Some((window.digest()?, Arc::from(window.bytes()?))))?,
        databases: window.many(database)?,
        secrets: LayerSecrets { found: window.many(secret)?, beyond: window.number()? },
    })
}

fn secret(window: &mut Window<&File>) -> Option<FoundSecret> {
    let path = window.bytes()?.into();
    Some(FoundSecret { path, line: window.short()?, rule: text(window)?, masked: text(window)? })
}

fn database(window: &mut Window<&File>) -> Option<Database> {
    let path: Box<[u8]> = window.bytes()?.into();
    let digest = window.digest()?;
    let system = place_of(&path)?.system();
    let content = match window.byte()? {
        0 => Ok(window.many(|window| package(window, system))?),
        1 => Err(text(window)?),
        _ => return None,
    };
    Some(Database { path, digest, system, content })
}

fn package(window: &mut Window<&File>, system: System) -> Option<Package> {
    let (name, arch, version) = (text(window)?, text(window)?, text(window)?);
    let source = optional(window, text)?;
    let of = optional(window, text)?;
    let source = source.map(|name| Source { name, version: of });
    let size = optional(window, Window::number)?;
    Some(Package { name, arch, version, system, source, size })
}

fn text(window: &mut Window<&File>) -> Option<String> {
    String::from_utf8(window.bytes()?.to_vec()).ok()
}

/// What `one` reads, where a byte says that it is there.
fn optional<'f, T>(
    window: &mut Window<&'f File>,
    one: impl FnOnce(&mut Window<&'f File>) -> Option<T>,
) -> Option<Option<T>> {
    match window.byte()? {
        0 => Some(None),
        1 => Some(Some(one(window)?)),
        _ => None,
    }
}

/// Makes `path` the next entry's.
fn step(window: &mut Window<&File>, path: &mut Vec<u8>) -> Option<()> {
    let shared = usize::try_from(window.number()?).ok().filter(|shared| *shared <= path.len())?;
    path.truncate(shared);
    path.extend_from_slice(window.bytes()?);
    Some(())
}

fn node(window: &mut Window<&File>) -> Option<Node> {
    let (mode, uid, gid) = (window.short()?, window.short()?, window.short()?);
    let folded = window.number()?;
    let mtime = (folded >> 1).cast_signed() ^ -(folded & 1).cast_signed();
    let xattrs = window.many(|window| {
        let name = window.bytes()?.into();
        Some((name, window.bytes()?.into()))
    })?;
    let kind = match window.byte()? {
        0 => Kind::File { size: window.number()?, digest: Some(window.digest()?) },
        1 => Kind::Folder,
        2 => Kind::Symlink(window.bytes()?.into()),
        3 => Kind::Hardlink(window.bytes()?.into()),
        4 => Kind::Char { major: window.short()?, minor: window.short()? },
        5 => Kind::Block { major: window.short()?, minor: window.short()? },
        6 => Kind::Fifo,
        7 => Kind::File { size: window.number()?, digest: None },
        _ => return None,
    };
    Some(Node { kind, mode, uid, gid, mtime, xattrs: xattrs.into() })
}

#[cfg(test)]
mod tests {
    use super::super::write;
    use super::*;
    use crate::domain::layer::{ContentDigest, LayerContents};

    fn node_of(kind: Kind) -> Node {
        Node { kind, mode: 0o4755, uid: 1000, gid: u32::MAX - 1, mtime: -7, xattrs: Box::default() }
    }

    fn sample() -> LayerIndex {
        let digest = ContentDigest::of(b"root:x:0:0:");
        let kinds = [
            Kind::Folder,
            Kind::File { size: 11, digest: Some(digest) },
            Kind::File { size: 1 << 40, digest: None },
            Kind::Symlink(b"../x".as_slice().into()),
            Kind::Hardlink(b"a".as_slice().into()),
            Kind::Char { major: 1, minor: 3 },
            Kind::Block { major: 8, minor: 0 },
            Kind::Fifo,
        ];
        let mut entries: Vec<Entry> = kinds
            .into_iter()
            .enumerate()
            .map(|(at, kind)| Entry { path: format!("etc/name-{at}").into_bytes().into(), node: node_of(kind) })
            .collect();
        entries[1].node.xattrs = vec![(b"user.x".as_slice().into(), b"\0\n".as_slice().into())].into();
        LayerIndex {
            contents: LayerContents {
                entries,
                whiteouts: vec![b"gone".as_slice().into()],
                opaques: vec![b"etc/x".as_slice().into()],
            },
            remembered: vec![(digest, b"root:x:0:0:".as_slice().into())],
            databases: databases(digest),
            secrets: LayerSecrets { found: vec![secret("srv/\u{1b}.env")], beyond: 7 },
        }
    }

    fn secret(path: &str) -> FoundSecret {
        let masked = "ghp_*** (40 characters)".to_owned();
        FoundSecret { path: path.as_bytes().into(), line: 300, rule: "github-token".into(), masked }
    }

    fn databases(digest: ContentDigest) -> Vec<Database> {
        let package = |name: &str, source, size| {
            let (arch, version) = ("amd64".to_owned(), "1:2.0~rc1-3".to_owned());
            Package { name: name.to_owned(), arch, version, system: System::Dpkg, source, size }
        };
        let source = |version: Option<&str>| Some(Source { name: "glibc".into(), version: version.map(str::to_owned) });
        let packages = vec![
            package("libc6", source(None), Some(u64::MAX)),
            package("libc-bin", source(Some("2.36-9")), None),
            package("n\u{fffd}", None, Some(0)),
        ];
        let path = |path: &str| path.as_bytes().into();
        vec![
            Database { path: path("var/lib/dpkg/status"), digest, system: System::Dpkg, content: Ok(packages) },
            Database { path: path("var/lib/rpm/Packages"), digest, system: System::Rpm, content: Err("no".into()) },
        ]
    }

    #[test]
    fn an_index_is_read_as_it_was_written_and_damage_makes_it_none() {
        let index = sample();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("indexes/x");
        write(&path, &index);
        assert_eq!(read(&path).unwrap(), index);
        assert!(is_there(&path));
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x40;
            std::fs::write(&path, &bytes).unwrap();
            assert!(IndexReader::open(&path).is_none(), "byte {at}");
            std::fs::write(&path, &whole[..at]).unwrap();
            assert!(IndexReader::open(&path).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn another_format_is_absent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut old = b"bkindex2\0\0\0\0".to_vec();
        old.extend_from_slice(&crc32fast::hash(&old).to_le_bytes());
        std::fs::write(&path, &old).unwrap();
        assert!(read(&path).is_none() && !is_there(&path) && !is_there(&folder.path().join("none")));
    }

    #[test]
    fn entries_can_be_streamed_twice_and_stopped() {
        #[derive(Debug)]
        enum Stop {
            Here,
            File,
        }
        impl From<IndexFileError> for Stop {
            fn from(_: IndexFileError) -> Self {
                Self::File
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        // More than a window and the spool's memory hold.
        let mut writer = super::super::IndexWriter::new(&path).unwrap();
        let name = |at: u64| format!("usr/share/{}/{at:09}", "deep".repeat(usize::try_from(at % 50).unwrap()));
        let file = |at| node_of(Kind::File { size: at, digest: Some(ContentDigest::of(&at.to_le_bytes())) });
        for at in 0..60_000 {
            writer.entry(name(at).as_bytes(), &file(at)).unwrap();
        }
        let head = Head { whiteouts: vec![vec![b'x'; 300_000].into()], ..Head::default() };
        writer.finish(&path, &head).unwrap();
        let mut reader = IndexReader::open(&path).unwrap();
        assert_eq!((reader.count(), &reader.head), (60_000, &head));
        for _ in 0..2 {
            let mut at = 0;
            let stopped = reader.for_each_entry(|path, node| {
                assert_eq!((path, &node), (name(at).as_bytes(), &file(at)));
                at += 1;
                if at == 59_000 { Err(Stop::Here) } else { Ok(()) }
            });
            assert!(matches!(stopped, Err(Stop::Here)) && at == 59_000);
        }
        let to_the_end: Result<(), Stop> = reader.for_each_entry(|_, _| Ok(()));
        to_the_end.unwrap();
    }
}
