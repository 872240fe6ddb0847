//! The user a step runs as, looked up in the image's own account files. Run inside the image's root.

use std::io::{self, Read};

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};

/// Largest account file read (T-23).
const MAX_FILE: u64 = 1 << 20;

/// Who a process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::adapters::sandbox) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) groups: Vec<u32>,
    pub(super) home: String,
}

/// Why nobody can be that user.
#[derive(Debug, thiserror::Error)]
pub(in crate::adapters::sandbox) enum AccountError {
    /// No such name.
    #[error("the image has no {what} {name:?}")]
    Unknown {
        /// `user` or `group`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A number out of bounds (J-14).
    #[error("J-14: user {0:?} is no user")]
    Overflow(String),
    /// The file that knows cannot be read.
    #[error("T-23: {path} of the image cannot be read")]
    File {
        /// Which.
        path: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The account `user[:group]` names; root where it is empty. `root` is the image's root folder.
pub(super) fn look_up(root: std::os::fd::BorrowedFd<'_>, user: &str) -> Result<Account, AccountError> {
    let (user, group) = match user.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (user, None),
    };
    let passwd = read(root, "etc/passwd")?;
    let groups = read(root, "etc/group")?;
    find(if user.is_empty() { "0" } else { user }, group, &passwd, &groups)
}

fn find(user: &str, group: Option<&str>, passwd: &str, groups: &str) -> Result<Account, AccountError> {
    let number = as_number(user)?;
    let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
    let entry = passwd.lines().map(fields).find(|line| match number {
        Some(uid) => line.get(2).and_then(|id| id.parse::<u32>().ok()) == Some(uid),
        None => line.first().map(String::as_str) == Some(user),
    });
    let id = |entry: &Vec<String>, at: usize| entry.get(at).and_then(|id| id.parse().ok()).filter(|id| *id != u32::MAX);
    let uid = match (&entry, number) {
        (_, Some(uid)) => uid,
        (Some(entry), None) => id(entry, 2).ok_or_else(|| AccountError::Overflow(user.to_owned()))?,
        (None, None) => return Err(AccountError::Unknown { what: "user", name: user.to_owned() }),
    };
    let primary = entry.as_ref().and_then(|entry| id(entry, 3)).unwrap_or(0);
    let gid = match group {
        None => primary,
        Some(group) => match as_number(group)? {
            Some(gid) => gid,
            None => groups
                .lines()
                .map(fields)
                .find(|line| line.first().map(String::as_str) == Some(group))
                .and_then(|line| id(&line, 2))
                .ok_or_else(|| AccountError::Unknown { what: "group", name: group.to_owned() })?,
        },
    };
    let name = entry.as_ref().map_or(user, |entry| entry[0].as_str());
    let member = |line: &Vec<String>| line.get(3).is_some_and(|all| all.split(',').any(|member| member == name));
    let further = groups.lines().map(fields).filter(member).filter_map(|line| id(&line, 2));
    let mut all: Vec<u32> = if group.is_none() { further.filter(|id| *id != gid).collect() } else { Vec::new() };
    all.sort_unstable();
    all.dedup();
    all.truncate(64);
    let home = entry.and_then(|entry| entry.get(5).cloned()).filter(|home| home.starts_with('/'));
    Ok(Account { uid, gid, groups: all, home: home.unwrap_or_else(|| "/".into()) })
}

fn as_number(text: &str) -> Result<Option<u32>, AccountError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    match text.parse::<u32>() {
        // 2^32-1 is "no change" to setuid(2).
        Ok(id) if id != u32::MAX => Ok(Some(id)),
        _ => Err(AccountError::Overflow(text.chars().take(40).collect())),
    }
}

/// An account file: a regular one inside the root, not over 1 MiB. None at all is an empty one.
fn read(root: std::os::fd::BorrowedFd<'_>, path: &'static str) -> Result<String, AccountError> {
    let fail = |source: io::Error| AccountError::File { path, source };
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let file = match openat2(root, path, flags, Mode::empty(), resolve) {
        Ok(file) => std::fs::File::from(file),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => return Ok(String::new()),
        Err(error) => return Err(fail(error.into())),
    };
    let meta = file.metadata().map_err(fail)?;
    if !meta.is_file() || meta.len() > MAX_FILE {
        return Err(fail(io::Error::new(io::ErrorKind::InvalidData, "not a regular file of at most 1 MiB")));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes).map_err(fail)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:2000::/home/app:\nodd:x:7:7::relative:\n";
    const GROUP: &str = "root:x:0:\napp:x:2000:\nstaff:x:50:app,other\nwheel:x:10:app\n";

    fn found(user: &str) -> Result<(u32, u32, Vec<u32>, String), String> {
        let (user, group) = user.split_once(':').map_or((user, None), |(user, group)| (user, Some(group)));
        let account = find(user, group, PASSWD, GROUP).map_err(|error| error.to_string())?;
        Ok((account.uid, account.gid, account.groups, account.home))
    }

    #[test]
    fn names_and_numbers_with_their_groups_and_home() {
        assert_eq!(found("app"), Ok((1000, 2000, vec![10, 50], "/home/app".into())));
        assert_eq!(found("1000"), Ok((1000, 2000, vec![10, 50], "/home/app".into())));
        assert_eq!(found("app:staff"), Ok((1000, 50, vec![], "/home/app".into())), "a group named stands alone");
        assert_eq!(found("12345"), Ok((12345, 0, vec![], "/".into())), "a number nobody has");
        assert_eq!(found("odd").unwrap().3, "/", "a home that is no absolute path");
    }

    #[test]
    fn j14_what_is_no_user_is_refused() {
        assert!(found("ghost").unwrap_err().contains("no user"));
        assert!(found("app:ghost").unwrap_err().contains("no group"));
        for number in ["4294967295", "4294967296", "99999999999999999999"] {
            assert!(found(number).unwrap_err().starts_with("J-14"), "{number}");
        }
    }
}
