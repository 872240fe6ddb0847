//! Properties of the format: what is written is read; torn and changed journals lose what they lost and lie about nothing.

use proptest::prelude::*;

use super::samples::{every_kind, number, started, step};
use super::{BakeStatus, ChangeOp, Event, EventKind, Order, Record, Scanner, SeatTaken, SeenChange, encode};

fn text(events: &[Event]) -> Vec<u8> {
    events.iter().flat_map(|e| format!("{}\n", encode(e).unwrap()).into_bytes()).collect()
}

/// Records and the number of damages.
fn scan(bytes: &[u8], piece: usize) -> (Vec<Record>, usize) {
    let (mut scanner, mut records, mut damages) = (Scanner::default(), Vec::new(), 0);
    for chunk in bytes.chunks(piece.max(1)) {
        scanner.feed(chunk);
        while let Some(next) = scanner.next_record() {
            match next {
                Ok(record) => records.push(record),
                Err(_) => damages += 1,
            }
        }
    }
    (records, damages)
}

fn events(records: &[Record]) -> Vec<Event> {
    records.iter().filter_map(|r| r.event.clone()).collect()
}

#[test]
fn seats_read_as_they_were_written_and_leave_no_trace_where_there_are_none() {
    let mut event = every_kind().remove(0);
    assert!(!encode(&event).unwrap().contains("seats"));
    let EventKind::BakeStarted(started) = &mut event.kind else { panic!("{event:?}") };
    let seat = |platform: &str, builder: &str| SeatTaken {
        platform: platform.parse().unwrap(),
        engine: format!("docker://{builder}"),
        builder: builder.into(),
    };
    started.seats = vec![seat("linux/amd64", "east"), seat("linux/arm64", "west")];
    assert_eq!(events(&scan(&text(&[event.clone()]), 64).0), [event]);
}

#[test]
fn every_kind_reads_as_it_was_written_in_pieces_of_any_size() {
    let written = every_kind();
    let mut order = Order::default();
    for event in &written {
        order.accept(event).unwrap();
    }
    for piece in [1, 7, 100, 1 << 20] {
        assert_eq!((events(&scan(&text(&written), piece).0), scan(&text(&written), piece).1), (written.clone(), 0));
    }
}

#[test]
fn h02_a_torn_tail_loses_only_the_last_line() {
    let written = every_kind();
    let whole = text(&written);
    for cut in 0..=whole.len() {
        let kept = whole[..cut].iter().filter(|b| **b == b'\n').count();
        let (records, damages) = scan(&whole[..cut], 4096);
        assert_eq!((events(&records), damages), (written[..kept].to_vec(), 0), "cut at {cut}");
    }
}

#[test]
fn h08_a_changed_byte_is_detected() {
    let written = every_kind();
    let whole = text(&written);
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x01;
        let (records, damages) = scan(&changed, 4096);
        let read = events(&records);
        // Without its newline the last line is torn, which is no damage.
        assert!(damages > 0 || at == whole.len() - 1, "byte {at} passed");
        assert!(read.iter().all(|event| written.contains(event)), "byte {at} made another event");
        assert!(read.len() + 2 >= written.len(), "byte {at} lost {} events", written.len() - read.len());
    }
}

#[test]
fn h10_a_missing_line_is_told_and_the_rest_is_read() {
    let mut lines = every_kind();
    lines.remove(4);
    let (records, damages) = scan(&text(&lines), 4096);
    assert_eq!((events(&records), damages), (lines, 1));
}

#[test]
fn h10_an_endless_line_is_dropped_and_memory_stays_bounded() {
    let written = every_kind();
    let lines = text(&written);
    let first = lines.iter().position(|b| *b == b'\n').unwrap() + 1;
    let mut scanner = Scanner::default();
    let (mut records, mut damages) = (Vec::new(), 0);
    let long = vec![b'x'; 1 << 20];
    let pieces =
        std::iter::once(&lines[..first]).chain(std::iter::repeat_n(&long[..], 40)).chain([&b"\n"[..], &lines[first..]]);
    for piece in pieces {
        scanner.feed(piece);
        while let Some(next) = scanner.next_record() {
            match next {
                Ok(record) => records.push(record),
                Err(_) => damages += 1,
            }
        }
    }
    assert_eq!((events(&records), damages), (written, 1));
}

fn kind() -> impl Strategy<Value = EventKind> {
    let word = "\\PC{0,20}|[a-z\\x00-\\x1f\"\\\\]{0,12}";
    let change = (0..3usize, word, any::<u64>(), 0..0o10000u32).prop_map(|(op, path, size, mode)| {
        SeenChange::new([ChangeOp::Added, ChangeOp::Modified, ChangeOp::Deleted][op], path, size, mode)
    });
    prop_oneof![
        (word, any::<u64>(), any::<u64>()).prop_map(|(id, offset, length)| EventKind::StepOutput {
            step: step(&id),
            offset,
            length
        }),
        (any::<u64>(), any::<Option<u64>>()).prop_map(|(done, total)| EventKind::StepProgressed {
            step: step("1"),
            done,
            total
        }),
        proptest::collection::vec(change, 0..5)
            .prop_map(|changes| EventKind::LayerChanged { step: step("1"), changes }),
        word.prop_map(|by| EventKind::CancelRequested { by }),
        (any::<u64>(), word, any::<u8>()).prop_map(|(millis, message, exit_code)| EventKind::BakeFinished {
            status: BakeStatus::Failed,
            millis,
            failure: Some(super::Failure { message, causes: Vec::new(), help: None, exit_code, builder: None }),
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_events_survive(kinds in proptest::collection::vec(kind(), 0..20), piece in 1..300usize, cut in any::<prop::sample::Index>()) {
        let written = number(std::iter::once(started()).chain(kinds).collect());
        let whole = text(&written);
        prop_assert_eq!(&events(&scan(&whole, piece).0), &written);
        let torn = &whole[..cut.index(whole.len())];
        let (records, damages) = scan(torn, piece);
        let kept = torn.iter().filter(|b| **b == b'\n').count();
        prop_assert_eq!((events(&records), damages), (written[..kept].to_vec(), 0));
    }
}
