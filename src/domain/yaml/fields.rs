//! Reading a tree by hand: known keys, wanted types, all problems noted, nothing thrown. Knows no recipe.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use super::node::{Entry, Node, NodeKind, Scalar, Span, Style};
use super::problem::{Problems, quote};
use super::suggest::nearest;

/// A mapping whose keys are known.
pub struct Fields<'a> {
    entries: &'a [Entry],
    /// Where the mapping stands.
    pub span: Span,
    what: &'a str,
}

impl<'a> Fields<'a> {
    /// Takes `node` as a mapping of `known` keys; other keys are errors with the nearest known name.
    pub fn open(node: &'a Node, what: &'a str, known: &[&str], problems: &mut Problems) -> Option<Self> {
        let NodeKind::Mapping(entries) = &node.kind else {
            problems
                .error(node.span, format!("{what} must be a mapping, found {}", node.describe()))
                .help(format!("its keys are {}", known.join(", ")));
            return None;
        };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            unknown(&format!("key {} in {what}", quote(&entry.key)), (&entry.key, entry.span), known, problems);
        }
        Some(Self { entries, span: node.span, what })
    }

    /// The entry of `key`; one without a value is an error and counts as absent.
    pub fn entry(&self, key: &str, problems: &mut Problems) -> Option<&'a Entry> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        if entry.value.is_null() {
            problems.error(entry.span, format!("{} has no value", quote(key))).help("give it one, or remove the key");
            return None;
        }
        Some(entry)
    }

    /// The value of `key`, as [`Fields::entry`].
    pub fn value(&self, key: &str, problems: &mut Problems) -> Option<&'a Node> {
        self.entry(key, problems).map(|entry| &entry.value)
    }

    /// The value of a key that must be there.
    pub fn require(&self, key: &str, problems: &mut Problems) -> Option<&'a Node> {
        if !self.entries.iter().any(|entry| entry.key == key) {
            let span = Span { start: self.span.start, end: self.span.start };
            problems.error(span, format!("{} has no {}", self.what, quote(key)));
            return None;
        }
        self.value(key, problems)
    }

    /// A text.
    pub fn text(&self, key: &str, problems: &mut Problems) -> Option<&'a str> {
        self.value(key, problems).and_then(|node| node.text(key, problems))
    }

    /// A text of a certain form.
    pub fn parse<T>(&self, key: &str, problems: &mut Problems) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.value(key, problems).and_then(|node| parse_scalar(node, key, problems))
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &str, problems: &mut Problems) -> Option<bool> {
        self.value(key, problems).and_then(|node| node.boolean(key, problems))
    }

    /// A list of texts.
    pub fn texts(&self, key: &str, problems: &mut Problems) -> Option<Vec<(&'a str, Span)>> {
        self.value(key, problems).and_then(|node| text_list(node, key, problems))
    }
}

/// Reports a name that is none of `known`.
fn unknown(what: &str, (name, span): (&str, Span), known: &[&str], problems: &mut Problems) {
    let mean = nearest(name, known.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    problems
        .error(span, format!("unknown {what}{}", mean.unwrap_or_default()))
        .help(format!("known are {}", known.join(", ")));
}

/// Typed readings of one value; what does not fit is noted and gives `None`. `what` names the value in messages.
pub trait Reading {
    /// Text: quoted, block, or plain text no reader of YAML takes for something else.
    fn text(&self, what: &str, problems: &mut Problems) -> Option<&str>;
    /// `true` or `false`, plain.
    fn boolean(&self, what: &str, problems: &mut Problems) -> Option<bool>;
    /// A whole number within a range, plain.
    fn number(&self, what: &str, range: std::ops::RangeInclusive<i64>, problems: &mut Problems) -> Option<i64>;
    /// A list.
    fn list(&self, what: &str, problems: &mut Problems) -> Option<&[Node]>;
}

impl Reading for Node {
    fn text(&self, what: &str, problems: &mut Problems) -> Option<&str> {
        let NodeKind::Scalar(scalar) = &self.kind else {
            problems.error(self.span, format!("{} must be text, found {}", quote(what), self.describe()));
            return None;
        };
        if let Some(taken) = other_type(scalar) {
            let text = quote(&scalar.text);
            problems
                .error(self.span, format!("{} must be text, but YAML readers take {text} for {taken}", quote(what)))
                .help(format!("put it in quotes: \"{}\"", crate::domain::text::escape(&scalar.text)));
            return None;
        }
        if scalar.text.contains('\0') {
            problems.error(self.span, format!("Y-08: {} contains a NUL character", quote(what)));
            return None;
        }
        Some(&scalar.text)
    }

    fn boolean(&self, what: &str, problems: &mut Problems) -> Option<bool> {
        match &self.kind {
            NodeKind::Scalar(Scalar { text, style: Style::Plain }) if text == "true" => Some(true),
            NodeKind::Scalar(Scalar { text, style: Style::Plain }) if text == "false" => Some(false),
            _ => {
                problems.error(self.span, format!("{} must be true or false", quote(what)));
                None
            }
        }
    }

    fn number(&self, what: &str, range: std::ops::RangeInclusive<i64>, problems: &mut Problems) -> Option<i64> {
        if let NodeKind::Scalar(Scalar { text, style: Style::Plain }) = &self.kind
            && let Ok(number) = text.parse::<i64>()
            && number.to_string() == *text
            && range.contains(&number)
        {
            return Some(number);
        }
        let (from, to) = (range.start(), range.end());
        let range = if from == to { format!("{from}") } else { format!("a whole number from {from} to {to}") };
        problems.error(self.span, format!("{} must be {range}", quote(what)));
        None
    }

    fn list(&self, what: &str, problems: &mut Problems) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::Sequence(items) => Some(items),
            NodeKind::Scalar(_) | NodeKind::Mapping(_) => {
                let found = self.describe();
                problems
                    .error(self.span, format!("{} must be a list, found {found}", quote(what)))
                    .help("write [a, b], or one `- a` a line");
                None
            }
        }
    }
}

