//! ELF programs and libraries: which interpreter and libraries they name. Reads bounded parts of any bytes; resolves
//! nothing, runs nothing, believes no number in the file.

use std::io::{self, Read, Seek, SeekFrom};

const MAX_HEADERS: u16 = 512;
const MAX_DYNAMIC_BYTES: u64 = 1024 * 1024;
const MAX_NEEDED: usize = 1024;
const MAX_STRING_BYTES: u64 = 4096;

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const DT_NULL: u64 = 0;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_STRSZ: u64 = 10;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;

/// Why bytes are no usable ELF file.
#[derive(Debug, thiserror::Error)]
pub enum ElfError {
    /// Something else: a script, a text.
    #[error("not an ELF file")]
    NotElf,
    /// An offset or size that leads out of the file, or past a bound.
    #[error("broken ELF file: {0}")]
    Broken(&'static str),
    /// The bytes cannot be read.
    #[error("cannot read ELF file")]
    Io(#[from] io::Error),
}

/// What two objects must share to be loaded together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abi {
    /// 64-bit, else 32-bit.
    pub wide: bool,
    /// Most significant byte first.
    pub big_endian: bool,
    /// `e_machine`.
    pub machine: u16,
}

/// What an ELF file asks of its loader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elf {
    /// Class, byte order, machine.
    pub abi: Abi,
    /// `PT_INTERP`: the program that loads it; `None` for libraries and static programs.
    pub interpreter: Option<String>,
    /// `DT_NEEDED`, in order.
    pub needed: Vec<String>,
    /// `DT_RUNPATH`, as written.
    pub runpath: Option<String>,
    /// `DT_RPATH`, as written; counts only without a runpath.
    pub rpath: Option<String>,
}

struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    file_size: u64,
}

/// Reads the headers of an ELF file.
pub fn read(source: &mut (impl Read + Seek)) -> Result<Elf, ElfError> {
    let mut ident = [0_u8; 20];
    source.seek(SeekFrom::Start(0))?;
    match source.read_exact(&mut ident) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(ElfError::NotElf),
        Err(error) => return Err(error.into()),
    }
    if &ident[..4] != b"\x7fELF" {
        return Err(ElfError::NotElf);
    }
    let wide = match ident[4] {
        1 => false,
        2 => true,
        _ => return Err(ElfError::Broken("class")),
    };
    let big_endian = match ident[5] {
        1 => false,
        2 => true,
        _ => return Err(ElfError::Broken("byte order")),
    };
    let mut reader = Reader { source, wide, big_endian };
    let abi = Abi { wide, big_endian, machine: reader.number16(&ident, 18) };
    let segments = reader.segments()?;
    let interpreter = match segments.iter().find(|segment| segment.kind == PT_INTERP) {
        Some(segment) if segment.file_size <= MAX_STRING_BYTES => {
            Some(reader.string(segment.offset, segment.file_size)?)
        }
        Some(_) => return Err(ElfError::Broken("interpreter")),
        None => None,
    };
    let mut elf = Elf { abi, interpreter, needed: Vec::new(), runpath: None, rpath: None };
    if let Some(dynamic) = segments.iter().find(|segment| segment.kind == PT_DYNAMIC) {
        reader.dynamic(dynamic, &segments, &mut elf)?;
    }
    Ok(elf)
}

struct Reader<'a, S> {
    source: &'a mut S,
    wide: bool,
    big_endian: bool,
}

