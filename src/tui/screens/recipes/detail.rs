//! The selected recipe in words: what is wrong with it, else what a bake of it would do. Lines only.

use ratatui::text::{Line, Span};

use super::Model;
use super::view::base;
use crate::domain::plan::{PlannedStep, Reason};
use crate::domain::recipe::{Problem, Severity};
use crate::domain::units;
use crate::flows::standing::{Prospect, RecipeCard, Standing};
use crate::report::Report;
use crate::tui::format;
use crate::tui::screens::Around;
use crate::tui::theme::{Glyph, Look, Role};
use crate::tui::widgets::Filter;

impl Model {
    /// The lines of the detail pane, for a pane of so many columns.
    pub(super) fn detail_lines(&self, look: &Look, around: &Around, columns: usize) -> Vec<Line<'static>> {
        let Some(card) = self.selected() else { return Vec::new() };
        let mut lines = vec![Line::from(look.span(Role::Strong, card.shown.clone()))];
        if let Some(reference) = &card.reference {
            lines.extend(title_lines(look, card, reference, columns));
        }
        lines.extend(self.state_lines(look, around, card, columns));
        lines.extend(self.stale_lines(look, card, columns));
        if !card.problems.is_empty() {
            let errors = card.errors() as u64;
            let others = units::count(card.problems.len() as u64 - errors, "hint");
            let counted = if errors > 0 { units::count(errors, "error") } else { others };
            lines.push(part(look, "problems", &counted, columns));
        }
        for problem in &card.problems {
            lines.extend(problem_lines(look, problem, columns));
        }
        lines.extend(self.plan_part(look, card, columns));
        lines
    }

    /// How it stands, in a sentence.
    fn state_lines(&self, look: &Look, around: &Around, card: &RecipeCard, columns: usize) -> Vec<Line<'static>> {
        let age = format::age(card.baked_at.as_deref(), around.now);
        let ago = match age.as_str() {
            "" => String::new(),
            "now" => " just now".to_owned(),
            age => format!(" {age} ago"),
        };
        let why = card.failure.as_ref().map(|failure| format!(": {failure}")).unwrap_or_default();
        let key = |key: &str, text: &str| {
            Line::from(vec![look.span(Role::Text, "  "), look.span(Role::Key, key), look.span(Role::Dim, text)])
        };
        let (glyph, text, next) = match card.standing {
            Standing::Broken => return vec![key("e", " opens it where it is wrong")],
            Standing::Baking => (Glyph::Running, "it is being baked".to_owned(), Some(key("l", " watches it"))),
            Standing::Rejected => {
                let check = card.rejected_by.as_deref().unwrap_or("a check");
                (Glyph::Fail, format!("rejected by {check}{ago}{why}"), Some(key("l", " shows it")))
            }
            Standing::Failed => (Glyph::Fail, format!("failed{ago}{why}"), Some(key("l", " shows it"))),
            Standing::NeverBaked => (Glyph::Waiting, "never baked here".to_owned(), None),
            Standing::Baked => {
                let took = card.took.map(|took| format!("in {}", units::millis(took)));
                let size = card.image.as_ref().and_then(|image| image.size).map(units::bytes);
                let digest = card.image.as_ref().map(|image| image.digest.short());
                let facts: Vec<String> =
                    std::iter::once(format!("baked{ago}")).chain(took).chain(size).chain(digest).collect();
                (Glyph::Pass, facts.join(look.dot()), None)
            }
        };
        let mut lines = told(look, (glyph, Role::Text), &text, columns);
        if let (Standing::Baked, Some(key)) = (&card.standing, &card.signed_by) {
            let short: String = key.chars().take(12).collect();
            let text = format!("signed by key {short}{}", look.ellipsis());
            lines.extend(told(look, (Glyph::Pass, Role::Text), &text, columns));
        }
        if card.standing == Standing::Baked && card.image.as_ref().is_some_and(|image| image.is_on_other_base) {
            let text = "that image is on another base than the recipe and its lock name now";
            lines.extend(told(look, (Glyph::Stale, Role::Stale), text, columns));
            lines.push(key("b", " bakes it on this one"));
        }
        if card.standing == Standing::Baked && card.image.as_ref().is_some_and(|image| image.is_of_other_text) {
            let text = "the recipe says something else now than what was baked";
            lines.extend(told(look, (Glyph::Waiting, Role::Text), text, columns));
            lines.push(key("b", " bakes what it says now"));
        }
        lines.extend(next);
        lines
    }

    fn stale_lines(&self, look: &Look, card: &RecipeCard, columns: usize) -> Vec<Line<'static>> {
        match (card.pinned.as_ref(), self.base_now(card)) {
            (Some(pinned), Some(Some(now))) if now != pinned => {
                let text = format!("the base's tag now points to {}, the lock pins {}", now.short(), pinned.short());
                let mut lines = told(look, (Glyph::Stale, Role::Stale), &text, columns);
                let next = format!("`bakery update {}` shows what that changes, and moves to it", card.shown);
                lines.extend(indented(look, &next, columns));
                lines
            }
            (Some(_), Some(None)) => {
                told(look, (Glyph::Unknown, Role::Dim), "nobody said where the base's tag points now", columns)
            }
            _ => Vec::new(),
        }
    }

    fn plan_part(&self, look: &Look, card: &RecipeCard, columns: usize) -> Vec<Line<'static>> {
        let Some(planned) = self.planned.as_ref().filter(|planned| planned.file == card.file) else {
            return Vec::new();
        };
        match &planned.plan {
            None => vec![part(look, "plan", "planning", columns)],
            Some(Err(report)) => {
                let mut lines = vec![part(look, "plan", "none", columns)];
                lines.extend(report_lines(look, report, columns));
                lines
            }
            Some(Ok(prospect)) => plan_lines(look, prospect, columns),
        }
    }
}

