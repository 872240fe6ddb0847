//! The main job end to end, with the real program: from recipes and a base to images that others read.

mod batch;
mod debian;
mod offline;
mod platforms;
mod verdicts;

use std::path::Path;

use crate::support::bakery::peer;
use crate::support::docker_registry::DockerRegistry;

/// This machine's platform.
const HOST: &str = if cfg!(target_arch = "aarch64") { "linux/arm64" } else { "linux/amd64" };

/// Pushes `tar` as the one layer of an image for `platform`; gives its reference.
fn push_base(registry: &DockerRegistry, name: &str, platform: &str, tar: &Path) -> String {
    let image = format!("{}/{name}", registry.host());
    peer("crane", &["append", "--insecure", "--oci-empty-base", "-f", &tar.display().to_string(), "-t", &image]);
    // An image made from nothing belongs to no platform; a real one does.
    peer("crane", &["mutate", "--insecure", "--set-platform", platform, "-t", &image, &image]);
    image
}

/// A layer with accounts and one program, unlike any other by `salt`.
fn small_tar(folder: &Path, salt: &str) -> std::path::PathBuf {
    let tree = folder.join("tree");
    for (path, content) in [
        ("etc/passwd", "root:x:0:0::/:/bin/sh\napp:x:1000:2000::/:\n"),
        ("etc/group", "root:x:0:\napp:x:2000:\n"),
        ("usr/bin/app", salt),
    ] {
        let path = tree.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let tar = folder.join("layer.tar");
    let (tree, tar_text) = (tree.display().to_string(), tar.display().to_string());
    peer("tar", &["-C", &tree, "--owner=0", "--group=0", "-cf", &tar_text, "etc", "usr"]);
    tar
}
