//! The selected image in words, in the order a baker asks: how it stands, since when, what that changes, what to do, where it
//! is, what is built on it. Where there is room each of these has a place of its own, whatever is known: from image to image little
//! moves.

use ratatui::text::{Line, Span};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::tree::{origin, state};
use super::super::{Model, rows};
use super::{Said, came, part, row};
use crate::domain::layer::packages::{Package, PackageChange};
use crate::domain::lineage::{Best, Graph, Holder, Image, Standing};
use crate::domain::text::escape;
use crate::domain::trust::CheckVerdict;
use crate::domain::units::{age, count};
use crate::flows::lineage::Assessment;
use crate::flows::rebase::Rebase;
use crate::tui::format;
use crate::tui::screens::Around;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::{badge, glyph_of_verdict};

/// Packages, conflicts, places shown of each list.
const MOST: usize = 40;
/// Images built on it that are shown; the list at the left has them all.
const MOST_HEIRS: usize = 8;
/// From so many rows on, what is not known has its place, too.
const ROOMY: usize = 24;

/// Where the lines go.
#[derive(Clone, Copy)]
pub(super) struct Pane<'a> {
    pub(super) model: &'a Model,
    pub(super) graph: &'a Graph,
    pub(super) look: &'a Look,
    around: &'a Around,
    pub(super) columns: usize,
    pub(super) rows: usize,
}

impl Model {
    /// The lines of the right pane for the selected image, in so many columns.
    pub(in crate::tui::screens::lineage) fn detail_lines(
        &self,
        look: &Look,
        around: &Around,
        columns: usize,
    ) -> Vec<Line<'static>> {
        match (self.graph(), self.selected()) {
            (Some(graph), Some(number)) => {
                let (_, rows) = self.right_size(around);
                Pane { model: self, graph, look, around, columns, rows }.image(number)
            }
            _ => Vec::new(),
        }
    }
}

