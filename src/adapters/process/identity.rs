//! Who bakes, where: process, host, user, as journals name them. Asks no network.

/// This process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Process number.
    pub pid: u32,
    /// Host name.
    pub host: String,
    /// User name; `uid N` where the machine has no name for it.
    pub user: String,
}

/// Who this process is.
pub fn identity() -> Identity {
    let uid = rustix::process::geteuid().as_raw();
    let user = user_name(uid)
        .or_else(|| super::environment("USER").filter(|name| !name.is_empty()))
        .unwrap_or_else(|| format!("uid {uid}"));
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Identity { pid: std::process::id(), host, user }
}

/// The name `/etc/passwd` has for `uid`; users of a directory service are named by the environment.
pub(super) fn user_name(uid: u32) -> Option<String> {
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid.to_string()).then(|| name.to_owned())
    })
}

/// Whether process `pid`, as this process sees it, was started as the worker of bake `id`.
pub fn is_worker_of(pid: u32, id: &str) -> bool {
    let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    words.split(|b| *b == 0).any(|word| word == id.as_bytes())
}
