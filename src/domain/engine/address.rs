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
    /// A BuildKit daemon: `HOST:PORT`, `unix:///PATH`, `ssh://…`, or a container or pod it is in.
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
            ("buildkit", Some(rest)) => {
                let place = place(rest);
                buildkit_flaw(&place).map_or(Ok(Self::BuildKit(place)), |why| Err(wrong(why)))
            }
            ("buildx", Some(name)) if is_plain(name) => Ok(Self::Buildx(name.to_owned())),
            ("buildx", _) => Err(wrong("a builder of docker buildx has a name of letters, digits, `.`, `_` and `-`")),
            _ => Err(wrong("use embedded, docker, podman, docker://…, podman://…, buildkit://… or buildx://NAME")),
        }
    }
}

/// What is wrong with a BuildKit's place, where something is: what cannot be meant is refused before it is needed.
fn buildkit_flaw(place: &str) -> Option<&'static str> {
    let address = place.split('?').next().unwrap_or_default();
    let (kind, rest) = address.split_once("://").unwrap_or(("tcp", address));
    match kind {
        _ if rest.is_empty() || rest.starts_with('-') => Some("nothing that names a place stands there"),
        "unix" => (!rest.starts_with('/') || rest.len() < 2).then_some("a socket is named by its whole path"),
        "tcp" => match rest.rsplit_once(':') {
            // Neither do BuildKit's own programs guess one.
            None => Some("a port is missing (a BuildKit's is 1234 by custom)"),
            Some((_, port)) if !port.parse::<u16>().is_ok_and(|port| port > 0) => Some("the port is no number"),
            Some((host, _)) => {
                let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
                let fits = match inside {
                    Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
                    None => is_plain(host),
                };
                (!fits).then_some("the host is no name")
            }
        },
        "ssh" => None,
        "docker-container" | "podman-container" | "kube-pod" => {
            (!is_plain(rest)).then_some("what it is in has a name of letters, digits, `.`, `_` and `-`")
        }
        _ => {
            Some("use HOST:PORT, unix:///PATH, ssh://HOST, docker-container://, podman-container:// or kube-pod://NAME")
        }
    }
}

fn is_plain(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(fits)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_builders_place_is_refused_at_once() {
        for good in [
            "buildkit://farm.example:1234",
            "buildkit://[::1]:1234?tls=off",
            "buildkit:///run/b.sock",
            "buildkit://unix:///run/b.sock",
            "buildkit://ssh://ops@farm/run/b.sock",
            "buildkit://docker-container://bk0?context=far",
            "buildkit://kube-pod://buildkitd-0?namespace=ci",
            "buildx://farm_1.x",
        ] {
            assert!(good.parse::<EngineAddress>().is_ok(), "{good}");
        }
        for (bad, why) in [
            ("buildkit://farm.example", "a port is missing"),
            ("buildkit://farm.example:", "no number"),
            ("buildkit://farm:0", "no number"),
            ("buildkit://fa/rm:1", "no name"),
            ("buildkit://:1234", "no name"),
            ("buildkit://[::x]:1", "no name"),
            ("buildkit://unix://run/b.sock", "whole path"),
            ("buildkit://?tls=off", "names a place"),
            ("buildkit://ftp://a", "use HOST:PORT"),
            ("buildkit://docker-container://a/b", "what it is in"),
            ("buildx://../x", "buildx"),
            ("buildx://-x", "buildx"),
        ] {
            let error = bad.parse::<EngineAddress>().unwrap_err();
            assert!(error.why.contains(why), "{bad}: {}", error.why);
        }
    }
}
