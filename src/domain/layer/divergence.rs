//! Where two layers that should be the same are not: the first path, the first byte, and what is likely to have made it so.
//! Reads nothing itself.

use super::{Entry, Kind, LayerContents, Node};

/// What differs at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Divergence {
    /// Only the first layer has it.
    OnlyFirst,
    /// Only the second has it.
    OnlySecond,
    /// The content of a file.
    Content,
    /// Something else of it: each difference in words.
    Node(Vec<String>),
}

/// What is likely to have made bytes differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The time of the bake is in it.
    Time,
    /// The same lines, in another order.
    Order,
    /// The host's name is in it.
    HostName,
    /// The language or country of the environment.
    Locale,
    /// A compiler's cache, which remembers times of its sources.
    CompiledCache,
    /// Nothing two bakes could agree on.
    Random,
}

impl Cause {
    /// What it is called.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Order => "order",
            Self::HostName => "host name",
            Self::Locale => "locale",
            Self::CompiledCache => "compiled caches",
            Self::Random => "random",
        }
    }

    /// What to do about it.
    pub fn mend(self) -> &'static str {
        match self {
            Self::Time => "have the step write no time, or the one of SOURCE_DATE_EPOCH",
            Self::Order => "sort what the step lists before it is written",
            Self::HostName => "have the step write no host name",
            Self::Locale => "set LC_ALL=C in the step's env",
            Self::CompiledCache => "set PYTHONDONTWRITEBYTECODE=1 in the step's env, or remove the caches in the step",
            Self::Random => "seed it, or have it made when the container starts",
        }
    }
}

/// The first path at which two layers differ, in byte order of paths.
pub fn first_divergence(first: &LayerContents, second: &LayerContents) -> Option<(Box<[u8]>, Divergence)> {
    let marks = |layer: &LayerContents| {
        let gone = layer.whiteouts.iter().map(|path| (path.clone(), "deleted"));
        let mut marks: Vec<_> = gone.chain(layer.opaques.iter().map(|path| (path.clone(), "opaque"))).collect();
        marks.sort();
        marks
    };
    let (a, b) = (sorted(&first.entries), sorted(&second.entries));
    let entry = first_entry(&a, &b);
    let (ours, theirs) = (marks(first), marks(second));
    let only = |mine: &[(Box<[u8]>, &str)], other: &[(Box<[u8]>, &str)]| {
        mine.iter().find(|mark| other.binary_search(mark).is_err()).map(|(path, _)| path.clone())
    };
    let gone = [
        only(&ours, &theirs).map(|path| (path, Divergence::OnlyFirst)),
        only(&theirs, &ours).map(|path| (path, Divergence::OnlySecond)),
    ];
    gone.into_iter().flatten().chain(entry).min_by(|a, b| a.0.cmp(&b.0))
}

fn sorted(entries: &[Entry]) -> Vec<&Entry> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    sorted
}

fn first_entry(first: &[&Entry], second: &[&Entry]) -> Option<(Box<[u8]>, Divergence)> {
    let (mut a, mut b) = (first.iter(), second.iter());
    loop {
        let (one, other) = (a.next(), b.next());
        return match (one, other) {
            (None, None) => None,
            (Some(one), None) => Some((one.path.clone(), Divergence::OnlyFirst)),
            (None, Some(other)) => Some((other.path.clone(), Divergence::OnlySecond)),
            (Some(one), Some(other)) if one.path < other.path => Some((one.path.clone(), Divergence::OnlyFirst)),
            (Some(one), Some(other)) if one.path > other.path => Some((other.path.clone(), Divergence::OnlySecond)),
            (Some(one), Some(other)) => match between(&one.node, &other.node) {
                None => continue,
                Some(divergence) => Some((one.path.clone(), divergence)),
            },
        };
    }
}

fn between(one: &Node, other: &Node) -> Option<Divergence> {
    let mut said = Vec::new();
    if one.kind.as_str() != other.kind.as_str() {
        said.push(format!("a {}, then a {}", one.kind.as_str(), other.kind.as_str()));
    } else if one.kind != other.kind {
        match (&one.kind, &other.kind) {
            (Kind::File { .. }, Kind::File { .. }) => return Some(Divergence::Content),
            (Kind::Symlink(to), Kind::Symlink(then)) => {
                let shown = crate::domain::text::escape_bytes;
                said.push(format!("a link to {}, then to {}", shown(to), shown(then)));
            }
            _ => said.push(format!("another {}", one.kind.as_str())),
        }
    }
    if one.mode != other.mode {
        said.push(format!("mode {:04o}, then {:04o}", one.mode, other.mode));
    }
    if (one.uid, one.gid) != (other.uid, other.gid) {
        said.push(format!("owner {}:{}, then {}:{}", one.uid, one.gid, other.uid, other.gid));
    }
    if one.mtime != other.mtime {
        said.push(format!("time {}, then {}", one.mtime, other.mtime));
    }
    if one.xattrs != other.xattrs {
        said.push("other extended attributes".into());
    }
    (!said.is_empty()).then_some(Divergence::Node(said))
}

