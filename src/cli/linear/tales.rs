//! Bakes told side by side as they happen, each from its first line. Prints nothing.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::stream::{BoxStream, SelectAll, unfold};

use crate::cli::render::Plain;
use crate::cli::story::conclude;
use crate::domain::journal::{Damage, EventKind, Record};
use crate::flows::watch::{Pace, Shelf, Viewing};
use crate::report::Report;

/// What is heard of a bake.
pub(super) enum Heard {
    /// A line of its journal, with the output it speaks of.
    Record(Box<Result<Record, Damage>>, Vec<u8>),
    /// Its journal is over.
    Over,
    /// Its journal cannot be read any further.
    Failed(Report),
}

/// What one says next: lines, and at the end how it ended.
pub(super) struct Told {
    /// Of it.
    pub(super) lines: Vec<String>,
    /// Why it ended badly.
    pub(super) failure: Option<Report>,
}

/// Bakes being told.
pub(super) struct Tales {
    streams: SelectAll<BoxStream<'static, (String, Heard)>>,
    plain: BTreeMap<String, Plain>,
    /// What steps print is told too.
    pub(super) output: bool,
}

impl Tales {
    /// None yet.
    pub(super) fn new() -> Self {
        Self { streams: SelectAll::new(), plain: BTreeMap::new(), output: true }
    }

    /// Whether a bake is being told.
    pub(super) fn tells(&self, bake: &str) -> bool {
        self.plain.contains_key(bake)
    }

    /// How many are.
    pub(super) fn len(&self) -> usize {
        self.plain.len()
    }

    /// Begins to tell a bake; one that is over is told to its end.
    pub(super) fn begin(&mut self, shelf: &Shelf, bake: &str) -> Result<(), Report> {
        let viewing = shelf.open(bake, Pace::Live)?;
        let id = viewing.bake().to_owned();
        if self.tells(&id) {
            return Ok(());
        }
        self.plain.insert(id.clone(), Plain::default());
        let heard = unfold(Some(viewing), |viewing| async {
            let mut viewing = viewing?;
            let heard = hear(&mut viewing).await;
            let more = matches!(heard, Heard::Record(..));
            Some((heard, more.then_some(viewing)))
        });
        self.streams.push(heard.map(move |heard| (id.clone(), heard)).boxed());
        Ok(())
    }

    /// The next that is heard; waits for ever where nothing is told. Nothing is lost when this is dropped.
    pub(super) async fn next(&mut self) -> (String, Heard) {
        match self.streams.next().await {
            Some(heard) => heard,
            None => std::future::pending().await,
        }
    }

    /// What is to be said of it. Where several are told, every line says of which.
    pub(super) fn tell(&mut self, bake: &str, heard: Heard) -> Told {
        let several = self.plain.len() > 1;
        let Some(plain) = self.plain.get_mut(bake) else { return Told { lines: Vec::new(), failure: None } };
        let mut told = match heard {
            Heard::Record(record, output) => match *record {
                Ok(Record { event: Some(event), .. }) => {
                    let is_output = matches!(event.kind, EventKind::StepOutput { .. });
                    let mut lines = plain.event(&event, &output);
                    if is_output && !self.output {
                        lines.clear();
                    }
                    Told { lines, failure: None }
                }
                Ok(_) => Told { lines: Vec::new(), failure: None },
                Err(damage) => Told { lines: vec![format!("warning: {damage}")], failure: None },
            },
            Heard::Over => {
                let outcome = plain.view().outcome.as_ref();
                let outcome = outcome.map(|outcome| (outcome.status, outcome.failure.clone()));
                let reference = crate::domain::text::escape(plain.view().reference());
                let failure = conclude(&reference, outcome).err();
                let lines = if failure.is_none() { plain.result().into_iter().collect() } else { Vec::new() };
                Told { lines, failure }
            }
            Heard::Failed(report) => Told { lines: Vec::new(), failure: Some(report) },
        };
        let reference = crate::domain::text::escape(plain.view().reference());
        if several {
            told.lines.iter_mut().for_each(|line| *line = format!("{reference}  {line}"));
        }
        told
    }

    /// It has been told to its end.
    pub(super) fn forget(&mut self, bake: &str) {
        self.plain.remove(bake);
    }
}

async fn hear(viewing: &mut Viewing) -> Heard {
    let record = match viewing.next().await {
        Ok(Some(record)) => record,
        Ok(None) => return Heard::Over,
        Err(report) => return Heard::Failed(report),
    };
    let event = record.as_ref().ok().and_then(|record| record.event.as_ref());
    let output = match event.map(|event| &event.kind) {
        Some(EventKind::StepOutput { step, offset, length }) => viewing.output(step, *offset, *length),
        _ => Ok(Vec::new()),
    };
    output.map_or_else(Heard::Failed, |output| Heard::Record(Box::new(record), output))
}