impl Pane<'_> {
    fn image(self, number: usize) -> Vec<Line<'static>> {
        let image = &self.graph.images()[number];
        let mut lines = vec![self.title(image), self.standing(number)];
        lines.push(Line::default());
        lines.extend(self.on(number));
        let found = self.model.known.of(number);
        match found {
            Some(Ok(found)) => lines.extend(self.found(number, found)),
            Some(Err(report)) => {
                lines.push(Line::default());
                lines.extend(
                    Said::new(Some(Glyph::Unknown), Role::Text, 0, report.message.clone())
                        .lines(self.look, self.columns),
                );
                let more = report.causes.iter().chain(&report.help);
                lines.extend(
                    more.flat_map(|text| Said::plain(Role::Dim, 0, text.clone()).lines(self.look, self.columns)),
                );
            }
            None => {
                let waits = (!image.places.is_empty()).then(|| (Role::Dim, "looking into it".to_owned()));
                lines.extend(self.best(waits));
                let rest = ["packages", "touched", "verdict", "recipe"];
                lines.extend(rest.into_iter().flat_map(|name| self.field(name, None)));
            }
        }
        lines.extend(self.places(image));
        lines.extend(self.built_on_it(number));
        lines
    }

    fn row(self, name: &str, role: Role, value: &str) -> Vec<Line<'static>> {
        row(self.look, name, (role, value), self.columns)
    }

    /// Whether what is not known has its place, too.
    fn is_roomy(self) -> bool {
        self.rows >= ROOMY
    }

    /// What is not known has its place where there is room, and none where there is not.
    fn field(self, name: &str, said: Option<(Role, String)>) -> Vec<Line<'static>> {
        match said {
            Some((role, text)) => self.row(name, role, &text),
            None if self.is_roomy() => self.row(name, Role::Dim, if self.look.ascii { "-" } else { "–" }),
            None => Vec::new(),
        }
    }

    /// The same, in two lines.
    fn field_of_two(self, name: &str, said: Option<(Role, String)>) -> Vec<Line<'static>> {
        let mut lines = self.field(name, said);
        if self.is_roomy() && lines.len() < 2 {
            lines.resize_with(2, Line::default);
        }
        lines
    }

    /// What is best done, which takes a line or two.
    fn best(self, said: Option<(Role, String)>) -> Vec<Line<'static>> {
        self.field_of_two("best", said)
    }

    /// What is looked at, its digest at the right.
    fn title(self, image: &Image) -> Line<'static> {
        let look = self.look;
        let (glyph, role) = origin(image.holder());
        let start = badge(look, glyph);
        let digest = look.span(Role::Dim, image.digest.short());
        let used: usize = start.iter().map(Span::width).sum();
        let room = self.columns.saturating_sub(used + 1 + digest.width());
        let name = match image.places.first() {
            Some(place) => escape(&place.to_string()),
            None => "no tag points to it any more".to_owned(),
        };
        let name = format::tail(&name, room, look.ellipsis());
        let name = look.span(role, format::left(&name, room, look.ellipsis()));
        Line::from(start.into_iter().chain([name, Span::raw(" "), digest]).collect::<Vec<_>>())
    }

    fn standing(self, number: usize) -> Line<'static> {
        let look = self.look;
        let said = match self.graph.standing(number) {
            _ if self.graph.images()[number].places.is_empty() => match self.model.facts.once.get(&number) {
                Some(once) => format!("{once} was this once"),
                None => "it is there for what is built on it".to_owned(),
            },
            Standing::Root => "nothing it is built on was found".to_owned(),
            Standing::Current { follows } => format!("on what {} is now", escape(follows)),
            Standing::Stale { follows, behind, .. } => {
                format!("{} behind {}", count(*behind as u64, "version"), escape(follows))
            }
            Standing::Through { stale } => {
                format!("its base {} is stale", escape(&self.graph.images()[*stale].name()))
            }
            Standing::Unknown { follows } => format!("{} is gone: nobody can tell", escape(follows)),
        };
        let glyph = state(self.graph, number).0;
        Line::from(badge(look, glyph).into_iter().chain([look.span(glyph.role(), said)]).collect::<Vec<_>>())
    }

    /// What it is on, what that is now, since when.
    fn on(self, number: usize) -> Vec<Line<'static>> {
        let mut lines = match self.graph.base(number) {
            Some(edge) => {
                let base = &self.graph.images()[edge.base];
                let proof = if edge.is_told { "it says so, its layers prove it" } else { "found by its layers" };
                let name = self.model.facts.short(self.graph, edge.base);
                let digest = if base.places.is_empty() { String::new() } else { format!("  {}", base.digest.short()) };
                let mut lines = self.row("on", Role::Text, &format!("{name}{digest}"));
                lines.extend(self.row("", Role::Dim, &format!("{}; {proof}", count(edge.layers as u64, "layer"))));
                lines
            }
            None => self.field_of_two("on", None),
        };
        let (mut now, mut since) = (None, None);
        if let Standing::Stale { now: new, since: seconds, .. } = self.graph.standing(number) {
            let new = &self.graph.images()[*new];
            now = Some((Role::Stale, new.digest.short()));
            since = seconds.map(|seconds| {
                let ago = u64::try_from(self.around.now.unix_timestamp() - seconds).unwrap_or(0);
                // Made reproducibly, it tells no date.
                let seen = if new.created.is_none() { ", when it was first seen here" } else { "" };
                (Role::Text, format!("{}  {}{seen}", age(ago), stamp(seconds)))
            });
        }
        lines.extend(self.field("now", now));
        lines.extend(self.field("since", since));
        lines
    }

    fn found(self, number: usize, found: &Assessment) -> Vec<Line<'static>> {
        // What a tag has left behind, and what is on what its base is now, asks for nothing.
        let is_fine = found.best == Best::UpToDate && !self.graph.standing(number).is_stale();
        let mut lines = self.best((!is_fine).then(|| best_words(&found.best, found.rebase.as_deref())));
        let packages = found.packages.first().map(|first| {
            let more = found.packages.len() - 1;
            let more = if more > 0 { format!(", and {more} more below") } else { String::new() };
            (Role::Text, format!("{} {}{more}", escape(&first.name), versions(first).1))
        });
        lines.extend(self.field("packages", packages));
        let touched = found.touched.map(|(touched, of)| {
            let role = if touched == 0 { Role::Pass } else { Role::Warn };
            (role, format!("{touched} of {of} of our paths meet what the base changed"))
        });
        lines.extend(self.field("touched", touched));
        let verdict =
            found.verdict.map(|verdict| (glyph_of_verdict(Some(verdict)).role(), verdict_words(verdict).to_owned()));
        lines.extend(self.field("verdict", verdict));
        let recipe = found.recipe.as_ref().map(|recipe| (Role::Text, escape(&recipe.display().to_string())));
        lines.extend(self.field("recipe", recipe));
        lines.extend(self.stacks(number, found));
        if !found.packages.is_empty() {
            lines.push(part(self.look, "packages of the base", &found.packages.len().to_string(), self.columns));
            lines.extend(found.packages.iter().take(MOST).map(|change| self.package(change)));
            lines.extend(self.more(found.packages.len(), MOST));
        }
        lines
    }

    fn more(self, all: usize, most: usize) -> Option<Line<'static>> {
        let text = format!("  {} and {} more", self.look.ellipsis(), all.checked_sub(most).filter(|more| *more > 0)?);
        Some(Line::from(self.look.span(Role::Dim, text)))
    }

    /// `~ python3  3.11.2-6 → 3.11.2-7`.
    fn package(self, change: &PackageChange) -> Line<'static> {
        let look = self.look;
        let (glyph, versions) = versions(change);
        let mut spans = badge(look, glyph).to_vec();
        spans.push(look.span(Role::Text, format!("{}  ", escape(&change.name))));
        spans.push(look.span(Role::Dim, versions));
        Line::from(spans)
    }

    fn places(self, image: &Image) -> Vec<Line<'static>> {
        let look = self.look;
        let mut lines = vec![part(look, "places", &image.places.len().to_string(), self.columns)];
        lines.extend(image.places.iter().take(MOST).map(|place| {
            let (glyph, role) = origin(place.holder);
            let name = look.span(role, escape(&place.to_string()));
            Line::from(badge(look, glyph).into_iter().chain([name]).collect::<Vec<_>>())
        }));
        lines.extend(self.more(image.places.len(), MOST));
        lines.extend(self.row("digest", Role::Dim, &image.digest.to_string()));
        let platforms: Vec<String> = image.parts.keys().map(|platform| escape(&platform.to_string())).collect();
        lines.extend(self.row("for", Role::Dim, &platforms.join(" ")));
        lines
    }

    /// How much, the most urgent of it, and whose.
    fn built_on_it(self, number: usize) -> Vec<Line<'static>> {
        let (look, facts) = (self.look, &self.model.facts);
        let all = facts.all[number];
        let followers = rows::followers(self.model, self.graph, number);
        let behind =
            followers.iter().filter(|number| matches!(self.graph.standing(**number), Standing::Stale { .. })).count();
        if all == 0 && behind == 0 {
            return Vec::new();
        }
        let counts = format!("{} directly, {all} in all", facts.direct[number]);
        let mut lines = vec![part(look, "built on it", &counts, self.columns)];
        if facts.stale[number] > 0 {
            lines.extend(self.row("stale", Role::Stale, &facts.stale[number].to_string()));
        }
        if behind > 0 {
            let text = format!("{} still on an older version of it", count(behind as u64, "image"));
            lines.extend(self.row("follow it", Role::Stale, &text));
        }
        let mut teams: Vec<&str> = Vec::new();
        let tagged = |number: &usize| !self.graph.images()[*number].places.is_empty();
        let mut children: Vec<usize> = self.graph.children(number).iter().copied().filter(tagged).collect();
        children.sort_by_key(|child| std::cmp::Reverse(facts.urgency[*child]));
        for child in children.iter().take(MOST_HEIRS) {
            let image = &self.graph.images()[*child];
            let (glyph, role) = origin(image.holder());
            let mut spans = badge(look, glyph).to_vec();
            spans.push(look.span(role, facts.short(self.graph, *child)));
            let (sign, words) = state(self.graph, *child);
            spans.extend([Span::raw("  "), look.glyph(sign), look.span(Role::Dim, format!(" {words}"))]);
            lines.push(Line::from(spans));
        }
        lines.extend(self.more(children.len(), MOST_HEIRS));
        for place in children.iter().take(MOST).flat_map(|child| &self.graph.images()[*child].places) {
            let team = place.repository.rsplit_once('/').map_or("", |(team, _)| team);
            if place.holder == Holder::Team && !teams.contains(&team) {
                teams.push(team);
            }
        }
        if !teams.is_empty() {
            lines.extend(self.row("teams", Role::Text, &escape(&teams.join(", "))));
        }
        lines
    }
}

