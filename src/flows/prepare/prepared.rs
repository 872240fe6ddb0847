//! Preparing a bake: a recipe's base pinned, its inputs read, its plan built. Runs nothing; writes at most the lock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::base::BaseSource;
use super::order;
use super::recipes::{LoadedRecipe, folder_of};
use crate::adapters::clock;
use crate::adapters::engine::embedded::cache::{StepCache, read_memory};
use crate::adapters::engine::{BakeJob, BaseImage, Packing};
use crate::adapters::host::{self, IdMode};
use crate::adapters::inputs::{ReadInputs, read_inputs};
use crate::adapters::store::layout::Layout;
use crate::adapters::store::{KeptDocuments, Store};
use crate::adapters::whole_file::{Durability, read_bounded, write_whole};
use crate::domain::journal::LayerBlob;
use crate::domain::oci::{Digest, ImageRef, Place, Platform};
use crate::domain::plan::{self, CacheView, InputManifest, Memory, Plan, PlanRequest, PlannedBase, PlatformBase};
use crate::domain::recipe::{Action, Base, Copy, Lock, Recipe, SecretSource, lock_beside};
use crate::domain::yaml::MAX_BYTES;
use crate::flows::Context;
use crate::flows::engines::Kinds;
use crate::report::{Kind, Report};

/// How long a plan waits to hear where a tag points: it does without.
const TAG_PATIENCE: Duration = Duration::from_secs(3);

/// How to prepare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrepareOptions {
    /// Fail rather than resolve a tag: the lock must be there and fit.
    pub frozen: bool,
    /// Plan as if nothing were cached.
    pub no_cache: bool,
    /// Write the lock when the base had to be resolved.
    pub write_lock: bool,
    /// Ask where the base's tag points now though the lock fits; without an answer the plan leaves open whether it is
    /// stale.
    pub ask_tag: bool,
}

/// A recipe, ready to be baked.
pub struct Prepared {
    /// The recipe's text as read.
    pub text: Vec<u8>,
    /// The recipe.
    pub recipe: Recipe,
    /// The recipe file, absolute.
    pub file: PathBuf,
    /// What `from` paths are relative to.
    pub folder: PathBuf,
    /// The lock in force; `None` for scratch.
    pub lock: Option<Lock>,
    /// The base for each platform of the plan; empty for scratch.
    pub bases: Vec<BaseImage>,
    /// What each step reads.
    pub inputs: Vec<Option<InputManifest>>,
    /// How layers are packed.
    pub packing: Packing,
    /// Which ids steps that run something get.
    pub ids: IdMode,
    /// What will be done.
    pub plan: Plan,
    /// Where the base's tag points now; `None` where it was not asked, or nobody answered.
    pub tag_now: Option<Digest>,
    /// What to remember once it has been baked.
    pub memory: Memory,
}

impl Prepared {
    /// Names of the secrets that steps expected to run ask for.
    pub fn secrets_needed(&self) -> Vec<String> {
        let run = |step: &&plan::PlannedStep| step.will_run;
        let lines: BTreeSet<u32> =
            self.plan.platforms.iter().flat_map(|on| &on.steps).filter(run).map(|step| step.line).collect();
        let asked = self.recipe.steps.iter().filter(|step| lines.contains(&step.line));
        let names =
            asked.filter_map(|step| if let Action::Run(run) = &step.action { Some(&run.secrets) } else { None });
        names.flatten().cloned().collect::<BTreeSet<String>>().into_iter().collect()
    }

    /// What an engine needs to put the image into `target`.
    pub fn into_job(self, target: Arc<Layout>, context: &Context, no_cache: bool) -> BakeJob {
        BakeJob {
            plan: self.plan,
            recipe: self.recipe,
            recipe_folder: self.folder,
            inputs: self.inputs,
            bases: self.bases,
            target,
            cache: context.paths.cache.clone(),
            packing: self.packing,
            no_cache,
            ids: self.ids,
            step_timeout: context.settings.step_timeout,
            secrets: context.secrets.clone(),
            gatekeeper: None,
        }
    }
}

