//! Fairness, faults and platforms; and for any builders, bakes and fates: all ends, once, in order, within slots.

use super::*;
use crate::domain::oci::Platform;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn builder(slots: usize) -> Builder {
    Builder { name: "b".into(), slots, platforms: None }
}

fn work(reference: &str, base: Option<usize>) -> Work {
    let team = reference.split('/').next().unwrap_or_default().to_owned();
    Work { reference: reference.into(), team, base: base.map(|base| format!("{base}")), platforms: Vec::new() }
}

fn begun(pool: &mut Pool) -> Vec<(usize, usize)> {
    std::iter::from_fn(|| match pool.next(0) {
        Next::Begin { work, seats } => {
            assert!(seats.iter().all(|seat| *seat == seats[0]), "{seats:?}");
            Some((work, seats[0]))
        }
        _ => None,
    })
    .collect()
}

#[test]
fn teams_take_turns_and_builders_share() {
    let works = ["a/1", "a/2", "a/3", "b/1", "c/1"].map(|name| work(name, None)).to_vec();
    let mut pool = Pool::new(vec![builder(2), builder(2)], works);
    assert_eq!(begun(&mut pool), [(0, 0), (3, 1), (4, 0), (1, 1)]);
    assert_eq!(pool.ended(0, Outcome::Good, 0), After::Over);
    assert_eq!(begun(&mut pool), [(2, 0)]);
}

#[test]
fn a_builder_at_fault_is_out_then_tried_by_one() {
    let works = (0..6).map(|number| work(&format!("t/{number}"), None)).collect();
    let mut pool = Pool::new(vec![builder(2), builder(1)], works);
    assert_eq!(begun(&mut pool), [(0, 0), (1, 0), (2, 1)]);
    assert_eq!(pool.ended(0, Outcome::Lost { builder: 0 }, 5), After::Again);
    assert_eq!(pool.next(5), Next::Wait { until: Some(5 + PAUSE) });
    assert_eq!(pool.board(15).builders[0].health, Health::Out { left: PAUSE - 10 });
    pool.ended(1, Outcome::Lost { builder: 0 }, 6);
    pool.ended(2, Outcome::Good, 6);
    assert_eq!(pool.next(7), Next::Begin { work: 0, seats: vec![1] });
    assert_eq!(pool.next(6 + PAUSE), Next::Begin { work: 3, seats: vec![0] });
    assert_eq!(pool.next(6 + PAUSE), Next::Wait { until: None }, "only one tries it");
    let board = pool.board(6 + PAUSE);
    let stand: Vec<(Health, &[String])> =
        board.builders.iter().map(|seats| (seats.health.clone(), seats.baking.as_slice())).collect();
    assert_eq!(stand, [(Health::OnTrial, &["t/3".to_owned()][..]), (Health::In, &["t/0".to_owned()][..])]);
    assert_eq!(board.waiting, ["t/1", "t/4", "t/5"]);
    pool.ended(3, Outcome::Good, 7 + PAUSE);
    assert_eq!(pool.next(7 + PAUSE), Next::Begin { work: 4, seats: vec![0] });
    assert_eq!(pool.next(7 + PAUSE), Next::Begin { work: 5, seats: vec![0] });
    assert_eq!(pool.ended(0, Outcome::Lost { builder: 1 }, 8 + PAUSE), After::Over, "once elsewhere, and no more");
}

#[test]
fn what_joins_later_has_its_turn_and_waits_for_its_base() {
    let mut pool = Pool::new(vec![builder(1)], ["a/1", "a/2", "a/3"].map(|name| work(name, None)).to_vec());
    assert_eq!(begun(&mut pool), [(0, 0)]);
    let on = |name: &str, base: &str| Work { base: Some(base.into()), ..work(name, None) };
    pool.add(vec![on("b/1", "a/1"), work("b/2", None), on("c/1", "b/2")]);
    assert_eq!(pool.board(0).waiting, ["a/2", "a/3", "b/1", "b/2", "c/1"]);
    // Another team's turn, and the first of it waits for a base that is being baked.
    let mut order = vec![0];
    loop {
        pool.ended(order[order.len() - 1], Outcome::Good, 0);
        let Next::Begin { work, .. } = pool.next(0) else { break };
        order.push(work);
    }
    assert_eq!(order, [0, 3, 1, 4, 5, 2], "teams take turns, those that came later too");
    assert_eq!(pool.next(0), Next::Over);
    // All was over; and now it is not.
    pool.add(vec![work("d/1", None)]);
    assert_eq!(pool.next(0), Next::Begin { work: 6, seats: vec![0] });
}

