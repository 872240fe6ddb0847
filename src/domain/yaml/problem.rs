//! Problems: what is wrong where, and what would be right. Knows no file name and no output.

use serde::Serialize;

use super::node::Span;
use crate::domain::text::escape;

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Cannot be baked.
    Error,
    /// Can be baked, and is probably not what was meant.
    Warning,
    /// Could be better.
    Hint,
}

impl Severity {
    /// The word in front of the message.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// One diagnostic of a text. Message and help are escaped: nothing in them steers a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// 1-based line.
    pub line: u32,
    /// 1-based column, in characters.
    pub column: u32,
    /// Line and column behind the last character, where known.
    pub end: Option<(u32, u32)>,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

/// Problems in the order they were found; bounded, so that a hostile text cannot make a million of them.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    found: Vec<Problem>,
    dropped: usize,
}

/// Most problems kept of one text.
const MAX_PROBLEMS: usize = 200;

impl Problems {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an error.
    pub fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Self {
        self.add(span, Severity::Error, message.into())
    }

    /// Adds a warning.
    pub fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Self {
        self.add(span, Severity::Warning, message.into())
    }

    /// Adds a hint.
    pub fn hint(&mut self, span: Span, message: impl Into<String>) -> &mut Self {
        self.add(span, Severity::Hint, message.into())
    }

    /// Says what would be right, of the problem added last.
    pub fn help(&mut self, help: impl Into<String>) {
        if self.dropped == 0
            && let Some(last) = self.found.last_mut()
        {
            last.help = Some(help.into());
        }
    }

    fn add(&mut self, span: Span, severity: Severity, message: String) -> &mut Self {
        if self.found.len() >= MAX_PROBLEMS {
            self.dropped += 1;
            return self;
        }
        let (start, end) = (span.start, span.end);
        let end = (end.byte > start.byte).then_some((end.line, end.column));
        self.found.push(Problem { line: start.line, column: start.column, end, severity, message, help: None });
        self
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.dropped > 0 || self.found.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// How many there are so far.
    pub fn len(&self) -> usize {
        self.found.len() + self.dropped
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them, in the order of the text.
    pub fn into_sorted(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|problem| (problem.line, problem.column, problem.severity));
        if self.dropped > 0
            && let Some(last) = self.found.last()
        {
            let message = format!("{} more problems are not shown", self.dropped);
            let more = Problem { end: None, severity: Severity::Error, message, help: None, ..last.clone() };
            self.found.push(more);
        }
        self.found
    }
}

/// Text of the document within a message: in backticks, escaped, not longer than a line.
pub fn quote(text: &str) -> String {
    let short: String = text.chars().take(80).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("`{}{dots}`", escape(&short))
}
