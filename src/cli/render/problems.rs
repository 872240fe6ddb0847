//! A problem as lines: place, message, the line of text it is about with a mark below, what would be right.

use crate::domain::recipe::{Problem, Severity};
use crate::domain::text::escape;

/// Widest excerpt.
const WIDTH: usize = 100;

/// `file:line:column: error: message`, the excerpt, `help: …`.
pub fn lines(file: &str, bytes: &[u8], problem: &Problem, color: bool) -> String {
    format!("{}: {}", place(file, problem), told(bytes, problem, color))
}

/// `file:line:column`.
pub fn place(file: &str, problem: &Problem) -> String {
    format!("{}:{}:{}", escape(file), problem.line, problem.column)
}

/// `error: message`, the excerpt, `help: …`.
pub fn told(bytes: &[u8], problem: &Problem, color: bool) -> String {
    let (on, off) = match (color, problem.severity) {
        (false, _) => ("", ""),
        (true, Severity::Error) => ("\x1b[1;31m", "\x1b[0m"),
        (true, Severity::Warning) => ("\x1b[1;33m", "\x1b[0m"),
        (true, Severity::Hint) => ("\x1b[1m", "\x1b[0m"),
    };
    let word = problem.severity.as_str();
    let mut out = format!("{on}{word}:{off} {}", problem.message);
    if let Some((text, mark)) = excerpt(bytes, problem) {
        let number = problem.line.to_string();
        let gap = " ".repeat(number.len());
        out.push_str(&format!("\n  {number} | {text}\n  {gap} | {on}{mark}{off}"));
    }
    if let Some(help) = &problem.help {
        out.push_str(&format!("\n  help: {help}"));
    }
    out
}

/// The line a problem is about, escaped and cut to what fits, and the mark below it.
fn excerpt(bytes: &[u8], problem: &Problem) -> Option<(String, String)> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let line = bytes.split(|b| *b == b'\n').nth(problem.line.checked_sub(1)? as usize)?;
    let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
    if line.trim().is_empty() {
        return None;
    }
    let column = problem.column as usize - 1;
    let first = column.saturating_sub(WIDTH * 2 / 3);
    let until = match problem.end {
        Some((end_line, end)) if end_line == problem.line => (end as usize - 1).max(column + 1),
        Some(_) => line.trim_end().chars().count().max(column + 1),
        None => column + 1,
    };
    let shown = |from: usize, to: usize| escape(&line.chars().skip(from).take(to - from).collect::<String>());
    let last = line.chars().count().min(first + WIDTH);
    let text = shown(first, last.max(first));
    let before = shown(first, column).chars().count();
    let marked = shown(column, until.min(first + WIDTH).max(column)).chars().count().max(1);
    Some((text, format!("{}{}", " ".repeat(before), "^".repeat(marked))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_below_what_it_marks() {
        let problem = Problem {
            line: 2,
            column: 10,
            end: Some((2, 14)),
            severity: Severity::Error,
            message: "unknown key `ownr`".into(),
            help: Some("known are a, b".into()),
        };
        let text = "x: 1\r\n- copy: {ownr: \"\x1b\"}\r\n";
        assert_eq!(
            lines("a.yaml", text.as_bytes(), &problem, false),
            "a.yaml:2:10: error: unknown key `ownr`\n  2 | - copy: {ownr: \"\\x1b\"}\n    |          ^^^^\n  help: known are a, b"
        );
    }
}
