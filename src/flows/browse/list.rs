//! Browsing stores: what `store ls` shows, as it comes in. Reads manifests and configs, never layers; judges nothing.

use std::sync::Arc;

use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::adapters::settings::StorePlace;
use crate::adapters::store::{Glimpse, Selector, Store, StoreError, open, read_verified};
use crate::adapters::{clock, host};
use crate::domain::oci::{
    Annotations, Descriptor, Digest, ImageConfig, ImageManifest, ImageRef, MAX_CONFIG_BYTES, Manifest, Place,
    Repository, Tag, annotation, media_type,
};
use crate::domain::text::escape;
use crate::flows::Context;
use crate::flows::verify::{Row, SignatureState, Signatures, Site};
use crate::report::{Kind, Report};

/// Tags looked into at once.
const IN_FLIGHT: usize = 32;
/// Repositories whose tags are asked for at once.
pub(super) const REPOSITORIES: usize = 8;

/// A store to list, or a part of one.
pub struct Source {
    /// What references into it begin with: `global/`, `oci:PATH:`.
    label: String,
    store: Arc<dyn Store>,
    /// Listed where the registry has no catalog.
    known: Vec<Repository>,
    /// Only these: the repository of this name and those below it.
    below: Option<String>,
    /// By whose keys signatures are judged.
    judging: Option<Judging>,
}

/// By whose keys signatures are judged.
struct Judging {
    context: Context,
    place: Place,
    signatures: Signatures,
}

impl Judging {
    fn site(&self, store: &Arc<dyn Store>, repository: &Repository) -> Site {
        let image =
            ImageRef { place: self.place.clone(), repository: Some(repository.clone()), tag: None, digest: None };
        Site {
            store: Arc::clone(store),
            repository: repository.clone(),
            full_name: self.context.full_name(&image, repository),
            law: self.context.jurisdiction(&image, Some(repository)),
        }
    }
}

/// One tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// How to name it.
    pub reference: String,
    /// What the tag points at; `None` where that is not known before all of it is here.
    pub digest: Option<Digest>,
    /// Bytes of config and layers; of an index, those of its first image.
    pub size: u64,
    /// When it was made.
    pub created: Option<String>,
    /// What it runs on.
    pub platforms: Vec<String>,
    /// Its signature, where somebody judges it; serialised as the reason code of `base.signature`.
    pub signature: Option<SignatureState>,
    /// Seconds since it was made.
    #[serde(skip)]
    pub age: Option<u64>,
}

/// A tag that could not be looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlisted {
    /// How to name it.
    pub reference: String,
    /// Why not.
    pub report: Report,
}

impl Source {
    /// A store under the name its references begin with.
    pub fn new(label: impl Into<String>, store: Arc<dyn Store>) -> Self {
        Self { label: label.into(), store, known: Vec::new(), below: None, judging: None }
    }

    /// With signatures judged by a workspace's keys.
    #[must_use]
    fn judged(self, context: &Context, place: Place) -> Self {
        let signatures = Signatures::new(context);
        Self { judging: Some(Judging { context: context.clone(), place, signatures }), ..self }
    }

    /// With the repositories to list where there is no catalog.
    #[must_use]
    pub fn known(self, known: Vec<Repository>) -> Self {
        Self { known, ..self }
    }

    /// Only the repository `name` and those below it.
    #[must_use]
    pub fn below(self, name: Option<&str>) -> Self {
        let below = name.map(|name| name.trim_end_matches('/').to_owned()).filter(|name| !name.is_empty());
        Self { below, ..self }
    }

    /// What the store itself warned of.
    pub fn warnings(&self) -> Vec<String> {
        self.store.warnings()
    }

    /// How references name a repository of it.
    pub(super) fn named(&self, repository: &Repository) -> String {
        format!("{}{repository}", self.label)
    }