/// What becomes of a package: `3.11.2-6 → 3.11.2-7`.
fn versions(change: &PackageChange) -> (Glyph, String) {
    let version = |side: &Option<Package>| side.as_ref().map(|package| escape(&package.version));
    match (version(&change.before), version(&change.after)) {
        (Some(before), Some(after)) => (Glyph::Modified, format!("{before} → {after}")),
        (None, Some(after)) => (Glyph::Added, after),
        (Some(before), None) => (Glyph::Deleted, before),
        (None, None) => (Glyph::Modified, String::new()),
    }
}

/// `2026-07-01 10:00 UTC`.
fn stamp(seconds: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|at| at.format(&Rfc3339).ok());
    at.and_then(|at| at.get(..16).map(|at| format!("{} UTC", at.replace('T', " ")))).unwrap_or_default()
}

/// What is best done, and why.
fn best_words(best: &Best, rebase: Option<&Rebase>) -> (Role, String) {
    let why = rebase.and_then(came::why_of);
    match best {
        Best::UpToDate => (Role::Pass, "nothing: it is on what its base is now".to_owned()),
        Best::Rebase => (Role::Pass, "R rebase: nothing of ours meets what changed; no step runs".to_owned()),
        Best::Rebake => {
            let why = why.map(|why| format!("; {why}")).unwrap_or_default();
            (Role::Warn, format!("b bake it again{why}"))
        }
        Best::BaseFirst(base) => (Role::Text, format!("its base first: {base}")),
        Best::Blocked(why) => (Role::Fail, format!("blocked: {why}")),
    }
}

fn verdict_words(verdict: CheckVerdict) -> &'static str {
    match verdict {
        CheckVerdict::Pass => "verified",
        CheckVerdict::Warn => "passed with warnings",
        CheckVerdict::Fail => "rejected; v shows why",
        CheckVerdict::Unknown => "unknown; v shows why",
        CheckVerdict::Skip => "nothing was asked for",
    }
}
