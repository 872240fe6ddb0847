//! Collects from this host: a shell with the usual small programs, or one runtime, each with what it is loaded with.

use std::path::{Path, PathBuf};

use super::resolve::{Loader, is_standard};
use super::tree::{Tree, TreeError};

/// Never a user's own folders: their paths would end up in images.
const PROGRAM_FOLDERS: [&str; 6] =
    ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin", "/run/current-system/sw/bin"];

/// What a shell script expects to find.
const PROGRAMS: [&str; 50] = [
    "basename",
    "bash",
    "busybox",
    "cat",
    "chgrp",
    "chmod",
    "chown",
    "cksum",
    "cp",
    "cut",
    "date",
    "dd",
    "df",
    "dirname",
    "du",
    "echo",
    "env",
    "expr",
    "false",
    "find",
    "grep",
    "head",
    "id",
    "install",
    "ln",
    "ls",
    "mkdir",
    "mktemp",
    "mv",
    "printf",
    "pwd",
    "readlink",
    "realpath",
    "rm",
    "rmdir",
    "sed",
    "sha256sum",
    "sleep",
    "sort",
    "stat",
    "tail",
    "tee",
    "test",
    "touch",
    "tr",
    "true",
    "uname",
    "uniq",
    "wc",
    "xargs",
];

/// Standard library packages a small service needs; everything else stays on the host.
const PYTHON_PACKAGES: [&str; 11] =
    ["collections", "concurrent", "email", "encodings", "html", "http", "importlib", "json", "logging", "re", "urllib"];

/// Compiled modules that some Pythons keep beside the program.
const PYTHON_MODULES: [&str; 18] = [
    "_bisect",
    "_contextvars",
    "_csv",
    "_datetime",
    "_heapq",
    "_json",
    "_opcode",
    "_posixsubprocess",
    "_queue",
    "_random",
    "_socket",
    "_struct",
    "array",
    "binascii",
    "fcntl",
    "math",
    "select",
    "zlib",
];

/// This host's programs, on their way into images.
#[derive(Debug)]
pub struct Userland {
    loader: Loader,
}

impl Userland {
    /// Looks where this host's loader looks.
    pub fn of_host() -> Self {
        Self { loader: Loader::of_host() }
    }

    /// `/bin/sh` and small programs, accounts, release; the demo's `os` image.
    pub fn system(&self) -> Result<Tree, TreeError> {
        let mut tree = Tree::default();
        for folder in ["/bin", "/sbin", "/lib", "/lib64", "/usr/bin", "/usr/lib"] {
            // Links of a merged /usr; a host without one of these is none the worse.
            if Path::new(folder).is_dir() {
                tree.add(Path::new(folder))?;
            }
        }
        if !self.take(&mut tree, Path::new("/bin/sh"))? {
            return Err(TreeError::Missing { what: "usable /bin/sh" });
        }
        for name in PROGRAMS {
            if let Some(path) = find_program(&[name]) {
                self.take(&mut tree, &path)?;
            }
        }
        for (name, fallback) in [("passwd", "root:x:0:0:root:/root:/bin/sh\n"), ("group", "root:x:0:\n")] {
            let text = std::fs::read_to_string(Path::new("/etc").join(name)).unwrap_or_default();
            let kept = system_accounts(&text);
            tree.put(&format!("/etc/{name}"), if kept.is_empty() { fallback.to_owned() } else { kept }, 0o644)?;
        }
        if tree.add(Path::new("/etc/os-release")).is_err() {
            tree.put("/etc/os-release", "ID=linux\nNAME=Linux\nPRETTY_NAME=\"Linux\"\n", 0o644)?;
        }
        Ok(tree)
    }

    /// The first of `names` this host has, with what it is loaded with, above `below`; `None` where there is none, or
    /// none below `limit` bytes.
    pub fn program(&self, names: &[&str], below: &Tree, limit: u64) -> Result<Option<Tree>, TreeError> {
        let Some(path) = find_program(names) else { return Ok(None) };
        let mut tree = below.clone();
        finish(self.take(&mut tree, &path), &tree, below, limit)
    }

    /// Python with the part of its standard library a small service needs.
    pub fn python(&self, below: &Tree, limit: u64) -> Result<Option<Tree>, TreeError> {
        let Some(path) = find_program(&["python3"]) else { return Ok(None) };
        let mut tree = below.clone();
        let taken = self.take_python(&mut tree, &path);
        finish(taken, &tree, below, limit)
    }

