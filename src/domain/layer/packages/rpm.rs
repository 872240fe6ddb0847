//! rpm's headers as its database keeps them: an index of tags over a store of bytes, without the magic of package files.
//! Reads the few tags that say what a package is. Knows no database.

use super::package::{MAX_FIELD, Package, Source, System};

/// Most tags of a header, as rpm itself has it.
const MAX_TAGS: usize = 0xffff;
/// Bytes of an index entry.
const ENTRY: usize = 16;

mod tag {
    pub(super) const NAME: u32 = 1000;
    pub(super) const VERSION: u32 = 1001;
    pub(super) const RELEASE: u32 = 1002;
    pub(super) const EPOCH: u32 = 1003;
    pub(super) const SIZE: u32 = 1009;
    pub(super) const ARCH: u32 = 1022;
    pub(super) const SOURCE_RPM: u32 = 1044;
    pub(super) const LONG_SIZE: u32 = 5009;
}

/// Why bytes are no header of a package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Shorter than it says.
    #[error("a header that ends too early")]
    Short,
    /// More tags than rpm writes.
    #[error("a header of over 65535 tags")]
    Tags,
    /// A tag whose value cannot be.
    #[error("a header whose {tag} {why}")]
    Value {
        /// Which.
        tag: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A tag that must be there.
    #[error("a header without {0}")]
    Missing(&'static str),
}

#[derive(Default)]
struct Tags {
    name: Option<String>,
    version: Option<String>,
    release: Option<String>,
    arch: Option<String>,
    source: Option<String>,
    epoch: Option<u64>,
    size: Option<u64>,
    long_size: Option<u64>,
}

/// The package a header describes.
pub fn package_of_header(blob: &[u8]) -> Result<Package, HeaderError> {
    let (tags, length) = (number(blob, 0)?, number(blob, 4)?);
    if tags > MAX_TAGS {
        return Err(HeaderError::Tags);
    }
    let rest = &blob[8..];
    let (index, rest) = rest.split_at_checked(tags * ENTRY).ok_or(HeaderError::Short)?;
    let store = rest.get(..length).ok_or(HeaderError::Short)?;
    let mut found = Tags::default();
    for entry in index.chunks_exact(ENTRY) {
        found.entry(entry, store)?;
    }
    found.package()
}

/// The big-endian number at `at`.
fn number(bytes: &[u8], at: usize) -> Result<usize, HeaderError> {
    let four = bytes.get(at..at + 4).and_then(|four| four.first_chunk::<4>()).ok_or(HeaderError::Short)?;
    usize::try_from(u32::from_be_bytes(*four)).map_err(|_| HeaderError::Short)
}

/// Where a value stands in the store, and of what type it is.
struct Stored<'a> {
    tag: &'static str,
    kind: usize,
    from: &'a [u8],
}

impl Tags {
    fn entry(&mut self, entry: &[u8], store: &[u8]) -> Result<(), HeaderError> {
        let (kind, offset, count) = (number(entry, 4)?, number(entry, 8)?, number(entry, 12)?);
        let stored = |tag| {
            let from = store.get(offset..).filter(|from| !from.is_empty() && count > 0);
            let refuse = HeaderError::Value { tag, why: "stands outside of it" };
            from.map(|from| Stored { tag, kind, from }).ok_or(refuse)
        };
        match u32::try_from(number(entry, 0)?).unwrap_or(0) {
            tag::NAME => stored("name")?.text(&mut self.name),
            tag::VERSION => stored("version")?.text(&mut self.version),
            tag::RELEASE => stored("release")?.text(&mut self.release),
            tag::ARCH => stored("architecture")?.text(&mut self.arch),
            tag::SOURCE_RPM => stored("source")?.text(&mut self.source),
            tag::EPOCH => stored("epoch")?.number(&mut self.epoch),
            tag::SIZE => stored("size")?.number(&mut self.size),
            tag::LONG_SIZE => stored("size")?.number(&mut self.long_size),
            _ => Ok(()),
        }
    }

    fn package(self) -> Result<Package, HeaderError> {
        let need = |value: Option<String>, tag| value.filter(|v| !v.is_empty()).ok_or(HeaderError::Missing(tag));
        let (version, release) = (need(self.version, "version")?, need(self.release, "release")?);
        let epoch = self.epoch.map(|epoch| format!("{epoch}:")).unwrap_or_default();
        Ok(Package {
            name: need(self.name, "name")?,
            version: format!("{epoch}{version}-{release}"),
            arch: self.arch.unwrap_or_default(),
            system: System::Rpm,
            source: self.source.as_deref().and_then(source),
            size: self.long_size.or(self.size),
        })
    }
}

impl Stored<'_> {
    fn refuse<T>(&self, why: &'static str) -> Result<T, HeaderError> {
        Err(HeaderError::Value { tag: self.tag, why })
    }

    /// A string, or the first of several.
    fn text(&self, slot: &mut Option<String>) -> Result<(), HeaderError> {
        if !matches!(self.kind, 6 | 8 | 9) {
            return self.refuse("is no text");
        }
        if let Some(text) = slot {
            // rpm itself writes some tags twice.
            let same = self.from.strip_prefix(text.as_bytes()).is_some_and(|rest| rest.starts_with(b"\0"));
            return if same { Ok(()) } else { self.refuse("stands there twice, and differs") };
        }
        let bounded = &self.from[..self.from.len().min(MAX_FIELD + 1)];
        match bounded.iter().position(|byte| *byte == 0) {
            Some(end) => {
                *slot = Some(String::from_utf8_lossy(&bounded[..end]).into_owned());
                Ok(())
            }
            None if bounded.len() > MAX_FIELD => self.refuse("is over 4 KiB"),
            None => self.refuse("has no end"),
        }
    }

    /// A number of 32 or 64 bits, or the first of several.
    fn number(&self, slot: &mut Option<u64>) -> Result<(), HeaderError> {
        let value = match self.kind {
            4 => self.from.first_chunk::<4>().map(|bytes| u64::from(u32::from_be_bytes(*bytes))),
            5 => self.from.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes)),
            _ => return self.refuse("is no number"),
        };
        let Some(value) = value else { return self.refuse("stands outside of it") };
        if *slot.get_or_insert(value) == value { Ok(()) } else { self.refuse("stands there twice, and differs") }
    }
}

