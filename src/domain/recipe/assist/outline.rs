//! The outline of a text that is being typed: keys, items and values with their places, read line by line and by indentation,
//! whatever is broken. The strict reader says what is wrong with a text; this one only says where things stand. It never
//! fails, and takes time in proportion to the text.

use super::flow::Flow;

/// What stands at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// A key of a mapping.
    Key(&'t str),
    /// An item of a list, from 0.
    Item(usize),
    /// A value on one line, without its quotes.
    Text(&'t str),
    /// A value in lines of its own, `|` or `>`: the first line of its content, and the line after its last.
    Block(usize, usize),
}

/// A key, an item or a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'t> {
    /// What it belongs to: a value to its key or item, a key or item to what its mapping or list is the value of.
    pub(super) parent: Option<usize>,
    pub(super) part: Part<'t>,
    /// Its line, from 0.
    pub(super) line: usize,
}

/// What may be typed at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typing {
    /// A key of the holder's mapping.
    Key,
    /// The holder's value, on its line.
    Value,
    /// The holder's value, in whatever form it has: the first key of a mapping, the first item of a list, a text.
    Any,
    /// An item of the holder's list, within brackets.
    Element,
    /// An item of the holder's list, on a line without its dash.
    Item,
}

/// A place of the text where something is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// Whose key, item or value it is; nobody's: the text's own.
    pub(super) holder: Option<usize>,
    pub(super) typing: Typing,
    /// Bytes of the line that are the word there.
    pub(super) from: usize,
    pub(super) to: usize,
    /// The quote it stands in.
    pub(super) quote: Option<char>,
    /// Within braces or brackets.
    pub(super) flow: bool,
    /// Right behind a colon or dash, where a space is missing.
    pub(super) glued: bool,
    /// The key's own node, where it is one already, with its colon.
    pub(super) own: Option<usize>,
}

/// A mapping or list that is open.
#[derive(Clone, Copy, Debug)]
struct Frame {
    indent: usize,
    is_list: bool,
    holder: Option<usize>,
    last: Option<usize>,
    items: usize,
}

/// Keys, items and values of a text.
#[derive(Debug)]
pub(super) struct Outline<'t> {
    pub(super) lines: Vec<&'t str>,
    pub(super) nodes: Vec<Node<'t>>,
    /// What is typed at the place asked about, where anything is.
    pub(super) slot: Option<Slot>,
    /// The line and byte asked about.
    pub(super) at: Option<(usize, usize)>,
    /// Characters before the first line's own: a byte order mark.
    pub(super) mark: usize,
    frames: Vec<Frame>,
}

impl<'t> Outline<'t> {
    /// Of a text; with the slot at a line and character.
    pub(super) fn of(text: &'t str, at: Option<(usize, usize)>) -> Self {
        let (text, mark) = match text.strip_prefix('\u{feff}') {
            Some(text) => (text, 1),
            None => (text, 0),
        };
        let at = at.map(|(line, character)| (line, if line == 0 { character.saturating_sub(mark) } else { character }));
        let lines: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
        let at = at.and_then(|(line, character)| Some((line, byte_of(lines.get(line)?, character))));
        let mut outline = Self { lines, nodes: Vec::new(), slot: None, at, mark, frames: Vec::new() };
        let mut line = 0;
        while line < outline.lines.len() {
            // Every way through a line ends behind it.
            line = outline.line(line).max(line + 1);
        }
        outline
    }

    pub(super) fn push(&mut self, parent: Option<usize>, part: Part<'t>, line: usize) -> usize {
        self.nodes.push(Node { parent, part, line });
        self.nodes.len() - 1
    }

    /// Takes a slot where the place asked about is in it.
    pub(super) fn take(&mut self, line: usize, slot: Slot) {
        if self.at.is_some_and(|(at, byte)| at == line && byte >= slot.from && byte <= slot.to) {
            self.slot = Some(slot);
        }
    }

    /// A slot without a word, where the place asked about is in a gap between two others.
    pub(super) fn take_gap(&mut self, line: usize, (from, to): (usize, usize), slot: Slot) {
        if let Some((at, byte)) = self.at
            && at == line
            && byte >= from
            && byte <= to
        {
            self.slot = Some(Slot { from: byte, to: byte, glued: slot.glued && byte == from, ..slot });
        }
    }

