//! Updating: the lock of a recipe moved to what its base's tag points to now, after what that changes has been seen. Bakes
//! nothing.

use std::path::PathBuf;

use super::Context;
use super::compare::{Compared, Opened};
use super::prepare::{LoadedRecipe, PrepareOptions, loaded_lock, write_lock};
use crate::domain::layer::{CompareOptions, Comparison, Side};
use crate::domain::oci::{Digest, annotation};
use crate::domain::rebase::{PathConflict, conflicts};
use crate::domain::text::escape;
use crate::domain::trust::Check;
use crate::report::Report;

/// What became of one recipe's lock.
#[derive(Clone, Debug)]
pub struct Updated {
    /// The recipe as people name it.
    pub shown: String,
    /// The base as the recipe names it; `None` for scratch.
    pub base: Option<String>,
    /// What it pinned; `None` where there was no lock that fits.
    pub before: Option<Digest>,
    /// What it pins.
    pub after: Option<Digest>,
    /// What that changes on the first platform of the recipe, where both can be read.
    pub changes: Option<BaseChanges>,
    /// Whether the lock was written.
    pub is_written: bool,
    /// Checks of the new base that say no; the lock stays unless that is wanted.
    pub checks: Vec<Check>,
    /// Why nothing could be found out.
    pub problem: Option<Report>,
}

/// What a new version of a base changes.
#[derive(Clone, Debug)]
pub struct BaseChanges {
    /// Files, config and packages.
    pub compared: Box<Compared>,
    /// The contract before and after, where it is another one.
    pub contract: Option<(Option<String>, Option<String>)>,
    /// Where layers of the recipe's image meet what the base changed, each with what made the layer.
    pub met: Vec<(PathConflict, String)>,
}

impl Updated {
    fn of(shown: &str, problem: Option<Report>) -> Self {
        Self {
            shown: shown.to_owned(),
            base: None,
            before: None,
            after: None,
            changes: None,
            is_written: false,
            checks: Vec::new(),
            problem,
        }
    }

    /// Whether the tag points elsewhere than the lock did.
    pub fn moves(&self) -> bool {
        self.before != self.after
    }

    /// Why the lock is not where it was to go, where it is not.
    pub fn obstacle(self) -> Option<Report> {
        if self.problem.is_some() || !self.is_refused() {
            return self.problem;
        }
        let ids: Vec<&str> = self.checks.iter().map(|check| check.id.as_str()).collect();
        let base = self.base.unwrap_or_default();
        let why = format!("{}: {base} does not verify now ({}); its lock stays", self.shown, ids.join(", "));
        let report = Report::message(crate::report::Kind::Rejected, why);
        Some(report.help(format!("`bakery verify {base}` explains each check")))
    }

    /// Whether the new base does not verify.
    pub fn is_refused(&self) -> bool {
        !self.checks.is_empty()
    }
}

/// How to update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpdateOptions {
    /// Only say what it would change.
    pub dry_run: bool,
    /// Pin a base that does not verify, too; a bake on it is refused all the same.
    pub allow_unverified: bool,
    /// Let a base pass that is older than the one last seen under its tag.
    pub allow_downgrade: bool,
}

impl Context {
    /// Looks where each recipe's base points now, and writes its lock anew where that verifies. A recipe about which nothing can
    /// be found out holds up no other.
    pub async fn update(&self, named: &[PathBuf], options: UpdateOptions) -> Result<Vec<Updated>, Report> {
        let (context, named) = (self.clone(), named.to_vec());
        let read = move || if named.is_empty() { context.all_recipes() } else { context.recipes(&named) };
        let done = tokio::task::spawn_blocking(read).await;
        let loaded = done.map_err(|error| Report::new(crate::report::Kind::Failed, &error))??;
        let mut updated = Vec::with_capacity(loaded.len());
        for recipe in &loaded {
            updated.push(match self.update_one(recipe, options).await {
                Ok(updated) => updated,
                Err(report) => Updated::of(&recipe.shown, Some(report)),
            });
        }
        Ok(updated)
    }

