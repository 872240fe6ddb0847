//! How a tree of changes looks: signs in a column of their own, names, counts and sizes under each other. What breaks a
//! check has a sign of its own beside that, as have the folders above it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::TreeFold;
use super::rows::{Row, bytes};
use crate::domain::journal::{ChangeOp, CheckVerdict};
use crate::domain::projection::{ChangeTree, Marks, SeenPath, Totals};
use crate::domain::units;
use crate::tui::format;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::cut;
use crate::tui::widgets::table::{selected_bar, selected_evenly};

/// Columns before the names: the mark of the selection, of what is newest, the sign, that of what breaks a check.
const GUTTER: usize = 4;
/// Columns of a size: `999.9 MB`.
const SIZE: usize = 8;
/// From this many columns on, small counts keep the room larger ones will need.
const ROOMY: usize = 50;
/// Bits that make a file run as its owner or group.
const SETUID: u32 = 0o6000;

/// A tree to be drawn.
pub struct ChangeTreeView<'a> {
    /// The look.
    pub look: &'a Look,
    /// What changed.
    pub tree: &'a ChangeTree,
    /// Paths of it that break a check.
    pub marks: Option<&'a Marks>,
    /// What of it is open.
    pub fold: &'a TreeFold,
    /// The totals of the line above: columns are as wide there as here.
    pub frame: Totals,
    /// Whether keys move in it: only then is anything selected.
    pub focused: bool,
    /// Whether what the newest batch changed is marked.
    pub newest: bool,
}

impl ChangeTreeView<'_> {
    /// Draws the rows in sight.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) {
        let height = usize::from(area.height);
        let widths = Widths::of(self.frame, self.tree.totals(), usize::from(area.width));
        let (look, cursor) = (self.look, self.fold.cursor);
        let window = cursor.window(self.fold.rows.len(), height);
        for (y, index) in (area.y..area.bottom()).zip(window) {
            let place = Rect { y, height: 1, ..area };
            let selected = self.focused && index == cursor.selected;
            if selected {
                selected_bar(look, true, place, buffer);
            }
            let line = self.line(&self.fold.rows[index], widths, usize::from(area.width));
            buffer.set_line(area.x + 1, y, &line, area.width.saturating_sub(1));
            if selected {
                selected_evenly(look, place, buffer);
            }
        }
    }

    /// A row without the mark of the selection.
    fn line(&self, row: &Row, widths: Widths, columns: usize) -> Line<'static> {
        let look = self.look;
        let seen = self.tree.seen(row.id);
        let indent = "  ".repeat(usize::from(row.depth.min(16)));
        if row.counts_rest {
            let text = format!("   {indent}  and {} more", units::grouped(seen.unlisted));
            return Line::from(look.span(Role::Dim, text));
        }
        let newest = self.newest && seen.newest;
        let (worst, broken) = self.broken(row);
        let mut spans = vec![
            look.span(Role::Accent, if newest { look.newest() } else { " " }),
            seen.own.map_or_else(|| look.span(Role::Text, " "), |own| look.glyph(glyph_of(own.op))),
            worst.map_or_else(|| look.span(Role::Text, " "), |glyph| look.glyph(glyph)),
            look.span(Role::Dim, format!("{indent}{} ", if row.folds() { look.fold(row.open) } else { " " })),
        ];
        let right = counts_and_size(look, &seen, row.folds(), widths);
        let setuid = seen.own.is_some_and(|own| own.op != ChangeOp::Deleted && own.mode & SETUID != 0 && !seen.folder);
        let mark = match &broken {
            Some((_, name)) if setuid || columns >= ROOMY => format!(" {name}"),
            _ if setuid => " setuid".to_owned(),
            _ => String::new(),
        };
        let used = GUTTER + indent.len() + 2 + widths.all() + 1 + mark.len();
        let room = columns.saturating_sub(used);
        let name = format::fit(&crate::domain::text::escape(&row.name(self.tree)), room, look.ellipsis());
        let gap = room.saturating_sub(format::width(&name));
        let role = match (&broken, newest, seen.own) {
            (Some((glyph, _)), ..) => glyph.role(),
            (_, true, _) => Role::Strong,
            (_, false, Some(own)) if own.op == ChangeOp::Deleted => Role::Dim,
            _ => Role::Text,
        };
        spans.push(look.span(role, name));
        spans.push(look.span(broken.map_or(Role::Warn, |(glyph, _)| glyph.role()), mark));
        spans.push(look.span(Role::Text, " ".repeat(gap)));
        spans.extend(right);
        Line::from(spans)
    }

    /// The sign of the worst that a row breaks or holds, and the sign of what it breaks itself with that check's short name.
    fn broken(&self, row: &Row) -> (Option<Glyph>, Option<(Glyph, String)>) {
        let Some(marks) = self.marks.filter(|marks| !marks.is_empty()) else { return (None, None) };
        let path = self.tree.path(row.id);
        let sign = |verdict| if verdict == CheckVerdict::Fail { Glyph::Fail } else { Glyph::Warn };
        let own = marks.of(&path).first().map(|against| {
            let name = against.check.rsplit('.').next().unwrap_or(&against.check);
            (sign(against.verdict), crate::domain::text::escape(name))
        });
        (marks.worst(&path).map(sign), own)
    }
}

