//! Recipes for other builders, and Dockerfiles as recipes. Bakes nothing; writes whole folders and files, never over others.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::prepare::Prepared;
use super::{Context, LoadedRecipe, PrepareOptions};
use crate::adapters::files::{self, StagedFolder};
use crate::adapters::host;
use crate::adapters::inputs::gather;
use crate::adapters::recipes::{self, RecipesError};
use crate::adapters::settings::StorePlace;
use crate::domain::dockerfile::{BakeTarget, BaseFacts, Exported, Imported, Names, Style, bake_file, export, import};
use crate::domain::layer::Kind as NodeKind;
use crate::domain::oci::{ImageRef, Place, Repository, Tag};
use crate::domain::recipe::{Action, Base, Installer, Lock, Recipe, SecretSource, lock_beside};
use crate::domain::text::escape;
use crate::report::{Kind, Report};

/// How recipes are written for other builders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportOptions {
    /// For builders that read no heredocs.
    pub plain: bool,
    /// Folder that becomes the build context; without one, files are taken from beside the recipe.
    pub out: Option<PathBuf>,
    /// What installs packages in the base, where it cannot be asked.
    pub package_manager: Option<String>,
}

/// A recipe, written.
#[derive(Clone, Debug)]
pub struct ExportedRecipe {
    /// Its image.
    pub reference: String,
    /// Recipe file as the user named it.
    pub recipe: String,
    /// The Dockerfile, and what it does not say.
    pub exported: Exported,
}

/// A Dockerfile, read.
#[derive(Clone, Debug)]
pub struct ImportedFile {
    /// Its bytes, for those who show places in it.
    pub bytes: Vec<u8>,
    /// What came of it.
    pub imported: Imported,
    /// The base that was to be asked for its variables, and why it did not answer.
    pub silent: Option<(String, Report)>,
}

/// How a Dockerfile's image is to be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Repository; after the Dockerfile's folder where absent.
    pub name: Option<String>,
    /// Tag.
    pub tag: String,
    /// File that becomes the recipe.
    pub out: Option<PathBuf>,
    /// Write what maps, though not all does.
    pub partial: bool,
}

/// How long a base is waited for that is asked what it sets.
const PATIENCE: Duration = Duration::from_secs(5);

/// Stands before the names of images that no registry has: nobody pulls another by the same name (RFC 2606).
const LAYOUT_HOST: &str = "layout.invalid";

/// One recipe on its way out.
struct Ready {
    loaded: LoadedRecipe,
    prepared: Option<Prepared>,
    exported: Exported,
    target: BakeTarget,
}

impl Context {
    /// Writes one recipe as a Dockerfile.
    pub async fn export_dockerfile(&self, recipe: &Path, options: &ExportOptions) -> Result<ExportedRecipe, Report> {
        let loaded = self.recipe_named(recipe)?;
        let ready = self.ready(loaded, options, &[]).await?;
        if let Some(out) = &options.out {
            let folder = StagedFolder::begin(&files::absolute(out)?)?;
            fill(&ready, folder.path())?;
            folder.finish("Dockerfile")?;
        }
        Ok(told(ready))
    }

    /// Writes recipes for `docker buildx bake`: `docker-bake.json`, and a folder with a Dockerfile a recipe.
    pub async fn export_bake(&self, named: &[PathBuf], options: &ExportOptions) -> Result<Vec<ExportedRecipe>, Report> {
        let Some(out) = &options.out else {
            return Err(Report::message(Kind::Usage, "a folder is needed").help("--out DIR"));
        };
        let loaded = self.recipes(named)?;
        let images: Vec<String> = loaded.iter().filter_map(|one| one.recipe.as_ref()).map(Recipe::reference).collect();
        let folder = StagedFolder::begin(&files::absolute(out)?)?;
        let mut all = Vec::new();
        for one in self.order(loaded)? {
            let ready = self.ready(one, options, &images).await?;
            let place = folder.path().join(&ready.target.context);
            files::make_empty_folder(&place)?;
            fill(&ready, &place)?;
            all.push(ready);
        }
        let targets: Vec<BakeTarget> = all.iter().map(|ready| ready.target.clone()).collect();
        files::make_file(&folder.path().join("docker-bake.json"), bake_file(&targets).as_bytes(), 0o644)?;
        folder.finish("docker-bake.json")?;
        Ok(all.into_iter().map(told).collect())
    }

