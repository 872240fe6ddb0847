//! How the pool looks: a line a builder where there is room, else one line of all. Only reads.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Model;
use super::pool::{Place, Stand, said};
use crate::domain::units::count;
use crate::tui::format;
use crate::tui::screens::{Around, Screen};
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{Zoom, cut, meter_of};

/// Lower bodies have room for one line.
const ONE_LINE: u16 = 16;
/// Builders shown at most, in bodies of usual height.
const FEW: usize = 4;
/// From this height on, a third of the body is theirs.
const HIGH: u16 = 30;
/// From this width on, platforms have a column of their own.
const PLATFORMS: u16 = 100;
/// From this width on, slots show as a bar, too.
const BARS: u16 = 70;
/// Columns of a builder's name, at most.
const NAME: usize = 20;
/// Columns of platforms, at most.
const NATIVE: usize = 24;

impl Model {
    /// Where the pool shows, and what is left below it.
    pub(super) fn below_pool(&self, around: &Around) -> (Rect, Rect) {
        let body = around.body;
        let nothing = Rect { height: 0, ..body };
        if around.sizes(Screen::Bakes).zoom == Zoom::Full {
            return (nothing, body);
        }
        let height = match self.places(around).len() {
            0 => return (nothing, body),
            _ if body.height < ONE_LINE => 1,
            many => u16::try_from(many.min(most(body)) + 1).unwrap_or(1),
        };
        let pool = Rect { height, ..body };
        (pool, Rect { y: body.y + height, height: body.height - height, ..body })
    }
}

/// Builders that may show.
fn most(body: Rect) -> usize {
    if body.height < HIGH { FEW } else { usize::from(body.height / 3) }
}

/// Draws the pool into its place.
pub(super) fn draw(model: &Model, look: &Look, around: &Around, area: Rect, buffer: &mut Buffer) {
    let places = model.places(around);
    let words = said(&places, model.pool.live());
    if area.height < 2 {
        let line = one_line(look, &places, words);
        buffer.set_line(area.x, area.y, &cut(look, &line, usize::from(area.width)), area.width);
        return;
    }
    title(look, &words, area, buffer);
    let lines = lines(look, places, usize::from(area.height) - 1, area.width);
    for (y, line) in (area.y + 1..area.bottom()).zip(lines) {
        buffer.set_line(area.x, y, &cut(look, &line, usize::from(area.width)), area.width);
    }
}

/// ` ─ pool ──────────── 2 of 5 at work · 6 wait ─`.
fn title(look: &Look, words: &[String], area: Rect, buffer: &mut Buffer) {
    let dash = look.horizontal();
    let rule = |text: String| Span::styled(text, look.style(Role::Rule));
    let words = words.join(look.dot());
    let room = usize::from(area.width).saturating_sub(" - pool ".len() + format::width(&words) + 4);
    let line = Line::from(vec![
        rule(format!(" {dash} ")),
        look.span(Role::Dim, "pool"),
        rule(format!(" {} ", dash.repeat(room))),
        look.span(Role::Text, words),
        rule(format!(" {dash}")),
    ]);
    buffer.set_line(area.x, area.y, &cut(look, &line, usize::from(area.width)), area.width);
}

fn one_line(look: &Look, places: &[Place], words: Vec<String>) -> Line<'static> {
    let mut spans = vec![look.span(Role::Dim, " pool  ")];
    let mut parts: Vec<Vec<Span<'static>>> = Vec::new();
    let out: Vec<&Place> = places.iter().filter(|place| matches!(place.stand, Stand::Out(..))).collect();
    let named = |glyph: Glyph, text: String| vec![look.glyph(glyph), look.span(glyph.role(), format!(" {text}"))];
    match out.as_slice() {
        [] => {}
        [Place { name, stand: Stand::Out(left, _), .. }] => {
            parts.push(named(Glyph::Warn, format!("{name} out {left} s")));
        }
        several => parts.push(named(Glyph::Warn, format!("{} left alone", count(several.len() as u64, "builder")))),
    }
    let tried = places.iter().filter(|place| place.stand == Stand::OnTrial);
    parts.extend(tried.map(|place| named(Glyph::Unknown, format!("{} on trial", place.name))));
    // What is baked and what waits goes before it, how far all is after it.
    let mut words = words.into_iter().map(|word| vec![look.span(Role::Text, word)]);
    let first: Vec<Vec<Span<'static>>> = words.by_ref().take(2).collect();
    parts.splice(0..0, first);
    parts.extend(words);
    for (number, part) in parts.into_iter().enumerate() {
        if number > 0 {
            spans.push(look.span(Role::Dim, look.dot()));
        }
        spans.extend(part);
    }
    Line::from(spans)
}

