//! What this host allows, found out by trying: namespaces, overlay mounts, subordinate ids, terminal. Changes nothing.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
pub fn first_line(path: impl AsRef<Path>) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().next().map(|line| line.trim().to_owned())
}

/// Runs `program` and says how it went; nothing of it reaches the terminal.
pub fn attempt(program: &str, arguments: &[&str]) -> Tried {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    match output {
        Err(_) => Tried::Absent,
        Ok(output) if output.status.success() => Tried::Worked,
        Ok(output) => {
            let words = crate::domain::text::escape_bytes(&output.stderr[..output.stderr.len().min(400)]);
            Tried::Failed(words.trim_end_matches("\\n").to_owned())
        }
    }
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

/// Tries an overlay mount in a namespace of its own, with its layers below `folder`.
pub fn attempt_overlay(folder: &Path, rootless: bool) -> Tried {
    let Ok(scratch) = tempfile::Builder::new().prefix("probe").tempdir_in(folder) else {
        return Tried::Failed(format!("cannot write below {}", folder.display()));
    };
    let at = |name: &str| -> Option<PathBuf> {
        let path = scratch.path().join(name);
        std::fs::create_dir(&path).ok().map(|()| path)
    };
    let (Some(lower), Some(upper), Some(work), Some(merged)) = (at("lower"), at("upper"), at("work"), at("merged"))
    else {
        return Tried::Failed(format!("cannot write below {}", folder.display()));
    };
    let extra = if rootless { ",userxattr" } else { "" };
    let options =
        format!("lowerdir={},upperdir={},workdir={}{extra}", lower.display(), upper.display(), work.display());
    let mut arguments = if rootless { vec!["--user", "--map-root-user"] } else { Vec::new() };
    let merged = merged.display().to_string();
    arguments.extend(["--mount", "mount", "-t", "overlay", "overlay", "-o", &options, &merged]);
    attempt("unshare", &arguments)
}

/// How many subordinate ids `file` (`/etc/subuid`, `/etc/subgid`) grants to `user` (a name) or `id`.
pub fn subordinate_ids(file: &str, user: &str, id: u32) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let id = id.to_string();
    text.lines()
        .filter_map(|line| {
            let mut parts = line.trim().splitn(3, ':');
            let name = parts.next()?;
            let _start = parts.next()?;
            let count = parts.next()?.parse::<u64>().ok()?;
            (name == user || name == id).then_some(count)
        })
        .sum()
}

/// The first range of subordinate ids `file` grants to `user` (a name) or `id`: its first id, and how many.
pub fn subordinate_range(file: &str, user: &str, id: u32) -> Option<(u32, u32)> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let id = id.to_string();
    text.lines().find_map(|line| {
        let mut parts = line.trim().split(':');
        let name = parts.next()?;
        let range = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        (name == user || name == id).then_some(range)
    })
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

/// Who runs this: numeric id.
pub fn user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}
