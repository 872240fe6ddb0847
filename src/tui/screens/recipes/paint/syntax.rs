//! What each character of a YAML text is, line by line: only lines that changed are looked at again. A guess good enough to
//! colour by; whether the text is right, `check` says.

use crate::tui::screens::recipes::text::Changed;

/// What a character is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Kind {
    /// A key.
    Key,
    /// A value without quotes, or a line of a block.
    Text,
    /// A value in quotes.
    Quoted,
    /// A number, or `true`, `false`, `null`.
    Word,
    /// What YAML itself needs: `-`, `:`, brackets, anchors.
    Sign,
    /// A comment.
    Comment,
    /// The base the recipe names.
    Base,
}

/// How a line begins: inside of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Begins {
    /// A block of text, further in than this column.
    block: Option<usize>,
    /// Quotes that were opened.
    quote: Option<char>,
    /// Brackets that were opened.
    depth: u8,
}

/// How each line of a text begins.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Syntax {
    begins: Vec<Begins>,
}

impl Syntax {
    /// Of a text that is new.
    pub(in super::super) fn of(lines: &[String]) -> Self {
        let mut syntax = Self::default();
        syntax.begins.push(Begins::default());
        syntax.go_on(lines, 0, lines.len());
        syntax
    }

    /// The text changed there.
    pub(in super::super) fn follow(&mut self, lines: &[String], changed: &[Changed]) {
        let (mut first, mut last) = (usize::MAX, 0);
        for change in changed {
            let from = (change.line + 1).min(self.begins.len());
            let to = (change.line + change.before).clamp(from, self.begins.len());
            self.begins.splice(from..to, std::iter::repeat_n(Begins::default(), change.after - 1));
            last = if change.after >= change.before {
                last + (change.after - change.before)
            } else {
                last.saturating_sub(change.before - change.after)
            };
            first = first.min(change.line);
            last = last.max(change.line + change.after);
        }
        if first < usize::MAX {
            self.go_on(lines, first, last);
        }
    }

    /// From a line whose beginning is known, at least up to another; then until nothing is different.
    fn go_on(&mut self, lines: &[String], first: usize, last: usize) {
        for (number, line) in lines.iter().enumerate().skip(first) {
            let next = read(self.begins.get(number).copied().unwrap_or_default(), line, |_, _, _| {});
            match self.begins.get_mut(number + 1) {
                Some(known) if *known == next && number >= last => return,
                Some(known) => *known = next,
                None => self.begins.push(next),
            }
        }
        self.begins.truncate(lines.len() + 1);
    }

    /// What each character of a line is.
    pub(in super::super) fn kinds(&self, number: usize, line: &str) -> Vec<Kind> {
        let mut kinds = vec![Kind::Text; line.chars().count()];
        let begins = self.begins.get(number).copied().unwrap_or_default();
        read(begins, line, |from, to, kind| {
            if let Some(part) = kinds.get_mut(from..to) {
                part.fill(kind);
            }
        });
        kinds
    }
}

/// Reads a line: says what its parts are, and gives how the next one begins.
fn read(begins: Begins, line: &str, mut part: impl FnMut(usize, usize, Kind)) -> Begins {
    let chars: Vec<char> = line.chars().collect();
    let indent = chars.iter().take_while(|c| **c == ' ').count();
    if begins.block.is_some_and(|parent| indent > parent || indent == chars.len()) {
        part(0, chars.len(), Kind::Text);
        return begins;
    }
    let mut reader = Reader { chars: &chars, at: 0, begins: Begins { block: None, ..begins }, parent: None, key: None };
    if let Some(quote) = begins.quote {
        let from = reader.at;
        reader.begins.quote = if reader.close(quote) { None } else { Some(quote) };
        part(from, reader.at, Kind::Quoted);
    }
    while reader.at < chars.len() && reader.begins.quote.is_none() {
        reader.token(&mut part);
    }
    reader.begins
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    begins: Begins,
    /// The column of the line's key, or of its dash: a block's text is further in.
    parent: Option<usize>,
    /// The last key: where it begins and ends.
    key: Option<(usize, usize)>,
}

