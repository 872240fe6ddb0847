//! Fairness, faults and platforms; and for any builders, bakes and fates: all ends, once, in order, within slots.

use super::*;
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
        Next::Begin { work, builder } => Some((work, builder)),
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
    assert_eq!(pool.ended(0, Outcome::Lost, 5), After::Again);
    assert_eq!(pool.next(5), Next::Wait { until: Some(5 + PAUSE) });
    assert_eq!(pool.board(15).builders[0].health, Health::Out { left: PAUSE - 10 });
    pool.ended(1, Outcome::Lost, 6);
    pool.ended(2, Outcome::Good, 6);
    assert_eq!(pool.next(7), Next::Begin { work: 0, builder: 1 });
    assert_eq!(pool.next(6 + PAUSE), Next::Begin { work: 3, builder: 0 });
    assert_eq!(pool.next(6 + PAUSE), Next::Wait { until: None }, "only one tries it");
    let board = pool.board(6 + PAUSE);
    let stand: Vec<(Health, &[String])> =
        board.builders.iter().map(|seats| (seats.health.clone(), seats.baking.as_slice())).collect();
    assert_eq!(stand, [(Health::OnTrial, &["t/3".to_owned()][..]), (Health::In, &["t/0".to_owned()][..])]);
    assert_eq!(board.waiting, ["t/1", "t/4", "t/5"]);
    pool.ended(3, Outcome::Good, 7 + PAUSE);
    assert_eq!(pool.next(7 + PAUSE), Next::Begin { work: 4, builder: 0 });
    assert_eq!(pool.next(7 + PAUSE), Next::Begin { work: 5, builder: 0 });
    assert_eq!(pool.ended(0, Outcome::Lost, 8 + PAUSE), After::Over, "once elsewhere, and no more");
}

#[test]
fn a_platform_nobody_has_is_said() {
    let arm: crate::domain::oci::Platform = "linux/arm64".parse().unwrap();
    let amd: crate::domain::oci::Platform = "linux/amd64".parse().unwrap();
    let of =
        |platform: &crate::domain::oci::Platform| Builder { platforms: Some([platform.clone()].into()), ..builder(1) };
    let wants = |platforms: &[&crate::domain::oci::Platform]| Work {
        platforms: platforms.iter().map(|platform| (*platform).clone()).collect(),
        ..work("x", None)
    };
    let mut pool = Pool::new(vec![of(&arm), of(&amd)], vec![wants(&[&amd]), wants(&[&arm, &amd]), wants(&[&arm])]);
    assert_eq!(pool.next(0), Next::Refuse { work: 1, why: Why::Nowhere });
    assert_eq!(begun(&mut pool), [(0, 1), (2, 0)]);
}

proptest! {
    #[test]
    fn everything_ends_once_in_order_within_slots(
        slots in prop::collection::vec(1..4_usize, 1..4),
        bases in prop::collection::vec(prop::option::of(0..20_usize), 1..25),
        fates in prop::collection::vec(0..10_u8, 100),
    ) {
        let works: Vec<Work> = bases.iter().enumerate().map(|(number, base)| Work {
            reference: format!("{number}"),
            team: format!("{}", number % 3),
            // Only what stands before can be a base: no circles.
            base: base.filter(|base| *base < number).map(|base| format!("{base}")),
            platforms: Vec::new(),
        }).collect();
        let mut pool = Pool::new(slots.iter().map(|slots| builder(*slots)).collect(), works.clone());
        let (mut now, mut fates) = (0, fates.into_iter().cycle());
        let mut running: Vec<(usize, usize)> = Vec::new();
        let (mut tries, mut ends): (BTreeMap<usize, Vec<usize>>, BTreeMap<usize, bool>) = Default::default();
        for _ in 0..1000 {
            match pool.next(now) {
                Next::Over => break,
                Next::Begin { work, builder } => {
                    prop_assert!(!ends.contains_key(&work));
                    running.push((work, builder));
                    prop_assert!(running.iter().filter(|(_, on)| *on == builder).count() <= slots[builder]);
                    let tried = tries.entry(work).or_default();
                    prop_assert!(tried.len() < 2 && !tried.contains(&builder));
                    tried.push(builder);
                    if let Some(base) = &works[work].base {
                        prop_assert_eq!(ends.get(&base.parse().unwrap()), Some(&true));
                    }
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
                        let (work, _) = running.remove(usize::from(fate) % running.len());
                        now += u64::from(fate) * 1000;
                        let outcome = match fate { 0..=5 => Outcome::Good, 6 => Outcome::Bad, _ => Outcome::Lost };
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
