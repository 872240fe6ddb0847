//! Opening images, and comparing two of them.

use std::collections::VecDeque;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::found::{Found, created_by};
use super::origin::{Child, told_base};
use super::{Opened, OpenedLayer, Owner};
use crate::adapters::layer_source::{LayerSource, LayerSourceError, Put, leave_out};
use crate::adapters::store::StoreError;
use crate::domain::layer::packages::{self, Database, Installed, PackageChange, installed};
use crate::domain::layer::{CompareOptions, Comparison, Seen, Tree};
use crate::domain::oci::{ConfigChange, Platform, config_changes};
use crate::domain::text::escape;
use crate::domain::trust::SecretSeen;
use crate::flows::Context;
use crate::report::{Kind, Report};

/// Layers read at once.
const AT_ONCE: usize = 4;
/// Trees kept while one thing is done.
const MOST_KEPT: usize = 2;
/// dpkg's files, one a package.
const DPKG_PARTS: &[u8] = b"var/lib/dpkg/status.d";

/// Two images and what is not the same of them.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The one compared with.
    pub before: Opened,
    /// The one compared.
    pub after: Opened,
    /// Their files.
    pub files: Comparison,
    /// What they are run with.
    pub config: Vec<ConfigChange>,
    /// What is installed in them.
    pub packages: Vec<PackageChange>,
}

/// Layers on one tree.
#[derive(Clone, Default)]
pub(in crate::flows) struct Merged {
    pub(in crate::flows) tree: Arc<Tree>,
    pub(in crate::flows) layers: Vec<OpenedLayer>,
    pub(in crate::flows) packages: Installed,
    pub(in crate::flows) secrets: Vec<SecretSeen>,
    databases: Vec<Database>,
}

/// Trees that were made last, where they are kept while one thing is done: what is made on a base begins with the base's layers,
/// and is looked into more than once. A new one keeps nothing.
#[derive(Clone, Default)]
pub struct Trees(Option<Arc<Mutex<VecDeque<Merged>>>>);

impl Trees {
    /// One that keeps what is made from now on; what keeps already goes on to.
    #[must_use]
    pub fn keeping(&self) -> Self {
        Self(Some(self.0.clone().unwrap_or_default()))
    }

    /// The one with the most layers of those that `sources` begins with.
    fn beginning(&self, sources: &[LayerSource]) -> Option<Merged> {
        let kept = self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |(layer, source): (&OpenedLayer, &LayerSource)| {
            layer.digest == source.blob.digest && layer.diff_id == source.diff_id
        };
        let begins =
            |known: &&Merged| known.layers.len() <= sources.len() && known.layers.iter().zip(sources).all(same);
        kept.iter().filter(begins).max_by_key(|known| known.layers.len()).cloned()
    }

    /// Keeps one of which every layer was read whole.
    fn keep(&self, merged: &Merged) {
        let Some(kept) = &self.0 else { return };
        if merged.layers.iter().any(|layer| layer.problem.is_some()) {
            return;
        }
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == MOST_KEPT {
            kept.pop_front();
        }
        kept.push_back(merged.clone());
    }
}

impl fmt::Debug for Trees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trees").finish_non_exhaustive()
    }
}

impl Merged {
    /// What is installed in its tree when `level` layers are there.
    pub(in crate::flows) fn packages_at(&self, tree: &Tree, level: u32) -> Installed {
        if level >= tree.layers() { self.packages.clone() } else { installed_in(tree, &self.databases, level) }
    }
}

impl Compared {
    /// Compares two opened images.
    pub fn of(before: Opened, after: Opened, options: CompareOptions) -> Self {
        let files = Comparison::between(before.whole(), after.whole(), options);
        let config = config_changes(&before.config, &after.config);
        let packages = packages::compare(&before.packages.packages, &after.packages.packages);
        Self { before, after, files, config, packages }
    }
}

impl Context {
    /// Opens the image `text` names; of an index the one for `platform`, else the one for this machine, else the first.
    /// Layers that were baked or looked at once are not read again, and nothing is fetched for them. Dropping this ends the
    /// reading.
    pub async fn open_image(&self, text: &str, platform: Option<&Platform>) -> Result<Opened, Report> {
        let image = self.parse_reference(text)?;
        let found = self.find_image(&image, platform).await?;
        self.open_owned(found).await
    }