/// `NAME-VERSION-RELEASE.src.rpm`.
fn source(file: &str) -> Option<Source> {
    let whole = file.strip_suffix(".src.rpm").or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = whole.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    Some(Source { name: name.to_owned(), version: Some(format!("{version}-{release}")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Value<'a> {
        Text(&'a str),
        Short(u32),
        Long(u64),
    }

    fn header(values: &[(u32, Value)]) -> Vec<u8> {
        let (mut index, mut store) = (Vec::new(), Vec::new());
        for (tag, value) in values {
            let offset = u32::try_from(store.len()).unwrap();
            let kind = match value {
                Value::Text(text) => {
                    store.extend([text.as_bytes(), b"\0"].concat());
                    6
                }
                Value::Short(number) => {
                    store.extend(number.to_be_bytes());
                    4
                }
                Value::Long(number) => {
                    store.extend(number.to_be_bytes());
                    5
                }
            };
            [*tag, kind, offset, 1].iter().for_each(|number| index.extend(number.to_be_bytes()));
        }
        let counts = [values.len(), store.len()].map(|count| u32::try_from(count).unwrap().to_be_bytes());
        [counts.concat(), index, store].concat()
    }

    fn bash() -> Vec<(u32, Value<'static>)> {
        vec![
            (1000, Value::Text("bash")),
            (1001, Value::Text("5.1.8")),
            (1002, Value::Text("9.el9")),
            (1004, Value::Text("The GNU Bourne Again shell")),
            (1009, Value::Short(7_738_634)),
            (1022, Value::Text("x86_64")),
            (1044, Value::Text("bash-5.1.8-9.el9.src.rpm")),
        ]
    }

    #[test]
    fn a_header_says_what_is_installed() {
        let package = package_of_header(&header(&bash())).unwrap();
        assert_eq!((package.name.as_str(), package.version.as_str()), ("bash", "5.1.8-9.el9"));
        assert_eq!((package.arch.as_str(), package.size), ("x86_64", Some(7_738_634)));
        assert_eq!(package.source, Some(Source { name: "bash".into(), version: Some("5.1.8-9.el9".into()) }));
        let mut values = bash();
        values.push((1003, Value::Short(32)));
        values.push((5009, Value::Long(5 << 30)));
        let package = package_of_header(&header(&values)).unwrap();
        assert_eq!((package.version.as_str(), package.size), ("32:5.1.8-9.el9", Some(5 << 30)));
    }

    #[test]
    fn what_is_said_twice_is_no_harm_as_long_as_it_is_the_same() {
        let mut values = bash();
        values.push((1044, Value::Text("bash-5.1.8-9.el9.src.rpm")));
        values.push((1009, Value::Short(7_738_634)));
        assert_eq!(package_of_header(&header(&values)), package_of_header(&header(&bash())));
    }

    #[test]
    fn a_key_is_a_package_without_architecture() {
        let key = [
            (1000, Value::Text("gpg-pubkey")),
            (1001, Value::Text("8483c65d")),
            (1002, Value::Text("5ccc5b19")),
            (1044, Value::Text("(none)")),
        ];
        let package = package_of_header(&header(&key)).unwrap();
        assert_eq!((package.version.as_str(), package.arch.as_str()), ("8483c65d-5ccc5b19", ""));
        assert_eq!(package.source, None);
    }

    #[test]
    fn hostile_headers_are_refused() {
        let whole = header(&bash());
        for at in 0..whole.len() {
            assert!(package_of_header(&whole[..at]).is_err(), "cut at {at}");
        }
        let refused = |values: &[(u32, Value)]| package_of_header(&header(values)).unwrap_err().to_string();
        assert_eq!(refused(&bash()[1..]), "a header without name");
        assert_eq!(refused(&bash()[..2]), "a header without release");
        assert_eq!(refused(&[(1000, Value::Short(1))]), "a header whose name is no text");
        assert_eq!(refused(&[(1003, Value::Text("1"))]), "a header whose epoch is no number");
        let differs = "a header whose name stands there twice, and differs";
        assert_eq!(refused(&[(1000, Value::Text("a")), (1000, Value::Text("b"))]), differs);
        assert_eq!(refused(&[(1000, Value::Text("a")), (1000, Value::Text("ab"))]), differs);
        let differs = "a header whose epoch stands there twice, and differs";
        assert_eq!(refused(&[(1003, Value::Short(1)), (1003, Value::Long(2))]), differs);
        assert_eq!(refused(&[(1000, Value::Text(&"x".repeat(4097)))]), "a header whose name is over 4 KiB");
        let mut outside = whole.clone();
        outside[8 + 8..8 + 12].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(package_of_header(&outside).unwrap_err().to_string(), "a header whose name stands outside of it");
        let mut many = whole;
        many[..4].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(package_of_header(&many), Err(HeaderError::Tags));
    }
}
