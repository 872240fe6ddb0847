//! How the Diff screen looks: parts, list, what is selected. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::files::{FilesView, Sort, glyph_of};
use super::pane::counts;
use super::{FactRow, Matter, Model, Part, Standing, Tab, layers, trust};
use crate::domain::layer::Totals;
use crate::domain::oci::Digest;
use crate::domain::text::escape;
use crate::domain::units;
use crate::tui::format;
use crate::tui::screens::{Around, Compare, Subject};
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{Align, Column, Table, Width, cut, marked_cells, typed};

/// Narrower than this, only files and bytes are counted.
const ROOMY: u16 = 100;

/// Line 2.
pub(super) fn subject(model: &Model, look: &Look, around: &Around) -> Subject {
    let verdict = verdict(model, look, around.body.width >= ROOMY);
    // What does not fit goes without store and team, which the list they were chosen from has shown.
    let what = |short| what(model, look, around, short);
    Subject::fitting(look, around.body.width, verdict, |room| typed_here(model, look, room), what)
}

/// What is looked into: `◇ payments-api:1.3.9 → :1.4.0`.
fn what(model: &Model, look: &Look, around: &Around, short: bool) -> Vec<Span<'static>> {
    let shown = |reference: &str| {
        let reference = brief(reference);
        escape(if short { reference.rsplit('/').next().unwrap_or(&reference) } else { &reference })
    };
    let named = |reference: &str| {
        let store = reference.split('/').next().unwrap_or("");
        let is_local = around.stores.iter().all(|known| known.name != store || known.is_local);
        let (glyph, role) = if is_local { (Glyph::Local, Role::Local) } else { (Glyph::Global, Role::Global) };
        vec![look.glyph(glyph), look.span(role, format!(" {}", shown(reference)))]
    };
    let pair = |before: &str, after: &str| {
        let mut spans = named(before);
        let rest = match (tag_of(before), tag_of(after)) {
            ((a, Some(_)), (b, Some(tag))) if a == b => escape(&format!(":{tag}")),
            _ => shown(after),
        };
        spans.extend([look.span(Role::Dim, " → "), look.span(Role::Strong, rest)]);
        spans
    };
    let mut spans = match (&model.matter, &model.asked) {
        (Some(matter), _) => match &matter.before {
            Some(before) => pair(&before.reference, &matter.after.reference),
            None => named(&matter.after.reference),
        },
        (None, Some(Compare::Image(image))) => named(image),
        (None, Some(Compare::Images { before, after })) => pair(before, after),
        (None, Some(Compare::Bake { reference, .. })) => named(reference),
        (None, None) => vec![look.span(Role::Strong, "diff")],
    };
    if let Part::Layer(_, number) = model.files.query.sieve.part {
        spans.push(look.span(Role::Strong, format!("  layer {}", number + 1)));
    }
    spans
}

/// A reference with a digest as short as people read one.
fn brief(reference: &str) -> String {
    let digest = reference.split_once('@').and_then(|(name, digest)| Some((name, digest.parse::<Digest>().ok()?)));
    digest.map_or_else(|| reference.to_owned(), |(name, digest)| format!("{name}@{}", digest.short()))
}

/// `name:tag` in two.
fn tag_of(reference: &str) -> (&str, Option<&str>) {
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') && !name.contains('@') => (name, Some(tag)),
        _ => (reference, None),
    }
}

/// The filter, or the name being typed; of a long one its end.
fn typed_here(model: &Model, look: &Look, room: usize) -> Vec<Span<'static>> {
    match &model.saving {
        Some(name) => typed(look, "  write it to ", &name.text, room),
        None => model.filter().spans(look, room),
    }
}

