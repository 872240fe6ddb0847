//! The file an index is kept in: compact, read in one piece, checked by its last four bytes. A damaged one is none.
//!
//! Paths share what they have in common with the one before; numbers are LEB128.

use std::path::Path;
use std::sync::Arc;

use super::LayerIndex;
use crate::adapters::whole_file::{Durability, read_bounded, write_whole};
use crate::domain::layer::{ContentDigest, Entry, Kind, LayerContents, Node, Xattrs};

/// First bytes; changes with the format.
const MAGIC: &[u8; 8] = b"bkindex1";
/// Most that is read.
const MAX_BYTES: usize = 1 << 30;

/// Reads an index; `None` where there is none or it is damaged.
pub(in crate::adapters::engine) fn read(path: &Path) -> Option<LayerIndex> {
    let bytes = read_bounded(path, MAX_BYTES).ok().flatten()?;
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
    if crc32fast::hash(body).to_le_bytes() != sum {
        return None;
    }
    Input(body.strip_prefix(MAGIC)?).index()
}

/// Writes it whole or not at all. One that cannot be written is read from the blob again next time.
pub(in crate::adapters::engine) fn write(path: &Path, index: &LayerIndex) {
    let mut out = MAGIC.to_vec();
    put_index(&mut out, index);
    let sum = crc32fast::hash(&out);
    out.extend_from_slice(&sum.to_le_bytes());
    // Nothing depends on it.
    let _ = write_whole(path, &out, Durability::Cache);
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or(0));
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_index(out: &mut Vec<u8>, index: &LayerIndex) {
    let LayerContents { entries, whiteouts, opaques } = &index.contents;
    put(out, entries.len() as u64);
    let mut before: &[u8] = b"";
    for entry in entries {
        let shared = before.iter().zip(&*entry.path).take_while(|(a, b)| a == b).count();
        put(out, shared as u64);
        put_bytes(out, &entry.path[shared..]);
        put_node(out, &entry.node);
        before = &entry.path;
    }
    for paths in [whiteouts, opaques] {
        put(out, paths.len() as u64);
        paths.iter().for_each(|path| put_bytes(out, path));
    }
    put(out, index.remembered.len() as u64);
    for (digest, content) in &index.remembered {
        out.extend_from_slice(&digest.0);
        put_bytes(out, content);
    }
}

fn put_node(out: &mut Vec<u8>, node: &Node) {
    for number in [node.mode, node.uid, node.gid] {
        put(out, u64::from(number));
    }
    put(out, ((node.mtime << 1) ^ (node.mtime >> 63)).cast_unsigned());
    put(out, node.xattrs.len() as u64);
    for (key, value) in &node.xattrs {
        put_bytes(out, key);
        put_bytes(out, value);
    }
    let mut device = |tag: u8, major: u32, minor: u32| {
        out.push(tag);
        put(out, u64::from(major));
        put(out, u64::from(minor));
    };
    match &node.kind {
        Kind::Char { major, minor } => device(4, *major, *minor),
        Kind::Block { major, minor } => device(5, *major, *minor),
        Kind::File { size, digest } => {
            out.push(if digest.is_some() { 0 } else { 7 });
            put(out, *size);
            out.extend(digest.iter().flat_map(|digest| digest.0));
        }
        Kind::Folder => out.push(1),
        Kind::Symlink(target) => {
            out.push(2);
            put_bytes(out, target);
        }
        Kind::Hardlink(target) => {
            out.push(3);
            put_bytes(out, target);
        }
        Kind::Fifo => out.push(6),
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn short(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    fn count(&mut self) -> Option<usize> {
        // Nothing counted takes less than a byte.
        self.number()?.try_into().ok().filter(|count| *count <= self.0.len())
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = self.count()?;
        self.take(count)
    }

    fn paths(&mut self) -> Option<Vec<Box<[u8]>>> {
        (0..self.count()?).map(|_| self.bytes().map(Into::into)).collect()
    }

    fn digest(&mut self) -> Option<ContentDigest> {
        self.take(32)?.try_into().ok().map(ContentDigest)
    }

    fn index(mut self) -> Option<LayerIndex> {
        let count = self.count()?;
        let mut entries: Vec<Entry> = Vec::with_capacity(count);
        for _ in 0..count {
            let shared = usize::try_from(self.number()?).ok()?;
            let before = entries.last().map_or(&b""[..], |entry| &entry.path).get(..shared)?;
            let path = [before, self.bytes()?].concat().into();
            entries.push(Entry { path, node: self.node()? });
        }
        let (whiteouts, opaques) = (self.paths()?, self.paths()?);
        let remembered =
            (0..self.count()?).map(|_| Some((self.digest()?, Arc::from(self.bytes()?)))).collect::<Option<Vec<_>>>()?;
        self.0.is_empty().then_some(LayerIndex { contents: LayerContents { entries, whiteouts, opaques }, remembered })
    }

    fn node(&mut self) -> Option<Node> {
        let (mode, uid, gid) = (self.short()?, self.short()?, self.short()?);
        let folded = self.number()?;
        let mtime = (folded >> 1).cast_signed() ^ -(folded & 1).cast_signed();
        let xattrs = (0..self.count()?)
            .map(|_| Some((self.bytes()?.into(), self.bytes()?.into())))
            .collect::<Option<Vec<_>>>()?;
        let kind = match self.byte()? {
            0 => Kind::File { size: self.number()?, digest: Some(self.digest()?) },
            1 => Kind::Folder,
            2 => Kind::Symlink(self.bytes()?.into()),
            3 => Kind::Hardlink(self.bytes()?.into()),
            4 => Kind::Char { major: self.short()?, minor: self.short()? },
            5 => Kind::Block { major: self.short()?, minor: self.short()? },
            6 => Kind::Fifo,
            7 => Kind::File { size: self.number()?, digest: None },
            _ => return None,
        };
        Some(Node { kind, mode, uid, gid, mtime, xattrs: Xattrs::from(xattrs) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_read_as_it_was_written_and_damage_makes_it_none() {
        let digest = ContentDigest::of(b"root:x:0:0:");
        let node = |kind| Node { kind, mode: 0o4755, uid: 1000, gid: u32::MAX - 1, mtime: -7, xattrs: Box::default() };
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
            .map(|(at, kind)| Entry { path: format!("etc/name-{at}").into_bytes().into(), node: node(kind) })
            .collect();
        entries[1].node.xattrs = vec![(b"user.x".as_slice().into(), b"\0\n".as_slice().into())].into();
        let index = LayerIndex {
            contents: LayerContents {
                entries,
                whiteouts: vec![b"gone".as_slice().into()],
                opaques: vec![b"etc/x".as_slice().into()],
            },
            remembered: vec![(digest, b"root:x:0:0:".as_slice().into())],
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("indexes/x");
        write(&path, &index);
        assert_eq!(read(&path).unwrap(), index);
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x40;
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(read(&path), None, "byte {at}");
            std::fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(read(&path), None, "cut at {at}");
        }
    }
}
