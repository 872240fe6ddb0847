//! The tree of one document: scalars as written, with their places. Decides no type, resolves no meaning.

/// A place in the text (behind its byte order mark, if it has one).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Byte offset.
    pub byte: usize,
    /// 1-based line.
    pub line: u32,
    /// 1-based column, in characters.
    pub column: u32,
}

impl Position {
    /// Where a text begins.
    pub const START: Self = Self { byte: 0, line: 1, column: 1 };
}

/// From a place up to another, exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First character.
    pub start: Position,
    /// Behind the last.
    pub end: Position,
}

impl Span {
    /// An empty span.
    pub fn at(start: Position) -> Self {
        Self { start, end: start }
    }
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Where it stands; of an alias, where the alias stands.
    pub span: Span,
    /// Whether it came through an alias, so that its text stands elsewhere.
    pub aliased: bool,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// Text.
    Scalar(Scalar),
    /// `- …`
    Sequence(Vec<Node>),
    /// `key: …`, no key twice.
    Mapping(Vec<Entry>),
}

/// A scalar, unescaped but of no type yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text.
    pub text: String,
    /// How it was written.
    pub style: Style,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Bare.
    Plain,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// `|` or `>`.
    Block,
}

/// One `key: value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// Where the key stands.
    pub span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// A plain `null`, `~` or nothing at all.
    pub fn is_null(&self) -> bool {
        match &self.kind {
            NodeKind::Scalar(scalar) => {
                scalar.style == Style::Plain && matches!(scalar.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            NodeKind::Sequence(_) | NodeKind::Mapping(_) => false,
        }
    }

    /// What to call it in a message.
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            NodeKind::Scalar(_) if self.is_null() => "nothing",
            NodeKind::Scalar(_) => "text",
            NodeKind::Sequence(_) => "a list",
            NodeKind::Mapping(_) => "a mapping",
        }
    }

    /// The value of `key`, where this is a mapping that has it.
    pub fn value(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            NodeKind::Mapping(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            NodeKind::Scalar(_) | NodeKind::Sequence(_) => None,
        }
    }

    /// Values in it and below it, itself too, and the bytes of their texts.
    pub(super) fn weight(&self) -> (usize, usize) {
        match &self.kind {
            NodeKind::Scalar(scalar) => (1, scalar.text.len()),
            NodeKind::Sequence(items) => items.iter().map(Node::weight).fold((1, 0), add),
            NodeKind::Mapping(entries) => {
                entries.iter().map(|entry| add(entry.value.weight(), (1, entry.key.len()))).fold((1, 0), add)
            }
        }
    }

    /// Levels of nesting in it.
    pub(super) fn depth(&self) -> usize {
        match &self.kind {
            NodeKind::Scalar(_) => 0,
            NodeKind::Sequence(items) => 1 + items.iter().map(Node::depth).max().unwrap_or(0),
            NodeKind::Mapping(entries) => 1 + entries.iter().map(|entry| entry.value.depth()).max().unwrap_or(0),
        }
    }
}

fn add(a: (usize, usize), b: (usize, usize)) -> (usize, usize) {
    (a.0 + b.0, a.1 + b.1)
}
