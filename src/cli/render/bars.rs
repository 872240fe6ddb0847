//! A bake on a terminal: one moving bar a running step, everything else as lines above. Keeps no facts of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::plain::describe;
use crate::domain::journal::{Event, EventKind};
use crate::domain::plan::StepId;
use crate::domain::projection::{BakeView, StepRow};
use crate::domain::units;

/// Moving bars on stderr; gone when this is.
#[derive(Debug, Default)]
pub struct Bars {
    screen: MultiProgress,
    bars: BTreeMap<StepId, ProgressBar>,
}

impl Bars {
    /// Bars of another bake on the same lines of the terminal.
    pub fn beside(&self) -> Self {
        Self { screen: self.screen.clone(), bars: BTreeMap::new() }
    }

    /// Prints a line above the bars.
    pub fn line(&self, line: &str) {
        // A terminal that is gone is no reason to fail: the bake goes on.
        let _ = self.screen.println(line);
    }

    /// Moves the bars to where `view` stands after `event`.
    pub fn event(&mut self, event: &Event, view: &BakeView) {
        match &event.kind {
            EventKind::StepStarted { step } => {
                let bar = self.screen.add(ProgressBar::new_spinner());
                bar.enable_steady_tick(Duration::from_millis(120));
                if let Some(row) = view.steps.find(step) {
                    bar.set_message(message(row));
                }
                self.bars.insert(step.clone(), bar);
            }
            EventKind::StepProgressed { step, .. } | EventKind::LayerChanged { step, .. } => {
                if let (Some(bar), Some(row)) = (self.bars.get(step), view.steps.find(step)) {
                    show(bar, row);
                }
            }
            EventKind::StepCached { step, .. }
            | EventKind::StepFinished { step, .. }
            | EventKind::StepFailed { step, .. } => {
                if let Some(bar) = self.bars.remove(step) {
                    bar.finish_and_clear();
                }
            }
            _ => {}
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.bars.values().for_each(ProgressBar::finish_and_clear);
    }
}

fn show(bar: &ProgressBar, row: &StepRow) {
    if let Some(total) = row.throughput.total.filter(|total| bar.length() != Some(*total)) {
        bar.set_length(total);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {bar:24} {wide_msg}") {
            bar.set_style(style);
        }
    }
    bar.set_position(row.throughput.done);
    bar.set_message(message(row));
}

/// `[2] run useradd app  1.2 MB of 3.0 MB, 5.0 MB/s  31 added, 4 modified`.
fn message(row: &StepRow) -> String {
    let mut text = format!("[{}] {}", crate::domain::text::escape(&row.id.0), describe(row));
    let seen = &row.throughput;
    if seen.done > 0 {
        text += &format!("  {}", units::bytes(seen.done));
        text += &seen.total.map(|total| format!(" of {}", units::bytes(total))).unwrap_or_default();
        text += &seen.rate().map(|rate| format!(", {}", units::rate(rate))).unwrap_or_default();
    }
    let [added, modified, deleted] = row.seen;
    if added + modified + deleted > 0 {
        text += &format!("  +{added} ~{modified} -{deleted}");
    }
    text
}
