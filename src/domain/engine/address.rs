//! How an engine is named: `embedded`, `docker[://…]`, `podman[://…]`, `buildkit://…`, `buildx://NAME` (contract section 3).

use std::fmt;
use std::str::FromStr;

/// An engine's name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EngineAddress {
    /// This machine, without a daemon.
    #[default]
    Embedded,
    /// A Docker Engine; `None`: as `DOCKER_HOST` says, else the local socket. Else `unix:///PATH`, `tcp://HOST:PORT`, `ssh://…`.
    Docker(Option<String>),
    /// A Podman service; `None`: as `CONTAINER_HOST` says, else the user's or the system's socket.
    Podman(Option<String>),
    /// A BuildKit daemon: `HOST:PORT` or `unix:///PATH`.
    BuildKit(String),
    /// What `docker buildx` calls by this name.
    Buildx(String),
}

/// A name that is no engine's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is no engine: {why}")]
pub struct EngineAddressError {
    /// What was given.
    pub given: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl EngineAddress {
    /// What sort of engine it is: part of the keys of what is made there.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Docker(_) => "docker",
            Self::Podman(_) => "podman",
            Self::BuildKit(_) | Self::Buildx(_) => "buildkit",
        }
    }

    /// The same, of an engine that is not this machine's own.
    pub fn elsewhere(&self) -> Option<&'static str> {
        (*self != Self::Embedded).then(|| self.kind())
    }
}

impl FromStr for EngineAddress {
    type Err = EngineAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |why| EngineAddressError { given: text.to_owned(), why };
        if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(wrong("a name has no spaces and is not empty"));
        }
        let (kind, rest) = text.split_once("://").map_or((text, None), |(kind, rest)| (kind, Some(rest)));
        let place = |rest: &str| {
            if rest.starts_with('/') { format!("unix://{rest}") } else { rest.to_owned() }
        };
        match (kind, rest) {
            ("embedded", None) => Ok(Self::Embedded),
            ("docker", None) => Ok(Self::Docker(None)),
            ("podman", None) => Ok(Self::Podman(None)),
            (_, Some("")) => Err(wrong("nothing stands behind ://")),
            ("docker", Some(rest)) => Ok(Self::Docker(Some(place(rest)))),
            ("podman", Some(rest)) => Ok(Self::Podman(Some(place(rest)))),
            ("buildkit", Some(rest)) => Ok(Self::BuildKit(place(rest))),
            ("buildx", Some(name)) => Ok(Self::Buildx(name.to_owned())),
            _ => Err(wrong("use embedded, docker, podman, docker://…, podman://…, buildkit://… or buildx://NAME")),
        }
    }
}

impl fmt::Display for EngineAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |rest: &str| rest.strip_prefix("unix://").unwrap_or(rest).to_owned();
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::Docker(None) => f.write_str("docker"),
            Self::Podman(None) => f.write_str("podman"),
            Self::Docker(Some(rest)) => write!(f, "docker://{}", shown(rest)),
            Self::Podman(Some(rest)) => write!(f, "podman://{}", shown(rest)),
            Self::BuildKit(rest) => write!(f, "buildkit://{}", shown(rest)),
            Self::Buildx(name) => write!(f, "buildx://{name}"),
        }
    }
}
