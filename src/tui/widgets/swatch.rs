//! What a theme looks like, in two lines: its roles, each saying what it stands for. Knows no theme.

use ratatui::text::{Line, Span};

use crate::tui::theme::{Glyph, Look, Role};

/// States and changes; origins and what lies between.
pub fn swatches(look: &Look) -> [Line<'static>; 2] {
    let signs = |signs: &[(Glyph, &str)]| -> Vec<Span<'static>> {
        let one = |(glyph, word): &(Glyph, &str)| {
            let role = glyph.role();
            [look.glyph(*glyph), look.span(role, format!(" {word}  "))]
        };
        signs.iter().flat_map(one).collect()
    };
    let states = [
        (Glyph::Pass, "pass"),
        (Glyph::Warn, "warn"),
        (Glyph::Fail, "fail"),
        (Glyph::Unknown, "unknown"),
        (Glyph::Added, "added"),
        (Glyph::Modified, "modified"),
        (Glyph::Deleted, "deleted"),
    ];
    let mut second = signs(&[(Glyph::Global, "global"), (Glyph::Local, "local"), (Glyph::Stale, "stale")]);
    let words = [(Role::Key, "key"), (Role::Match, "match"), (Role::Strong, "strong"), (Role::Dim, "dim")];
    second.extend(words.into_iter().flat_map(|(role, word)| [look.span(role, word), look.span(Role::Text, "  ")]));
    second.push(look.span(Role::Meter, if look.ascii { "##" } else { "██" }));
    second.push(look.span(Role::Rule, look.horizontal().repeat(3)));
    [Line::from(signs(&states)), Line::from(second)]
}
