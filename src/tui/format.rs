//! Words and widths: cutting with an ellipsis, padding, short digests, ages. Draws nothing.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::domain::units;

/// Columns `text` takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text` in at most `columns`; what does not fit is cut at its end, with `ellipsis`.
pub fn fit(text: &str, columns: usize, ellipsis: &str) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(width(ellipsis));
    if room == 0 {
        return ellipsis.chars().take(columns).collect();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = UnicodeWidthChar::width(c).unwrap_or(0);
        if used + wide > room {
            break;
        }
        used += wide;
        out.push(c);
    }
    out + ellipsis
}

/// An image's name in at most `columns`. What does not fit is cut at its beginning, before a `/` where that helps: what it is
/// called last, and its tag, are what one looks for.
pub fn tail(name: &str, columns: usize, ellipsis: &str) -> String {
    if width(name) <= columns {
        return name.to_owned();
    }
    let room = columns.saturating_sub(width(ellipsis));
    let fits = |from: &usize| width(&name[*from..]) <= room;
    let whole = name.match_indices('/').map(|(at, _)| at).find(fits);
    let from = whole.or_else(|| name.char_indices().map(|(at, _)| at).find(fits)).unwrap_or(name.len());
    if room == 0 { fit(name, columns, ellipsis) } else { format!("{ellipsis}{}", &name[from..]) }
}

/// `text` at the left of exactly `columns`.
pub fn left(text: &str, columns: usize, ellipsis: &str) -> String {
    let shown = fit(text, columns, ellipsis);
    let pad = columns.saturating_sub(width(&shown));
    shown + &" ".repeat(pad)
}

/// `text` at the right of exactly `columns`.
pub fn right(text: &str, columns: usize, ellipsis: &str) -> String {
    let shown = fit(text, columns, ellipsis);
    " ".repeat(columns.saturating_sub(width(&shown))) + &shown
}

/// How long before `now` an RFC 3339 time was: `5 min`, `3 d`; empty where nobody told.
pub fn age(at: Option<&str>, now: OffsetDateTime) -> String {
    let Some(then) = at.and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok()) else { return String::new() };
    // The beginning of time is what images carry whose time nobody told.
    if then.unix_timestamp() <= 0 {
        return String::new();
    }
    units::age(u64::try_from((now - then).whole_seconds()).unwrap_or(0))
}

/// `00:07`, `12:03`, `1:02:03`.
pub fn clock(millis: u64) -> String {
    let seconds = millis / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes:02}:{seconds:02}") }
}

/// `text` broken into lines of at most `columns`, at spaces where there are any.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let gap = usize::from(!line.is_empty());
            if width(&line) + gap + width(word) <= columns {
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(word);
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line = broken(word, columns, &mut lines);
        }
        lines.push(line);
    }
    lines
}

/// A word too long for a line, its full lines put away; gives what is left of it.
fn broken(word: &str, columns: usize, lines: &mut Vec<String>) -> String {
    let mut line = String::new();
    for c in word.chars() {
        if width(&line) + UnicodeWidthChar::width(c).unwrap_or(0) > columns {
            lines.push(std::mem::take(&mut line));
        }
        line.push(c);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_cut_without_an_ellipsis() {
        assert_eq!(fit("payments-api", 12, "…"), "payments-api");
        assert_eq!(fit("payments-api", 8, "…"), "payment…");
        assert_eq!(fit("名前名前", 5, "…"), "名前…");
        assert_eq!(
            (fit("abc", 1, "…"), fit("abc", 0, "…"), fit("abcdef", 4, "..")),
            ("…".into(), String::new(), "ab..".into())
        );
        assert_eq!((left("ab", 4, "…"), right("ab", 4, "…")), ("ab  ".into(), "  ab".into()));
    }

    #[test]
    fn of_a_name_that_does_not_fit_the_end_shows() {
        let name = "global/team-a/payments-api:1.4.0";
        for (columns, shown) in [
            (32, name),
            (31, "…/team-a/payments-api:1.4.0"),
            (20, "…/payments-api:1.4.0"),
            (19, "…payments-api:1.4.0"),
            (7, "…:1.4.0"),
            (3, "….0"),
            (1, "…"),
            (0, ""),
        ] {
            assert_eq!(tail(name, columns, "…"), shown, "{columns}");
        }
        assert_eq!((tail("名前:1", 5, "…"), tail("abcdef", 4, "..")), ("…前:1".into(), "..ef".into()));
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("a\n\nb", 4), ["a", "", "b"]);
    }

    #[test]
    fn times_read_well() {
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        assert_eq!(age(Some("2027-01-15T07:00:00Z"), now), "1 h");
        assert_eq!((age(None, now), age(Some("1970-01-01T00:00:00Z"), now)), (String::new(), String::new()));
        assert_eq!((clock(7_900), clock(3_723_000)), ("00:07".into(), "1:02:03".into()));
    }
}