    fn take_python(&self, tree: &mut Tree, program: &Path) -> Result<bool, TreeError> {
        if !self.take(tree, program)? {
            return Ok(false);
        }
        let Some(library) = python_library(program) else { return Ok(false) };
        let inside = |path: &Path| path.strip_prefix(&library).map(Path::to_owned).unwrap_or_default();
        tree.add_below(&library, &|path| {
            let inside = inside(path);
            let first = inside.iter().next().and_then(|part| part.to_str()).unwrap_or("");
            let source = path.extension().is_some_and(|end| end == "py");
            let package = PYTHON_PACKAGES.contains(&first) && first != "__pycache__";
            let cache = path.file_name().is_some_and(|name| name == "__pycache__");
            !cache && (package || source && inside.components().count() == 1)
        })?;
        let modules = library.join("lib-dynload");
        for entry in std::fs::read_dir(&modules).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let module = name.to_str().and_then(|name| name.split('.').next()).unwrap_or("");
            if PYTHON_MODULES.contains(&module) {
                self.take(tree, &entry.path())?;
            }
        }
        Ok(true)
    }

    /// A program or library with its loader and libraries; `false` when it is no ELF file, or cannot be read, or
    /// lacks a library.
    fn take(&self, tree: &mut Tree, path: &Path) -> Result<bool, TreeError> {
        let Ok(real) = path.canonicalize() else { return Ok(false) };
        let Ok(closure) = self.loader.closure(&real) else { return Ok(false) };
        let readable = std::fs::File::open(&real).is_ok();
        if !readable || !closure.absent.is_empty() {
            return Ok(false);
        }
        tree.add(path)?;
        if let Some(interpreter) = &closure.interpreter {
            tree.add(interpreter)?;
        }
        for library in closure.libraries.values() {
            tree.add(library)?;
            // Found by configuration only: the image needs the loader's own index of such folders.
            let configured = library.parent().is_some_and(|folder| !is_standard(folder));
            if configured && Path::new("/etc/ld.so.cache").is_file() {
                tree.add(Path::new("/etc/ld.so.cache"))?;
            }
        }
        Ok(true)
    }
}

/// What was taken above `below`; `None` where that is nothing, or too much for a demo.
fn finish(taken: Result<bool, TreeError>, tree: &Tree, below: &Tree, limit: u64) -> Result<Option<Tree>, TreeError> {
    match taken {
        Ok(true) => Ok(Some(tree.above(below)).filter(|tree| tree.size() <= limit)),
        Ok(false) | Err(TreeError::TooLarge { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn find_program(names: &[&str]) -> Option<PathBuf> {
    let places = names.iter().flat_map(|name| PROGRAM_FOLDERS.iter().map(move |folder| Path::new(folder).join(name)));
    let is_elf = |path: &PathBuf| {
        path.is_file() && std::fs::File::open(path).is_ok_and(|mut file| super::elf::read(&mut file).is_ok())
    };
    places.into_iter().find(is_elf)
}

/// `/usr/lib/python3.11` for `/usr/bin/python3`, which is a link to `python3.11`.
fn python_library(program: &Path) -> Option<PathBuf> {
    let real = program.canonicalize().ok()?;
    let name = real.file_name()?.to_str()?.to_owned();
    let prefix = real.parent()?.parent()?;
    let places = ["lib", "lib64"].map(|lib| prefix.join(lib).join(&name));
    places.into_iter().find(|library| library.join("os.py").is_file())
}

/// Lines of passwd or group below number 100, and nobody's: a user's own name has no place in an image.
fn system_accounts(text: &str) -> String {
    let keep = |line: &&str| {
        let mut fields = line.split(':');
        let name = fields.next().unwrap_or("");
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let number = fields.nth(1).and_then(|number| number.parse::<u32>().ok());
        plain && number.is_some_and(|number| number < 100 || number == 65534)
    };
    // Members of a group are users: drop them too.
    let bare = |line: &str| match line.split(':').count() {
        4 => format!("{}:\n", line.rsplit_once(':').map_or(line, |(before, _)| before)),
        _ => format!("{line}\n"),
    };
    text.lines().filter(keep).map(bare).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_people_stay_at_home() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000:Ann:/home/ann:/bin/sh\n\
                      nobody:x:65534:65534::/:/bin/false\nbroken\n+::::::\nbig:x:4294967296:1::/:/bin/sh\n";
        assert_eq!(system_accounts(passwd), "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n");
        assert_eq!(system_accounts("adm:x:4:ann,bob\nann:x:1000:\n"), "adm:x:4:\n");
    }
}