impl Context {
    /// Prepares one recipe, with the lock beside it.
    pub async fn prepare(&self, loaded: &LoadedRecipe, options: PrepareOptions) -> Result<Prepared, Report> {
        let lock = loaded_lock(&absolute(&loaded.file))?;
        self.prepare_with(loaded, lock, options).await
    }

    /// Settles a recipe's base: the lock in force, written where it is new; `None` for scratch. `follow` moves a lock
    /// whose tag points elsewhere by now.
    pub async fn settle_base(
        &self,
        loaded: &LoadedRecipe,
        follow: bool,
        options: PrepareOptions,
    ) -> Result<Option<Lock>, Report> {
        let file = absolute(&loaded.file);
        let old = loaded_lock(&file)?;
        let given = if follow { None } else { old.clone() };
        // What the tag points to by now has to be asked, also where nothing may move.
        let asking = PrepareOptions { frozen: options.frozen && !(follow && old.is_some()), ..options };
        let pinned = self.pinned(loaded, given, asking).await?;
        let same = |a: &Lock, b: &Lock| (&a.base, &a.digest, &a.platforms) == (&b.base, &b.digest, &b.platforms);
        match (&pinned.lock, &old) {
            (Some(new), Some(old)) if same(new, old) => return Ok(Some(old.clone())),
            (Some(new), Some(old)) if options.frozen => return Err(frozen_behind(loaded, new, old)),
            (Some(new), _) if options.write_lock && pinned.moved => write_lock(&file, new)?,
            _ => {}
        }
        Ok(pinned.lock)
    }

    async fn pinned(
        &self,
        loaded: &LoadedRecipe,
        lock: Option<Lock>,
        options: PrepareOptions,
    ) -> Result<Pinned, Report> {
        let recipe = loaded.valid()?;
        match &recipe.base {
            Base::Scratch => Ok(Pinned::default()),
            Base::Image(image) => {
                let platforms = platforms_of(recipe);
                let local = self.local_if_present()?;
                self.pin(recipe, &placed(image, loaded), (lock, &platforms, local), options).await
            }
        }
    }

    /// Prepares one recipe with a lock given, for engines of these kinds; a lock that does not fit is replaced.
    pub(in crate::flows) async fn prepare_on(
        &self,
        loaded: &LoadedRecipe,
        lock: Option<Lock>,
        options: PrepareOptions,
        kinds: Kinds,
    ) -> Result<Prepared, Report> {
        let recipe = loaded.valid()?.clone();
        let platforms = platforms_of(&recipe);
        let local = self.local_if_present()?;
        let file = absolute(&loaded.file);
        let pinned = self.pinned(loaded, lock, options).await?;
        if let Some(lock) = pinned.lock.as_ref().filter(|_| options.write_lock && pinned.moved) {
            write_lock(&file, lock)?;
        }
        let on = platform_bases(&platforms, &pinned.bases, local.as_ref()).await;
        let created = match host::source_date_epoch()? {
            Some(seconds) => seconds,
            None => pinned.bases.iter().filter_map(|base| created(base.config.created.as_deref()?)).max().unwrap_or(0),
        };
        let job = PlanJob {
            context: self.clone(),
            recipe,
            shown: loaded.shown.clone(),
            file,
            folder: loaded.folder().to_owned(),
            digest: Digest::of(&loaded.bytes),
            pinned,
            on,
            created,
            ids: self.ids(loaded.valid()?)?,
            engine: kinds,
            local,
            no_cache: options.no_cache,
        };
        let handle = Handle::current();
        let done = tokio::task::spawn_blocking(move || job.finish(&handle)).await;
        let (job, inputs, plan) = done.map_err(|error| Report::new(Kind::Failed, &error))??;
        let packing = job.context.packing();
        Ok(Prepared {
            text: loaded.bytes.clone(),
            memory: Memory::of(&plan, &job.recipe, &job.on, &inputs, &packing.describe()),
            recipe: job.recipe,
            file: job.file,
            folder: job.folder,
            tag_now: job.pinned.tag_now,
            lock: job.pinned.lock,
            bases: job.pinned.bases,
            inputs,
            packing,
            ids: job.ids,
            plan,
        })
    }

