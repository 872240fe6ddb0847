//! Lines of the right pane: a path before and after, who did it, a layer, what can be typed. Lines only; draws nothing but
//! what it is given.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::files::glyph_of;
use super::layers::fate_words;
use super::{LayerRow, Matter, Part};
use crate::domain::layer::{ChangeKind, Changed, Differences, Seen, Totals};
use crate::domain::text::{escape, escape_bytes};
use crate::domain::units;
use crate::flows::compare::OpenedLayer;
use crate::tui::format;
use crate::tui::keymap::Scope;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::cut;

/// Columns of a value's name.
const NAME: usize = 11;
/// Extended attributes shown, at most.
const MAX_XATTRS: usize = 16;
/// Columns of a value that is shown.
const MAX_VALUE: usize = 4000;

/// A pane the lines are for.
#[derive(Clone, Copy)]
pub(super) struct Pane<'a> {
    pub(super) look: &'a Look,
    /// Everything of one image is shown: that it was added goes without saying.
    pub(super) everything: bool,
    pub(super) columns: usize,
}

/// `+214  ~31  -9  >2`, those there are.
pub(super) fn counts(look: &Look, totals: &Totals) -> Vec<Span<'static>> {
    let all = [
        (Glyph::Added, totals.added),
        (Glyph::Modified, totals.modified),
        (Glyph::Deleted, totals.deleted),
        (Glyph::Moved, totals.moved),
    ];
    let mut spans = Vec::new();
    for (glyph, number) in all.into_iter().filter(|(_, number)| *number > 0) {
        if !spans.is_empty() {
            spans.push(look.span(Role::Text, " "));
        }
        let text = format!("{}{}", glyph.text(look.ascii), units::grouped(number.into()));
        spans.push(look.span(glyph.role(), text));
    }
    spans
}

