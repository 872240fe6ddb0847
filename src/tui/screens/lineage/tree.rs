//! How the tree looks: a row an image, lines from what it is built on, what it is best done with at the right. Where there is
//! room each sort of holder begins in a column of its own. Only reads.
//!
//! Glyphs have cells of their own, where nothing an image supplies stands.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Model, Row};
use crate::domain::lineage::{Best, Graph, Holder, Standing};
use crate::domain::units::{age, count};
use crate::tui::format;
use crate::tui::screens::Around;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{Table, badge, cut, marked};

/// From this width on, each sort of holder has a column of its own.
const COLUMNS: u16 = 104;
/// From this width on, words are written out.
const ROOMY: usize = 70;
/// From this width on, it says since when.
const DATED: usize = 54;
/// How far in what is built on an image stands, at least.
const STEP: usize = 3;

/// A holder's sign and the role of its names.
pub(super) fn origin(holder: Holder) -> (Glyph, Role) {
    match holder {
        Holder::Global => (Glyph::Global, Role::Global),
        Holder::Local => (Glyph::Local, Role::Local),
        Holder::Team => (Glyph::Waiting, Role::Text),
    }
}

/// How an image stands: its sign, and words.
pub(super) fn state(graph: &Graph, number: usize) -> (Glyph, String) {
    if graph.images()[number].places.is_empty() {
        return (Glyph::Unasked, String::new());
    }
    match graph.standing(number) {
        Standing::Root => (Glyph::Unasked, String::new()),
        Standing::Current { .. } => (Glyph::Pass, String::new()),
        Standing::Stale { behind, .. } => (Glyph::Stale, format!("{behind} behind")),
        Standing::Through { .. } => (Glyph::Stale, "below".to_owned()),
        Standing::Unknown { .. } => (Glyph::Unknown, "gone".to_owned()),
    }
}

/// What is best done, in a word.
pub(super) fn best_cell(model: &Model, look: &Look, number: usize) -> Line<'static> {
    let Some(graph) = model.graph() else { return Line::default() };
    let is_asked = !graph.images()[number].places.is_empty()
        && (graph.standing(number).is_stale() || matches!(graph.standing(number), Standing::Unknown { .. }));
    let (role, word) = match (model.known.best(number), model.known.of(number)) {
        (Some(Best::UpToDate), _) => return Line::default(),
        (Some(Best::Rebase), _) => (Role::Pass, "rebase"),
        (Some(Best::Rebake), _) => (Role::Warn, "rebake"),
        (Some(Best::BaseFirst(_)), _) => (Role::Dim, "base first"),
        (Some(Best::Blocked(_)), _) => {
            return Line::from(vec![look.span(Role::Fail, "blocked "), look.glyph(Glyph::Fail)]);
        }
        (None, Some(_)) => (Role::Unknown, "unknown"),
        (None, None) if is_asked => (Role::Rule, look.ellipsis()),
        (None, None) => return Line::default(),
    };
    Line::from(look.span(role, word))
}

/// Since when, roughly.
pub(super) fn since(graph: &Graph, number: usize, around: &Around) -> String {
    match graph.standing(number) {
        Standing::Stale { since: Some(since), .. } if !graph.images()[number].places.is_empty() => {
            age(u64::try_from(around.now.unix_timestamp() - since).unwrap_or(0))
        }
        _ => String::new(),
    }
}

/// Where everything of a row stands.
#[derive(Clone, Copy)]
struct Places {
    /// The tree's columns.
    tree: usize,
    /// Where each sort of holder begins at least.
    holders: [usize; 3],
    state: usize,
    best: usize,
    since: usize,
    /// How it stands is said in words.
    in_words: bool,
}

impl Places {
    fn of(area: Rect) -> Self {
        let width = usize::from(Table::row_width(area));
        let in_words = width >= ROOMY;
        let (state, best, since) = match width {
            ROOMY.. => (12, 10, 6),
            DATED.. => (7, 10, 6),
            _ => (7, 10, 0),
        };
        let tree = width.saturating_sub(state + best + since + 2);
        let holders = if area.width >= COLUMNS { [0, tree * 32 / 100, tree * 66 / 100] } else { [0; 3] };
        Self { tree, holders, state, best, since, in_words }
    }

    fn is_in_columns(&self) -> bool {
        self.holders[1] > 0
    }

    fn at_least(&self, holder: Holder) -> usize {
        match holder {
            Holder::Global => self.holders[0],
            Holder::Local => self.holders[1],
            Holder::Team => self.holders[2],
        }
    }

    /// The first columns of an image and of all that shows below it, the root's first.
    fn columns(&self, graph: &Graph, row: &Row) -> Vec<usize> {
        let way = graph.way_down(row.number);
        let mut columns: Vec<usize> = Vec::with_capacity(row.depth + 1);
        for number in way[..(row.depth + 1).min(way.len())].iter().rev() {
            let least = self.at_least(graph.images()[*number].holder());
            let at = columns.last().map_or(0, |below| below + STEP).max(least);
            // However deep it stands, there is room for some of its name.
            columns.push(at.min(self.tree.saturating_sub(16)));
        }
        columns
    }
}