#[test]
fn two_of_one_name_are_baked_one_after_the_other_and_the_later_one_counts() {
    let mut pool = Pool::new(vec![builder(4)], vec![work("a/1", None)]);
    assert_eq!(begun(&mut pool), [(0, 0)]);
    let on = |base: &str| Work { base: Some(base.into()), ..work("b/1", None) };
    pool.add(vec![work("a/1", None), on("a/1")]);
    assert_eq!(begun(&mut pool), [], "the first of them is under way");
    pool.ended(0, Outcome::Bad, 0);
    assert_eq!(begun(&mut pool), [(1, 0)], "what stands on it waits for the second");
    pool.ended(1, Outcome::Good, 0);
    assert_eq!(begun(&mut pool), [(2, 0)]);
    pool.add(vec![work("a/1", None), Work { reference: "b/2".into(), ..on("a/1") }]);
    assert_eq!(begun(&mut pool), [(3, 0)]);
    pool.ended(3, Outcome::Bad, 0);
    assert_eq!(pool.next(0), Next::Refuse { work: 4, why: Why::Base("a/1".into()) });
}

fn platform(name: &str) -> Platform {
    format!("linux/{name}").parse().unwrap()
}

/// A builder of platforms.
fn of(slots: usize, platforms: &[&str]) -> Builder {
    Builder { platforms: Some(platforms.iter().map(|name| platform(name)).collect()), ..builder(slots) }
}

/// A work for platforms.
fn wants(reference: &str, platforms: &[&str]) -> Work {
    Work { platforms: platforms.iter().map(|name| platform(name)).collect(), ..work(reference, None) }
}

#[test]
fn a_platform_nobody_has_is_said() {
    let works = vec![wants("x/0", &["amd64"]), wants("x/1", &["arm64", "riscv64"]), wants("x/2", &["arm64"])];
    let mut pool = Pool::new(vec![of(1, &["arm64"]), of(1, &["amd64"])], works);
    assert_eq!(pool.next(0), Next::Refuse { work: 1, why: Why::Nowhere });
    assert_eq!(begun(&mut pool), [(0, 1), (2, 0)]);
}

#[test]
fn several_platforms_go_to_one_builder_that_has_them_all_else_each_where_it_is() {
    let both = ["amd64", "arm64"];
    let builders = || vec![of(1, &["amd64"]), of(1, &["arm64"])];
    let mut pool = Pool::new([builders(), vec![of(1, &both)]].concat(), vec![wants("x/0", &both), wants("x/1", &both)]);
    assert_eq!(pool.next(0), Next::Begin { work: 0, seats: vec![2, 2] });
    assert_eq!(pool.next(0), Next::Wait { until: None }, "the one that has both is waited for");
    assert_eq!(pool.ended(0, Outcome::Lost { builder: 2 }, 0), After::Again);
    assert_eq!(pool.next(0), Next::Begin { work: 0, seats: vec![0, 1] }, "while it is out, each has its own");

    let mut pool = Pool::new(builders(), vec![wants("x/0", &["arm64", "amd64"]), wants("x/1", &["amd64"])]);
    assert_eq!(pool.next(0), Next::Begin { work: 0, seats: vec![1, 0] });
    assert_eq!(pool.next(0), Next::Wait { until: None }, "a seat takes a slot of each");
    let board = pool.board(0);
    assert_eq!(board.builders.iter().map(|seats| seats.baking.clone()).collect::<Vec<_>>(), [["x/0"], ["x/0"]]);
    assert_eq!(pool.ended(0, Outcome::Good, 0), After::Over);
    assert_eq!(pool.next(0), Next::Begin { work: 1, seats: vec![0] });
}

