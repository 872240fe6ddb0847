//! What comes next in a roll-out: which image's turn it is, which is not tried and why, how it ends. Pure; the same for
//! whoever begins one and whoever goes on with it.

use super::{ItemState, RolloutStatus, State};

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Move this image.
    Start(usize),
    /// Do not try this one.
    Skip(usize, String),
    /// Nothing is left to do.
    Finish(RolloutStatus),
    /// Something under way has to end first.
    Wait,
}

/// The next thing to do. To be asked again after each answer but [`Next::Wait`].
pub fn next(state: &State) -> Next {
    let items = state.items();
    let count = |is: fn(&ItemState) -> bool| items.iter().filter(|item| is(&item.state)).count();
    let failed = count(|state| matches!(state, ItemState::Failed { .. }));
    let running = count(|state| matches!(state, ItemState::Running { .. }));
    let (budget, parallel) = state.started().map_or((0, 1), |started| (started.budget, started.parallel.max(1)));
    let over = failed > budget;
    let mut ready = None;
    for (number, item) in items.iter().enumerate() {
        if item.state != ItemState::Waiting {
            continue;
        }
        let below = state.planned()[number].after.as_ref();
        let below = below.and_then(|after| state.planned().iter().position(|planned| planned.reference == *after));
        let standing = below.map(|below| &items[below].state);
        if let (Some(ItemState::Failed { .. } | ItemState::Skipped { .. }), Some(below)) = (standing, below) {
            return Next::Skip(number, format!("{} was not moved", items[below].reference));
        }
        if state.is_cancelled() {
            return Next::Skip(number, "cancelled before its turn".into());
        }
        if over {
            return Next::Skip(number, format!("{failed} failed, more than the budget of {budget} allows"));
        }
        if ready.is_none() && matches!(standing, None | Some(ItemState::Done { .. })) {
            ready = Some(number);
        }
    }
    match ready {
        Some(number) if running < parallel => Next::Start(number),
        Some(_) => Next::Wait,
        None if running > 0 => Next::Wait,
        None => Next::Finish(ending(state, over)),
    }
}