/// The tree with its heading.
pub(super) fn draw(model: &Model, look: &Look, around: &Around, (area, focused): (Rect, bool), buffer: &mut Buffer) {
    let Some(graph) = model.graph() else { return };
    let places = Places::of(area);
    heading(look, places, area, buffer);
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let rows = model.rows();
    let table = Table { look, columns: &[], len: rows.len(), cursor: model.cursor, focused, headed: false };
    table.draw(below, buffer, |index| vec![line(model, look, around, (graph, &rows[index], places))]);
    table.draw_marks(below, buffer, |index| model.is_marked(rows[index].number));
}

fn heading(look: &Look, places: Places, area: Rect, buffer: &mut Buffer) {
    let mut title = |x: usize, text: &str| {
        let x = area.x + 2 + u16::try_from(x).unwrap_or(0);
        if x < area.right() {
            buffer.set_span(x, area.y, &look.span(Role::Dim, text), area.right() - x);
        }
    };
    if places.is_in_columns() {
        ["global", "local", "teams"].iter().zip(places.holders).for_each(|(word, x)| title(x, word));
    } else {
        title(0, "who is built on whom");
    }
    title(places.tree + 1, "behind");
    title(places.tree + places.state + 1, "best");
    if places.since > 0 {
        title(places.tree + places.state + places.best + places.since - 4, "since");
    }
}

fn line(model: &Model, look: &Look, around: &Around, (graph, row, places): (&Graph, &Row, Places)) -> Line<'static> {
    let mut spans = stems(look, graph, row, places);
    let number = row.number;
    let image = &graph.images()[number];
    let (glyph, role) = origin(image.holder());
    let role = if image.places.is_empty() || !row.is_hit { Role::Dim } else { role };
    spans.extend(badge(look, glyph));
    let used: usize = spans.iter().map(Span::width).sum();
    let more = match image.places.len() {
        0 | 1 => String::new(),
        all => format!(" +{}", all - 1),
    };
    let folded = match row.open {
        Some(false) => folded(model, look, number),
        _ => Vec::new(),
    };
    let after = format::width(&more) + folded.iter().map(Span::width).sum::<usize>();
    let name = model.facts.short(graph, number);
    let room = places.tree.saturating_sub(used + after);
    let name = match image.places.is_empty() {
        true => format::fit(&name, room, look.ellipsis()),
        false => format::tail(&name, room, look.ellipsis()),
    };
    spans.extend(marked(look, role, &name, model.filter.mark(&name)).spans);
    spans.push(look.span(Role::Dim, more));
    spans.extend(folded);
    let mut line = cut(look, &Line::from(spans), places.tree);
    column(&mut line, places.tree + 1, Line::default());
    let (sign, words) = state(graph, number);
    let state = match (sign, places.in_words) {
        (Glyph::Unasked, _) => Line::default(),
        (sign, false) => {
            let short = words.split(' ').next().unwrap_or("").to_owned();
            let short = if short == "below" || short == "gone" { String::new() } else { short };
            Line::from(vec![look.glyph(sign), look.span(sign.role(), format!(" {short}"))])
        }
        (sign, true) => Line::from(vec![look.glyph(sign), look.span(sign.role(), format!(" {words}"))]),
    };
    column(&mut line, places.tree + 1 + places.state, cut(look, &state, places.state));
    column(&mut line, places.tree + 1 + places.state + places.best, best_cell(model, look, number));
    if places.since > 0 {
        let since = format::right(&since(graph, number, around), places.since, look.ellipsis());
        line.spans.push(look.span(Role::Dim, since));
    }
    line
}

/// Adds a part, and blanks up to a column.
fn column(line: &mut Line<'static>, to: usize, part: Line<'static>) {
    line.spans.extend(part.spans);
    let gap = to.saturating_sub(line.width());
    line.spans.push(Span::raw(" ".repeat(gap)));
}

/// What a folded image hides.
fn folded(model: &Model, look: &Look, number: usize) -> Vec<Span<'static>> {
    let (all, stale) = (model.facts.all[number], model.facts.stale[number]);
    let mut spans = vec![look.span(Role::Dim, format!(" {} {}", look.fold(false), count(all as u64, "image")))];
    if stale > 0 {
        spans.extend([Span::raw(" "), look.glyph(Glyph::Stale), look.span(Role::Stale, format!(" {stale}"))]);
    }
    spans
}

/// The lines from what it is built on.
fn stems(look: &Look, graph: &Graph, row: &Row, places: Places) -> Vec<Span<'static>> {
    let columns = places.columns(graph, row);
    let [.., base, own] = columns.as_slice() else { return Vec::new() };
    let mut text = String::new();
    let fill = |text: &mut String, to: usize, with: &str| {
        let gap = to.saturating_sub(format::width(text));
        text.push_str(&with.repeat(gap));
    };
    let goes_on = |depth: usize| depth < 64 && row.more & (1 << depth) != 0;
    for (depth, at) in columns[..columns.len() - 2].iter().enumerate() {
        fill(&mut text, *at, " ");
        if goes_on(depth + 1) && format::width(&text) == *at {
            text.push_str(look.vertical());
        }
    }
    fill(&mut text, *base, " ");
    if own > base {
        text.push_str(match (goes_on(row.depth), look.ascii) {
            (true, false) => "├",
            (false, false) => "└",
            (true, true) => "+",
            (false, true) => "`",
        });
        fill(&mut text, own.saturating_sub(1), look.horizontal());
        fill(&mut text, *own, " ");
    }
    vec![Span::styled(text, look.style(Role::Rule))]
}
