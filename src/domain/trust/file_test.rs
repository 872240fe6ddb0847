//! File tests: what a recipe says of one path, held against the merged tree. Runs nothing and reads no blob.

use regex::bytes::RegexBuilder;

use super::{CheckVerdict, Finding};
use crate::domain::layer::{ContentDigest, Kind, Node, Tree};
use crate::domain::recipe::{FileTest, Mode, Owner};
use crate::domain::text::{escape, escape_bytes};

const PASSED: &str = "test.passed";
const FAILED: &str = "test.failed";
const NO_CONTENT: &str = "test.content";
/// Largest compiled expression, as when the recipe was read.
const MAX_EXPRESSION: usize = 1 << 20;

/// User and group numbers of an owner, or why there are none.
type Numbers = Result<(u32, u32), String>;

/// What a tree alone does not say.
pub struct Surroundings<'a> {
    /// Looks an owner up in the image's own account files.
    pub owner: &'a dyn Fn(&Owner) -> Numbers,
    /// The content with a digest, where it is at hand.
    pub content: &'a dyn Fn(&ContentDigest) -> Option<Vec<u8>>,
}

/// Evaluates one file test. Symlinks are followed as a program in the image would, except that a path which must be
/// absent may not be a symlink either.
pub fn evaluate_file_test(test: &FileTest, tree: &Tree, around: &Surroundings<'_>) -> Finding {
    let path = test.path.as_str();
    let resolved = match tree.resolve(path.as_bytes(), !test.absent) {
        Ok(resolved) => resolved,
        Err(error) => return failed(vec![format!("{}: {error}", escape(path))]),
    };
    let found = tree.node(&resolved);
    if test.absent {
        return match found {
            None => passed(vec![format!("{}: absent", escape(path))]),
            Some(node) => failed(vec![format!("{}: expected nothing, found a {}", escape(path), node.kind.as_str())]),
        };
    }
    let Some(node) = found else {
        return failed(vec![format!("{}: expected to be there, found nothing", shown(path, &resolved))]);
    };
    let mut wrong = Vec::new();
    if let Some(mode) = &test.mode
        && mode.0 != node.mode
    {
        wrong.push(format!("mode: expected {mode}, found {}", Mode(node.mode)));
    }
    if let Some(owner) = &test.owner {
        wrong.extend(wrong_owner(owner, &node, around));
    }
    let content = test.contains.as_deref().map(|pattern| (pattern, contains(pattern, &node, around)));
    if let Some((pattern, Some(false))) = content {
        wrong.push(format!("content: expected a match of {pattern:?}, found none"));
    }
    let place = shown(path, &resolved);
    if !wrong.is_empty() {
        return failed(wrong.into_iter().map(|line| format!("{place}: {line}")).collect());
    }
    if let Some((pattern, None)) = content {
        let line = format!("{place}: content: expected a match of {pattern:?}, but it is not at hand without running");
        return Finding::new(CheckVerdict::Unknown, NO_CONTENT, vec![line]);
    }
    passed(vec![format!("{place}: {} {} {}:{}", node.kind.as_str(), Mode(node.mode), node.uid, node.gid)])
}

fn passed(evidence: Vec<String>) -> Finding {
    Finding::new(CheckVerdict::Pass, PASSED, evidence)
}

fn failed(evidence: Vec<String>) -> Finding {
    Finding::new(CheckVerdict::Fail, FAILED, evidence)
}

/// The path as the recipe has it, and where symlinks led.
fn shown(path: &str, resolved: &[u8]) -> String {
    let end = format!("/{}", escape_bytes(resolved));
    let path = escape(path);
    if path.trim_end_matches('/') == end { path } else { format!("{path} (at {end})") }
}

fn wrong_owner(owner: &Owner, node: &Node, around: &Surroundings<'_>) -> Option<String> {
    let found = format!("{}:{}", node.uid, node.gid);
    match (around.owner)(owner) {
        Ok((uid, gid)) if (uid, gid) == (node.uid, node.gid) => None,
        Ok((uid, gid)) if owner.to_string() == format!("{uid}:{gid}") => {
            Some(format!("owner: expected {owner}, found {found}"))
        }
        Ok((uid, gid)) => Some(format!("owner: expected {owner} ({uid}:{gid}), found {found}")),
        Err(why) => Some(format!("owner: expected {owner}, found {found}: {why}")),
    }
}

