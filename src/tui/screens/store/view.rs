//! How the Store screen looks: repositories or tags at the left, the selected image at the right. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::model::{RepoRow, Spot};
use super::update::SHARE;
use super::{Level, Loading, Model, Repo};
use crate::domain::units;
use crate::flows::browse::Listed;
use crate::report::Report;
use crate::tui::format;
use crate::tui::screens::{Around, Subject};
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{Align, Column, Table, Width, known, marked, split};

const REPOSITORIES: [Column; 5] = [
    Column { title: "repository", width: Width::Fill(3), align: Align::Left, from: 0 },
    Column { title: "newest", width: Width::Fill(1), align: Align::Left, from: 44 },
    Column { title: "tags", width: Width::Fixed(5), align: Align::Right, from: 0 },
    Column { title: "size", width: Width::Fixed(8), align: Align::Right, from: 40 },
    Column { title: "age", width: Width::Fixed(6), align: Align::Right, from: 52 },
];

const TAGS: [Column; 5] = [
    Column { title: "tag", width: Width::Fill(2), align: Align::Left, from: 0 },
    Column { title: "digest", width: Width::Fixed(12), align: Align::Left, from: 56 },
    Column { title: "platforms", width: Width::Fill(1), align: Align::Left, from: 64 },
    Column { title: "size", width: Width::Fixed(8), align: Align::Right, from: 0 },
    Column { title: "age", width: Width::Fixed(6), align: Align::Right, from: 32 },
];

/// Line 2.
pub(super) fn subject(model: &Model, look: &Look, around: &Around) -> Subject {
    let origin = |name: &str| {
        let is_local = around.stores.iter().any(|store| store.name == name && store.is_local);
        if is_local { (Glyph::Local, Role::Local) } else { (Glyph::Global, Role::Global) }
    };
    let mut what: Vec<Span<'static>> = Vec::new();
    match &model.level {
        Level::Repositories => {
            what.push(look.span(Role::Strong, "stores"));
            if model.filter.editing || model.filter.is_active() {
                what.extend(filter_spans(model, look));
            }
        }
        Level::Tags { store, repository } => {
            let (glyph, role) = origin(store);
            what.push(look.glyph(glyph));
            what.push(look.span(role, format!(" {store}/")));
            what.push(look.span(Role::Strong, repository.clone()));
            what.extend(filter_spans(model, look));
        }
    }
    let going = model.shelves.iter().any(|shelf| shelf.loading == Loading::Going);
    let failed = model.shelves.iter().filter(|shelf| matches!(shelf.loading, Loading::Failed(_))).count();
    let mut verdict = match &model.level {
        Level::Repositories => {
            let (repositories, tags) = model.counts(None);
            let count =
                |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
            vec![look.span(
                Role::Dim,
                format!(
                    "{}{}{}",
                    count(repositories, "repository", "repositories"),
                    look.dot(),
                    count(tags, "tag", "tags")
                ),
            )]
        }
        Level::Tags { .. } => {
            let all = model.open_repo().and_then(|repo| repo.tags.as_ref()).map_or(0, Vec::len) as u64;
            vec![look.span(Role::Dim, units::count(all, "tag"))]
        }
    };
    if going {
        verdict.extend([look.span(Role::Dim, "  reading "), look.glyph(Glyph::Running)]);
    }
    if failed > 0 {
        verdict.extend([look.span(Role::Fail, format!("  {failed} unreadable ")), look.glyph(Glyph::Fail)]);
    }
    Subject { what, verdict }
}

fn filter_spans(model: &Model, look: &Look) -> Vec<Span<'static>> {
    if !(model.filter.editing || model.filter.is_active()) {
        return Vec::new();
    }
    vec![look.span(Role::Key, "  /"), look.span(Role::Match, model.filter.text.clone())]
}

/// Where the filter is typed.
pub(super) fn cursor(model: &Model, _around: &Around) -> Option<Position> {
    if !model.filter.editing {
        return None;
    }
    let before = match &model.level {
        Level::Repositories => "stores".len(),
        Level::Tags { store, repository } => format::width(store) + format::width(repository) + 3,
    };
    let x = 2 + before + 3 + format::width(&model.filter.text);
    Some(Position { x: u16::try_from(x).ok()?, y: 1 })
}

/// The body.
pub(super) fn draw(model: &Model, look: &Look, around: &Around, buffer: &mut Buffer) {
    let panes = split(around.body, SHARE);
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
    table.draw(area, buffer, |index| match rows[index] {
        RepoRow::Store(at) => heading(model, look, around, at),
        RepoRow::Repo(store, repo) => {
            let shelf = &model.shelves[store];
            repo_cells(model, look, around, (&shelf.name, &shelf.repos[repo]))
        }
    });
    notes(
        model,
        look,
        Rect { y: area.y + 1 + u16::try_from(len).unwrap_or(area.height), ..area },
        area.bottom(),
        buffer,
    );
}

