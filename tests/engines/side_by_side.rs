//! Platforms that sit on several builders are baked side by side: a failure of one ends the others and is told once, and so does
//! a cancel. The builders are played.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bakery::adapters::engine::remote::{Builder, BuilderError, Order, RemoteEngine, SeatedEngine, Told};
use bakery::adapters::engine::{Baked, Engine, EngineError};
use bakery::domain::engine::Capabilities;
use bakery::domain::journal::{Event, EventKind, Order as Journal, decode_kind};
use bakery::domain::oci::Platform;
use tokio::sync::Barrier;
use tokio_util::sync::CancellationToken;

use crate::support::engine::{Bakehouse, Heard};

const PLATFORMS: [&str; 3] = ["linux/amd64", "linux/arm64", "linux/riscv64"];
/// What one kind of engine makes of nothing another platform would find: each has a kind of its own.
const KINDS: [&str; 3] = ["docker", "podman", "buildkit"];
/// How long one that is baked with another may be waited for before the two are not side by side.
const LONG: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// Its step fails once all have begun.
    Fails,
    /// It goes on until it is cancelled.
    Goes,
    /// It does not say what it can do.
    Mute,
}

/// A builder that plays a part; all of them meet when their first build has begun.
struct Played {
    name: &'static str,
    part: Part,
    meeting: Arc<Barrier>,
    ended: Arc<Mutex<BTreeSet<&'static str>>>,
}

#[async_trait]
impl Builder for Played {
    fn name(&self) -> String {
        format!("docker at {}", self.name)
    }

    async fn capabilities(&self) -> Result<Capabilities, BuilderError> {
        if self.part == Part::Mute {
            std::future::pending::<()>().await;
        }
        Ok(Capabilities { platforms: None, ..Capabilities::embedded() })
    }

    async fn build(&self, _: &Order, _: &dyn Told, cancel: &CancellationToken) -> Result<(), BuilderError> {
        let met = tokio::time::timeout(LONG, self.meeting.wait()).await;
        assert!(met.is_ok(), "{} is alone", self.name);
        if self.part == Part::Goes {
            cancel.cancelled().await;
            self.ended.lock().unwrap().insert(self.name);
            return Err(BuilderError::Cancelled);
        }
        Err(BuilderError::Instruction { line: 0, exit_code: Some(3), what: "it exited with 3".into() })
    }
}

struct Outcome {
    baked: Result<Baked, EngineError>,
    events: Vec<EventKind>,
    /// Builders whose build was ended by a cancel.
    ended: BTreeSet<&'static str>,
}

/// Bakes one platform on each builder; `cancelled` once all have begun.
fn bake(builders: &[(&'static str, Part)], cancelled: bool) -> Outcome {
    let house = Bakehouse::new();
    let job = house.job(&format!(
        "platforms: [{}]\nsteps:\n  - run: make it\n  - write: {{to: /srv/x, content: x}}\n",
        PLATFORMS[..builders.len()].join(", ")
    ));
    let meeting = Arc::new(Barrier::new(builders.len() + usize::from(cancelled)));
    let ended = Arc::new(Mutex::default());
    let seats = builders.iter().zip(PLATFORMS.into_iter().zip(KINDS)).map(|((name, part), (platform, kind))| {
        let played = Played { name, part: *part, meeting: Arc::clone(&meeting), ended: Arc::clone(&ended) };
        let engine = RemoteEngine::new(kind, Box::new(played)).within(Duration::from_millis(200));
        (Some(engine), vec![platform.parse::<Platform>().unwrap()])
    });
    let engine = SeatedEngine::new(seats.collect());
    let (heard, cancel) = (Heard::default(), CancellationToken::new());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let baked = runtime.block_on(async {
        let stopping = async {
            if cancelled {
                meeting.wait().await;
                cancel.cancel();
            }
        };
        tokio::join!(engine.bake(&job, &heard, &cancel), stopping).0
    });
    let ended = ended.lock().unwrap().clone();
    Outcome { baked, events: heard.events(), ended }
}

fn failed(events: &[EventKind]) -> Vec<(String, String)> {
    let failure = |event: &EventKind| match event {
        EventKind::StepFailed { step, failure, .. } => Some((step.0.clone(), failure.message.clone())),
        _ => None,
    };
    events.iter().filter_map(failure).collect()
}

/// Whether a journal takes these events after its beginning.
fn in_order(events: &[EventKind]) {
    let mut journal = Journal::default();
    let begun = decode_kind(include_str!("../golden/journal-v1.jsonl").lines().next().unwrap()).unwrap();
    for kind in std::iter::once(begun).chain(events.iter().cloned()) {
        journal.accept(&Event { seq: journal.next_seq(), at: String::new(), kind }).unwrap();
    }
}

#[test]
fn a_failure_of_one_platform_ends_the_others_and_is_told_once() {
    let Outcome { baked, events, ended } = bake(&[("a", Part::Goes), ("b", Part::Fails), ("c", Part::Goes)], false);
    match baked {
        Err(EngineError::Step { step, .. }) => assert_eq!(step.0, "arm64-1"),
        other => panic!("{other:?}"),
    }
    assert_eq!(ended, BTreeSet::from(["a", "c"]), "nobody is left at work");
    let told = failed(&events);
    assert!(told.len() == 1 && told[0].0 == "arm64-1" && told[0].1.contains("status 3"), "{told:?}");
    let begun = |event: &&EventKind| matches!(event, EventKind::StepStarted { .. });
    assert_eq!(events.iter().filter(begun).count(), 3, "nothing begins after it");
    in_order(&events);
}

#[test]
fn two_that_fail_at_once_are_told_as_one_failure() {
    let Outcome { baked, events, .. } = bake(&[("a", Part::Fails), ("b", Part::Fails)], false);
    let told = failed(&events);
    match baked {
        Err(EngineError::Step { step, .. }) => assert_eq!(told.iter().map(|(at, _)| at).collect::<Vec<_>>(), [&step.0]),
        other => panic!("{other:?}"),
    }
    in_order(&events);
}

#[test]
fn a_cancel_ends_all_of_them() {
    let Outcome { baked, events, ended } = bake(&[("a", Part::Goes), ("b", Part::Goes)], true);
    assert!(matches!(baked, Err(EngineError::Cancelled)), "{baked:?}");
    assert_eq!(ended, BTreeSet::from(["a", "b"]));
    let mut told = failed(&events);
    told.sort();
    assert_eq!(told, [("amd64-1".into(), "cancelled".into()), ("arm64-1".into(), "cancelled".into())]);
    in_order(&events);
}

#[test]
fn of_builders_that_are_asked_the_one_that_hangs_is_named() {
    let Outcome { baked, events, .. } = bake(&[("a", Part::Goes), ("b", Part::Mute)], false);
    match baked {
        Err(EngineError::Builder(error)) => assert_eq!(error.at_fault(), Some("docker at b"), "{error}"),
        other => panic!("{other:?}"),
    }
    assert!(events.is_empty(), "{events:?}");
}
