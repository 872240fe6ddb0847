//! Layers that are here before a build is done are sealed while it goes on; nothing is made or remembered of one that turns out
//! not to be the build's. The builder is played.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bakery::adapters::engine::remote::{Builder, BuilderError, LayerFile, Order, RemoteEngine, Told};
use bakery::adapters::engine::{Baked, Engine, EngineError, Sink, SinkError};
use bakery::domain::engine::Capabilities;
use bakery::domain::journal::EventKind;
use bakery::domain::oci::{Descriptor, Digest, media_type};
use bakery::domain::plan::StepId;
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::support::engine::{Bakehouse, Heard, Tar};

/// How long a step that is done may be waited for before it is not finished early.
const LONG: Duration = Duration::from_secs(20);
const STEPS: &str = "steps:\n  - run: one\n  - run: two\n  - run: three\n";

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Honest,
    /// What it tells of the first step early is not what it has in the end.
    Other,
    /// The last step fails.
    Fails,
    /// It is gone when the last step begins.
    Dies,
    /// The last step fails, and those before it are known to be of the build.
    Proves,
}

/// A builder whose steps each wait until the one before them is finished.
struct Played {
    part: Part,
    finished: watch::Receiver<usize>,
    builds: Arc<AtomicUsize>,
}

#[async_trait]
impl Builder for Played {
    fn name(&self) -> String {
        "docker at played".into()
    }

    async fn capabilities(&self) -> Result<Capabilities, BuilderError> {
        Ok(Capabilities { platforms: None, ..Capabilities::embedded() })
    }

    async fn build(&self, order: &Order, told: &dyn Told, _: &CancellationToken) -> Result<(), BuilderError> {
        let is_first = self.builds.fetch_add(1, Ordering::Relaxed) == 0;
        let text = std::fs::read_to_string(order.context.join("Dockerfile")).unwrap();
        let runs = text.lines().enumerate().filter(|(_, line)| line.starts_with("RUN ")).map(|(at, _)| at + 1);
        let runs: Vec<usize> = runs.collect();
        let layer = |step: usize, word: &str| Tar::new().folder("srv", 0o755).file(&format!("srv/{step}"), word).end();
        for (step, line) in runs.iter().enumerate().filter(|_| is_first) {
            let mut finished = self.finished.clone();
            let waited = tokio::time::timeout(LONG, finished.wait_for(|finished| *finished >= step)).await;
            assert!(waited.is_ok(), "step {step} is not finished while the build goes on");
            told.began(*line);
            match self.part {
                Part::Fails | Part::Proves if step + 1 == runs.len() => {
                    return Err(BuilderError::Instruction { line: *line, exit_code: Some(7), what: "it ended".into() });
                }
                Part::Dies if step + 1 == runs.len() => {
                    return Err(BuilderError::Unreachable { builder: self.name(), source: "gone".into() });
                }
                _ => {}
            }
            told.ended(*line, false);
            let word = if self.part == Part::Other && step == 0 { "early" } else { "late" };
            told.left(*line, put(&order.early, &layer(step, word)), self.part == Part::Proves);
        }
        let layers: Vec<Vec<u8>> = (0..runs.len()).map(|step| layer(step, "late")).collect();
        leave(&order.result, &text, &layers);
        Ok(())
    }
}

fn put(folder: &Path, bytes: &[u8]) -> LayerFile {
    let digest = Digest::of(bytes);
    let path = folder.join(digest.encoded());
    std::fs::write(&path, bytes).unwrap();
    LayerFile { path, descriptor: Descriptor::of(media_type::LAYER, bytes) }
}

/// The layout of an image with these layers above what its Dockerfile puts below.
fn leave(result: &Path, text: &str, layers: &[Vec<u8>]) {
    let blobs = result.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let below = Tar::new().end();
    let all: Vec<LayerFile> = std::iter::once(&below).chain(layers).map(|layer| put(&blobs, layer)).collect();
    let ids: Vec<String> = all.iter().map(|layer| layer.descriptor.digest.to_string()).collect();
    let makes = |line: &&str| line.starts_with("ADD ") || line.starts_with("RUN ");
    let lines = text.lines().filter(|line| !line.starts_with("FROM "));
    let history: Vec<_> = lines.map(|line| json!({ "empty_layer": !makes(&line) })).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "history": history, "rootfs": { "type": "layers", "diff_ids": ids },
    });
    let config = put(&blobs, config.to_string().as_bytes()).descriptor;
    let layers: Vec<&Descriptor> = all.iter().map(|layer| &layer.descriptor).collect();
    let config = json!({ "mediaType": media_type::CONFIG, "digest": config.digest, "size": config.size });
    let manifest = json!({ "schemaVersion": 2, "config": config, "layers": layers });
    let manifest = put(&blobs, manifest.to_string().as_bytes()).descriptor;
    let index = json!({ "schemaVersion": 2, "manifests": [Descriptor { media_type: media_type::MANIFEST.into(), ..manifest }] });
    std::fs::write(result.join("index.json"), index.to_string()).unwrap();
}

