//! Braces and brackets in the outline of a text: `{from: app, to: /srv}`, over as many lines as they take, closed or not.

use super::outline::{Outline, Part, Slot, Typing, indent_of, is_comment, quote_at, quoted_end, slot};

/// Braces or brackets that are open.
struct Open {
    is_list: bool,
    /// Whose value it is.
    holder: Option<usize>,
    /// The key whose value is due.
    key: Option<usize>,
    items: usize,
}

/// Reads one collection to its end.
pub(super) struct Flow<'o, 't> {
    outline: &'o mut Outline<'t>,
    open: Vec<Open>,
    line: usize,
    at: usize,
    /// Whether a key or value may begin here: nothing follows one but a comma.
    due: bool,
}

impl<'o, 't> Flow<'o, 't> {
    /// Reads what opens at a line and byte, the value of `holder` in a block at `indent`; gives the next line to look at. What
    /// is never closed ends where its indentation does.
    pub(super) fn read(
        outline: &'o mut Outline<'t>,
        (line, at): (usize, usize),
        holder: Option<usize>,
        indent: usize,
    ) -> usize {
        let mut flow = Self { outline, open: Vec::new(), line, at, due: true };
        flow.begin(holder);
        while !flow.open.is_empty() {
            if !flow.rest_of_line() {
                continue;
            }
            flow.line += 1;
            flow.at = 0;
            let Some(text) = flow.outline.lines.get(flow.line) else { break };
            let own = indent_of(text);
            if own < text.len() && own <= indent && !text[own..].starts_with(['}', ']']) {
                return flow.line;
            }
        }
        flow.line + 1
    }

    fn text(&self) -> &'t str {
        self.outline.lines[self.line]
    }

    /// Takes what opens here.
    fn begin(&mut self, holder: Option<usize>) {
        let is_list = self.text().as_bytes().get(self.at) == Some(&b'[');
        self.open.push(Open { is_list, holder, key: None, items: 0 });
        self.at += 1;
        self.due = true;
    }

    /// The slot for what may come next.
    fn next_slot(&self) -> Option<Slot> {
        let open = self.open.last()?;
        let next = match open.key {
            Some(key) => slot(Some(key), Typing::Value),
            None if open.is_list => slot(open.holder, Typing::Element),
            None => slot(open.holder, Typing::Key),
        };
        Some(Slot { flow: true, ..next })
    }

    /// Takes one thing on the line; whether the line is at its end.
    fn rest_of_line(&mut self) -> bool {
        let text = self.text();
        let start = self.at + indent_of(&text[self.at..]);
        let Some(next) = self.next_slot() else { return true };
        let colon = self.at > 0 && text.as_bytes()[self.at - 1] == b':';
        if self.due {
            self.outline.take_gap(self.line, (self.at, start), Slot { glued: colon, ..next });
        }
        self.at = start;
        let Some(byte) = text.as_bytes().get(start) else { return true };
        match byte {
            b'#' if is_comment(text, start) => return true,
            b'{' | b'[' => {
                let holder = self.holder_of_value();
                self.begin(holder);
            }
            b'}' | b']' => {
                self.open.pop();
                self.at += 1;
                self.settled(false);
            }
            b',' => {
                self.at += 1;
                self.settled(true);
            }
            _ => self.word(next),
        }
        false
    }

    /// What was due has come.
    fn settled(&mut self, due: bool) {
        self.due = due;
        if let Some(open) = self.open.last_mut() {
            open.key = None;
        }
    }

    /// Whose value comes next: the key's that waits, or a new item's.
    fn holder_of_value(&mut self) -> Option<usize> {
        let line = self.line;
        let open = self.open.last_mut()?;
        if open.is_list {
            let (holder, number) = (open.holder, open.items);
            open.items += 1;
            return Some(self.outline.push(holder, Part::Item(number), line));
        }
        open.key.or(open.holder)
    }

    /// A key or a value.
    fn word(&mut self, next: Slot) {
        let text = self.text();
        let start = self.at;
        let quote = quote_at(text, start);
        let (from, to, after) = match quote {
            Some(quote) => {
                let (to, closed) = quoted_end(text, start, quote);
                (start + 1, to, to + usize::from(closed))
            }
            None => {
                let end = plain_end(text, start, next.typing == Typing::Value);
                let to = start + text[start..end].trim_end().len();
                (start, to, end.max(start + 1))
            }
        };
        self.at = after.min(text.len());
        let word = &text[from..to.max(from)];
        let colon = self.at + indent_of(&text[self.at..]);
        let is_key = text.as_bytes().get(colon) == Some(&b':') && !word.is_empty();
        let own = Slot { from, to: to.max(from), quote, ..next };
        match next.typing {
            Typing::Key if is_key => {
                let node = self.outline.push(next.holder, Part::Key(word), self.line);
                self.outline.take(self.line, Slot { own: Some(node), ..own });
                if let Some(open) = self.open.last_mut() {
                    open.key = Some(node);
                }
            }
            Typing::Key => self.outline.take(self.line, own),
            _ => {
                let holder = self.holder_of_value();
                self.outline.push(holder, Part::Text(word), self.line);
                self.outline.take(self.line, Slot { own: holder.filter(|_| next.typing == Typing::Element), ..own });
                // Its end is the next comma's or bracket's business.
            }
        }
        self.due = text.as_bytes().get(colon) == Some(&b':');
        if self.due {
            self.at = colon + 1;
        }
    }
}

/// Where a plain text within braces or brackets ends. In a key's value a colon is its own: `app:` is an owner half typed.
fn plain_end(text: &str, start: usize, is_value: bool) -> usize {
    let bytes = text.as_bytes();
    let ends = |at: &usize| match bytes[*at] {
        b',' | b'[' | b']' | b'{' | b'}' => true,
        b':' if !is_value => matches!(bytes.get(at + 1), None | Some(b' ' | b'\t' | b',' | b'[' | b']' | b'{' | b'}')),
        _ => is_comment(text, *at),
    };
    (start..bytes.len()).find(ends).unwrap_or(bytes.len())
}
