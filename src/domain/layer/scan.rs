//! The one tar parser: what reads base layers, archives to unpack and layers to compare. Refuses to guess.
//!
//! Header fields come from the `tar` crate; following, sizes, names and bounds are decided here, so that every reader
//! of bakery sees the same entries. Where other parsers disagree about an archive, it is refused (T-10, T-22).
//! After the end marker nothing counts, but it is read to its end, so that digests cover every byte. As for Go's readers,
//! the marker and the last padding may be missing; content may not (T-12).

use std::io::{self, Read};

use tar::{EntryType, GnuExtSparseHeader, GnuSparseHeader, Header};

use super::entry::{Entry, Kind, normalise};
use super::field;
use super::member::{
    PaxFields, ScanError, device, header_name, link_target, node, number, padding_of, records, refusal, refuse, text,
};
use crate::domain::text::escape_bytes;

const BLOCK: usize = 512;
/// Octal size fields end here; only larger files need their size in a PAX record.
const OCTAL_LIMIT: u64 = 8 << 30;

/// Bounds of one archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries (T-19).
    pub entries: u64,
    /// Bytes of the archive, and bytes of all contents (T-15, T-17).
    pub bytes: u64,
    /// Bytes of one PAX or GNU name header (T-14).
    pub metadata: u64,
    /// Extents of a sparse file (T-15).
    pub extents: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 2_000_000, bytes: 20 << 30, metadata: 1 << 20, extents: 10_000 }
    }
}

/// Reads an archive entry by entry; reading from it gives the present entry's content.
pub struct Scanner<R> {
    reader: R,
    limits: Limits,
    /// Bytes read from the archive.
    read: u64,
    /// Bytes of all contents so far, holes included.
    logical: u64,
    entries: u64,
    /// Where the present content's next byte stands, and how many bytes of it the archive still holds.
    content: Content,
    ended: bool,
}

#[derive(Default)]
struct Content {
    position: u64,
    size: u64,
    stored: u64,
    padding: u64,
    /// (offset, length) of what is stored; the rest are holes. `None`: all of it is stored.
    extents: Option<Vec<(u64, u64)>>,
    extent: usize,
}

/// What extension headers said of the next entry.
#[derive(Default)]
struct Extensions {
    gnu_name: Option<Vec<u8>>,
    gnu_link: Option<Vec<u8>>,
    pax: Option<PaxFields>,
}

impl<R: Read> Scanner<R> {
    /// Reads `reader` within `limits`.
    pub fn new(reader: R, limits: Limits) -> Self {
        Self { reader, limits, read: 0, logical: 0, entries: 0, content: Content::default(), ended: false }
    }

    /// The next entry, after skipping what is unread of this one; `None` when the archive is read to its last byte.
    pub fn advance(&mut self) -> Result<Option<Entry>, ScanError> {
        if self.ended {
            return Ok(None);
        }
        let Content { stored, padding, .. } = std::mem::take(&mut self.content);
        self.skip(stored)?;
        // Some write the last entry's padding no more than the end marker; its content is whole all the same.
        let mut block = [0; BLOCK];
        self.fill(&mut block[..usize::try_from(padding).unwrap_or(0)])?;
        let mut extensions = Extensions::default();
        let mut bare = true;
        loop {
            let Some(header) = self.header()? else {
                if !bare {
                    return refuse("T-11", b"", "extension headers at its end describe no entry");
                }
                self.drain()?;
                self.ended = true;
                return Ok(None);
            };
            match header.entry_type() {
                EntryType::XGlobalHeader => self.global(&header)?,
                EntryType::XHeader => {
                    bare = false;
                    self.local(&header, &mut extensions)?;
                }
                EntryType::GNULongName | EntryType::GNULongLink => {
                    bare = false;
                    self.long_name(&header, &mut extensions)?;
                }
                _ => return self.member(&header, extensions).map(Some),
            }
        }
    }

    /// The reader, wherever it stands.
    pub fn into_inner(self) -> R {
        self.reader
    }

    fn count(&mut self, bytes: usize) -> Result<(), ScanError> {
        self.read += bytes as u64;
        if self.read > self.limits.bytes {
            return refuse("T-17", b"", format!("holds more than {} bytes", self.limits.bytes));
        }
        Ok(())
    }

