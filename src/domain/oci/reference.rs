//! Names of images: where, which repository, which tag, which digest. Parses text; resolves nothing.
//!
//! Grammar: distribution-spec (repository and tag), with the two prefixes of bakery's own: a store's name and `oci:`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::digest::{Digest, DigestError};

/// Why a text is no image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Nothing there.
    #[error("image reference is empty")]
    Empty,
    /// Not `[a-z0-9]+` groups joined by `.`, `_`, `__`, `-` and `/`.
    #[error("not a repository name: {0:?} (lowercase letters, digits, and . _ - between them, / between parts)")]
    Repository(String),
    /// Not `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`.
    #[error("not a tag: {0:?} (letters, digits, _ . -, at most 128, not beginning with . or -)")]
    Tag(String),
    /// Not a host name with an optional port.
    #[error("not a registry host: {0:?}")]
    Registry(String),
    /// Neither a known store nor something that looks like a registry host.
    #[error("no store named {0:?}, and it is no registry host either (a host has a dot, a port, or is localhost)")]
    UnknownStore(String),
    /// A bad digest after `@`.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident, $variant:ident, $valid:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The text as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ReferenceError;

            fn from_str(text: &str) -> Result<Self, ReferenceError> {
                if $valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(ReferenceError::$variant(text.chars().take(200).collect()))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

text_newtype!(
    /// A named scope inside a registry or layout: `team-a/payments-api`.
    Repository, Repository, is_repository
);
text_newtype!(
    /// A mutable pointer to a manifest: `1.4.0`.
    Tag, Tag, is_tag
);
text_newtype!(
    /// A registry's `host[:port]`.
    Registry, Registry, is_registry
);

fn is_repository(text: &str) -> bool {
    text.len() <= 255 && text.split('/').all(is_path_component)
}

fn is_path_component(part: &str) -> bool {
    let alnum = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else { return false };
    if !alnum(first) || !alnum(last) {
        return false;
    }
    // Separators: one of `.` or `_`, two `_`, or any number of `-`.
    part.split(|c: char| alnum(c as u8) && c.is_ascii())
        .filter(|run| !run.is_empty())
        .all(|run| matches!(run, "." | "_" | "__") || run.bytes().all(|b| b == b'-'))
}

fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut bytes = text.bytes();
    bytes.next().is_some_and(word) && text.len() <= 128 && bytes.all(|b| word(b) || b == b'.' || b == b'-')
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') => (host, Some(port)),
        _ => (text, None),
    };
    let port_ok = port.is_none_or(|p| p.parse::<u16>().is_ok_and(|n| n > 0));
    let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let host_ok = match bracketed {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        }),
    };
    port_ok && host_ok
}

impl Registry {
    /// Whether the host names this machine: plain HTTP is then tolerated (contract section 2).
    pub fn is_loopback(&self) -> bool {
        let host = self.0.rsplit_once(':').map_or(&*self.0, |(h, port)| if port.contains(']') { &*self.0 } else { h });
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

/// Where an image lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A store named in the workspace.
    Store(String),
    /// A registry, by host.
    Registry(Registry),
    /// An OCI image layout directory, by path.
    Layout(String),
}

/// An image reference: place, repository, and a tag, a digest, both or neither.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageRef {
    /// Where.
    pub place: Place,
    /// Which repository; `None` only for a layout whose entries carry a bare tag or nothing.
    pub repository: Option<Repository>,
    /// Which tag.
    pub tag: Option<Tag>,
    /// Which digest; then the reference is pinned.
    pub digest: Option<Digest>,
}