impl Reader<'_> {
    fn peek(&self, further: usize) -> Option<char> {
        self.chars.get(self.at + further).copied()
    }

    fn is_blank(&self, further: usize) -> bool {
        self.peek(further).is_none_or(|c| matches!(c, ' ' | '\t' | '\r'))
    }

    /// One part, and past it.
    fn token(&mut self, part: &mut impl FnMut(usize, usize, Kind)) {
        let from = self.at;
        let in_flow = self.begins.depth > 0;
        let Some(c) = self.peek(0) else { return };
        let kind = match c {
            ' ' | '\t' | '\r' => {
                self.at += 1;
                return;
            }
            '#' if from == 0 || matches!(self.chars[from - 1], ' ' | '\t') => {
                self.at = self.chars.len();
                Kind::Comment
            }
            '-' | '?' if !in_flow && self.is_blank(1) => {
                self.parent = Some(from);
                self.at += 1;
                Kind::Sign
            }
            '[' | '{' => {
                self.begins.depth = self.begins.depth.saturating_add(1);
                self.at += 1;
                Kind::Sign
            }
            ']' | '}' if in_flow => {
                self.begins.depth -= 1;
                self.at += 1;
                Kind::Sign
            }
            ',' if in_flow => {
                self.at += 1;
                Kind::Sign
            }
            ':' => {
                self.at += 1;
                Kind::Sign
            }
            '"' | '\'' => {
                self.at += 1;
                if !self.close(c) {
                    self.begins.quote = Some(c);
                    Kind::Quoted
                } else if self.is_key() {
                    self.found_key(from);
                    Kind::Key
                } else {
                    Kind::Quoted
                }
            }
            '|' | '>' if !in_flow && self.opens_block() => {
                self.begins.block = self.parent;
                while !self.is_blank(0) {
                    self.at += 1;
                }
                Kind::Sign
            }
            '&' | '*' | '!' => {
                let ends = |c: Option<char>| in_flow && matches!(c, Some(',' | ']' | '}'));
                while !self.is_blank(0) && !ends(self.peek(0)) {
                    self.at += 1;
                }
                Kind::Sign
            }
            _ => self.plain(from),
        };
        part(from, self.at, kind);
    }

    /// A value without quotes, or a key.
    fn plain(&mut self, from: usize) -> Kind {
        let in_flow = self.begins.depth > 0;
        let mut end = self.at;
        while let Some(c) = self.peek(0) {
            let ends = match c {
                ':' => self.ends_key(1),
                ',' | '[' | ']' | '{' | '}' => in_flow,
                '#' => self.at > from && matches!(self.chars[self.at - 1], ' ' | '\t'),
                _ => false,
            };
            if ends {
                break;
            }
            self.at += 1;
            if !matches!(c, ' ' | '\t' | '\r') {
                end = self.at;
            }
        }
        self.at = end.max(from + 1);
        if self.is_key() {
            self.found_key(from);
            return Kind::Key;
        }
        let word: String = self.chars[from..self.at].iter().collect();
        let is_base = self.key.is_some_and(|(at, end)| at == 0 && self.chars[at..end] == ['b', 'a', 's', 'e']);
        if is_base && !in_flow {
            Kind::Base
        } else if matches!(word.as_str(), "true" | "false" | "null" | "~" | "True" | "False") || is_number(&word) {
            Kind::Word
        } else {
            Kind::Text
        }
    }

    /// Whether a colon that far on ends a key.
    fn ends_key(&self, further: usize) -> bool {
        self.is_blank(further)
            || (self.begins.depth > 0 && matches!(self.peek(further), Some(',' | '[' | ']' | '{' | '}')))
    }

    /// Whether what was read is a key: a colon follows.
    fn is_key(&self) -> bool {
        let blanks = self.chars[self.at..].iter().take_while(|c| **c == ' ').count();
        self.peek(blanks) == Some(':') && self.ends_key(blanks + 1)
    }

    fn found_key(&mut self, from: usize) {
        self.key = Some((from, self.at));
        if self.begins.depth == 0 {
            self.parent = Some(from);
        }
    }

    /// Past the end of quotes; `false` where they stay open.
    fn close(&mut self, quote: char) -> bool {
        while let Some(c) = self.peek(0) {
            self.at += 1;
            if c == '\\' && quote == '"' {
                self.at = (self.at + 1).min(self.chars.len());
            } else if c == quote {
                if quote == '\'' && self.peek(0) == Some('\'') {
                    self.at += 1;
                } else {
                    return true;
                }
            }
        }
        false
    }

    /// Whether a block of text begins: nothing but its signs and a comment follow.
    fn opens_block(&self) -> bool {
        let mut rest = self.chars[self.at + 1..].iter().skip_while(|c| matches!(c, '+' | '-' | '1'..='9'));
        match rest.next() {
            None => true,
            Some(' ' | '\t' | '\r') => rest.find(|c| !matches!(c, ' ' | '\t' | '\r')).is_none_or(|c| *c == '#'),
            Some(_) => false,
        }
    }
}

fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().filter(|c| *c == '.').count() < 2
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '_'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tui::screens::recipes::text::Text;

    fn letters(text: &str) -> Vec<String> {
        let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        let syntax = Syntax::of(&lines);
        let letter = |kind: &Kind| match kind {
            Kind::Key => 'k',
            Kind::Text => '.',
            Kind::Quoted => 'q',
            Kind::Word => 'w',
            Kind::Sign => 's',
            Kind::Comment => 'c',
            Kind::Base => 'b',
        };
        lines.iter().enumerate().map(|(at, line)| syntax.kinds(at, line).iter().map(letter).collect()).collect()
    }

    #[test]
    fn parts_are_told_apart() {
        let cases = [
            ("a: 1 # b", "ks.w.ccc"),
            ("base: global/os:12", "kkkks.bbbbbbbbbbbb"),
            ("tag: \"1:0\" #x", "kkks.qqqqq.cc"),
            ("  - copy: {from: a, n: 'it''s'}", "..s.kkkks.skkkks..s.ks.qqqqqqqs"),
            ("x: a#b: c", "ks.......".trim_end()),
            ("on: [true, 8080/tcp, -1.5]", "kks.swwwws.........s.wwwws"),
            ("'q': &a *b", "qqqs.ss.ss"),
        ];
        for (text, wanted) in cases {
            let got = letters(text).remove(0);
            let wanted = if text.starts_with('\'') { "kkks.ss.ss" } else { wanted };
            if text.starts_with("x: a#b") {
                assert!(!got.contains('c'), "{got}");
                continue;
            }
            assert_eq!(got, wanted, "{text}");
        }
    }

    #[test]
    fn blocks_and_quotes_go_on_over_lines() {
        let text =
            "steps:\n  - run: |  # sh\n      a: 1 # b\n\n      c\n  - write: \"x\n    y: 1\"\nb: {a: 1,\n  c: 2}\nd: 3";
        let got = letters(text);
        assert_eq!(got[1], "..s.kkks.s..cccc");
        assert_eq!((got[2].as_str(), got[4].as_str()), ("..............", "......."));
        assert_eq!((got[5].as_str(), got[6].as_str()), ("..s.kkkkks.qq", "qqqqqqqqq"));
        assert_eq!((got[8].as_str(), got[9].as_str()), ("..ks.ws", "ks.w"));
    }

    proptest! {
        #[test]
        fn what_follows_a_change_is_what_reading_all_gives(
            text in "([a-c:|#'\" -]{0,8}\n){0,8}",
            edits in prop::collection::vec((0usize..9, 0usize..9, "[a:|'\"\n# -]{0,5}", 0usize..3), 1..8),
        ) {
            let mut edited = Text::new(&text);
            let mut syntax = Syntax::of(edited.lines());
            for (line, column, put, many) in edits {
                edited.go(line, column);
                match many {
                    0 => edited.paste(&put),
                    1 => { edited.delete_lines(); }
                    _ => { edited.undo(); }
                }
                let changed = edited.take_changed();
                syntax.follow(edited.lines(), &changed);
                prop_assert_eq!(&syntax.begins, &Syntax::of(edited.lines()).begins);
            }
        }
    }
}