    fn is_wanted(&self, repository: &Repository) -> bool {
        self.below.as_deref().is_none_or(|below| {
            repository.as_str().strip_prefix(below).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Shows every tag as soon as it and those before it are there; attached signatures and the like are left out.
    pub async fn list(
        &self,
        mut show: impl FnMut(Result<Listed, Unlisted>) -> Result<(), Report> + Send,
    ) -> Result<(), Report> {
        let tags = self
            .repositories()
            .map(|repository| self.tags_of(repository))
            .buffered(REPOSITORIES)
            .flat_map(|tags| tags.unwrap_or_else(|error| stream::once(async { Err(error) }).boxed()));
        let mut rows = tags.map(|pair| self.row(pair)).buffered(IN_FLIGHT);
        while let Some(row) = rows.next().await {
            show(row?)?;
        }
        Ok(())
    }

    /// Every tag of the repositories that `wanted` lets through; what cannot be listed stands between them.
    pub(in crate::flows) fn pairs<'s>(
        &'s self,
        wanted: impl Fn(&Repository) -> bool + Send + 's,
    ) -> BoxStream<'s, Result<(Repository, Tag), StoreError>> {
        let repositories =
            self.repositories().filter(move |repository| std::future::ready(repository.as_ref().map_or(true, &wanted)));
        let tags = repositories.map(|repository| self.tags_of(repository)).buffered(REPOSITORIES);
        tags.flat_map(|tags| tags.unwrap_or_else(|error| stream::once(async { Err(error) }).boxed())).boxed()
    }

    pub(super) fn repositories(&self) -> BoxStream<'_, Result<Repository, StoreError>> {
        let pages = stream::try_unfold(Some(None::<String>), |at| async {
            let Some(after) = at else { return Ok(None) };
            let page = match self.store.repositories(after.as_deref()).await {
                Err(error @ StoreError::CatalogUnsupported { .. }) => {
                    return self.without_catalog().ok_or(error).map(Some);
                }
                page => page?,
            };
            Ok(Some((page.items, page.next.map(Some))))
        });
        pages
            .map_ok(|items| stream::iter(items.into_iter().map(Ok::<_, StoreError>)))
            .try_flatten()
            .try_filter(|repository| std::future::ready(self.is_wanted(repository)))
            .boxed()
    }

    /// The repositories the settings name, and the one that was asked for.
    fn without_catalog(&self) -> Option<(Vec<Repository>, Option<Option<String>>)> {
        let mut known = self.known.clone();
        let asked = self.below.as_deref().and_then(|below| below.parse().ok());
        known.extend(asked.filter(|asked| !self.known.contains(asked)));
        (!known.is_empty()).then_some((known, None))
    }

    pub(super) async fn tags_of(
        &self,
        repository: Result<Repository, StoreError>,
    ) -> Result<BoxStream<'_, Result<(Repository, Tag), StoreError>>, StoreError> {
        let repository = repository?;
        let first = match self.store.tags(&repository, None).await {
            // A catalog may name what has no tags any more.
            Err(StoreError::NotFound { .. }) => return Ok(stream::empty().boxed()),
            first => first?,
        };
        let named = repository.clone();
        let later = stream::try_unfold((repository, first.next), move |(repository, next)| async move {
            let Some(after) = next else { return Ok::<_, StoreError>(None) };
            let page = self.store.tags(&repository, Some(&after)).await?;
            Ok(Some((page.items, (repository, page.next))))
        });
        let pages = stream::once(std::future::ready(Ok(first.items))).chain(later);
        let tags = pages.map_ok(|items| stream::iter(items.into_iter().map(Ok::<_, StoreError>))).try_flatten();
        let images = tags.try_filter(|tag| std::future::ready(!is_attachment(tag)));
        Ok(images.map_ok(move |tag| (named.clone(), tag)).boxed())
    }

    pub(super) async fn row(
        &self,
        pair: Result<(Repository, Tag), StoreError>,
    ) -> Result<Result<Listed, Unlisted>, Report> {
        let (repository, tag) = pair?;
        let reference = format!("{}{repository}:{tag}", self.label);
        let looked = look(&*self.store, &repository, &tag).await;
        let (digest, image) = match looked {
            Ok(looked) => looked,
            Err(report) => return Ok(Err(Unlisted { reference, report })),
        };
        let signature = match (&self.judging, &image.judged) {
            (Some(judging), Some((manifest, config))) => {
                let site = judging.site(&self.store, &repository);
                let digest = digest.as_ref().unwrap_or(manifest);
                Some(judging.signatures.of(&site, Row { digest, manifest, config }).await)
            }
            _ => None,
        };
        Ok(Ok(Listed {
            reference,
            digest,
            size: image.size,
            age: image.created.as_deref().and_then(age),
            created: image.created,
            platforms: image.platforms,
            signature,
        }))
    }
}

