//! How the files look: what happened, bytes, paths below, name, and whose layer did it; numbers under each other. Makes
//! only what is in sight.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Files, Listing, Needle, Row, folds};
use crate::domain::layer::{Branch, ChangeKind, Changed};
use crate::domain::text::escape_bytes;
use crate::domain::units;
use crate::tui::format;
use crate::tui::screens::diff::Matter;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{cut, marked, selected_bar, selected_evenly};

/// Columns of a size: `999.9 MB`.
const SIZE: usize = 8;
/// Columns of the sign of a layer's owner and its number: `◇12`.
const ORIGIN: usize = 4;
/// From this many columns on, counts have room for a million.
const ROOMY: u16 = 60;

/// The list to be drawn.
pub struct FilesView<'a> {
    /// The look.
    pub look: &'a Look,
    /// Of what.
    pub matter: &'a Matter,
    /// The list.
    pub files: &'a Files,
    /// Whether keys move it.
    pub focused: bool,
}

impl FilesView<'_> {
    /// Draws the rows in sight.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) {
        let Some(listing) = &self.files.listing else { return };
        let cursor = self.files.cursor;
        let needle = self.files.query.sieve.needle();
        let window = cursor.window(self.files.rows.len(), usize::from(area.height));
        for (y, index) in (area.y..area.bottom()).zip(window) {
            let place = Rect { y, height: 1, ..area };
            let selected = index == cursor.selected;
            if selected {
                selected_bar(self.look, self.focused, place, buffer);
            }
            let line = self.line(listing, self.files.rows[index], (needle.as_ref(), area.width));
            buffer.set_line(area.x + 2, y, &line, area.width.saturating_sub(2));
            if selected {
                selected_evenly(self.look, place, buffer);
            }
        }
    }

    fn line(&self, listing: &Listing, row: Row, (needle, width): (Option<&Needle>, u16)) -> Line<'static> {
        let look = self.look;
        let Some(branch) = listing.branch(row.branch) else { return Line::default() };
        let changed = listing.changed(row.branch);
        let counts = if width >= ROOMY { 9 } else { 6 };
        let mut spans = vec![self.sign(listing, changed.as_ref()), look.span(Role::Text, " ")];
        let size = format::right(&size_of(listing, row.branch, branch), SIZE, look.ellipsis());
        spans.push(look.span(Role::Dim, size));
        let inside = if folds(listing, row.branch) { below(branch) } else { 0 };
        let inside = if inside > 0 { units::grouped(inside.into()) } else { String::new() };
        spans.push(look.span(Role::Dim, format::right(&inside, counts, look.ellipsis())));
        spans.push(look.span(Role::Text, "  "));
        let used: usize = spans.iter().map(Span::width).sum();
        let room = usize::from(width).saturating_sub(2 + used + 1 + ORIGIN + 1);
        let name = cut(look, &self.name(listing, row, (changed.as_ref(), needle)), room);
        let gap = room.saturating_sub(name.width()) + 1;
        spans.extend(name.spans);
        spans.push(look.span(Role::Text, " ".repeat(gap)));
        spans.extend(self.origin(listing, changed.as_ref()));
        Line::from(spans)
    }

    /// What happened; nothing where everything of one image is shown, which all was added.
    fn sign(&self, listing: &Listing, changed: Option<&Changed<'_>>) -> Span<'static> {
        let everything = self.matter.is_everything(listing.sieve.part);
        let blank = self.look.span(Role::Text, " ");
        changed.filter(|_| !everything).map_or(blank, |changed| self.look.glyph(glyph_of(changed.kind)))
    }

    /// Indent, sign of a folder, name; of what moved, where it was.
    fn name(
        &self,
        listing: &Listing,
        row: Row,
        (changed, needle): (Option<&Changed<'_>>, Option<&Needle>),
    ) -> Line<'static> {
        let look = self.look;
        let mut spans = Vec::new();
        if !listing.flat {
            let indent = "  ".repeat(usize::from(row.depth.min(16)));
            let fold = if folds(listing, row.branch) { look.fold(row.open) } else { " " };
            spans.push(look.span(Role::Dim, format!("{indent}{fold} ")));
        }
        let role = match changed.map(|changed| changed.kind) {
            Some(ChangeKind::Deleted) => Role::Dim,
            _ => Role::Text,
        };
        let shown = shown_name(listing, row);
        spans.extend(marked_bytes(look, role, &shown, needle));
        if let Some(seen) = changed.and_then(Changed::seen) {
            if let Some(target) = seen.target() {
                spans.push(look.span(Role::Dim, format!(" → {}", escape_bytes(target))));
            }
            if seen.mode() & 0o6000 != 0 && !seen.is_folder() {
                spans.push(look.span(Role::Warn, " setuid"));
            }
        }
        if let Some(from) = changed.and_then(Changed::from) {
            spans.push(look.span(Role::Dim, format!(" ← /{}", escape_bytes(&from))));
        }
        Line::from(spans)
    }

    fn origin(&self, listing: &Listing, changed: Option<&Changed<'_>>) -> Vec<Span<'static>> {
        let look = self.look;
        let made = changed.and_then(|changed| self.matter.made_by(listing.sieve.part, changed));
        let Some((number, layer)) = made else { return Vec::new() };
        let glyph = if layer.owner.is_local { Glyph::Local } else { Glyph::Global };
        vec![look.glyph(glyph), look.span(Role::Dim, (number + 1).to_string())]
    }
}

/// The sign of what happened.
pub fn glyph_of(kind: ChangeKind) -> Glyph {
    match kind {
        ChangeKind::Added => Glyph::Added,
        ChangeKind::Modified => Glyph::Modified,
        ChangeKind::Deleted => Glyph::Deleted,
        ChangeKind::Moved => Glyph::Moved,
    }
}

/// Changes below a folder, its own not counted.
fn below(branch: &Branch) -> u32 {
    branch.totals.paths().saturating_sub(u32::from(branch.change().is_some()))
}

/// Bytes that are there now, or of what is gone those there were; of a file all of it, whatever changed.
fn size_of(listing: &Listing, at: u32, branch: &Branch) -> String {
    let file = listing.changed(at).filter(|changed| !changed.is_folder());
    match (file, folds(listing, at)) {
        (Some(changed), false) if changed.seen().is_some_and(|seen| seen.is_file()) => units::bytes(changed.size()),
        (_, true) if branch.totals.bytes > 0 => units::bytes(branch.totals.bytes),
        (_, true) if branch.totals.gone > 0 => units::bytes(branch.totals.gone),
        _ => String::new(),
    }
}

/// The name as it is: at the outermost level with the root's slash, a folder's with one at its end; of folders that share
/// a line all of them; in a list the whole path.
fn shown_name(listing: &Listing, row: Row) -> Vec<u8> {
    let is_folder =
        folds(listing, row.branch) || listing.changed(row.branch).is_some_and(|changed| changed.is_folder());
    let mut name = Vec::new();
    if listing.flat || row.depth == 0 {
        name.push(b'/');
    }
    if listing.flat {
        name.extend(listing.path(row.branch));
    } else {
        for branch in row.first..=row.branch {
            name.extend_from_slice(listing.name(branch));
            if branch != row.branch {
                name.push(b'/');
            }
        }
    }
    if is_folder {
        name.push(b'/');
    }
    name
}

/// A name from outside, with what was looked for marked where it can be.
fn marked_bytes(look: &Look, role: Role, name: &[u8], needle: Option<&Needle>) -> Vec<Span<'static>> {
    let text = escape_bytes(name);
    let found = needle.filter(|_| text.as_bytes() == name).and_then(|needle| needle.find(name));
    marked(look, role, &text, found).spans
}
