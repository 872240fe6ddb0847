//! Where a BuildKit daemon is, and what proves who it is. Opens nothing.
//!
//! `HOST:PORT` (`tcp://` may stand before), `unix:///PATH`, `ssh://[USER@]HOST[:PORT][/SOCKET]`, `docker-container://NAME`,
//! `podman-container://NAME`, `kube-pod://NAME`.
//! Behind a host may stand `?tls=FOLDER` (`ca.pem`, and `cert.pem` with `key.pem`), `&servername=NAME`; else the folder
//! `BUILDKIT_TLS_DIR` names counts. Without any of it, only this machine is spoken to in the clear; `?tls=off` says that it shall
//! be so elsewhere, too.

use std::path::{Path, PathBuf};

use crate::adapters::process;
use crate::domain::text::escape;

/// The variable that names the folder of certificates.
pub(super) const TLS_FOLDER: &str = "BUILDKIT_TLS_DIR";

/// Files that prove who is who.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Whose certificates are believed.
    pub ca: PathBuf,
    /// Our certificate, where the daemon wants one.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// The name the daemon's certificate must be for; else the host's.
    pub server_name: Option<String>,
}

impl TlsFiles {
    /// `ca.pem`, and `cert.pem` and `key.pem` where they are there.
    pub fn in_folder(folder: &Path) -> Self {
        let there = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
        Self { ca: folder.join("ca.pem"), cert: there("cert.pem"), key: there("key.pem"), server_name: None }
    }

    /// As `BUILDKIT_TLS_DIR` says.
    pub fn from_environment() -> Option<Self> {
        process::environment(TLS_FOLDER).filter(|text| !text.is_empty()).map(|text| Self::in_folder(Path::new(&text)))
    }
}

/// How one gets to a daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A socket of this machine.
    Unix(PathBuf),
    /// A port; `None`: in the clear.
    Tcp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
        /// What proves who is who.
        tls: Option<TlsFiles>,
    },
    /// A program that speaks to it with its stdin and stdout.
    Program(Vec<String>),
    /// Docker's own BuildKit, behind the socket of its API.
    Docker(PathBuf),
}

/// No such place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Not an address.
    #[error("{given:?} is no address of a BuildKit daemon: {why}")]
    NoAddress {
        /// What was given.
        given: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Nothing proves who is there.
    #[error(
        "nothing proves that {0} is who it should be: set {TLS_FOLDER}=FOLDER with ca.pem, cert.pem and key.pem, or add \
         ?tls=FOLDER to its address (?tls=off speaks in the clear, secrets included)"
    )]
    NoProof(String),
    /// Docker knows no builder by that name.
    #[error("docker buildx has no builder {name:?} in {}", folder.display())]
    NoBuilder {
        /// Its name.
        name: String,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// What docker knows of it is of no use here.
    #[error("builder {name} of docker buildx: {why}")]
    NotUsable {
        /// Its name.
        name: String,
        /// Why not.
        why: String,
    },
}

impl Place {
    /// Reads an address; `tls` counts where the address says nothing.
    pub fn parse(text: &str, tls: Option<TlsFiles>) -> Result<Self, PlaceError> {
        let wrong = |why| PlaceError::NoAddress { given: text.to_owned(), why };
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        let (kind, rest) = address.split_once("://").unwrap_or(("tcp", address));
        if rest.starts_with('-') || rest.is_empty() {
            return Err(wrong("nothing that names a place stands there"));
        }
        match kind {
            "unix" if rest.starts_with('/') => Ok(Self::Unix(rest.into())),
            "unix" => Err(wrong("a socket is named by its whole path")),
            "tcp" => {
                let (host, port) = rest.rsplit_once(':').ok_or_else(|| wrong("a port is missing"))?;
                let port = port.parse().map_err(|_| wrong("the port is no number"))?;
                let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
                if host.is_empty() || !host.chars().all(plain) {
                    return Err(wrong("the host is no name"));
                }
                let tls = proof(host, query, tls).ok_or_else(|| PlaceError::NoProof(escape(rest)))?;
                Ok(Self::Tcp { host: host.to_owned(), port, tls: tls.0 })
            }
            "ssh" => Ok(Self::Program(over_ssh(rest).ok_or_else(|| wrong("use ssh://[USER@]HOST[:PORT][/SOCKET]"))?)),
            "docker-container" => Ok(within(("docker", query, &["context"]), &["exec", "-i", rest])),
            "podman-container" => Ok(within(("podman", "", &[]), &["exec", "-i", rest])),
            "kube-pod" => {
                let container = parameter(query, "container").map(|name| format!("--container={name}"));
                let mut words = vec!["exec", "-i", rest];
                words.extend(container.as_deref());
                words.push("--");
                Ok(within(("kubectl", query, &["context", "namespace", "kubeconfig"]), &words))
            }
            _ => Err(wrong("use HOST:PORT, unix:///PATH, ssh://HOST or docker-container://NAME")),
        }
    }
}

