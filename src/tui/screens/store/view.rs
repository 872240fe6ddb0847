//! How the Store screen looks: repositories or tags at the left, the selected image at the right. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::detail::{counted, empty_store};
use super::model::{RepoRow, Spot};
use super::{Level, Loading, Model, Repo, Seal};
use crate::domain::oci::Digest;
use crate::domain::units;
use crate::flows::browse::Listed;
use crate::report::Report;
use crate::tui::format;
use crate::tui::screens::{Around, Subject};
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{Align, Column, Table, Width, cut, known, marked};

const REPOSITORIES: [Column; 6] = [
    Column { title: "", width: Width::Fixed(2), align: Align::Left, from: 0 },
    Column { title: "repository", width: Width::Fill(2), align: Align::Left, from: 0 },
    Column { title: "newest", width: Width::Fill(1), align: Align::Left, from: 44 },
    Column { title: "tags", width: Width::Fixed(5), align: Align::Right, from: 0 },
    Column { title: "size", width: Width::Fixed(8), align: Align::Right, from: 40 },
    Column { title: "age", width: Width::Fixed(6), align: Align::Right, from: 52 },
];

const TAGS: [Column; 6] = [
    Column { title: "", width: Width::Fixed(2), align: Align::Left, from: 0 },
    Column { title: "tag", width: Width::Fill(3), align: Align::Left, from: 0 },
    Column { title: "digest", width: Width::Fixed(8), align: Align::Left, from: 56 },
    Column { title: "platforms", width: Width::Fill(2), align: Align::Left, from: 64 },
    Column { title: "size", width: Width::Fixed(8), align: Align::Right, from: 0 },
    Column { title: "age", width: Width::Fixed(6), align: Align::Right, from: 32 },
];

/// Line 2.
pub(super) fn subject(model: &Model, look: &Look, around: &Around) -> Subject {
    let going = model.shelves.iter().any(|shelf| shelf.loading == Loading::Going);
    let failed = model.shelves.iter().filter(|shelf| matches!(shelf.loading, Loading::Failed(_))).count();
    let mut verdict = Vec::new();
    if !model.marked.is_empty() {
        verdict.push(look.span(Role::Accent, format!("{} marked", model.marked.len())));
        verdict.push(look.span(Role::Dim, look.dot()));
    }
    verdict.push(look.span(Role::Dim, count(model, look)));
    verdict.extend(signed(model, look, around.body.width >= ROOMY));
    if going {
        verdict.extend([look.span(Role::Dim, "  reading "), look.glyph(Glyph::Running)]);
    }
    if failed > 0 {
        verdict.extend([look.span(Role::Fail, format!("  {failed} unreadable ")), look.glyph(Glyph::Fail)]);
    }
    let what = |_| what(model, look, around);
    Subject::fitting(look, around.body.width, verdict, |room| model.filter.spans(look, room), what)
}

/// From this width on, all that is known of signatures is counted.
const ROOMY: u16 = 100;

/// `· 208 signed · 6 unsigned ▲`, of those looked into; what is bad also where there is little room.
fn signed(model: &Model, look: &Look, roomy: bool) -> Vec<Span<'static>> {
    let of = |wanted: &dyn Fn(&Seal) -> bool| model.seals.values().filter(|seal| wanted(seal)).count();
    let sorts = [
        (of(&Seal::is_signed), "signed", None),
        (of(&|seal| seal.glyph() == Glyph::Warn), "unsigned", Some(Glyph::Warn)),
        (of(&|seal| seal.glyph() == Glyph::Fail), "not trusted", Some(Glyph::Fail)),
    ];
    let mut spans = Vec::new();
    for (count, word, glyph) in sorts.into_iter().filter(|(count, _, glyph)| *count > 0 && (roomy || glyph.is_some())) {
        spans.push(look.span(Role::Dim, look.dot()));
        spans.push(look.span(glyph.map_or(Role::Dim, Glyph::role), format!("{count} {word}")));
        spans.extend(glyph.into_iter().flat_map(|glyph| [Span::raw(" "), look.glyph(glyph)]));
    }
    spans
}

