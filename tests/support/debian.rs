//! A real Debian as a tar archive.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::bakery::peer;

/// A Debian with Python; made once for all runs. Two tests that both find none make it twice and keep one.
pub fn debian_tar() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let make = || {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("debian-python.tar");
        if !path.exists() {
            let partial = path.with_extension("partial.tar");
            let partial_text = partial.display().to_string();
            peer(
                "mmdebstrap",
                &["--quiet", "--variant=minbase", "--include=python3-minimal", "bookworm", &partial_text],
            );
            std::fs::rename(partial, &path).unwrap();
        }
        path
    };
    MADE.get_or_init(make).clone()
}