impl<S: Read + Seek> Reader<'_, S> {
    fn segments(&mut self) -> Result<Vec<Segment>, ElfError> {
        let header = self.bytes(0, if self.wide { 64 } else { 52 })?;
        let (offset, entry_size, count) = if self.wide {
            (self.number64(&header, 32), self.number16(&header, 54), self.number16(&header, 56))
        } else {
            (self.number32(&header, 28).into(), self.number16(&header, 42), self.number16(&header, 44))
        };
        if count == 0 {
            return Ok(Vec::new());
        }
        let expected = if self.wide { 56 } else { 32 };
        if count > MAX_HEADERS || entry_size != expected {
            return Err(ElfError::Broken("program headers"));
        }
        let table = self.bytes(offset, u64::from(count) * u64::from(entry_size))?;
        let segment = |entry: &[u8]| {
            if self.wide {
                Segment {
                    kind: self.number32(entry, 0),
                    offset: self.number64(entry, 8),
                    address: self.number64(entry, 16),
                    file_size: self.number64(entry, 32),
                }
            } else {
                Segment {
                    kind: self.number32(entry, 0),
                    offset: self.number32(entry, 4).into(),
                    address: self.number32(entry, 8).into(),
                    file_size: self.number32(entry, 16).into(),
                }
            }
        };
        Ok(table.chunks_exact(usize::from(entry_size)).map(segment).collect())
    }

    fn dynamic(&mut self, dynamic: &Segment, segments: &[Segment], elf: &mut Elf) -> Result<(), ElfError> {
        if dynamic.file_size > MAX_DYNAMIC_BYTES {
            return Err(ElfError::Broken("dynamic section"));
        }
        let table = self.bytes(dynamic.offset, dynamic.file_size)?;
        let mut needed = Vec::new();
        let (mut runpath, mut rpath, mut strings, mut strings_size) = (None, None, None, 0);
        for entry in table.chunks_exact(if self.wide { 16 } else { 8 }) {
            let (tag, value) = if self.wide {
                (self.number64(entry, 0), self.number64(entry, 8))
            } else {
                (self.number32(entry, 0).into(), self.number32(entry, 4).into())
            };
            match tag {
                DT_NULL => break,
                DT_NEEDED if needed.len() == MAX_NEEDED => return Err(ElfError::Broken("needed libraries")),
                DT_NEEDED => needed.push(value),
                DT_STRTAB => strings = Some(value),
                DT_STRSZ => strings_size = value,
                DT_RUNPATH => runpath = Some(value),
                DT_RPATH => rpath = Some(value),
                _ => {}
            }
        }
        if needed.is_empty() && runpath.is_none() && rpath.is_none() {
            return Ok(());
        }
        let address = strings.ok_or(ElfError::Broken("string table"))?;
        let start = file_offset(segments, address).ok_or(ElfError::Broken("string table"))?;
        let mut string = |at: u64| {
            let left = strings_size.checked_sub(at).filter(|left| *left > 0);
            let left = left.ok_or(ElfError::Broken("string"))?;
            self.string(start.checked_add(at).ok_or(ElfError::Broken("string"))?, left)
        };
        elf.needed = needed.into_iter().map(&mut string).collect::<Result<_, _>>()?;
        elf.runpath = runpath.map(&mut string).transpose()?;
        elf.rpath = rpath.map(&mut string).transpose()?;
        Ok(())
    }

    /// Exactly `length` bytes; the callers have bounded it.
    fn bytes(&mut self, offset: u64, length: u64) -> Result<Vec<u8>, ElfError> {
        let bytes = self.up_to(offset, length)?;
        if bytes.len() as u64 == length { Ok(bytes) } else { Err(ElfError::Broken("it ends too early")) }
    }

    fn up_to(&mut self, offset: u64, length: u64) -> Result<Vec<u8>, ElfError> {
        if i64::try_from(offset).is_err() {
            return Err(ElfError::Broken("offset"));
        }
        self.source.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        self.source.by_ref().take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// A NUL-ended UTF-8 string of at most `limit` bytes with its NUL.
    fn string(&mut self, offset: u64, limit: u64) -> Result<String, ElfError> {
        let bytes = self.up_to(offset, limit.min(MAX_STRING_BYTES))?;
        let end = bytes.iter().position(|byte| *byte == 0).ok_or(ElfError::Broken("string"))?;
        String::from_utf8(bytes[..end].to_vec()).map_err(|_| ElfError::Broken("string"))
    }

    fn number16(&self, bytes: &[u8], at: usize) -> u16 {
        let array = array_at(bytes, at);
        if self.big_endian { u16::from_be_bytes(array) } else { u16::from_le_bytes(array) }
    }

    fn number32(&self, bytes: &[u8], at: usize) -> u32 {
        let array = array_at(bytes, at);
        if self.big_endian { u32::from_be_bytes(array) } else { u32::from_le_bytes(array) }
    }

    fn number64(&self, bytes: &[u8], at: usize) -> u64 {
        let array = array_at(bytes, at);
        if self.big_endian { u64::from_be_bytes(array) } else { u64::from_le_bytes(array) }
    }
}

