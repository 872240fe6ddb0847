//! Platforms: `os/architecture[/variant]`. Knows no host; the adapters say what this machine is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A target platform (image-spec image-index.md, GOOS/GOARCH names).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// Operating system: `linux`.
    pub os: String,
    /// CPU architecture: `amd64`, `arm64`.
    pub architecture: String,
    /// CPU variant: `v7`.
    pub variant: Option<String>,
}

/// Not `os/architecture[/variant]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a platform: {0:?} (expected os/architecture or os/architecture/variant, such as linux/amd64)")]
pub struct PlatformError(String);

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let word = |s: &&str| !s.is_empty() && s.len() < 32 && s.bytes().all(|b| b.is_ascii_alphanumeric());
        let parts: Vec<&str> = text.split('/').collect();
        let (os, architecture, variant) = match parts.as_slice() {
            [os, arch] => (*os, *arch, None),
            [os, arch, variant] => (*os, *arch, Some(*variant)),
            _ => return Err(PlatformError(text.chars().take(80).collect())),
        };
        if ![Some(os), Some(architecture), variant].iter().flatten().all(word) {
            return Err(PlatformError(text.chars().take(80).collect()));
        }
        Ok(Self { os: os.into(), architecture: architecture.into(), variant: variant.map(Into::into) }.normalized())
    }
}

impl Platform {
    /// `arm64/v8` and `arm64` are one platform (containerd's normalisation).
    fn normalized(mut self) -> Self {
        if self.architecture == "arm64" && self.variant.as_deref() == Some("v8") {
            self.variant = None;
        }
        self
    }

    /// Whether an image made for `other` serves this platform.
    pub fn is_served_by(&self, other: &Self) -> bool {
        let other = other.clone().normalized();
        self.os == other.os
            && self.architecture == other.architecture
            && (self.variant == other.variant || self.variant.is_none())
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

impl Serialize for Platform {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Platform {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints() {
        for text in ["linux/amd64", "linux/arm/v7"] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
        }
        assert_eq!("linux/arm64/v8".parse::<Platform>().unwrap().to_string(), "linux/arm64");
        for text in ["", "linux", "linux/", "a/b/c/d", "linux/amd 64", "../x/y"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }
}
