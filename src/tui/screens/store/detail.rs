//! What is selected, in words: an image, what it is made of and how it runs; or a store and how it stands. Lines only;
//! draws nothing.

use ratatui::text::{Line, Span};

use super::model::RepoRow;
use super::settings::{made_by, settings};
use super::{Level, Loading, Model, Seal, Shelf};
use crate::domain::oci::annotation;
use crate::domain::text::escape;
use crate::domain::units;
use crate::flows::browse::{Inspection, LayerRow};
use crate::report::Report;
use crate::tui::format;
use crate::tui::screens::Around;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::badge;

/// The pane the lines are for.
#[derive(Clone, Copy)]
struct Pane<'a> {
    look: &'a Look,
    around: &'a Around,
    /// Its width.
    columns: usize,
    /// It has the keys: long values show in full.
    focused: bool,
    /// What is known of the selected image's signature.
    seal: Option<&'a Seal>,
}

impl Model {
    /// The lines of the detail pane, for a pane of so many columns.
    pub(super) fn detail_lines(&self, look: &Look, around: &Around, columns: usize) -> Vec<Line<'static>> {
        let seal = self.selected().and_then(|spot| self.seals.get(&spot));
        let pane = Pane { look, around, columns, focused: self.detail.is_some(), seal };
        match &self.image {
            Some((reference, Some(Ok(image)))) => pane.image(reference, image),
            Some((reference, Some(Err(report)))) => {
                let mut lines = vec![pane.title(reference, "")];
                lines.extend(pane.failure(report));
                lines
            }
            Some((reference, None)) if self.before.as_ref().is_some_and(|(_, until)| around.now < *until) => {
                let mut lines = vec![pane.title(reference, "")];
                let before = self.before.iter().flat_map(|(image, _)| pane.image(reference, image).into_iter().skip(1));
                lines.extend(before);
                lines
            }
            Some((reference, None)) if self.away.as_ref() == Some(reference) => {
                let mut lines = vec![pane.title(reference, "")];
                lines.extend(pane.wrapped(Role::Dim, "not exported yet: Enter has the daemon send all of it"));
                lines
            }
            Some((reference, None)) => vec![pane.title(reference, ""), pane.note("reading its manifest")],
            None => self.without_image(pane),
        }
    }

    fn without_image(&self, pane: Pane<'_>) -> Vec<Line<'static>> {
        if let (Level::Repositories, Some(RepoRow::Store(at))) = (&self.level, self.selected_row()) {
            return self.shelves.get(at).map(|shelf| self.store_lines(pane, shelf)).unwrap_or_default();
        }
        if self.level != Level::Repositories {
            return Vec::new();
        }
        let Some((shelf, repo)) = self.selected_repo() else { return Vec::new() };
        let mut lines = vec![pane.title(&format!("{}/{}", shelf.name, repo.name), "")];
        match (&repo.failure, &repo.tags) {
            (Some(report), _) => lines.extend(pane.failure(report)),
            (None, Some(_)) => lines.push(pane.note("no tags: whatever was here has no name any more")),
            (None, None) => lines.push(pane.note("reading its tags")),
        }
        lines
    }

    fn store_lines(&self, pane: Pane<'_>, shelf: &Shelf) -> Vec<Line<'static>> {
        let (repositories, tags) = self.counts(Some(&shelf.name));
        let known = pane.around.stores.iter().find(|store| store.name == shelf.name);
        let mut lines = vec![pane.title(&shelf.name, "")];
        lines.extend(pane.rows("at", &[known.map(|store| store.place.clone()).unwrap_or_default()]));
        let what = if known.is_some_and(|store| store.is_local) {
            "local: what is baked here goes here"
        } else {
            "global: images are inherited from here"
        };
        lines.extend(pane.rows("role", &[what.to_owned()]));
        lines.extend(pane.rows("holds", &[counted(pane.look, repositories, tags)]));
        match &shelf.loading {
            Loading::Going => lines.push(pane.note("reading")),
            Loading::Failed(report) => lines.extend(pane.failure(report)),
            Loading::Done if shelf.repos.is_empty() => {
                lines.push(Line::default());
                lines.extend(pane.wrapped(Role::Text, empty_store(known.is_some_and(|store| store.is_local))));
            }
            Loading::Done => {}
        }
        lines
    }
}

/// What to do about a store that holds nothing.
pub(super) fn empty_store(is_local: bool) -> &'static str {
    if is_local {
        "nothing baked yet: press 2, choose a recipe and bake it with b"
    } else {
        "no repositories yet: push base images to it, or bake some and publish them"
    }
}