    /// The same for somebody who names the platform: an image that is for another is refused.
    pub async fn open_image_for(&self, text: &str, platform: Option<&Platform>) -> Result<Opened, Report> {
        let image = self.parse_reference(text)?;
        let found = self.find_image_for(&image, platform).await?;
        self.open_owned(found).await
    }

    /// Opens an image that was found, and asks whose its layers are.
    async fn open_owned(&self, found: Found) -> Result<Opened, Report> {
        let sources = found.sources(&self.layouts_here())?;
        let platform = found.config.platform();
        let child = Child {
            name: escape(&found.reference.to_string()),
            is_local: self.is_ours(&found.reference),
            diff_ids: &found.config.rootfs.diff_ids,
            base: told_base(&found.manifest.annotations),
        };
        let owners = self.owners(child, &platform).await;
        self.opened(found, sources, owners).await
    }

    /// Opens an image that was found. Nobody is asked whose its layers are.
    pub(in crate::flows) async fn open_found(&self, found: Found) -> Result<Opened, Report> {
        let sources = found.sources(&self.layouts_here())?;
        self.opened(found, sources, Vec::new()).await
    }

    /// Opens an image only where that fetches nothing: each of its layers is on this machine, or was looked into before.
    /// `None` where one is not. Nobody is asked whose its layers are.
    pub(in crate::flows) async fn open_here(&self, found: Found) -> Result<Option<Opened>, Report> {
        let sources = found.sources(&self.layouts_here())?;
        let cache = &self.paths.cache;
        if !sources.iter().all(|source| source.is_here() || source.is_indexed(cache)) {
            return Ok(None);
        }
        self.opened(found, sources, Vec::new()).await.map(Some)
    }

    async fn opened(&self, found: Found, sources: Vec<LayerSource>, owners: Vec<Owner>) -> Result<Opened, Report> {
        let created_by = created_by(&found.config);
        let merged = self.merged(&sources, owners, created_by).await?;
        Ok(Opened {
            reference: found.reference.to_string(),
            digest: Some(found.digest),
            platform: found.config.platform(),
            config: Arc::new(found.config),
            packages: Arc::new(merged.packages),
            secrets: Arc::new(merged.secrets),
            tree: merged.tree,
            layers: merged.layers,
            sources: Arc::new(sources),
        })
    }

    /// Makes sure that each layer's index is there; why it is not, of those where it is not.
    async fn index_all(&self, sources: &[LayerSource]) -> Result<Vec<Option<Report>>, Report> {
        let cancel = CancellationToken::new();
        let _ended_with_this = cancel.clone().drop_guard();
        let cache = self.paths.cache.clone();
        let reading = stream::iter(sources.to_vec()).map(|source| {
            let (cache, cancel) = (cache.clone(), cancel.clone());
            off_the_executor(move || Ok(indexed(&source, &cache, &cancel)))
        });
        let mut problems = Vec::with_capacity(sources.len());
        let mut reading = std::pin::pin!(reading.buffered(AT_ONCE));
        while let Some(read) = reading.next().await {
            problems.push(match read? {
                // Where its store does not answer, that is the answer; one blob that is gone hides no other.
                Err(LayerSourceError::Store(error @ (StoreError::Unreachable { .. } | StoreError::Refused { .. }))) => {
                    return Err(error.into());
                }
                read => read.err().map(Report::from),
            });
        }
        Ok(problems)
    }

    /// All layers on one tree, each with what there is to say of it. A layer that cannot be read hides no other.
    pub(in crate::flows) async fn merged(
        &self,
        sources: &[LayerSource],
        owners: Vec<Owner>,
        created_by: Vec<Option<String>>,
    ) -> Result<Merged, Report> {
        let begun = self.trees.beginning(sources);
        let known = begun.as_ref().map_or(0, |begun| begun.layers.len());
        let problems = self.index_all(&sources[known..]).await?;
        let (cache, trees) = (self.paths.cache.clone(), self.trees.clone());
        let sources = sources.to_vec();
        off_the_executor(move || {
            let merged = put_together((begun, &sources), &cache, problems, (owners, created_by));
            if sources.len() > known {
                trees.keep(&merged);
            }
            Ok(merged)
        })
        .await
    }
}

