//! Which rows of the screen a text takes: one a line, and one more below a line that has a problem.

use ratatui::text::Line;

use super::columns_of;
use crate::domain::recipe::{Problem, Severity};
use crate::tui::format;
use crate::tui::theme::{Look, Role};
use crate::tui::widgets::cut;

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Row {
    /// A line of the text.
    Line(usize),
    /// What is wrong with the line above.
    Problem(usize),
}

/// The rows from line `top` on, so many at most; `wrong` says which lines have a problem.
pub(in super::super) fn rows(top: usize, lines: usize, most: usize, wrong: impl Fn(usize) -> bool) -> Vec<Row> {
    let rows = (top..lines).flat_map(|line| {
        let below = wrong(line).then_some(Row::Problem(line));
        std::iter::once(Row::Line(line)).chain(below)
    });
    rows.take(most).collect()
}

/// What is wrong with a line, below the place where it is; `left` columns of the text are out of sight.
pub(in super::super) fn marker(
    look: &Look,
    text: &str,
    wrong: &[&Problem],
    left: usize,
    width: usize,
) -> Line<'static> {
    let worst = wrong.iter().find(|problem| problem.severity == Severity::Error).or_else(|| wrong.first());
    let Some(problem) = worst else { return Line::default() };
    let at = |number: u32| usize::try_from(number.saturating_sub(1)).unwrap_or(0);
    let columns = |from: usize, to: usize| -> usize { text.chars().skip(from).take(to - from).map(columns_of).sum() };
    let first = at(problem.column);
    let last = match problem.end {
        Some((line, column)) if line == problem.line => at(column).max(first + 1),
        Some(_) => text.chars().count().max(first + 1),
        None => first + 1,
    };
    let more = if wrong.len() > 1 { format!(" (and {} more)", wrong.len() - 1) } else { String::new() };
    let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    let role = if problem.severity == Severity::Error { Role::Fail } else { Role::Warn };
    let (start, signs) = (columns(0, first).saturating_sub(left), columns(first, last).clamp(1, MARKS));
    // With what to do where there is room for it.
    for help in [help.as_str(), ""] {
        let message = look.span(Role::Text, format!("{}{help}{more}", problem.message));
        if columns(0, first) >= left && start + signs + 1 + message.width() <= width {
            let below = look.span(role, format!("{}{} ", " ".repeat(start), "~".repeat(signs)));
            return Line::from(vec![below, message]);
        }
    }
    let message = look.span(Role::Text, format!("{}{more}", problem.message));
    // No room beside the marks: as far right as it fits, the line above is underlined anyway.
    let blank = width.saturating_sub(message.width()).min(start);
    cut(look, &Line::from(vec![look.span(role, " ".repeat(blank)), message]), width.max(format::width(look.ellipsis())))
}

/// Marks below a part at most.
const MARKS: usize = 24;
