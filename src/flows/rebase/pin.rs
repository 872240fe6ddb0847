//! The lock of the recipe that makes the image: it follows once the tag has moved, so that the next bake does not go back to the
//! old base. Killed between the two, the image is on the new base and its lock is not; a second rebase finds it current and
//! mends the lock. The other order would leave a lock moved for an image that was never made.

use std::collections::BTreeMap;

use super::RebaseOptions;
use super::find::Bases;
use super::told::LockMove;
use crate::adapters::clock;
use crate::adapters::store::{KeptDocuments, Selector};
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
        let named = placed(named, loaded);
        if !self.is_same_tag(&named, &self.parse_reference(&bases.name)?) {
            match self.is_version_of(&named, bases, options).await? {
                None => return stays(format!("its recipe names another base: {}", recipe.base)),
                Some(false) => return stays(format!("its recipe follows {}, which does not point there", recipe.base)),
                Some(true) => {}
            }
        }
        // Somebody may have pinned another version on purpose; only what the tag says now goes before that.
        // An image of one platform says which manifest it is on, and the lock pins the index that lists it.
        let is_pinned = old.digest == bases.old || old.platforms.values().any(|manifest| *manifest == bases.old);
        if !is_pinned && options.onto.is_some() {
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

    /// Of a base that was given by nothing but a digest of the repository that `named` has its tag in: whether the tag points
    /// there. `None`: it is another base.
    async fn is_version_of(
        &self,
        named: &ImageRef,
        bases: &Bases,
        options: &RebaseOptions,
    ) -> Result<Option<bool>, Report> {
        let Some(onto) = options.onto.as_deref().map(|onto| self.parse_reference(onto)).transpose()? else {
            return Ok(None);
        };
        let (Some(tag), None, true, None) = (named.tag_or_latest(), &onto.tag, onto.digest.is_some(), &named.digest)
        else {
            return Ok(None);
        };
        if !self.is_same_repository(named, &onto) {
            return Ok(None);
        }
        let now = bases.store.resolve(&bases.repository, &Selector::Tag(tag)).await;
        Ok(Some(now.is_ok_and(|now| now.digest == bases.new)))
    }

    /// Whether two references name the same tag of the same repository.
    fn is_same_tag(&self, one: &ImageRef, other: &ImageRef) -> bool {
        let named = |image: &ImageRef| (image.digest.is_none(), image.tag_or_latest());
        named(one) == named(other) && self.is_same_repository(one, other)
    }

    fn is_same_repository(&self, one: &ImageRef, other: &ImageRef) -> bool {
        let place = |image: &ImageRef| (image.place.clone(), image.repository.clone());
        let in_registry = self.in_registry(one);
        let beside = in_registry.is_some() && in_registry == self.in_registry(other);
        beside || place(one) == place(other)
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
