//! Starting a bake: freezes what was asked into the bake's folder and hands it to a worker of its own. Bakes nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::prepare::{PrepareOptions, local_base, platforms_of};
use super::{Context, LoadedRecipe, engines};
use crate::adapters::host;
use crate::adapters::journal::{BakeFolder, prune};
use crate::adapters::process::start_worker;
use crate::adapters::settings::{Paths, TlsSettings};
use crate::adapters::signing::Passphrase;
use crate::domain::engine::Capabilities;
use crate::domain::oci::Platform;
use crate::domain::recipe::{Lock, SecretSource};
use crate::report::{Kind, Report};

/// Finished bakes the shelf keeps.
const KEPT_BAKES: usize = 500;

/// Name of the request in a bake's folder.
pub(in crate::flows) const REQUEST: &str = "request.json";

/// What a worker is asked. Everything that could change until it starts is frozen here (Y-09).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BakeRequest {
    /// `NAME:TAG`.
    pub reference: String,
    /// Recipe file as the user named it.
    pub recipe: String,
    /// The same, absolute; its folder is what `from` paths are relative to.
    pub recipe_file: PathBuf,
    /// The recipe's text.
    pub recipe_text: String,
    /// Base as the recipe names it, or `scratch`.
    pub base: String,
    /// `NAME:TAG` of the base where it is another image of the local store.
    pub local_base: Option<String>,
    /// What the base was pinned to just before the start; `None` for scratch.
    pub lock: Option<Lock>,
    /// Platforms to bake.
    pub platforms: Vec<Platform>,
    /// The workspace's folder.
    pub workspace: PathBuf,
    /// Engine; of several builders the first platform's.
    pub engine: String,
    /// Which of the workspace's `engines` that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builder: Option<String>,
    /// What the engine said just now it can do, where it has no seats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub can: Option<Capabilities>,
    /// Who bakes each platform, in their order, where the workspace's `engines` do; empty: `engine` bakes all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seats: Vec<Seated>,
    /// How to bake.
    pub options: BakeOptions,
}

/// Who bakes a platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seated {
    /// Which platform.
    pub platform: Platform,
    /// Engine.
    pub engine: String,
    /// Which of the workspace's `engines` that is.
    pub builder: String,
    /// Whether the workspace says that it has the platform.
    #[serde(default)]
    pub native: bool,
    /// How long it may say nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Certificates on the way to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsSettings>,
}

/// How to bake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BakeOptions {
    /// Engine, where the user names one.
    pub engine: Option<String>,
    /// Ignore cached results.
    pub no_cache: bool,
    /// Fail rather than change the lock.
    pub frozen: bool,
    /// Bake once more, and reject what does not come out the same.
    #[serde(default)]
    pub reproduce: bool,
    /// Hand the image on when it is baked.
    #[serde(default)]
    pub publish: bool,
    /// Let a base pass that is older than the one last seen under its tag.
    #[serde(default)]
    pub allow_downgrade: bool,
    /// End the bake at the first check that fails while a step runs.
    #[serde(default)]
    pub fail_fast: bool,
    /// Where the secrets the recipe's steps ask for are had; never a secret itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, SecretSource>,
}

impl BakeRequest {
    /// The engines it is baked on, each once: `docker://a + docker://b`.
    pub(super) fn engines(&self) -> String {
        let mut all: Vec<&str> = Vec::new();
        for seat in &self.seats {
            if !all.contains(&seat.engine.as_str()) {
                all.push(&seat.engine);
            }
        }
        if all.is_empty() { self.engine.clone() } else { all.join(" + ") }
    }

    /// The builders it sits on, each once; the engine alone where no pool was asked.
    pub(super) fn builders(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for seat in &self.seats {
            if !all.contains(&seat.builder.as_str()) {
                all.push(&seat.builder);
            }
        }
        if all.is_empty() { vec![self.builder.as_deref().unwrap_or(&self.engine)] } else { all }
    }

    /// The frozen text as a recipe, judged as if it still stood in its file.
    pub(super) fn judged(&self, context: &Context) -> Result<LoadedRecipe, Report> {
        context.judge(&self.recipe_file, &self.recipe, self.recipe_text.clone().into_bytes())
    }
}

impl BakeOptions {
    /// The part that preparing needs.
    pub(super) fn prepare(&self) -> PrepareOptions {
        PrepareOptions { frozen: self.frozen, no_cache: self.no_cache, write_lock: true, ..PrepareOptions::default() }
    }
}

/// What the user asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// One request a recipe, in the order named.
    pub requests: Vec<BakeRequest>,
    /// Bakes at once.
    pub parallel: usize,
}

/// A bake under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Started {
    /// Its ULID.
    pub bake: String,
    /// Its worker.
    pub pid: u32,
}

