//! What each builder of a pool did, counted from the lines of the journals. Prints nothing.

use std::collections::BTreeMap;

use super::render::millis;
use crate::domain::journal::{BakeStatus, EventKind};
use crate::domain::projection::builders;
use crate::domain::text::escape;

/// What each builder did.
#[derive(Debug, Default)]
pub(super) struct Workload {
    builders: BTreeMap<String, Share>,
    /// Where each bake runs.
    bakes: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
struct Share {
    baked: u64,
    other: u64,
    millis: u64,
}

impl Workload {
    /// Takes a line of a bake's journal in.
    pub(super) fn record(&mut self, bake: &str, kind: &EventKind) {
        match kind {
            EventKind::BakeStarted(started) => {
                let names = builders(&started.seats);
                if !names.is_empty() {
                    self.bakes.insert(bake.to_owned(), names.join(" + "));
                }
            }
            EventKind::BakeFinished { status, millis, .. } => {
                let Some(builder) = self.bakes.remove(bake) else { return };
                let share = self.builders.entry(builder).or_default();
                match status {
                    BakeStatus::Ok => share.baked += 1,
                    _ => share.other += 1,
                }
                share.millis += millis;
            }
            _ => {}
        }
    }

    /// `one   9 baked, 1 not   41 s`, a line a builder; none where there was one builder, or no pool.
    pub(super) fn lines(&self) -> Vec<String> {
        if self.builders.len() < 2 {
            return Vec::new();
        }
        let told = |share: &Share| match share.other {
            0 => format!("{} baked", share.baked),
            other => format!("{} baked, {other} not", share.baked),
        };
        let rows: Vec<(String, String, String)> = self
            .builders
            .iter()
            .map(|(name, share)| (escape(name), told(share), format!("{} of work", millis(share.millis))))
            .collect();
        let widest = |of: fn(&(String, String, String)) -> &str| {
            rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0)
        };
        let (names, counts) = (widest(|row| &row.0), widest(|row| &row.1));
        rows.iter().map(|(name, told, work)| format!("{name:names$}  {told:counts$}  {work}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::SeatTaken;
    use crate::domain::journal::samples::started;

    fn baked(workload: &mut Workload, builder: &str, bake: &str, status: BakeStatus) {
        let mut first = started();
        if let EventKind::BakeStarted(started) = &mut first {
            let platform = started.platforms[0].clone();
            started.seats = vec![SeatTaken { platform, engine: "docker".into(), builder: builder.to_owned() }];
        }
        workload.record(bake, &first);
        workload.record(bake, &EventKind::BakeFinished { status, millis: 1_500, failure: None });
    }

    #[test]
    fn each_builder_of_several_has_a_line() {
        let mut workload = Workload::default();
        baked(&mut workload, "two", "A", BakeStatus::Ok);
        assert!(workload.lines().is_empty(), "one alone did all");
        baked(&mut workload, "eleven", "B", BakeStatus::Ok);
        baked(&mut workload, "eleven", "C", BakeStatus::Failed);
        // Without a builder it is no pool's.
        workload.record("D", &started());
        workload.record("D", &EventKind::BakeFinished { status: BakeStatus::Ok, millis: 9, failure: None });
        assert_eq!(
            workload.lines(),
            ["eleven  1 baked, 1 not  3.0 s of work", "two     1 baked         1.5 s of work"]
        );
    }
}
