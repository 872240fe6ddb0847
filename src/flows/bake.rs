//! Starting a bake: freezes what was asked into the bake's folder and hands it to a worker of its own. Bakes nothing.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

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
    /// What the base was pinned to; `None` for scratch.
    pub base_digest: Option<Digest>,
    /// Platforms to bake.
    pub platforms: Vec<Platform>,
    /// The workspace's folder.
    pub workspace: Option<PathBuf>,
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

/// Reads what was asked: recipes by path, or all of the workspace. The one place that knows how a recipe is found and read.
pub async fn read_requests(
    workspace: Option<&Path>,
    recipes: Option<&[String]>,
    options: &BakeOptions,
) -> Result<Asked, Report> {
    let recipes = recipes.ok_or_else(|| Report::message(Kind::Usage, "--all needs a workspace"))?;
    let mut requests = Vec::new();
    for recipe in recipes {
        let file = std::path::absolute(recipe).map_err(|error| Report::new(Kind::Usage, &error))?;
        let text = tokio::fs::read_to_string(&file)
            .await
            .map_err(|error| Report::new(Kind::Usage, &error).while_doing(format!("cannot read recipe {recipe}")))?;
        let outline: Outline = serde_saphyr::from_str(&text)
            .map_err(|error| Report::new(Kind::Usage, &error).while_doing(format!("{recipe} is no recipe")))?;
        requests.push(BakeRequest {
            reference: format!("{}:{}", outline.name, outline.tag),
            recipe: recipe.clone(),
            recipe_file: file,
            recipe_text: text,
            base: outline.base,
            base_digest: None,
            platforms: Vec::new(),
            workspace: workspace.map(Path::to_owned),
            engine: options.engine.clone().unwrap_or_else(|| "embedded".into()),
            options: options.clone(),
        });
    }
    let parallel = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(Asked { requests, parallel })
}

/// The first lines of a recipe: enough to name a bake.
#[derive(Deserialize)]
struct Outline {
    name: String,
    tag: String,
    base: String,
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
