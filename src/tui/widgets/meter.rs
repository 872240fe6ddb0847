//! A bar that fills: `▓▓▓▓░░░`.

use ratatui::text::Span;

use crate::tui::theme::{Look, Role};

/// How many of `all` are done, in so many columns.
pub fn meter_of(look: &Look, (done, all): (usize, usize), columns: usize) -> [Span<'static>; 2] {
    #[allow(clippy::cast_precision_loss, reason = "a bar is as exact as its columns")]
    meter(look, done as f64 / all.max(1) as f64, columns)
}

/// How far something is, from 0 to 1, in so many columns.
pub fn meter(look: &Look, fraction: f64, columns: usize) -> [Span<'static>; 2] {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a bar is as exact as its columns"
    )]
    let full = (fraction.clamp(0.0, 1.0) * columns as f64).round() as usize;
    let (done, open) = if look.ascii { ("#", ".") } else { ("▓", "░") };
    [look.span(Role::Meter, done.repeat(full)), look.span(Role::Rule, open.repeat(columns - full))]
}
