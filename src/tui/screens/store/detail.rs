//! One image in words: what it is, what it is made of, how it runs. Lines only; draws nothing.

use ratatui::text::{Line, Span};

use super::Model;
use super::model::RepoRow;
use crate::domain::units;
use crate::flows::browse::Inspection;
use crate::report::Report;
use crate::tui::format;
use crate::tui::screens::Around;
use crate::tui::theme::{Glyph, Look, Role};

impl Model {
    /// The lines of the detail pane, for a pane of so many columns.
    pub(super) fn detail_lines(&self, look: &Look, around: &Around, columns: usize) -> Vec<Line<'static>> {
        match &self.image {
            Some((reference, Some(Ok(image)))) => image_lines(look, around, (reference, image), columns),
            Some((reference, Some(Err(report)))) => failure_lines(look, reference, report, columns),
            Some((reference, None)) => {
                vec![title(look, around, reference, None), Line::from(look.span(Role::Dim, "  reading"))]
            }
            None => self.nothing_lines(look),
        }
    }

    fn nothing_lines(&self, look: &Look) -> Vec<Line<'static>> {
        let text = match self.selected_row() {
            Some(RepoRow::Store(_)) | None => "select a repository to see its newest image",
            Some(RepoRow::Repo(..)) => "",
        };
        vec![Line::from(look.span(Role::Dim, text))]
    }
}

fn title(look: &Look, around: &Around, reference: &str, digest: Option<String>) -> Line<'static> {
    let store = reference.split('/').next().unwrap_or("");
    let is_local = around.stores.iter().any(|known| known.name == store && known.is_local);
    let (glyph, role) = if is_local { (Glyph::Local, Role::Local) } else { (Glyph::Global, Role::Global) };
    let mut spans = vec![look.glyph(glyph), look.span(role, format!(" {reference}"))];
    spans.extend(digest.map(|digest| look.span(Role::Dim, format!("  {digest}"))));
    Line::from(spans)
}

fn failure_lines(look: &Look, reference: &str, report: &Report, columns: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::from(vec![look.glyph(Glyph::Fail), look.span(Role::Text, format!(" {reference}"))])];
    let all = std::iter::once(&report.message).chain(&report.causes).chain(&report.help);
    for text in all {
        lines.extend(
            format::wrap(text, columns.saturating_sub(2))
                .into_iter()
                .map(|line| Line::from(vec![look.span(Role::Text, "  "), look.span(Role::Dim, line)])),
        );
    }
    lines.push(Line::from(vec![look.span(Role::Key, "  r"), look.span(Role::Dim, " reads it again")]));
    lines
}

/// A heading between parts of the pane.
fn part(look: &Look, name: &str, columns: usize) -> Line<'static> {
    let dash = look.horizontal();
    let tail = dash.repeat(columns.saturating_sub(format::width(name) + 4));
    let rule = |text: String| Span::styled(text, look.style(Role::Rule));
    Line::from(vec![rule(format!("{dash} ")), look.span(Role::Dim, name.to_owned()), rule(format!(" {tail}"))])
}

fn image_lines(
    look: &Look,
    around: &Around,
    (reference, image): (&str, &Inspection),
    columns: usize,
) -> Vec<Line<'static>> {
    let mut lines = vec![title(look, around, reference, Some(image.digest.short().to_string()))];
    let platforms: Vec<String> = match image.images.as_slice() {
        [] => image.platform.iter().cloned().collect(),
        images => images.iter().filter_map(|one| one.platform.clone()).collect(),
    };
    let mut facts =
        vec![platforms.join(" "), units::count(image.layers.len() as u64, "layer"), units::bytes(image.size)];
    let age = format::age(image.created(), around.now);
    facts.push(if age.is_empty() { String::new() } else { format!("{age} old") });
    facts.retain(|fact| !fact.is_empty());
    lines.push(Line::from(look.span(Role::Text, format!("  {}", facts.join(look.dot())))));
    lines.extend(base_line(look, image));
    lines.extend(referrer_lines(look, image));
    lines.push(part(look, "layers", columns));
    lines.extend(layer_lines(look, image, columns));
    let settings = setting_lines(look, image, columns);
    if !settings.is_empty() {
        lines.push(part(look, "runs as", columns));
        lines.extend(settings);
    }
    let history = history_lines(look, image, columns);
    if !history.is_empty() {
        lines.push(part(look, "history", columns));
        lines.extend(history);
    }
    lines
}

