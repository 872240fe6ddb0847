//! The golden journal: what bakery wrote once, it reads for ever.

use bakery::domain::journal::{BakeStatus, Decoded, EventKind, Order, Record, Scanner, decode, encode};
use bakery::domain::projection::{BakeView, Liveness, ShelfRow};

const V1: &str = include_str!("../golden/journal-v1.jsonl");

fn records() -> Vec<Record> {
    let mut scanner = Scanner::default();
    scanner.feed(V1.as_bytes());
    std::iter::from_fn(|| scanner.next_record()).map(Result::unwrap).collect()
}

#[test]
fn a_journal_of_format_1_is_read_for_ever() {
    let records = records();
    let mut order = Order::default();
    for record in &records {
        let event = record.event.as_ref().unwrap_or_else(|| panic!("unknown kind: {}", record.line));
        order.accept(event).unwrap();
        assert_eq!(decode(record.line.as_bytes()).unwrap(), Decoded::Event(Box::new(event.clone())));
    }
    assert!(order.is_finished());
    let kinds: std::collections::BTreeSet<String> = records
        .iter()
        .map(|record| serde_json::from_str::<serde_json::Value>(&record.line).unwrap()["kind"].to_string())
        .collect();
    assert_eq!(kinds.len(), 17, "the golden journal has every kind: {kinds:?}");
}

#[test]
fn format_1_is_written_as_it_was() {
    for record in records() {
        assert_eq!(encode(record.event.as_ref().unwrap()).unwrap(), record.line);
    }
}

#[test]
fn the_golden_journal_folds_to_what_happened() {
    let mut view = BakeView::default();
    for record in records() {
        view.apply(&record.event.unwrap());
    }
    let row = ShelfRow::of(&view, Liveness::Gone).unwrap();
    assert_eq!((row.status.as_str(), row.reference.as_str()), ("failed", "team-a/payments-api:1.4.0"));
    assert_eq!(view.outcome.unwrap().status, BakeStatus::Failed);
    assert!(matches!(records()[0].event.as_ref().unwrap().kind, EventKind::BakeStarted(_)));
}