/// What it comes to.
fn verdict(model: &Model, look: &Look, roomy: bool) -> Vec<Span<'static>> {
    let matter = match (&model.standing, &model.matter) {
        (Standing::There, Some(matter)) => matter,
        (Standing::Reading, _) => return vec![look.span(Role::Dim, "reading "), look.glyph(Glyph::Running)],
        (Standing::Failed(_), _) => return vec![look.span(Role::Fail, "unreadable "), look.glyph(Glyph::Fail)],
        _ => return Vec::new(),
    };
    let part =
        model.files.listing.as_deref().filter(|listing| {
            model.tab == Tab::Files && (listing.sieve.holds_back() || listing.sieve.part != Part::All)
        });
    let mut spans = match (part, &matter.before) {
        (Some(listing), _) => counted(&listing.totals, look),
        (None, Some(_)) => of_two(model, matter, look, roomy),
        (None, None) => of_one(matter, look),
    };
    let problems = matter.problems().count() as u64;
    if problems > 0 {
        spans.push(look.span(Role::Dim, look.dot()));
        spans.push(look.span(Role::Fail, format!("{} unreadable ", units::count(problems, "layer"))));
        spans.push(look.glyph(Glyph::Fail));
    }
    spans
}

/// `+214 ~31 -9 >2 · +3.1 MB`.
fn counted(totals: &Totals, look: &Look) -> Vec<Span<'static>> {
    let mut spans = counts(look, totals);
    if spans.is_empty() {
        spans.push(look.span(Role::Dim, "no file differs"));
    }
    let more = totals.bytes >= totals.gone;
    let bytes = units::bytes(totals.bytes.abs_diff(totals.gone));
    spans.push(look.span(Role::Dim, format!("{}{}{bytes}", look.dot(), if more { "+" } else { "-" })));
    spans
}

fn of_two(model: &Model, matter: &Matter, look: &Look, roomy: bool) -> Vec<Span<'static>> {
    let mut spans = counted(&matter.totals, look);
    let mut facts = Vec::new();
    if roomy && !matter.packages.is_empty() {
        facts.push(units::count(matter.packages.len() as u64, "package"));
    }
    if roomy && !matter.config.is_empty() {
        facts.push(format!("config {}", matter.config.len()));
    }
    if let Some(changed) = model.trust.changed() {
        facts.push(format!("trust {changed}"));
    }
    spans.extend(facts.into_iter().map(|fact| look.span(Role::Dim, format!("{}{fact}", look.dot()))));
    spans
}

fn of_one(matter: &Matter, look: &Look) -> Vec<Span<'static>> {
    let layers = units::count(matter.after.layers.len() as u64, "layer");
    let paths = format!("{} paths", units::grouped(matter.totals.paths().into()));
    let facts = [layers, paths, units::bytes(matter.totals.bytes)];
    vec![look.span(Role::Dim, facts.join(look.dot()))]
}

/// Where text is typed: after the words of line 2, which begin in column 2.
pub(super) fn cursor(model: &Model, around: &Around) -> Option<Position> {
    if model.saving.is_none() && !model.filter().editing {
        return None;
    }
    subject(model, &Look::of_roles(false), around).end(around.body.width)
}

/// The body.
pub(super) fn draw(model: &Model, look: &Look, around: &Around, buffer: &mut Buffer) {
    let Some(matter) = &model.matter else { return instead(model, look, around.body, buffer) };
    let places = model.places(around);
    places.split.draw_rule(look, buffer);
    if let Some(area) = places.tabs {
        tabs(model, look, area, buffer);
    }
    if let Some(area) = places.list {
        match model.tab {
            Tab::Files => files(model, matter, look, area, buffer),
            Tab::Packages | Tab::Config => facts(model, matter, look, area, buffer),
            Tab::Trust => trust::draw(model, look, area, buffer),
            Tab::Layers => layers::draw(model, matter, look, area, buffer),
        }
    }
    if let Some(area) = places.detail {
        model.draw_detail(matter, look, area, buffer);
    }
    if let Some(area) = places.footer {
        layers::footer(matter, look, area, buffer);
    }
}

/// The parts with their places within the line: first column and width.
fn tab_places(model: &Model) -> impl Iterator<Item = (Tab, u16, u16)> {
    let mut x = 1;
    model.tabs().map(move |tab| {
        let width = u16::try_from(tab.title().len()).unwrap_or(0) + 2;
        let place = (tab, x, width);
        x += width;
        place
    })
}