/// What it says of its base: a claim, proven elsewhere.
fn base_line(look: &Look, image: &Inspection) -> Option<Line<'static>> {
    let annotations = &image.manifest.as_ref()?.annotations;
    let name = annotations.get(crate::domain::oci::annotation::BASE_NAME)?;
    Some(Line::from(vec![look.span(Role::Dim, "  says it is built on "), look.span(Role::Stale, name.clone())]))
}

fn referrer_lines(look: &Look, image: &Inspection) -> Vec<Line<'static>> {
    if image.referrers.is_empty() {
        return Vec::new();
    }
    let count = units::count(image.referrers.len() as u64, "attachment");
    vec![Line::from(look.span(Role::Dim, format!("  {count}")))]
}

fn layer_lines(look: &Look, image: &Inspection, columns: usize) -> Vec<Line<'static>> {
    let digits = image.layers.len().to_string().len();
    let row = |(number, layer): (usize, &crate::flows::browse::LayerRow)| {
        let size = format::right(&units::bytes(layer.size), 9, look.ellipsis());
        let made = layer.created_by.as_deref().unwrap_or("");
        let room = columns.saturating_sub(digits + 2 + 1 + 9 + 2 + 12 + 2);
        Line::from(vec![
            look.span(Role::Dim, format!("  {:>digits$} ", number + 1)),
            look.span(Role::Text, size),
            look.span(Role::Dim, format!("  {}", format::left(&layer.digest.short().to_string(), 12, look.ellipsis()))),
            look.span(
                Role::Text,
                format!("  {}", format::fit(&crate::domain::text::escape(made), room, look.ellipsis())),
            ),
        ])
    };
    image.layers.iter().enumerate().map(row).collect()
}

/// What a container of it runs: names as they stand in the config.
const SETTINGS: [(&str, &str); 8] = [
    ("User", "user"),
    ("WorkingDir", "workdir"),
    ("Entrypoint", "entrypoint"),
    ("Cmd", "cmd"),
    ("ExposedPorts", "expose"),
    ("StopSignal", "stop-signal"),
    ("Env", "env"),
    ("Labels", "labels"),
];

fn setting_lines(look: &Look, image: &Inspection, columns: usize) -> Vec<Line<'static>> {
    let room = columns.saturating_sub(16);
    let row = |(name, label): &(&str, &str)| {
        let value = image.setting(name)?;
        let value = crate::domain::text::escape(&value);
        Some(Line::from(vec![
            look.span(Role::Dim, format!("  {}", format::left(label, 13, look.ellipsis()))),
            look.span(Role::Text, format::fit(&value, room, look.ellipsis())),
        ]))
    };
    SETTINGS.iter().filter_map(row).collect()
}

fn history_lines(look: &Look, image: &Inspection, columns: usize) -> Vec<Line<'static>> {
    let row = |entry: &crate::domain::oci::History| {
        let text = entry.created_by.as_deref().or(entry.comment.as_deref()).unwrap_or("");
        let mark = if entry.empty_layer { Glyph::Unasked } else { Glyph::Done };
        let shown = format::fit(&crate::domain::text::escape(text), columns.saturating_sub(4), look.ellipsis());
        Line::from(vec![look.span(Role::Text, "  "), look.glyph(mark), look.span(Role::Dim, format!(" {shown}"))])
    };
    image.history.iter().map(row).collect()
}