    /// Whether nothing belongs to a node.
    fn is_empty(&self, node: usize) -> bool {
        self.nodes.get(node + 1).is_none_or(|next| next.parent != Some(node))
    }

    /// What belongs to a node, in the order of the text.
    pub(super) fn children(&self, node: Option<usize>) -> impl Iterator<Item = (usize, &Node<'t>)> {
        let from = node.map_or(0, |node| node + 1);
        let below = self.nodes.iter().enumerate().skip(from);
        // All that is below a node follows it, before anything that is not.
        below.take_while(move |(_, other)| other.parent >= node).filter(move |(_, other)| other.parent == node)
    }

    /// One line; gives the next to look at.
    fn line(&mut self, n: usize) -> usize {
        let text = self.lines[n];
        let indent = indent_of(text);
        let rest = &text[indent..];
        if rest.is_empty() || rest.starts_with('#') || (indent == 0 && (rest == "---" || rest == "...")) {
            if rest.is_empty() {
                self.blank(n);
            } else if rest.starts_with('#') && self.at.is_some_and(|(at, byte)| at == n && byte <= indent) {
                self.slot = None;
            }
            return n + 1;
        }
        let mut col = indent;
        let mut item = None;
        while is_dash(&text[col..]) {
            item = Some(self.item(n, col));
            let after = col + 1 + indent_of(&text[col + 1..]);
            if after >= text.len() || is_comment(text, after) {
                let slot = slot(item, Typing::Any);
                self.take_gap(n, (col + 1, after.min(text.len())), Slot { glued: true, ..slot });
                return n + 1;
            }
            col = after;
        }
        self.entry(n, col, item)
    }

    /// An item of a block list, its dash at `col`.
    fn item(&mut self, n: usize, col: usize) -> usize {
        while self.frames.last().is_some_and(|top| top.indent > col) {
            self.frames.pop();
        }
        let holder = match self.frames.last() {
            Some(top) if top.is_list && top.indent == col => top.holder,
            top => {
                let holder = top.and_then(|top| top.last);
                self.frames.push(Frame { indent: col, is_list: true, holder, last: None, items: 0 });
                holder
            }
        };
        let number = self.frames.last().map_or(0, |top| top.items);
        let node = self.push(holder, Part::Item(number), n);
        if let Some(top) = self.frames.last_mut() {
            (top.last, top.items) = (Some(node), number + 1);
        }
        node
    }

    /// What stands at `col`, behind the dash of `item` or at the beginning of its line: a key with its value, or a value.
    fn entry(&mut self, n: usize, col: usize, item: Option<usize>) -> usize {
        let text = self.lines[n];
        while self
            .frames
            .last()
            .is_some_and(|top| top.indent > col || (top.indent == col && top.is_list && item.is_none()))
        {
            let list = self.frames.pop();
            let bare = self.frames.last().is_none_or(|top| top.is_list || top.indent != col);
            // In the column of the dashes, and nothing else is in that column.
            if let Some(list) = list.filter(|list| list.is_list && list.indent == col && bare)
                && key_at(text, col).is_none()
            {
                self.take(n, Slot { from: col, to: word_end(text, col), ..slot(list.holder, Typing::Item) });
                self.frames.push(list);
                return n + 1;
            }
        }
        if let Some(key) = key_at(text, col) {
            let holder = match self.frames.last() {
                Some(top) if !top.is_list && top.indent == col => top.holder,
                top => {
                    let holder = top.and_then(|top| top.last);
                    self.frames.push(Frame { indent: col, is_list: false, holder, last: None, items: 0 });
                    holder
                }
            };
            let node = self.push(holder, Part::Key(&text[key.from..key.to]), n);
            if let Some(top) = self.frames.last_mut() {
                top.last = Some(node);
            }
            let own =
                Slot { from: key.from, to: key.to, quote: key.quote, own: Some(node), ..slot(holder, Typing::Key) };
            self.take(n, own);
            return self.value((n, key.colon + 1), slot(Some(node), Typing::Value), col);
        }
        match (item, self.frames.last().copied()) {
            (Some(item), top) => self.value((n, col), slot(Some(item), Typing::Any), top.map_or(0, |top| top.indent)),
            // A key without its colon yet.
            (None, None) => self.half_typed(n, col, None),
            (None, Some(top)) if top.indent == col => self.half_typed(n, col, top.holder),
            (None, Some(top)) => match top.last.filter(|last| self.is_empty(*last)) {
                Some(last) => self.value((n, col), slot(Some(last), Typing::Any), top.indent),
                // The second line of a text.
                None => n + 1,
            },
        }
    }