/// The part at a column of their line.
pub(super) fn tab_at(model: &Model, x: u16) -> Option<Tab> {
    tab_places(model).find(|(_, from, width)| (*from..from + width).contains(&x)).map(|(tab, ..)| tab)
}

fn tabs(model: &Model, look: &Look, area: Rect, buffer: &mut Buffer) {
    let mut end = area.x;
    for (tab, x, width) in tab_places(model) {
        let (role, text) = match tab == model.tab {
            true => (Role::Strong, format!("[{}]", tab.title())),
            false => (Role::Dim, format!(" {} ", tab.title())),
        };
        buffer.set_span(area.x + x, area.y, &look.span(role, text), width.min(area.width.saturating_sub(x)));
        end = area.x + x + width;
    }
    if model.tab != Tab::Files {
        return;
    }
    let room = usize::from(area.right().saturating_sub(end + 3));
    let line = cut(look, &Line::from(state(model, look)), room);
    let x = area.right().saturating_sub(1 + u16::try_from(line.width()).unwrap_or(0));
    buffer.set_line(x, area.y, &line, area.right() - x);
}

/// How the list stands: sifted, sorted, on its way.
fn state(model: &Model, look: &Look) -> Vec<Span<'static>> {
    let query = &model.files.query;
    let mut words: Vec<Vec<Span<'static>>> = Vec::new();
    if model.files.is_pending() {
        words.push(vec![look.span(Role::Accent, look.ellipsis())]);
    }
    if let Some(kind) = query.sieve.kind {
        words.push(vec![look.glyph(glyph_of(kind)), look.span(Role::Text, format!(" {}", kind.as_str()))]);
    }
    if let Some(local) = query.sieve.local {
        let (glyph, word) = if local { (Glyph::Local, " local") } else { (Glyph::Global, " global") };
        words.push(vec![look.glyph(glyph), look.span(Role::Text, word)]);
    }
    if query.flat {
        words.push(vec![look.span(Role::Dim, "list")]);
    }
    if query.sort != Sort::Path {
        words.push(vec![look.span(Role::Dim, format!("by {}", query.sort.word()))]);
    }
    let mut spans = Vec::new();
    for word in words {
        if !spans.is_empty() {
            spans.push(look.span(Role::Text, "  "));
        }
        spans.extend(word);
    }
    spans
}

fn files(model: &Model, matter: &Matter, look: &Look, area: Rect, buffer: &mut Buffer) {
    let below = u16::try_from(model.problem_lines(area)).unwrap_or(0);
    let list = Rect { height: area.height.saturating_sub(below), ..area };
    FilesView { look, matter, files: &model.files, focused: !model.reads() }.draw(list, buffer);
    if model.files.rows.is_empty() {
        let sieve = &model.files.query.sieve;
        let text = match (&model.files.listing, sieve.holds_back()) {
            (None, _) => "reading",
            (Some(_), true) => "nothing of that; o and f show others, Esc forgets what was typed",
            (Some(_), false) if matter.before.is_some() => "no file differs",
            (Some(_), false) => "nothing here",
        };
        buffer.set_span(list.x + 2, list.y, &look.span(Role::Dim, text), list.width.saturating_sub(3));
    }
    for (y, row) in (list.bottom()..area.bottom()).zip(matter.problems()) {
        let problem = escape(row.layer.problem.as_deref().unwrap_or(""));
        let text = format!(" layer {} could not be read: {problem}", row.number + 1);
        let line = Line::from(vec![look.glyph(Glyph::Fail), look.span(Role::Fail, text)]);
        buffer.set_line(area.x + 2, y, &cut(look, &line, usize::from(area.width.saturating_sub(3))), area.width - 2);
    }
}

const CHANGED: [Column; 4] = [
    Column { title: "", width: Width::Fixed(1), align: Align::Left, from: 0 },
    Column { title: "name", width: Width::Fill(2), align: Align::Left, from: 0 },
    Column { title: "before", width: Width::Fill(2), align: Align::Left, from: 0 },
    Column { title: "after", width: Width::Fill(2), align: Align::Left, from: 0 },
];