impl ImageRef {
    /// Reads `text`; `is_store` says which first parts name a store of the workspace.
    pub fn parse(text: &str, is_store: impl Fn(&str) -> bool) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if let Some(rest) = text.strip_prefix("oci:") {
            return Self::parse_layout(rest);
        }
        let (rest, digest) = split_digest(text)?;
        let Some((first, path)) = rest.split_once('/') else {
            return Err(ReferenceError::UnknownStore(rest.chars().take(200).collect()));
        };
        let place = if is_store(first) {
            Place::Store(first.to_owned())
        } else if first.contains(['.', ':', '[']) || first == "localhost" {
            Place::Registry(first.parse()?)
        } else {
            return Err(ReferenceError::UnknownStore(first.chars().take(200).collect()));
        };
        let (name, tag) = split_tag(path)?;
        Ok(Self { place, repository: Some(name.parse()?), tag, digest })
    }

    fn parse_layout(rest: &str) -> Result<Self, ReferenceError> {
        let (rest, digest) = split_digest(rest)?;
        let (path, name) = match rest.split_once(':') {
            Some((path, name)) => (path, Some(name)),
            None => (rest, None),
        };
        if path.is_empty() {
            return Err(ReferenceError::Empty);
        }
        let (repository, tag) = match name {
            None => (None, None),
            Some(name) if name.contains(['/', ':']) => {
                let (repository, tag) = split_tag(name)?;
                (Some(repository.parse()?), tag)
            }
            Some(name) => (None, Some(name.parse()?)),
        };
        Ok(Self { place: Place::Layout(path.to_owned()), repository, tag, digest })
    }

    /// The same image with its digest fixed.
    pub fn pinned(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// The tag, or `latest` where neither tag nor digest is given.
    pub fn tag_or_latest(&self) -> Option<Tag> {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => Some(tag.clone()),
            (None, Some(_)) => None,
            (None, None) => Some(Tag("latest".into())),
        }
    }
}

fn split_digest(text: &str) -> Result<(&str, Option<Digest>), ReferenceError> {
    match text.split_once('@') {
        Some((rest, digest)) => Ok((rest, Some(digest.parse()?))),
        None => Ok((text, None)),
    }
}

/// `NAME[:TAG]`; the last `/` ends the search, so a registry's port is never taken for a tag.
fn split_tag(text: &str) -> Result<(&str, Option<Tag>), ReferenceError> {
    let start = text.rfind('/').map_or(0, |at| at + 1);
    match text[start..].split_once(':') {
        Some((name, tag)) => Ok((&text[..start + name.len()], Some(tag.parse()?))),
        None => Ok((text, None)),
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joint = match &self.place {
            Place::Store(name) => {
                f.write_str(name)?;
                "/"
            }
            Place::Registry(host) => {
                f.write_str(host.as_str())?;
                "/"
            }
            Place::Layout(path) => {
                write!(f, "oci:{path}")?;
                ":"
            }
        };
        match (&self.repository, &self.tag) {
            (Some(repository), Some(tag)) => write!(f, "{joint}{repository}:{tag}")?,
            (Some(repository), None) => write!(f, "{joint}{repository}")?,
            (None, Some(tag)) => write!(f, "{joint}{tag}")?,
            (None, None) => {}
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ImageRef, ReferenceError> {
        ImageRef::parse(text, |name| name == "global" || name == "local")
    }

    #[test]
    fn reads_what_it_writes() {
        let digest = Digest::of(b"x");
        for text in [
            "global/python:3.12",
            "local/team-a/payments-api:1.4.0",
            "localhost:5000/a/b:c",
            "registry.example/a",
            "oci:./dir:latest",
            "oci:/abs/dir:team-a/x:1.0",
            "oci:dir",
            &format!("global/python@{digest}"),
            &format!("global/python:3.12@{digest}"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_no_reference() {
        for text in [
            "",
            "python",
            "nowhere/python",
            "global/",
            "global/Python",
            "global/a:b:c",
            "global/a@sha256:1",
            "a.b:99999/x",
            "global/../x",
            "global/a//b",
            "global/a:-x",
            "oci:",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn loopback_hosts() {
        for (host, expected) in
            [("localhost:5000", true), ("127.0.0.1:1", true), ("[::1]:5000", true), ("a.example", false)]
        {
            assert_eq!(host.parse::<Registry>().unwrap().is_loopback(), expected, "{host}");
        }
    }
}