    fn half_typed(&mut self, n: usize, col: usize, holder: Option<usize>) -> usize {
        let text = self.lines[n];
        let quote = quote_at(text, col);
        let from = col + usize::from(quote.is_some());
        self.take(n, Slot { from, to: word_end(text, col), quote, ..slot(holder, Typing::Key) });
        n + 1
    }

    /// The value that begins at or behind `from`, typed in `slot`, of a mapping or list at `indent`.
    fn value(&mut self, (n, from): (usize, usize), slot: Slot, indent: usize) -> usize {
        let text = self.lines[n];
        let start = from + indent_of(&text[from.min(text.len())..]);
        let colon = from > 0 && text.as_bytes().get(from - 1) == Some(&b':');
        if start >= text.len() || is_comment(text, start) {
            self.take_gap(n, (from, start.min(text.len())), Slot { glued: colon, ..slot });
            return n + 1;
        }
        let is_asked = self.at.is_some_and(|(line, byte)| line == n && byte >= start);
        match text.as_bytes()[start] {
            b'{' | b'[' => Flow::read(self, (n, start), slot.holder, indent),
            b'|' | b'>' => {
                let end = self.block_end(n + 1, indent);
                self.push(slot.holder, Part::Block(n + 1, end), n);
                end
            }
            b'"' | b'\'' => {
                let quote = char::from(text.as_bytes()[start]);
                let (to, closed) = quoted_end(text, start, quote);
                self.push(slot.holder, Part::Text(&text[start + 1..to]), n);
                self.take(n, Slot { from: start + 1, to, quote: Some(quote), ..slot });
                if closed { n + 1 } else { self.quote_end(n + 1, indent, quote) }
            }
            _ => {
                let to = word_end(text, start);
                // A key's first letters are no value yet.
                if !(is_asked && slot.typing == Typing::Any) || text[start..to].contains(' ') {
                    self.push(slot.holder, Part::Text(&text[start..to]), n);
                }
                self.take(n, Slot { from: start, to, ..slot });
                n + 1
            }
        }
    }

    /// The line after the content of a text in lines of its own; blank lines at its end are no part of it.
    fn block_end(&self, first: usize, indent: usize) -> usize {
        let mut end = first;
        for (at, line) in self.lines.iter().enumerate().skip(first) {
            let own = indent_of(line);
            if own == line.len() {
                continue;
            }
            if own <= indent {
                break;
            }
            end = at + 1;
        }
        end
    }

    /// The line after a quoted text of several lines; one that is never closed ends where its indentation does.
    fn quote_end(&self, first: usize, indent: usize, quote: char) -> usize {
        for (at, line) in self.lines.iter().enumerate().skip(first) {
            let own = indent_of(line);
            if own < line.len() && own <= indent {
                return at;
            }
            // As if the quote stood before it.
            if closes(line.as_bytes(), 0, quote).is_some() {
                return at + 1;
            }
        }
        self.lines.len()
    }

    /// A line with nothing on it: what may be typed there follows from the column asked about.
    fn blank(&mut self, n: usize) {
        let Some((_, column)) = self.at.filter(|(line, _)| *line == n) else { return };
        let here = |holder, typing| Slot { from: column, to: column, ..slot(holder, typing) };
        let within = self.frames.iter().rposition(|frame| frame.indent <= column);
        let Some(at) = within else {
            self.slot = self.frames.is_empty().then(|| here(None, Typing::Key));
            return;
        };
        let frame = self.frames[at];
        let deeper = self.frames.get(at + 1);
        self.slot = if frame.indent == column && frame.is_list {
            // A mapping's list may stand in the mapping's own column.
            let below = at.checked_sub(1).and_then(|at| self.frames.get(at));
            Some(match below.filter(|below| below.indent == column) {
                Some(mapping) => here(mapping.holder, Typing::Key),
                None => here(frame.holder, Typing::Item),
            })
        } else if frame.indent == column {
            Some(here(frame.holder, Typing::Key))
        } else {
            match (frame.last, deeper) {
                (Some(last), _) if self.is_empty(last) => Some(here(Some(last), Typing::Any)),
                (Some(last), Some(deeper)) if !deeper.is_list => Some(here(Some(last), Typing::Key)),
                _ => None,
            }
        };
    }
}