/// Zeros where `bytes` is too short; callers read tables of checked sizes.
fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..at + N).and_then(|part| part.try_into().ok()).unwrap_or([0; N])
}

/// Where in the file the byte at `address` in memory comes from.
fn file_offset(segments: &[Segment], address: u64) -> Option<u64> {
    segments.iter().filter(|segment| segment.kind == PT_LOAD).find_map(|segment| {
        let inside = address.checked_sub(segment.address).filter(|inside| *inside < segment.file_size)?;
        segment.offset.checked_add(inside)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    /// A file with one LOAD over everything, an interpreter, and a dynamic section.
    fn sample(wide: bool, big_endian: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let word = |out: &mut Vec<u8>, value: u64, size: usize| {
            let le = value.to_le_bytes();
            let mut part = le[..size].to_vec();
            if big_endian {
                part.reverse();
            }
            out.extend(part);
        };
        let size = if wide { 8 } else { 4 };
        let (header, entry) = if wide { (64, 56) } else { (52, 32) };
        let interp_at = header + 3 * entry;
        let interp = b"/lib/ld.so\0";
        let strings_at = interp_at + interp.len();
        let strings = b"\0libc.so.6\0$ORIGIN/../lib\0";
        let dynamic_at = strings_at + strings.len();
        let dynamic = [(1, 1), (29, 11), (5, strings_at as u64), (10, strings.len() as u64), (0, 0)];
        out.extend(b"\x7fELF");
        out.extend([if wide { 2 } else { 1 }, if big_endian { 2 } else { 1 }, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        word(&mut out, 3, 2);
        word(&mut out, 62, 2);
        word(&mut out, 1, 4);
        word(&mut out, 0, size);
        word(&mut out, header as u64, size);
        word(&mut out, 0, size);
        word(&mut out, 0, 4);
        for value in [header, entry, 3, 0, 0, 0] {
            word(&mut out, value as u64, 2);
        }
        let total = dynamic_at + dynamic.len() * 2 * size;
        for (kind, at, length) in
            [(1, 0, total), (3, interp_at, interp.len()), (2, dynamic_at, dynamic.len() * 2 * size)]
        {
            word(&mut out, kind, 4);
            if wide {
                word(&mut out, 0, 4);
            }
            for value in [at, at, at, length, length] {
                word(&mut out, value as u64, size);
            }
            if !wide {
                word(&mut out, 0, 4);
            }
            word(&mut out, 1, size);
        }
        out.extend(interp);
        out.extend(strings);
        for (tag, value) in dynamic {
            word(&mut out, tag, size);
            word(&mut out, value, size);
        }
        out
    }

    #[test]
    fn every_class_and_byte_order() {
        for (wide, big_endian) in [(true, false), (true, true), (false, false), (false, true)] {
            let elf = read(&mut Cursor::new(sample(wide, big_endian))).unwrap();
            assert_eq!(elf.abi, Abi { wide, big_endian, machine: 62 });
            assert_eq!(elf.interpreter.as_deref(), Some("/lib/ld.so"));
            assert_eq!(elf.needed, ["libc.so.6"]);
            assert_eq!(elf.runpath.as_deref(), Some("$ORIGIN/../lib"));
        }
    }

    #[test]
    fn scripts_and_texts_are_no_elf_files() {
        for bytes in [&b"#!/bin/sh\nexec python3 \"$@\"\n"[..], b"", b"\x7fEL", b"\x7fELF"] {
            assert!(matches!(read(&mut Cursor::new(bytes)), Err(ElfError::NotElf)), "{bytes:?}");
        }
    }

    #[test]
    fn every_shortened_file_is_refused_or_read_without_harm() {
        let whole = sample(true, false);
        for length in 0..whole.len() {
            let _ = read(&mut Cursor::new(&whole[..length]));
        }
    }

    proptest! {
        #[test]
        fn changed_bytes_do_no_harm(
            wide: bool, big_endian: bool, changes in prop::collection::vec((0_usize..600, any::<u8>()), 1..12),
        ) {
            let mut bytes = sample(wide, big_endian);
            for (at, value) in changes {
                let length = bytes.len();
                bytes[at % length] = value;
            }
            let _ = read(&mut Cursor::new(bytes));
        }
    }
}
