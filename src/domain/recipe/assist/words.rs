//! What was typed at a place, cut where it means something, and what is put in its stead: in quotes where it needs them, with
//! the dash or the space that is missing.

use super::asked::{Kind, Typed};
use super::grammar::Value;
use super::outline::{Outline, Slot};
use super::{Asked, Completion, Completions};
use crate::domain::text::is_hazardous;
use crate::domain::yaml::{Node, NodeKind, Position, Problems, Reading, Scalar, Span, Style};

/// Most suggestions at once.
const MOST: usize = 2_000;

/// What was typed.
#[derive(Clone, Debug)]
pub(super) struct Words {
    /// The line, and characters of it that are replaced.
    line: usize,
    from: usize,
    to: usize,
    /// What stays in front of each suggestion: the folder of a path, the user before its group, the image before its tag.
    pub(super) head: String,
    /// What suggestions have to fit.
    pub(super) word: String,
    /// Whether something behind the replaced characters belongs to the same value.
    has_tail: bool,
    /// Whether a key has its colon already.
    pub(super) has_colon: bool,
    quote: Option<char>,
    is_closed: bool,
    glued: bool,
    typed: Typed,
}

impl Words {
    pub(super) fn of(outline: &Outline<'_>, slot: Slot, line: usize, typed: &Typed) -> Self {
        let text = outline.lines[line];
        let cursor = outline.at.map_or(slot.to, |(_, byte)| byte).clamp(slot.from, slot.to);
        let is_closed = slot.quote.is_some_and(|quote| text[slot.to..].starts_with(quote));
        // What follows a quote that is open is another's.
        let to = if slot.quote.is_some() && !is_closed { cursor } else { slot.to };
        let (before, after) = (&text[slot.from..cursor], &text[cursor..to]);
        let (head, tail) = typed.cut(before, after);
        let mark = if line == 0 { outline.mark } else { 0 };
        let characters = |byte: usize| mark + text[..byte].chars().count();
        Self {
            line,
            from: characters(slot.from),
            to: characters(to - tail),
            head: before[..head].to_owned(),
            word: before[head..].to_owned(),
            has_tail: tail > 0,
            has_colon: slot.own.is_some() && !matches!(typed.kind, Kind::Value(_)),
            quote: slot.quote,
            is_closed,
            glued: slot.glued,
            typed: *typed,
        }
    }

    /// A suggestion as it is put into the text.
    fn dressed(&self, insert: &str) -> String {
        let value = match self.typed.kind {
            Kind::Keys(_) => insert.to_owned(),
            Kind::Names(_) if self.has_colon => self.quoted(insert),
            Kind::Names(_) => format!("{}: ", self.quoted(insert)),
            Kind::Value(_) => self.quoted(insert),
        };
        let value = if self.typed.brackets { format!("[{value}]") } else { value };
        let dash = if self.typed.dash { "- " } else { "" };
        let space = if self.glued { " " } else { "" };
        format!("{space}{dash}{value}")
    }

    fn quoted(&self, text: &str) -> String {
        match self.quote {
            Some(quote) => {
                let end = if self.is_closed || self.has_tail { String::new() } else { quote.to_string() };
                let escaped = match quote {
                    '"' => text.replace('\\', "\\\\").replace('"', "\\\""),
                    _ => text.replace('\'', "''"),
                };
                format!("{escaped}{end}")
            }
            None if self.has_tail || !self.needs_quotes(text) => text.to_owned(),
            None => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }

    fn needs_quotes(&self, text: &str) -> bool {
        match self.typed.kind {
            Kind::Value(Value::Mode) => return true,
            Kind::Value(Value::Version | Value::Truth | Value::Exit) => return false,
            _ => {}
        }
        let opens = text.starts_with(|c: char| " -?:,[]{}#&*!|>'\"%@`".contains(c)) && !is_option(text);
        let breaks = text.contains(": ") || text.contains(" #") || text.ends_with([':', ' ']);
        let flows = self.typed.flow && text.contains([',', '[', ']', '{', '}']);
        opens || breaks || flows || !is_plain(text)
    }
}

/// `-eu`: a dash that begins no item.
fn is_option(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

/// Whether readers of YAML take a bare text for text.
fn is_plain(text: &str) -> bool {
    let scalar = Scalar { text: text.to_owned(), style: Style::Plain };
    let node = Node { kind: NodeKind::Scalar(scalar), span: Span::at(Position::START), aliased: false };
    node.text("", &mut Problems::new()).is_some()
}

impl Typed {
    /// How many bytes before the cursor stay, and how many behind it do.
    fn cut(&self, before: &str, after: &str) -> (usize, usize) {
        let Kind::Value(value) = self.kind else { return (0, 0) };
        match value {
            Value::Path | Value::Folder | Value::Cache | Value::Beside => {
                let tail = after.find('/').map_or(0, |at| after.len() - at);
                (before.rfind('/').map_or(0, |at| at + 1), tail)
            }
            Value::User | Value::Owner => {
                let tail = after.find(':').map_or(0, |at| after.len() - at);
                (before.find(':').map_or(0, |at| at + 1), tail)
            }
            Value::Base => {
                // A registry's port is no tag: its path follows.
                let path = before.rfind('/').map_or(0, |at| at + 1);
                let tail = after.find([':', '@']).map_or(0, |at| after.len() - at);
                (before[path..].find(':').map_or(0, |at| path + at + 1), tail)
            }
            _ => (0, 0),
        }
    }
}

/// How well a suggestion fits what was typed; `None` where it does not.
fn fits(label: &str, word: &str) -> Option<u8> {
    if word.is_empty() || label.starts_with(word) {
        return Some(0);
    }
    let (label, word) = (label.to_lowercase(), word.to_lowercase());
    match label.find(&word) {
        Some(0) => Some(1),
        Some(_) => Some(2),
        None => None,
    }
}

impl Asked {
    /// What suggestions have to fit.
    pub fn word(&self) -> &str {
        &self.words.word
    }

    /// What stays in front of each suggestion: a folder, a user, an image.
    pub fn head(&self) -> &str {
        &self.words.head
    }

    /// What may stand there, with what was found of the base, the stores and the files. A label is what is held against what
    /// was typed; what is inserted is the whole value.
    pub fn offer(&self, found: Vec<Completion>) -> Completions {
        let words = &self.words;
        let mut fitting: Vec<(u8, Completion)> = Vec::new();
        let mut labels = std::collections::HashSet::new();
        for item in self.own.iter().cloned().chain(found) {
            let Some(rank) = fits(&item.label, &words.word) else { continue };
            // A name that steers a terminal, or shows in another order than it is, is nobody's to take over.
            if [&item.label, &item.insert].iter().any(|text| text.contains(is_hazardous)) {
                continue;
            }
            if !self.taken.contains(&item.label) && labels.insert(item.label.clone()) {
                fitting.push((rank, item));
            }
        }
        fitting.sort_by_key(|(rank, _)| *rank);
        fitting.truncate(MOST);
        let dress = |(_, item): (u8, Completion)| Completion { insert: words.dressed(&item.insert), ..item };
        Completions {
            line: words.line,
            from: words.from,
            to: words.to,
            what: self.what.clone(),
            items: fitting.into_iter().map(dress).collect(),
        }
    }
}
