//! Owner names: looked up in the image's own `/etc/passwd` and `/etc/group`, never in this machine's.

use std::collections::HashMap;
use std::sync::Arc;

use super::StepError;
use crate::domain::layer::{ContentDigest, Kind, Tree};
use crate::domain::recipe::{Account, Owner};

/// Contents of account files, by digest: of the layers below, and of what steps have put.
pub(in crate::adapters::engine) type Remembered = HashMap<ContentDigest, Arc<[u8]>>;

/// The numbers of `owner` in the image; root's where there is none.
pub(in crate::adapters::engine) fn owner_ids(
    owner: Option<&Owner>,
    tree: &Tree,
    remembered: &Remembered,
) -> Result<(u32, u32), StepError> {
    let Some(owner) = owner else { return Ok((0, 0)) };
    let (uid, primary) = match &owner.user {
        Account::Id(id) => (*id, *id),
        Account::Name(name) => {
            let passwd = account_file("user", name, "etc/passwd", tree, remembered)?;
            find(&passwd, name, &[2, 3])
                .map(|ids| (ids[0], ids[1]))
                .ok_or_else(|| unknown("user", name, "/etc/passwd has no such line"))?
        }
    };
    let gid = match &owner.group {
        None => primary,
        Some(Account::Id(id)) => *id,
        Some(Account::Name(name)) => {
            let group = account_file("group", name, "etc/group", tree, remembered)?;
            find(&group, name, &[2])
                .map(|ids| ids[0])
                .ok_or_else(|| unknown("group", name, "/etc/group has no such line"))?
        }
    };
    Ok((uid, gid))
}

fn unknown(what: &'static str, name: &str, why: impl Into<String>) -> StepError {
    StepError::Account { what, name: name.to_owned(), why: why.into() }
}

/// The content of an account file: a regular file, small enough to have been remembered (T-23).
fn account_file(
    what: &'static str,
    name: &str,
    path: &str,
    tree: &Tree,
    remembered: &Remembered,
) -> Result<Arc<[u8]>, StepError> {
    let resolved = tree.resolve(path.as_bytes(), false)?;
    match tree.node(&resolved).map(|node| node.kind) {
        None => Err(unknown(what, name, format!("there is no /{path}"))),
        Some(Kind::File { digest: Some(digest), .. }) => {
            remembered.get(&digest).cloned().ok_or_else(|| unknown(what, name, format!("T-23: /{path} is over 1 MiB")))
        }
        Some(other) => Err(unknown(what, name, format!("T-23: /{path} is a {}", other.as_str()))),
    }
}

/// The numbers in `fields` of the first line for `name`.
fn find(content: &[u8], name: &str, fields: &[usize]) -> Option<Vec<u32>> {
    content.split(|b| *b == b'\n').find_map(|line| {
        let parts: Vec<&[u8]> = line.split(|b| *b == b':').collect();
        if parts.first() != Some(&name.as_bytes()) {
            return None;
        }
        let number = |at: &usize| -> Option<u32> {
            std::str::from_utf8(parts.get(*at)?).ok()?.parse().ok().filter(|id| *id != u32::MAX)
        };
        fields.iter().map(number).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::layer::{Entry, LayerContents, Node};

    fn image(files: &[(&str, &str)]) -> (Tree, Remembered) {
        let mut remembered = Remembered::new();
        let entries = files.iter().map(|(path, content)| {
            let digest = ContentDigest::of(content.as_bytes());
            remembered.insert(digest, content.as_bytes().into());
            let kind = Kind::File { size: content.len() as u64, digest: Some(digest) };
            let node = Node { kind, ..Node::plain_folder(0) };
            Entry { path: path.as_bytes().into(), node }
        });
        let mut tree = Tree::default();
        tree.apply(&LayerContents { entries: entries.collect(), ..LayerContents::default() }).unwrap();
        (tree, remembered)
    }

    #[test]
    fn names_are_the_images_own() {
        let passwd = "root:x:0:0::/:/bin/sh\napp:x:1000:2000::/:\nbad:x:4294967295:0::/:\nshort:x\n";
        let (tree, known) = image(&[("etc/passwd", passwd), ("etc/group", "app:x:2000:\nstaff:x:50:app\n")]);
        let ids = |owner: &str| owner_ids(Some(&owner.parse().unwrap()), &tree, &known).ok();
        assert_eq!(ids("app"), Some((1000, 2000)));
        assert_eq!(ids("app:staff"), Some((1000, 50)));
        assert_eq!(ids("7"), Some((7, 7)));
        assert_eq!(ids("7:8"), Some((7, 8)));
        for owner in ["nobody", "bad", "short", "app:nogroup"] {
            assert_eq!(ids(owner), None, "{owner}");
        }
        assert_eq!(owner_ids(None, &tree, &known).unwrap(), (0, 0));
    }

    #[test]
    fn t23_what_is_no_regular_file_is_not_read() {
        let owner: Owner = "app".parse().unwrap();
        let (mut tree, known) = image(&[]);
        let link = |kind| Entry { path: b"etc/passwd".as_slice().into(), node: Node { kind, ..Node::plain_folder(0) } };
        for kind in [Kind::Fifo, Kind::Symlink(b"/proc/self/environ".as_slice().into()), Kind::Folder] {
            tree.apply(&LayerContents { entries: vec![link(kind)], ..LayerContents::default() }).unwrap();
            let error = owner_ids(Some(&owner), &tree, &known).unwrap_err().to_string();
            assert!(error.contains("T-23"), "{error}");
        }
        let big = Kind::File { size: 2 << 20, digest: Some(ContentDigest::of(b"unknown")) };
        tree.apply(&LayerContents { entries: vec![link(big)], ..LayerContents::default() }).unwrap();
        assert!(owner_ids(Some(&owner), &tree, &known).unwrap_err().to_string().contains("T-23"));
    }
}