#[test]
fn only_the_builder_at_fault_is_out_and_its_platform_goes_elsewhere_once() {
    let builders = vec![of(1, &["amd64"]), of(1, &["arm64"]), of(1, &["arm64"])];
    let mut pool = Pool::new(builders, vec![wants("x/0", &["amd64", "arm64"])]);
    assert_eq!(pool.next(0), Next::Begin { work: 0, seats: vec![0, 1] });
    assert_eq!(pool.ended(0, Outcome::Lost { builder: 1 }, 0), After::Again);
    let health: Vec<Health> = pool.board(0).builders.into_iter().map(|seats| seats.health).collect();
    assert_eq!(health, [Health::In, Health::Out { left: PAUSE }, Health::In]);
    assert_eq!(pool.next(0), Next::Begin { work: 0, seats: vec![0, 2] });
    assert_eq!(pool.ended(0, Outcome::Lost { builder: 0 }, 1), After::Over);
}

#[test]
fn who_needs_several_at_once_is_not_kept_waiting_by_who_needs_one() {
    let mut works: Vec<Work> =
        (0..40).map(|n| wants(&format!("t{}/{n}", n % 3), &[["amd64", "arm64"][n % 2]])).collect();
    works.push(wants("t0/both", &["amd64", "arm64"]));
    let mut pool = Pool::new(vec![of(2, &["amd64"]), of(2, &["arm64"])], works);
    let mut running = std::collections::VecDeque::new();
    let (mut ends, mut begun_after) = (0, None);
    for _ in 0..200 {
        match pool.next(0) {
            Next::Begin { work: 40, seats } => {
                assert_eq!(seats, [0, 1]);
                begun_after = Some(ends);
                break;
            }
            Next::Begin { work, .. } => running.push_back(work),
            // The oldest bake ends: there is never a moment when both builders happen to be idle.
            Next::Wait { .. } => {
                pool.ended(running.pop_front().unwrap(), Outcome::Good, 0);
                ends += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    // Its team has fourteen; they take turns with the twenty-six of two others.
    assert!(begun_after.is_some_and(|ends| ends < 40), "{begun_after:?}");

    // First of its team, it waits for no more than what runs.
    let mut works = vec![wants("a/0", &["amd64"]), wants("b/both", &["amd64", "arm64"])];
    works.extend((0..20).map(|n| wants(&format!("a/{}", n + 1), &[["amd64", "arm64"][n % 2]])));
    let mut pool = Pool::new(vec![of(1, &["amd64"]), of(1, &["arm64"])], works);
    assert_eq!(pool.next(0), Next::Begin { work: 0, seats: vec![0] });
    assert_eq!(pool.next(0), Next::Wait { until: None }, "the free one is kept for it");
    pool.ended(0, Outcome::Good, 0);
    assert_eq!(pool.next(0), Next::Begin { work: 1, seats: vec![0, 1] });
}

#[test]
fn a_builder_that_cannot_do_what_is_asked_is_passed_over() {
    let works = vec![wants("x/0", &["amd64"]), wants("x/1", &["amd64"])];
    let mut pool = Pool::new(vec![of(2, &["amd64"]), of(1, &["amd64"])], works);
    pool.bar(0, 0, 0);
    pool.bar(1, 0, 0);
    pool.bar(1, 1, 0);
    assert_eq!(pool.next(0), Next::Refuse { work: 1, why: Why::Nowhere });
    assert_eq!(pool.next(0), Next::Begin { work: 0, seats: vec![1] });
}

#[test]
fn a_builder_found_mute_beforehand_is_left_alone_and_tried_later() {
    let mut pool = Pool::new(vec![builder(2)], vec![work("x/0", None), work("x/1", None)]);
    pool.fault(0, 10);
    assert_eq!(pool.next(10), Next::Wait { until: Some(10 + PAUSE) });
    assert_eq!(pool.next(10 + PAUSE), Next::Begin { work: 0, seats: vec![0] });
    assert_eq!(pool.next(10 + PAUSE), Next::Wait { until: None });
}

fn is_out(health: &Health) -> bool {
    matches!(health, Health::Out { .. })
}

const NAMES: [&str; 3] = ["amd64", "arm64", "riscv64"];

/// Some of the three platforms, by bits.
fn some(bits: u8) -> Vec<&'static str> {
    NAMES.into_iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, name)| name).collect()
}

