//! The root file system of the example recipes, made of Debian packages once for all runs. Knows no image; takes its
//! mirrors from this machine's apt and never names one.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// `rootfs.tar` as `recipes/global/os/rootfs.sh` makes it.
pub fn rootfs() -> PathBuf {
    let script = include_str!("../../recipes/global/os/rootfs.sh");
    made_once("rootfs", script, |folder| {
        std::fs::write(folder.join("rootfs.sh"), script).unwrap();
        run(Command::new("sh").arg("-eu").arg(folder.join("rootfs.sh")).args(apt_here()));
        folder.join("rootfs.tar")
    })
}

/// Options and mirrors that let mmdebstrap, and later apt in what it makes, reach what apt reaches here. Nothing where
/// apt knows no Debian: mmdebstrap then has its own idea.
pub fn apt_here() -> Vec<String> {
    let form = "deb $(REPO_URI) $(RELEASE) $(COMPONENT)";
    let mirrors = said("apt-get", &["indextargets", "--format", form, "Created-By: Packages", "Origin: Debian"]);
    let settings = said("apt-config", &["dump", "--no-empty", "Acquire"]);
    let wanted = ["Acquire::Check-", "Acquire::http", "Acquire::ftp"];
    let settings = settings.lines().filter(|line| wanted.iter().any(|start| line.starts_with(start)));
    let mut found: Vec<String> = settings.map(|line| format!("--aptopt={line}")).collect();
    // What apt here is told by its environment, apt there, which has none, must be told by a file.
    for (name, setting) in [("http_proxy", "Acquire::http::Proxy"), ("https_proxy", "Acquire::https::Proxy")] {
        found.extend(std::env::var(name).ok().map(|proxy| format!("--aptopt={setting} \"{proxy}\";")));
    }
    found.extend(mirrors.lines().filter(|line| line.contains(" bookworm")).map(str::to_owned));
    found
}

/// The file that `make` makes in an empty folder, kept between runs until what it is made from changes. Others who
/// want the same wait for the first.
pub fn made_once(name: &str, source: &str, make: impl FnOnce(&Path) -> PathBuf) -> PathBuf {
    let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&kept).unwrap();
    let lock = File::create(kept.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    let mut hasher = DefaultHasher::new();
    (source, apt_here()).hash(&mut hasher);
    let path = kept.join(format!("{name}-{:016x}.tar", hasher.finish()));
    if !path.exists() {
        // The hook of an unprivileged mmdebstrap reads here, too.
        let folder = tempfile::Builder::new().prefix(name).tempdir_in(&kept).unwrap();
        std::fs::rename(make(folder.path()), &path).unwrap();
        forget_older(&kept, &format!("{name}-"), &path);
    }
    path
}

fn forget_older(kept: &Path, prefix: &str, path: &Path) {
    for entry in std::fs::read_dir(kept).unwrap().filter_map(Result::ok) {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(prefix) && name.ends_with(".tar") && entry.path() != path {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// What a program says, or nothing.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stderr(Stdio::null()).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// Runs a program that must succeed.
pub fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