/// What a reader of YAML 1.1 or 1.2 takes a plain scalar for, other than the text that stands there.
fn other_type(scalar: &Scalar) -> Option<&'static str> {
    if scalar.style != Style::Plain {
        return None;
    }
    let text = scalar.text.as_str();
    let lower = text.to_lowercase();
    match lower.as_str() {
        "" | "~" | "null" => return Some("nothing"),
        "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" => return Some("true or false"),
        ".nan" | ".inf" | "-.inf" | "+.inf" => return Some("a number"),
        _ => {}
    }
    let first = text.trim_start_matches(['-', '+', '.']).chars().next();
    if !first.is_some_and(|c| c.is_ascii_digit()) {
        return None;
    }
    // A whole number that prints as it is written means the same as text and as a number.
    if text.parse::<i64>().is_ok_and(|number| number.to_string() == text) {
        return None;
    }
    let bare = text.replace('_', "");
    let radix = bare.trim_start_matches(['-', '+']).to_lowercase();
    let digits = |prefix: &str, radix_digits: u32| {
        radix
            .strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix_digits)))
    };
    // YAML 1.1: [1-9][0-9]*(:[0-5]?[0-9])+
    let mut parts = radix.split(':');
    let sexagesimal = parts.next().is_some_and(|first| !first.starts_with('0') && first.parse::<u64>().is_ok())
        && radix.contains(':')
        && parts.all(|part| part.len() <= 2 && part.parse::<u8>().is_ok_and(|n| n < 60));
    let number = bare.parse::<f64>().is_ok() || digits("0x", 16) || digits("0o", 8) || digits("0b", 2);
    if number {
        Some("a number")
    } else if sexagesimal {
        Some("a number to base 60")
    } else {
        None
    }
}

/// Text that must stand in quotes, since bare it is a number in some readers' eyes; `example` shows how.
pub fn quoted_only<'a>(node: &'a Node, what: &str, example: &str, problems: &mut Problems) -> Option<&'a str> {
    if let NodeKind::Scalar(scalar) = &node.kind
        && scalar.style == Style::Plain
        && scalar.text.starts_with(|c: char| c.is_ascii_digit())
    {
        problems
            .error(node.span, format!("{} must be in quotes, found {}", quote(what), quote(&scalar.text)))
            .help(example);
        return None;
    }
    node.text(what, problems)
}

/// Text of a certain form.
pub fn parse_scalar<T>(node: &Node, what: &str, problems: &mut Problems) -> Option<T>
where
    T: FromStr,
    T::Err: Display,
{
    let text = node.text(what, problems)?;
    match text.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            problems.error(node.span, format!("{}: {}", quote(what), crate::domain::text::escape(&error.to_string())));
            None
        }
    }
}

/// A list of texts, each with its place; wrong items are noted and left out.
pub fn text_list<'a>(node: &'a Node, what: &str, problems: &mut Problems) -> Option<Vec<(&'a str, Span)>> {
    let items = node.list(what, problems)?;
    Some(items.iter().filter_map(|item| item.text(what, problems).map(|text| (text, item.span))).collect())
}

/// A mapping of texts, each key with its place.
pub fn text_map<'a>(node: &'a Node, what: &str, problems: &mut Problems) -> Option<BTreeMap<&'a str, (&'a str, Span)>> {
    let NodeKind::Mapping(entries) = &node.kind else {
        problems
            .error(node.span, format!("{} must be a mapping, found {}", quote(what), node.describe()))
            .help("write NAME: value, one a line");
        return None;
    };
    let mut map = BTreeMap::new();
    for entry in entries {
        if let Some(text) = entry.value.text(&entry.key, problems) {
            map.insert(entry.key.as_str(), (text, entry.span));
        }
    }
    Some(map)
}