proptest! {
    #[test]
    fn everything_ends_once_in_order_within_slots(
        slots in prop::collection::vec((1..4_usize, prop::option::weighted(0.7, 1..8_u8)), 1..5),
        bases in prop::collection::vec((prop::option::of(0..20_usize), 1..8_u8), 1..25),
        fates in prop::collection::vec(0..10_u8, 100),
    ) {
        let works: Vec<Work> = bases.iter().enumerate().map(|(number, (base, bits))| Work {
            reference: format!("{number}"),
            team: format!("{}", number % 3),
            // Only what stands before can be a base: no circles.
            base: base.filter(|base| *base < number).map(|base| format!("{base}")),
            platforms: some(*bits).into_iter().map(platform).collect(),
        }).collect();
        let builders: Vec<Builder> = slots.iter().map(|(slots, bits)| match bits {
            Some(bits) => of(*slots, &some(*bits)),
            None => builder(*slots),
        }).collect();
        let has = |on: usize, wanted: &Platform| builders[on].platforms.as_ref().is_none_or(|all| all.contains(wanted));
        let has_all = |on: usize, work: &Work| work.platforms.iter().all(|wanted| has(on, wanted));
        let mut pool = Pool::new(builders.clone(), works.clone());
        let (mut now, mut fates) = (0, fates.into_iter().cycle());
        let mut running: Vec<(usize, Vec<usize>)> = Vec::new();
        // Who was at fault in each try.
        let mut tries: BTreeMap<usize, Vec<Option<usize>>> = BTreeMap::new();
        let mut ends: BTreeMap<usize, bool> = BTreeMap::new();
        for _ in 0..1000 {
            match pool.next(now) {
                Next::Over => break,
                Next::Begin { work, seats } => {
                    prop_assert!(!ends.contains_key(&work));
                    prop_assert_eq!(seats.len(), works[work].platforms.len());
                    prop_assert!(seats.iter().zip(&works[work].platforms).all(|(on, wanted)| has(*on, wanted)));
                    running.push((work, seats.clone()));
                    let health: Vec<Health> = pool.board(now).builders.into_iter().map(|seats| seats.health).collect();
                    for on in &seats {
                        prop_assert!(running.iter().filter(|(_, seats)| seats.contains(on)).count() <= slots[*on].0);
                        prop_assert!(!is_out(&health[*on]));
                    }
                    let tried = tries.entry(work).or_default();
                    let gone = tried.iter().flatten().copied().collect::<Vec<usize>>();
                    prop_assert!(tried.len() < 2 && !seats.iter().any(|on| gone.contains(on)));
                    tried.push(None);
                    if seats.iter().any(|on| *on != seats[0]) {
                        let whole = (0..builders.len()).filter(|on| has_all(*on, &works[work]) && !gone.contains(on));
                        prop_assert!(whole.map(|on| &health[on]).all(is_out));
                    }
                    if let Some(base) = &works[work].base {
                        prop_assert_eq!(ends.get(&base.parse().unwrap()), Some(&true));
                    }
                }
                Next::Refuse { work, why: Why::Nowhere } => {
                    prop_assert!(works[work].platforms.iter().any(|wanted| !(0..builders.len()).any(|on| has(on, wanted))));
                    prop_assert!(ends.insert(work, false).is_none());
                }
                Next::Refuse { work, why } => {
                    let base: usize = works[work].base.as_ref().unwrap().parse().unwrap();
                    prop_assert_eq!(&why, &Why::Base(format!("{base}")));
                    prop_assert_eq!(ends.get(&base), Some(&false));
                    prop_assert!(ends.insert(work, false).is_none());
                }
                Next::Wait { until } => match running.is_empty() {
                    true => now = until.unwrap(),
                    false => {
                        let fate = fates.next().unwrap();
                        let (work, seats) = running.remove(usize::from(fate) % running.len());
                        now += u64::from(fate) * 1000;
                        let lost = seats[usize::from(fate) % seats.len()];
                        let outcome = match fate { 0..=5 => Outcome::Good, 6 => Outcome::Bad, _ => Outcome::Lost { builder: lost } };
                        if fate > 6 {
                            *tries.get_mut(&work).unwrap().last_mut().unwrap() = Some(lost);
                        }
                        if pool.ended(work, outcome, now) == After::Over {
                            prop_assert!(ends.insert(work, outcome == Outcome::Good).is_none());
                        }
                    }
                },
            }
        }
        prop_assert_eq!(pool.next(now), Next::Over);
        prop_assert_eq!(ends.len(), works.len());
    }
}
