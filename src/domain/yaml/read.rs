//! Reading: text to tree, once, within bounds. Everything wrong with the YAML itself is said here.

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Tag};

use super::node::{Entry, Node, NodeKind, Position, Scalar, Span, Style};
use super::problem::{Problems, quote};
use super::scan::{small, text_of};

/// Largest document read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// Deepest nesting.
pub const MAX_DEPTH: usize = 64;
/// Most values, aliases counted as often as they are used.
const MAX_NODES: usize = 100_000;
/// Most bytes of text, aliases counted as often as they are used.
const MAX_TEXT: usize = 8 << 20;

/// Reads one document of at most [`MAX_BYTES`]; `None` when there is no tree to go on with.
pub fn read(bytes: &[u8], problems: &mut Problems) -> Option<Node> {
    read_within(bytes, MAX_BYTES, problems)
}

/// Reads one document of at most `limit` bytes.
pub fn read_within(bytes: &[u8], limit: usize, problems: &mut Problems) -> Option<Node> {
    let text = text_of(bytes, limit, problems)?;
    let mut options = granit_parser::options! {
        disallow_directives: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    options.set_emit_comments(false);
    let mut builder = Builder::new(text, problems);
    for event in Parser::new_from_str_with_options(text, options) {
        let taken = match event {
            Ok((event, span)) => builder.take(event, span),
            Err(error) => {
                builder.refuse_yaml(&error);
                return None;
            }
        };
        if taken.is_err() {
            return None;
        }
    }
    match builder.root {
        Some(node) if !node.is_null() => Some(node),
        _ => {
            builder.problems.error(Span::at(Position::START), "nothing here: the file is empty");
            None
        }
    }
}

/// Reading cannot go on; the problem is recorded.
struct Stop;

/// A collection whose end has not come yet.
struct Open {
    start: Position,
    anchor: usize,
    items: Items,
}

enum Items {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, seen: HashMap<String, u32>, key: Option<Key> },
}

/// A key whose value has not come yet.
struct Key {
    text: String,
    span: Span,
    /// A duplicate, or no text: reported, and its value is dropped.
    refused: bool,
}