    /// Fills `buffer` as far as the archive goes.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ScanError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.count(filled)?;
        Ok(filled)
    }

    fn skip(&mut self, mut bytes: u64) -> Result<(), ScanError> {
        let mut buffer = [0; 32 << 10];
        while bytes > 0 {
            let want = buffer.len().min(usize::try_from(bytes).unwrap_or(usize::MAX));
            let got = self.fill(&mut buffer[..want])?;
            if got < want {
                return refuse("T-12", b"", "ends inside an entry");
            }
            bytes -= got as u64;
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<(), ScanError> {
        let mut buffer = [0; 32 << 10];
        while self.fill(&mut buffer)? > 0 {}
        Ok(())
    }

    /// The next header block; `None` at the end marker, or where the archive ends without one.
    fn header(&mut self) -> Result<Option<Header>, ScanError> {
        let mut header = Header::new_old();
        match self.fill(header.as_mut_bytes())? {
            0 => return Ok(None),
            BLOCK => {}
            _ => return refuse("T-12", b"", "ends inside a header"),
        }
        if header.as_bytes().iter().all(|b| *b == 0) {
            let mut second = [0; BLOCK];
            let got = self.fill(&mut second)?;
            if got == BLOCK && second.iter().any(|b| *b != 0) {
                return refuse("T-12", b"", "has an empty block between entries");
            }
            return Ok(None);
        }
        self.entries += 1;
        if self.entries > self.limits.entries {
            return refuse("T-19", b"", format!("holds more than {} entries", self.limits.entries));
        }
        let bytes = header.as_bytes();
        let sum: u64 = bytes[..148].iter().chain(&bytes[156..]).map(|b| u64::from(*b)).sum::<u64>() + 8 * 32;
        if field::unsigned(&header.as_old().cksum) != Ok(sum) {
            return refuse("T-12", b"", "has a header with a wrong checksum: truncated, damaged or no tar archive");
        }
        Ok(Some(header))
    }

    /// The content of an extension header.
    fn metadata(&mut self, header: &Header) -> Result<Vec<u8>, ScanError> {
        let size = number(&header.as_old().size, b"extension header", "size")?;
        if size > self.limits.metadata {
            let detail = format!("has an extension header of {size} bytes, at most {}", self.limits.metadata);
            return refuse("T-14", b"", detail);
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let mut bytes = vec![0; size];
        if self.fill(&mut bytes)? < size {
            return refuse("T-11", b"", "ends inside an extension header");
        }
        self.skip(padding_of(size as u64))?;
        Ok(bytes)
    }

    fn global(&mut self, header: &Header) -> Result<(), ScanError> {
        let bytes = self.metadata(header)?;
        for (key, _) in records(&bytes)? {
            // Go ignores global records, GNU tar applies them: those that matter are refused.
            if matches!(key, b"path" | b"linkpath" | b"size" | b"uid" | b"gid" | b"hdrcharset")
                || key.starts_with(b"SCHILY.")
                || key.starts_with(b"GNU.")
            {
                return refuse("T-10", b"", format!("sets {} for all entries", escape_bytes(key)));
            }
        }
        Ok(())
    }

    fn local(&mut self, header: &Header, extensions: &mut Extensions) -> Result<(), ScanError> {
        if extensions.pax.is_some() {
            return refuse("T-11", b"", "has two PAX headers for one entry");
        }
        let bytes = self.metadata(header)?;
        let mut fields = PaxFields::default();
        for (key, value) in records(&bytes)? {
            fields.take(key, value)?;
        }
        fields.xattrs.sort();
        if fields.xattrs.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return refuse("T-11", b"", "names an extended attribute twice");
        }
        extensions.pax = Some(fields);
        Ok(())
    }

    fn long_name(&mut self, header: &Header, extensions: &mut Extensions) -> Result<(), ScanError> {
        if extensions.pax.as_ref().is_some_and(|pax| pax.size.is_some()) {
            return refuse("T-10", b"", "has a PAX size that may belong to an extension header or to the entry");
        }
        let mut bytes = self.metadata(header)?;
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        if bytes[end..].iter().any(|b| *b != 0) {
            return refuse("T-14", &bytes, "long name holds a NUL");
        }
        bytes.truncate(end);
        if bytes.is_empty() {
            return refuse("T-11", b"", "has an empty long name");
        }
        let slot = if header.entry_type() == EntryType::GNULongName {
            &mut extensions.gnu_name
        } else {
            &mut extensions.gnu_link
        };
        match slot.replace(bytes) {
            Some(_) => refuse("T-11", b"", "has two long names for one entry"),
            None => Ok(()),
        }
    }

    fn member(&mut self, header: &Header, extensions: Extensions) -> Result<Entry, ScanError> {
        let Extensions { gnu_name, gnu_link, pax } = extensions;
        let mut pax = pax.unwrap_or_default();
        let conflict = (pax.path.is_some() && gnu_name.is_some()) || (pax.link.is_some() && gnu_link.is_some());
        let name = pax.path.take().or(gnu_name).unwrap_or_else(|| header_name(header));
        if conflict {
            return refuse("T-22", &name, "has a PAX name and a GNU name");
        }
        let link = pax.link.take().or(gnu_link).unwrap_or_else(|| text(&header.as_old().linkname).to_vec());
        let path = normalise(&name)?;
        let size = self.size(header, &pax, &name)?;
        let folder_name = name.ends_with(b"/");
        let kind = match header.entry_type() {
            EntryType::Regular if header.as_bytes()[156] == 0 && folder_name => Kind::Folder,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse if folder_name => {
                return refuse("T-22", &name, "is a file by its type and a folder by its name");
            }
            EntryType::Regular | EntryType::Continuous => Kind::File { size, digest: None },
            EntryType::GNUSparse => Kind::File { size: self.sparse(header, size, &name)?, digest: None },
            EntryType::Directory => Kind::Folder,
            EntryType::Symlink => Kind::Symlink(link_target(link, &name)?),
            EntryType::Link => Kind::Hardlink(normalise(&link)?),
            EntryType::Char => device(header, &name, |major, minor| Kind::Char { major, minor })?,
            EntryType::Block => device(header, &name, |major, minor| Kind::Block { major, minor })?,
            EntryType::Fifo => Kind::Fifo,
            other => return refuse("T-22", &name, format!("has the unknown type {:?}", char::from(other.as_byte()))),
        };
        if let Kind::File { size: logical, .. } = kind {
            self.begin(size, logical, &name)?;
        } else if size > 0 {
            return refuse("T-10", &name, format!("is a {} and says it has {size} bytes", kind.as_str()));
        }
        if path.is_empty() && kind != Kind::Folder {
            return refuse("T-04", &name, format!("would make the root a {}", kind.as_str()));
        }
        Ok(Entry { path, node: node(header, kind, pax, &name)? })
    }

    /// The size in the archive: PAX and header must agree, except where the header cannot say it (T-10).
    fn size(&self, header: &Header, pax: &PaxFields, name: &[u8]) -> Result<u64, ScanError> {
        let plain = number(&header.as_old().size, name, "size")?;
        match pax.size {
            Some(size) if size == plain || (size >= OCTAL_LIMIT && plain == 0) => Ok(size),
            Some(size) => refuse("T-10", name, format!("has {size} bytes by its PAX header and {plain} by its own")),
            None => Ok(plain),
        }
    }

    fn begin(&mut self, stored: u64, logical: u64, name: &[u8]) -> Result<(), ScanError> {
        let sparse = self.content.extents.is_some();
        self.logical = self.logical.saturating_add(logical);
        if self.logical > self.limits.bytes {
            let family = if sparse { "T-15" } else { "T-17" };
            return refuse(family, name, format!("brings the contents over {} bytes", self.limits.bytes));
        }
        self.content.size = logical;
        self.content.stored = stored;
        self.content.padding = padding_of(stored);
        Ok(())
    }

    /// Reads the extents of an old GNU sparse file; gives its logical size.
    fn sparse(&mut self, header: &Header, stored: u64, name: &[u8]) -> Result<u64, ScanError> {
        let Some(gnu) = header.as_gnu() else {
            return refuse("T-22", name, "is sparse without a GNU header");
        };
        let mut extents = Vec::new();
        let mut add = |block: &GnuSparseHeader| -> Result<(), ScanError> {
            if block.is_empty() {
                return Ok(());
            }
            extents.push((number(&block.offset, name, "extent")?, number(&block.numbytes, name, "extent")?));
            Ok(())
        };
        gnu.sparse.iter().try_for_each(&mut add)?;
        let mut more = gnu.is_extended();
        let mut blocks = 0;
        while more {
            blocks += 1;
            let mut extended = GnuExtSparseHeader::new();
            if self.fill(extended.as_mut_bytes())? < BLOCK {
                return refuse("T-12", name, "ends inside its list of extents");
            }
            extended.sparse().iter().try_for_each(&mut add)?;
            more = extended.is_extended();
            if blocks * 21 > self.limits.extents {
                return refuse("T-15", name, format!("has more than {} extents", self.limits.extents));
            }
        }
        let size = number(&gnu.realsize, name, "real size")?;
        let mut end = 0_u64;
        let mut sum = 0_u64;
        for (offset, length) in &extents {
            if *offset < end {
                return refuse("T-15", name, "has extents that overlap");
            }
            end = offset.saturating_add(*length);
            sum = sum.saturating_add(*length);
        }
        if end > size || sum != stored {
            return refuse("T-15", name, "has extents that do not add up");
        }
        self.content.extents = Some(extents);
        Ok(size)
    }
}

impl<R: Read> Read for Scanner<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let content = &mut self.content;
        if content.position >= content.size || buffer.is_empty() {
            return Ok(0);
        }
        let left = content.size - content.position;
        // (bytes of this kind from here on, whether they are stored)
        let (run, stored) = match &content.extents {
            None => (left, true),
            Some(extents) => loop {
                match extents.get(content.extent) {
                    None => break (left, false),
                    Some((offset, _)) if content.position < *offset => break (offset - content.position, false),
                    Some((offset, length)) if content.position < offset + length => {
                        break (offset + length - content.position, true);
                    }
                    Some(_) => content.extent += 1,
                }
            },
        };
        let want = buffer.len().min(usize::try_from(run).unwrap_or(usize::MAX));
        let count = if stored { self.reader.read(&mut buffer[..want])? } else { want };
        if count == 0 {
            return Err(refusal("T-12", b"", "ends inside an entry").into());
        }
        self.content.position += count as u64;
        if stored {
            self.content.stored -= count as u64;
            self.count(count)?;
        } else {
            buffer[..want].fill(0);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::pax;
    use super::*;

    /// One header block and its content, padded.
    fn block(name: &[u8], kind: u8, content: &[u8], change: impl Fn(&mut Header)) -> Vec<u8> {
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1);
        header.set_size(content.len() as u64);
        header.as_mut_bytes()[156] = kind;
        change(&mut header);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        bytes
    }

    fn plain(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
        block(name.as_bytes(), kind, content, |_| ())
    }

    fn pax_block(pairs: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        pairs.iter().for_each(|(key, value)| pax::write(&mut bytes, key.as_bytes(), value));
        plain("pax", b'x', &bytes)
    }

    fn scan_within(bytes: &[u8], limits: Limits) -> Result<Vec<(Entry, Vec<u8>)>, ScanError> {
        let mut scanner = Scanner::new(bytes, limits);
        let mut found = Vec::new();
        while let Some(entry) = scanner.advance()? {
            let mut content = Vec::new();
            scanner.read_to_end(&mut content).map_err(ScanError::from)?;
            found.push((entry, content));
        }
        Ok(found)
    }

    fn scan(parts: &[Vec<u8>]) -> Result<Vec<(Entry, Vec<u8>)>, ScanError> {
        scan_within(&parts.concat(), Limits::default())
    }

    #[track_caller]
    fn refused(family: &str, parts: &[Vec<u8>]) {
        let error = scan(parts).expect_err(family).to_string();
        assert!(error.starts_with(family), "expected {family}: {error}");
    }

    fn end() -> Vec<u8> {
        vec![0; 1024]
    }

    #[test]
    fn reads_what_pax_gnu_and_ustar_headers_say() {
        let long = "d/".repeat(90) + "name";
        let archive = [
            plain("a/", b'5', b""),
            plain("a/f", b'0', b"hello"),
            pax_block(&[
                ("path", long.as_bytes()),
                ("uid", b"3000000"),
                ("mtime", b"5.5"),
                ("SCHILY.xattr.user.x", b"1\n2"),
            ]),
            plain("short", b'0', b"x"),
            plain("././@LongLink", b'L', &[long.as_bytes(), b"2\0"].concat()),
            plain("short", b'0', b""),
            block(b"name", b'0', b"", |h| h.as_ustar_mut().unwrap().prefix[..3].copy_from_slice(b"pre")),
            plain("old/", 0, b""),
            end(),
        ];
        let found = scan(&archive).unwrap();
        let paths: Vec<_> = found.iter().map(|(e, _)| String::from_utf8(e.path.to_vec()).unwrap()).collect();
        assert_eq!(paths, ["a", "a/f", &long, &(long.clone() + "2"), "pre/name", "old"]);
        assert_eq!(found[1].1, b"hello");
        let node = &found[2].0.node;
        assert_eq!((node.uid, node.mtime, &*node.xattrs[0].1), (3_000_000, 5, &b"1\n2"[..]));
        assert_eq!(found[5].0.node.kind, Kind::Folder);
    }

    #[test]
    fn t10_sizes_must_agree() {
        let smuggled = plain("hidden", b'0', b"");
        refused("T-10", &[pax_block(&[("size", b"512")]), plain("a", b'0', b""), smuggled.clone(), end()]);
        refused("T-10", &[pax_block(&[("size", b"0")]), plain("a", b'0', &smuggled), end()]);
        refused("T-10", &[pax_block(&[("size", b"4")]), plain("l", b'L', b"abc\0"), plain("a", b'0', b""), end()]);
        refused("T-10", &[block(b"d/", b'5', b"", |h| h.set_size(512)), vec![0; 512], end()]);
        refused("T-10", &[plain("g", b'g', b"11 size=10\n"), plain("a", b'0', b""), end()]);
        assert!(scan(&[pax_block(&[("size", b"3")]), plain("a", b'0', b"abc"), end()]).is_ok());
        assert!(scan(&[plain("g", b'g', b"13 comment=x\n"), plain("a", b'0', b"abc"), end()]).is_ok());
    }

    #[test]
    fn t11_extension_headers_must_be_whole_and_describe_an_entry() {
        refused("T-11", &[plain("x", b'x', b"11 path=abc"), plain("a", b'0', b""), end()]);
        refused("T-11", &[pax_block(&[("path", b"a")]), end()]);
        refused("T-11", &[plain("l", b'L', b"name\0"), end()]);
        refused("T-11", &[plain("l", b'L', b"a\0"), plain("l", b'L', b"b\0"), plain("a", b'0', b""), end()]);
        refused("T-11", &[plain("l", b'L', b"\0"), plain("a", b'0', b""), end()]);
        refused("T-11", &[pax_block(&[("path", b"a")]), pax_block(&[("path", b"b")]), plain("a", b'0', b""), end()]);
    }

    #[test]
    fn t12_truncation_is_refused_wherever_it_falls_and_what_follows_the_end_counts_for_nothing() {
        let whole = [plain("a", b'0', &[7; 700]), plain("b", b'0', b"x")].concat();
        for cut in [1, 100, 511, 512, 513, 1000, 1211, 1536 + 511, 1536 + 512] {
            let error = scan_within(&whole[..cut], Limits::default()).expect_err("cut").to_string();
            assert!(error.starts_with("T-12"), "{cut}: {error}");
        }
        for (end, count) in [(1212, 1), (1400, 1), (1536, 1), (1536 + 513, 2), (whole.len(), 2)] {
            assert_eq!(scan_within(&whole[..end], Limits::default()).unwrap().len(), count, "{end}");
        }
        assert_eq!(scan(&[whole.clone(), end(), b"junk".to_vec()]).unwrap().len(), 2);
        assert_eq!(scan(&[whole.clone(), end(), whole.clone()]).unwrap().len(), 2);
        refused("T-12", &[whole.clone(), vec![0; 512], whole, end()]);
        refused("T-12", &[b"not a tar archive".repeat(100)]);
    }

    #[test]
    fn t13_numbers_never_wrap() {
        refused("T-13", &[block(b"a", b'0', b"", |h| h.as_old_mut().size = [0xff; 12]), end()]);
        refused("T-13", &[block(b"a", b'0', b"", |h| h.set_uid(u64::from(u32::MAX))), end()]);
        refused("T-13", &[block(b"a", b'0', b"", |h| h.set_gid(1 << 40)), end()]);
        refused("T-13", &[pax_block(&[("uid", b"4294967296")]), plain("a", b'0', b""), end()]);
        refused("T-13", &[pax_block(&[("size", b"-1")]), plain("a", b'0', b""), end()]);
        refused("T-17", &[block(b"a", b'0', b"", |h| h.set_size(1 << 40)), end()]);
    }

    #[test]
    fn t14_names_are_bounded_and_hold_no_nul() {
        refused("T-14", &[pax_block(&[("path", b"a\0b")]), plain("a", b'0', b""), end()]);
        refused("T-14", &[plain("l", b'L', b"a\0b\0"), plain("a", b'0', b""), end()]);
        refused("T-14", &[plain("l", b'L', &[b'a'; 300]), plain("a", b'0', b""), end()]);
        refused("T-14", &[plain("l", b'L', &b"ab/".repeat(2000)), plain("a", b'0', b""), end()]);
        refused("T-14", &[block(b"l", b'L', b"", |h| h.set_size(2 << 20)), end()]);
        let found = scan(&[plain("l", b'L', b"caf\xe9\0"), plain("a", b'0', b""), end()]).unwrap();
        assert_eq!(&*found[0].0.path, b"caf\xe9");
    }

    #[test]
    fn t15_sparse_files_count_their_holes() {
        let sparse = |extents: &[(u64, u64)], size: u64, stored: &[u8]| {
            let mut header = Header::new_gnu();
            header.as_old_mut().name[0] = b's';
            header.set_mode(0o644);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(0);
            header.set_size(stored.len() as u64);
            header.set_entry_type(EntryType::GNUSparse);
            let gnu = header.as_gnu_mut().unwrap();
            gnu.set_real_size(size);
            for (slot, (offset, length)) in gnu.sparse.iter_mut().zip(extents) {
                slot.set_offset(*offset);
                slot.set_length(*length);
            }
            header.set_cksum();
            let mut bytes = header.as_bytes().to_vec();
            bytes.extend_from_slice(stored);
            bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
            bytes
        };
        let found = scan(&[sparse(&[(2, 3), (8, 0)], 8, b"abc"), plain("z", b'0', b"z"), end()]).unwrap();
        assert_eq!((&found[0].1[..], &found[1].1[..]), (&b"\0\0abc\0\0\0"[..], &b"z"[..]));
        refused("T-15", &[sparse(&[(0, 3), (2, 3)], 8, b"abcdef"), end()]);
        refused("T-15", &[sparse(&[(0, 3)], 8, b"abcdef"), end()]);
        refused("T-15", &[sparse(&[(8 << 40, 0)], 8 << 40, b""), end()]);
        refused("T-15", &[pax_block(&[("GNU.sparse.major", b"1")]), plain("a", b'0', b""), end()]);
    }

    #[test]
    fn t17_t19_bytes_and_entries_are_counted() {
        let limits = Limits { bytes: 4096, entries: 2, ..Limits::default() };
        let error = |parts: &[Vec<u8>]| scan_within(&parts.concat(), limits).unwrap_err().to_string();
        assert!(error(&[plain("a", b'0', &[0; 8192]), end()]).starts_with("T-17"));
        assert!(error(&[plain("a", b'0', b""), end(), vec![0; 9000]]).starts_with("T-17"));
        assert!(
            error(&[plain("a", b'0', b""), plain("b", b'0', b""), plain("c", b'0', b""), end()]).starts_with("T-19")
        );
    }

    #[test]
    fn t22_what_parsers_disagree_about_is_refused() {
        refused("T-22", &[pax_block(&[("path", b"a")]), plain("l", b'L', b"b\0"), plain("c", b'0', b""), end()]);
        refused("T-22", &[plain("a/", b'0', b"x"), end()]);
        refused("T-22", &[plain("a", b'M', b""), end()]);
        refused("T-04", &[block(b"./", b'2', b"", |h| h.as_old_mut().linkname[0] = b'x'), end()]);
        // A GNU header keeps times where POSIX has a prefix.
        let mut gnu = Header::new_gnu();
        gnu.as_old_mut().name[..1].copy_from_slice(b"n");
        gnu.as_gnu_mut().unwrap().set_atime(0o1234);
        gnu.set_size(0);
        gnu.set_cksum();
        let found = scan(&[gnu.as_bytes().to_vec(), end()]).unwrap();
        assert_eq!(&*found[0].0.path, b"n");
    }
}