/// Image and base, on one line where there is room.
fn title_lines(look: &Look, card: &RecipeCard, reference: &str, columns: usize) -> Vec<Line<'static>> {
    let mut image = vec![look.glyph(Glyph::Local), look.span(Role::Local, format!(" {reference}"))];
    let mut on = vec![look.span(Role::Dim, "on ")];
    on.extend(base(look, card, &Filter::default()).spans);
    let width = |spans: &[Span<'static>]| spans.iter().map(Span::width).sum::<usize>();
    if width(&image) + 1 + width(&on) <= columns {
        image.push(look.span(Role::Text, " "));
        image.extend(on);
        return vec![Line::from(image)];
    }
    on.insert(0, look.span(Role::Text, "  "));
    vec![Line::from(image), Line::from(on)]
}

/// A heading between parts of the pane, and what counts of it.
fn part(look: &Look, name: &str, counted: &str, columns: usize) -> Line<'static> {
    let dash = look.horizontal();
    let words = format::width(name) + format::width(counted) + 6;
    let rule = |text: String| Span::styled(text, look.style(Role::Rule));
    Line::from(vec![
        rule(format!("{dash} ")),
        look.span(Role::Dim, name.to_owned()),
        rule(format!(" {} ", dash.repeat(columns.saturating_sub(words)))),
        look.span(Role::Dim, counted.to_owned()),
        rule(format!(" {dash}")),
    ])
}

fn indented(look: &Look, text: &str, columns: usize) -> Vec<Line<'static>> {
    let wrapped = format::wrap(text, columns.saturating_sub(3));
    wrapped.into_iter().map(|line| Line::from(look.span(Role::Dim, format!("  {line}")))).collect()
}

fn told(look: &Look, (glyph, role): (Glyph, Role), text: &str, columns: usize) -> Vec<Line<'static>> {
    let row = |(number, line): (usize, String)| {
        let start = if number == 0 { look.glyph(glyph) } else { look.span(Role::Text, " ") };
        let pad = " ".repeat(usize::from(look.glyph_width() + 1).saturating_sub(start.width()));
        Line::from(vec![start, look.span(Role::Text, pad), look.span(role, line)])
    };
    format::wrap(text, columns.saturating_sub(3)).into_iter().enumerate().map(row).collect()
}

fn problem_lines(look: &Look, problem: &Problem, columns: usize) -> Vec<Line<'static>> {
    let glyph = match problem.severity {
        Severity::Error => Glyph::Fail,
        Severity::Warning => Glyph::Warn,
        Severity::Hint => Glyph::Unasked,
    };
    let text = format!("{}:{}  {}", problem.line, problem.column, problem.message);
    let mut lines = told(look, (glyph, Role::Text), &text, columns);
    if let Some(help) = &problem.help {
        lines.extend(indented(look, help, columns));
    }
    lines
}

