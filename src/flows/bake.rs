//! Starting a bake: freezes what was asked into the bake's folder and hands it to a worker of its own. Bakes nothing.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::recipes::local_base;
use super::{Context, LoadedRecipe};
use crate::adapters::journal::{BakeFolder, prune};
use crate::adapters::process::{Handshake, start_worker};
use crate::adapters::settings::Paths;
use crate::domain::oci::{Digest, Platform};
use crate::report::{Kind, Report};

/// Finished bakes the shelf keeps.
const KEPT_BAKES: usize = 500;

/// Name of the request in a bake's folder.
pub(super) const REQUEST: &str = "request.json";

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
    /// What the base was pinned to; `None` for scratch.
    pub base_digest: Option<Digest>,
    /// Platforms to bake.
    pub platforms: Vec<Platform>,
    /// The workspace's folder.
    pub workspace: PathBuf,
    /// Engine.
    pub engine: String,
    /// How to bake.
    pub options: BakeOptions,
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
    let requests = loaded.iter().map(|loaded| request(context, loaded, options));
    let parallel = context.settings.parallel.or_else(|| std::thread::available_parallelism().ok().map(usize::from));
    Ok(Asked { requests: requests.collect::<Result<_, Report>>()?, parallel: parallel.unwrap_or(1) })
}

fn request(context: &Context, loaded: &LoadedRecipe, options: &BakeOptions) -> Result<BakeRequest, Report> {
    let recipe = loaded.valid()?;
    let text = std::str::from_utf8(&loaded.bytes).map_err(|error| Report::new(Kind::Usage, &error))?;
    Ok(BakeRequest {
        reference: recipe.reference(),
        recipe: loaded.shown.clone(),
        recipe_file: std::path::absolute(&loaded.file).map_err(|error| Report::new(Kind::Usage, &error))?,
        recipe_text: text.to_owned(),
        base: recipe.base.to_string(),
        local_base: local_base(recipe).filter(|base| *base != recipe.reference()),
        base_digest: None,
        platforms: recipe.platforms.clone(),
        workspace: context.workspace.root.clone(),
        engine: options.engine.clone().unwrap_or_else(|| context.workspace.engine.clone()),
        options: options.clone(),
    })
}

/// Starts one bake; gives it as soon as its worker has begun the journal.
pub async fn start(request: &BakeRequest) -> Result<Started, Report> {
    let bakes = Paths::from_environment().bakes();
    let text = serde_json::to_vec(request).map_err(|error| Report::new(Kind::Failed, &error))?;
    let folder = BakeFolder::create(&bakes)?;
    let begun = begin(&folder, &text).await;
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

async fn begin(folder: &BakeFolder, request: &[u8]) -> Result<u32, Report> {
    folder.write(REQUEST, request)?;
    match start_worker(folder.id(), &folder.worker_log()).await? {
        Handshake::Ready(pid) => Ok(pid),
        Handshake::Refused(line) => {
            Err(serde_json::from_str(&line).unwrap_or_else(|_| Report::message(Kind::Failed, line)))
        }
    }
}
