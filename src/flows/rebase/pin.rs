//! The lock of the recipe that makes the image: it follows once the tag has moved, so that the next bake does not go back to the
//! old base. Killed between the two, the image is on the new base and its lock is not; a second rebase finds it current and
//! mends the lock. The other order would leave a lock moved for an image that was never made.

use std::collections::BTreeMap;

use super::RebaseOptions;
use super::find::Bases;
use super::told::LockMove;
use crate::adapters::clock;
use crate::adapters::store::KeptDocuments;
use crate::domain::oci::{Digest, ImageRef, Manifest, Platform};
use crate::domain::recipe::{Base, Lock, Recipe};
use crate::domain::text::escape;
use crate::flows::prepare::{loaded_lock, placed, platforms_of, write_lock};
use crate::flows::verify::Reading;
use crate::flows::{Context, LoadedRecipe};
use crate::report::{Kind, Report};

/// A lock that is to move.
pub(super) struct Follow {
    told: LockMove,
    file: std::path::PathBuf,
    lock: Lock,
}

impl Follow {
    /// What would become of it.
    pub(super) fn told(&self) -> LockMove {
        self.told.clone()
    }

    /// Writes it.
    pub(super) fn write(self) -> Result<LockMove, Report> {
        write_lock(&self.file, &self.lock)?;
        Ok(LockMove { is_written: true, ..self.told })
    }

    /// Leaves it, with the reason.
    pub(super) fn leave(self, why: &str) -> LockMove {
        LockMove { why: Some(escape(why)), ..self.told }
    }
}

impl Context {
    /// What is to become of the lock beside the image's recipe: `None` where there is none, or it pins the new base already.
    pub(super) async fn lock_to_follow(
        &self,
        loaded: Option<&LoadedRecipe>,
        bases: &Bases,
        options: &RebaseOptions,
    ) -> Result<Option<Result<Follow, LockMove>>, Report> {
        let Some((loaded, recipe)) = loaded.and_then(|loaded| Some((loaded, loaded.recipe.as_ref()?))) else {
            return Ok(None);
        };
        let file = std::path::absolute(&loaded.file).unwrap_or_else(|_| loaded.file.clone());
        let Some(old) = loaded_lock(&file)?.filter(|lock| lock.digest != bases.new) else { return Ok(None) };
        let told = LockMove {
            recipe: escape(&loaded.shown),
            before: old.digest.clone(),
            after: bases.new.clone(),
            is_written: false,
            why: None,
        };
        let stays = |why: String| Ok(Some(Err(LockMove { why: Some(escape(&why)), ..told.clone() })));
        let Base::Image(named) = &recipe.base else { return stays("its recipe begins with nothing".to_owned()) };
        if !self.is_same_tag(&placed(named, loaded), &self.parse_reference(&bases.name)?) {
            return stays(format!("its recipe names another base: {}", recipe.base));
        }
        // Somebody may have pinned another version on purpose; only what the tag says now goes before that.
        if old.digest != bases.old && options.onto.is_some() {
            return stays(format!("it pins {}, on which the image was not", old.digest.short()));
        }
        let platforms = match self.platforms_at(recipe, bases).await {
            Ok(platforms) => platforms,
            Err(report) => return stays(report.message),
        };
        let lock = Lock {
            lock: 1,
            base: recipe.base.to_string(),
            digest: bases.new.clone(),
            platforms,
            resolved: clock::now_rfc3339(),
        };
        Ok(Some(Ok(Follow { told, file, lock })))
    }

    /// Whether two references name the same tag of the same repository.
    fn is_same_tag(&self, one: &ImageRef, other: &ImageRef) -> bool {
        let named = |image: &ImageRef| (image.digest.is_none(), image.tag_or_latest());
        let place = |image: &ImageRef| (image.place.clone(), image.repository.clone());
        let in_registry = self.in_registry(one);
        let beside = in_registry.is_some() && in_registry == self.in_registry(other);
        named(one) == named(other) && (beside || place(one) == place(other))
    }

    /// The new base's manifest for every platform of the recipe, as a bake would pin them.
    async fn platforms_at(&self, recipe: &Recipe, bases: &Bases) -> Result<BTreeMap<Platform, Digest>, Report> {
        let kept = KeptDocuments::new(&self.paths.cache);
        let reading = Reading { kept, store: &bases.store, repository: &bases.repository };
        let index = match reading.manifest(&bases.new).await? {
            Manifest::Index(index) => Some(index),
            Manifest::Image(_) => None,
        };
        let one = |platform: Platform| match &index {
            None => Ok((platform, bases.new.clone())),
            Some(index) => match index.entry_for(&platform) {
                Some(entry) => Ok((platform, entry.digest.clone())),
                None => Err(Report::message(Kind::Failed, format!("{} has no {platform} any more", bases.name))),
            },
        };
        platforms_of(recipe).into_iter().map(one).collect()
    }
}
