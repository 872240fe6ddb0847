//! stand-in until the real ones are here.
#![allow(missing_docs)]
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;
pub struct Marks { pub whiteouts: Vec<Box<[u8]>>, pub opaques: Vec<Box<[u8]>> }
pub struct Unpacked { pub entries: u64, pub bytes: u64, pub skipped: u64 }
pub enum Owners { Keep, Ignore }
pub struct Options<'a> { pub owners: Owners, pub cancelled: &'a dyn Fn() -> bool }
pub fn unpack(_: BorrowedFd<'_>, _: &Marks, _: impl Read, _: &Options<'_>) -> Result<Unpacked, io::Error> { Err(io::ErrorKind::Unsupported.into()) }
pub fn remove_tree(_: BorrowedFd<'_>, _: &OsStr) -> io::Result<()> { Err(io::ErrorKind::Unsupported.into()) }
pub struct Upper<'a> { pub upper: BorrowedFd<'a>, pub lower: Option<BorrowedFd<'a>>, pub created: i64, pub cancelled: &'a dyn Fn() -> bool }
pub struct Packed { pub added: u64, pub modified: u64, pub deleted: u64 }
pub fn pack(_: &Upper<'_>, _: impl Write) -> Result<Packed, io::Error> { Err(io::ErrorKind::Unsupported.into()) }
pub fn discard(_: BorrowedFd<'_>, _: &[&str]) -> Result<(), io::Error> { Ok(()) }
pub enum SeenOp { Added, Modified, Deleted }
pub struct Seen { pub op: SeenOp, pub path: Vec<u8>, pub size: u64, pub mode: u32 }
pub struct Watch;
impl Watch { pub fn new(_: OwnedFd, _: Option<OwnedFd>) -> Self { Self } pub fn look(&mut self, _: usize) -> io::Result<Vec<Seen>> { Ok(Vec::new()) } pub fn pause(&self) -> Duration { Duration::from_millis(100) } }
