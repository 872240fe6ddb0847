//! Another distribution's layout, made of Debian packages all the same: Meadow Linux, with dnf, an rpm database, and a
//! folder of packages of its own as its only repository. No apt, no dpkg, no network needed.

use std::path::PathBuf;
use std::process::Command;

use super::debian::{apt_here, made_once, run};

/// Its root file system, as a tar. `cowsay` is among its packages.
pub fn rootfs() -> PathBuf {
    let script = include_str!("meadow.sh");
    made_once("meadow", script, |folder| {
        std::fs::write(folder.join("meadow.sh"), script).unwrap();
        let tar = folder.join("meadow.tar");
        let hook = format!("--customize-hook=sh {}/meadow.sh \"$1\"", folder.display());
        let mut command = Command::new("mmdebstrap");
        command.args(["--quiet", "--variant=essential", "--include=dnf,rpm,createrepo-c,passwd,file"]);
        command.args(["doc", "man", "locale"].map(|what| format!("--dpkgopt=path-exclude=/usr/share/{what}/*")));
        // Without clean-up: there is no apt left to clean up after.
        command.args(["--skip=cleanup,output/dev", &hook, "bookworm"]).arg(&tar).args(apt_here());
        run(command.env("SOURCE_DATE_EPOCH", "0"));
        tar
    })
}