struct Builder<'a> {
    text: &'a str,
    problems: &'a mut Problems,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
    bytes: usize,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, problems: &'a mut Problems) -> Self {
        Self { text, problems, open: Vec::new(), anchors: HashMap::new(), root: None, documents: 0, nodes: 0, bytes: 0 }
    }

    fn take(&mut self, event: Event<'_>, place: granit_parser::Span) -> Result<(), Stop> {
        let span = Span { start: position(&place.start), end: position(&place.end) };
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.problems
                        .error(Span::at(span.start), "Y-01: a second document begins here")
                        .help("keep one document a file: remove the `---` line");
                    return Err(Stop);
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &place, true);
                let scalar = Scalar { text: text.into_owned(), style: style_of(style) };
                self.nodes += 1;
                self.add(Node { kind: NodeKind::Scalar(scalar), span, aliased: false }, anchor)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &place, false);
                self.begin(span.start, anchor, Items::Sequence(Vec::new()))?;
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &place, false);
                let items = Items::Mapping { entries: Vec::new(), seen: HashMap::new(), key: None };
                self.begin(span.start, anchor, items)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span.end)?,
            Event::Alias(anchor) => self.alias(anchor, span)?,
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, start: Position, anchor: usize, items: Items) -> Result<(), Stop> {
        self.nodes += 1;
        self.open.push(Open { start, anchor, items });
        self.within_depth(self.open.len(), Span::at(start))
    }

    fn within_depth(&mut self, depth: usize, span: Span) -> Result<(), Stop> {
        if depth <= MAX_DEPTH {
            return Ok(());
        }
        self.problems.error(span, format!("Y-01: nested deeper than {MAX_DEPTH} levels"));
        Err(Stop)
    }

    fn end(&mut self, end: Position) -> Result<(), Stop> {
        let Some(open) = self.open.pop() else { return Err(Stop) };
        let (kind, last) = match open.items {
            Items::Sequence(items) => {
                let last = items.last().map(|item| item.span.end);
                (NodeKind::Sequence(items), last)
            }
            Items::Mapping { entries, .. } => {
                let last = entries.last().map(|entry| entry.value.span.end);
                (NodeKind::Mapping(entries), last)
            }
        };
        // A block collection ends, for the parser, where the next token begins; for a reader, behind its last value.
        let closed = self.text.get(..end.byte).is_some_and(|before| before.ends_with([']', '}']));
        let end = if closed { end } else { last.unwrap_or(open.start) };
        self.add(Node { kind, span: Span { start: open.start, end }, aliased: false }, open.anchor)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Stop> {
        let Some(target) = self.anchors.get(&anchor) else {
            self.problems.error(span, "Y-01: this alias stands within what it names");
            return Err(Stop);
        };
        let (nodes, bytes) = target.weight();
        self.nodes += nodes;
        self.bytes += bytes;
        if self.nodes > MAX_NODES || self.bytes > MAX_TEXT {
            self.problems
                .error(span, "Y-01: aliases make this document too large")
                .help(format!("at most {MAX_NODES} values, aliases counted as often as they are used"));
            return Err(Stop);
        }
        let mut node = target.clone();
        self.within_depth(self.open.len() + node.depth(), span)?;
        point_at(&mut node, span);
        self.add(node, 0)
    }

    /// Puts a finished value where it belongs.
    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Stop> {
        if self.nodes > MAX_NODES {
            self.problems.error(node.span, format!("Y-01: more than {MAX_NODES} values"));
            return Err(Stop);
        }
        if anchor != 0 {
            let (_, bytes) = node.weight();
            self.bytes += bytes;
            if self.bytes > MAX_TEXT {
                self.problems.error(node.span, "Y-01: anchors make this document too large");
                return Err(Stop);
            }
            self.anchors.insert(anchor, node.clone());
        }
        let problems = &mut *self.problems;
        match self.open.last_mut().map(|open| &mut open.items) {
            None => self.root = Some(node),
            Some(Items::Sequence(items)) => items.push(node),
            Some(Items::Mapping { entries, seen, key }) => match key.take() {
                None => *key = Some(key_of(node, seen, problems)),
                Some(taken) if taken.refused => {}
                Some(taken) => entries.push(Entry { key: taken.text, span: taken.span, value: node }),
            },
        }
        Ok(())
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, place: &granit_parser::Span, scalar: bool) {
        let Some(tag) = tag else { return };
        if scalar && tag.core_suffix() == Some("str") {
            return;
        }
        let span = match place.tag_span() {
            Some(found) => Span { start: position(&found.start), end: position(&found.end) },
            None => Span::at(position(&place.start)),
        };
        self.problems
            .error(span, format!("Y-02: tag {} is not accepted", quote(&tag.original())))
            .help("write the value itself; nothing is included or constructed");
    }

    fn refuse_yaml(&mut self, error: &ScanError) {
        let at = position(error.marker());
        let line = self.text.lines().nth(at.line.saturating_sub(1) as usize).unwrap_or("");
        let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
        let (message, help) = match error.kind() {
            ErrorKind::RecursionLimitExceeded => (format!("Y-01: nested deeper than {MAX_DEPTH} levels"), None),
            ErrorKind::DirectiveDisallowed => {
                ("Y-02: directives are not accepted".into(), Some("remove the line that begins with %"))
            }
            ErrorKind::UnknownAnchor => ("Y-02: alias of something that has no anchor".into(), None),
            kind if indent.contains('\t') => {
                (format!("Y-10: tab in the indentation: {kind}"), Some("indent with spaces"))
            }
            ErrorKind::MappingValueNotAllowed => (
                error.kind().to_string(),
                Some("a `:` followed by a space begins a value; quote the text if it is part of it"),
            ),
            ErrorKind::UnexpectedCharacter { .. } => {
                (error.kind().to_string(), Some("quote text that begins with one of @ ` % * & ! | > { } [ ]"))
            }
            kind => (kind.to_string(), None),
        };
        let problem = self.problems.error(Span::at(at), message);
        if let Some(help) = help {
            problem.help(help);
        }
    }
}

fn key_of(node: Node, seen: &mut HashMap<String, u32>, problems: &mut Problems) -> Key {
    let span = node.span;
    let NodeKind::Scalar(scalar) = node.kind else {
        problems.error(span, "Y-02: a key must be text");
        return Key { text: String::new(), span, refused: true };
    };
    let mut refused = false;
    if scalar.text == "<<" && scalar.style == Style::Plain {
        problems.error(span, "Y-02: merge keys are not accepted").help("write the keys out");
        refused = true;
    } else if let Some(line) = seen.get(&scalar.text) {
        problems
            .error(span, format!("Y-02: duplicate key {}", quote(&scalar.text)))
            .help(format!("it stands in line {line} already; remove one of the two"));
        refused = true;
    } else {
        seen.insert(scalar.text.clone(), span.start.line);
    }
    Key { text: scalar.text, span, refused }
}

/// An alias's values are shown where the alias stands: that is where the reader can change them.
fn point_at(node: &mut Node, span: Span) {
    node.span = span;
    node.aliased = true;
    match &mut node.kind {
        NodeKind::Scalar(_) => {}
        NodeKind::Sequence(items) => items.iter_mut().for_each(|item| point_at(item, span)),
        NodeKind::Mapping(entries) => {
            for entry in entries {
                entry.span = span;
                point_at(&mut entry.value, span);
            }
        }
    }
}

fn position(marker: &Marker) -> Position {
    Position {
        byte: marker.byte_offset().unwrap_or(0),
        line: small(marker.line().max(1)),
        column: small(marker.col() + 1),
    }
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}