/// A program that speaks to the daemon in a container, with those of an address's parameters that are its options.
fn within((program, query, options): (&str, &str, &[&str]), words: &[&str]) -> Place {
    let options = options.iter().filter_map(|name| Some(format!("--{name}={}", parameter(query, name)?)));
    let words = words.iter().chain(&["buildctl", "dial-stdio"]).map(|word| (*word).to_owned());
    Place::Program([program.to_owned()].into_iter().chain(options).chain(words).collect())
}

/// What `?NAME=…` says.
pub(super) fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('=')).filter(|value| !value.is_empty())
}

/// Files, or in the clear where that may be; `None` where it may not.
fn proof(host: &str, query: &str, given: Option<TlsFiles>) -> Option<(Option<TlsFiles>,)> {
    let files = match parameter(query, "tls") {
        Some("off") => return Some((None,)),
        Some(folder) => Some(TlsFiles::in_folder(Path::new(folder))),
        None => given,
    };
    let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match files {
        Some(mut files) => {
            files.server_name = parameter(query, "servername").map(str::to_owned).or(files.server_name);
            Some((Some(files),))
        }
        None => here.then_some((None,)),
    }
}

fn over_ssh(rest: &str) -> Option<Vec<String>> {
    let (place, socket) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let (user, host) = place.rsplit_once('@').map_or((None, place), |(user, host)| (Some(user), host));
    let (host, port) = host.rsplit_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
    let word = |text: &str| !text.is_empty() && !text.starts_with('-');
    if !word(host) || user.is_some_and(|user| !word(user)) || port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return None;
    }
    // What ssh asks of a person, nobody would see.
    let mut words = vec!["ssh", "-o", "BatchMode=yes"];
    words.extend(user.iter().flat_map(|user| ["-l", user]));
    words.extend(port.iter().flat_map(|port| ["-p", port]));
    words.extend(["--", host, "buildctl"]);
    let socket = format!("unix://{socket}");
    if socket.len() > "unix:///".len() {
        if !socket.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | ':')) {
            return None;
        }
        words.extend(["--addr", &socket]);
    }
    words.push("dial-stdio");
    Some(words.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> TlsFiles {
        TlsFiles { ca: "/c/ca.pem".into(), cert: None, key: None, server_name: None }
    }

    fn words(place: &str) -> String {
        match Place::parse(place, None) {
            Ok(Place::Program(words)) => words.join(" "),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn addresses_name_sockets_ports_and_programs() {
        assert_eq!(Place::parse("unix:///run/b.sock", None), Ok(Place::Unix("/run/b.sock".into())));
        let tcp = |host: &str, tls| Ok(Place::Tcp { host: host.into(), port: 1234, tls });
        assert_eq!(Place::parse("b.example:1234", Some(files())), tcp("b.example", Some(files())));
        assert_eq!(Place::parse("tcp://[::1]:1234", None), tcp("::1", None));
        assert_eq!(words("ssh://ops@farm:2222"), "ssh -o BatchMode=yes -l ops -p 2222 -- farm buildctl dial-stdio");
        assert_eq!(
            words("ssh://farm/run/b.sock"),
            "ssh -o BatchMode=yes -- farm buildctl --addr unix:///run/b.sock dial-stdio"
        );
        assert_eq!(words("docker-container://bk0?context=far"), "docker --context=far exec -i bk0 buildctl dial-stdio");
        assert_eq!(words("podman-container://bk0"), "podman exec -i bk0 buildctl dial-stdio");
        assert_eq!(
            words("kube-pod://bk-0?namespace=ci&container=buildkitd"),
            "kubectl --namespace=ci exec -i bk-0 --container=buildkitd -- buildctl dial-stdio"
        );
        let named = Place::parse("b.example:1234?tls=/x&servername=other", None);
        let Ok(Place::Tcp { tls: Some(tls), .. }) = named else { panic!("{named:?}") };
        assert_eq!((tls.ca, tls.server_name), ("/x/ca.pem".into(), Some("other".to_owned())));
    }

    #[test]
    fn nobody_far_away_is_believed_without_proof() {
        assert_eq!(Place::parse("10.1.2.3:1234", None), Err(PlaceError::NoProof("10.1.2.3:1234".into())));
        assert!(Place::parse("127.0.0.1:1234", None).is_ok());
        assert!(Place::parse("10.1.2.3:1234?tls=off", None).is_ok());
    }

    #[test]
    fn options_cannot_be_smuggled_in() {
        for place in [
            "ssh://-oProxyCommand=x",
            "ssh://a@-x",
            "ssh://-l@h",
            "ssh://h:x",
            "ssh://h/a;b",
            "docker-container://-x",
            "kube-pod://-x",
        ] {
            assert!(Place::parse(place, None).is_err(), "{place}");
        }
        for place in ["", "host", "host:x", ":1", "unix://a", "ftp://a", "a b:1?tls=off"] {
            assert!(Place::parse(place, None).is_err(), "{place}");
        }
    }
}
