//! How values are written in a Dockerfile, so that a builder reads them back as they are.

/// Within double quotes: `ENV`, `LABEL`.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// A list of words.
pub(super) fn json(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| serde_json::Value::from(word.as_str()).to_string()).collect();
    format!("[{}]", words.join(", "))
}

/// A path as one word, where variables are put in.
pub(super) fn path(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '$' | '"' | '\'') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A path of the build context: what builders read as a pattern stands for itself.
pub(super) fn source(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in path(text).chars() {
        match c {
            '[' => out.push_str("[[]"),
            '*' => out.push_str("[*]"),
            '?' => out.push_str("[?]"),
            c => out.push(c),
        }
    }
    out
}

/// From and to: as two words, or as a list where a space stands in one.
pub(super) fn pair(from: &str, to: &str) -> String {
    let (from, to) = (source(from), path(to));
    match from.contains(char::is_whitespace) || to.contains(char::is_whitespace) {
        true => json(&[from, to]),
        false => format!("{from} {to}"),
    }
}

/// A word that no line of a text is.
pub(super) fn end_word(text: &str) -> String {
    let taken = |word: &str| text.lines().any(|line| line == word);
    let mut word = "EOF".to_owned();
    let mut number = 1;
    while taken(&word) {
        number += 1;
        word = format!("EOF{number}");
    }
    word
}

/// Whether a text comes out of a heredoc as it went in.
pub(super) fn fits_heredoc(text: &str) -> bool {
    text.ends_with('\n') && !text.contains('\r')
}