/// `12 repositories · 214 tags`.
pub(super) fn counted(look: &Look, repositories: usize, tags: usize) -> String {
    let noun = if repositories == 1 { "repository" } else { "repositories" };
    format!("{repositories} {noun}{}{}", look.dot(), units::count(tags as u64, "tag"))
}

impl Pane<'_> {
    fn image(self, reference: &str, image: &Inspection) -> Vec<Line<'static>> {
        let look = self.look;
        let mut lines = vec![self.title(reference, &image.digest.short())];
        lines.extend(self.seal.map(|seal| self.sealed(seal)));
        lines.push(self.facts(image));
        lines.extend(self.base(image));
        if self.focused {
            lines.extend(self.rows("digest", &[image.digest.to_string()]));
        }
        if let Some(created) = image.created() {
            let age = format::age(Some(created), self.around.now);
            lines.extend(self.rows("made", &[format!("{created}{}{age} ago", look.dot())]));
        }
        lines.push(self.part("layers", &units::bytes(image.size)));
        lines.extend(self.layers(&image.layers));
        if image.images.len() > 1 {
            lines.push(self.part("platforms", &image.images.len().to_string()));
            lines.extend(self.platforms(image));
        }
        let settings = image.config.as_ref().and_then(|config| config.config.as_ref()).map(settings);
        if let Some(settings) = settings.filter(|settings| !settings.is_empty()) {
            lines.push(self.part("runs as", ""));
            lines.extend(settings.iter().flat_map(|(name, values)| self.rows(name, values)));
        }
        // Where every entry made a layer, the layers say it already.
        if image.history.iter().any(|entry| entry.empty_layer) {
            lines.push(self.part("history", &image.history.len().to_string()));
            lines.extend(self.history(image));
        }
        if !image.referrers.is_empty() {
            lines.push(self.part("attached", &image.referrers.len().to_string()));
            lines.extend(self.referrers(image));
        }
        lines
    }

    /// What is looked at, with a digest at the right.
    fn title(self, reference: &str, digest: &str) -> Line<'static> {
        let look = self.look;
        let store = reference.split('/').next().unwrap_or("");
        let is_local = self.around.stores.iter().any(|known| known.name == store && known.is_local);
        let (glyph, role) = if is_local { (Glyph::Local, Role::Local) } else { (Glyph::Global, Role::Global) };
        let digest = look.span(Role::Dim, digest.to_owned());
        let room = self.columns.saturating_sub(3 + digest.width());
        let name = format::fit(&escape(reference), room, look.ellipsis());
        let gap = 1 + room.saturating_sub(format::width(&name));
        Line::from(vec![look.glyph(glyph), look.span(role, format!(" {name}")), Span::raw(" ".repeat(gap)), digest])
    }

    /// Who signed it. The badge has the pane's first cells, where nothing of the image's own stands (X-05).
    fn sealed(self, seal: &Seal) -> Line<'static> {
        let said = self.look.span(seal.glyph().role(), seal.words(self.look));
        Line::from(badge(self.look, seal.glyph()).into_iter().chain([said]).collect::<Vec<_>>())
    }

    fn facts(self, image: &Inspection) -> Line<'static> {
        let look = self.look;
        let platform = match image.images.as_slice() {
            [] | [_] => image.platform.clone().unwrap_or_default(),
            images => units::count(images.len() as u64, "platform"),
        };
        let mut facts = vec![platform, units::count(image.layers.len() as u64, "layer"), units::bytes(image.size)];
        let age = format::age(image.created(), self.around.now);
        facts.push(if age.is_empty() { age } else { format!("{age} old") });
        facts.retain(|fact| !fact.is_empty());
        Line::from(look.span(Role::Text, format!("  {}", facts.join(look.dot()))))
    }

    /// What it says of its base: a claim, proven elsewhere.
    fn base(self, image: &Inspection) -> Vec<Line<'static>> {
        let look = self.look;
        let Some(annotations) = image.manifest.as_ref().map(|manifest| &manifest.annotations) else {
            return Vec::new();
        };
        let Some(name) = annotations.get(annotation::BASE_NAME) else {
            return vec![self.note("names no base image")];
        };
        let digest = annotations.get(annotation::BASE_DIGEST);
        let digest = digest.and_then(|text| text.parse::<crate::domain::oci::Digest>().ok());
        let digest = digest.map(|digest| format!("@{}", digest.short())).unwrap_or_default();
        let (claim, proof) = ("  says it is built on ", "  (a claim; verifying proves it)");
        let name = look.span(Role::Stale, format!("{name}{digest}"));
        let fits = claim.len() + name.width() + proof.len() <= self.columns;
        let proof = look.span(Role::Dim, proof);
        let mut first = vec![look.span(Role::Dim, claim), name];
        if fits {
            first.push(proof);
            return vec![Line::from(first)];
        }
        vec![Line::from(first), Line::from(proof)]
    }

    fn layers(self, layers: &[LayerRow]) -> Vec<Line<'static>> {
        let look = self.look;
        let digits = layers.len().to_string().len();
        let row = |(number, layer): (usize, &LayerRow)| {
            let size = format::right(&units::bytes(layer.size), 9, look.ellipsis());
            let digest = look.span(Role::Dim, layer.digest.short());
            let made = escape(&made_by(layer.created_by.as_deref().unwrap_or("")));
            let start = vec![look.span(Role::Dim, format!("  {:>digits$} ", number + 1)), look.span(Role::Text, size)];
            let used = digits + 3 + 9 + 2 + digest.width() + 2;
            self.valued(start.into_iter().chain([Span::raw("  "), digest, Span::raw("  ")]).collect(), used, &made)
        };
        layers.iter().enumerate().flat_map(row).collect()
    }

    fn platforms(self, image: &Inspection) -> Vec<Line<'static>> {
        let look = self.look;
        let row = |one: &crate::flows::browse::PlatformImage| {
            let name = one.platform.clone().unwrap_or_else(|| "unnamed".into());
            let shown = image.platform.as_ref() == one.platform.as_ref();
            Line::from(vec![
                look.span(Role::Text, format!("  {}", format::left(&name, 18, look.ellipsis()))),
                look.span(Role::Dim, format!("  {}", one.digest.short())),
                look.span(Role::Dim, if shown { "  the one described here" } else { "" }),
            ])
        };
        image.images.iter().map(row).collect()
    }

    fn history(self, image: &Inspection) -> Vec<Line<'static>> {
        let look = self.look;
        let digits = image.layers.len().to_string().len();
        let mut layer = 0;
        let row = |entry: &crate::domain::oci::History| {
            layer += usize::from(!entry.empty_layer);
            let number = if entry.empty_layer { String::new() } else { layer.to_string() };
            let text = made_by(entry.created_by.as_deref().or(entry.comment.as_deref()).unwrap_or(""));
            let start = vec![look.span(Role::Dim, format!("  {number:>digits$}  "))];
            self.valued(start, digits + 4, &escape(&text))
        };
        image.history.iter().flat_map(row).collect()
    }

    fn referrers(self, image: &Inspection) -> Vec<Line<'static>> {
        let look = self.look;
        let row = |one: &crate::flows::browse::Referrer| {
            let size = format::right(&units::bytes(one.size), 9, look.ellipsis());
            let start = vec![look.span(Role::Text, format!("  {size}")), Span::raw("  ")];
            let digest = look.span(Role::Dim, format!("{}  ", one.digest.short()));
            let used = 11 + 2 + digest.width();
            let what = escape(one.artifact_type.as_deref().unwrap_or("of no named type"));
            self.valued(start.into_iter().chain([digest]).collect(), used, &what)
        };
        image.referrers.iter().flat_map(row).collect()
    }

    /// Values below each other, their name beside the first.
    fn rows(self, name: &str, values: &[String]) -> Vec<Line<'static>> {
        const NAME: usize = 13;
        let row = |(number, value): (usize, &String)| {
            let name = format::left(if number == 0 { name } else { "" }, NAME, self.look.ellipsis());
            self.valued(vec![self.look.span(Role::Dim, format!("  {name}"))], NAME + 2, &escape(value))
        };
        values.iter().enumerate().flat_map(row).collect()
    }

    /// A value after `start`, which takes `used` columns: in full where the pane has the keys, else what fits.
    fn valued(self, start: Vec<Span<'static>>, used: usize, value: &str) -> Vec<Line<'static>> {
        let look = self.look;
        let room = self.columns.saturating_sub(used).max(8);
        let texts = match self.focused {
            true if !value.is_empty() => format::wrap(value, room),
            _ => vec![format::fit(value, room, look.ellipsis())],
        };
        let mut start = Some(start);
        let line = |text| {
            let mut spans = start.take().unwrap_or_else(|| vec![Span::raw(" ".repeat(used))]);
            spans.push(look.span(Role::Text, text));
            Line::from(spans)
        };
        texts.into_iter().map(line).collect()
    }

    /// Everything a report says, and the way on.
    fn failure(self, report: &Report) -> Vec<Line<'static>> {
        let look = self.look;
        let mut lines = vec![Line::default()];
        for (number, text) in std::iter::once(&report.message).chain(&report.causes).enumerate() {
            let role = if number == 0 { Role::Text } else { Role::Dim };
            let mut texts = self.wrapped(role, text);
            if let (0, Some(first)) = (number, texts.first_mut()) {
                first.spans[0] = look.glyph(Glyph::Fail);
                first.spans.insert(1, Span::raw(" ".repeat(2usize.saturating_sub(first.spans[0].width()))));
            }
            lines.extend(texts);
        }
        if let Some(help) = &report.help {
            lines.push(Line::default());
            lines.extend(self.wrapped(Role::Text, help));
        }
        lines.push(Line::default());
        lines.push(Line::from(vec![look.span(Role::Key, "  r"), look.span(Role::Dim, " reads it again")]));
        lines
    }

    fn wrapped(self, role: Role, text: &str) -> Vec<Line<'static>> {
        let lines = format::wrap(text, self.columns.saturating_sub(2));
        lines.into_iter().map(|line| Line::from(vec![Span::raw("  "), self.look.span(role, line)])).collect()
    }

    fn note(self, text: &str) -> Line<'static> {
        Line::from(self.look.span(Role::Dim, format!("  {text}")))
    }

    /// A heading between parts of the pane: `─ layers ──────── 94.1 MB ─`.
    fn part(self, name: &str, right: &str) -> Line<'static> {
        let look = self.look;
        let dash = look.horizontal();
        let rule = |text: String| Span::styled(text, look.style(Role::Rule));
        let end = if right.is_empty() { 0 } else { format::width(right) + 3 };
        let tail = dash.repeat(self.columns.saturating_sub(format::width(name) + 3 + end));
        let mut spans = vec![rule(format!("{dash} ")), look.span(Role::Dim, name.to_owned()), rule(format!(" {tail}"))];
        if !right.is_empty() {
            spans.extend([look.span(Role::Dim, format!(" {right} ")), rule(dash.to_owned())]);
        }
        Line::from(spans)
    }
}
