//! Editing a recipe's text: one value changes, every other byte stays. Decides nothing about what the value means.

use crate::domain::yaml::{self, Node, NodeKind, Problems, Reading, Scalar, Style, quote};

/// One step of the way to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'a> {
    /// The value of a key.
    Key(&'a str),
    /// An item of a list, from 0.
    Index(usize),
}

/// Why a text was not edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is no YAML that can be read.
    #[error("line {line}: {message}")]
    Unreadable {
        /// Where.
        line: u32,
        /// Why.
        message: String,
    },
    /// Nothing stands at the path.
    #[error("there is no {0}")]
    Absent(String),
    /// What stands there is no single value, a block of text, or an alias.
    #[error("line {line}: {what} is {found}, which is not edited in place")]
    NotEditable {
        /// Where.
        line: u32,
        /// The path.
        what: String,
        /// What stands there.
        found: &'static str,
    },
    /// No way of writing the value gives it back.
    #[error("{0} cannot be written there")]
    Unwritable(String),
}

/// Sets `base`.
pub fn set_base(text: &str, reference: &str) -> Result<String, EditError> {
    set_scalar(text, &[Segment::Key("base")], reference)
}

/// Sets the one-line value at `path`, keeping its quotes where the new value can stand in them.
pub fn set_scalar(text: &str, path: &[Segment<'_>], value: &str) -> Result<String, EditError> {
    let (mark, body) = match text.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", text),
    };
    let tree = read(body)?;
    let node = find(&tree, path).ok_or_else(|| EditError::Absent(name(path)))?;
    let refuse = |found| EditError::NotEditable { line: node.span.start.line, what: name(path), found };
    let style = match &node.kind {
        _ if node.aliased => return Err(refuse("an alias")),
        NodeKind::Scalar(scalar) if scalar.style == Style::Block => return Err(refuse("a block of text")),
        NodeKind::Scalar(_) if node.span.start == node.span.end => return Err(refuse("empty")),
        NodeKind::Scalar(scalar) => scalar.style,
        NodeKind::Sequence(_) => return Err(refuse("a list")),
        NodeKind::Mapping(_) => return Err(refuse("a mapping")),
    };
    let (before, rest) = split(body, node.span.start.byte).ok_or_else(|| refuse("nowhere"))?;
    let (_, after) = split(rest, node.span.end.byte - node.span.start.byte).ok_or_else(|| refuse("nowhere"))?;
    for candidate in writings(value, style) {
        let edited = format!("{before}{candidate}{after}");
        if gives_back(&edited, &tree, path, value) {
            return Ok(format!("{mark}{edited}"));
        }
    }
    Err(EditError::Unwritable(quote(value)))
}

/// Sets a key of the outermost mapping, as [`set_scalar`]; one that is not there is added: below a comment that begins with
/// it, `#KEY:`, else at the end, else at the beginning.
pub fn set_key(text: &str, key: &str, value: &str) -> Result<String, EditError> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let says_nothing = body.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    let before = if says_nothing { None } else { Some(read(body)?) };
    if let Some(tree) = &before
        && tree.value(key).is_some()
    {
        return set_scalar(text, &[Segment::Key(key)], value);
    }
    let end = if body.contains("\r\n") { "\r\n" } else { "\n" };
    let mark = &text[..text.len() - body.len()];
    for at in places(body, key, before.as_ref()) {
        let (head, tail) = body.split_at(at);
        let gap = if head.is_empty() || head.ends_with('\n') { "" } else { end };
        for written in writings(value, Style::Plain) {
            let block = format!("{head}{gap}{key}: {written}{end}{tail}");
            let flow = format!("{head}{key}: {written}, {tail}");
            let edited = if head.trim_end().ends_with('{') { flow } else { block };
            if adds(&edited, before.as_ref(), key, value) {
                return Ok(format!("{mark}{edited}"));
            }
        }
    }
    Err(EditError::Unwritable(quote(value)))
}

/// Where a key may be added, the best place first.
fn places(body: &str, key: &str, tree: Option<&Node>) -> Vec<usize> {
    let mut places = Vec::new();
    let named = format!("#{key}:");
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        at += line.len();
        if line.starts_with(&named) {
            places.push(at);
        }
    }
    places.push(body.len());
    if let Some(tree) = tree {
        let start = tree.span.start.byte;
        let open = body.get(start..).is_some_and(|rest| rest.starts_with('{'));
        places.push(if open { start + 1 } else { start });
    }
    places.retain(|at| body.is_char_boundary(*at));
    places
}

