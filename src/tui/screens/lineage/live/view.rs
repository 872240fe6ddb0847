//! How a roll-out looks: its images in the order they are moved, the selected one in words. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Live;
use crate::domain::rollout::{After, Item, ItemState, Progress, RolloutStatus, Way};
use crate::domain::units;
use crate::tui::format;
use crate::tui::screens::{Around, Subject};
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{Align, Column, Table, Width, badge, cut, meter_of};

const COLUMNS: [Column; 4] = [
    Column { title: "", width: Width::Fixed(2), align: Align::Left, from: 0 },
    Column { title: "image", width: Width::Fill(6), align: Align::Image(1), from: 0 },
    Column { title: "how", width: Width::Fixed(15), align: Align::Left, from: 60 },
    Column { title: "state", width: Width::Fill(4), align: Align::Left, from: 0 },
];

/// Line 2.
pub(in crate::tui::screens::lineage) fn subject(live: &Live, look: &Look, around: &Around) -> Subject {
    let Some(progress) = &live.progress else {
        return Subject { what: vec![look.span(Role::Strong, "roll-out")], verdict: Vec::new() };
    };
    let roomy = around.body.width >= 100;
    let mut what = vec![look.span(Role::Strong, "roll-out of "), look.glyph(Glyph::Global)];
    what.push(look.span(Role::Global, format!(" {}", progress.base)));
    if roomy {
        what.push(look.span(Role::Dim, format!(" → {}", progress.onto.short())));
    }
    let (glyph, words) = status_words(progress.status);
    let (done, failed, ..) = progress.counts();
    let mut verdict = vec![look.glyph(glyph), look.span(glyph.role(), format!(" {words}"))];
    verdict.push(look.span(Role::Dim, format!("{}{done} of {} moved", look.dot(), progress.items.len())));
    if failed > 0 {
        let text = format!("{}{failed} failed", look.dot());
        verdict.push(look.span(Role::Fail, text));
    }
    verdict.push(look.span(Role::Dim, format!("{}{}", look.dot(), time_words(progress, around))));
    Subject { what, verdict }
}

fn status_words(status: RolloutStatus) -> (Glyph, &'static str) {
    match status {
        RolloutStatus::Running => (Glyph::Running, "under way"),
        RolloutStatus::Done => (Glyph::Pass, "done"),
        RolloutStatus::Incomplete => (Glyph::Warn, "over, not all moved"),
        RolloutStatus::OverBudget => (Glyph::Fail, "stopped: over budget"),
        RolloutStatus::Cancelled => (Glyph::Unasked, "stopped"),
        RolloutStatus::Lost => (Glyph::Unknown, "lost"),
    }
}

/// For how long it runs, or how long ago it began.
fn time_words(progress: &Progress, around: &Around) -> String {
    let seconds = u64::try_from(around.now.unix_timestamp() - progress.began).unwrap_or(0);
    if progress.status == RolloutStatus::Running {
        return format::clock(seconds.saturating_mul(1000));
    }
    match units::age(seconds).as_str() {
        "now" => "begun just now".to_owned(),
        age => format!("begun {age} ago"),
    }
}

/// The body.
pub(in crate::tui::screens::lineage) fn draw(live: &Live, look: &Look, around: &Around, buffer: &mut Buffer) {
    let Some(progress) = &live.progress else { return };
    let panes = live.panes(around);
    panes.draw_rule(look, buffer);
    let focused = live.detail.is_some();
    if let Some(area) = panes.list(focused) {
        let len = progress.items.len();
        let table = Table { look, columns: &COLUMNS, len, cursor: live.cursor, focused: !focused, headed: true };
        table.draw(area, buffer, |index| cells(look, around, progress, &progress.items[index]));
    }
    if let Some(area) = panes.detail(focused) {
        let lines = item_lines(live, look, around, usize::from(area.width));
        let from = live.detail.unwrap_or(0).min(lines.len());
        for (y, line) in (area.y..area.bottom()).zip(&lines[from..]) {
            buffer.set_line(area.x, y, &cut(look, line, usize::from(area.width)), area.width);
        }
        mark(live, look, area, buffer);
    }
}

/// Which pane has the keys.
fn mark(live: &Live, look: &Look, area: Rect, buffer: &mut Buffer) {
    if live.detail.is_some() && area.x > 1 {
        buffer.set_span(area.x - 1, area.y, &look.span(Role::Accent, look.mark()), 1);
    }
}

/// An image's sign and its state in words. What a process that is gone was at is not under way.
fn state_words(item: &Item, progress: &Progress, around: &Around) -> (Glyph, Role, String) {
    match &item.state {
        ItemState::Waiting => (Glyph::Waiting, Role::Dim, "to come".to_owned()),
        ItemState::Running { .. } if progress.status != RolloutStatus::Running => {
            (Glyph::Unknown, Role::Unknown, "broke off".to_owned())
        }
        ItemState::Running { since, doing, .. } => {
            let seconds = u64::try_from(around.now.unix_timestamp() - since).unwrap_or(0);
            (Glyph::Running, Role::Accent, format!("{doing}  {}", format::clock(seconds.saturating_mul(1000))))
        }
        ItemState::Done { millis, digest, published } => {
            let came = if published.is_empty() { units::millis(*millis) } else { "handed on".to_owned() };
            (Glyph::Pass, Role::Text, format!("{came}  {}", digest.short()))
        }
        ItemState::Failed { why } => {
            (Glyph::Fail, Role::Fail, why.first().cloned().unwrap_or_else(|| "failed".to_owned()))
        }
        ItemState::Skipped { why } => (Glyph::Unasked, Role::Dim, why.clone()),
    }
}