    /// Reads a Dockerfile as a recipe; `-` is standard input.
    ///
    /// The base is asked only where a line needs a variable that nothing in the text sets; where it cannot be, that line is told.
    pub async fn import_dockerfile(&self, from: &Path, options: &ImportOptions) -> Result<ImportedFile, Report> {
        let stdin = from == Path::new("-");
        let bytes =
            if stdin { files::read_stdin(1 << 20)? } else { recipes::read(from).map_err(|e| no_file(from, e))? };
        let folder =
            if stdin { None } else { files::absolute(from)?.parent().and_then(Path::file_name).map(ToOwned::to_owned) };
        let guess = folder.map(|name| name.to_string_lossy().to_lowercase().replace([' ', '+'], "-"));
        let refuse = |what: &str, error: &dyn std::fmt::Display| {
            Report::message(Kind::Usage, format!("{what}: {}", escape(&error.to_string())))
                .help("--name team/app --tag 1.0")
        };
        let name = options.name.clone().or(guess).unwrap_or_else(|| "imported".to_owned());
        let name: Repository = name.parse().map_err(|error| refuse("that is no name for an image", &error))?;
        let tag: Tag = options.tag.parse().map_err(|error| refuse("that is no tag", &error))?;
        let stores: Vec<(String, String)> = self
            .workspace
            .stores
            .iter()
            .map(|(store, settings)| match &settings.place {
                StorePlace::Registry { host, prefix: Some(prefix), .. } => (format!("{host}/{prefix}"), store.clone()),
                StorePlace::Registry { host, .. } => (host.to_string(), store.clone()),
                StorePlace::Layout(_) | StorePlace::Daemon { .. } => (String::new(), store.clone()),
            })
            .collect();
        let names = Names { name: &name, tag: &tag, stores: &stores, base_env: None };
        let (mut imported, mut silent) = (import(&bytes, names), None);
        if let Some(base) = imported.wants.take() {
            match self.env_of(&base).await {
                Ok(env) => imported = import(&bytes, Names { base_env: Some(&env), ..names }),
                Err(report) => silent = Some((base, report)),
            }
        }
        if let Some(out) = &options.out
            && (imported.unmapped.is_empty() || options.partial)
        {
            files::make_file(&files::absolute(out)?, imported.recipe.as_bytes(), 0o644)?;
        }
        Ok(ImportedFile { bytes, imported, silent })
    }