/// Makes sure that a layer's index is there.
fn indexed(source: &LayerSource, cache: &Path, cancel: &CancellationToken) -> Result<(), LayerSourceError> {
    if source.is_indexed(cache) { Ok(()) } else { source.index(cache, cancel) }
}

/// The layers of `sources` on one tree, on which those of `begun` lie already.
fn put_together(
    (begun, sources): (Option<Merged>, &[LayerSource]),
    cache: &Path,
    problems: Vec<Option<Report>>,
    (owners, created_by): (Vec<Owner>, Vec<Option<String>>),
) -> Merged {
    let nobody = || Owner { image: String::new(), is_local: false, proven: false };
    let (mut owners, mut created_by) = (owners.into_iter(), created_by.into_iter());
    let mut told = || (owners.next().unwrap_or_else(nobody), created_by.next().flatten());
    let mut merged = begun.unwrap_or_default();
    for layer in &mut merged.layers {
        (layer.owner, layer.created_by) = told();
    }
    let known = merged.layers.len();
    if known > 0 && known == sources.len() {
        return merged;
    }
    let Merged { tree, mut layers, mut secrets, mut databases, .. } = merged;
    let mut tree = Arc::unwrap_or_clone(tree);
    for (source, problem) in sources.iter().skip(known).zip(problems) {
        let before = tree.layers();
        let put = match problem {
            Some(report) => Err(report),
            None => put_on(source, &mut tree, cache),
        };
        if tree.layers() == before {
            leave_out(&mut tree);
        }
        let problem = match put {
            Err(report) => Some(one_line(&report)),
            Ok(put) => {
                databases.extend(put.databases);
                secrets.extend(put.secrets.seen_in(before));
                put.refused.map(|(error, count)| format!("{count} entries left out; the first: {error}"))
            }
        };
        let (owner, created_by) = told();
        layers.push(OpenedLayer {
            digest: source.blob.digest.clone(),
            diff_id: source.diff_id.clone(),
            size: source.blob.size,
            created_by,
            owner,
            problem,
        });
    }
    let packages = installed_in(&tree, &databases, tree.layers());
    Merged { tree: Arc::new(tree), layers, packages, secrets, databases }
}

/// What the databases say that are there when `level` layers are.
fn installed_in(tree: &Tree, databases: &[Database], level: u32) -> Installed {
    let digest_at = |path: &[u8]| {
        let resolved = tree.resolve(path, true).ok()?;
        tree.seen_at(tree.find(&resolved)?, level).filter(Seen::is_file)?.digest()
    };
    let folder = tree.resolve(DPKG_PARTS, true).unwrap_or_default();
    let parts: Vec<Vec<u8>> = tree.names(&folder).map(|(name, _)| [DPKG_PARTS, b"/", &*name].concat()).collect();
    installed(digest_at, if folder.is_empty() { Vec::new() } else { parts }, databases)
}

/// Once more from the blob where the index is damaged.
fn put_on(source: &LayerSource, tree: &mut Tree, cache: &Path) -> Result<Put, Report> {
    match source.put_on(tree, cache) {
        Err(LayerSourceError::Unkept(_)) => {
            source.index(cache, &CancellationToken::new())?;
            Ok(source.put_on(tree, cache)?)
        }
        put => Ok(put?),
    }
}

pub(in crate::flows) fn one_line(report: &Report) -> String {
    let mut line = report.message.clone();
    for cause in &report.causes {
        line.push_str(": ");
        line.push_str(cause);
    }
    line
}

impl From<LayerSourceError> for Report {
    fn from(error: LayerSourceError) -> Self {
        match error {
            LayerSourceError::Store(error) => error.into(),
            other => Self::new(Kind::Failed, &other),
        }
    }
}

/// Runs what waits for disk or network away from the executor.
pub(super) async fn off_the_executor<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Report> + Send + 'static,
) -> Result<T, Report> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Report::new(Kind::Failed, &error))?
}