/// Hears all, and how many steps are finished.
struct Listening {
    heard: Heard,
    finished: watch::Sender<usize>,
}

impl Sink for Listening {
    fn emit(&self, kind: EventKind) -> Result<(), SinkError> {
        let is_finished = matches!(kind, EventKind::StepFinished { .. });
        self.heard.emit(kind)?;
        if is_finished {
            self.finished.send_modify(|finished| *finished += 1);
        }
        Ok(())
    }

    fn output(&self, step: &StepId, bytes: &[u8]) -> Result<(), SinkError> {
        self.heard.output(step, bytes)
    }
}

/// What became of a bake, and how often something was built for it.
fn bake(house: &Bakehouse, part: Part) -> (Result<Baked, EngineError>, Vec<String>, usize) {
    let (sender, finished) = watch::channel(0);
    let (listening, builds) = (Listening { heard: Heard::default(), finished: sender }, Arc::new(AtomicUsize::new(0)));
    let played = Played { part, finished, builds: Arc::clone(&builds) };
    let engine = RemoteEngine::new("docker", Box::new(played));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let baked = runtime.block_on(engine.bake(&house.job(STEPS), &listening, &CancellationToken::new()));
    let told = listening.heard.events().into_iter().filter_map(|event| match event {
        EventKind::StepStarted { step } => Some(format!("started {step}")),
        EventKind::StepCached { step, .. } => Some(format!("cached {step}")),
        EventKind::StepFinished { step, .. } => Some(format!("finished {step}")),
        EventKind::StepFailed { step, .. } => Some(format!("failed {step}")),
        _ => None,
    });
    (baked, told.collect(), builds.load(Ordering::Relaxed))
}

#[test]
fn steps_are_sealed_while_the_next_ones_go_on() {
    let house = Bakehouse::new();
    let (baked, told, builds) = bake(&house, Part::Honest);
    let image = baked.unwrap().image;
    assert_eq!(
        told,
        ["started 1", "finished 1", "started 2", "finished 2", "started 3", "finished 3"].map(String::from)
    );
    assert_eq!(builds, 1);
    let layers = house.manifest(&image).layers;
    let last = house.tar(&layers[2]);
    assert!(layers.len() == 3 && last.windows(4).any(|part| part == b"late"));
    let (_, told, builds) = bake(&house, Part::Honest);
    assert_eq!((told, builds), (["cached 1", "cached 2", "cached 3"].map(String::from).to_vec(), 0));
}

#[test]
fn what_was_early_and_is_not_of_the_image_is_nothing() {
    let house = Bakehouse::new();
    let (baked, told, _) = bake(&house, Part::Other);
    let error = baked.unwrap_err();
    assert!(error.to_string().contains("with other layers than it had while it built"), "{error}");
    assert_eq!(told.last().unwrap(), "failed 3");
    // Nothing of it is remembered, the second step neither, which was as it is.
    let (baked, told, builds) = bake(&house, Part::Honest);
    assert!(baked.is_ok() && builds == 1 && !told.iter().any(|told| told.starts_with("cached")), "{told:?}");
}

#[test]
fn what_was_done_before_a_failure_is_remembered() {
    let house = Bakehouse::new();
    let (baked, told, builds) = bake(&house, Part::Fails);
    assert!(matches!(baked, Err(EngineError::Step { step, .. }) if step.0 == "3"));
    assert_eq!((told.last().unwrap().as_str(), builds), ("failed 3", 2), "asked for what was done before");
    let (baked, told, _) = bake(&house, Part::Honest);
    assert_eq!(told, ["cached 1", "cached 2", "started 3", "finished 3"].map(String::from));
    assert!(baked.is_ok());
}

#[test]
fn what_is_proven_is_not_asked_for_again() {
    let house = Bakehouse::new();
    let (_, told, builds) = bake(&house, Part::Proves);
    assert_eq!((told.last().unwrap().as_str(), builds), ("failed 3", 1));
    let (_, told, _) = bake(&house, Part::Honest);
    assert_eq!(told[..3], ["cached 1", "cached 2", "started 3"].map(String::from));
}

#[test]
fn a_builder_that_dies_proves_nothing() {
    let house = Bakehouse::new();
    let (baked, told, builds) = bake(&house, Part::Dies);
    assert!(baked.unwrap_err().to_string().contains("cannot be reached"));
    assert_eq!((told.last().unwrap().as_str(), builds), ("failed 3", 1));
    let (_, told, _) = bake(&house, Part::Honest);
    assert_eq!(told[0], "started 1");
}