    /// How layers are packed here.
    pub fn packing(&self) -> Packing {
        let pack = self.settings.pack;
        Packing { compression: pack.compression, level: pack.level, threads: host::threads() }
    }

    /// Which ids processes in the image get here; a recipe that runs nothing asks nothing of this machine.
    fn ids(&self, recipe: &Recipe) -> Result<IdMode, Report> {
        if recipe.runs() { Ok(host::id_mode(self.settings.id_mode)?) } else { Ok(IdMode::Root) }
    }

    /// Where the secrets of a recipe's steps are had.
    pub(in crate::flows) fn secrets_of(&self, recipe: &Recipe) -> BTreeMap<String, SecretSource> {
        let names = recipe.steps.iter().filter_map(|step| match &step.action {
            Action::Run(run) => Some(&run.secrets),
            _ => None,
        });
        names.flatten().filter_map(|name| Some((name.clone(), self.secrets.get(name)?.clone()))).collect()
    }

    /// The recipes in the order their bases need: first those others inherit from.
    pub fn order(&self, recipes: Vec<LoadedRecipe>) -> Result<Vec<LoadedRecipe>, Report> {
        order::by_base(recipes)
    }

    /// An image as steps can stand on it: its manifest and config for a platform, and where its layers are.
    pub(in crate::flows) async fn image_as_base(&self, image: &ImageRef, on: &Platform) -> Result<BaseImage, Report> {
        let open = || self.open(image).map(|(store, _)| store);
        let repository = self.open(image)?.1;
        let (local, kept) = (self.local_if_present()?, KeptDocuments::new(&self.paths.cache));
        let source = BaseSource { called: "image", image, repository, open: &open, local, kept };
        let resolved = source.resolve(None, std::slice::from_ref(on)).await?;
        let digest = resolved.platforms.get(on).unwrap_or(&resolved.digest);
        source.image(on, digest).await
    }

    /// By the lock where it fits, else by asking the base's store once.
    async fn pin(
        &self,
        recipe: &Recipe,
        image: &ImageRef,
        (lock, platforms, local): (Option<Lock>, &[Platform], Option<Arc<dyn Store>>),
        options: PrepareOptions,
    ) -> Result<Pinned, Report> {
        let open = || self.open(image).map(|(store, _)| store);
        let repository = match &image.repository {
            Some(repository) => repository.clone(),
            None => self.open(image)?.1,
        };
        let kept = KeptDocuments::new(&self.paths.cache);
        let source = BaseSource { called: "base", image, repository, open: &open, local, kept };
        let same_base = lock.filter(|lock| lock.base == recipe.base.to_string());
        let (lock, moved) = match same_base {
            Some(lock) if lock.fits(&recipe.base, platforms) => (lock, false),
            _ if options.frozen => {
                let message = format!("the lock of {} is missing or does not fit its recipe", recipe.reference());
                return Err(Report::message(Kind::Usage, message)
                    .help("bake once without --frozen, and commit the lock it writes"));
            }
            // The base is pinned already, only platforms are new: the pin stays.
            Some(mut lock) => {
                let digest = lock.digest.clone();
                lock.platforms.extend(source.resolve(Some(&digest), platforms).await?.platforms);
                (lock, true)
            }
            None => {
                let resolved = source.resolve(None, platforms).await?;
                let lock = Lock {
                    lock: 1,
                    base: recipe.base.to_string(),
                    digest: resolved.digest,
                    platforms: resolved.platforms,
                    resolved: clock::now_rfc3339(),
                };
                (lock, true)
            }
        };
        let mut bases = Vec::with_capacity(platforms.len());
        for platform in platforms {
            let Some(digest) = lock.platforms.get(platform) else {
                return Err(Report::message(Kind::Failed, format!("the lock has no {platform}")));
            };
            bases.push(source.image(platform, digest).await?);
        }
        let tag_now = match options.ask_tag && !options.frozen && !moved {
            true => source.tag_now(TAG_PATIENCE).await,
            false => None,
        };
        Ok(Pinned { lock: Some(lock), moved, tag_now, bases })
    }
}

