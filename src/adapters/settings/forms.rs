//! Forms of settings: paths, engines, names of themes, stores in a daemon. Touches no file and asks no daemon.

use std::path::{Path, PathBuf};

use super::StorePlace;
use crate::domain::engine::EngineAddress;
use crate::domain::yaml::{self, Fields, Node, Problems, Reading, quote};

/// What bakes, as it is written.
pub(super) fn engine(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = node.text("engine", problems)?;
    if let Err(error) = text.parse::<EngineAddress>() {
        let scheme = text.split("://").next().unwrap_or(text);
        let near = yaml::nearest(scheme, ["embedded", "docker", "podman", "buildkit", "buildx"]);
        let mean = near.filter(|near| *near != scheme).map(|near| format!("; did you mean `{near}`?"));
        problems
            .error(node.span, format!("unknown engine {}{}", quote(text), mean.unwrap_or_default()))
            .help(error.why);
        return None;
    }
    Some(text.to_owned())
}

/// Lowercase letters, digits, `-` and `_`, up to 64.
pub(super) fn is_theme_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}

/// A path that begins in `root`.
pub(super) fn below(root: &Path, text: &str) -> PathBuf {
    // `./x` and `x` are one; the root is absolute, so the result is.
    root.join(text.strip_prefix("./").unwrap_or(text))
}

/// What only stores have that are written to, or whose images are signed.
const NOT_OF_A_DAEMON: [&str; 7] =
    ["plain-http", "keys", "keyless", "key", "passphrase", "signature-format", "publish"];

/// The daemon whose images a store is, where it is one.
pub(super) fn daemon(fields: &Fields<'_>, store: &str, cache: &Path, problems: &mut Problems) -> Option<StorePlace> {
    let mut found = None;
    for kind in ["docker", "podman"] {
        let Some(node) = fields.value(kind, problems) else { continue };
        let Some(text) = node.text(kind, problems) else { continue };
        match address(kind, text) {
            Some(_) if found.is_some() => {
                problems.error(fields.span, format!("store {} has both `docker` and `podman`", quote(store)));
            }
            Some(at) => found = Some(at),
            None => {
                problems
                    .error(node.span, format!("{} is no place of a daemon", quote(text)))
                    .help("write `default`, a socket (/run/docker.sock, unix:///…), tcp://HOST:PORT or ssh://HOST");
            }
        }
    }
    let at = found?;
    for key in NOT_OF_A_DAEMON {
        if let Some(node) = fields.value(key, problems) {
            problems
                .error(node.span, format!("a store in a daemon has no `{key}`"))
                .help("a daemon is only read, and keeps no signatures");
        }
    }
    Some(StorePlace::Daemon { at, kept: cache.join("daemon") })
}

fn address(kind: &str, text: &str) -> Option<EngineAddress> {
    if text == "default" {
        return kind.parse().ok();
    }
    let rest = ["unix:///", "tcp://", "ssh://", "/"].iter().find_map(|scheme| text.strip_prefix(scheme))?;
    if rest.is_empty() || rest.starts_with('-') {
        return None;
    }
    format!("{kind}://{text}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_daemons() {
        for (kind, text, at) in [
            ("docker", "default", "docker"),
            ("podman", "default", "podman"),
            ("docker", "/run/docker.sock", "docker:///run/docker.sock"),
            ("docker", "unix:///run/docker.sock", "docker:///run/docker.sock"),
            ("docker", "tcp://build.example:2375", "docker://tcp://build.example:2375"),
            ("podman", "ssh://ops@build.example", "podman://ssh://ops@build.example"),
        ] {
            assert_eq!(address(kind, text).map(|at| at.to_string()).as_deref(), Some(at), "{text}");
        }
        for text in ["", "docker", "http://a", "tcp://", "ssh://-oProxyCommand=x", "/run/a b"] {
            assert_eq!(address("docker", text), None, "{text}");
        }
    }
}