/// The first byte at which two contents differ, counted from 0; where one is the beginning of the other, its length.
pub fn first_byte(first: &[u8], second: &[u8]) -> Option<usize> {
    let shorter = first.len().min(second.len());
    let at = first.iter().zip(second).position(|(a, b)| a != b);
    at.or((first.len() != second.len()).then_some(shorter))
}

/// What both contents' difference looks like; `span` are the seconds since 1970 between which the bakes ran. `None`: nothing
/// it could be told by.
pub fn likely_cause(path: &[u8], first: &[u8], second: &[u8], span: (i64, i64), host: &str) -> Option<Cause> {
    let at = first_byte(first, second)?;
    if path.ends_with(b".pyc") || path.ends_with(b".pyo") || path.windows(12).any(|part| part == b"/__pycache__") {
        return Some(Cause::CompiledCache);
    }
    let (one, other) = (around(first, at), around(second, at));
    if [one, other].iter().all(|window| holds_time(window, span)) || binary_time(first, second, at, span) {
        return Some(Cause::Time);
    }
    if !host.is_empty() && [one, other].iter().any(|window| find(window, host.as_bytes())) {
        return Some(Cause::HostName);
    }
    if same_lines(first, second) {
        return Some(Cause::Order);
    }
    if [one, other].iter().any(|window| find(window, b"LANG=") || find(window, b"LC_") || find(window, b"UTF-8")) {
        return Some(Cause::Locale);
    }
    looks_random(&first[at.min(first.len())..], &second[at.min(second.len())..]).then_some(Cause::Random)
}

/// The bytes near the difference: the line, and no more than a hundred bytes either side.
fn around(content: &[u8], at: usize) -> &[u8] {
    let at = at.min(content.len());
    let from = at.saturating_sub(100);
    let begin = content[from..at].iter().rposition(|b| *b == b'\n').map_or(from, |line| from + line + 1);
    let until = (at + 100).min(content.len());
    let end = content[at..until].iter().position(|b| *b == b'\n').map_or(until, |line| at + line);
    &content[begin..end]
}