/// Whether the content matches; `None` where nobody has it at hand. What is no file has no content.
fn contains(pattern: &str, node: &Node, around: &Surroundings<'_>) -> Option<bool> {
    let bytes = match &node.kind {
        Kind::File { size: 0, .. } => Vec::new(),
        Kind::File { digest, .. } => (around.content)(digest.as_ref()?)?,
        _ => return Some(false),
    };
    let expression = RegexBuilder::new(pattern).size_limit(MAX_EXPRESSION).build().ok()?;
    Some(expression.is_match(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::layer::{Entry, LayerContents};

    fn tree() -> Tree {
        let file = |content: &str| Kind::File {
            size: content.len() as u64,
            digest: Some(ContentDigest::of(content.as_bytes())),
        };
        let node = |kind| Node { kind, mode: 0o640, uid: 33, gid: 33, mtime: 0, xattrs: Box::default() };
        let link = |target: &str| node(Kind::Symlink(target.as_bytes().into()));
        let entries = [
            ("app/main.py", node(file("print(1)"))),
            ("app/big", node(file("nobody remembers this"))),
            ("app/empty", node(file(""))),
            ("link", link("app/main.py")),
            ("dangling", link("/nowhere")),
            ("loop", link("loop")),
        ];
        let entries = entries.into_iter().map(|(path, node)| Entry { path: path.as_bytes().into(), node }).collect();
        let mut tree = Tree::default();
        tree.apply(&LayerContents { entries, ..LayerContents::default() }).unwrap();
        tree
    }

    fn test(path: &str) -> FileTest {
        FileTest { path: path.parse().unwrap(), mode: None, owner: None, contains: None, absent: false }
    }

    fn evaluate(test: &FileTest) -> (CheckVerdict, String) {
        let owner = |owner: &Owner| match owner.to_string().as_str() {
            "www-data" => Ok((33, 33)),
            "0:0" => Ok((0, 0)),
            _ => Err("/etc/passwd has no such line".to_owned()),
        };
        let content =
            |digest: &ContentDigest| (*digest == ContentDigest::of(b"print(1)")).then(|| b"print(1)".to_vec());
        let found = evaluate_file_test(test, &tree(), &Surroundings { owner: &owner, content: &content });
        (found.verdict, found.evidence.join("; "))
    }

    #[test]
    fn what_holds_passes_also_through_a_symlink() {
        let all = FileTest {
            mode: Some(Mode(0o640)),
            owner: Some("www-data".parse().unwrap()),
            contains: Some("^print".into()),
            ..test("/app/main.py")
        };
        assert_eq!(evaluate(&all), (CheckVerdict::Pass, "/app/main.py: file 0640 33:33".into()));
        let linked = FileTest { mode: Some(Mode(0o640)), ..test("/link") };
        assert_eq!(evaluate(&linked), (CheckVerdict::Pass, "/link (at /app/main.py): file 0640 33:33".into()));
    }

    #[test]
    fn every_difference_is_told_with_what_was_expected_and_found() {
        let all = FileTest {
            mode: Some(Mode(0o644)),
            owner: Some("0:0".parse().unwrap()),
            contains: Some("import".into()),
            ..test("/app/main.py")
        };
        let (verdict, evidence) = evaluate(&all);
        assert_eq!(verdict, CheckVerdict::Fail);
        for part in ["mode: expected 0644, found 0640", "owner: expected 0:0, found 33:33", "match of \"import\""] {
            assert!(evidence.contains(part), "{part}: {evidence}");
        }
        let nobody = FileTest { owner: Some("ghost".parse().unwrap()), ..test("/app/main.py") };
        assert!(evaluate(&nobody).1.contains("no such line"));
    }

    #[test]
    fn absent_means_not_even_a_dangling_symlink() {
        let absent = |path| evaluate(&FileTest { absent: true, ..test(path) }).0;
        assert_eq!(absent("/app/other"), CheckVerdict::Pass);
        assert_eq!((absent("/app"), absent("/dangling")), (CheckVerdict::Fail, CheckVerdict::Fail));
        assert_eq!(evaluate(&test("/dangling")).0, CheckVerdict::Fail);
        assert_eq!(evaluate(&test("/loop")).0, CheckVerdict::Fail);
        assert_eq!(evaluate(&test("/app/missing")).1, "/app/missing: expected to be there, found nothing");
    }

    #[test]
    fn content_nobody_has_is_unknown_unless_something_else_fails() {
        let big = FileTest { contains: Some("x".into()), ..test("/app/big") };
        assert_eq!(evaluate(&big).0, CheckVerdict::Unknown);
        assert_eq!(evaluate(&FileTest { mode: Some(Mode(0)), ..big }).0, CheckVerdict::Fail);
        assert_eq!(evaluate(&FileTest { contains: Some("x".into()), ..test("/app") }).0, CheckVerdict::Fail);
        assert_eq!(evaluate(&FileTest { contains: Some("^$".into()), ..test("/app/empty") }).0, CheckVerdict::Pass);
    }
}
