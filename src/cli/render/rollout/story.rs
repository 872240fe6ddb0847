//! A roll-out told as it goes: its events as lines, a bar where the terminal has one. Texts of its items are escaped already.

use indicatif::{ProgressBar, ProgressStyle};

use super::{counted, sign_of};
use crate::cli::output::Output;
use crate::domain::rollout::{After, Event, EventKind, Item, ItemState, Progress, RolloutStatus, Started, State, Way};
use crate::domain::text::escape;
use crate::domain::units::{count, millis};
use crate::report::Report;

/// Tells one roll-out: what becomes of images to stdout, everything else to stderr.
pub struct Story {
    output: Output,
    state: State,
    bar: Option<ProgressBar>,
}

impl Story {
    /// Nothing told yet.
    pub fn new(output: &Output) -> Self {
        Self { output: output.clone(), state: State::default(), bar: None }
    }

    /// A line about what is going on.
    pub fn note(&self, line: &str) {
        self.above(|| self.output.note(line));
    }

    /// Tells one event, as it stood when this came: what is told late was gone on with since.
    pub fn event(&mut self, event: &Event) -> Result<(), Report> {
        self.state.apply(event);
        let item = |name: &str| self.state.items().iter().find(|item| item.reference == escape(name));
        let sign = |sign: char, code: &str| sign_of(sign, code, self.output.color);
        match &event.kind {
            EventKind::Started(_) => {}
            EventKind::Planned { items } => {
                if let Some(started) = self.state.started() {
                    self.note(&head(started, items.len()));
                    self.note(&format!("roll-out {}", escape(&started.rollout)));
                }
            }
            EventKind::Resumed { .. } => {
                let id = self.state.started().map(|started| escape(&started.rollout));
                self.note(&format!("going on with roll-out {}", id.unwrap_or_default()));
            }
            EventKind::Doing { item, doing, bake, .. } => {
                let bake = bake.as_ref().map(|bake| format!(" (bake {})", escape(bake))).unwrap_or_default();
                self.note(&format!("{}: {}{bake}", escape(item), escape(doing)));
            }
            EventKind::Published { item, reference } => {
                self.note(&format!("{}: handed on to {}", escape(item), escape(reference)));
            }
            EventKind::Done { item: name, digest, millis: took } => {
                let how = item(name).map_or("moved", how);
                let line = format!("{how}, {} in {}", digest.short(), millis(*took));
                self.result(&format!("{} {}  {line}", sign('✔', "32"), escape(name)))?;
            }
            EventKind::Failed { item, why, .. } => {
                self.result(&format!("{} {}  not moved", sign('✖', "31"), escape(item)))?;
                why.iter().try_for_each(|line| self.result(&format!("    {}", escape(line))))?;
            }
            EventKind::Skipped { item, why } => {
                self.result(&format!("{} {}  left: {}", sign('▲', "33"), escape(item), escape(why)))?;
            }
            EventKind::CancelRequested { by } => self.note(&format!("cancel requested by {}", escape(by))),
            EventKind::Finished { millis: took, .. } => {
                if let Some(progress) = self.state.progress(true) {
                    self.note(&format!("{} after {}", counted(progress.counts()), millis(*took)));
                }
            }
        }
        Ok(())
    }

    /// Moves the bar.
    pub fn progress(&mut self, progress: &Progress) {
        let is_live = self.output.live && !self.output.json && !self.output.quiet;
        if progress.items.is_empty() || !is_live {
            return;
        }
        let ascii = self.output.ascii;
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{bar:24} {pos} of {len}  {wide_msg}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(progress.items.len() as u64).with_style(if ascii {
                style.progress_chars("=> ")
            } else {
                style
            })
        });
        let (done, failed, skipped, _) = progress.counts();
        bar.set_position((done + failed + skipped) as u64);
        let running = progress.items.iter().filter_map(|item| match &item.state {
            ItemState::Running { doing, .. } => Some(format!("{} {doing}", item.reference)),
            _ => None,
        });
        bar.set_message(running.collect::<Vec<_>>().join(", "));
        if progress.status != RolloutStatus::Running {
            bar.finish_and_clear();
        }
    }

    fn result(&self, line: &str) -> Result<(), Report> {
        self.above(|| self.output.line(line))
    }

    fn above<T>(&self, tell: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(tell),
            None => tell(),
        }
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// How an image that is done was moved.
fn how(item: &Item) -> &'static str {
    match (item.way, item.after, &item.state) {
        (Way::Rebase, ..) => "rebased",
        (Way::Rebake, ..) => "baked again",
        (Way::Open, After::FirstName, _) => "named",
        // It had moved before.
        (Way::Open, _, ItemState::Done { published, .. }) if !published.is_empty() => "handed on",
        (Way::Open, ..) => "there already",
    }
}

fn head(started: &Started, images: usize) -> String {
    let Started { base, onto, parallel, budget, .. } = started;
    let base = format!("{}@{}", escape(base), onto.short());
    match images {
        0 => format!("nothing is stale on {base}"),
        _ => format!("rolling out {base}: {}, {parallel} at once, {budget} may fail", count(images as u64, "image")),
    }
}
