//! Words of an instruction: split where no quote holds them together, unquoted, variables put in. Knows no variable itself.

use crate::domain::text::escape;

/// What a variable is.
pub(in crate::domain::dockerfile) enum Lookup {
    /// This.
    Value(String),
    /// Nobody in this file says.
    Unknown(&'static str),
}

/// Words as they are written, with quotes and escapes.
pub(in crate::domain::dockerfile) fn split(text: &str, escape: char) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quote) = (None, None);
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => {
                if let Some(start) = start.take() {
                    words.push(&text[start..at]);
                }
                continue;
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), c) if c == escape => {
                start.get_or_insert(at);
                chars.next();
            }
            _ => {}
        }
        start.get_or_insert(at);
    }
    words.extend(start.map(|start| &text[start..]));
    words
}

/// `["a", "b"]`; `None` where it is none.
pub(in crate::domain::dockerfile) fn json_words(text: &str) -> Option<Vec<String>> {
    if !text.trim_start().starts_with('[') {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// One word without its quotes and with its variables' values; the error says why it cannot be had.
pub(in crate::domain::dockerfile) fn expand(
    word: &str,
    escape_char: char,
    lookup: &dyn Fn(&str) -> Lookup,
) -> Result<String, String> {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    let mut quote = None;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => out.push(c),
            (None, '\'' | '"') => quote = Some(c),
            (_, c) if c == escape_char => {
                let Some(next) = rest.chars().next() else {
                    out.push(c);
                    break;
                };
                rest = &rest[next.len_utf8()..];
                // Between double quotes only these lose the mark before them.
                if quote.is_some() && next != '"' && next != '$' && next != escape_char {
                    out.push(c);
                }
                out.push(next);
            }
            (_, '$') => {
                let (value, after) = variable(rest, lookup)?;
                out.push_str(&value);
                rest = after;
            }
            _ => out.push(c),
        }
    }
    match quote {
        Some(quote) => Err(format!("a quote {quote} is not closed")),
        None => Ok(out),
    }
}

/// What stands behind a `$`: its value, and the text after it.
fn variable<'t>(rest: &'t str, lookup: &dyn Fn(&str) -> Lookup) -> Result<(String, &'t str), String> {
    let named = |name: &str| match lookup(name) {
        Lookup::Value(value) => Ok(value),
        Lookup::Unknown(why) => Err(format!("{} {why}", shown(name))),
    };
    let Some(braced) = rest.strip_prefix('{') else {
        let name = name_of(rest);
        if name.is_empty() {
            return Ok(("$".to_owned(), rest));
        }
        return Ok((named(name)?, &rest[name.len()..]));
    };
    let (inside, after) = braced.split_once('}').ok_or("${ is not closed")?;
    let name = name_of(inside);
    let modifier = &inside[name.len()..];
    if name.is_empty() {
        return Err("${ is followed by no name".to_owned());
    }
    let known = |name: &str| match lookup(name) {
        Lookup::Value(value) => Some(value),
        Lookup::Unknown(_) => None,
    };
    let value = match modifier.split_at_checked(if modifier.starts_with(':') { 2 } else { 1 }) {
        None if modifier.is_empty() => named(name)?,
        Some((_, word)) if word.contains('$') => return Err(format!("{} is nested", shown(inside))),
        Some((":-", word)) => known(name).filter(|value| !value.is_empty()).unwrap_or_else(|| word.to_owned()),
        Some(("-", word)) => known(name).unwrap_or_else(|| word.to_owned()),
        Some((":+", word)) => known(name).filter(|value| !value.is_empty()).map_or(String::new(), |_| word.to_owned()),
        Some(("+", word)) => known(name).map_or(String::new(), |_| word.to_owned()),
        _ => return Err(format!("{} is a form that is not read here", shown(inside))),
    };
    Ok((value, after))
}

/// The name of a variable a text begins with.
fn name_of(text: &str) -> &str {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = text.find(|c: char| !letter(c)).unwrap_or(text.len());
    if text.starts_with(|c: char| c.is_ascii_digit()) { &text[..text.len().min(1)] } else { &text[..end] }
}

fn shown(name: &str) -> String {
    escape(&name.chars().take(60).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(word: &str) -> Result<String, String> {
        expand(word, '\\', &|name| match name {
            "A" => Lookup::Value("a b".into()),
            "EMPTY" => Lookup::Value(String::new()),
            _ => Lookup::Unknown("is set nowhere"),
        })
    }

    #[test]
    fn quotes_and_escapes_as_builders_read_them() {
        assert_eq!(split("a  'b c' d\\ e \"f \\\" g\" h'i'", '\\'), ["a", "'b c'", "d\\ e", "\"f \\\" g\"", "h'i'"]);
        for (word, value) in [
            ("'$A'", "$A"),
            ("\"$A\"", "a b"),
            ("x${A}y", "xa by"),
            ("\\$A", "$A"),
            ("\"a\\nb\\\"\\\\\"", "a\\nb\"\\"),
            ("${NO:-d}${EMPTY:-e}${EMPTY-f}", "de"),
            ("${A:+g}${EMPTY:+h}${EMPTY+i}${NO+j}", "gi"),
            ("5$", "5$"),
            ("$ x", "$ x"),
        ] {
            assert_eq!(with(word).as_deref(), Ok(value), "{word}");
        }
        for word in ["'a", "${A", "${}", "$NO", "${A#x}", "${A:-$B}", "${A:", "${A:}"] {
            assert!(with(word).is_err(), "{word}");
        }
    }

    #[test]
    fn lists_are_lists_of_texts_only() {
        assert_eq!(json_words(r#"["a", "b\n"]"#), Some(vec!["a".to_owned(), "b\n".to_owned()]));
        for text in ["[a]", "['a']", "[1]", "x [\"a\"]", "[\"a\"] x"] {
            assert_eq!(json_words(text), None, "{text}");
        }
    }
}
