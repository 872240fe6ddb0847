//! Baking once more, to see whether the same comes out: in other folders, later, with other ids outside, with another number
//! of threads, with nothing cached. What differs is named with its likely cause. Changes nothing of the first bake.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::prune::free_snapshots;
use crate::adapters::clock::{Stopwatch, now_unix};
use crate::adapters::engine::{BakeJob, Engine, EngineError, Sink, SinkError};
use crate::adapters::files;
use crate::adapters::host::IdMode;
use crate::adapters::index;
use crate::adapters::layer_source::LayerSource;
use crate::adapters::process::identity;
use crate::adapters::store::layout::Layout;
use crate::adapters::store::open::open_local;
use crate::adapters::store::{Store, StoreError, read_verified};
use crate::domain::journal::EventKind;
use crate::domain::layer::{
    Cause, ContentDigest, Divergence, Kind, LayerContents, first_byte, first_divergence, likely_cause,
};
use crate::domain::oci::{
    Descriptor, DiffId, ImageConfig, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, Manifest, Platform, Repository,
};
use crate::domain::plan::{PlannedStep, StepId};
use crate::domain::text::escape_bytes;
use crate::domain::trust::{CheckVerdict, Finding, reason};
use crate::report::{Kind as ReportKind, Report};

/// The engine that has ids of its own.
const EMBEDDED: &str = "embedded";
/// The check this is.
pub(super) const CHECK: &str = "repro.match";
/// Largest file whose bytes are looked at.
const MAX_LOOKED_AT: u64 = 16 << 20;
/// Ids the second bake has outside its namespace, where the first had the host's own.
const OTHER_IDS: (u32, u32) = (2_000_000_000, 65_536);
/// The second bake begins in another second.
const LATER: Duration = Duration::from_millis(1_100);

/// A layer of one of the two bakes.
#[derive(Clone, Debug, PartialEq)]
struct Made {
    step: StepId,
    blob: Descriptor,
    diff_id: DiffId,
}

/// Keeps what layers come out.
#[derive(Default)]
struct Heard(Mutex<Vec<(Platform, Option<Made>)>>);

impl Sink for Heard {
    fn emit(&self, kind: EventKind) -> Result<(), SinkError> {
        if let EventKind::LayerSealed(sealed) = kind {
            let made =
                sealed.layer.map(|layer| Made { step: sealed.step, blob: layer.descriptor, diff_id: layer.diff_id });
            if let Ok(mut heard) = self.0.lock() {
                heard.push((sealed.platform, made));
            }
        }
        Ok(())
    }

    fn output(&self, _step: &StepId, _bytes: &[u8]) -> Result<(), SinkError> {
        Ok(())
    }
}

/// One of the first bake's own layers.
type Own = (Descriptor, DiffId);

/// Where one bake's layers are.
struct Place<'p> {
    layout: &'p Layout,
    cache: &'p Path,
}

/// Bakes `job` again below `folder`, which is removed afterwards, and compares with what came out first.
pub(super) async fn bake_again(
    job: &BakeJob,
    first: &[(Platform, Descriptor)],
    folder: PathBuf,
    (engine, cancel): (&dyn Engine, &CancellationToken),
) -> Result<Finding, EngineError> {
    let began = now_unix();
    let watch = Stopwatch::start();
    tokio::time::sleep(LATER).await;
    let made = second(job, &folder, engine, cancel).await;
    let finding = match made {
        Ok((target, heard, ids)) => {
            let cache = folder.join("cache");
            let (one, other) =
                (Place { layout: &job.target, cache: &job.cache }, Place { layout: &target, cache: &cache });
            let how = how(job, ids, engine.name(), watch.millis());
            judge(job, first, &heard, (&one, &other), ((began, now_unix()), how)).await
        }
        Err(EngineError::Cancelled) => Err(EngineError::Cancelled),
        Err(EngineError::Sink(error)) => Err(EngineError::Sink(error)),
        Err(error) => {
            let report = Report::from(error);
            let lines = std::iter::once(report.message).chain(report.causes).collect();
            Ok(Finding::new(CheckVerdict::Unknown, reason::REPRO_NOT_BAKED, lines))
        }
    };
    let cleared = tokio::task::spawn_blocking(move || clear(&folder)).await;
    match (finding, cleared) {
        (Ok(finding), Ok(Ok(()))) => Ok(finding),
        (Ok(_), Ok(Err(report))) => Err(EngineError::Gate(Box::new(report))),
        (Ok(_), Err(error)) => Err(EngineError::Gate(Box::new(Report::new(ReportKind::Failed, &error)))),
        (Err(error), _) => Err(error),
    }
}

