//! Heredocs: which a line announces, and where each ends.

use super::words::split;

/// A text within the Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::domain::dockerfile) struct Heredoc {
    /// The word that ends it.
    pub(in crate::domain::dockerfile) name: String,
    /// The word that announces it, as written.
    pub(in crate::domain::dockerfile) word: String,
    /// Whether variables in it are the builder's to put in.
    pub(in crate::domain::dockerfile) expands: bool,
    /// Whether tabs at the beginnings of its lines do not count.
    pub(in crate::domain::dockerfile) strips: bool,
    /// Its lines, each with its end.
    pub(in crate::domain::dockerfile) content: String,
}

/// The heredocs a line of arguments announces, in order, still empty.
pub(super) fn announced(args: &str, escape: char) -> Vec<Heredoc> {
    split(args, escape).into_iter().filter_map(read).collect()
}

/// `<<EOF`, `<<-EOF`, `<<"EOF"`, `3<<EOF`.
fn read(word: &str) -> Option<Heredoc> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (rest, strips) = rest.strip_prefix('-').map_or((rest, false), |rest| (rest, true));
    let (name, expands) = match rest.chars().next()? {
        quote @ ('"' | '\'') => (rest[1..].strip_suffix(quote)?, false),
        _ => (rest, true),
    };
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.';
    if name.is_empty() || name.len() > 100 || !name.chars().all(letter) {
        return None;
    }
    Some(Heredoc { name: name.to_owned(), word: word.to_owned(), expands, strips, content: String::new() })
}

impl Heredoc {
    /// Takes the next line; `true` when it was the end.
    pub(super) fn take(&mut self, line: &str) -> bool {
        let line = if self.strips { line.trim_start_matches('\t') } else { line };
        if line == self.name {
            return true;
        }
        self.content.push_str(line);
        self.content.push('\n');
        false
    }
}