fn report_lines(look: &Look, report: &Report, columns: usize) -> Vec<Line<'static>> {
    let mut lines = told(look, (Glyph::Fail, Role::Text), &report.message, columns);
    for text in report.causes.iter().chain(&report.help) {
        lines.extend(indented(look, text, columns));
    }
    lines.push(Line::from(vec![look.span(Role::Key, "  p"), look.span(Role::Dim, " plans it again")]));
    lines
}

fn plan_lines(look: &Look, prospect: &Prospect, columns: usize) -> Vec<Line<'static>> {
    let plan = &prospect.plan;
    let steps = || plan.platforms.iter().flat_map(|part| &part.steps);
    let run = steps().filter(|step| step.will_run).count();
    let cached = steps().count() - run;
    let counted = match (run, cached) {
        (0, 0) => "no steps".to_owned(),
        (0, _) => "all cached".to_owned(),
        (run, cached) => format!("run {run}{}cached {cached}", look.dot()),
    };
    let mut lines = vec![part(look, "plan", &counted, columns)];
    let several = plan.platforms.len() > 1;
    let widest = steps().map(|step| format::width(&step.action)).max().unwrap_or(0).max(5);
    for part in &plan.platforms {
        if several {
            lines.push(Line::from(look.span(Role::Strong, part.platform.to_string())));
        }
        let mut last: Option<String> = None;
        for step in &part.steps {
            // A reason that is the one above is not said again.
            let why = why(step);
            let again = why == last;
            lines.extend(step_lines(look, step, why.clone().filter(|_| !again), (widest, columns)));
            last = why;
        }
    }
    if !prospect.tests.is_empty() {
        let names = format::fit(&prospect.tests.join(", "), columns.saturating_sub(widest + 5), look.ellipsis());
        lines.push(Line::from(vec![
            look.span(Role::Text, " "),
            look.glyph(Glyph::Waiting),
            look.span(Role::Strong, format!(" {}", format::left("tests", widest, look.ellipsis()))),
            look.span(Role::Text, format!("  {}", crate::domain::text::escape(&names))),
        ]));
    }
    lines.extend(indented(look, &amounts(look, prospect), columns));
    lines
}

/// What it reads and fetches.
fn amounts(look: &Look, prospect: &Prospect) -> String {
    let bases = || prospect.plan.platforms.iter().filter_map(|part| part.base.as_ref());
    let missing: u64 = bases().map(|base| base.missing).sum();
    let mut facts = Vec::new();
    if prospect.reads > 0 {
        facts.push(format!("about {} new from files", units::bytes(prospect.reads)));
    }
    match (bases().count(), missing) {
        (0, _) => {}
        (_, 0) => facts.push("nothing to pull".to_owned()),
        (_, missing) => facts.push(format!("{} to pull", units::bytes(missing))),
    }
    facts.join(look.dot())
}

/// Why a step runs; `None` where it does not, or only since one below it does.
fn why(step: &PlannedStep) -> Option<String> {
    let tells = step.will_run && !matches!(step.reason, Reason::Below { .. });
    tells.then(|| step.reason.to_string())
}

fn step_lines(
    look: &Look,
    step: &PlannedStep,
    why: Option<String>,
    (widest, columns): (usize, usize),
) -> Vec<Line<'static>> {
    let (glyph, state) = if step.will_run { (Glyph::Waiting, "will run") } else { (Glyph::Done, "cached") };
    let room = columns.saturating_sub(widest + 5 + 10);
    let summary = format::left(&crate::domain::text::escape(&step.summary), room, look.ellipsis());
    let role = if step.will_run { Role::Text } else { Role::Dim };
    let mut lines = vec![Line::from(vec![
        look.span(Role::Text, " "),
        look.glyph(glyph),
        look.span(Role::Strong, format!(" {}", format::left(&step.action, widest, look.ellipsis()))),
        look.span(role, format!("  {summary}")),
        look.span(Role::Dim, format!("  {state:>8}")),
    ])];
    let indent = " ".repeat(widest + 5);
    let wrapped = why.map(|why| format::wrap(&why, columns.saturating_sub(widest + 6))).unwrap_or_default();
    lines.extend(wrapped.into_iter().map(|line| Line::from(look.span(Role::Dim, format!("{indent}{line}")))));
    lines
}