async fn second(
    job: &BakeJob,
    folder: &Path,
    engine: &dyn Engine,
    cancel: &CancellationToken,
) -> Result<(Arc<Layout>, Heard, IdMode), EngineError> {
    let target = open_local(&folder.join("store"))?;
    let mut again = job.clone();
    again.gatekeeper = None;
    again.target = Arc::clone(&target);
    again.cache = folder.join("cache");
    again.no_cache = true;
    again.recipe.tests.clear();
    again.packing.threads = if job.packing.threads > 1 { 1 } else { 2 };
    if job.ids == IdMode::Root {
        again.ids = IdMode::Subordinate { users: OTHER_IDS, groups: OTHER_IDS };
    }
    // The first bake fetched them.
    for base in &mut again.bases {
        base.store = Arc::clone(&job.target) as _;
        base.layout = Some(Arc::clone(&job.target));
    }
    let heard = Heard::default();
    engine.bake(&again, &heard, cancel).await?;
    Ok((target, heard, again.ids))
}

fn how(job: &BakeJob, ids: IdMode, engine: &str, millis: u64) -> String {
    let ids = if ids == job.ids { "the same ids outside (no others here)" } else { "other ids outside" };
    let threads = if job.packing.threads > 1 { "one thread" } else { "two threads" };
    let seconds = millis.div_ceil(1000);
    if engine != EMBEDDED {
        return format!(
            "baked again by {engine}, up to {seconds} s later, in other folders, {threads}, nothing cached"
        );
    }
    format!("baked again in other folders, up to {seconds} s later, with {ids}, {threads}, nothing cached")
}

async fn judge(
    job: &BakeJob,
    first: &[(Platform, Descriptor)],
    heard: &Heard,
    (one, other): (&Place<'_>, &Place<'_>),
    (span, how): ((i64, i64), String),
) -> Result<Finding, EngineError> {
    let heard = heard.0.lock().map(|heard| heard.clone()).unwrap_or_default();
    let mut identical = Vec::new();
    for ((platform, manifest), part) in first.iter().zip(&job.plan.platforms) {
        let theirs: Vec<&Made> =
            heard.iter().filter(|(on, _)| on == platform).filter_map(|(_, made)| made.as_ref()).collect();
        let base = job.bases.iter().find(|base| base.platform == *platform);
        let inherited = base.map_or(0, |base| base.manifest.layers.len());
        let ours = own_layers(one.layout, manifest, inherited).await?;
        let pairs = || ours.iter().zip(&theirs);
        let lines = if let Some((mine, made)) = pairs().find(|(mine, made)| mine.1 != made.diff_id) {
            let step = part.steps.iter().find(|step| step.id == made.step);
            told(step, &job.plan.recipe, look(mine, made, (one, other), span))
        } else if ours.len() != theirs.len() {
            vec![format!("{} layers of its own, then {}", ours.len(), theirs.len())]
        } else if let Some((mine, made)) = pairs().find(|(mine, made)| mine.0.digest != made.blob.digest) {
            vec![format!("the same files, packed differently: {}, then {}", mine.0.digest, made.blob.digest)]
        } else {
            let (own, all) = (ours.len(), ours.len() + inherited);
            identical.push(format!("bit-identical: {}, {own} of its {all} layers made anew", manifest.digest));
            continue;
        };
        return Ok(Finding::new(CheckVerdict::Fail, reason::REPRO_DIFFERS, [lines, vec![how]].concat()));
    }
    identical.push(how);
    Ok(Finding::new(CheckVerdict::Pass, reason::REPRO_IDENTICAL, identical))
}

/// Blob and diffID of the layers above the inherited ones.
async fn own_layers(layout: &Layout, manifest: &Descriptor, inherited: usize) -> Result<Vec<Own>, EngineError> {
    // As blobs: a manifest an earlier bake left belongs to that one's repository.
    let anywhere: Repository = "again".parse().map_err(StoreError::from)?;
    let source = layout.open_blob(&anywhere, manifest).await?;
    let bytes = read_verified(source, manifest, MAX_MANIFEST_BYTES).await?;
    let unusable = |why: String| EngineError::Gate(Box::new(Report::message(ReportKind::Failed, why)));
    let Ok(Manifest::Image(image)) = Manifest::parse(&bytes, Some(&manifest.media_type)) else {
        return Err(unusable(format!("{} is no image", manifest.digest)));
    };
    let source = layout.open_blob(&anywhere, &image.config).await?;
    let config = read_verified(source, &image.config, MAX_CONFIG_BYTES).await?;
    let config = ImageConfig::parse(&config).map_err(|error| unusable(error.to_string()))?;
    Ok(image.layers.into_iter().zip(config.rootfs.diff_ids).skip(inherited).collect())
}

