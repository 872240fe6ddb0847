//! Forms that both settings files share: paths, engines, names of themes. Touches no file.

use std::path::{Path, PathBuf};

use crate::domain::engine::EngineAddress;
use crate::domain::yaml::{self, Node, Problems, Reading, quote};

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