/// Reads what was asked: the recipes named, all of the workspace where none is. What was read is what is baked.
pub fn read_requests(context: &Context, recipes: &[PathBuf], options: &BakeOptions) -> Result<Asked, Report> {
    let loaded = context.recipes(recipes)?;
    let judged: Vec<Result<BakeRequest, Report>> =
        loaded.iter().map(|loaded| request(context, loaded, options)).collect();
    let parallel = context.settings.parallel.unwrap_or_else(host::threads);
    let requests = all_or_why(judged)?;
    refuse_twins(&requests)?;
    Ok(Asked { requests, parallel })
}

/// Two bakes of one tag at once: whichever ends last would win.
fn refuse_twins(requests: &[BakeRequest]) -> Result<(), Report> {
    let mut seen = BTreeMap::new();
    for request in requests {
        if let Some(other) = seen.insert(&request.reference, &request.recipe) {
            let message = format!("{other} and {} both make {}", request.recipe, request.reference);
            return Err(Report::message(Kind::Usage, message).help("give one of them another name or tag"));
        }
    }
    Ok(())
}

/// All requests, or one report that names every recipe in the way.
fn all_or_why(judged: Vec<Result<BakeRequest, Report>>) -> Result<Vec<BakeRequest>, Report> {
    let count = judged.len();
    let (mut requests, mut reports) = (Vec::with_capacity(count), Vec::new());
    for one in judged {
        match one {
            Ok(request) => requests.push(request),
            Err(report) => reports.push(report),
        }
    }
    match reports.len() {
        0 => Ok(requests),
        1 => Err(reports.remove(0)),
        bad => {
            let mut all = Report::message(Kind::Usage, format!("{bad} of {count} recipes have errors; none was baked"));
            all.causes =
                reports.into_iter().flat_map(|report| [vec![report.message], report.causes].concat()).collect();
            Err(all.help("`bakery check` shows them in place"))
        }
    }
}

/// One recipe as read.
pub(super) fn request(context: &Context, loaded: &LoadedRecipe, options: &BakeOptions) -> Result<BakeRequest, Report> {
    let recipe = loaded.valid()?;
    let text = std::str::from_utf8(&loaded.bytes).map_err(|error| Report::new(Kind::Usage, &error))?;
    Ok(BakeRequest {
        reference: recipe.reference(),
        recipe: loaded.shown.clone(),
        recipe_file: std::path::absolute(&loaded.file).map_err(|error| Report::new(Kind::Usage, &error))?,
        recipe_text: text.to_owned(),
        base: recipe.base.to_string(),
        local_base: local_base(recipe).filter(|base| *base != recipe.reference()),
        lock: None,
        platforms: platforms_of(recipe),
        workspace: context.workspace.root.clone(),
        engine: engines::written(options.engine.as_deref().unwrap_or(context.engine_name()), &context.workspace)?,
        builder: None,
        can: None,
        seats: Vec::new(),
        options: BakeOptions { secrets: context.secrets_of(recipe), ..options.clone() },
    })
}

/// Settles the base of one bake and starts it; gives it as soon as its worker has begun the journal. `follow`: the base
/// has just been baked too, so its present digest is meant, whatever the lock says. What its engine cannot do is refused.
pub async fn start(context: &Context, request: &BakeRequest, follow: bool) -> Result<Started, Report> {
    super::pool::refuse(context, request).await?;
    begin_worker(&settled(context, request, follow).await?, context.passphrase.as_ref()).await
}

/// The request with its base settled, as [`start`] does it; starts nothing.
pub(super) async fn settled(context: &Context, request: &BakeRequest, follow: bool) -> Result<BakeRequest, Report> {
    let mut request = request.clone();
    if !scripted() {
        let loaded = request.judged(context)?;
        request.lock = context.settle_base(&loaded, follow, request.options.prepare()).await?;
    }
    Ok(request)
}

/// Starts a bake whose base is settled; gives it as soon as its worker has begun the journal.
pub(super) async fn begin_worker(request: &BakeRequest, passphrase: Option<&Passphrase>) -> Result<Started, Report> {
    let bakes = Paths::from_environment().bakes();
    let text = serde_json::to_vec(request).map_err(|error| Report::new(Kind::Failed, &error))?;
    let folder = BakeFolder::create(&bakes)?;
    let begun = begin(&folder, &text, passphrase).await;
    match begun {
        Ok(pid) => {
            // Forgetting old bakes is housekeeping: that it fails is no reason for this one to.
            let _ = prune(&bakes, KEPT_BAKES);
            Ok(Started { bake: folder.id().to_owned(), pid })
        }
        Err(report) => {
            if !folder.journal().exists() && !report.help.as_ref().is_some_and(|help| help.contains("worker.log")) {
                folder.remove()?;
            }
            Err(report.while_doing(format!("bake of {} did not start", request.reference)))
        }
    }
}

async fn begin(folder: &BakeFolder, request: &[u8], passphrase: Option<&Passphrase>) -> Result<u32, Report> {
    folder.write(REQUEST, request)?;
    start_worker(folder.id(), &folder.worker_log(), passphrase.map(Passphrase::as_bytes)).await?.pid()
}

/// Whether a test plays the engine's part: then nothing is prepared either.
fn scripted() -> bool {
    crate::adapters::engine::scripted::ScriptedEngine::from_environment("").is_some()
}
