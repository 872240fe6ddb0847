//! One tar header as an entry: its fields, its PAX records, and what is wrong with them. Reads no stream.

use std::io;

use tar::Header;

use super::entry::{EntryError, Kind, MAX_PATH, Node, Xattr, Xattrs};
use super::field::{self, FieldError};
use super::pax;
use crate::domain::text::escape_bytes;

const BLOCK: u64 = 512;

/// Why an archive is refused or could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The archive breaks a rule.
    #[error("{family}: {what}: {detail}")]
    Refused {
        /// Hostile-input family.
        family: &'static str,
        /// The entry, escaped; or `archive`.
        what: String,
        /// What is wrong.
        detail: String,
    },
    /// A path nobody may use.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The bytes could not be read.
    #[error("archive cannot be read")]
    Io(#[source] io::Error),
}

impl From<ScanError> for io::Error {
    fn from(error: ScanError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

impl From<io::Error> for ScanError {
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(inner) => inner,
            Err(error) => Self::Io(error),
        }
    }
}

/// A refusal; an empty name means the archive as a whole.
pub(super) fn refusal(family: &'static str, name: &[u8], detail: impl Into<String>) -> ScanError {
    let what = if name.is_empty() { "archive".into() } else { escape_bytes(&name[..name.len().min(200)]) };
    ScanError::Refused { family, what, detail: detail.into() }
}

pub(super) fn refuse<T>(family: &'static str, name: &[u8], detail: impl Into<String>) -> Result<T, ScanError> {
    Err(refusal(family, name, detail))
}

/// What a PAX header says of the next entry.
#[derive(Default)]
pub(super) struct PaxFields {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    pub(super) mtime: Option<i64>,
    pub(super) xattrs: Vec<Xattr>,
}

impl PaxFields {
    pub(super) fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), ScanError> {
        let bad = |error: FieldError| ScanError::Refused {
            family: "T-13",
            what: format!("PAX {}", escape_bytes(key)),
            detail: error.to_string(),
        };
        // An empty value takes back what was said.
        let bytes = || (!value.is_empty()).then(|| value.to_vec());
        let decimal = || if value.is_empty() { Ok(None) } else { field::decimal(value).map(Some).map_err(bad) };
        match key {
            b"path" => self.path = bytes(),
            b"linkpath" => self.link = bytes(),
            b"size" => self.size = decimal()?,
            b"uid" => self.uid = decimal()?,
            b"gid" => self.gid = decimal()?,
            b"mtime" if !value.is_empty() => self.mtime = Some(field::seconds(value).map_err(bad)?),
            _ if key.starts_with(b"GNU.sparse.") => {
                return refuse("T-15", b"", "holds a sparse file in PAX form, which readers disagree about");
            }
            _ => {
                if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                    self.xattrs.push((name.into(), value.into()));
                }
            }
        }
        Ok(())
    }
}

pub(super) fn records(bytes: &[u8]) -> Result<Vec<pax::Record<'_>>, ScanError> {
    pax::parse(bytes).map_err(|error| ScanError::Refused {
        family: "T-11",
        what: "archive".into(),
        detail: error.to_string(),
    })
}

/// Bytes up to the first NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    &field[..field.iter().position(|b| *b == 0).unwrap_or(field.len())]
}

pub(super) fn header_name(header: &Header) -> Vec<u8> {
    let name = text(&header.as_old().name);
    // Only POSIX headers have a prefix; GNU keeps times there, older ones nothing (T-22).
    match header.as_ustar().map(|ustar| text(&ustar.prefix)) {
        Some(prefix) if !prefix.is_empty() => [prefix, b"/", name].concat(),
        _ => name.to_vec(),
    }
}

pub(super) fn number(field: &[u8], name: &[u8], what: &str) -> Result<u64, ScanError> {
    field::unsigned(field).or_else(|error| refuse("T-13", name, format!("{what} {error}")))
}

pub(super) fn padding_of(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK
}

pub(super) fn link_target(link: Vec<u8>, name: &[u8]) -> Result<Box<[u8]>, ScanError> {
    if link.is_empty() || link.contains(&0) {
        return refuse("T-02", name, "is a symlink to nothing");
    }
    if link.len() > MAX_PATH {
        return refuse("T-14", name, "is a symlink to a path over 4096 bytes");
    }
    Ok(link.into())
}

pub(super) fn device(header: &Header, name: &[u8], kind: impl Fn(u32, u32) -> Kind) -> Result<Kind, ScanError> {
    let bytes = header.as_bytes();
    let part = |field: &[u8]| match u32::try_from(number(field, name, "device number")?) {
        Ok(part) => Ok(part),
        Err(_) => refuse("T-13", name, "device number is beyond all bounds"),
    };
    Ok(kind(part(&bytes[329..337])?, part(&bytes[337..345])?))
}

pub(super) fn node(header: &Header, kind: Kind, pax: PaxFields, name: &[u8]) -> Result<Node, ScanError> {
    let old = header.as_old();
    let id = |value: Option<u64>, field: &[u8], what: &str| {
        let id = match value {
            Some(id) => id,
            None => number(field, name, what)?,
        };
        // 2^32-1 means "no change" to chown(2).
        match u32::try_from(id) {
            Ok(id) if id != u32::MAX => Ok(id),
            _ => refuse("T-13", name, format!("{what} {id} is beyond 4294967294")),
        }
    };
    let xattrs: Xattrs = pax.xattrs.into();
    Ok(Node {
        kind,
        mode: u32::try_from(number(&old.mode, name, "mode")? & 0o7777).unwrap_or(0),
        uid: id(pax.uid, &old.uid, "uid")?,
        gid: id(pax.gid, &old.gid, "gid")?,
        mtime: match pax.mtime {
            Some(mtime) => mtime,
            None => field::signed(&old.mtime).or_else(|error| refuse("T-13", name, format!("mtime {error}")))?,
        },
        xattrs,
    })
}
