//! Text being typed at the end of a line: of a long one its end, where the cursor is. Knows no keys.

use ratatui::text::Span;

use crate::domain::text::escape;
use crate::tui::format;
use crate::tui::theme::{Look, Role};

/// `lead`, and behind it what was typed, in at most `room` columns with one left for the cursor.
pub fn typed(look: &Look, lead: &'static str, text: &str, room: usize) -> Vec<Span<'static>> {
    let room = room.saturating_sub(lead.len() + 1);
    let mut text = escape(text);
    if format::width(&text) > room {
        while format::width(&text) + format::width(look.ellipsis()) > room && !text.is_empty() {
            text.remove(0);
        }
        text.insert_str(0, look.ellipsis());
    }
    vec![look.span(Role::Key, lead), look.span(Role::Match, text)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_text_its_end_is_shown() {
        let look = Look::of_roles(false);
        let shown = |text: &str, room| -> String {
            typed(&look, "  /", text, room).iter().map(|span| span.content.to_string()).collect()
        };
        assert_eq!(shown("payments", 20), "  /payments");
        assert_eq!(shown("payments", 10), "  /…ments");
        assert_eq!(shown("日本語", 9), "  /…本語");
        assert_eq!(shown("a\u{1b}[2J", 30), format!("  /{}", escape("a\u{1b}[2J")));
        assert_eq!(shown("payments", 0), "  /…", "where there is no room at all it says that there is something");
    }
}