fn ending(state: &State, over: bool) -> RolloutStatus {
    let mut items = state.items().iter().zip(state.planned());
    let undone = items.any(|(item, planned)| match &item.state {
        ItemState::Done { .. } => false,
        ItemState::Skipped { .. } => planned.left.as_ref().is_none_or(|left| left.counts),
        _ => true,
    });
    match (undone, state.is_cancelled(), over) {
        (false, ..) => RolloutStatus::Done,
        (true, true, _) => RolloutStatus::Cancelled,
        (true, false, true) => RolloutStatus::OverBudget,
        (true, false, false) => RolloutStatus::Incomplete,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::domain::oci::Digest;
    use crate::domain::rollout::{Event, EventKind, FORMAT, Left, Planned, Started};

    fn planned(number: usize, after: Option<usize>, left: Option<bool>) -> Planned {
        let name = |number: usize| format!("local/app{number}:1");
        Planned {
            reference: name(number),
            base: after.map_or_else(|| "global/os:1".into(), name),
            depth: 1,
            after: after.map(name),
            is_alias: false,
            before: Digest::of(b"before"),
            stands_on: Digest::of(b"os"),
            places: Vec::new(),
            behind: BTreeMap::new(),
            left: left.map(|counts| Left { why: "left".into(), counts }),
        }
    }

    fn begun(items: Vec<Planned>, parallel: usize, budget: usize) -> State {
        let mut state = State::default();
        let started = Started {
            format: FORMAT,
            rollout: "R".into(),
            base: "global/os:1".into(),
            onto: Digest::of(b"new"),
            parallel,
            budget,
            pid: 1,
            host: "h".into(),
            user: "u".into(),
        };
        tell(&mut state, EventKind::Started(started));
        tell(&mut state, EventKind::Planned { items });
        state
    }

    fn tell(state: &mut State, kind: EventKind) {
        state.apply(&Event { seq: 1, at: "2026-07-01T10:00:00.000Z".into(), kind });
    }

    /// Plays a whole roll-out; the images in `bad` fail. Gives the order of starts, the most at once, and how it ended.
    fn played(
        state: &mut State,
        bad: &BTreeSet<usize>,
        cancel_after: Option<usize>,
    ) -> (Vec<usize>, usize, RolloutStatus) {
        let (mut starts, mut under_way, mut most) = (Vec::new(), Vec::new(), 0);
        for _ in 0..1000 {
            let name = |number: usize| format!("local/app{number}:1");
            match next(state) {
                Next::Start(number) => {
                    tell(
                        state,
                        EventKind::Doing { item: name(number), doing: "proving".into(), way: None, bake: None },
                    );
                    starts.push(number);
                    under_way.push(number);
                    most = most.max(under_way.len());
                    if cancel_after == Some(starts.len()) {
                        tell(state, EventKind::CancelRequested { by: "u".into() });
                    }
                }
                Next::Skip(number, why) => tell(state, EventKind::Skipped { item: name(number), why }),
                Next::Wait => {
                    let number = under_way.remove(0);
                    let item = name(number);
                    tell(
                        state,
                        if bad.contains(&number) {
                            EventKind::Failed { item, why: vec!["bad".into()], exit_code: 1 }
                        } else {
                            EventKind::Done { item, digest: Digest::of(b"after"), millis: 1 }
                        },
                    );
                }
                Next::Finish(status) => {
                    tell(state, EventKind::Finished { status, millis: 1 });
                    return (starts, most, status);
                }
            }
        }
        panic!("it never ends: {state:?}");
    }

    proptest! {
        #[test]
        fn whatever_fails_order_bounds_and_budget_hold(
            shape in prop::collection::vec((any::<bool>(), 0_usize..100), 1..20),
            bad in prop::collection::btree_set(0_usize..20, 0..5),
            parallel in 1_usize..5,
            budget in 0_usize..4,
            cancel in prop::option::of(1_usize..10),
        ) {
            let items: Vec<Planned> = shape.iter().enumerate().map(|(number, (has, below))| {
                planned(number, (*has && number > 0).then(|| below % number.max(1)), None)
            }).collect();
            let afters: Vec<Option<usize>> = shape.iter().enumerate()
                .map(|(number, (has, below))| (*has && number > 0).then(|| below % number.max(1))).collect();
            let mut state = begun(items, parallel, budget);
            let (starts, most, status) = played(&mut state, &bad, cancel);
            prop_assert!(most <= parallel);
            // Nothing is tried twice, nothing before what it stands on, nothing on what failed.
            prop_assert_eq!(starts.iter().collect::<BTreeSet<_>>().len(), starts.len());
            for (at, number) in starts.iter().enumerate() {
                if let Some(below) = afters[*number] {
                    prop_assert!(starts[..at].contains(&below) && !bad.contains(&below));
                }
            }
            let failed = starts.iter().filter(|number| bad.contains(number)).count();
            // What was under way may still fail after the budget is used up; nothing more begins.
            prop_assert!(failed <= budget + parallel);
            let all = state.items().iter().all(|item| matches!(item.state, ItemState::Done { .. }));
            prop_assert_eq!(all, status == RolloutStatus::Done);
            prop_assert_eq!(!all && failed > budget && !state.is_cancelled(), status == RolloutStatus::OverBudget);
            prop_assert_eq!(state.progress(false).unwrap().counts().3, 0, "nothing is left open");
            // Going on without what was bad finishes it, and moves nothing a second time.
            tell(&mut state, EventKind::Resumed { pid: 2, host: "h".into(), user: "u".into() });
            let (again, _, status) = played(&mut state, &BTreeSet::new(), None);
            prop_assert_eq!(status, RolloutStatus::Done);
            let first: BTreeSet<usize> = starts.into_iter().filter(|number| !bad.contains(number)).collect();
            prop_assert!(again.iter().all(|number| !first.contains(number)));
        }
    }

    #[test]
    fn what_is_left_from_the_beginning_ends_well_unless_it_was_ours_to_move() {
        for (counts, status) in [(false, RolloutStatus::Done), (true, RolloutStatus::Incomplete)] {
            let mut state = begun(vec![planned(0, None, None), planned(1, None, Some(counts))], 1, 0);
            assert_eq!(played(&mut state, &BTreeSet::new(), None), (vec![0], 1, status));
        }
        let mut state = begun(vec![planned(0, None, Some(true)), planned(1, Some(0), None)], 1, 0);
        assert_eq!(next(&state), Next::Skip(1, "local/app0:1 was not moved".into()));
        assert_eq!(played(&mut state, &BTreeSet::new(), None).2, RolloutStatus::Incomplete);
    }

    #[test]
    fn a_process_that_is_gone_leaves_it_lost_and_the_worst_failure_is_remembered() {
        let mut state = begun(vec![planned(0, None, None), planned(1, None, None)], 2, 5);
        let item = |number: usize| format!("local/app{number}:1");
        tell(&mut state, EventKind::Doing { item: item(0), doing: "baking".into(), way: None, bake: Some("B".into()) });
        assert_eq!(state.progress(true).unwrap().status, RolloutStatus::Running);
        assert_eq!(state.progress(false).unwrap().status, RolloutStatus::Lost);
        assert_eq!(state.worst(), 0);
        for (number, exit_code) in [(0, 3), (1, 1)] {
            tell(&mut state, EventKind::Failed { item: item(number), why: vec!["\u{1b}[31m".into()], exit_code });
        }
        assert_eq!(state.worst(), 3);
        assert_eq!(state.items()[0].state, ItemState::Failed { why: vec!["\\x1b[31m".into()] });
        let mut published = begun(vec![planned(0, None, None)], 1, 0);
        for _ in 0..2 {
            tell(&mut published, EventKind::Published { item: item(0), reference: "teams/a:1".into() });
        }
        tell(&mut published, EventKind::Done { item: item(0), digest: Digest::of(b"x"), millis: 3 });
        let done = ItemState::Done { digest: Digest::of(b"x"), millis: 3, published: vec!["teams/a:1".into()] };
        assert_eq!(published.items()[0].state, done);
    }
}