/// A slot without a word.
pub(super) fn slot(holder: Option<usize>, typing: Typing) -> Slot {
    Slot { holder, typing, from: 0, to: 0, quote: None, flow: false, glued: false, own: None }
}

/// A key on its line, in bytes.
pub(super) struct KeyAt {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) colon: usize,
    pub(super) quote: Option<char>,
}

/// The key that begins at `col`, where one with its colon does.
pub(super) fn key_at(text: &str, col: usize) -> Option<KeyAt> {
    let bytes = text.as_bytes();
    if let Some(quote) = quote_at(text, col) {
        let (to, closed) = quoted_end(text, col, quote);
        let colon = to + 1 + indent_of(text.get(to + 1..)?);
        return (closed && is_colon(bytes, colon)).then_some(KeyAt { from: col + 1, to, colon, quote: Some(quote) });
    }
    if matches!(bytes.get(col)?, b'{' | b'[' | b'|' | b'>' | b'#' | b'&' | b'*' | b'!' | b',' | b'}' | b']') {
        return None;
    }
    let written = &text[..comment_from(text, col)];
    let colon = written[col..].match_indices(':').map(|(at, _)| col + at).find(|at| is_colon(bytes, *at))?;
    Some(KeyAt { from: col, to: col + text[col..colon].trim_end().len(), colon, quote: None })
}

/// A colon that ends a key: at the end of its line, or before a space.
fn is_colon(bytes: &[u8], at: usize) -> bool {
    bytes.get(at) == Some(&b':') && matches!(bytes.get(at + 1), None | Some(b' ' | b'\t'))
}

fn is_dash(text: &str) -> bool {
    text == "-" || text.starts_with("- ") || text.starts_with("-\t")
}

/// Whether a comment begins at `at`.
pub(super) fn is_comment(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    bytes.get(at) == Some(&b'#') && (at == 0 || matches!(bytes[at - 1], b' ' | b'\t'))
}

pub(super) fn quote_at(text: &str, col: usize) -> Option<char> {
    text.as_bytes().get(col).filter(|byte| matches!(byte, b'"' | b'\'')).map(|byte| char::from(*byte))
}

/// Where the text of a quote that opens at `start` ends on its line, and whether it is closed there.
pub(super) fn quoted_end(text: &str, start: usize, quote: char) -> (usize, bool) {
    match closes(text.as_bytes(), start + 1, quote) {
        Some(at) => (at, true),
        None => (text.len(), false),
    }
}

fn closes(bytes: &[u8], from: usize, quote: char) -> Option<usize> {
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        match (*byte, quote) {
            (b'\\', '"') => at += 1,
            (b'\'', '\'') if bytes.get(at + 1) == Some(&b'\'') => at += 1,
            (b'"', '"') | (b'\'', '\'') => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where a plain text that begins at `col` ends: before a comment, or spaces at the end of its line.
fn word_end(text: &str, col: usize) -> usize {
    col + text[col..comment_from(text, col)].trim_end().len()
}

/// Where a comment at or behind `col` begins; the end of the line where none does.
fn comment_from(text: &str, col: usize) -> usize {
    let found = text[col..].match_indices('#').map(|(at, _)| col + at).find(|at| is_comment(text, *at));
    found.unwrap_or(text.len())
}

/// Spaces at its beginning.
pub(super) fn indent_of(text: &str) -> usize {
    text.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// The byte where a character begins; the end of the line for those beyond.
fn byte_of(line: &str, character: usize) -> usize {
    line.char_indices().nth(character).map_or(line.len(), |(at, _)| at)
}