/// The first difference: its path, what it is, and what is likely to have made it.
struct Looked {
    path: String,
    what: Vec<String>,
    cause: Option<Cause>,
}

fn look(mine: &Own, made: &Made, (one, other): (&Place<'_>, &Place<'_>), span: (i64, i64)) -> Option<Looked> {
    let read = |place: &Place<'_>, blob: &Descriptor, diff_id| {
        index::read(&index::path_of(place.cache, blob, diff_id)).map(|index| index.contents)
    };
    let first = read(one, &mine.0, &mine.1)?;
    let second = read(other, &made.blob, &made.diff_id)?;
    let (path, divergence) = first_divergence(&first, &second)?;
    let shown = format!("/{}", escape_bytes(&path));
    let (what, cause) = match divergence {
        Divergence::OnlyFirst => (vec!["only in the first bake".to_owned()], named_by_chance(&path)),
        Divergence::OnlySecond => (vec!["only in the second bake".to_owned()], named_by_chance(&path)),
        Divergence::Node(said) => (said, None),
        Divergence::Content => {
            content(&path, ((one, (&mine.0, &mine.1), &first), (other, (&made.blob, &made.diff_id), &second)), span)
        }
    };
    Some(Looked { path: shown, what, cause })
}

/// A name that the other bake has not: made up anew each time, more often than not.
fn named_by_chance(path: &[u8]) -> Option<Cause> {
    let pyc = path.ends_with(b".pyc");
    Some(if pyc { Cause::CompiledCache } else { Cause::Random })
}

type Side<'s> = (&'s Place<'s>, (&'s Descriptor, &'s DiffId), &'s LayerContents);

fn content(path: &[u8], (one, other): (Side<'_>, Side<'_>), span: (i64, i64)) -> (Vec<String>, Option<Cause>) {
    let sizes = |side: &Side<'_>| file_in(side.2, path).map_or(0, |(size, _)| size);
    let size = format!("{} bytes, then {}", sizes(&one), sizes(&other));
    let (Some(first), Some(second)) = (bytes_of(&one, path), bytes_of(&other, path)) else {
        return (vec![format!("its content ({size})")], None);
    };
    let Some(at) = first_byte(&first, &second) else { return (vec![size], None) };
    let cause = likely_cause(path, &first, &second, span, &identity().host);
    let shown = |content: &[u8]| escape_bytes(&content[at.min(content.len())..content.len().min(at + 24)]);
    (vec![format!("byte {at}: \"{}\", then \"{}\" ({size})", shown(&first), shown(&second))], cause)
}

fn file_in(layer: &LayerContents, path: &[u8]) -> Option<(u64, ContentDigest)> {
    let entry = layer.entries.iter().find(|entry| &*entry.path == path)?;
    match &entry.node.kind {
        Kind::File { size, digest } => Some((*size, (*digest)?)),
        _ => None,
    }
}

fn bytes_of((place, (blob, diff_id), layer): &Side<'_>, path: &[u8]) -> Option<Vec<u8>> {
    let (_, digest) = file_in(layer, path)?;
    let source = LayerSource {
        blob: (*blob).clone(),
        diff_id: (*diff_id).clone(),
        here: vec![place.layout.clone()],
        store: Arc::new(place.layout.clone()),
        repository: "again".parse().ok()?,
    };
    let mut bytes = Vec::new();
    source.content(place.cache, digest, MAX_LOOKED_AT, &mut bytes).ok()?;
    Some(bytes)
}

fn told(step: Option<&PlannedStep>, recipe: &str, looked: Option<Looked>) -> Vec<String> {
    let mut lines = Vec::new();
    let place = step.map(|step| format!("{recipe}:{}: the `{}` step", step.line, step.action));
    match looked {
        Some(Looked { path, what, cause }) => {
            lines.push(format!("{path}: {}", what.join("; ")));
            lines.extend(place);
            if let Some(cause) = cause {
                lines.push(format!("likely cause: {}; {}", cause.as_str(), cause.mend()));
            }
        }
        None => lines.extend(place),
    }
    lines
}

/// Removes all of it; snapshots may belong to ids only their namespace may touch.
fn clear(folder: &Path) -> Result<(), Report> {
    free_snapshots(&folder.join("cache"), Some(0), false);
    files::remove_folder(folder).map_err(Report::from)
}