/// How many there are; how many of them where a filter holds some back.
fn count(model: &Model, look: &Look) -> String {
    match &model.level {
        Level::Repositories => {
            let (repositories, tags) = model.counts(None);
            if model.filter.is_active() {
                let shown = model.rows().iter().filter(|row| matches!(row, RepoRow::Repo(..))).count();
                return format!("{shown} of {repositories}");
            }
            counted(look, repositories, tags)
        }
        Level::Tags { .. } => {
            let all = model.open_repo().and_then(|repo| repo.tags.as_ref()).map_or(0, Vec::len);
            if model.filter.is_active() {
                return format!("{} of {all}", model.tag_count());
            }
            units::count(all as u64, "tag")
        }
    }
}

/// What line 2 is about, the filter at its end, in so many columns.
fn what(model: &Model, look: &Look, around: &Around) -> Vec<Span<'static>> {
    let Level::Tags { store, repository } = &model.level else { return vec![look.span(Role::Strong, "stores")] };
    let (glyph, role) = origin(around, store);
    vec![look.glyph(glyph), look.span(role, format!(" {store}/")), look.span(Role::Strong, repository.clone())]
}

fn origin(around: &Around, store: &str) -> (Glyph, Role) {
    let is_local = around.stores.iter().any(|known| known.name == store && known.is_local);
    if is_local { (Glyph::Local, Role::Local) } else { (Glyph::Global, Role::Global) }
}

/// Where the filter is typed: after the words of line 2, which begin in column 2.
pub(super) fn cursor(model: &Model, around: &Around) -> Option<Position> {
    if !model.filter.editing {
        return None;
    }
    subject(model, &Look::of_roles(false), around).end(around.body.width)
}

/// The body.
pub(super) fn draw(model: &Model, look: &Look, around: &Around, buffer: &mut Buffer) {
    let panes = model.panes(around);
    panes.draw_rule(look, buffer);
    let focused = model.detail.is_some();
    if let Some(area) = panes.list(focused) {
        match &model.level {
            Level::Repositories => repositories(model, look, around, (area, !focused), buffer),
            Level::Tags { .. } => tags(model, look, around, (area, !focused), buffer),
        }
    }
    if let Some(area) = panes.detail(focused) {
        detail(model, look, around, area, buffer);
    }
}

fn repositories(model: &Model, look: &Look, around: &Around, (area, focused): (Rect, bool), buffer: &mut Buffer) {
    let rows = model.rows();
    let len = rows.len();
    let table = Table { look, columns: &REPOSITORIES, len, cursor: model.repositories, focused, headed: true };
    let width = usize::from(Table::row_width(area));
    table.draw(area, buffer, |index| match rows[index] {
        RepoRow::Store(at) => vec![heading(model, look, around, (at, width))],
        RepoRow::Repo(store, repo) => {
            let shelf = &model.shelves[store];
            repo_cells(model, look, around, (&shelf.name, &shelf.repos[repo]))
        }
    });
    let spot = |index: usize| {
        let RepoRow::Repo(store, repo) = rows[index] else { return None };
        let (shelf, repo) = (&model.shelves[store], &model.shelves[store].repos[repo]);
        Some((shelf.name.clone(), repo.name.clone(), repo.tags.as_ref()?.first()?.clone()))
    };
    let window = model.repositories.window(len, Table::height(area, true));
    marks(model, look, area, window.map(spot), buffer);
    let below = u16::try_from(len + 2).unwrap_or(u16::MAX).min(area.height);
    notes(model, look, around, Rect { y: area.y + below, height: area.height - below, ..area }, buffer);
}

