//! The selected recipe in words: what is wrong with it, else what a bake of it would do. Lines only.

use ratatui::text::Line;

use super::Model;
use super::view::base;
use crate::domain::plan::{Plan, PlannedStep};
use crate::domain::recipe::{Problem, Severity};
use crate::domain::units;
use crate::flows::standing::{RecipeCard, Standing};
use crate::report::Report;
use crate::tui::format;
use crate::tui::theme::{Glyph, Look, Role};

impl Model {
    /// The lines of the detail pane, for a pane of so many columns.
    pub(super) fn detail_lines(&self, look: &Look, columns: usize) -> Vec<Line<'static>> {
        let Some(card) = self.selected() else { return Vec::new() };
        let mut lines = vec![Line::from(look.span(Role::Strong, card.shown.clone()))];
        if let Some(reference) = &card.reference {
            let mut title = vec![
                look.glyph(Glyph::Local),
                look.span(Role::Local, format!(" {reference}")),
                look.span(Role::Dim, " on "),
            ];
            title.extend(base(look, card).spans);
            lines.push(Line::from(title));
        }
        lines.extend(self.stale_lines(look, card));
        if let Some(failure) =
            card.failure.as_ref().filter(|_| matches!(card.standing, Standing::Failed | Standing::Rejected))
        {
            lines.extend(told(look, (Glyph::Fail, Role::Text), &format!("last bake: {failure}"), columns));
            lines.push(Line::from(vec![look.span(Role::Key, "  l"), look.span(Role::Dim, " shows it")]));
        }
        for problem in &card.problems {
            lines.extend(problem_lines(look, problem, columns));
        }
        lines.push(Line::default());
        lines.extend(self.plan_part(look, card, columns));
        lines
    }

    fn stale_lines(&self, look: &Look, card: &RecipeCard) -> Vec<Line<'static>> {
        let pinned = card.pinned.as_ref();
        match (self.is_stale(card), pinned, self.bases.get(&card.file)) {
            (Some(true), Some(pinned), Some(Some(now))) => vec![Line::from(vec![
                look.glyph(Glyph::Stale),
                look.span(
                    Role::Stale,
                    format!(" the base's tag now points to {}, the lock pins {}", now.short(), pinned.short()),
                ),
            ])],
            (None, Some(_), Some(None)) => {
                let text = " nobody said where the base's tag points now";
                vec![Line::from(vec![look.glyph(Glyph::Unknown), look.span(Role::Dim, text)])]
            }
            _ => Vec::new(),
        }
    }

    fn plan_part(&self, look: &Look, card: &RecipeCard, columns: usize) -> Vec<Line<'static>> {
        if card.standing == Standing::Broken {
            return vec![Line::from(vec![
                look.span(Role::Key, "e"),
                look.span(Role::Dim, " opens it where it is wrong"),
            ])];
        }
        match self
            .planned
            .as_ref()
            .filter(|planned| planned.file == card.file)
            .and_then(|planned| planned.plan.as_ref())
        {
            None => vec![Line::from(look.span(Role::Dim, "planning"))],
            Some(Err(report)) => report_lines(look, report, columns),
            Some(Ok(plan)) => plan_lines(look, plan, columns),
        }
    }
}

fn told(look: &Look, (glyph, role): (Glyph, Role), text: &str, columns: usize) -> Vec<Line<'static>> {
    let row = |(number, line): (usize, String)| {
        let start = if number == 0 { look.glyph(glyph) } else { look.span(Role::Text, " ") };
        Line::from(vec![start, look.span(role, format!(" {line}"))])
    };
    format::wrap(text, columns.saturating_sub(3)).into_iter().enumerate().map(row).collect()
}

fn problem_lines(look: &Look, problem: &Problem, columns: usize) -> Vec<Line<'static>> {
    let glyph = if problem.severity == Severity::Error { Glyph::Fail } else { Glyph::Warn };
    let text = format!("{}:{}  {}", problem.line, problem.column, problem.message);
    let mut lines = told(look, (glyph, Role::Text), &text, columns);
    if let Some(help) = &problem.help {
        let wrapped = format::wrap(help, columns.saturating_sub(3));
        lines.extend(wrapped.into_iter().map(|line| Line::from(look.span(Role::Dim, format!("  {line}")))));
    }
    lines
}

fn report_lines(look: &Look, report: &Report, columns: usize) -> Vec<Line<'static>> {
    let mut lines = told(look, (Glyph::Fail, Role::Text), &report.message, columns);
    for text in report.causes.iter().chain(&report.help) {
        let wrapped = format::wrap(text, columns.saturating_sub(3));
        lines.extend(wrapped.into_iter().map(|line| Line::from(look.span(Role::Dim, format!("  {line}")))));
    }
    lines.push(Line::from(vec![look.span(Role::Key, "p"), look.span(Role::Dim, " plans it again")]));
    lines
}

fn plan_lines(look: &Look, plan: &Plan, columns: usize) -> Vec<Line<'static>> {
    let steps = || plan.platforms.iter().flat_map(|part| &part.steps);
    let run = steps().filter(|step| step.will_run).count();
    let cached = steps().count() - run;
    let summary = format!("plan  {run} to run, {cached} cached");
    let missing: u64 = plan.platforms.iter().filter_map(|part| part.base.as_ref()).map(|base| base.missing).sum();
    let fetch = if missing > 0 {
        format!("{}{} of the base to fetch", look.dot(), units::bytes(missing))
    } else {
        String::new()
    };
    let mut lines = vec![Line::from(look.span(Role::Dim, format!("{summary}{fetch}")))];
    let several = plan.platforms.len() > 1;
    let widest = steps().map(|step| format::width(&step.action)).max().unwrap_or(0);
    for part in &plan.platforms {
        if several {
            lines.push(Line::from(look.span(Role::Strong, part.platform.to_string())));
        }
        for step in &part.steps {
            lines.extend(step_lines(look, step, widest, columns));
        }
    }
    lines
}

fn step_lines(look: &Look, step: &PlannedStep, widest: usize, columns: usize) -> Vec<Line<'static>> {
    let glyph = if step.will_run { Glyph::Waiting } else { Glyph::Done };
    let room = columns.saturating_sub(widest + 5);
    let summary = format::fit(&crate::domain::text::escape(&step.summary), room, look.ellipsis());
    let mut lines = vec![Line::from(vec![
        look.span(Role::Text, " "),
        look.glyph(glyph),
        look.span(Role::Strong, format!(" {}", format::left(&step.action, widest, look.ellipsis()))),
        look.span(Role::Text, format!("  {summary}")),
    ])];
    if !step.will_run {
        return lines;
    }
    let why = format!("will run: {}", step.reason);
    let indent = " ".repeat(widest + 5);
    let wrapped = format::wrap(&why, room);
    lines.extend(wrapped.into_iter().map(|line| Line::from(look.span(Role::Dim, format!("{indent}{line}")))));
    lines
}