/// Whether `edited` says what was said, and `value` at `key`.
fn adds(edited: &str, before: Option<&Node>, key: &str, value: &str) -> bool {
    let Ok(mut after) = read(edited) else { return false };
    let mut problems = Problems::new();
    if after.value(key).and_then(|node| node.text("value", &mut problems)) != Some(value) {
        return false;
    }
    let NodeKind::Mapping(entries) = &mut after.kind else { return false };
    entries.retain(|entry| entry.key != key);
    match before {
        Some(before) => same_but(before, &after, None),
        None => entries.is_empty(),
    }
}

fn split(text: &str, at: usize) -> Option<(&str, &str)> {
    text.is_char_boundary(at).then(|| text.split_at(at))
}

fn read(text: &str) -> Result<Node, EditError> {
    let mut problems = Problems::new();
    let tree = yaml::read(text.as_bytes(), &mut problems);
    match tree {
        Some(tree) if !problems.has_errors() => Ok(tree),
        _ => {
            let first = problems.into_sorted().into_iter().next();
            let (line, message) = first.map_or((1, "unreadable".into()), |problem| (problem.line, problem.message));
            Err(EditError::Unreadable { line, message })
        }
    }
}

fn find<'a>(node: &'a Node, path: &[Segment<'_>]) -> Option<&'a Node> {
    path.iter().try_fold(node, |node, segment| match (segment, &node.kind) {
        (Segment::Key(key), NodeKind::Mapping(_)) => node.value(key),
        (Segment::Index(index), NodeKind::Sequence(items)) => items.get(*index),
        _ => None,
    })
}

fn name(path: &[Segment<'_>]) -> String {
    let parts: Vec<String> = path
        .iter()
        .map(|segment| match segment {
            Segment::Key(key) => quote(key),
            Segment::Index(index) => format!("item {}", index + 1),
        })
        .collect();
    parts.join(", ")
}

/// Ways to write `value`, the present style first; double quotes can hold anything.
fn writings(value: &str, style: Style) -> Vec<String> {
    let plain = value.to_owned();
    let single = format!("'{}'", value.replace('\'', "''"));
    let double = double_quoted(value);
    let bare = !value.contains(|c: char| c.is_control()) && value.trim() == value && !value.is_empty();
    match style {
        Style::Plain if bare => vec![plain, double],
        Style::Single if !value.contains(|c: char| c.is_control()) => vec![single, double],
        Style::Plain | Style::Single | Style::Double | Style::Block => vec![double],
    }
}

fn double_quoted(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if crate::domain::text::is_hazardous(c) => out.push_str(&format!("\\U{:08x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether `edited` says what the tree said, but for `value` at `path`.
fn gives_back(edited: &str, before: &Node, path: &[Segment<'_>], value: &str) -> bool {
    let Ok(after) = read(edited) else { return false };
    let mut problems = Problems::new();
    let found = find(&after, path).and_then(|node| node.text("value", &mut problems));
    found == Some(value) && same_but(before, &after, Some(path))
}

/// Equality of meaning, except at `path`.
fn same_but(a: &Node, b: &Node, path: Option<&[Segment<'_>]>) -> bool {
    if path.is_some_and(<[Segment<'_>]>::is_empty) {
        return true;
    }
    let below = |segment: Segment<'_>| match path {
        Some([first, rest @ ..]) if *first == segment => Some(rest),
        _ => None,
    };
    match (&a.kind, &b.kind) {
        (NodeKind::Scalar(a), NodeKind::Scalar(b)) => same_scalar(a, b),
        (NodeKind::Sequence(a), NodeKind::Sequence(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).enumerate().all(|(at, (a, b))| same_but(a, b, below(Segment::Index(at))))
        }
        (NodeKind::Mapping(a), NodeKind::Mapping(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|(a, b)| a.key == b.key && same_but(&a.value, &b.value, below(Segment::Key(&a.key))))
        }
        _ => false,
    }
}

fn same_scalar(a: &Scalar, b: &Scalar) -> bool {
    a == b
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes_comments_and_order_stay() {
        for (text, expected) in [
            ("recipe: 1\nbase: a/b:1 # why\nname: x\n", "recipe: 1\nbase: global/c:2 # why\nname: x\n"),
            ("base: \"a/b:1\"\r\n# end\r\n", "base: \"global/c:2\"\r\n# end\r\n"),
            ("base:   'a/b:1'   # c", "base:   'global/c:2'   # c"),
            ("{base: a, x: [1, 2]}", "{base: global/c:2, x: [1, 2]}"),
            ("\u{feff}base: a\n", "\u{feff}base: global/c:2\n"),
            ("base:\n  a/b:1\nx: y", "base:\n  global/c:2\nx: y"),
            ("base: &b a/b:1\nx: y", "base: &b global/c:2\nx: y"),
        ] {
            assert_eq!(set_base(text, "global/c:2").unwrap(), expected);
        }
    }

    #[test]
    fn values_that_need_quotes_get_them() {
        let set = |value| set_scalar("a: {tag: x, b: c}", &[Segment::Key("a"), Segment::Key("tag")], value).unwrap();
        assert_eq!(set("1.10"), "a: {tag: \"1.10\", b: c}");
        assert_eq!(set("x, y"), "a: {tag: \"x, y\", b: c}");
        assert_eq!(set("# no"), "a: {tag: \"# no\", b: c}");
        assert_eq!(set("two\nlines"), "a: {tag: \"two\\nlines\", b: c}");
    }

    #[test]
    fn what_cannot_be_edited_is_said() {
        for text in ["name: x\n", "base: |\n  a\n", "base: [a]\n", "x: &a b\nbase: *a\n", "base:\n", "base: {"] {
            assert!(set_base(text, "a/b:1").is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_is_added_where_it_belongs_and_nothing_else_moves() {
        for (text, expected) in [
            ("", "theme: nord\n"),
            ("# mine\n", "# mine\ntheme: nord\n"),
            ("a: b", "a: b\ntheme: nord\n"),
            ("a: b # c\r\n", "a: b # c\r\ntheme: nord\r\n"),
            ("theme: dark # mine\na: b\n", "theme: nord # mine\na: b\n"),
            ("theme: \"dark\"\n", "theme: \"nord\"\n"),
            ("# colours\n#theme: dark\n\n#mouse: true\n", "# colours\n#theme: dark\ntheme: nord\n\n#mouse: true\n"),
            ("a:\n#theme: x\n  b: c\n", "a:\n#theme: x\n  b: c\ntheme: nord\n"),
            ("{a: b}\n", "{theme: nord, a: b}\n"),
            ("---\na: b\n...\n", "---\ntheme: nord\na: b\n...\n"),
            ("\u{feff}a: b\n", "\u{feff}a: b\ntheme: nord\n"),
            ("a: |\n  #theme: x\n  y\n", "a: |\n  #theme: x\n  y\ntheme: nord\n"),
        ] {
            assert_eq!(set_key(text, "theme", "nord").as_deref(), Ok(expected), "{text:?}");
        }
        for text in ["a: {", "- a\n", "just text\n", "theme: [a]\n"] {
            assert!(set_key(text, "theme", "nord").is_err(), "{text:?}");
        }
    }

    fn value() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z]{1,8}/[a-z0-9]{1,8}:[0-9.]{1,5}", "\\PC{1,20}", "[ -~]{0,12}", "[a-z\n\t\"'\\\\]{1,10}"]
    }

    fn comment() -> impl Strategy<Value = String> {
        prop_oneof![Just(String::new()), "[ ]{1,3}#[ -~]{0,12}", "[ ]{0,3}"]
    }

    fn quoted() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z]{1,6}/[a-z]{1,6}:[0-9]{1,3}", "'[a-z ]{1,8}'", "\"[a-z ]{1,8}\""]
    }

    proptest! {
        #[test]
        fn every_other_byte_survives(
            old in quoted(),
            new in value(),
            (c1, c2, c3) in (comment(), comment(), comment()),
            crlf in any::<bool>(),
            indent in 0usize..4,
        ) {
            let end = if crlf { "\r\n" } else { "\n" };
            let gap = " ".repeat(indent + 1);
            let before = format!("# top{end}recipe: 1{c1}{end}steps:{end}  - run: |{end}      echo \"hi\"{end}  - copy: {{from: a, to:{gap}");
            let after = format!("}}{c2}{end}{end}tests: []{c3}{end}");
            let text = format!("{before}{old}{after}");
            let path = [Segment::Key("steps"), Segment::Index(1), Segment::Key("copy"), Segment::Key("to")];
            if new.contains('\0') { return Ok(()); }
            let edited = set_scalar(&text, &path, &new).unwrap();
            prop_assert!(edited.starts_with(&before) && edited.ends_with(&after), "{edited}");
            let tree = read(&edited).unwrap();
            let mut problems = Problems::new();
            let found = find(&tree, &path).unwrap().text("to", &mut problems);
            prop_assert_eq!(found, Some(new.as_str()));
        }
    }
}
