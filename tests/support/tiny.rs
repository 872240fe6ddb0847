//! The smallest root file system that has a shell: one static program under many names, two accounts, and whatever a test
//! puts beside them. Knows no recipe.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What it needs.
pub const PROGRAMS: [&str; 1] = ["busybox"];

/// An archive's member that is no plain file of the tiny system's.
#[derive(Clone, Debug)]
pub enum Member<'a> {
    /// An executable of this machine's.
    Program(&'a str, &'a Path),
    /// A file.
    File(&'a str, &'a str),
    /// A folder.
    Folder(&'a str),
    /// A symlink and where it leads.
    Link(&'a str, String),
}

/// A plain tar of the tiny system; `more` comes first, and what it names is not made again.
pub fn tar(more: &[Member<'_>]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut named = Vec::new();
    for member in more {
        named.push(add(&mut tar, member));
    }
    let mut own = vec![Member::Program("bin/busybox", busybox())];
    for folder in ["etc", "tmp", "root", "home/app", "usr/sbin", "run"] {
        own.push(Member::Folder(folder));
    }
    own.push(Member::File("etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n"));
    own.push(Member::File("etc/group", "root:x:0:\napp:x:1000:\n"));
    let names = Command::new(busybox()).arg("--list").output().unwrap().stdout;
    let names = String::from_utf8(names).unwrap();
    let names: Vec<String> =
        names.lines().filter(|name| *name != "busybox").map(|name| format!("bin/{name}")).collect();
    own.extend(names.iter().map(|name| Member::Link(name, "busybox".into())));
    for member in own.iter().filter(|member| !named.iter().any(|name| name == path(member))) {
        add(&mut tar, member);
    }
    tar.into_inner().unwrap()
}

/// Debian's `busybox-static` has it in `/bin`.
fn busybox() -> &'static Path {
    let places = ["/bin/busybox", "/usr/bin/busybox"].map(Path::new);
    places.into_iter().find(|path| path.exists()).unwrap()
}

fn path<'a>(member: &Member<'a>) -> &'a str {
    match member {
        Member::Program(path, _) | Member::File(path, _) | Member::Folder(path) => path,
        Member::Link(path, _) => path,
    }
}

fn add(tar: &mut tar::Builder<Vec<u8>>, member: &Member<'_>) -> String {
    let mut header = tar::Header::new_ustar();
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mode(0o755);
    header.set_size(0);
    let at = path(member);
    let mut put = |kind, content: &[u8], name: &str| {
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, name, content).unwrap();
    };
    match member {
        Member::Program(_, from) => put(tar::EntryType::Regular, &std::fs::read(from).unwrap(), at),
        Member::File(_, content) => put(tar::EntryType::Regular, content.as_bytes(), at),
        Member::Folder(_) => put(tar::EntryType::Directory, &[], at),
        Member::Link(_, target) => {
            header.set_entry_type(tar::EntryType::Symlink);
            tar.append_link(&mut header, at, target).unwrap();
        }
    }
    at.to_owned()
}

/// A static program made of C, once.
pub fn compiled(name: &str, source: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&folder).unwrap();
    let made = tempfile::Builder::new().prefix(name).tempdir_in(&folder).unwrap();
    let (text, program) = (made.path().join("source.c"), made.path().join(name));
    std::fs::write(&text, source).unwrap();
    let arguments = ["-static", "-Os", "-s", "-o", program.to_str().unwrap(), text.to_str().unwrap()];
    super::bakery::peer("gcc", &arguments);
    let kept = folder.join(name);
    std::fs::rename(&program, &kept).unwrap();
    kept
}
