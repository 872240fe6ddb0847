//! Journals on disk without processes: reopening, following, forgetting.

use std::io::Write;
use std::path::Path;

use bakery::adapters::engine::Sink;
use bakery::adapters::journal::{BakeFolder, Ending, JournalWriter, Reader, Tail, WorkerLock, is_held, list, prune};
use bakery::domain::journal::{BakeStarted, BakeStatus, Event, EventKind};
use bakery::domain::oci::Digest;
use bakery::domain::plan::StepId;

fn started(folder: &BakeFolder) -> EventKind {
    EventKind::BakeStarted(BakeStarted {
        bake: folder.id().to_owned(),
        reference: "team-a/app:1.0".into(),
        recipe: "app.yaml".into(),
        recipe_digest: Digest::of(b""),
        base: "scratch".into(),
        base_digest: None,
        platforms: Vec::new(),
        engine: "scripted".into(),
        seats: Vec::new(),
        pid: 1,
        host: "here".into(),
        user: "baker".into(),
    })
}

fn finished() -> EventKind {
    EventKind::BakeFinished { status: BakeStatus::Ok, millis: 1, failure: None }
}

fn read(folder: &BakeFolder) -> Vec<Event> {
    let mut reader = Reader::open(folder).unwrap();
    std::iter::from_fn(|| reader.next_record().unwrap()).map(|record| record.unwrap().event.unwrap()).collect()
}

fn begin(bakes: &Path) -> (BakeFolder, WorkerLock, JournalWriter) {
    let folder = BakeFolder::create(bakes).unwrap();
    let lock = WorkerLock::take(&folder).unwrap();
    let writer = JournalWriter::open(&folder).unwrap();
    writer.append(started(&folder)).unwrap();
    (folder, lock, writer)
}

#[test]
fn h02_a_writer_cuts_off_a_torn_tail_and_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let (folder, lock, writer) = begin(home.path());
    drop(writer);
    let whole = std::fs::read(folder.journal()).unwrap();
    for torn in [&b"{"[..], b"{\"seq\":2,\"at\":\"2026", &[0; 512]] {
        std::fs::OpenOptions::new().append(true).open(folder.journal()).unwrap().write_all(torn).unwrap();
        drop(JournalWriter::open(&folder).unwrap());
        assert_eq!(std::fs::read(folder.journal()).unwrap(), whole);
    }
    let writer = JournalWriter::open(&folder).unwrap();
    writer.append(finished()).unwrap();
    assert!(writer.append(finished()).is_err(), "nothing follows the end");
    assert_eq!(read(&folder).iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2]);
    lock.release();
}

#[test]
fn h05_one_worker_a_bake_however_many_ask() {
    let home = tempfile::tempdir().unwrap();
    let (folder, lock, _writer) = begin(home.path());
    assert!(is_held(&folder).unwrap() && is_held(&folder).unwrap());
    assert!(WorkerLock::take(&folder).is_err());
    lock.release();
    assert!(!is_held(&folder).unwrap());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..500).for_each(|_| drop(is_held(&folder))));
        }
        for _ in 0..200 {
            WorkerLock::take(&folder).unwrap().release();
        }
    });
}

#[test]
fn a_step_named_like_a_path_writes_nowhere_else() {
    let home = tempfile::tempdir().unwrap();
    let (_, _lock, writer) = begin(home.path());
    for name in ["../../escape", "a/b", "", ".", "..", "a\0b"] {
        let step = StepId(name.into());
        writer.emit(EventKind::StepStarted { step: step.clone() }).unwrap();
        assert!(writer.output(&step, b"x").is_err(), "{name:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_miss_no_event_and_see_the_end() {
    let home = tempfile::tempdir().unwrap();
    let (folder, lock, writer) = begin(home.path());
    let mut followers = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let mut tail = Tail::open(&folder).unwrap();
        followers.spawn(async move {
            let mut seqs = Vec::new();
            while let Some(record) = tail.next_record().await.unwrap() {
                seqs.push(record.unwrap().event.unwrap().seq);
            }
            (seqs, tail.ending())
        });
    }
    let step = StepId("1".into());
    writer.emit(EventKind::StepStarted { step: step.clone() }).unwrap();
    for _ in 0..3000 {
        writer.output(&step, b"a line of output\n").unwrap();
        tokio::task::yield_now().await;
    }
    writer.append(finished()).unwrap();
    drop((writer, lock));
    while let Some(follower) = followers.join_next().await {
        assert_eq!(follower.unwrap(), ((1..=3003).collect::<Vec<u64>>(), Some(Ending::Finished)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_of_a_dead_worker_end_at_once() {
    let home = tempfile::tempdir().unwrap();
    for _ in 0..200 {
        let (folder, lock, writer) = begin(home.path());
        let mut tail = Tail::open(&folder).unwrap();
        let follower = tokio::spawn(async move {
            let mut count = 0;
            while tail.next_record().await.unwrap().is_some() {
                count += 1;
            }
            (count, tail.ending())
        });
        tokio::task::yield_now().await;
        writer.append(EventKind::CancelRequested { by: "x".into() }).unwrap();
        lock.release();
        assert_eq!(follower.await.unwrap(), (2, Some(Ending::Lost)));
    }
}

#[test]
fn old_bakes_are_forgotten_and_running_ones_are_not() {
    let home = tempfile::tempdir().unwrap();
    let (oldest, lock, _writer) = begin(home.path());
    let mut made: Vec<BakeFolder> = (0..5).map(|_| begin(home.path()).0).collect();
    made.sort();
    assert_eq!(prune(home.path(), 2).unwrap(), 3);
    let left = list(home.path()).unwrap();
    assert_eq!(left.len(), 3);
    assert!(left.contains(&oldest));
    lock.release();
    assert_eq!(prune(home.path(), 2).unwrap(), 1);
}
