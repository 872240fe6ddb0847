//! One bake of the shelf in words. Lines only.

use ratatui::text::Line;

use super::view::{glyph_of, millis_by};
use crate::domain::projection::{ShelfRow, ShelfStatus};
use crate::domain::units;
use crate::tui::format;
use crate::tui::screens::Around;
use crate::tui::theme::{Glyph, Look, Role};

/// The lines of `row`, for a pane of so many columns.
pub(super) fn lines(row: &ShelfRow, look: &Look, around: &Around, columns: usize) -> Vec<Line<'static>> {
    let fact = |name: &str, value: String| {
        Line::from(vec![
            look.span(Role::Dim, format!("  {}", format::left(name, 10, look.ellipsis()))),
            look.span(Role::Text, value),
        ])
    };
    let (user, host, pid) = &row.place;
    let mut lines = vec![
        Line::from(vec![look.glyph(Glyph::Local), look.span(Role::Local, format!(" {}", row.reference))]),
        Line::from(vec![
            look.span(Role::Text, "  "),
            look.glyph(glyph_of(row.status)),
            look.span(Role::Text, format!(" {} ", row.status)),
            look.span(Role::Dim, units::millis(millis_by(row, around))),
        ]),
        fact("bake", row.bake.clone()),
        fact("began", row.started.clone()),
    ];
    lines.extend(row.finished.clone().map(|at| fact("ended", at)));
    lines.push(fact("engine", row.engine.clone()));
    lines.push(fact("by", format!("{user} on {host}")));
    if row.status == ShelfStatus::Running {
        lines.push(fact("worker", pid.to_string()));
    }
    lines.extend(row.digest.as_ref().map(|digest| fact("image", digest.to_string())));
    if let Some(failure) = &row.failure {
        lines.push(Line::default());
        lines.push(Line::from(vec![
            look.span(Role::Text, "  "),
            look.glyph(Glyph::Fail),
            look.span(Role::Text, format!(" {}", failure.message)),
        ]));
        for text in failure.causes.iter().chain(&failure.help) {
            let wrapped = format::wrap(text, columns.saturating_sub(4));
            lines.extend(wrapped.into_iter().map(|line| Line::from(look.span(Role::Dim, format!("    {line}")))));
        }
    }
    if row.status == ShelfStatus::Lost {
        lines.push(Line::default());
        let text = "  its worker is gone and left no end: bake it again, finished steps come from the cache";
        lines.extend(format::wrap(text, columns).into_iter().map(|line| Line::from(look.span(Role::Dim, line))));
    }
    lines
}