/// What an empty or unreadable store has to say, below its rows where there is room.
fn notes(model: &Model, look: &Look, from: Rect, bottom: u16, buffer: &mut Buffer) {
    let mut y = from.y + 1;
    let width = usize::from(from.width.saturating_sub(3));
    let mut say = |glyph: Glyph, lines: Vec<(Role, String)>| {
        for (number, (role, text)) in lines.into_iter().enumerate() {
            for (part, line) in format::wrap(&text, width.saturating_sub(2)).into_iter().enumerate() {
                if y < bottom {
                    if number + part == 0 {
                        buffer.set_span(from.x + 1, y, &look.glyph(glyph), 2);
                    }
                    buffer.set_span(from.x + 4, y, &look.span(role, line), from.width.saturating_sub(5));
                    y += 1;
                }
            }
        }
        y += 1;
    };
    for shelf in &model.shelves {
        match &shelf.loading {
            Loading::Failed(report) => {
                let mut lines = vec![(Role::Text, format!("{}: {}", shelf.name, report.message))];
                lines.extend(report.causes.iter().take(2).map(|cause| (Role::Dim, cause.clone())));
                lines.extend(report.help.iter().map(|help| (Role::Dim, help.clone())));
                lines.push((Role::Dim, "r reads it again".into()));
                say(Glyph::Fail, lines);
            }
            Loading::Done if shelf.repos.is_empty() => {
                let next = if shelf.name == "local" {
                    "nothing baked yet: choose a recipe on screen 2 and press b"
                } else {
                    "no repository here: push base images to it, or make them with `base: scratch`"
                };
                say(Glyph::Unasked, vec![(Role::Dim, format!("{}: {next}", shelf.name))]);
            }
            _ => {}
        }
    }
}

fn heading(model: &Model, look: &Look, around: &Around, at: usize) -> Vec<Line<'static>> {
    let shelf = &model.shelves[at];
    let store = around.stores.iter().find(|store| store.name == shelf.name);
    let is_local = store.is_some_and(|store| store.is_local);
    let (glyph, role) = if is_local { (Glyph::Local, Role::Local) } else { (Glyph::Global, Role::Global) };
    let name = vec![
        look.glyph(glyph),
        look.span(role, format!(" {}", shelf.name)),
        look.span(Role::Dim, store.map(|store| format!("  {}", store.place)).unwrap_or_default()),
    ];
    let state = match &shelf.loading {
        Loading::Going => look.glyph(Glyph::Running),
        Loading::Failed(_) => look.glyph(Glyph::Fail),
        Loading::Done => look.span(Role::Dim, model.counts(Some(&shelf.name)).1.to_string()),
    };
    vec![Line::from(name), Line::default(), Line::from(state), Line::default(), Line::default()]
}

fn repo_cells(model: &Model, look: &Look, around: &Around, (store, repo): (&str, &Repo)) -> Vec<Line<'static>> {
    let mut name = vec![look.span(Role::Text, "  ")];
    name.extend(marked(look, Role::Text, &repo.name, model.repo_filter().mark(&repo.name)).spans);
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
    vec![Line::from(name), newest, tags, facts.0, facts.1]
}

/// Size and age of what was looked into.
fn facts(look: &Look, around: &Around, seen: Option<&Result<Listed, Report>>) -> (Line<'static>, Line<'static>) {
    match seen {
        None => (known(look, Role::Text, None), Line::default()),
        Some(Err(_)) => (Line::from(look.glyph(Glyph::Fail)), Line::default()),
        Some(Ok(listed)) => (
            Line::from(look.span(Role::Text, units::bytes(listed.size))),
            Line::from(look.span(Role::Dim, format::age(listed.created.as_deref(), around.now))),
        ),
    }
}

fn tags(model: &Model, look: &Look, around: &Around, (area, focused): (Rect, bool), buffer: &mut Buffer) {
    let Level::Tags { store, repository } = &model.level else { return };
    let rows = model.tag_rows();
    let table = Table { look, columns: &TAGS, len: rows.len(), cursor: model.tags, focused, headed: true };
    table.draw(area, buffer, |index| {
        let tag = rows[index];
        let seen = model.seen.get(&(store.clone(), repository.clone(), tag.to_owned()));
        let listed = seen.and_then(|seen| seen.as_ref().ok());
        let digest = listed.map(|listed| listed.digest.short());
        let platforms = listed.map(|listed| listed.platforms.join(" ")).unwrap_or_default();
        let facts = facts(look, around, seen);
        vec![
            marked(look, Role::Text, tag, model.filter.mark(tag)),
            Line::from(look.span(Role::Dim, digest.map(|digest| digest.to_string()).unwrap_or_default())),
            Line::from(look.span(Role::Dim, platforms)),
            facts.0,
            facts.1,
        ]
    });
    if rows.is_empty() {
        let text = if model.filter.is_active() { "no tag of that name; Esc shows all" } else { "no tags here" };
        buffer.set_span(area.x + 2, area.y + 1, &look.span(Role::Dim, text), area.width.saturating_sub(3));
    }
}

fn detail(model: &Model, look: &Look, around: &Around, area: Rect, buffer: &mut Buffer) {
    let lines = model.detail_lines(look, around, usize::from(area.width));
    let from = model.detail.unwrap_or(0).min(lines.len());
    for (y, line) in (area.y..area.bottom()).zip(&lines[from..]) {
        buffer.set_line(area.x, y, &crate::tui::widgets::cut(look, line, usize::from(area.width)), area.width);
    }
}
