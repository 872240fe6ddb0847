//! Telling bakes to whoever ran the command: JSON lines, moving bars or plain lines; and how it ended. Reads no journal.

use super::output::Output;
use super::render::{Bars, Plain};
use crate::domain::journal::{BakeStatus, Damage, EventKind, Failure, Record};
use crate::domain::text::escape_json;
use crate::flows::watch::Viewing;
use crate::report::{Kind, Report};

/// Tells one bake.
pub(super) struct Story {
    output: Output,
    plain: Plain,
    bars: Option<Bars>,
    /// The story itself is the result: `log`.
    to_stdout: bool,
}

impl Story {
    /// The bake is what the command is about: progress to stderr.
    pub(super) fn progress(output: &Output) -> Self {
        let moving = output.live && !output.json && !output.quiet;
        Self { output: output.clone(), plain: Plain::default(), bars: moving.then(Bars::default), to_stdout: false }
    }

    /// One bake among several: every line says which.
    pub(super) fn among(output: &Output, reference: &str, bars: &Bars) -> Self {
        let mut story = Self::progress(output);
        story.plain = Plain::labelled(reference);
        story.bars = story.bars.map(|_| bars.beside());
        story
    }

    /// The story is what was asked for: lines to stdout.
    pub(super) fn printed(output: &Output) -> Self {
        Self { output: output.clone(), plain: Plain::default(), bars: None, to_stdout: true }
    }

    /// Tells one line of the journal.
    pub(super) fn record(&mut self, record: &Result<Record, Damage>, output: &[u8]) -> Result<(), Report> {
        let record = match record {
            Ok(record) => record,
            Err(damage) => {
                let report = Report::new(Kind::Failed, damage);
                self.note(&format!("warning: {} ({})", report.message, report.causes.join(": ")));
                return Ok(());
            }
        };
        let lines = record.event.as_ref().map(|event| self.plain.event(event, output)).unwrap_or_default();
        if self.output.json {
            // One of an older bakery may hold what steers.
            return self.output.line(escape_json(&record.line));
        }
        if self.to_stdout {
            return lines.iter().try_for_each(|line| self.output.line(line));
        }
        if let (Some(bars), Some(event)) = (&mut self.bars, &record.event) {
            bars.event(event, self.plain.view());
        }
        lines.iter().for_each(|line| self.note(line));
        Ok(())
    }

    /// The result line on stdout, where there is one to print.
    pub(super) fn result(&self) -> Result<(), Report> {
        match self.plain.result() {
            Some(line) if !self.output.json => self.output.line(line),
            _ => Ok(()),
        }
    }

    /// Takes the bars away and prints the result.
    pub(super) fn end(mut self) -> Result<(), Report> {
        self.bars = None;
        self.result()
    }

    /// Tells a whole journal.
    pub(super) async fn tell(&mut self, viewing: &mut Viewing) -> Result<(), Report> {
        while let Some(record) = viewing.next().await? {
            let event = record.as_ref().ok().and_then(|record| record.event.as_ref());
            let output = match event.map(|event| &event.kind) {
                Some(EventKind::StepOutput { step, offset, length }) if !self.output.json => {
                    viewing.output(step, *offset, *length)?
                }
                _ => Vec::new(),
            };
            self.record(&record, &output)?;
        }
        self.bars = None;
        Ok(())
    }

    /// `NAME:TAG`.
    pub(super) fn reference(&self) -> &str {
        self.plain.view().reference()
    }

    /// How the bake ended, if it did.
    pub(super) fn outcome(&self) -> Option<(BakeStatus, Option<Failure>)> {
        let outcome = self.plain.view().outcome.as_ref()?;
        Some((outcome.status, outcome.failure.clone()))
    }

    fn note(&self, line: &str) {
        match &self.bars {
            Some(bars) => bars.line(line),
            None => self.output.note(line),
        }
    }
}

/// The command's end for a bake's end (contract section 9); without one the worker is gone.
pub(super) fn conclude(reference: &str, outcome: Option<(BakeStatus, Option<Failure>)>) -> Result<(), Report> {
    let Some((status, failure)) = outcome else {
        return Err(Report::message(Kind::Failed, format!("bake of {reference} was lost: its worker is gone"))
            .help("the machine may have run out of memory or been restarted; bake again"));
    };
    if status == BakeStatus::Ok {
        return Ok(());
    }
    let failure = failure.unwrap_or_default();
    let kind = match (status, failure.exit_code) {
        (BakeStatus::Rejected, _) => Kind::Rejected,
        (BakeStatus::Cancelled, _) => Kind::Cancelled,
        (_, 2) => Kind::Usage,
        (_, 3) => Kind::Rejected,
        (_, 4) => Kind::Unreachable,
        _ => Kind::Failed,
    };
    let word = if status == BakeStatus::Cancelled { "was cancelled".to_owned() } else { status.as_str().to_owned() };
    let mut report = Report::message(kind, format!("bake of {reference} {word}"));
    if status != BakeStatus::Cancelled {
        report.causes.extend([failure.message].into_iter().chain(failure.causes).filter(|text| !text.is_empty()));
        report.causes = report.causes.iter().map(|cause| crate::domain::text::escape(cause)).collect();
        report.help = failure.help.map(|help| crate::domain::text::escape(&help));
    }
    Err(report)
}