/// The line above a tree: what it is, and the totals in the same columns as those of `tree`, which may be others.
pub fn total_line(
    look: &Look,
    label: Vec<Span<'static>>,
    totals: Totals,
    tree: Totals,
    columns: usize,
) -> Line<'static> {
    let widths = Widths::of(totals, tree, columns);
    let room = columns.saturating_sub(2 + widths.all() + 1);
    let label = cut(look, &Line::from(label), room);
    let gap = room.saturating_sub(label.width());
    let mut spans = vec![look.span(Role::Text, "  ")];
    spans.extend(label.spans);
    spans.push(look.span(Role::Text, " ".repeat(gap)));
    spans.extend(count_spans(look, totals, widths));
    let size = if totals.bytes > 0 { units::bytes(totals.bytes) } else { String::new() };
    spans.push(look.span(Role::Text, format!("  {}", format::right(&size, SIZE, look.ellipsis()))));
    Line::from(spans)
}

/// Columns of the three counts.
#[derive(Clone, Copy)]
struct Widths([usize; 3]);

impl Widths {
    /// Those of the totals: none below has more, or hardly any.
    fn of(frame: Totals, tree: Totals, columns: usize) -> Self {
        let least = if columns >= ROOMY { 3 } else { 0 };
        let most = [(frame.added, tree.added), (frame.modified, tree.modified), (frame.deleted, tree.deleted)];
        Self(most.map(|(a, b)| a.max(b)).map(|number| match number {
            0 => least,
            number => (units::grouped(number).len() + 1).max(least),
        }))
    }

    /// With a blank before each, two before the size, and the size.
    fn all(self) -> usize {
        self.0.iter().map(|width| width + usize::from(*width > 0)).sum::<usize>() + 2 + SIZE
    }
}

fn counts_and_size(look: &Look, seen: &SeenPath<'_>, folds: bool, widths: Widths) -> Vec<Span<'static>> {
    let totals = if folds { seen.below } else { Totals::default() };
    let mut spans = count_spans(look, totals, widths);
    let deleted = seen.own.is_some_and(|own| own.op == ChangeOp::Deleted);
    let size = if (deleted || seen.folder) && bytes(seen) == 0 { String::new() } else { units::bytes(bytes(seen)) };
    spans.push(look.span(Role::Dim, format!("  {}", format::right(&size, SIZE, look.ellipsis()))));
    spans
}

fn count_spans(look: &Look, totals: Totals, widths: Widths) -> Vec<Span<'static>> {
    let counts = [(Glyph::Added, totals.added), (Glyph::Modified, totals.modified), (Glyph::Deleted, totals.deleted)];
    let cell = |((glyph, number), width): ((Glyph, u64), usize)| {
        let gap = usize::from(width > 0);
        let text = match number {
            0 => String::new(),
            number => format!("{}{}", glyph.text(look.ascii), units::grouped(number)),
        };
        look.span(glyph.role(), format!("{}{}", " ".repeat(gap), format::right(&text, width, look.ellipsis())))
    };
    counts.into_iter().zip(widths.0).map(cell).collect()
}

fn glyph_of(op: ChangeOp) -> Glyph {
    match op {
        ChangeOp::Added => Glyph::Added,
        ChangeOp::Modified => Glyph::Modified,
        ChangeOp::Deleted => Glyph::Deleted,
    }
}