/// A base that is settled.
#[derive(Default)]
struct Pinned {
    lock: Option<Lock>,
    moved: bool,
    tag_now: Option<Digest>,
    bases: Vec<BaseImage>,
}

impl Pinned {
    /// Whether the tag points elsewhere than the lock; `None` when nobody knows.
    fn stale(&self) -> Option<bool> {
        match (&self.tag_now, &self.lock) {
            (Some(now), Some(lock)) => Some(*now != lock.digest),
            _ => self.moved.then_some(false),
        }
    }
}

/// The part that reads files and looks into the cache, on a thread of its own.
struct PlanJob {
    context: Context,
    recipe: Recipe,
    shown: String,
    file: PathBuf,
    folder: PathBuf,
    digest: Digest,
    pinned: Pinned,
    on: Vec<PlatformBase>,
    created: i64,
    ids: IdMode,
    engine: Kinds,
    local: Option<Arc<dyn Store>>,
    no_cache: bool,
}

impl PlanJob {
    fn finish(self, handle: &Handle) -> Result<(Self, Vec<Option<InputManifest>>, Plan), Report> {
        let cache = &self.context.paths.cache;
        let inputs = self.inputs()?;
        let present = |blob: &LayerBlob| match &self.local {
            Some(local) => {
                matches!(handle.block_on(local.has_blob(&self.recipe.name, &blob.descriptor)), Ok(true))
            }
            None => false,
        };
        let steps = StepCache::new(cache);
        let view = steps.view(&present);
        let memory = read_memory(cache, &self.recipe.reference(), &self.file);
        let lock = self.pinned.lock.as_ref();
        let packing = self.context.packing().describe();
        let plan = plan::build(&PlanRequest {
            recipe: &self.recipe,
            file: &self.shown,
            recipe_digest: self.digest.clone(),
            base_digest: lock.map(|lock| lock.digest.clone()),
            stale: self.pinned.stale(),
            created: self.created,
            packing: &packing,
            ids: self.ids.ids(),
            engine: &|platform| self.engine.of(platform),
            platforms: &self.on,
            inputs: &inputs,
            cache: (!self.no_cache).then_some(&view as &dyn CacheView),
            memory: memory.as_ref(),
        });
        Ok((self, inputs, plan))
    }

    /// What a copy leaves out: what it says, and the recipe's own lock, which tells when it was written.
    fn excluded(&self, copy: &Copy) -> Vec<String> {
        let lock = lock_beside(&self.file);
        let whole_folder = copy.from.split('/').all(|part| part.is_empty() || part == ".");
        let lock = lock.file_name().and_then(|name| name.to_str()).filter(|_| whole_folder);
        copy.exclude.iter().cloned().chain(lock.map(globset::escape)).collect()
    }

    fn inputs(&self) -> Result<Vec<Option<InputManifest>>, Report> {
        let read = |step: &crate::domain::recipe::Step| {
            let (from, exclude): (&str, Vec<String>) = match &step.action {
                Action::Copy(copy) => (&copy.from, self.excluded(copy)),
                Action::Unpack(unpack) => (&unpack.from, Vec::new()),
                Action::Packages(_) | Action::Write(_) | Action::Run(_) | Action::Remove(_) => return Ok(None),
            };
            let wanted = ReadInputs {
                folder: &self.folder,
                from,
                exclude: &exclude,
                threads: host::threads(),
                cache: Some(&self.context.paths.cache),
            };
            read_inputs(wanted).map(Some).map_err(|error| {
                Report::from(error).while_doing(format!("inputs of {}:{} cannot be read", self.shown, step.line))
            })
        };
        self.recipe.steps.iter().map(read).collect()
    }
}