fn cells(look: &Look, around: &Around, progress: &Progress, item: &Item) -> Vec<Line<'static>> {
    let (glyph, role, words) = state_words(item, progress, around);
    let indent = " ".repeat(2 * item.depth.saturating_sub(1).min(6));
    // Almost all are local, and need not say so.
    let (role_of_name, name) = match item.reference.strip_prefix("local/") {
        Some(name) => (Role::Local, name),
        None => (Role::Dim, item.reference.as_str()),
    };
    let name = look.span(role_of_name, name.to_owned());
    vec![
        Line::from(look.glyph(glyph)),
        Line::from(vec![Span::raw(indent), name]),
        Line::from(look.span(Role::Dim, how(item, progress))),
        Line::from(look.span(role, words)),
    ]
}

/// How it is moved; where that is not known, why.
fn how(item: &Item, progress: &Progress) -> &'static str {
    match (item.way, item.after, &item.state) {
        (Way::Rebase, ..) => "rebase",
        (Way::Rebake, ..) => "bake again",
        (Way::Open, After::FirstName, _) => "another name",
        (Way::Open, _, ItemState::Running { .. }) if progress.status == RolloutStatus::Running => "being proven",
        (Way::Open, After::Base, ItemState::Waiting) => "after its base",
        (Way::Open, _, ItemState::Waiting | ItemState::Running { .. }) => "not yet decided",
        (Way::Open, _, ItemState::Done { published, .. }) if !published.is_empty() => "handed on",
        (Way::Open, _, ItemState::Done { .. }) => "there already",
        (Way::Open, _, ItemState::Failed { .. } | ItemState::Skipped { .. }) => "not decided",
    }
}

/// The whole in numbers, then the selected image in words.
pub(super) fn item_lines(live: &Live, look: &Look, around: &Around, columns: usize) -> Vec<Line<'static>> {
    let Some(progress) = &live.progress else { return Vec::new() };
    let mut lines = whole(progress, look, columns);
    let Some(item) = live.selected() else { return lines };
    lines.push(Line::default());
    let (glyph, role, words) = state_words(item, progress, around);
    let name = format::fit(&item.reference, columns.saturating_sub(4), look.ellipsis());
    lines.push(Line::from(badge(look, glyph).into_iter().chain([look.span(Role::Local, name)]).collect::<Vec<_>>()));
    let mut say = |name: &str, role: Role, value: &str| {
        let parts = format::wrap(value, columns.saturating_sub(13).max(8));
        lines.extend(parts.into_iter().enumerate().map(|(at, part)| {
            let name = format::left(if at == 0 { name } else { "" }, 9, look.ellipsis());
            Line::from(vec![look.span(Role::Dim, format!("  {name}  ")), look.span(role, part)])
        }));
    };
    say("on", Role::Text, &item.base);
    say("how", Role::Text, how(item, progress));
    match &item.state {
        ItemState::Failed { why } => why.iter().enumerate().for_each(|(at, line)| {
            say(if at == 0 { "failed" } else { "" }, if at == 0 { Role::Fail } else { Role::Text }, line);
        }),
        ItemState::Done { digest, millis, published } => {
            say("is now", Role::Text, &digest.to_string());
            say("took", Role::Text, &units::millis(*millis));
            published.iter().enumerate().for_each(|(at, place)| {
                say(if at == 0 { "published" } else { "" }, Role::Text, place);
            });
        }
        ItemState::Running { bake: Some(bake), .. } => {
            say("state", role, &words);
            say("bake", Role::Text, bake);
            say("", Role::Dim, "Enter watches it");
        }
        _ => say("state", role, &words),
    }
    lines
}

/// How far all of it is.
fn whole(progress: &Progress, look: &Look, columns: usize) -> Vec<Line<'static>> {
    let (done, failed, skipped, left) = progress.counts();
    let width = columns.saturating_sub(4).clamp(8, 40);
    let mut bar = vec![Span::raw("  ")];
    bar.extend(meter_of(look, (done + failed + skipped, progress.items.len()), width));
    let counts = [
        (Glyph::Pass, done, "moved", Role::Text),
        (Glyph::Fail, failed, "failed", Role::Fail),
        (Glyph::Unasked, skipped, "left out", Role::Dim),
        (Glyph::Waiting, left, "to come or under way", Role::Text),
    ];
    let mut lines = vec![Line::from(bar)];
    for (glyph, count, word, role) in counts.into_iter().filter(|(_, count, ..)| *count > 0) {
        let text = look.span(role, format!("{count} {word}"));
        lines.push(Line::from(badge(look, glyph).into_iter().chain([text]).collect::<Vec<_>>()));
    }
    let budget = format!("  {} at once; {} may fail, {failed} did", progress.parallel, progress.budget);
    lines.push(Line::from(look.span(Role::Dim, budget)));
    let next = match progress.status {
        RolloutStatus::Running => "  x stops it; leaving does not",
        RolloutStatus::Done => return lines,
        _ => "  R goes on with it",
    };
    lines.push(Line::from(look.span(Role::Dim, next)));
    lines
}