/// What an empty or unreadable store has to say, below its rows where there is room.
fn notes(model: &Model, look: &Look, around: &Around, area: Rect, buffer: &mut Buffer) {
    let mut lines: Vec<(Span<'static>, Role, String)> = Vec::new();
    if around.stores.is_empty() {
        let text = "this workspace names no stores: add one under `stores:` in bakery.yaml";
        lines.push((look.glyph(Glyph::Unasked), Role::Text, text.into()));
    }
    if model.filter.is_active() && model.rows().is_empty() {
        let text = "no repository of that name; Esc shows all";
        lines.push((look.glyph(Glyph::Unasked), Role::Dim, text.into()));
    }
    for shelf in model.shelves.iter().filter(|_| !model.filter.is_active()) {
        match &shelf.loading {
            Loading::Failed(report) => {
                lines.push((look.glyph(Glyph::Fail), Role::Text, format!("{}: {}", shelf.name, report.message)));
                let more = report.causes.iter().take(2).chain(&report.help);
                lines.extend(more.map(|text| (Span::raw(" "), Role::Dim, text.clone())));
                lines.push((Span::raw(" "), Role::Dim, "r reads it again".into()));
            }
            Loading::Done if shelf.repos.is_empty() => {
                let is_local = around.stores.iter().any(|store| store.name == shelf.name && store.is_local);
                let text = format!("{}: {}", shelf.name, empty_store(is_local));
                lines.push((look.glyph(Glyph::Unasked), Role::Dim, text));
            }
            _ => {}
        }
    }
    let mut y = area.y;
    let width = area.width.saturating_sub(6);
    for (glyph, role, text) in lines {
        for (part, line) in format::wrap(&text, usize::from(width)).into_iter().enumerate() {
            if y >= area.bottom() {
                return;
            }
            if part == 0 {
                buffer.set_span(area.x + 2, y, &glyph, 2);
            }
            buffer.set_span(area.x + 5, y, &look.span(role, line), width);
            y += 1;
        }
    }
}

/// A store's row: its name and place, and how it stands at the right.
fn heading(model: &Model, look: &Look, around: &Around, (at, width): (usize, usize)) -> Line<'static> {
    let shelf = &model.shelves[at];
    let place = around.stores.iter().find(|store| store.name == shelf.name).map(|store| store.place.clone());
    let (glyph, role) = origin(around, &shelf.name);
    let (repositories, tags) = model.counts(Some(&shelf.name));
    let state = match &shelf.loading {
        Loading::Going => vec![look.span(Role::Dim, "reading "), look.glyph(Glyph::Running)],
        Loading::Failed(_) => vec![look.span(Role::Fail, "unreadable "), look.glyph(Glyph::Fail)],
        Loading::Done if width < 72 => vec![look.span(Role::Dim, units::count(tags as u64, "tag"))],
        Loading::Done => vec![look.span(Role::Dim, counted(look, repositories, tags))],
    };
    let state = Line::from(state);
    let name = vec![
        look.glyph(glyph),
        look.span(role, format!(" {}", shelf.name)),
        look.span(Role::Dim, place.map(|place| format!("  {place}")).unwrap_or_default()),
    ];
    let mut line = cut(look, &Line::from(name), width.saturating_sub(state.width() + 2));
    let gap = width.saturating_sub(line.width() + state.width());
    line.spans.push(Span::raw(" ".repeat(gap)));
    line.spans.extend(state.spans);
    line
}

fn repo_cells(model: &Model, look: &Look, around: &Around, (store, repo): (&str, &Repo)) -> Vec<Line<'static>> {
    let name = marked(look, Role::Text, &repo.name, model.repo_filter().mark(&repo.name));
    let newest = repo.tags.as_ref().and_then(|tags| tags.first()).cloned();
    let spot: Option<Spot> = newest.clone().map(|tag| (store.to_owned(), repo.name.clone(), tag));
    let seen = spot.as_ref().and_then(|spot| model.seen.get(spot));
    let tags = match (&repo.tags, &repo.failure) {
        (_, Some(_)) => Line::from(look.glyph(Glyph::Fail)),
        (tags, None) => known(look, Role::Dim, tags.as_ref().map(|tags| tags.len().to_string())),
    };
    let newest = match &repo.tags {
        Some(tags) if tags.is_empty() => Line::from(look.span(Role::Dim, "no tags")),
        _ => Line::from(look.span(Role::Text, newest.unwrap_or_default())),
    };
    let facts = facts(look, around, seen);
    vec![seal(model, look, spot.as_ref()), name, newest, tags, facts.0, facts.1]
}

/// The badge of an image's signature: a column of its own, where no name can stand. Blank until somebody looked.
fn seal(model: &Model, look: &Look, spot: Option<&Spot>) -> Line<'static> {
    let seal = spot.and_then(|spot| model.seals.get(spot));
    seal.map(|seal| Line::from(look.glyph(seal.glyph()))).unwrap_or_default()
}

/// Size and age of what was looked into.
fn facts(look: &Look, around: &Around, seen: Option<&Result<Listed, Report>>) -> (Line<'static>, Line<'static>) {
    match seen {
        None => (known(look, Role::Text, None), Line::default()),
        Some(Err(_)) => (Line::from(look.glyph(Glyph::Fail)), Line::default()),
        Some(Ok(listed)) => (
            Line::from(look.span(Role::Text, units::bytes(listed.size))),
            Line::from(look.span(Role::Dim, told(format::age(listed.created.as_deref(), around.now)))),
        ),
    }
}