/// `sha256-HEX…`: where signatures and referrers are kept, no image of its own.
fn is_attachment(tag: &Tag) -> bool {
    let hex = tag.as_str().strip_prefix("sha256-").or_else(|| tag.as_str().strip_prefix("sha512-"));
    hex.is_some_and(|hex| hex.len() >= 64 && hex.bytes().take(64).all(|b| b.is_ascii_hexdigit()))
}

struct Seen {
    size: u64,
    created: Option<String>,
    platforms: Vec<String>,
    /// The manifest a signature is asked of, and its config.
    judged: Option<(Digest, ImageConfig)>,
}

/// An image that is not here, by what is told of it.
fn told(glimpse: Glimpse) -> Seen {
    let platform = glimpse.platform.unwrap_or_else(host::platform);
    Seen {
        size: glimpse.size,
        created: glimpse.created.filter(|text| told_time(text).is_some()),
        platforms: vec![escape(&platform.to_string())],
        judged: Some((glimpse.id, ImageConfig::scratch(&platform))),
    }
}

async fn look(store: &dyn Store, repository: &Repository, tag: &Tag) -> Result<(Option<Digest>, Seen), Report> {
    if let Some(glimpse) = store.glimpse(repository, tag).await? {
        return Ok((None, told(glimpse)));
    }
    let raw = store.manifest(repository, &Selector::Tag(tag.clone())).await?;
    let digest = raw.descriptor.digest.clone();
    let manifest = parse(store, repository, &raw.bytes, &raw.descriptor)?;
    let (image, platforms, annotations) = match manifest {
        Manifest::Image(image) => (Some((digest.clone(), image)), Vec::new(), Annotations::new()),
        Manifest::Index(index) => {
            let platforms: Vec<String> = index.manifests.iter().filter_map(platform_of).collect();
            let first = index.manifests.iter().find(|entry| entry.is_manifest() && !is_attestation(entry));
            let image = match first {
                Some(entry) => Some((entry.digest.clone(), image_of(store, repository, entry).await?)),
                None => None,
            };
            (image, platforms, index.annotations)
        }
    };
    let Some((own, image)) = image else {
        let created = created(&annotations, None);
        return Ok((Some(digest), Seen { size: 0, created, platforms, judged: None }));
    };
    let config = config_of(store, repository, &image).await?;
    let size = std::iter::once(&image.config).chain(&image.layers).map(|part| part.size).fold(0, u64::saturating_add);
    let created = created(&annotations, None).or_else(|| created(&image.annotations, config.as_ref()));
    let platforms = if platforms.is_empty() {
        config.iter().map(|config| escape(&config.platform().to_string())).collect()
    } else {
        platforms
    };
    // An artifact is signed like an image.
    let config = config.unwrap_or_else(|| ImageConfig::scratch(&host::platform()));
    Ok((Some(digest), Seen { size, created, platforms, judged: Some((own, config)) }))
}

/// What BuildKit puts beside an image: no platform to run on.
pub(in crate::flows) fn is_attestation(entry: &Descriptor) -> bool {
    entry.platform.as_ref().is_some_and(|platform| platform.os == "unknown")
}

pub(super) fn platform_of(entry: &Descriptor) -> Option<String> {
    let platform = entry.platform.as_ref().filter(|_| !is_attestation(entry))?;
    Some(escape(&platform.to_platform().to_string()))
}

pub(in crate::flows) fn parse(
    store: &dyn Store,
    repository: &Repository,
    bytes: &[u8],
    descriptor: &Descriptor,
) -> Result<Manifest, Report> {
    let what = format!("{repository}@{}", descriptor.digest);
    Manifest::parse(bytes, Some(&descriptor.media_type))
        .map_err(|source| StoreError::Manifest { store: store.name(), what, source }.into())
}

