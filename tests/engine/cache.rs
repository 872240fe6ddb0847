//! Steps found in the cache, early cutoff, and what stops a bake before or in the middle of it.

use bakery::adapters::engine::embedded::EmbeddedEngine;
use bakery::adapters::engine::{Engine, EngineError, Sink, SinkError};
use bakery::domain::journal::EventKind;
use bakery::domain::plan::StepId;
use tokio_util::sync::CancellationToken;

use crate::support::engine::{Bakehouse, Heard, Outcome, usrmerged};

fn cached(outcome: &Outcome) -> Vec<String> {
    let events = outcome.heard.events();
    let cached = events.iter().filter_map(|event| match event {
        EventKind::StepCached { step, .. } => Some(step.to_string()),
        _ => None,
    });
    cached.collect()
}

#[test]
fn a_second_bake_finds_every_step_and_gives_the_same_image() {
    let house = Bakehouse::new().with_base(&[usrmerged()]);
    house.file("app/a", "1");
    let recipe =
        "steps:\n  - copy: {from: app, to: /srv}\n  - write: {to: /srv/a, content: \"1\"}\n  - remove: [/tmp]\n";
    let first = house.bake(recipe);
    assert!(cached(&first).is_empty());
    let second = house.bake(recipe);
    assert_eq!(cached(&second), ["1", "2", "3"]);
    assert_eq!(first.image(), second.image());
    // The step that changed nothing has no layer to be sealed again.
    assert_eq!(second.heard.sealed().len(), 2);
}

#[test]
fn steps_above_a_change_that_made_no_difference_are_found() {
    let house = Bakehouse::new().with_base(&[usrmerged()]);
    let recipe = |content: &str| {
        format!(
            "steps:\n  - write: {{to: /a, content: {content}}}\n  - write: {{to: /a, content: same}}\n  - remove: [/tmp]\n"
        )
    };
    house.bake(&recipe("one"));
    // Another text, the same layer: the key differs, the chain above does not.
    let outcome = house.bake(&recipe("\"one\""));
    assert_eq!(cached(&outcome), ["1", "2", "3"]);
    let outcome = house.bake(&recipe("two"));
    assert!(cached(&outcome).is_empty());
}

#[test]
fn a_step_above_cached_ones_stands_on_their_layers() {
    let house = Bakehouse::new().with_base(&[usrmerged()]);
    let below = "steps:\n  - write: {to: /etc/passwd, content: \"baker:x:5:6::/:\\n\"}\n  - remove: [/tmp]\n";
    house.bake(below);
    std::fs::remove_dir_all(house.path("cache/indexes")).unwrap();
    let outcome = house.bake(&format!("{below}  - write: {{to: /tmp/x, content: x, owner: baker}}\n"));
    assert_eq!(cached(&outcome), ["1", "2"]);
    assert_eq!(house.listing(&outcome), ["folder 0755 0:0 tmp", "file 0644 5:6 tmp/x"]);
}

#[test]
fn a_layer_that_was_freed_is_made_again() {
    let house = Bakehouse::new().with_base(&[usrmerged()]);
    let recipe = "steps:\n  - write: {to: /a, content: x}\n";
    let first = house.bake(recipe);
    let layer = house.manifest(first.image()).layers.pop().unwrap();
    std::fs::remove_file(house.path("store/blobs/sha256").join(layer.digest.encoded())).unwrap();
    let second = house.bake(recipe);
    assert!(cached(&second).is_empty());
    assert_eq!(first.image(), second.image());
}

#[test]
fn a_cancelled_bake_leaves_no_name() {
    let house = Bakehouse::new().with_base(&[usrmerged()]);
    let job = house.job("steps:\n  - write: {to: /a, content: x}\n");
    let cancel = CancellationToken::new();
    cancel.cancel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let baked = runtime.block_on(EmbeddedEngine.bake(&job, &Heard::default(), &cancel));
    assert!(matches!(baked, Err(EngineError::Cancelled)), "{baked:?}");
    assert!(house.target.entries().unwrap().is_empty());
}

/// A sink that takes so many facts and no more.
struct Full(std::sync::atomic::AtomicI32);

impl Sink for Full {
    fn emit(&self, _kind: EventKind) -> Result<(), SinkError> {
        match self.0.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) {
            left if left > 0 => Ok(()),
            _ => Err(SinkError("disk full".into())),
        }
    }

    fn output(&self, _step: &StepId, _bytes: &[u8]) -> Result<(), SinkError> {
        Ok(())
    }
}

#[test]
fn a_journal_that_takes_nothing_more_stops_the_bake_wherever_it_is() {
    let recipe = "steps:\n  - write: {to: /a, content: x}\n  - remove: [/tmp]\n";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for facts in 0..11 {
        let house = Bakehouse::new().with_base(&[usrmerged()]);
        let sink = Full(facts.into());
        let baked = runtime.block_on(EmbeddedEngine.bake(&house.job(recipe), &sink, &CancellationToken::new()));
        let full = matches!(baked, Err(EngineError::Sink(_)));
        assert!(full, "{facts} facts: {baked:?}");
        // All but the last fact are told before the name is given.
        assert_eq!(house.target.entries().unwrap().len(), usize::from(facts == 10), "{facts}");
    }
}