    async fn update_one(&self, loaded: &LoadedRecipe, how: UpdateOptions) -> Result<Updated, Report> {
        let recipe = loaded.valid()?;
        let old =
            loaded_lock(&loaded.file)?.filter(|lock| lock.fits(&recipe.base, &super::prepare::platforms_of(recipe)));
        let options = PrepareOptions { write_lock: false, ..PrepareOptions::default() };
        let new = self.settle_base(loaded, true, options).await?;
        let (before, after) = [&old, &new].map(|lock| lock.as_ref().map(|lock| lock.digest.clone())).into();
        let base = new.as_ref().map(|lock| escape(&lock.base));
        let told = Updated { base, before, after, ..Updated::of(&loaded.shown, None) };
        let Some(new) = new.filter(|_| told.moves()) else { return Ok(told) };
        let changes = match &old {
            Some(old) => self.base_changes(loaded, (&old.base, &old.digest), &new.digest).await,
            None => None,
        };
        let verified = self.verify_base(&new.base, &new.digest, &new.platforms, how.allow_downgrade).await?;
        let checks: Vec<Check> = verified.blocking().map(|(_, check)| check.clone()).collect();
        let is_written = !how.dry_run && (checks.is_empty() || how.allow_unverified);
        if is_written {
            write_lock(&std::path::absolute(&loaded.file).unwrap_or_else(|_| loaded.file.clone()), &new)?;
        }
        Ok(Updated { changes, is_written, checks, ..told })
    }

    /// What lies between two versions of a base; `None` where one of them cannot be read any more.
    async fn base_changes(
        &self,
        loaded: &LoadedRecipe,
        (base, old): (&str, &Digest),
        new: &Digest,
    ) -> Option<BaseChanges> {
        let recipe = loaded.valid().ok()?;
        let platform = super::prepare::platforms_of(recipe).into_iter().next()?;
        let named = self.parse_reference(base).ok()?;
        let pinned =
            |digest: &Digest| crate::domain::oci::ImageRef { tag: None, ..named.pinned(digest.clone()) }.to_string();
        let before = self.open_image(&pinned(old), Some(&platform)).await.ok()?;
        let after = self.open_image(&pinned(new), Some(&platform)).await.ok()?;
        let label =
            |opened: &Opened| opened.config.config.as_ref()?.labels.as_ref()?.get(annotation::CONTRACT).cloned();
        let (was, is) = (label(&before), label(&after));
        let contract = (was != is).then_some((was, is));
        let ours = self.open_image(&format!("local/{}", recipe.reference()), Some(&platform)).await.ok();
        let met = ours.map(|ours| met(&ours, &before, &after)).unwrap_or_default();
        let compared = Compared::of(before, after, CompareOptions { times: false, moves: true });
        Some(BaseChanges { compared: Box::new(compared), contract, met })
    }
}

/// Where an image's own layers meet what its base changed.
fn met(ours: &Opened, before: &Opened, after: &Opened) -> Vec<(PathConflict, String)> {
    let ids = |opened: &Opened| opened.config.rootfs.diff_ids.clone();
    if !ids(ours).starts_with(&ids(before)) {
        return Vec::new();
    }
    let below = before.tree.layers();
    let base = Side { tree: ours.tree.clone(), level: below };
    let changed = Comparison::between(base, after.whole(), CompareOptions { times: false, moves: false });
    let made_by = |path: &[u8]| {
        let found = ours.tree.find(path);
        let mut layers = below..ours.tree.layers();
        let layer = layers.find(|layer| ours.tree.touched(*layer, layer + 1).any(|touched| Some(touched) == found));
        let layer = layer.and_then(|layer| ours.layers.get(usize::try_from(layer).ok()?));
        layer.and_then(|layer| layer.created_by.as_deref()).map(escape).unwrap_or_default()
    };
    let conflicts = conflicts(&ours.tree, below, &changed).into_iter();
    conflicts.map(|conflict| (conflict.clone(), made_by(&conflict.ours))).collect()
}
