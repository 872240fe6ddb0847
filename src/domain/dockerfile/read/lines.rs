//! Lines to instructions: parser directives, comments, continuations, flags, heredocs. What cannot be read is said with its
//! place, and the rest is read all the same.

use super::MAX_BYTES;
use super::heredoc::{Heredoc, announced};
use super::words::split;
use crate::domain::text::escape;

/// Most instructions of one file.
const MAX_INSTRUCTIONS: usize = 10_000;

/// `--name=value` before the arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::domain::dockerfile) struct Flag {
    pub(in crate::domain::dockerfile) name: String,
    /// As written, with quotes; `None` for a flag alone.
    pub(in crate::domain::dockerfile) value: Option<String>,
}

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::domain::dockerfile) struct Instruction {
    /// Its first line, from 1.
    pub(in crate::domain::dockerfile) line: u32,
    /// Its first column, from 1.
    pub(in crate::domain::dockerfile) column: u32,
    /// In capitals.
    pub(in crate::domain::dockerfile) name: String,
    pub(in crate::domain::dockerfile) flags: Vec<Flag>,
    /// What stands behind the flags, its lines joined.
    pub(in crate::domain::dockerfile) args: String,
    /// The same with its lines as they are.
    laid_out: String,
    pub(in crate::domain::dockerfile) heredocs: Vec<Heredoc>,
}

impl Instruction {
    /// The arguments for a shell, in the lines they were written in where that changes nothing: a shell joins lines as builders
    /// do, but not between single quotes.
    pub(in crate::domain::dockerfile) fn laid_out(&self, escape: char) -> String {
        let safe = escape == '\\' && !self.args.contains('\'') && self.laid_out.contains('\n');
        if safe { format!("{}\n", self.laid_out) } else { self.args.clone() }
    }
}

/// A place and what is wrong there.
pub(in crate::domain::dockerfile) struct Fault {
    pub(in crate::domain::dockerfile) line: u32,
    pub(in crate::domain::dockerfile) column: u32,
    pub(in crate::domain::dockerfile) message: String,
}

/// A whole Dockerfile.
#[derive(Default)]
pub(in crate::domain::dockerfile) struct Text {
    pub(in crate::domain::dockerfile) instructions: Vec<Instruction>,
    /// The escape character: `\` where no directive says otherwise.
    pub(in crate::domain::dockerfile) escape: char,
    pub(in crate::domain::dockerfile) faults: Vec<Fault>,
}

/// Reads a Dockerfile.
pub(in crate::domain::dockerfile) fn read(bytes: &[u8]) -> Text {
    let mut text = Text { escape: '\\', ..Text::default() };
    let mut refuse = |line, column, message: String| text.faults.push(Fault { line, column, message });
    if bytes.len() > MAX_BYTES {
        refuse(1, 1, format!("Y-10: {} bytes, at most {MAX_BYTES} are read", bytes.len()));
        return text;
    }
    let whole = match std::str::from_utf8(bytes) {
        Ok(whole) => whole.strip_prefix('\u{feff}').unwrap_or(whole),
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let line = before.iter().filter(|b| **b == b'\n').count();
            refuse(u32::try_from(line + 1).unwrap_or(u32::MAX), 1, "Y-10: not UTF-8".to_owned());
            return text;
        }
    };
    if let Some(at) = whole.find('\0') {
        let line = whole[..at].matches('\n').count();
        refuse(u32::try_from(line + 1).unwrap_or(u32::MAX), 1, "Y-10: a NUL is no text".to_owned());
        return text;
    }
    Reader { text, directives: true }.read(whole)
}

struct Reader {
    text: Text,
    /// Whether lines may still be parser directives.
    directives: bool,
}

impl Reader {
    fn read(mut self, whole: &str) -> Text {
        let mut lines = whole.lines().zip(1_u32..);
        while let Some((line, number)) = lines.next() {
            if self.directive(line) {
                continue;
            }
            let bare = line.trim_start();
            if bare.is_empty() || bare.starts_with('#') {
                continue;
            }
            if self.text.instructions.len() >= MAX_INSTRUCTIONS {
                self.fault(number, 1, format!("Y-10: more than {MAX_INSTRUCTIONS} instructions"));
                break;
            }
            let column = u32::try_from(line[..line.len() - bare.len()].chars().count() + 1).unwrap_or(u32::MAX);
            let (mut joined, mut laid_out) = (String::new(), String::new());
            let mut goes_on = self.piece(bare, &mut joined);
            let first = joined.len();
            laid_out.push_str(bare);
            while goes_on {
                let Some((next, _)) = lines.next() else { break };
                let bare = next.trim_start();
                if !bare.is_empty() && !bare.starts_with('#') {
                    goes_on = self.piece(next, &mut joined);
                    laid_out.push('\n');
                    laid_out.push_str(next);
                }
            }
            let mut instruction = self.instruction(&joined, (number, column));
            // Arguments are the end of the joined lines; where they begin in the first, they begin at the same place as written.
            let begin = joined.trim_end().len().saturating_sub(instruction.args.len());
            if begin < first {
                instruction.laid_out = laid_out[begin..].trim_end().to_owned();
            }
            for heredoc in &mut instruction.heredocs {
                if !lines.by_ref().any(|(line, _)| heredoc.take(line)) {
                    let message = format!("Y-10: nothing ends {}", escape(&heredoc.word));
                    self.text.faults.push(Fault { line: number, column, message });
                    break;
                }
            }
            self.text.instructions.push(instruction);
        }
        self.text
    }