const STANDING: [Column; 2] = [
    Column { title: "name", width: Width::Fill(1), align: Align::Left, from: 0 },
    Column { title: "value", width: Width::Fill(2), align: Align::Left, from: 0 },
];

fn facts(model: &Model, matter: &Matter, look: &Look, area: Rect, buffer: &mut Buffer) {
    let facts = model.facts();
    if facts.is_empty() {
        let text = match (model.tab, matter.before.is_some()) {
            _ if model.words.is_active() => "nothing of that; Esc shows all",
            (Tab::Packages, false) => "packages are told where two images are compared: mark both in the store",
            (Tab::Packages, true) => "the same packages on both sides",
            (_, true) => "the same settings on both sides",
            (_, false) => "its config sets nothing",
        };
        for (y, line) in (area.y + 1..area.bottom()).zip(format::wrap(text, usize::from(area.width.saturating_sub(4))))
        {
            buffer.set_span(area.x + 2, y, &look.span(Role::Dim, line), area.width.saturating_sub(3));
        }
        return;
    }
    let cursor = if model.tab == Tab::Packages { model.packages } else { model.config };
    let columns: &[Column] = if matter.before.is_some() { &CHANGED } else { &STANDING };
    let table = Table { look, columns, len: facts.len(), cursor, focused: true, headed: true };
    table.draw(area, buffer, |index| {
        marked_cells(look, &model.words, cells(look, matter.before.is_some(), facts[index]))
    });
}

fn cells(look: &Look, two: bool, fact: &FactRow) -> Vec<Line<'static>> {
    let text =
        |role, text: Option<&String>| Line::from(look.span(role, text.map(|text| escape(text)).unwrap_or_default()));
    if !two {
        return vec![text(Role::Text, Some(&fact.name)), text(Role::Dim, fact.after.as_ref())];
    }
    let sign = fact.kind.map(|kind| look.glyph(glyph_of(kind)));
    vec![
        sign.map(Line::from).unwrap_or_default(),
        text(Role::Text, Some(&fact.name)),
        text(Role::Dim, fact.before.as_ref()),
        text(Role::Text, fact.after.as_ref()),
    ]
}

/// What to do where nothing is, and why something is not.
fn instead(model: &Model, look: &Look, body: Rect, buffer: &mut Buffer) {
    let (glyph, lines): (Glyph, Vec<(Role, String)>) = match &model.standing {
        Standing::Nothing => {
            let lines = [
                (Role::Text, "nothing is opened yet"),
                (
                    Role::Dim,
                    "1 the store: d looks into the selected image; Space marks one, d compares it with another",
                ),
                (Role::Dim, "3 a bake, 7 bakes: d compares with what the local store has under its name"),
            ];
            (Glyph::Unasked, lines.map(|(role, text)| (role, text.to_owned())).to_vec())
        }
        Standing::Reading | Standing::There => {
            let text = "reading manifests and layers; what was read once is not read again";
            (Glyph::Running, vec![(Role::Dim, text.into())])
        }
        Standing::Failed(report) => {
            let mut lines = vec![(Role::Text, report.message.clone())];
            lines.extend(report.causes.iter().map(|text| (Role::Dim, text.clone())));
            lines.extend(report.help.iter().map(|text| (Role::Text, text.clone())));
            lines.push((Role::Dim, "r reads it again".into()));
            (Glyph::Fail, lines)
        }
    };
    let room = usize::from(body.width.saturating_sub(6));
    let wrapped = lines.into_iter().flat_map(|(role, text)| {
        format::wrap(&text, room).into_iter().map(move |line| (role, line)).collect::<Vec<_>>()
    });
    buffer.set_span(body.x + 2, body.y + 1, &look.glyph(glyph), 2);
    for (y, (role, line)) in (body.y + 1..body.bottom()).zip(wrapped) {
        buffer.set_span(body.x + 5, y, &look.span(role, line), body.width.saturating_sub(5));
    }
}
