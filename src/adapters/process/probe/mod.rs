//! What this host allows, found out by looking and by trying: namespaces, overlay mounts, subordinate ids, terminal.
//! Changes nothing that stays, judges nothing.

mod facts;
mod gather;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub use facts::{Container, Granted, HostFacts, IdFacts, IdRange, KernelFacts, MapTool, OverlayFacts, UsernsFacts};
pub use gather::gather;

/// What trying a program gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It worked.
    Worked,
    /// It did not; its own last words.
    Failed(String),
    /// The program is not installed.
    Absent,
}

/// The first line of a kernel or system file, where it can be read.
fn first_line(path: impl AsRef<Path>) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().next().map(|line| line.trim().to_owned())
}

/// Runs `program` in `folder` and says how it went; nothing of it reaches the terminal.
fn attempt(program: &str, arguments: &[&str], folder: &Path) -> Tried {
    let output = Command::new(program).args(arguments).current_dir(folder).stdin(Stdio::null()).output();
    match output {
        Err(_) => Tried::Absent,
        Ok(output) if output.status.success() => Tried::Worked,
        Ok(output) => {
            let words = crate::domain::text::escape_bytes(&output.stderr[..output.stderr.len().min(400)]);
            Tried::Failed(words.trim_end_matches("\\n").to_owned())
        }
    }
}

/// Where `program` is, by `PATH`; set-user-ID programs for administrators are looked for besides.
fn find_program(program: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&paths).chain(["/usr/bin".into(), "/usr/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Whether `program` is somewhere in `PATH`.
pub fn is_installed(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// Where this program is.
pub fn own_path() -> Option<String> {
    std::env::current_exe().ok().map(|path| path.display().to_string())
}

/// Tries to become root of a user namespace.
fn attempt_userns() -> Tried {
    attempt("unshare", &["--user", "--map-root-user", "--mount", "true"], Path::new("/"))
}

/// Tries an overlay mount in a namespace of its own, with its layers below `folder`.
fn attempt_overlay(folder: &Path, rootless: bool) -> Tried {
    let scratch = tempfile::Builder::new().prefix("probe").tempdir_in(folder).and_then(|scratch| {
        for name in ["lower", "upper", "work", "merged"] {
            std::fs::create_dir(scratch.path().join(name))?;
        }
        Ok(scratch)
    });
    let Ok(scratch) = scratch else {
        return Tried::Failed(format!("cannot write below {}", folder.display()));
    };
    let options = if rootless { "userxattr," } else { "" };
    // Relative paths: nothing in the folder's name can end an option.
    let options = format!("{options}lowerdir=lower,upperdir=upper,workdir=work");
    let mut arguments = if rootless { vec!["--user", "--map-root-user"] } else { Vec::new() };
    arguments.extend(["--mount", "mount", "-t", "overlay", "overlay", "-o", &options, "merged"]);
    attempt("unshare", &arguments, scratch.path())
}

/// The largest range of subordinate ids `file` grants to `user` (a name) or `id`: its first id, and how many.
pub fn subordinate_range(file: &str, user: &str, id: u32) -> Option<(u32, u32)> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let id = id.to_string();
    let own = text.lines().filter_map(|line| {
        let mut parts = line.trim().split(':');
        let name = parts.next()?;
        let range = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        (name == user || name == id).then_some(range)
    });
    // The first of several that are as large.
    own.reduce(|best: (u32, u32), range| if range.1 > best.1 { range } else { best })
}

/// The terminal as the environment describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Standard output is one.
    pub is_terminal: bool,
    /// `TERM`.
    pub term: Option<String>,
    /// `COLORTERM`.
    pub color: Option<String>,
    /// Columns and rows.
    pub size: Option<(u16, u16)>,
    /// The locale says UTF-8.
    pub utf8: bool,
}

/// Whether the locale has UTF-8; one that is not set is taken to.
pub fn locale_has_utf8() -> bool {
    let mut names = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter();
    let locale = names.find_map(|name| super::environment(name).filter(|value| !value.is_empty()));
    locale.is_none_or(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Looks at the terminal without asking it anything.
pub fn terminal() -> Terminal {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|s| (s.ws_col, s.ws_row));
    Terminal {
        is_terminal: std::io::stdout().is_terminal(),
        term: super::environment("TERM"),
        color: super::environment("COLORTERM"),
        size: size.filter(|(columns, _)| *columns > 0),
        utf8: locale_has_utf8(),
    }
}

/// Free bytes of the file system that holds `path` or its nearest existing folder above.
pub fn free_bytes(path: &Path) -> Option<u64> {
    let existing = path.ancestors().find(|p| p.exists())?;
    let stat = rustix::fs::statvfs(existing).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Writes and syncs a small file below `folder`; how long that took, in microseconds.
pub fn sync_micros(folder: &Path) -> std::io::Result<u64> {
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut file, b"probe")?;
    let watch = crate::adapters::clock::Stopwatch::start();
    file.as_file().sync_all()?;
    Ok(u64::try_from(watch.elapsed().as_micros()).unwrap_or(u64::MAX))
}