/// A dash where nobody told.
fn told(age: String) -> String {
    if age.is_empty() { "-".into() } else { age }
}

fn tags(model: &Model, look: &Look, around: &Around, (area, focused): (Rect, bool), buffer: &mut Buffer) {
    let Level::Tags { store, repository } = &model.level else { return };
    let len = model.tag_count();
    let table = Table { look, columns: &TAGS, len, cursor: model.tags, focused, headed: true };
    let window = model.tags.window(len, Table::height(area, true));
    let from = window.start;
    let in_sight: Vec<&str> = model.tag_rows(window).collect();
    table.draw(area, buffer, |index| {
        let Some(tag) = index.checked_sub(from).and_then(|at| in_sight.get(at)) else { return Vec::new() };
        let spot = (store.clone(), repository.clone(), (*tag).to_owned());
        let seen = model.seen.get(&spot);
        let listed = seen.and_then(|seen| seen.as_ref().ok());
        let digest = listed.and_then(|listed| listed.digest.as_ref()).map(Digest::short).unwrap_or_default();
        let facts = facts(look, around, seen);
        vec![
            seal(model, look, Some(&spot)),
            marked(look, Role::Text, tag, model.filter.mark(tag)),
            Line::from(look.span(Role::Dim, digest)),
            Line::from(look.span(Role::Dim, listed.map(|listed| platforms(&listed.platforms)).unwrap_or_default())),
            facts.0,
            facts.1,
        ]
    });
    let spots = in_sight.iter().map(|tag| Some((store.clone(), repository.clone(), (*tag).to_owned())));
    marks(model, look, area, spots, buffer);
    if len == 0 && area.height > 1 {
        let open = model.open_repo();
        let text = match open {
            _ if model.filter.is_active() => "no tag of that name; Esc shows all",
            None => "this repository is gone; Esc goes back",
            Some(repo) if repo.failure.is_some() => "its tags cannot be read; Esc goes back, r reads again",
            Some(repo) if repo.tags.is_none() => "reading its tags",
            Some(_) => "no tags here; Esc goes back",
        };
        buffer.set_span(area.x + 2, area.y + 1, &look.span(Role::Dim, text), area.width.saturating_sub(3));
    }
}

/// The numbers of marked images beside their rows: the first is the one compared with.
fn marks(model: &Model, look: &Look, area: Rect, spots: impl Iterator<Item = Option<Spot>>, buffer: &mut Buffer) {
    if model.marked.is_empty() {
        return;
    }
    for (y, spot) in (area.y + 1..area.bottom()).zip(spots) {
        let reference = spot.map(|spot| Model::reference(&spot));
        let number = reference.and_then(|reference| model.marked.iter().position(|marked| *marked == reference));
        if let Some(number) = number {
            // Two are told apart: the first is compared with.
            let sign = if model.marked.len() > 2 { "*".to_owned() } else { (number + 1).to_string() };
            buffer.set_span(area.x + 1, y, &look.span(Role::Accent, sign), 1);
        }
    }
}

/// `amd64 arm64`: Linux goes without saying.
fn platforms(all: &[String]) -> String {
    all.iter().map(|one| one.strip_prefix("linux/").unwrap_or(one)).collect::<Vec<_>>().join(" ")
}

fn detail(model: &Model, look: &Look, around: &Around, area: Rect, buffer: &mut Buffer) {
    let columns = usize::from(area.width);
    let lines = model.detail_lines(look, around, columns);
    let from = model.detail.unwrap_or(0).min(lines.len());
    for (y, line) in (area.y..area.bottom()).zip(&lines[from..]) {
        buffer.set_line(area.x, y, &cut(look, line, columns), area.width);
    }
    let below = lines.len().saturating_sub(from + usize::from(area.height));
    if below > 0 && area.height > 1 {
        // The last line gives way to what is not shown.
        let how = if model.detail.is_some() { "" } else { ": o, then j" };
        let y = area.bottom() - 1;
        buffer.set_style(Rect { y, height: 1, ..area }, ratatui::style::Style::reset());
        let text = format!("  {} {} more{how}", look.ellipsis(), below + 1);
        let text = format::left(&text, columns, look.ellipsis());
        buffer.set_span(area.x, y, &look.span(Role::Dim, text), area.width);
    }
    if model.detail.is_some() && area.x > 1 {
        // Which pane has the keys.
        buffer.set_span(area.x - 1, area.y, &look.span(Role::Accent, look.mark()), 1);
    }
}
