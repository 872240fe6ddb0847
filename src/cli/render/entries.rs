//! The files of an image, one a line: for people as `ls -l` lists them, for scripts as JSON. What is a name here is bytes:
//! shown escaped, and exact as base64 where the two are not the same.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::bytes;
use crate::domain::layer::{Kind, Seen};
use crate::domain::text::escape_bytes;

/// One path and what stands there.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'t> {
    /// Relative to the root.
    pub path: &'t [u8],
    /// What stands there.
    pub seen: Seen<'t>,
    /// Whether no base brought it.
    pub is_local: bool,
}

/// A path of an image: absolute, escaped.
pub fn shown(path: &[u8]) -> String {
    format!("/{}", escape_bytes(path))
}

/// Base64 of a name that `shown` cannot say exactly.
fn exact(name: &[u8], shown: &str) -> Option<String> {
    (shown.as_bytes() != name).then(|| STANDARD.encode(name))
}

/// Writes a path as `NAME`, and where that is not exact as `NAME_base64` too.
pub(super) fn serialize_path<M: SerializeMap>(
    map: &mut M,
    names: [&'static str; 2],
    path: &[u8],
) -> Result<(), M::Error> {
    let path = [b"/", path].concat();
    serialize_name(map, names, &path)
}

/// The same for what is written as it is: where a symlink points.
pub(super) fn serialize_name<M: SerializeMap>(
    map: &mut M,
    names: [&'static str; 2],
    name: &[u8],
) -> Result<(), M::Error> {
    let shown = escape_bytes(name);
    map.serialize_entry(names[0], &shown)?;
    match exact(name, &shown) {
        Some(exact) => map.serialize_entry(names[1], &exact),
        None => Ok(()),
    }
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seen = &self.seen;
        let mut map = serializer.serialize_map(None)?;
        serialize_path(&mut map, ["path", "path_base64"], self.path)?;
        map.serialize_entry("type", seen.type_name())?;
        map.serialize_entry("size", &seen.size())?;
        map.serialize_entry("mode", &seen.mode())?;
        map.serialize_entry("uid", &seen.uid())?;
        map.serialize_entry("gid", &seen.gid())?;
        map.serialize_entry("mtime", &seen.mtime())?;
        map.serialize_entry("layer", &seen.layer().map(|layer| layer + 1))?;
        map.serialize_entry("owner", owner(self.is_local))?;
        if let Some(target) = seen.target() {
            serialize_name(&mut map, ["target", "target_base64"], target)?;
        }
        if let Some(digest) = seen.digest() {
            map.serialize_entry("digest", &format!("sha256:{}", hex::encode(digest.0)))?;
        }
        if let Some((major, minor)) = device(seen) {
            map.serialize_entry("major", &major)?;
            map.serialize_entry("minor", &minor)?;
        }
        map.end()
    }
}

/// Who made it, in a word.
pub(super) fn owner(is_local: bool) -> &'static str {
    if is_local { "local" } else { "global" }
}

fn device(seen: &Seen<'_>) -> Option<(u32, u32)> {
    match seen.type_name() {
        "char" | "block" => match seen.node().kind {
            Kind::Char { major, minor } | Kind::Block { major, minor } => Some((major, minor)),
            _ => None,
        },
        _ => None,
    }
}

impl Entry<'_> {
    /// `-rwxr-xr-x       0:0   812 B  ◆ 0  /usr/bin/env`.
    pub fn line(&self, color: bool) -> String {
        let seen = &self.seen;
        let size = match device(seen) {
            Some((major, minor)) => format!("{major}, {minor}"),
            None if seen.is_folder() => String::new(),
            None => bytes(seen.size()),
        };
        let owners = format!("{}:{}", seen.uid(), seen.gid());
        let place = place(seen.layer(), self.is_local, color);
        let target = seen.target().map(|target| format!(" -> {}", escape_bytes(target))).unwrap_or_default();
        let mode = mode(seen);
        format!("{mode}  {owners:>9}  {size:>9}  {place}  {}{target}", shown(self.path))
    }
}

/// `◇ 12`: who made a layer, and which it is.
pub(super) fn place(layer: Option<u32>, is_local: bool, color: bool) -> String {
    match layer {
        Some(layer) => format!("{} {:>2}", mark(is_local, color), layer + 1),
        None => "    ".to_owned(),
    }
}