    fn fault(&mut self, line: u32, column: u32, message: String) {
        self.text.faults.push(Fault { line, column, message });
    }

    /// `# escape=…` before anything else.
    fn directive(&mut self, line: &str) -> bool {
        if !self.directives {
            return false;
        }
        let pair = line.trim_start().strip_prefix('#').and_then(|rest| rest.split_once('='));
        let known = pair.filter(|(name, _)| {
            ["syntax", "escape", "check"].iter().any(|known| name.trim().eq_ignore_ascii_case(known))
        });
        self.directives = known.is_some();
        if let Some((name, value)) = known
            && name.trim().eq_ignore_ascii_case("escape")
            && value.trim() == "`"
        {
            self.text.escape = '`';
        }
        known.is_some()
    }

    /// Adds a line to the instruction it is of; `true` where another follows.
    fn piece(&self, line: &str, joined: &mut String) -> bool {
        match line.trim_end().strip_suffix(self.text.escape) {
            Some(before) => {
                joined.push_str(before);
                true
            }
            None => {
                joined.push_str(line);
                false
            }
        }
    }

    fn instruction(&self, joined: &str, (line, column): (u32, u32)) -> Instruction {
        let (name, rest) = joined.split_once(char::is_whitespace).unwrap_or((joined, ""));
        let name = name.to_ascii_uppercase();
        let (flags, args) = flags(rest, self.text.escape);
        let takes = matches!(name.as_str(), "RUN" | "COPY" | "ADD") && !args.starts_with('[');
        let heredocs = if takes { announced(args, self.text.escape) } else { Vec::new() };
        Instruction { line, column, flags, args: args.to_owned(), laid_out: String::new(), heredocs, name }
    }
}

/// Flags before the arguments, and the arguments.
fn flags(text: &str, escape: char) -> (Vec<Flag>, &str) {
    let mut flags = Vec::new();
    let mut rest = text.trim();
    while rest.starts_with("--") {
        let Some(word) = split(rest, escape).into_iter().next() else { break };
        if word == "--" {
            break;
        }
        let (name, value) = word[2..].split_once('=').map_or((&word[2..], None), |(name, value)| (name, Some(value)));
        flags.push(Flag { name: name.to_owned(), value: value.map(str::to_owned) });
        rest = rest[word.len()..].trim_start();
    }
    (flags, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(text: &str) -> Vec<(String, String)> {
        read(text.as_bytes()).instructions.into_iter().map(|one| (one.name, one.args)).collect()
    }

    #[test]
    fn lines_are_joined_and_comments_within_left_out() {
        let text = "# syntax=x\n# escape=`\nfrom a `\n  # no part\n\n  as b\n#c\nRUN a \\\n";
        assert_eq!(names(text), [("FROM".into(), "a   as b".into()), ("RUN".into(), "a \\".into())]);
        // A directive behind a comment is a comment.
        assert_eq!(names("# c\n# escape=`\nRUN a \\\nb")[0].1, "a b");
        assert_eq!(
            names("\u{feff}FROM a\r\nRUN b\\\r\nc\r\n"),
            [("FROM".into(), "a".into()), ("RUN".into(), "bc".into())]
        );
    }

    #[test]
    fn heredocs_end_at_their_word() {
        let text = "RUN --mount=type=cache,target=/a --network=none <<-EOF\n\ta\n\tEOF\nCOPY <<\"A\" <<B /x/\n$y\nA\nEOF\nB\nUSER b";
        let read = read(text.as_bytes());
        assert!(read.faults.is_empty());
        assert_eq!(read.instructions[0].heredocs[0].content, "a\n");
        assert_eq!(read.instructions[0].flags.len(), 2);
        let of_copy = &read.instructions[1].heredocs;
        assert_eq!((of_copy[0].content.as_str(), of_copy[0].expands), ("$y\n", false));
        assert_eq!((of_copy[1].content.as_str(), of_copy[1].expands), ("EOF\n", true));
        assert_eq!((read.instructions[2].line, read.instructions[2].name.as_str()), (9, "USER"));
    }

    #[test]
    fn y10_hostile_texts_are_bounded_and_have_a_place() {
        let long = format!("FROM a\nRUN {}", "x".repeat(1_000_000));
        assert_eq!(read(long.as_bytes()).instructions.len(), 2);
        let continued = format!("RUN a{}", " \\\n b".repeat(10_000));
        assert_eq!(read(continued.as_bytes()).instructions.len(), 1);
        let places = |bytes: &[u8]| -> Vec<(u32, String)> {
            read(bytes).faults.into_iter().map(|fault| (fault.line, fault.message)).collect()
        };
        assert_eq!(places(&vec![b'x'; MAX_BYTES + 1])[0].0, 1);
        assert_eq!(places(b"FROM a\nRUN <<EOF\nb\n"), [(2, "Y-10: nothing ends <<EOF".to_owned())]);
        assert_eq!(places(b"FROM a\nRUN \0"), [(2, "Y-10: a NUL is no text".to_owned())]);
        assert_eq!(places(b"FROM a\n\n\xff"), [(3, "Y-10: not UTF-8".to_owned())]);
        assert_eq!(places("RUN a\n".repeat(10_001).as_bytes())[0].0, 10_001);
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(text in "([A-Z]{2,4}|<<-?E|E|\\\\|\n|[ \t#=$'\"\\[]|\\PC){0,60}") {
            let lines = u32::try_from(text.lines().count().max(1)).unwrap();
            let read = read(text.as_bytes());
            prop_assert!(read.instructions.iter().all(|one| one.line >= 1 && one.line <= lines && one.column >= 1));
        }
    }
}