impl Pane<'_> {
    pub(super) fn put(self, lines: &[Line<'static>], top: usize, area: Rect, buffer: &mut Buffer) {
        for (y, line) in (area.y..area.bottom()).zip(lines.iter().skip(top)) {
            buffer.set_line(area.x, y, &cut(self.look, line, self.columns), area.width);
        }
    }

    pub(super) fn title(self, path: &[u8], changed: Option<&Changed<'_>>) -> Vec<Line<'static>> {
        let look = self.look;
        let sign = self.sign(changed);
        let parts = format::wrap(&format!("/{}", escape_bytes(path)), self.columns.saturating_sub(2));
        let line = |(number, part): (usize, String)| {
            let start = if number == 0 { sign.clone() } else { Span::raw(" ") };
            Line::from(vec![start, look.span(Role::Strong, format!(" {part}"))])
        };
        parts.into_iter().enumerate().map(line).collect()
    }

    /// The sign of what happened.
    pub(super) fn sign(self, changed: Option<&Changed<'_>>) -> Span<'static> {
        let blank = Span::raw(" ");
        changed.filter(|_| !self.everything).map_or(blank, |changed| self.look.glyph(glyph_of(changed.kind)))
    }

    /// What happened, in words.
    pub(super) fn what(self, changed: &Changed<'_>) -> Vec<Line<'static>> {
        if self.everything {
            return Vec::new();
        }
        let differs: Vec<&str> = changed.what.words().collect();
        let text = match (changed.kind, differs.is_empty()) {
            (ChangeKind::Modified, false) => format!("modified: {}", differs.join(", ")),
            (kind, _) => kind.as_str().to_owned(),
        };
        let mut lines = vec![Line::from(self.look.span(glyph_of(changed.kind).role(), format!("  {text}")))];
        if let Some(from) = changed.from() {
            lines.extend(self.rows("from", Role::Text, &format!("/{}", escape_bytes(&from))));
        }
        lines
    }

    /// What it was and what it is, value by value.
    pub(super) fn values(self, changed: &Changed<'_>) -> Vec<Line<'static>> {
        let (before, after) = (changed.before.as_ref(), changed.after.as_ref());
        let mut lines = Vec::new();
        let mut value = |name: &str, of: &dyn Fn(&Seen<'_>) -> Option<String>| {
            let (was, is) = (before.and_then(of), after.and_then(of));
            lines.extend(self.change(name, was, is, before.is_some() && after.is_some()));
        };
        value("type", &|seen| Some(seen.type_name().to_owned()));
        value("mode", &|seen| Some(format!("{:04o}", seen.mode())));
        value("owner", &|seen| Some(format!("{}:{}", seen.uid(), seen.gid())));
        value("size", &|seen| seen.is_file().then(|| exact(seen.size())));
        value("target", &|seen| seen.target().map(escape_bytes));
        value("sha256", &|seen| seen.digest().map(|digest| hex::encode(&digest.0[..6])));
        let mut names: Vec<&[u8]> =
            [before, after].into_iter().flatten().flat_map(Seen::xattrs).map(|(name, _)| &**name).collect();
        names.sort_unstable();
        names.dedup();
        let of = |seen: Option<&Seen<'_>>, wanted: &[u8]| {
            let found = seen?.xattrs().iter().find(|(name, _)| **name == *wanted)?;
            Some(escape_bytes(&found.1))
        };
        for name in names.iter().take(MAX_XATTRS) {
            let (was, is) = (of(before, name), of(after, name));
            lines.extend(self.rows("xattr", Role::Text, &escape_bytes(name)));
            lines.extend(self.change("", was, is, before.is_some() && after.is_some()));
        }
        if changed.what.holds(Differences::TIME) {
            let times = |seen: Option<&Seen<'_>>| seen.map(|seen| seen.mtime().to_string());
            lines.extend(self.change("time", times(before), times(after), true));
        }
        lines
    }

    /// A value: `0600 → 0644` where it was another.
    fn change(self, name: &str, was: Option<String>, is: Option<String>, both: bool) -> Vec<Line<'static>> {
        match (was, is) {
            (None, None) => Vec::new(),
            (Some(was), Some(is)) if was == is => self.rows(name, Role::Text, &is),
            (Some(was), Some(is)) => self.rows(name, Role::Modified, &format!("{was} → {is}")),
            (Some(was), None) if both => self.rows(name, Role::Deleted, &format!("{was} → none")),
            (None, Some(is)) if both => self.rows(name, Role::Added, &format!("none → {is}")),
            (Some(one), None) | (None, Some(one)) => self.rows(name, Role::Text, &one),
        }
    }

    /// Which layers it comes from.
    pub(super) fn makers(
        self,
        made: Option<(u32, &OpenedLayer)>,
        was: Option<(u32, &OpenedLayer)>,
    ) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        for (name, layer) in
            [("written by", made), ("was by", was.filter(|was| made.map(|made| made.0) != Some(was.0)))]
        {
            let Some((number, layer)) = layer else { continue };
            lines.extend(self.maker(name, number, layer));
        }
        lines
    }

    fn maker(self, name: &str, number: u32, layer: &OpenedLayer) -> Vec<Line<'static>> {
        let look = self.look;
        let (glyph, role) =
            if layer.owner.is_local { (Glyph::Local, Role::Local) } else { (Glyph::Global, Role::Global) };
        let proof = if layer.owner.proven { "" } else { "  (claimed, not proven)" };
        let mut lines = vec![Line::from(vec![
            look.span(Role::Dim, format!("  {}", format::left(name, NAME, look.ellipsis()))),
            look.glyph(glyph),
            look.span(Role::Text, format!(" layer {} ", number + 1)),
            look.span(role, format!("of {}", escape(&layer.owner.image))),
            look.span(Role::Dim, proof),
        ])];
        if let Some(text) = &layer.created_by {
            lines.extend(self.rows("", Role::Dim, &escape(text)));
        }
        lines
    }

    /// The same in one line, above contents.
    pub(super) fn summary(self, matter: &Matter, part: Part, changed: &Changed<'_>) -> Line<'static> {
        let look = self.look;
        let both = |of: &dyn Fn(&Seen<'_>) -> String| {
            let values: Vec<String> = [changed.before, changed.after].iter().flatten().map(of).collect();
            match values.as_slice() {
                [was, is] if was != is => format!("{was} → {is}"),
                values => values.last().cloned().unwrap_or_default(),
            }
        };
        let facts = [
            both(&|seen| format!("{:04o}", seen.mode())),
            both(&|seen| format!("{}:{}", seen.uid(), seen.gid())),
            both(&|seen| units::bytes(seen.size())),
        ];
        let mut spans = vec![look.span(Role::Dim, format!("  {}", facts.join(look.dot())))];
        if let Some((number, layer)) = matter.made_by(part, changed) {
            let glyph = if layer.owner.is_local { Glyph::Local } else { Glyph::Global };
            spans.extend([
                look.span(Role::Dim, look.dot()),
                look.glyph(glyph),
                look.span(Role::Dim, format!(" layer {}", number + 1)),
            ]);
        }
        Line::from(spans)
    }

    pub(super) fn layer(self, row: &LayerRow, two: bool) -> Vec<Line<'static>> {
        let look = self.look;
        let layer = &row.layer;
        let title = format!("layer {}", row.number + 1);
        let mut lines = vec![Line::from(vec![Span::raw("  "), look.span(Role::Strong, title)])];
        if let Some(words) = fate_words(row.fate).filter(|_| two) {
            lines.push(self.note(words));
        }
        if let Some(problem) = &layer.problem {
            lines.extend(self.failed(&format!("it could not be read: {}", escape(problem))));
        }
        lines.extend(self.maker("owner", row.number, layer));
        lines.extend(self.rows("digest", Role::Text, &layer.digest.to_string()));
        lines.extend(self.rows("diffID", Role::Text, &layer.diff_id.to_string()));
        lines.extend(self.rows("blob", Role::Text, &exact(layer.size)));
        let share = row.share;
        let held = format!("{} in {}", exact(share.bytes), units::count(share.files, "file"));
        lines.extend(self.rows("holds", Role::Text, &held));
        let seen = match share.wasted {
            0 => "nothing: all of it is seen".to_owned(),
            wasted => format!("{}: layers above wrote over it, or deleted it", exact(wasted)),
        };
        lines.extend(self.rows("wasted", Role::Text, &seen));
        lines.push(Line::default());
        lines.push(self.hint("Enter", "shows what it changes"));
        lines
    }

    pub(super) fn all_layers(self, matter: &Matter) -> Vec<Line<'static>> {
        let what = if matter.before.is_some() { "everything that differs" } else { "everything in the image" };
        let mut lines = vec![Line::from(vec![Span::raw("  "), self.look.span(Role::Strong, what)])];
        lines.push(Line::from([vec![Span::raw("  ")], counts(self.look, &matter.totals)].concat()));
        for row in matter.problems() {
            let problem = escape(row.layer.problem.as_deref().unwrap_or(""));
            lines.extend(self.failed(&format!("layer {} could not be read: {problem}", row.number + 1)));
        }
        lines.push(Line::default());
        lines.push(self.hint("Enter", "shows it as a tree"));
        lines
    }

    /// What can be typed after `/`.
    pub(super) fn language(self) -> Vec<Line<'static>> {
        let look = self.look;
        let line = |(word, meaning): &(&str, &str)| {
            let word = format::left(word.trim_start_matches('/'), NAME + 2, look.ellipsis());
            Line::from(vec![look.span(Role::Key, format!("  {word}")), look.span(Role::Dim, (*meaning).to_owned())])
        };
        Scope::DiffFiles.notes().iter().map(line).collect()
    }

    /// A heading.
    pub(super) fn part(self, name: &str) -> [Line<'static>; 2] {
        let look = self.look;
        let tail = look.horizontal().repeat(self.columns.saturating_sub(format::width(name) + 3));
        let line = Line::from(vec![
            look.span(Role::Rule, format!("{} ", look.horizontal())),
            look.span(Role::Dim, name.to_owned()),
            look.span(Role::Rule, format!(" {tail}")),
        ]);
        [Line::default(), line]
    }

    /// A value with its name beside its first line.
    pub(super) fn rows(self, name: &str, role: Role, value: &str) -> Vec<Line<'static>> {
        let look = self.look;
        let room = self.columns.saturating_sub(NAME + 2).max(8);
        let value = format::fit(value, MAX_VALUE, look.ellipsis());
        let mut texts = format::wrap(&value, room);
        if texts.is_empty() {
            texts.push("\"\"".into());
        }
        let row = |(number, text): (usize, String)| {
            let name = format::left(if number == 0 { name } else { "" }, NAME, look.ellipsis());
            Line::from(vec![look.span(Role::Dim, format!("  {name}")), look.span(role, text)])
        };
        texts.into_iter().enumerate().map(row).collect()
    }

    pub(super) fn wrapped(self, role: Role, text: &str) -> Vec<Line<'static>> {
        let lines = format::wrap(text, self.columns.saturating_sub(2));
        lines.into_iter().map(|line| Line::from(vec![Span::raw("  "), self.look.span(role, line)])).collect()
    }

    pub(super) fn failed(self, text: &str) -> Vec<Line<'static>> {
        let mut lines = self.wrapped(Role::Fail, text);
        if let Some(first) = lines.first_mut() {
            let glyph = self.look.glyph(Glyph::Fail);
            let gap = 2_usize.saturating_sub(glyph.width());
            first.spans.splice(0..1, [glyph, Span::raw(" ".repeat(gap))]);
        }
        lines
    }

    pub(super) fn note(self, text: &str) -> Line<'static> {
        Line::from(self.look.span(Role::Dim, format!("  {text}")))
    }

    pub(super) fn hint(self, key: &str, does: &str) -> Line<'static> {
        let look = self.look;
        Line::from(vec![look.span(Role::Key, format!("  {key}")), look.span(Role::Dim, format!(" {does}"))])
    }
}

/// `812 B`, `1.2 kB (1,234 B)`.
fn exact(bytes: u64) -> String {
    let short = units::bytes(bytes);
    if bytes < 1000 { short } else { format!("{short} ({} B)", units::grouped(bytes)) }
}
