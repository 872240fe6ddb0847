//! Accounts: who an image's `/etc/passwd` and `/etc/group` say there is. Reads bytes it is given; knows no directory service.
//!
//! Source: passwd(5), group(5).

use std::collections::HashSet;

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Name.
    pub name: String,
    /// Number.
    pub uid: u32,
    /// Number of the primary group.
    pub gid: u32,
    /// Home folder.
    pub home: String,
    /// Shell.
    pub shell: String,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Number.
    pub gid: u32,
}

/// The users of a `/etc/passwd`, in its order; of a name that stands twice the first counts, as for libc.
pub fn users(passwd: &[u8]) -> Vec<User> {
    let of = |fields: &[&str]| {
        let text = |at: usize| fields.get(at).copied().unwrap_or_default().to_owned();
        Some(User { name: text(0), uid: id(fields.get(2)?)?, gid: id(fields.get(3)?)?, home: text(5), shell: text(6) })
    };
    first_of_each(passwd, of, |user| &user.name)
}

/// The groups of a `/etc/group`, in its order.
pub fn groups(group: &[u8]) -> Vec<Group> {
    let of = |fields: &[&str]| Some(Group { name: (*fields.first()?).to_owned(), gid: id(fields.get(2)?)? });
    first_of_each(group, of, |group| &group.name)
}

/// 2^32-1 is "no change" to chown(2).
fn id(text: &&str) -> Option<u32> {
    text.parse().ok().filter(|id| *id != u32::MAX)
}

fn first_of_each<T>(content: &[u8], of: impl Fn(&[&str]) -> Option<T>, name: impl Fn(&T) -> &String) -> Vec<T> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for line in content.split(|byte| *byte == b'\n') {
        let Ok(line) = std::str::from_utf8(line) else { continue };
        let fields: Vec<&str> = line.split(':').collect();
        // Comments, and what stands for a directory service.
        if fields[0].is_empty() || fields[0].starts_with(['#', '+', '-']) {
            continue;
        }
        if let Some(entry) = of(&fields).filter(|entry| seen.insert(name(entry).clone())) {
            found.push(entry);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn account_files_are_read_line_by_line() {
        let passwd = b"root:x:0:0:root:/root:/bin/bash\n# app:x:1:1::/:\n\nbad:x:4294967295:0::/:\nshort:x\nb\xff:x:3:3::/:\napp:x:1000:2000::/srv:/bin/false\napp:x:7:7::/:\n+::::::\nlast:x:5:5:::";
        let found = users(passwd);
        let named: Vec<(&str, u32, u32)> = found.iter().map(|user| (user.name.as_str(), user.uid, user.gid)).collect();
        assert_eq!(named, [("root", 0, 0), ("app", 1000, 2000), ("last", 5, 5)]);
        assert_eq!((found[1].home.as_str(), found[1].shell.as_str()), ("/srv", "/bin/false"));
        assert_eq!(groups(b"root:x:0:\nstaff:x:50:app\nbad\n")[1], Group { name: "staff".into(), gid: 50 });
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            users(&bytes);
            groups(&bytes);
        }
    }
}