/// At most `rows` lines; where there are more builders, those at fault and at work first.
fn lines(look: &Look, mut places: Vec<Place>, rows: usize, width: u16) -> Vec<Line<'static>> {
    let widest =
        |text: &dyn Fn(&Place) -> String| places.iter().map(|place| format::width(&text(place))).max().unwrap_or(0);
    let columns = Columns {
        name: widest(&|place| place.name.clone()).min(NAME),
        slots: widest(&slots),
        meter: if width >= BARS { widest_slots(&places).min(8) } else { 0 },
        platforms: if width >= PLATFORMS { widest(&platforms).min(NATIVE) } else { 0 },
        all: usize::from(width),
    };
    let mut rest = Vec::new();
    if places.len() > rows {
        places.sort_by_key(|place| match place.stand {
            Stand::Out(..) | Stand::OnTrial => 0,
            Stand::AtWork => 1,
            Stand::Idle => 2,
        });
        rest = places.split_off(rows.saturating_sub(1));
    }
    let mut lines: Vec<Line<'static>> = places.iter().map(|place| line(look, place, &columns)).collect();
    if !rest.is_empty() {
        let of = |is: fn(&Stand) -> bool| rest.iter().filter(|place| is(&place.stand)).count();
        let kinds = [
            (of(|stand| matches!(stand, Stand::Out(..))), "left alone"),
            (of(|stand| *stand == Stand::OnTrial), "on trial"),
            (of(|stand| *stand == Stand::AtWork), "at work"),
            (of(|stand| *stand == Stand::Idle), "idle"),
        ];
        let kinds: Vec<String> =
            kinds.iter().filter(|(many, _)| *many > 0).map(|(many, word)| format!("{many} {word}")).collect();
        let text = format!("     and {}: {}", count(rest.len() as u64, "more builder"), kinds.join(", "));
        lines.push(Line::from(look.span(Role::Dim, text)));
    }
    lines
}

struct Columns {
    name: usize,
    slots: usize,
    meter: usize,
    platforms: usize,
    all: usize,
}

fn widest_slots(places: &[Place]) -> usize {
    places.iter().filter_map(|place| place.slots).max().unwrap_or(0)
}

/// `2 of 4`; of an engine nobody here knows more of, what it bakes.
fn slots(place: &Place) -> String {
    let used = place.baking.len();
    place.slots.map_or_else(|| used.to_string(), |slots| format!("{used} of {slots}"))
}

fn platforms(place: &Place) -> String {
    match &place.platforms {
        None if place.slots.is_none() => String::new(),
        None => "any platform".to_owned(),
        Some(platforms) => platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
    }
}

fn line(look: &Look, place: &Place, columns: &Columns) -> Line<'static> {
    let glyph = match place.stand {
        Stand::Out(..) => Glyph::Warn,
        Stand::OnTrial => Glyph::Unknown,
        Stand::AtWork => Glyph::Running,
        Stand::Idle => Glyph::Waiting,
    };
    let name = format::left(&place.name, columns.name, look.ellipsis());
    let mut spans = vec![look.span(Role::Text, "  "), look.glyph(glyph), look.span(Role::Text, format!("  {name}  "))];
    if columns.meter > 0 {
        spans.extend(bar(look, place, columns.meter));
    }
    spans.push(look.span(Role::Text, format!("{}  ", format::right(&slots(place), columns.slots, look.ellipsis()))));
    if columns.platforms > 0 {
        let native = format::left(&platforms(place), columns.platforms, look.ellipsis());
        spans.push(look.span(Role::Dim, format!("{native}  ")));
    }
    let room = columns.all.saturating_sub(Line::from(spans.clone()).width() + 1);
    spans.extend(stand(look, place, room));
    Line::from(spans)
}

/// A cell a slot; of more slots than cells, the share.
fn bar(look: &Look, place: &Place, columns: usize) -> Vec<Span<'static>> {
    let Some(slots) = place.slots else { return vec![look.span(Role::Text, " ".repeat(columns + 2))] };
    let cells = slots.min(columns);
    let mut spans = meter_of(look, (place.baking.len(), slots), cells).to_vec();
    spans.push(look.span(Role::Text, " ".repeat(columns - cells + 2)));
    spans
}

/// What it does, or why it does nothing.
fn stand(look: &Look, place: &Place, room: usize) -> Vec<Span<'static>> {
    let images = |room: usize| look.span(Role::Text, named(&place.baking, room));
    match &place.stand {
        Stand::Out(left, why) => {
            let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            vec![look.span(Role::Warn, format!("left alone for {left} s{why}"))]
        }
        Stand::OnTrial if place.baking.is_empty() => vec![look.span(Role::Unknown, "on trial: the next bake tries it")],
        Stand::OnTrial => vec![look.span(Role::Unknown, "on trial: "), images(room.saturating_sub(10))],
        Stand::AtWork => vec![images(room)],
        Stand::Idle => vec![look.span(Role::Dim, "idle")],
    }
}

/// As many names as there is room for, and how many more there are.
fn named(images: &[String], room: usize) -> String {
    let more = |left: usize| if left > 0 { format!(", {left} more") } else { String::new() };
    let shown = (1..=images.len()).rev().find_map(|many| {
        let text = format!("{}{}", images[..many].join(", "), more(images.len() - many));
        (format::width(&text) <= room).then_some(text)
    });
    // One name that is too long is cut at its end.
    shown.unwrap_or_else(|| images.first().map(|first| first.clone() + &more(images.len() - 1)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_named_as_far_as_there_is_room() {
        let images = ["team/a:1".to_owned(), "team/b:1".to_owned(), "team/c:1".to_owned()];
        assert_eq!(named(&images, 40), "team/a:1, team/b:1, team/c:1");
        assert_eq!(named(&images, 27), "team/a:1, team/b:1, 1 more");
        assert_eq!(named(&images, 16), "team/a:1, 2 more");
        assert_eq!(named(&images, 3), "team/a:1, 2 more", "who draws it cuts it");
        assert_eq!(named(&[], 3), "");
    }
}