/// ◆ or ◇, in their colours.
pub(super) fn mark(is_local: bool, color: bool) -> String {
    let (mark, on) = if is_local { ("◇", "\x1b[35m") } else { ("◆", "\x1b[95m") };
    if color { format!("{on}{mark}\x1b[0m") } else { mark.to_owned() }
}

/// `drwxr-xr-t`.
fn mode(seen: &Seen<'_>) -> String {
    let kind = match seen.type_name() {
        "folder" => 'd',
        "symlink" => 'l',
        "char" => 'c',
        "block" => 'b',
        "fifo" => 'p',
        _ => '-',
    };
    let mode = seen.mode();
    let bit = |bit: u32, letter: char| if mode & bit != 0 { letter } else { '-' };
    let execute = |bit: u32, special: u32, letter: char| match (mode & bit != 0, mode & special != 0) {
        (true, true) => letter,
        (false, true) => letter.to_ascii_uppercase(),
        (true, false) => 'x',
        (false, false) => '-',
    };
    [
        kind,
        bit(0o400, 'r'),
        bit(0o200, 'w'),
        execute(0o100, 0o4000, 's'),
        bit(0o040, 'r'),
        bit(0o020, 'w'),
        execute(0o010, 0o2000, 's'),
        bit(0o004, 'r'),
        bit(0o002, 'w'),
        execute(0o001, 0o1000, 't'),
    ]
    .into_iter()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::layer::{Entry as Written, LayerContents, Node, Tree};

    fn tree(entries: Vec<(&[u8], Kind, u32)>) -> Tree {
        let entry = |(path, kind, mode): (&[u8], Kind, u32)| Written {
            path: path.into(),
            node: Node { kind, mode, uid: 1000, gid: 5, mtime: 9, xattrs: Box::default() },
        };
        let mut tree = Tree::default();
        let entries = entries.into_iter().map(entry).collect();
        tree.apply(&LayerContents { entries, ..LayerContents::default() }).unwrap();
        tree
    }

    #[test]
    fn lines_read_as_those_of_ls() {
        let tree = tree(vec![
            (b"d", Kind::Folder, 0o1777),
            (b"f", Kind::File { size: 1200, digest: None }, 0o4644),
            (b"l", Kind::Symlink(b"a\x1b".as_slice().into()), 0o777),
            (b"null", Kind::Char { major: 1, minor: 3 }, 0o2660),
        ]);
        let lines: Vec<String> = [b"d".as_slice(), b"f", b"l", b"null"]
            .into_iter()
            .map(|path| Entry { path, seen: tree.seen(path).unwrap(), is_local: path == b"f" }.line(false))
            .collect();
        assert_eq!(
            lines,
            [
                "drwxrwxrwt     1000:5             ◆  1  /d",
                "-rwSr--r--     1000:5     1.2 kB  ◇  1  /f",
                "lrwxrwxrwx     1000:5        0 B  ◆  1  /l -> a\\x1b",
                "crw-rwS---     1000:5       1, 3  ◆  1  /null",
            ]
        );
    }

    #[test]
    fn names_that_cannot_be_shown_exactly_are_told_in_base64_too() {
        let name: &[u8] = b"a\xff\x1b";
        let tree = tree(vec![(name, Kind::Symlink(b"\x07".as_slice().into()), 0o777), (b"b\\x1b", Kind::Fifo, 0o600)]);
        let row = |path| serde_json::to_value(Entry { path, seen: tree.seen(path).unwrap(), is_local: false }).unwrap();
        let odd = row(name);
        assert_eq!((odd["path"].as_str(), odd["target"].as_str()), (Some("/a\\xff\\x1b"), Some("\\x07")));
        assert_eq!(STANDARD.decode(odd["path_base64"].as_str().unwrap()).unwrap(), b"/a\xff\x1b");
        assert_eq!(STANDARD.decode(odd["target_base64"].as_str().unwrap()).unwrap(), b"\x07");
        let plain = row(b"b\\x1b");
        assert_eq!(
            plain,
            serde_json::json!({"path": "/b\\x1b", "type": "fifo", "size": 0, "mode": 0o600, "uid": 1000,
            "gid": 5, "mtime": 9, "layer": 1, "owner": "global"})
        );
    }
}