    /// What a base sets.
    async fn env_of(&self, base: &str) -> Result<BTreeMap<String, String>, Report> {
        let image = self.parse_reference(base)?;
        let late = |_| Report::message(Kind::Unreachable, format!("no answer within {} s", PATIENCE.as_secs()));
        let asked = tokio::time::timeout(PATIENCE, self.image_as_base(&image, &host::platform())).await;
        let set = asked.map_err(late)??.config.config.and_then(|config| config.env).unwrap_or_default();
        let pairs = set.iter().filter_map(|pair| pair.split_once('='));
        Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn recipe_named(&self, named: &Path) -> Result<LoadedRecipe, Report> {
        let mut loaded = self.recipes(&[named.to_owned()])?;
        loaded.pop().ok_or_else(|| Report::message(Kind::Usage, "no recipe was named"))
    }

    /// What an export needs: the base asked, inputs read. A base that cannot be asked is no hindrance where no files are gathered.
    async fn ready(&self, loaded: LoadedRecipe, options: &ExportOptions, among: &[String]) -> Result<Ready, Report> {
        let recipe = loaded.valid()?.clone();
        let (prepared, why) = match self.prepare(&loaded, PrepareOptions::default()).await {
            Ok(prepared) => (Some(prepared), None),
            Err(report) if options.out.is_none() => (None, Some(report)),
            Err(report) => return Err(report),
        };
        let mut target =
            BakeTarget { reference: recipe.reference(), platforms: recipe.platforms.clone(), ..BakeTarget::default() };
        target.context = recipe.reference().replace(['/', ':', '.'], "-");
        let lock = match &prepared {
            Some(prepared) => prepared.lock.clone(),
            None => recipes::read(&lock_beside(&loaded.file)).ok().and_then(|bytes| Lock::parse(&bytes).ok()),
        };
        let mut base = self.named_base(&recipe, &loaded, lock.as_ref(), &mut target.contexts)?;
        if let Some(image) = super::prepare::local_base(&recipe).filter(|image| among.contains(image)) {
            let from = format!("{LAYOUT_HOST}/{image}");
            target.contexts = BTreeMap::from([(from.clone(), format!("target:{image}"))]);
            base = BaseFacts { from, ..BaseFacts::default() };
        }
        let needs = recipe.steps.iter().any(|step| matches!(step.action, Action::Packages(_)));
        if let Some(prepared) = &prepared {
            base.created = prepared.plan.created;
            let config = prepared.bases.first().and_then(|base| base.config.config.as_ref());
            base.user = Some(config.and_then(|config| config.user.clone()).unwrap_or_default());
        }
        base.installer = match &options.package_manager {
            Some(name) => Some(Installer::named(name).ok_or_else(|| {
                let known: Vec<&str> = Installer::all().map(Installer::name).collect();
                Report::message(Kind::Usage, format!("no package manager is called {:?}", escape(name)))
                    .help(format!("they are {}", known.join(", ")))
            })?),
            None if needs && prepared.is_some() => self.installer_of(&recipe, &loaded, lock.as_ref()).await,
            None => None,
        };
        for step in &recipe.steps {
            if let Action::Run(run) = &step.action {
                target.secrets.extend(run.secrets.iter().map(|name| self.secret_flag(name)));
            }
        }
        target.secrets.sort();
        target.secrets.dedup();
        let style = Style { plain: options.plain, gathered: options.out.is_some() };
        let inputs = prepared.as_ref().map_or(&[][..], |prepared| &prepared.inputs);
        let mut exported = export(&recipe, inputs, &base, style);
        if let Some(report) = why {
            exported.notes.insert(0, format!("the base could not be asked: {}", escape(&report.message)));
        }
        Ok(Ready { loaded, prepared, exported, target })
    }

    /// What `FROM` says, and how to come by it.
    fn named_base(
        &self,
        recipe: &Recipe,
        loaded: &LoadedRecipe,
        lock: Option<&Lock>,
        contexts: &mut BTreeMap<String, String>,
    ) -> Result<BaseFacts, Report> {
        let Base::Image(image) = &recipe.base else {
            return Ok(BaseFacts { from: "scratch".into(), user: Some(String::new()), ..BaseFacts::default() });
        };
        let pinned = lock.filter(|lock| lock.base == recipe.base.to_string()).map(|lock| lock.digest.clone());
        let digest = image.digest.clone().or(pinned);
        let tag = image.tag_or_latest().map(|tag| format!(":{tag}")).unwrap_or_default();
        let repository = image.repository.as_ref().map(ToString::to_string).unwrap_or_default();
        let at = digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
        let of_registry = |host: &dyn std::fmt::Display, prefix: Option<&Repository>| {
            let prefix = prefix.map(|prefix| format!("{prefix}/")).unwrap_or_default();
            BaseFacts { from: format!("{host}/{prefix}{repository}{tag}{at}"), ..BaseFacts::default() }
        };
        let layout = match &super::prepare::placed_beside(image, &loaded.file).place {
            Place::Registry(host) => return Ok(of_registry(host, None)),
            Place::Store(name) => match (&self.store_settings(name)?.place, &self.store_settings(name)?.publish) {
                (StorePlace::Registry { host, prefix, .. }, _) => return Ok(of_registry(host, prefix.as_ref())),
                (StorePlace::Layout(_), Some((host, prefix))) => return Ok(of_registry(host, prefix.as_ref())),
                (StorePlace::Layout(folder), None) => folder.clone(),
                (StorePlace::Daemon { at, .. }, _) => {
                    let about = vec![
                        format!(
                            "The base is an image that {at} has: a builder that works with its images finds it there,"
                        ),
                        "others need it in a registry.".to_owned(),
                    ];
                    return Ok(BaseFacts { from: format!("{repository}{tag}"), about, ..BaseFacts::default() });
                }
            },
            Place::Layout(folder) => PathBuf::from(folder),
        };
        let name = format!("{repository}{tag}");
        let from = format!("{LAYOUT_HOST}/{name}");
        let folder = layout.display();
        let about = vec![
            "The base lies in a layout on this machine. Put it where your builder finds it, and say so behind FROM:"
                .to_owned(),
            format!("  skopeo copy oci:{folder}:{name} docker://REGISTRY/{name}"),
            format!("or name it: docker buildx build --build-context {from}=oci-layout://{folder}{at}"),
        ];
        contexts.insert(from.clone(), format!("oci-layout://{folder}{at}"));
        Ok(BaseFacts { from, about, ..BaseFacts::default() })
    }

    async fn installer_of(&self, recipe: &Recipe, loaded: &LoadedRecipe, lock: Option<&Lock>) -> Option<Installer> {
        let Base::Image(image) = &recipe.base else { return None };
        let image = super::prepare::placed_beside(image, &loaded.file);
        let pinned = lock.map_or_else(|| image.clone(), |lock| ImageRef::pinned(&image, lock.digest.clone()));
        let platform = super::prepare::platforms_of(recipe).into_iter().next();
        let opened = self.open_image(&pinned.to_string(), platform.as_ref()).await.ok()?;
        let has = |path: &str| {
            let found = opened.tree.resolve(path.as_bytes(), true).ok().and_then(|path| opened.tree.node(&path));
            found.is_some_and(|node| matches!(node.kind, NodeKind::File { .. }))
        };
        Installer::detect(&has)
    }

    fn secret_flag(&self, name: &str) -> String {
        match self.secrets.get(name) {
            Some(SecretSource::Env(variable)) => format!("id={name},env={variable}"),
            Some(SecretSource::File(path)) => format!("id={name},src={}", path.display()),
            _ => format!("id={name}"),
        }
    }
}

/// A Dockerfile that is not there, and what to name instead.
fn no_file(named: &Path, error: RecipesError) -> Report {
    let (shown, inside) = (escape(&named.display().to_string()), named.join("Dockerfile"));
    let message = match &error {
        RecipesError::Io { source, .. } if source.kind() == ErrorKind::NotFound => format!("there is no file {shown}"),
        RecipesError::NoFile { .. } => format!("{shown} is no file"),
        _ => return error.into(),
    };
    Report::message(Kind::Usage, message).help(match recipes::is_file(&inside) {
        true => format!("name the file in it: bakery import {}", escape(&inside.display().to_string())),
        false => "name a Dockerfile, or - to read one from standard input".to_owned(),
    })
}

/// Puts a recipe's Dockerfile and its files into a folder.
fn fill(ready: &Ready, folder: &Path) -> Result<(), Report> {
    for file in &ready.exported.files {
        files::make_file(&folder.join(&file.path), file.content.as_bytes(), file.mode)?;
    }
    let Some(prepared) = &ready.prepared else { return Ok(()) };
    for (number, place) in &ready.exported.inputs {
        let (from, mode) = match &prepared.recipe.steps[*number].action {
            Action::Copy(copy) => (&copy.from, copy.mode),
            Action::Unpack(unpack) => (&unpack.from, None),
            _ => continue,
        };
        let Some(inputs) = &prepared.inputs[*number] else { continue };
        let to = folder.join(place);
        files::make_folder(to.parent().unwrap_or(folder))?;
        gather((&prepared.folder, from), inputs, mode, &to)?;
    }
    Ok(files::make_file(&folder.join("Dockerfile"), ready.exported.dockerfile.as_bytes(), 0o644)?)
}

fn told(ready: Ready) -> ExportedRecipe {
    ExportedRecipe { reference: ready.target.reference, recipe: ready.loaded.shown, exported: ready.exported }
}