/// Whether there is a time in it that both bakes could have read from a clock: seconds since 1970, or a date's year.
fn holds_time(window: &[u8], (from, until): (i64, i64)) -> bool {
    let near = |seconds: i64| (from - 86_400..=until + 86_400).contains(&seconds);
    let numbers = window.split(|b| !b.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let mut found =
        numbers.filter_map(|digits| std::str::from_utf8(digits).ok()?.parse::<i64>().ok().map(|n| (n, digits.len())));
    found.any(|(number, digits)| match digits {
        10 => near(number),
        13 => near(number / 1_000),
        16 => near(number / 1_000_000),
        19 => near(number / 1_000_000_000),
        _ => false,
    }) || clock_face(window)
}

/// `10:42:07`, as clocks are written.
fn clock_face(window: &[u8]) -> bool {
    window
        .windows(8)
        .any(|w| w[2] == b':' && w[5] == b':' && [0, 1, 3, 4, 6, 7].iter().all(|at| w[*at].is_ascii_digit()))
}

/// Whether the differing bytes lie in four that are seconds since 1970, in either order.
fn binary_time(first: &[u8], second: &[u8], at: usize, (from, until): (i64, i64)) -> bool {
    let near = |seconds: u32| (from - 86_400..=until + 86_400).contains(&i64::from(seconds));
    (at.saturating_sub(3)..=at).any(|start| {
        let four = |content: &[u8]| content.get(start..start + 4).and_then(|four| <[u8; 4]>::try_from(four).ok());
        match (four(first), four(second)) {
            (Some(a), Some(b)) => {
                (near(u32::from_le_bytes(a)) && near(u32::from_le_bytes(b)))
                    || (near(u32::from_be_bytes(a)) && near(u32::from_be_bytes(b)))
            }
            _ => false,
        }
    })
}

fn find(window: &[u8], wanted: &[u8]) -> bool {
    window.windows(wanted.len()).any(|part| part == wanted)
}

fn same_lines(first: &[u8], second: &[u8]) -> bool {
    let lines = |content: &[u8]| {
        let mut lines: Vec<Vec<u8>> = content.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        lines.sort();
        lines
    };
    first.len() == second.len() && lines(first) == lines(second)
}

/// Two runs of hex digits, letters or raw bytes that have next to nothing in common.
fn looks_random(first: &[u8], second: &[u8]) -> bool {
    // The marks between groups stand where they stand in both.
    let says = |content: &[u8]| -> Vec<u8> {
        content.iter().copied().filter(|b| !matches!(b, b'-' | b':' | b'_' | b'.' | b'\n')).take(32).collect()
    };
    let (a, b) = (says(first), says(second));
    let compared = a.len().min(b.len());
    let same = a.iter().zip(&b).filter(|(a, b)| a == b).count();
    compared >= 8 && same * 3 <= compared
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::layer::ContentDigest;

    const SPAN: (i64, i64) = (1_790_000_000, 1_790_000_060);

    fn file(path: &str, content: &[u8], mode: u32) -> Entry {
        let kind = Kind::File { size: content.len() as u64, digest: Some(ContentDigest::of(content)) };
        let node = Node { kind, mode, uid: 0, gid: 0, mtime: 0, xattrs: Box::default() };
        Entry { path: path.as_bytes().into(), node }
    }

    fn layer(entries: Vec<Entry>) -> LayerContents {
        LayerContents { entries, ..LayerContents::default() }
    }

    #[test]
    fn the_first_path_in_byte_order_is_told() {
        let same = || file("a", b"same", 0o644);
        let one = layer(vec![file("z", b"1", 0o644), same(), file("m", b"x", 0o644)]);
        let other = layer(vec![same(), file("m", b"x", 0o600), file("z", b"2", 0o644)]);
        let (path, found) = first_divergence(&one, &other).unwrap();
        assert_eq!((&*path, found), (&b"m"[..], Divergence::Node(vec!["mode 0644, then 0600".into()])));
        assert_eq!(first_divergence(&one, &one.clone()), None);
        let more = layer(vec![same(), file("b", b"", 0o644)]);
        assert_eq!(first_divergence(&layer(vec![same()]), &more).unwrap().1, Divergence::OnlySecond);
        let gone = LayerContents { whiteouts: vec![(*b"0").into()], ..layer(vec![same()]) };
        assert_eq!(first_divergence(&gone, &more).unwrap(), ((*b"0").into(), Divergence::OnlyFirst));
        let content = first_divergence(&layer(vec![file("a", b"1", 0)]), &layer(vec![file("a", b"2", 0)]));
        assert_eq!(content.unwrap().1, Divergence::Content);
    }

    #[test]
    fn the_first_byte_is_found_also_where_one_ends() {
        assert_eq!(first_byte(b"abc", b"abd"), Some(2));
        assert_eq!(first_byte(b"ab", b"abc"), Some(2));
        assert_eq!(first_byte(b"ab", b"ab"), None);
    }

    #[test]
    fn causes_are_told_by_what_differs() {
        let cause = |path: &str, a: &[u8], b: &[u8]| likely_cause(path.as_bytes(), a, b, SPAN, "build-07");
        assert_eq!(cause("etc/built", b"at 1790000001\n", b"at 1790000031\n"), Some(Cause::Time));
        assert_eq!(cause("log", b"x\n2026-09-21 10:00:01 ok\n", b"x\n2026-09-21 10:00:31 ok\n"), Some(Cause::Time));
        let stamp = |seconds: u32| [b"head".as_slice(), &seconds.to_le_bytes(), b"tail"].concat();
        assert_eq!(cause("x.bin", &stamp(1_790_000_001), &stamp(1_790_000_031)), Some(Cause::Time));
        assert_eq!(cause("usr/lib/x/__pycache__/a.cpython-311.pyc", b"1", b"2"), Some(Cause::CompiledCache));
        assert_eq!(cause("list", b"a\nb\nc\n", b"a\nc\nb\n"), Some(Cause::Order));
        assert_eq!(cause("id", b"on build-07 it is\n", b"on another it is\n"), Some(Cause::HostName));
        assert_eq!(cause("env", b"LANG=de_DE.UTF-8\n", b"LANG=C.UTF-8\n"), Some(Cause::Locale));
        let random = cause("id", b"9f3a01cc7be24d5588aa", b"12d47e03fa961bb0c77f");
        assert_eq!(random, Some(Cause::Random));
        let named = cause("id", b"de9b8ad8-2c53-4f84-8b82-0f6f3a1c0d77\n", b"aff0e9dd-cee0-4f99-9a50-6c1d2b7e9a43\n");
        assert_eq!(named, Some(Cause::Random));
        assert_eq!(cause("n", b"count: 1\n", b"count: 2\n"), None);
    }
}
