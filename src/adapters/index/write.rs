//! Writing the file an index is kept in: what is said beside the entries, then the entries, then a checksum. Paths share
//! what they have in common with the one before; numbers are LEB128. Entries come first to the writer and last in the
//! file, so they wait in a spool: a million of them are never in memory.

use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use tempfile::SpooledTempFile;

use super::{FoundSecret, Head, LayerIndex, MAGIC};
use crate::adapters::whole_file::{Durability, write_whole_with};
use crate::domain::layer::packages::{Database, Package};
use crate::domain::layer::{Kind, Node};

/// Encoded entries kept in memory.
const IN_MEMORY: usize = 4 << 20;

/// Takes entries one by one.
pub struct IndexWriter {
    spool: BufWriter<SpooledTempFile>,
    before: Vec<u8>,
    scratch: Vec<u8>,
    count: u64,
}

impl IndexWriter {
    /// One that spools beside `path`, where the file is going to stand.
    pub fn new(path: &Path) -> io::Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let spool = BufWriter::new(tempfile::spooled_tempfile_in(IN_MEMORY, folder));
        Ok(Self { spool, before: Vec::new(), scratch: Vec::new(), count: 0 })
    }

    /// The next entry, in the archive's order.
    pub fn entry(&mut self, path: &[u8], node: &Node) -> io::Result<()> {
        let shared = self.before.iter().zip(path).take_while(|(a, b)| a == b).count();
        self.scratch.clear();
        put(&mut self.scratch, shared as u64);
        put_bytes(&mut self.scratch, &path[shared..]);
        put_node(&mut self.scratch, node);
        self.before.truncate(shared);
        self.before.extend_from_slice(&path[shared..]);
        self.count += 1;
        self.spool.write_all(&self.scratch)
    }

    /// Makes `path` the index: whole or not at all.
    pub fn finish(self, path: &Path, head: &Head) -> io::Result<()> {
        let mut start = MAGIC.to_vec();
        put_head(&mut start, head);
        put(&mut start, self.count);
        let mut spool = self.spool.into_inner().map_err(io::IntoInnerError::into_error)?;
        spool.rewind()?;
        write_whole_with(path, Durability::Cache, |file| {
            let mut out = Summed { out: BufWriter::with_capacity(256 << 10, file), sum: crc32fast::Hasher::new() };
            out.write_all(&start)?;
            io::copy(&mut spool, &mut out)?;
            let Summed { mut out, sum } = out;
            out.write_all(&sum.finalize().to_le_bytes())?;
            out.flush()
        })
    }
}

/// Writes it whole or not at all. One that cannot be written is read from the blob again next time.
pub fn write(path: &Path, index: &LayerIndex) {
    // Nothing depends on it.
    let _ = try_write(path, index);
}

fn try_write(path: &Path, index: &LayerIndex) -> io::Result<()> {
    let mut writer = IndexWriter::new(path)?;
    index.contents.entries.iter().try_for_each(|entry| writer.entry(&entry.path, &entry.node))?;
    let head = Head {
        opaques: index.contents.opaques.clone(),
        whiteouts: index.contents.whiteouts.clone(),
        remembered: index.remembered.clone(),
        databases: index.databases.clone(),
        secrets: index.secrets.clone(),
    };
    writer.finish(path, &head)
}

/// Sums up what is written.
struct Summed<W> {
    out: W,
    sum: crc32fast::Hasher,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.sum.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
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

fn put_head(out: &mut Vec<u8>, head: &Head) {
    for paths in [&head.opaques, &head.whiteouts] {
        put(out, paths.len() as u64);
        paths.iter().for_each(|path| put_bytes(out, path));
    }
    put(out, head.remembered.len() as u64);
    for (digest, content) in &head.remembered {
        out.extend_from_slice(&digest.0);
        put_bytes(out, content);
    }
    put(out, head.databases.len() as u64);
    head.databases.iter().for_each(|database| put_database(out, database));
    put(out, head.secrets.found.len() as u64);
    head.secrets.found.iter().for_each(|secret| put_secret(out, secret));
    put(out, head.secrets.beyond);
}

fn put_secret(out: &mut Vec<u8>, secret: &FoundSecret) {
    put_bytes(out, &secret.path);
    put(out, u64::from(secret.line));
    put_bytes(out, secret.rule.as_bytes());
    put_bytes(out, secret.masked.as_bytes());
}

fn put_database(out: &mut Vec<u8>, database: &Database) {
    put_bytes(out, &database.path);
    out.extend_from_slice(&database.digest.0);
    match &database.content {
        Ok(packages) => {
            out.push(0);
            put(out, packages.len() as u64);
            packages.iter().for_each(|package| put_package(out, package));
        }
        Err(reason) => {
            out.push(1);
            put_bytes(out, reason.as_bytes());
        }
    }
}

fn put_package(out: &mut Vec<u8>, package: &Package) {
    for text in [&package.name, &package.arch, &package.version] {
        put_bytes(out, text.as_bytes());
    }
    let (source, version) = match &package.source {
        Some(source) => (Some(&source.name), source.version.as_ref()),
        None => (None, None),
    };
    for text in [source, version] {
        out.push(u8::from(text.is_some()));
        text.iter().for_each(|text| put_bytes(out, text.as_bytes()));
    }
    out.push(u8::from(package.size.is_some()));
    package.size.iter().for_each(|size| put(out, *size));
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