/// The image an index entry points at.
pub(super) async fn image_of(
    store: &dyn Store,
    repository: &Repository,
    entry: &Descriptor,
) -> Result<ImageManifest, Report> {
    let raw = store.manifest(repository, &Selector::Digest(entry.digest.clone())).await?;
    match parse(store, repository, &raw.bytes, entry)? {
        Manifest::Image(image) => Ok(image),
        Manifest::Index(_) => {
            let text = format!("{repository}@{}: J-11: an index inside an index", entry.digest);
            Err(Report::message(Kind::Failed, text))
        }
    }
}

/// The image config; artifacts have none.
pub(super) async fn config_of(
    store: &dyn Store,
    repository: &Repository,
    image: &ImageManifest,
) -> Result<Option<ImageConfig>, Report> {
    if !matches!(image.config.media_type.as_str(), media_type::CONFIG | media_type::DOCKER_CONFIG) {
        return Ok(None);
    }
    let source = store.open_blob(repository, &image.config).await?;
    let bytes = read_verified(source, &image.config, MAX_CONFIG_BYTES).await?;
    ImageConfig::parse(&bytes).map(Some).map_err(|error| {
        Report::new(Kind::Failed, &error)
            .while_doing(format!("{repository}: config {} is unusable", image.config.digest))
    })
}

/// When it was made, where that is told in the form it should be.
fn created(annotations: &Annotations, config: Option<&ImageConfig>) -> Option<String> {
    let told = annotations.get(annotation::CREATED).or_else(|| config?.created.as_ref())?;
    OffsetDateTime::parse(told, &Rfc3339).ok().map(|_| told.clone())
}

/// Seconds since then; the beginning of time is what images carry whose time nobody told.
fn age(created: &str) -> Option<u64> {
    let made = told_time(created)?;
    u64::try_from(clock::now_unix() - made).ok()
}

/// Seconds since 1970, where that is later.
pub(in crate::flows) fn told_time(created: &str) -> Option<i64> {
    let made = OffsetDateTime::parse(created, &Rfc3339).ok()?.unix_timestamp();
    (made > 0).then_some(made)
}

impl Context {
    /// What `store ls TEXT` is about: `STORE[/PREFIX]`, a registry's `HOST[/PREFIX]`, `oci:PATH`; without text every
    /// store of the workspace. A layout nobody has written to yet holds nothing.
    pub fn sources(&self, text: Option<&str>) -> Result<Vec<Source>, Report> {
        let Some(text) = text else {
            let names: Vec<&str> = self.store_names().filter(|name| self.is_there(name)).collect();
            return names.into_iter().map(|name| self.named_source(name, None)).collect();
        };
        if let Some(path) = text.strip_prefix("oci:") {
            let folder = std::path::absolute(path).unwrap_or_else(|_| path.into());
            let source = Source::new(format!("oci:{path}:"), open::open_layout(&folder)?);
            return Ok(vec![source.judged(self, Place::Layout(path.to_owned()))]);
        }
        let (first, below) = text.split_once('/').map_or((text, None), |(first, below)| (first, Some(below)));
        if self.workspace.stores.contains_key(first) {
            return Ok(if self.is_there(first) { vec![self.named_source(first, below)?] } else { Vec::new() });
        }
        // Any repository will do: only the place is of interest.
        let image = self.parse_reference(&format!("{first}/any"))?;
        let (store, _) = self.open(&image)?;
        let label = match &image.place {
            Place::Registry(host) => format!("{host}/"),
            Place::Store(_) | Place::Layout(_) => format!("{first}/"),
        };
        Ok(vec![Source::new(label, store).below(below).judged(self, image.place)])
    }

    fn named_source(&self, name: &str, below: Option<&str>) -> Result<Source, Report> {
        let known = self.store_settings(name)?.repositories.clone();
        let source = Source::new(format!("{name}/"), self.open_store(name)?).known(known).below(below);
        Ok(source.judged(self, Place::Store(name.to_owned())))
    }

    fn is_there(&self, name: &str) -> bool {
        // Other layouts that are missing are worth an error; the local one is made by the first bake.
        let local = self.workspace.stores.get(name).filter(|_| name == "local");
        local.is_none_or(|settings| match &settings.place {
            StorePlace::Layout(folder) => folder.try_exists().unwrap_or(true),
            StorePlace::Registry { .. } | StorePlace::Daemon { .. } => true,
        })
    }
}