/// The base as plans show it, and the bytes the local store does not have yet.
async fn platform_bases(
    platforms: &[Platform],
    bases: &[BaseImage],
    local: Option<&Arc<dyn Store>>,
) -> Vec<PlatformBase> {
    let mut on = Vec::with_capacity(platforms.len());
    for (index, platform) in platforms.iter().enumerate() {
        let Some(base) = bases.get(index) else {
            on.push(PlatformBase { platform: platform.clone(), base: None, chain: None, env: Vec::new() });
            continue;
        };
        let mut missing = 0;
        for layer in &base.manifest.layers {
            let there = match local {
                Some(local) => matches!(local.has_blob(&base.repository, layer).await, Ok(true)),
                None => false,
            };
            if !there {
                missing += layer.size;
            }
        }
        let planned = PlannedBase {
            manifest: base.digest.clone(),
            layers: base.manifest.layers.len(),
            size: base.manifest.layers.iter().map(|layer| layer.size).sum(),
            missing,
        };
        on.push(PlatformBase {
            platform: platform.clone(),
            base: Some(planned),
            chain: base.config.chain_id(),
            env: base.env().to_vec(),
        });
    }
    on
}

/// The platforms a recipe is for: this host's where it names none.
pub(in crate::flows) fn platforms_of(recipe: &Recipe) -> Vec<Platform> {
    if recipe.platforms.is_empty() { vec![host::platform()] } else { recipe.platforms.clone() }
}

/// The base was baked anew in the same batch, and the lock may not follow it.
fn frozen_behind(loaded: &LoadedRecipe, new: &Lock, old: &Lock) -> Report {
    let message = format!("the lock of {} is behind its base {}", loaded.shown, new.base);
    let mut report = Report::message(Kind::Usage, message);
    report.causes.push(format!("it pins {}, and {} has just been baked", old.digest.short(), new.digest.short()));
    report.help("bake without --frozen, and commit the lock it writes")
}

fn absolute(file: &std::path::Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}

/// The image a recipe names: layouts lie relative to its folder.
pub(in crate::flows) fn placed(image: &ImageRef, loaded: &LoadedRecipe) -> ImageRef {
    placed_beside(image, &loaded.file)
}

/// The image that a recipe in `file` names.
pub(in crate::flows) fn placed_beside(image: &ImageRef, file: &std::path::Path) -> ImageRef {
    let mut image = image.clone();
    if let Place::Layout(path) = &image.place {
        let folder = absolute(folder_of(file));
        image.place = Place::Layout(folder.join(path).display().to_string());
    }
    image
}

/// The lock beside a recipe.
pub(in crate::flows) fn loaded_lock(recipe: &std::path::Path) -> Result<Option<Lock>, Report> {
    let path = lock_beside(recipe);
    let refuse = |error: &(dyn std::error::Error + 'static)| {
        Report::new(Kind::Usage, error)
            .while_doing(format!("lock {} cannot be read", path.display()))
            .help("remove it, and the next bake resolves the base anew")
    };
    match read_bounded(&path, MAX_BYTES) {
        Ok(None) => Ok(None),
        Ok(Some(bytes)) => Lock::parse(&bytes).map(Some).map_err(|error| refuse(&error)),
        Err(error) => Err(refuse(&error)),
    }
}

pub(in crate::flows) fn write_lock(recipe: &std::path::Path, lock: &Lock) -> Result<(), Report> {
    let path = lock_beside(recipe);
    let failed = |error: &(dyn std::error::Error + 'static)| {
        Report::new(Kind::Failed, error).while_doing(format!("lock {} cannot be written", path.display()))
    };
    let text = lock.to_yaml().map_err(|error| failed(&error))?;
    write_whole(&path, text.as_bytes(), Durability::Durable).map_err(|error| failed(&error))
}

/// Seconds since 1970 of a config's `created`; never before.
fn created(text: &str) -> Option<i64> {
    let time = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339);
    Some(time.ok()?.unix_timestamp().max(0))
}
